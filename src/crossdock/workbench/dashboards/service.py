"""Figures of flows and partners over a span of time, from traffic counted in steps; pages and the API call these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crossdock.ledger import board, traffic
from crossdock.ledger.session import Session
from crossdock.ledger.times import micros, moment
from crossdock.ledger.traffic import ATTEMPT, EFFECT, EXCEPTION, HOUR, OPENED, RECEIVED, STEP, TAKEN, Cell, Cells, Kind
from crossdock.ledger.windows import Window
from crossdock.monitoring.feeds import FAILING
from crossdock.workbench.dashboards.charts import Chart, Series
from crossdock.workbench.place import place
from crossdock.workbench.spans import latency

Windows = Sequence[Window] | None
RANGES: Final = {
    "3h": (timedelta(hours=3), STEP, gettext_lazy("3 hours")),
    "24h": (timedelta(hours=24), 1_800, gettext_lazy("24 hours")),
    "7d": (timedelta(days=7), 6 * HOUR, gettext_lazy("7 days")),
    "30d": (timedelta(days=30), 24 * HOUR, gettext_lazy("30 days")),
}
"""Spans a dashboard shows: how long, and seconds of one step of its charts."""


@dataclass(slots=True)
class Figures:
    """Sums over the span for one flow or one partner (or everything). What a flow received are the events of its transactions, what a
    partner sent are messages."""

    name: str
    title: str
    received: int = 0
    opened: int = 0
    effects: int = 0
    calls: int = 0
    failed: int = 0
    exceptions: int = 0
    open_exceptions: int = 0
    backlog: int = 0
    uncertain: int = 0
    parked: str = ""
    oldest: int | None = None
    newest: int | None = None
    polled: int | None = None
    durations: Cell = field(default_factory=Cell)
    calls_took: Cell = field(default_factory=Cell)

    @property
    def error_share(self) -> float | None:
        """Failed calls out of all; None without calls."""
        return self.failed / self.calls if self.calls else None

    @property
    def share_written(self) -> str:
        share = self.error_share
        return "–" if share is None else f"{number_format(share * 100, 1)}%"

    @property
    def p50(self) -> str:
        """From arrival to effect: half is faster."""
        return latency(self.durations.quantile(0.5))

    @property
    def p95(self) -> str:
        return latency(self.durations.quantile(0.95))

    @property
    def calls_p95(self) -> str:
        return latency(self.calls_took.quantile(0.95))


@dataclass(slots=True)
class Span:
    """A span of time and what was counted in it, by the start of each step in seconds."""

    name: str
    begin: int
    end: int
    step: int
    cells: dict[int, Cells]

    @property
    def moments(self) -> list[datetime]:
        return [moment(at * 1_000_000) for at in range(self.begin, self.end, self.step)]

    def series(self, value: Callable[[Cells], float | None]) -> list[float | None]:
        """One value for each step."""
        return [value(self.cells.get(at, {})) for at in range(self.begin, self.end, self.step)]


_closed: dict[tuple[str, int], Cells] = {}
"""Steps of charts that are over and counted, by span and start: they do not change any more. Bounded by `_MOST_CLOSED`."""
_MOST_CLOSED: Final = 500


def span_of(session: Session, name: str, now: datetime) -> Span:
    """What was counted in one of `RANGES`, up to now. Raises KeyError for another name."""
    length, step, _title = RANGES[name]
    end = (int(now.timestamp()) // step + 1) * step
    begin = end - int(length.total_seconds())
    cells = {at: _closed[name, at] for at in range(begin, end, step) if (name, at) in _closed}
    first = next((at for at in range(begin, end, step) if at not in cells), end)
    found = traffic.steps(session, first, end) if length <= timedelta(hours=24) else traffic.hours(session, first, end)
    fresh: dict[int, Cells] = {}
    for at, counted in found.items():
        into = fresh.setdefault(begin + (at - begin) // step * step, {})
        for kind, cell in counted.items():
            into.setdefault(kind, Cell()).add(cell if kind.measure != RECEIVED else Cell(cell.count))
    cells |= fresh
    known_to = (traffic.mark(session) or 0) // 1_000_000
    if len(_closed) > _MOST_CLOSED:
        _closed.clear()
    for at in range(first, end, step):
        if at + step <= known_to:
            _closed[name, at] = cells.setdefault(at, {})
    return Span(name, begin, end, step, cells)


def allowed(windows: Windows, flow: str = "", system: str = "") -> bool:
    """Whether a flow or a system is inside what somebody may see."""
    return windows is None or any(
        (not flow or window.flows is None or flow in window.flows)
        and (not system or window.systems is None or system in window.systems)
        for window in windows
    )


def narrowed(span: Span, windows: Windows, flow: str = "", system: str = "") -> Span:
    """The span with what somebody may see, of one flow or system when named. Messages have no flow: who may see some flows only
    sees those of the systems that may start them."""

    def keep(kind: Kind) -> bool:
        if system and kind.system != system:
            return False
        if flow and kind.flow != flow:
            return False
        return windows is None or any(
            (
                window.flows is None
                or kind.flow in window.flows
                or (kind.measure == RECEIVED and _feeds(kind.system, window.flows))
            )
            and (window.systems is None or kind.system in window.systems)
            for window in windows
        )

    cells = {at: {kind: cell for kind, cell in each.items() if keep(kind)} for at, each in span.cells.items()}
    return Span(span.name, span.begin, span.end, span.step, cells)


def _sources(flow: str) -> frozenset[str]:
    described = place().landscape.flows.get(flow)
    return frozenset() if described is None else frozenset(described.trigger.sources)


def _feeds(system: str, flows: Iterable[str]) -> bool:
    return any(system in _sources(flow) for flow in flows)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is open now, read once for everything a page shows."""

    backlogs: list[board.Backlog]
    stuck: list[board.Stuck]


def standing(session: Session, windows: Windows) -> Standing:
    """What is open now, within what somebody may see."""
    return Standing(board.backlogs(session), board.stuck(session, windows))


def by_flow(session: Session, span: Span, windows: Windows, now: Standing) -> list[Figures]:
    """Figures of every flow somebody may see, also of those where nothing happened."""
    landscape = place().landscape
    found = {
        name: Figures(name, flow.title or name)
        for name, flow in landscape.flows.items()
        if flow.enabled and allowed(windows, flow=name)
    }
    for figures in found.values():
        _count(figures, narrowed(span, windows, flow=figures.name), TAKEN)
    for waits in now.backlogs:
        if waits.flow in found:
            _waits(found[waits.flow], waits)
    for stuck in now.stuck:
        if stuck.flow in found:
            found[stuck.flow].open_exceptions += stuck.cases
    return list(found.values())


def by_system(session: Session, span: Span, windows: Windows, now: Standing, arrival: str = RECEIVED) -> list[Figures]:
    """Figures of every system (partner) somebody may see; of one flow's span what `arrival` counts is `TAKEN`."""
    landscape = place().landscape
    found = {
        name: Figures(name, system.title or name) for name, system in landscape.systems.items() if allowed(windows, system=name)
    }
    for figures in found.values():
        _count(figures, narrowed(span, windows, system=figures.name), arrival)
    for waits in now.backlogs:
        if waits.system in found:
            _waits(found[waits.system], waits)
    for stuck in now.stuck:
        if stuck.system in found:
            found[stuck.system].open_exceptions += stuck.cases
    for system, (reason, _since) in board.parked(session).items():
        if system in found:
            found[system].parked = reason or _("parked")
    for (system, _channel), at in board.polled(session).items():
        if system in found:
            found[system].polled = max(found[system].polled or 0, at)
    for system, step in traffic.newest(session, int(place().clock.now().timestamp()) - 2 * 24 * HOUR).items():
        if system in found:
            found[system].newest = min((step + STEP) * 1_000_000, micros(place().clock.now()))
    return list(found.values())


def whole(span: Span, windows: Windows, now: Standing) -> Figures:
    """Everything somebody may see, in one line."""
    figures = Figures("", _("All"))
    _count(figures, narrowed(span, windows))
    for waits in now.backlogs:
        if allowed(windows, waits.flow, waits.system):
            _waits(figures, waits)
    figures.open_exceptions = sum(each.cases for each in now.stuck)
    return figures


def _waits(figures: Figures, waits: board.Backlog) -> None:
    figures.backlog += waits.open
    figures.uncertain += waits.uncertain
    figures.oldest = waits.oldest if figures.oldest is None else min(figures.oldest, waits.oldest)


def _count(figures: Figures, span: Span, arrival: str = RECEIVED) -> None:
    for cells in span.cells.values():
        for kind, cell in cells.items():
            if kind.measure == arrival:
                figures.received += cell.count
            elif kind.measure == OPENED:
                figures.opened += cell.count
            elif kind.measure == EFFECT:
                figures.effects += cell.count
                figures.durations.add(cell)
            elif kind.measure == EXCEPTION:
                figures.exceptions += cell.count
            elif kind.measure == ATTEMPT:
                figures.calls += cell.count
                figures.failed += cell.count if kind.name in FAILING else 0
                figures.calls_took.add(cell)


def charts(span: Span, flow: str = "") -> list[Chart]:
    """Volume, latency, errors and exceptions of a (narrowed) span, which is that of one flow when it is named."""
    moments = span.moments

    def total(measure: str, names: frozenset[str] | None = None) -> Callable[[Cells], float | None]:
        def value(cells: Cells) -> float | None:
            return float(sum(c.count for k, c in cells.items() if k.measure == measure and (names is None or k.name in names)))

        return value

    def quantile(measure: str, share: float) -> Callable[[Cells], float | None]:
        def value(cells: Cells) -> float | None:
            merged = Cell()
            for kind, cell in cells.items():
                if kind.measure == measure:
                    merged.add(cell)
            return merged.quantile(share)

        return value

    accepted, rejected = frozenset({"accepted"}), frozenset({"rejected"})
    return [
        Chart(
            "volume", _("Volume"), moments,
            [
                Series(_("events received"), span.series(total(TAKEN)), "0")
                if flow
                else Series(_("messages received"), span.series(total(RECEIVED)), "0"),
                Series(_("effects accepted"), span.series(total(EFFECT)), "3"),
            ],
        ),
        Chart(
            "latency", _("From arrival to effect"), moments,
            [
                Series(_("50 of 100 within"), span.series(quantile(EFFECT, 0.5)), "3"),
                Series(_("95 of 100 within"), span.series(quantile(EFFECT, 0.95)), "0"),
                Series(_("99 of 100 within"), span.series(quantile(EFFECT, 0.99)), "1"),
            ],
            latency,
        ),
        Chart(
            "calls", _("Calls by outcome"), moments,
            [
                Series(_("accepted"), span.series(total(ATTEMPT, accepted)), "3"),
                Series(_("rejected"), span.series(total(ATTEMPT, rejected)), "1"),
                Series(_("failed"), span.series(total(ATTEMPT, FAILING)), "bad"),
            ],
            bars=True,
        ),
        Chart("exceptions", _("Exceptions opened"), moments, [Series(_("exceptions"), span.series(total(EXCEPTION)), "bad")], bars=True),
    ]  # fmt: skip
