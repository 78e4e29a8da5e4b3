"""What a region's hub can say of itself: reads the ledger and puts it into the words the allow-list has; sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from crossdock import __version__
from crossdock.coordination.allowed import LISTED, Vocabulary
from crossdock.coordination.envelope import Pseudonyms
from crossdock.core.drill_plan import DRILL_NAMES
from crossdock.core.errors import all_errors
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import board, drills, regions, releases
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros

NAMED: Final = 5
"""Pseudonyms of business keys in a group of cases."""


def vocabulary(landscape: Landscape) -> Vocabulary:
    """The words this region may use: names of its reviewed landscape, codes of this release."""
    return Vocabulary(
        {
            "region": frozenset(landscape.hub.regions),
            "landscape": frozenset({landscape.name}),
            "environment": frozenset({landscape.environment.name}),
            "flow": frozenset(landscape.flows),
            "system": frozenset(landscape.systems),
            "partner": frozenset(landscape.partners),
            "team": frozenset(landscape.teams),
            "drill": frozenset(DRILL_NAMES),
            "code": frozenset(each.code for each in all_errors()),
        },
        money=landscape.region in landscape.policies.residency.money,
    )


def observe(session: Session, landscape: Landscape, names: Pseudonyms, now: int, totals: dict[str, int]) -> dict[str, Any]:
    """How this region stands, without the number of its report. `now` in microseconds since 1970."""
    words = vocabulary(landscape)
    newest = releases.current(session)
    return {
        "region": landscape.region,
        "landscape": landscape.name,
        "environment": landscape.environment.name,
        "taken_at": now,
        "release": __version__,
        "engine": landscape.environment.engine.kind,
        "bundle": landscape.bundle_id,
        "promoted": newest.bundle if newest is not None else "",
        "waiting": board.unread(session),
        "totals": totals,
        "lanes": _lanes(board.backlogs(session), words, now),
        "cases": _cases(session, words, names, now),
        "drills": [
            {
                "drill": words.known("drill", each.name), "flow": words.known("flow", each.flow),
                "partner": words.known("partner", each.partner), "held_at": micros(each.at),
                "passed_at": 0 if each.passed_at is None else micros(each.passed_at),
            }
            for each in drills.held(session)[:LISTED]
        ],
    }  # fmt: skip


def _age(now: int, since: int) -> int:
    return max(0, (now - since) // 1_000_000)


def _lanes(found: Iterable[board.Backlog], words: Vocabulary, now: int) -> list[dict[str, Any]]:
    lanes: dict[tuple[str, str], dict[str, Any]] = {}
    for each in found:
        place = (words.known("flow", each.flow), words.known("system", each.system))
        lane = lanes.setdefault(
            place, {"flow": place[0], "system": place[1], "open": 0, "uncertain": 0, "parked": 0, "oldest": 0}
        )
        lane["open"] += each.open
        lane["uncertain"] += each.uncertain
        lane["parked"] += each.parked
        lane["oldest"] = max(lane["oldest"], _age(now, each.oldest))
    return sorted(lanes.values(), key=lambda lane: (-lane["open"], lane["flow"], lane["system"]))[:LISTED]


def _cases(session: Session, words: Vocabulary, names: Pseudonyms, now: int) -> list[dict[str, Any]]:
    kinds = ("code", "flow", "system", "team")
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    money: dict[tuple[str, ...], dict[str, int]] = {}
    for each in regions.cases(session, now):
        place = tuple(words.known(kind, name) for kind, name in zip(kinds, each[:4], strict=True))
        group = groups.setdefault(
            place,
            {
                **dict(zip(("code", "flow", "system", "owner"), place, strict=True)),
                "count": 0,
                "late": 0,
                "oldest": 0,
                "keys": [],
            },
        )
        group["count"] += each.open
        group["late"] += each.late
        group["oldest"] = max(group["oldest"], _age(now, each.oldest))
        if words.money and each.currency and each.minor > 0:
            totals = money.setdefault(place, {})
            totals[each.currency] = totals.get(each.currency, 0) + each.minor
    for where, keys in regions.stuck_keys(session).items():
        place = tuple(words.known(kind, name) for kind, name in zip(kinds, where, strict=True))
        if place in groups:
            groups[place]["keys"] = [*groups[place]["keys"], *(names.of(key) for key in keys)][:NAMED]
    for place, totals in money.items():
        groups[place]["money"] = [{"currency": currency, "minor": minor} for currency, minor in sorted(totals.items())]
    return sorted(groups.values(), key=lambda group: (-group["count"], group["code"], group["flow"], group["system"]))[:LISTED]
