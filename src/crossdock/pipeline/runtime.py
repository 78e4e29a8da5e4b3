"""The landscape brought to life: connectors with their ports, processes, routes and budgets; the one place where names become objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any

from pydantic import ValidationError

from crossdock.connectors.http import HttpClient
from crossdock.connectors.protocol import Connector, ConnectorContext, Secrets, ValueMaps
from crossdock.core.breaker import BreakerPolicy
from crossdock.core.budget import RetryBudget
from crossdock.core.clock import Clock
from crossdock.core.errors import LandscapeInvalid
from crossdock.core.process import FlowContext, Process
from crossdock.core.ratelimit import RateLimit
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import System


@dataclass(slots=True)
class Participant:
    """A system with its connector and the limits under which it is called."""

    name: str
    system: System
    connector: Connector
    http: HttpClient
    concurrency: int
    rate: RateLimit | None
    breaker: BreakerPolicy
    timeout: float


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow with its process and the budgets of its commands."""

    name: str
    process: Process[Any]
    context: FlowContext
    budgets: Mapping[str, RetryBudget]
    owner: str
    settles: bool


@dataclass(slots=True)
class Runtime:
    """Everything the pipeline needs to know of the landscape, resolved."""

    landscape: Landscape
    participants: dict[str, Participant]
    flows: dict[str, Flow]
    value_maps: ValueMaps
    secrets: Secrets
    processes: dict[str, Process[Any]] = field(default_factory=dict)

    async def start(self) -> None:
        """Open every connector."""
        for participant in self.participants.values():
            await participant.connector.start()

    async def close(self) -> None:
        """Close every connector and its connections."""
        for participant in self.participants.values():
            await participant.connector.close()
            await participant.http.close()


def found(group: str) -> dict[str, Any]:
    """The entry points of a group by name; classes are loaded when they are used."""
    return {point.name: point for point in entry_points(group=group)}


def build(
    landscape: Landscape,
    secrets: Secrets,
    value_maps: ValueMaps,
    clock: Clock,
    connectors: Mapping[str, Any] | None = None,
    processes: Mapping[str, Any] | None = None,
) -> Runtime:
    """Resolve a landscape; connectors and workflows are found by entry point unless given.

    Raises `LandscapeInvalid` for an unknown connector or workflow or for options that do not fit.
    """
    connectors = found("crossdock.connectors") if connectors is None else connectors
    processes = found("crossdock.processes") if processes is None else processes
    participants = {
        name: _participant(system, connectors, secrets, value_maps, clock) for name, system in landscape.systems.items()
    }
    loaded: dict[str, Process[Any]] = {}
    flows: dict[str, Flow] = {}
    for name, flow in landscape.flows.items():
        if flow.workflow is None or not flow.enabled:
            continue
        if flow.workflow not in processes:
            raise LandscapeInvalid(f"flow {name!r}: there is no workflow {flow.workflow!r}", flow=name)
        if flow.workflow not in loaded:
            loaded[flow.workflow] = processes[flow.workflow].load()()
        process = loaded[flow.workflow]
        budgets = {key: each.core() for key, each in flow.budgets.items()}
        budgets.setdefault("default", landscape.budget(name))
        flows[name] = Flow(
            name, process, landscape.context(name), budgets, flow.exception_owner or "", bool(getattr(process, "settles", True))
        )
    return Runtime(landscape, participants, flows, value_maps, secrets, loaded)


def _participant(
    system: System, connectors: Mapping[str, Any], secrets: Secrets, value_maps: ValueMaps, clock: Clock
) -> Participant:
    if system.kind not in connectors:
        raise LandscapeInvalid(f"system {system.name!r}: there is no connector {system.kind!r}", system=system.name)
    kind: type[Connector] = connectors[system.kind].load()
    try:
        options = kind.Options.model_validate(system.options)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in error.errors(include_input=False, include_url=False)]
        raise LandscapeInvalid(f"system {system.name!r}: options: {'; '.join(problems)}", system=system.name) from None
    limits = system.limits
    timeout = limits.timeout.total_seconds()
    http = HttpClient(timeout=timeout, limit=max(limits.concurrency, 1))
    context = ConnectorContext(
        system=system.name,
        endpoint=system.endpoint,
        options=options,
        credentials=system.credentials,
        secrets=secrets,
        http=http,
        clock=clock,
        value_maps=value_maps,
        allow=frozenset(system.allow),
    )
    rate = limits.rate_limit()
    policy = system.breaker.policy()
    return Participant(system.name, system, kind(context), http, limits.concurrency, rate, policy, timeout)
