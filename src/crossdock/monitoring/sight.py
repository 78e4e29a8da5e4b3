"""Turns what the ledger shows into conditions in words for people: exception groups, deadlines that come near; quotes no payload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crossdock.core.errors import AlertUntold, CrossdockError, ExpectationBreached, all_errors
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.alerts import ExceptionGroup, Nearing
from crossdock.ledger.times import moment
from crossdock.monitoring import phrases
from crossdock.monitoring.condition import EXCEPTIONS, NEARING, Condition

BREACHED = ExpectationBreached.code
BY_SLOT = frozenset({BREACHED, AlertUntold.code})
"""Codes whose slot says what it is about."""
CRITICAL_FAMILIES = frozenset({"misconfigured", "uncertain"})
"""A parked system and an effect nobody is sure of do not wait for the morning."""


@dataclass(slots=True)
class Errors:
    """Summary, hint and family of every error by its code; connectors bring classes of their own when they are loaded."""

    _known: dict[str, type[CrossdockError]] = field(default_factory=dict)

    def of(self, code: str) -> type[CrossdockError] | None:
        """The class of a code."""
        if code not in self._known:
            self._known.update({kind.code: kind for kind in all_errors()})
        return self._known.get(code)


def exceptions(
    groups: Iterable[ExceptionGroup], slots: Mapping[int, str], landscape: Landscape, errors: Errors, paging: frozenset[str]
) -> list[Condition]:
    """One condition for each group. `slots` says what those of `BY_SLOT` are about, `paging` the codes whose flow pages somebody."""
    found = []
    for group in groups:
        kind = errors.of(group.code)
        severity = "critical" if kind is not None and kind.family in CRITICAL_FAMILIES else "warning"
        summary, hint = (kind.summary(), kind.hint) if kind is not None else (group.code, "")
        if group.code == BREACHED:
            severity, summary = _breach(slots.get(group.sample, ""), landscape)
            hint = "See what holds it up, and decide while it still matters."
        elif group.code in paging and _pages(landscape, group.flow):
            severity = "critical"
        where = " at ".join(filter(None, (group.flow, group.system))) or "the hub"
        if group.code == AlertUntold.code:
            where = f"route {slots.get(group.sample, '')}"
        facts = {"summary": summary.rstrip("."), "where": where, "key": group.key, "n": group.cases}
        title = (phrases.CASE if group.cases == 1 and group.key else phrases.CASES) % facts
        found.append(
            Condition(
                f"{EXCEPTIONS}:{group.fingerprint}:{group.owner}", EXCEPTIONS, severity, group.owner, title,
                f"{hint} ({group.code})".strip(), group.oldest, group.newest, group.cases, group.flow, group.system,
                group.fingerprint, group.taken + group.snoozed >= group.cases, group.code,
            )
        )  # fmt: skip
    return found


def _breach(slot: str, landscape: Landscape) -> tuple[str, str]:
    flow, _, name = slot.partition("/")
    sla = landscape.flows[flow].slas.get(stage(name)) if flow in landscape.flows else None
    words = (sla.description if sla is not None else "") or f"{name or 'Something'} did not happen in time."
    return (sla.severity if sla is not None else "warning"), words


def _pages(landscape: Landscape, flow: str) -> bool:
    described = landscape.flows.get(flow)
    return described is not None and any(budget.on_exhausted == "page" for budget in described.budgets.values())


def stage(name: str) -> str:
    """The stage an expectation is about: `picked` of `picked:2`."""
    return name.partition(":")[0]


def nearing(rows: Iterable[Nearing], landscape: Landscape, now: int) -> list[Condition]:
    """One condition for each flow, expectation and owner whose deadline comes near."""
    merged: dict[tuple[str, str, str], Nearing] = {}
    for row in rows:
        key = (row.flow, stage(row.name), row.owner)
        one = merged.get(key)
        merged[key] = Nearing(
            row.flow, key[1], row.owner, row.cases + (one.cases if one else 0), min(row.due, one.due) if one else row.due,
            max(row.newest, one.newest) if one else row.newest, row.key,
        )  # fmt: skip
    found = []
    for (flow, name, owner), row in merged.items():
        sla = landscape.flows[flow].slas.get(name) if flow in landscape.flows else None
        words = (sla.description if sla is not None else "") or f"{name} has not happened."
        minutes = max(0, (row.due - now) // 60_000_000)
        facts = {"flow": flow, "key": row.key, "n": row.cases, "words": words}
        due = {"minutes": minutes, "time": f"{moment(row.due):%H:%M}"}
        found.append(
            Condition(
                f"{NEARING}:{flow}:{name}:{owner}", NEARING, "warning", owner, (phrases.NEAR_ONE if row.cases == 1 else phrases.NEAR) % facts,
                phrases.NEAR_WHEN % due, row.newest, row.newest, row.cases, flow, "", name,
            )
        )  # fmt: skip
    return found
