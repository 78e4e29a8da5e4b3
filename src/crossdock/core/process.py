"""The process protocol: a workflow is a pure function from state and fact to a decision; knows no store, clock or connector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

import orjson

from crossdock.canonical.events import Event, Reference
from crossdock.core.calendar import BusinessCalendar
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted


@dataclass(frozen=True, slots=True)
class Happened:
    """A fact: a canonical event arrived and passed validation, authorization and sequencing.

    `written` is the payload as JSON when it was written already; `document` reads it instead of writing it again.
    """

    event: Event
    at: datetime
    written: bytes = field(default=b"", compare=False, repr=False)

    def document(self) -> dict[str, Any]:
        """The payload as JSON values, a fresh copy."""
        if not self.written:
            return self.event.data.model_dump(mode="json")
        found: dict[str, Any] = orjson.loads(self.written)
        return found


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


@dataclass(frozen=True, slots=True)
class Decided:
    """A fact: a person settled what the process had parked in `slot`, by one of the actions offered there.

    `data` is what the action needs (JSON values): missing customs facts, the acknowledgement of something done by hand.
    `by` is who decided; it is kept in the audit trail and on commands of money as who approved. What a process decides must not depend on
    it, but for whether two approvals are those of two people.
    """

    slot: str
    action: str
    at: datetime
    by: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


Fact = Happened | Settled | Due | Decided


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
    """The process needs a person: a stable code, what happened, the facts, and who owns it. Same `slot` replaces the earlier one.

    `actions` are what the person may choose; the choice comes back as `Decided`. `command_id` names the failed command when there is
    one: retrying it (same id) is then a choice too, and its later `Settled` unparks the slot.
    """

    error: CrossdockError
    slot: str
    owner: str = ""
    actions: tuple[str, ...] = ()
    command_id: str = ""


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Decision(Generic[S]):
    """What a process decided on one fact. `notes` say in business words why; they are kept in the audit trail.

    `fulfilled` and `withdrawn` name expectations: the thing happened, or nobody waits for it any more (the order was cancelled).
    `unparked` names slots that need nobody any more. `revoked` are ids of commands that failed and must not be retried any more.
    """

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
    revoked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sla:
    """How soon something is expected: `within` so long, by the next `cutoff` (`calendar/cut-off`), or the earlier of both.

    `working` names the calendar in whose working time `within` counts; empty: wall time. `warn` is how long before it is late.
    """

    within: timedelta | None = None
    cutoff: str = ""
    working: str = ""
    warn: timedelta | None = None
    owner: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class FlowContext:
    """What the landscape says about the flow an instance runs in: participants by role, policy values, owner, calendars resolved to times.

    `roles` maps a role (`erp`, `wms`, `shop`, `carrier:dhl`) to a system name. `settings` are the flow's own parameters
    (plain JSON values, validated by the workflow's own Pydantic model when the landscape is checked).
    `calendars` are the business clocks by name (a warehouse, a carrier); they are pure values. `slas` say how soon the stages of
    the workflow are expected, by the names the workflow documents; they go before its own defaults. All of it is immutable: a
    workflow may remember what it derived from the very same `settings` object.
    """

    flow: str
    roles: Mapping[str, str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    calendars: Mapping[str, BusinessCalendar] = field(default_factory=dict)
    owner: str = ""
    slas: Mapping[str, Sla] = field(default_factory=dict)


class Process(Protocol[S]):
    """A workflow. Implementations are pure: the same arguments give the same decision, whenever and wherever.

    A workflow may also offer `elsewhere(event, context) -> bool`: whether an event of a key without an instance tells of a transaction
    that another hub, or this one with another ledger, carries out. Nobody waits for it then, and nothing is started.
    And `indifferent(state, event) -> bool`: whether an event says nothing that the state does not know; asked of events that come in bulk.
    """

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
