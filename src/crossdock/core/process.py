"""The process protocol: a workflow is a pure function from state and fact to a decision; knows no store, clock or connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from crossdock.canonical.events import Event, Reference
from crossdock.core.calendar import BusinessCalendar
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact: a canonical event arrived and passed validation, authorization and sequencing."""

    event: Event
    at: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """A fact: a command this process issued came to its end: accepted, or given up (rejected, cancelled by a person)."""

    command: str
    command_id: str
    system: str
    result: Accepted | CrossdockError
    data: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A fact: an expectation of this process reached its deadline unfulfilled, or a timer it set has come."""

    name: str
    at: datetime


Fact = Happened | Settled | Due


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something that should happen by `due`; when it does not, `owner` is told and the process gets `Due`.

    `name` is unique within the process instance; setting it again moves it. `warn` is the earlier warning.
    `silent` marks a mere timer: nobody is told.
    """

    name: str
    due: datetime
    warn: datetime | None = None
    owner: str = ""
    description: str = ""
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Parked:
    """The process needs a person: a stable code, what happened, the facts, and who owns it. Same `slot` replaces the earlier one."""

    error: CrossdockError
    slot: str
    owner: str = ""


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """What a process decided on one fact. `notes` say in business words why; they are kept in the audit trail."""

    state: S
    commands: tuple[Command, ...] = ()
    expect: tuple[Expectation, ...] = ()
    fulfilled: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    parked: tuple[Parked, ...] = ()
    unparked: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    emitted: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class FlowContext:
    """What the landscape says about the flow an instance runs in: participants by role, policy values, owner, calendars resolved to times.

    `roles` maps a role (`erp`, `wms`, `shop`, `carrier:dhl`) to a system name. `settings` are the flow's own parameters
    (plain JSON values, validated by the workflow's own Pydantic model when the landscape is checked).
    `calendars` are the business clocks by name (a warehouse, a carrier); they are pure values.
    """

    flow: str
    roles: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    calendars: Mapping[str, BusinessCalendar] = field(default_factory=dict)
    owner: str = ""


class Process(Protocol[S]):
    """A workflow. Implementations are pure: the same arguments give the same decision, whenever and wherever."""

    name: str
    version: str
    triggers: frozenset[str]
    """Event types that may start an instance; every other type needs an existing one."""
    accepts: frozenset[str]
    """All event types this workflow listens to."""

    def initial(self, key: str) -> S: ...

    def decide(self, state: S, fact: Fact, context: FlowContext) -> Decision[S]: ...

    def dump(self, state: S) -> bytes:
        """The state as compact JSON."""
        ...

    def load(self, data: bytes) -> S: ...

    def milestones(self, state: S) -> tuple[tuple[str, datetime | None], ...]:
        """The stage strip for people: stage names in order with the time each was reached, None while it was not."""
        ...

    def finished(self, state: S) -> bool: ...
