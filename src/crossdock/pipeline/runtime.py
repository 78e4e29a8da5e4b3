"""The landscape brought to life: connectors with their ports, processes, routes and budgets; the one place where names become objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from crossdock.canonical.events import Event
from crossdock.connectors.http import HttpClient
from crossdock.connectors.living import LivingCredentials
from crossdock.connectors.protocol import Connector, ConnectorContext, ControlNumbers, PartnerFile, Secrets, ValueMaps
from crossdock.connectors.tls import living_context
from crossdock.connectors.troubled import TroubledHttp, drills_folder_of
from crossdock.core.breaker import BreakerPolicy
from crossdock.core.budget import RetryBudget
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.errors import LandscapeInvalid
from crossdock.core.process import FlowContext, Process
from crossdock.core.ratelimit import RateLimit
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models import System
from crossdock.pipeline.closing import Finalizers
from crossdock.pipeline.queues import Share, shares
from crossdock.pipeline.standing import Standing
from crossdock.security.content_filter import OPEN, ContentFilter
from crossdock.security.entitlement import filter_for


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
    content: ContentFilter = OPEN
    """What must not leave to this system."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow with its process and the budgets of its commands."""

    name: str
    process: Process[Any]
    context: FlowContext
    budgets: Mapping[str, RetryBudget]
    owner: str
    settles: bool

    def elsewhere(self, event: Event) -> bool:
        """Whether the workflow says that the transaction, which is not known here, belongs to another hub or another ledger."""
        judge = getattr(self.process, "elsewhere", None)
        return judge is not None and bool(judge(event, self.context))

    def indifferent(self, state: Any, event: Event) -> bool:
        """Whether the workflow says that an event tells its instance nothing new."""
        judge = getattr(self.process, "indifferent", None)
        return judge is not None and bool(judge(state, event))


@dataclass(slots=True)
class Runtime:
    """Everything the pipeline needs to know of the landscape, resolved."""

    landscape: Landscape
    participants: dict[str, Participant]
    flows: dict[str, Flow]
    value_maps: ValueMaps
    secrets: Secrets
    processes: dict[str, Process[Any]] = field(default_factory=dict)
    standing: Standing = field(init=False)
    """How far each partner is."""
    finalizers: Finalizers = field(init=False)
    """Who closes which event."""
    begun: dict[str, dict[str, Flow]] = field(default_factory=dict)
    """Flows as earlier bundles have them, by the first 16 digits of the bundle: transactions under way finish by them."""
    queues: tuple[Share, ...] = ()
    """Whose messages wait together, and the share of each."""
    respond: Mapping[str, int] = field(default_factory=dict)
    """System and the clock of its exceptions in microseconds, where its partner's tier has one."""
    doubt_until: int = 0
    """Until then (microseconds since 1970) the ledger is younger than what it forgot: a restored hub asks before it does anything."""

    def asks_first(self, command: Command, at: int) -> bool:
        """Whether a command that was never sent, as far as the ledger knows, may have been, and repeating it could double it."""
        participant = self.participants.get(command.system)
        return (
            at < self.doubt_until
            and participant is not None
            and command.name not in participant.connector.capabilities.repeatable
        )

    def __post_init__(self) -> None:
        self.standing, self.finalizers = Standing(self.landscape), Finalizers(self.landscape)

    @property
    def bundle(self) -> str:
        """The bundle's id as records have it."""
        return self.landscape.bundle_id[:16]

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
    numbers: ControlNumbers | None = None,
    earlier: Sequence[Landscape] = (),
) -> Runtime:
    """Resolve a landscape; connectors and workflows are found by entry point unless given. Transactions that began with one of the
    `earlier` landscapes finish by its flows, as far as these name no system that is gone; what is published follows the subscribers of today.

    Raises `LandscapeInvalid` for an unknown connector or workflow or for options that do not fit.
    """
    connectors = found("crossdock.connectors") if connectors is None else connectors
    processes = found("crossdock.processes") if processes is None else processes
    participants = {
        name: _participant(
            system,
            connectors,
            secrets,
            value_maps,
            clock,
            numbers,
            _partner(landscape, name),
            _clients(landscape, name),
            drills_folder(landscape),
        )
        for name, system in landscape.systems.items()
    }
    loaded: dict[str, Process[Any]] = {}
    flows = _flows(landscape, processes, loaded)
    begun = {
        each.bundle_id[:16]: {
            name: flow
            for name, flow in _flows(each, processes, loaded).items()
            if set(each.flows[name].roles.values()) <= set(participants) and each.flows[name].pattern != "published"
        }
        for each in earlier
    }
    for name, participant in participants.items():
        participant.content = filter_for(landscape, name)
    queues = shares(landscape)
    respond = {name: each.respond_within for each in queues if each.respond_within is not None for name in each.systems}
    return Runtime(landscape, participants, flows, value_maps, secrets, loaded, begun, queues, respond)


def drills_folder(landscape: Landscape) -> Path | None:
    """Where drills leave their trouble for this hub; None where none is obeyed, which is everywhere unless it was started for drills."""
    return drills_folder_of(landscape.environment.name)


def _flows(landscape: Landscape, processes: Mapping[str, Any], loaded: dict[str, Process[Any]]) -> dict[str, Flow]:
    """The flows of a landscape that have a workflow; workflows are loaded once into `loaded`."""
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
    return flows


def _partner(landscape: Landscape, system: str) -> PartnerFile | None:
    """The trading partner a system belongs to."""
    for name, partner in landscape.partners.items():
        if system in partner.systems:
            return PartnerFile(name, partner.model_dump(mode="python"), landscape.root)
    return None


def _clients(landscape: Landscape, mailbox: str) -> list[tuple[str, PartnerFile]]:
    """The systems, with their partners, whose interchanges a mailbox brings."""
    return [
        (system, PartnerFile(name, partner.model_dump(mode="python"), landscape.root))
        for name, partner in landscape.partners.items()
        if partner.exchange.mailbox == mailbox
        for system in partner.systems
        if system in landscape.systems and landscape.systems[system].kind == "edi"
    ]


def _participant(
    system: System,
    connectors: Mapping[str, Any],
    secrets: Secrets,
    value_maps: ValueMaps,
    clock: Clock,
    numbers: ControlNumbers | None,
    partner: PartnerFile | None,
    clients: Sequence[tuple[str, PartnerFile]] = (),
    drills: Path | None = None,
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
    if drills is not None:
        http = TroubledHttp(system.name, drills, timeout=timeout, limit=max(limits.concurrency, 1))
    context = ConnectorContext(
        system=system.name,
        endpoint=system.endpoint,
        options=options,
        credentials=LivingCredentials(system.credentials, secrets),
        secrets=secrets,
        http=http,
        clock=clock,
        value_maps=value_maps,
        allow=frozenset(system.allow),
        numbers=numbers,
        partner=partner,
        clients=clients,
    )
    http.living = living_context(context)
    rate = limits.rate_limit()
    policy = system.breaker.policy()
    return Participant(system.name, system, kind(context), http, limits.concurrency, rate, policy, timeout)
