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
    Subscriber,
    System,
    Team,
    ValueMap,
)
from crossdock.landscape.rules import RuleBook
from crossdock.landscape.valuemaps import CodeTables

RELEASES = "releases"
"""Folder of a landscape's home in which promoted bundles are unpacked, each under its id."""
LAST_RESORT = RetryBudget()
"""The budget of a command whose flow names none: bounded, because no effect may be tried for ever."""


def players(flows: Iterable[Flow]) -> dict[str, tuple[str, ...]]:
    """Every role with the systems that play it in any flow."""
    found: dict[str, dict[str, None]] = {}
    for flow in flows:
        for role, system in flow.roles.items():
            found.setdefault(role, {})[system] = None
    return {role: tuple(systems) for role, systems in found.items()}


def told(flow: Flow) -> frozenset[str]:
    """The systems a flow carries payloads to: those of its roles and its subscribers."""
    return frozenset((*flow.roles.values(), *(each["to"] for each in flow.settings.get("subscribers", ()))))


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
    subscribers: Mapping[str, Subscriber] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Systems whose messages the hub of another region takes, with that region."""
    flows_elsewhere: Mapping[str, str] = field(default_factory=dict)
    """Flows the hub of another region runs, with that region."""

    @property
    def name(self) -> str:
        return self.hub.name

    @property
    def home(self) -> Path:
        """Where the environment's own things are (secrets, ledger, payloads): a release stands in `releases/` of its home."""
        return self.root.parent.parent if self.root.parent.name == RELEASES else self.root

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

    @property
    def region(self) -> str:
        """The region this hub serves; empty: all of them."""
        return self.environment.region or ""

    def allowed_out(self, system: str) -> frozenset[str] | None:
        """The data classes that may leave this hub's region to a system of another, None when the system is not in another."""
        described = self.systems.get(system)
        place = described.region if described is not None else None
        if not self.region or not place or place == self.region:
            return None
        found = [
            frozenset(each.data_classes)
            for each in self.policies.residency.crossings
            if (each.leaves, each.reaches) == (self.region, place)
            and any(system in told(self.flows[name]) for name in each.flows if name in self.flows)
        ]
        return frozenset.intersection(*found) if found else frozenset()

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
                    heard = (*flow.trigger.sources, *flow.roles.values())
                    if flow.pattern == "published" and not heard:
                        heard = tuple(self.systems)
                    for source in dict.fromkeys(heard):
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
