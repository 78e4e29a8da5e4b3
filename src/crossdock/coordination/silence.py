"""Regions nothing is heard of, as conditions the coordinator's watch tells; asks nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from crossdock.landscape.models import Coordinator
from crossdock.ledger import regions
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros, moment
from crossdock.monitoring import phrases
from crossdock.monitoring.condition import HUB, Condition


def silent(coordinator: Coordinator, began: datetime) -> Callable[[Session, datetime], list[Condition]]:
    """What the watch asks: one condition for each region that said nothing for too long, also when it never did since `began`."""

    def conditions(session: Session, now: datetime) -> list[Condition]:
        last = {each.region: moment(each.heard_at) for each in regions.heard(session)}
        found = []
        for region in coordinator.regions:
            heard = last.get(region)
            since = max(heard, began) if heard is not None else began
            if now - since <= coordinator.silent_after:
                continue
            facts = {"region": region, "time": f"{heard:%Y-%m-%d %H:%M}" if heard is not None else "–"}
            at = micros(since)
            found.append(
                Condition(
                    f"{HUB}:region:{region}", HUB, "warning", "", phrases.REGION_SILENT % facts, phrases.REGION_SILENT_MEANS % facts, at, at,
                    subject=region,
                )
            )  # fmt: skip
        return found

    return conditions
