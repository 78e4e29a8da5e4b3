"""What the board shows and what may be done on it; pages, live updates and the API call these and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crossdock.ledger import alerts as kept
from crossdock.ledger import board, inbox
from crossdock.ledger.alerts import KeptAlert
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros, moment
from crossdock.ledger.windows import Window
from crossdock.monitoring.condition import DEGRADED, RANK, SILENT, SLOW
from crossdock.monitoring.watch import PARTITION
from crossdock.workbench.board import clock, lanes
from crossdock.workbench.exceptions import summary
from crossdock.workbench.place import place
from crossdock.workbench.spans import money, span

HORIZON: Final = timedelta(days=2)
"""What is due later than this is not on the board yet."""
FEEDS: Final = frozenset({SILENT, SLOW, DEGRADED})
SHOWN: Final = 12
"""Entries of a lane the board shows; its page shows more."""

Windows = Sequence[Window] | None


@dataclass(slots=True)
class Item:
    """One line of a lane."""

    what: str
    key: str
    flow: str
    owner: str
    says: str
    tone: str
    due: int | None
    description: str = ""
    system: str = ""
    alert: int = 0
    exception: int = 0
    taken: str = ""


@dataclass(slots=True)
class Lane:
    """One lane: how many are open, late and near, and the most urgent of them."""

    name: str
    title: str
    open: int = 0
    late: int = 0
    near: int = 0
    first: int | None = None
    items: list[Item] = field(default_factory=list)

    @property
    def tone(self) -> str:
        """The worst of its entries."""
        held = any(item.tone == "warn" for item in self.items)
        return "bad" if self.late else "warn" if self.near or held else "calm"


def lanes_now(session: Session, now: datetime, windows: Windows, most: int = SHOWN, only: str = "") -> list[Lane]:
    """The board as it is now, within what somebody may see."""
    at, until = micros(now), micros(now + HORIZON)
    found = {name: Lane(name, str(title)) for name, title in lanes.TITLES.items()}
    for row in board.waiting(session, at, until, windows):
        one = found[lanes.lane(row.name.partition(":")[0])]
        one.open += row.open
        one.near += row.near
        one.first = row.first if one.first is None else min(one.first, row.first)
    late = board.late(session, windows, 500)
    listed = [*late, *board.next_due(session, until, windows, limit=500)]
    under_way = board.on_their_way(session, [each.key for each in listed])
    landscape = place().landscape
    for each in late:
        found[lanes.lane(each.stage)].late += 1
    for each in listed:
        one = found[lanes.lane(each.stage)]
        if len(one.items) < most:
            one.items.append(
                Item(
                    lanes.says(each.stage), each.key, each.flow, each.owner, clock.of(landscape, each, under_way.get(each.key), now),
                    clock.tone(each, under_way.get(each.key), now), each.due, each.description, exception=each.exception, taken=each.assignee,
                )
            )  # fmt: skip
    _feeds(session, found[lanes.FEED], windows, now, most)
    if only:
        return [found[only]] if only in found else []
    return [one for one in found.values() if one.name != lanes.OTHER or one.open or one.late]


def _feeds(session: Session, lane: Lane, windows: Windows, now: datetime, most: int) -> None:
    for alert in alerts_now(session, windows):
        if alert.kind not in FEEDS:
            continue
        critical = alert.severity == "critical"
        lane.late += critical
        lane.near += not critical
        lane.open += 1
        if len(lane.items) < most:
            since = _("since %(span)s") % {"span": span((now - moment(alert.since)).total_seconds())}
            lane.items.append(
                Item(alert.title, "", "", alert.owner, since, "bad" if critical else "warn", None, alert.text,
                     alert.system, alert.id, taken=alert.taken_by)
            )  # fmt: skip


def alerts_now(session: Session, windows: Windows) -> list[KeptAlert]:
    """Open alerts somebody may see, the worst and oldest first."""
    found = [each for each in kept.open_alerts(session) if inside(each, windows)]
    return sorted(found, key=lambda each: (-RANK.get(each.severity, 0), each.since))


def inside(alert: KeptAlert, windows: Windows) -> bool:
    """Whether an alert lies in what somebody may see."""
    return windows is None or any(
        (window.flows is None or alert.flow in window.flows) and (window.systems is None or alert.system in window.systems)
        for window in windows
    )


def ask_to_take(session: Session, numbers: Numbers, at: int, alert: int, author: str, *, taken: bool, note: str = "") -> int:
    """Ask the hub to note that somebody takes an alert over (or gives it back); audited there. The number of the instruction."""
    return kept.ask(session, numbers, alert, author, at, taken=taken, note=note[:500], partition=PARTITION)


@dataclass(frozen=True, slots=True)
class Stuck:
    """What stands still because somebody has to look at it; no clock of an expectation shows that."""

    count: int
    orders: int
    money: str


def stuck(now: datetime, windows: Windows) -> Stuck:
    """How much is stuck, within what somebody may see."""
    count, orders, sums = summary.worth(inbox.Filter(), "board", micros(now), windows)
    return Stuck(count, orders, money(sums))


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of standstill: what, how many orders, what they are worth, since when, whose."""

    title: str
    fingerprint: str
    flow: str
    system: str
    count: int
    orders: int
    money: str
    worth: int
    first: int
    owner: str
    consequence: str


@dataclass(slots=True)
class Cost:
    """What is stuck and what it costs, for those who decide."""

    count: int
    orders: int
    money: str
    late: int
    oldest: int | None
    causes: list[Cause] = field(default_factory=list)
    teams: list[dict[str, Any]] = field(default_factory=list)
    parked: list[dict[str, Any]] = field(default_factory=list)


_costs: dict[str, tuple[float, Cost]] = {}
FRESH: Final = 15.0
"""Seconds the standstill is shown as it was counted: with a hundred thousand exceptions counting takes a third of a second."""


def cost(session: Session, now: datetime, windows: Windows) -> Cost:
    """The whole standstill: totals, the most expensive causes, who has how much, what is parked; at most `FRESH` seconds old."""
    key, at = f"{place().start.location} {get_language()} {windows and sorted(map(repr, windows))}", now.timestamp()
    known = _costs.get(key)
    if known is None or not 0 <= at - known[0] < FRESH or known[1].count < SMALL:
        if len(_costs) > 200:
            _costs.clear()
        known = _costs[key] = (at, _cost(session, now, windows))
    return known[1]


SMALL: Final = 5_000
"""Below so many exceptions the standstill is counted each time."""


def _cost(session: Session, now: datetime, windows: Windows) -> Cost:
    at, chosen = micros(now), inbox.Filter("active")
    count, orders, sums = inbox.at_risk(session, chosen, at, windows)
    found = Cost(count, orders, money(sums), board.late_count(session, windows), None)
    flows = place().landscape.flows
    for group in inbox.groups(session, chosen, at, windows=windows, order="count", limit=100):
        sample = group.sample
        if sample is None:
            continue
        if sample.subject == "message" and not sample.key:  # what nobody could read yet; each message counts as an order
            group.orders += group.count
            found.orders += group.count
        flow = flows.get(sample.flow)
        found.causes.append(
            Cause(
                sample.message, group.fingerprint, sample.flow, sample.system, group.count, group.orders, money(group.money),
                sum(each.minor for each in group.money), group.first, sample.owner, flow.consequence if flow is not None else "",
            )
        )  # fmt: skip
        found.oldest = group.first if found.oldest is None else min(found.oldest, group.first)
    found.causes.sort(key=lambda each: (-each.worth, -each.orders, -each.count))
    del found.causes[20:]
    teams = place().landscape.teams
    facets = inbox.facets(session, at, windows)
    found.teams = [
        {"name": name, "title": teams[name].title if name in teams else name, "count": n} for name, n in facets["owner"]
    ]
    visible = (
        None if windows is None else {system for window in windows for system in (window.systems or place().landscape.systems)}
    )
    found.parked = [
        {"system": system, "reason": reason, "since": since}
        for system, (reason, since) in board.parked(session).items()
        if visible is None or system in visible
    ]
    return found
