"""What a landscape says about itself, as values from 0 to 4 with the words that explain them; scores nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import Flow


@dataclass(frozen=True, slots=True)
class Fact:
    """One observed value: 0 is the least, 4 the most, None when nothing was observed; `words` say from what it comes."""

    key: str
    dimension: str
    value: int | None
    words: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What a flow did in the days before, as the ledger counted it. Durations are seconds from arrival to effect."""

    days: float
    transactions: int
    effects: int
    p95: float | None
    exceptions: int

    @property
    def per_day(self) -> float:
        return self.effects / self.days if self.days else 0.0


def facts_of(landscape: Landscape, measured: Mapping[str, Measured]) -> tuple[Fact, ...]:
    """Everything the landscape and the ledger say that bears on the operating model."""
    flows = [flow for flow in landscape.flows.values() if flow.enabled]
    return (
        _critical(landscape, flows),
        _systems(landscape),
        _reach(flows),
        _shared(flows),
        _governed(flows),
        _traffic(measured),
    )


def _level(value: float, edges: Sequence[float]) -> int:
    return bisect_right(edges, value)


def _critical(landscape: Landscape, flows: Sequence[Flow]) -> Fact:
    clocks = [sla for flow in flows for sla in flow.slas.values() if sla.severity == "critical"]
    high = [partner.name for partner in landscape.partners.values() if partner.criticality == "high"]
    return Fact(
        "clocks", "criticality", _level(len(clocks) + len(high), (1, 3, 6, 12)),
        f"{len(clocks)} critical expectations, {len(high)} partners with whom a standstill is critical",
    )  # fmt: skip


def _systems(landscape: Landscape) -> Fact:
    kinds = {system.kind for system in landscape.systems.values()}
    formats = {agreement.format for partner in landscape.partners.values() for agreement in partner.agreements}
    count = len(landscape.systems)
    return Fact(
        "systems", "complexity", _level(count + len(formats), (4, 7, 12, 20)),
        f"{count} systems of {len(kinds)} kinds, and {len(formats)} document formats",
    )  # fmt: skip


def _reach(flows: Sequence[Flow]) -> Fact:
    longest = max(flows, key=lambda flow: len(set(flow.roles.values())), default=None)
    count = len(set(longest.roles.values())) if longest else 0
    return Fact(
        "reach", "complexity", _level(count, (2, 3, 5, 7)),
        f"the longest flow ({longest.name if longest else 'none'}) crosses {count} systems",
    )  # fmt: skip


def _shared(flows: Sequence[Flow]) -> Fact:
    takers: dict[str, int] = {}
    for flow in flows:
        for event in flow.trigger.events:
            takers[event] = takers.get(event, 0) + 1
    event, count = max(takers.items(), key=lambda item: (item[1], item[0]), default=("none", 0))
    return Fact("shared", "complexity", _level(count, (2, 3, 5, 8)), f"{count} flows take {event}")


def _governed(flows: Sequence[Flow]) -> Fact:
    whole = [flow for flow in flows if flow.consequence and flow.exception_owner and flow.review_by]
    share = len(whole) / len(flows) if flows else 0.0
    return Fact(
        "governed", "maturity", _level(share, (0.01, 0.34, 0.67, 1.0)),
        f"{len(whole)} of {len(flows)} flows state their consequence, an owner of exceptions and a day of review",
    )  # fmt: skip


def _traffic(measured: Mapping[str, Measured]) -> Fact:
    daily = sum(each.per_day for each in measured.values())
    if not measured:
        return Fact("traffic", "growth", None, "no traffic was measured yet")
    return Fact(
        "traffic", "growth", _level(daily, (100, 10_000, 200_000, 5_000_000)), f"{daily:,.0f} effects a day were measured"
    )
