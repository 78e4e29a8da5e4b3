"""Drills that come near, are old, failed or were never held, as conditions the watch tells the team that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from crossdock.core.drill_plan import Due
from crossdock.ledger.times import micros
from crossdock.monitoring import phrases
from crossdock.monitoring.condition import HUB, Condition

SAID: Final = {
    "near": phrases.DRILL_NEAR,
    "old": phrases.DRILL_OLD,
    "failed": phrases.DRILL_FAILED,
    "missing": phrases.DRILL_MISSING,
}


def conditions(dues: Iterable[Due], now: datetime) -> list[Condition]:
    """One for each drill that is not in good standing; a drill that is only near is no more than worth knowing."""
    found = []
    for each in dues:
        if each.standing == "good":
            continue
        wanted = each.required
        whom = wanted.partner or wanted.flow or phrases.DRILL_WHOLE
        facts = {"drill": wanted.name, "whom": whom, "day": "" if each.due is None else f"{each.due:%Y-%m-%d}"}
        since = each.due or each.last or now.replace(hour=0, minute=0, second=0, microsecond=0)
        at = min(micros(since), micros(now))
        found.append(
            Condition(
                f"{HUB}:drill:{wanted.name}:{wanted.partner}:{wanted.flow}:{each.standing}", HUB,
                "info" if each.standing == "near" else "warning", wanted.owner, SAID[each.standing] % facts, phrases.DRILL_HOW % facts,
                at, at, 1, wanted.flow, "", wanted.name,
            )
        )  # fmt: skip
    return found
