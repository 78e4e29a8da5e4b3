"""Pattern and timing of each flow from what it says and what was measured, with the arithmetic and what contradicts its reason; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from crossdock.advisor.facts import Measured
from crossdock.advisor.models import SHORT, Model, Points, leading, points_of
from crossdock.advisor.moving import days_to_move
from crossdock.landscape.models import Flow

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
MONEY: Final = frozenset(
    {
        "order",
        "payment",
        "refund",
        "invoice",
        "customer_invoice",
        "supplier_invoice",
        "purchase_order",
        "return",
        "freight_invoice",
    }
)
"""Families of events whose loss or doubling costs money, so that somebody has to answer for the end."""
STATES: Final = frozenset({"stock", "product", "customer", "price"})
"""Families of events of which the next replaces the one before."""
TELLING: Final = frozenset({"routing", None})
"""Workflows that carry facts on and decide nothing."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the arithmetic."""

    words: str
    points: Points


@dataclass(frozen=True, slots=True)
class FlowAdvice:
    """What is recommended for one flow beside what it declares; `contradictions` are where measured and declared do not agree."""

    flow: str
    title: str
    declared: Model
    pattern: Model
    totals: dict[Model, int]
    reasons: tuple[Reason, ...]
    declared_timing: str
    timing: str
    timing_reason: str
    shortest: timedelta | None
    contradictions: tuple[str, ...]
    move_days: int
    consequence: str
    owner: str
    review_by: date

    @property
    def keeps(self) -> bool:
        """Whether everything stays as it is declared."""
        return self.declared is self.pattern and self.declared_timing == self.timing


def advise(flow: Flow, measured: Measured | None, today: date) -> FlowAdvice:
    """Advice for one flow. `measured` is None when the ledger knows nothing of it."""
    reasons = _reasons(flow)
    totals = {model: sum(points_of(reason.points)[model] for reason in reasons) for model in Model}
    declared, best = Model(flow.pattern), leading(totals)
    shortest = shortest_clock(flow)
    timing, why = _timing(flow, shortest)
    review = date.fromisoformat(flow.review_by) if flow.review_by else today + timedelta(days=182)
    return FlowAdvice(
        flow.name, flow.title or flow.name, declared, best, totals, reasons, flow.timing, timing, why, shortest,
        tuple(_contradictions(flow, measured, shortest, timing, today)), days_to_move(flow, declared, best), flow.consequence,
        flow.exception_owner or "", review,
    )  # fmt: skip


def shortest_clock(flow: Flow) -> timedelta | None:
    """The shortest time the flow itself says matters: a question's limit, an expectation, the end of a retry budget."""
    found = [sla.within for sla in flow.slas.values() if sla.within is not None]
    found += [each.until.within for each in flow.budgets.values() if each.until is not None and each.until.within is not None]
    if flow.direct is not None and flow.direct.time_limit is not None:
        found.append(flow.direct.time_limit)
    return min(found, default=None)


def _reasons(flow: Flow) -> tuple[Reason, ...]:
    systems = set(flow.roles.values())
    families = {event.split(".")[0] for event in flow.trigger.events}
    receivers = len(systems - set(flow.trigger.sources))
    found = []
    if flow.direct is not None:
        found.append(Reason("somebody waits for the answer", (6, 0, 0)))
    if len(systems) <= 2:
        found.append(Reason(f"it joins {len(systems)} systems", (2, 1, 0)))
    else:
        found.append(Reason(f"it crosses {len(systems)} systems, and somebody has to know how far it is", (0, 2, 1)))
    if flow.workflow not in TELLING:
        found.append(Reason(f"its workflow {flow.workflow} remembers, decides and takes back", (0, 4, 0)))
    if families & MONEY:
        found.append(Reason(f"money depends on it ({', '.join(sorted(families & MONEY))})", (0, 3, 0)))
    if flow.workflow in TELLING and flow.direct is None and receivers >= 2:
        found.append(Reason(f"{receivers} receivers take the same facts, each in its own time", (0, 1, 4)))
    if families and families <= STATES and flow.direct is None and flow.workflow in TELLING:
        found.append(Reason("what comes next replaces what came before", (0, 0, 2)))
    return tuple(found)


def _timing(flow: Flow, shortest: timedelta | None) -> tuple[str, str]:
    if flow.direct is not None:
        return "realtime", "somebody waits for the answer"
    if any(sla.cutoff for sla in flow.slas.values()) or any(each.until and each.until.cutoff for each in flow.budgets.values()):
        return "realtime", "it has to be through before a cut-off of the day"
    if shortest is None:
        return flow.timing, "it states no clock, so that nothing can be said against its timing"
    if flow.timing == "batch":
        if shortest < HOUR and flow.schedule is not None and flow.schedule.every is not None and flow.schedule.every > shortest:
            return "realtime", f"it states that {_words(shortest)} matter, and runs every {_words(flow.schedule.every)}"
        return "batch", "its clock is longer than the time between two runs"
    if shortest < DAY:
        return "realtime", f"it states that {_words(shortest)} matter"
    return "batch", f"the shortest clock it states is {_words(shortest)}"


def _contradictions(flow: Flow, measured: Measured | None, shortest: timedelta | None, timing: str, today: date) -> list[str]:
    found = []
    if flow.timing == "realtime" and timing == "batch":
        found.append("it is declared real time, and nothing it states is shorter than a day")
    if not flow.consequence:
        found.append("it states no business consequence, so that nobody can say what its timing is for")
    if flow.review_by and date.fromisoformat(flow.review_by) < today:
        found.append(f"its review was due on {flow.review_by}")
    if measured is None or not measured.effects:
        if measured is not None and measured.days >= 7 and flow.timing == "realtime":
            found.append(f"it is declared real time, and did nothing in {measured.days:.0f} days")
        return found
    if measured.p95 is not None and shortest is not None and measured.p95 > shortest.total_seconds():
        found.append(
            f"it states that {_words(shortest)} matter, and 5 of 100 effects took longer than {_words(timedelta(seconds=measured.p95))}"
        )
    if measured.p95 is not None and flow.timing == "realtime" and measured.p95 > HOUR.total_seconds() and not measured.exceptions:
        found.append(
            f"it is declared real time, took {_words(timedelta(seconds=measured.p95))} (95 of 100), and nobody was told of anything: "
            "is the hour really missed?"
        )
    every = flow.schedule.every if flow.schedule is not None else None
    if flow.timing == "batch" and every is not None and every < timedelta(minutes=15) and flow.workflow is not None:
        found.append(f"it is declared a batch and runs every {_words(every)}: it is real time with a delay")
    return found


def _words(length: timedelta) -> str:
    seconds = length.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size or (seconds >= size and seconds % size == 0):
            return f"{seconds / size:.3g} {unit}" if seconds != size else f"one {unit[:-1]}"
    return f"{seconds:.3g} seconds"


def summary(advice: FlowAdvice) -> str:
    """One line for a table: what to do about the pattern."""
    if advice.declared is advice.pattern:
        return f"stay {SHORT[advice.pattern]}"
    return f"{SHORT[advice.declared]} to {SHORT[advice.pattern]}, about {advice.move_days} days"
