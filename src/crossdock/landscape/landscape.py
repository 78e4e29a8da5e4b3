"""The landscape as the running hub sees it: one immutable whole with every default and binding applied; knows no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from crossdock.core.budget import RetryBudget
from crossdock.core.calendar import BusinessCalendar
from crossdock.core.ownership import OwnershipMatrix
from crossdock.core.process import FlowContext
from crossdock.landscape.models import (
    Environment,
    Flow,
    Hub,
    Ownership,
    Partner,
    Policies,
    Rule,
    System,
    Team,
    ValueMap,
)
from crossdock.landscape.rules import RuleBook
from crossdock.landscape.valuemaps import CodeTables

LAST_RESORT = RetryBudget()
"""The budget of a command whose flow names none: bounded, because no effect may be tried for ever."""


def players(flows: Iterable[Flow]) -> dict[str, tuple[str, ...]]:
    """Every role with the systems that play it in any flow."""
    found: dict[str, dict[str, None]] = {}
    for flow in flows:
        for role, system in flow.roles.items():
            found.setdefault(role, {})[system] = None
    return {role: tuple(systems) for role, systems in found.items()}


@dataclass(frozen=True)
class Landscape:
    """One landscape, bound to one environment.

    `bundle_id` is the SHA-256 over the content of all reviewed files (bindings of environments excluded): the same content is
    the same bundle on every machine. All mappings are read-only and keyed by name.
    """

    root: Path
    bundle_id: str
    hub: Hub
    environment: Environment
    systems: Mapping[str, System]
    partners: Mapping[str, Partner]
    flows: Mapping[str, Flow]
    rules: Mapping[str, Rule]
    value_maps: Mapping[str, ValueMap]
    calendars: Mapping[str, BusinessCalendar]
    ownership_file: Ownership
    policies: Policies
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.hub.name

    @property
    def company(self) -> str:
        return self.hub.company

    @property
    def partitions(self) -> int:
        return self.hub.partitions

    @property
    def teams(self) -> Mapping[str, Team]:
        return self.hub.teams

    @cached_property
    def ownership(self) -> OwnershipMatrix:
        """The system-of-record matrix, for `core.ownership.compile_ownership`."""
        return self.ownership_file.matrix(players(self.flows.values()))

    @cached_property
    def codes(self) -> CodeTables:
        """The value maps as connectors are given them."""
        return CodeTables(self.value_maps)

    @cached_property
    def rulebook(self) -> RuleBook:
        """The business rules, compiled once."""
        return RuleBook(self.rules.values())

    def budget(self, flow: str, name: str = "") -> RetryBudget:
        """The retry budget `name` of a flow, else its `default`, else a bounded last resort."""
        budgets = self._budgets.get(flow) or self._budgets[""]
        return budgets.get(name) or budgets.get("default") or LAST_RESORT

    def flows_for(self, event_type: str, source: str) -> tuple[Flow, ...]:
        """The enabled flows that take events of this type from this system; only a trigger's `sources` may also start them."""
        return self._routes.get((event_type, source), ())

    def context(self, flow: str) -> FlowContext:
        """What a process is told about its flow; the same object every time."""
        return self._contexts[flow]

    @cached_property
    def _budgets(self) -> dict[str, dict[str, RetryBudget]]:
        budgets = {"": self.hub.defaults.budgets} | {flow.name: flow.budgets for flow in self.flows.values()}
        return {flow: {name: each.core() for name, each in named.items()} for flow, named in budgets.items()}

    @cached_property
    def _routes(self) -> dict[tuple[str, str], tuple[Flow, ...]]:
        routes: dict[tuple[str, str], tuple[Flow, ...]] = {}
        for flow in self.flows.values():
            if flow.enabled:
                for event in flow.trigger.events:
                    for source in dict.fromkeys((*flow.trigger.sources, *flow.roles.values())):
                        routes[event, source] = (*routes.get((event, source), ()), flow)
        return routes

    @cached_property
    def _contexts(self) -> dict[str, FlowContext]:
        return {flow.name: self._context(flow) for flow in self.flows.values()}

    def _context(self, flow: Flow) -> FlowContext:
        owner = flow.exception_owner or ""
        return FlowContext(
            flow=flow.name,
            roles=MappingProxyType(dict(flow.roles)),
            settings=MappingProxyType(flow.settings),
            calendars=self.calendars,
            owner=owner,
            slas=MappingProxyType({name: sla.core(owner) for name, sla in flow.slas.items()}),
        )
