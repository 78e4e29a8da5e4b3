"""One event on its way through the steps of a micro-batch; knows no step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

import orjson

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import EVENT_PAYLOADS, Event, Position, Reference
from crossdock.ledger.audit import event_digest
from crossdock.ledger.payloads import pack, unpack
from crossdock.ledger.session import Row
from crossdock.ledger.states import EventState
from crossdock.ledger.times import micros, moment


@dataclass(slots=True)
class EventWork:
    """An event with its ledger number, canonical bytes and what became of it so far."""

    number: int
    message: int
    partition: int
    event: Event
    body: bytes
    digest: bytes
    recorded: bool = False
    state: EventState = EventState.PENDING
    deadline: int | None = None
    note: str = ""
    again: bool = False
    """A person asked for it once more."""
    once: bool = False
    """It is told once: heard again, whatever it says then, it is the same."""
    passing: bool = False
    """It came in bulk: it is passed over when it leads nowhere or says nothing new."""
    over: bool = False
    """It was passed over: nothing of it is kept but the count in its message's record."""
    doubt: Callable[[Canonical | None], None] | None = None
    """Set when it writes fields of others, which is fine as long as they say what was accepted last: given that, raises `FieldNotOwned`."""

    @property
    def identity(self) -> bytes:
        """The 128-bit digest of source and event id: the same fact told twice has the same identity."""
        return event_identity(self.event)

    def keyed(self, key: str, partition: int) -> None:
        """Give the event the business key its references led to."""
        self.event = replace(self.event, key=key)
        self.partition = partition


def event_identity(event: Event) -> bytes:
    """The 128-bit digest of an event's source and id."""
    return blake2b(f"{event.source}\0{event.id}".encode(), digest_size=16).digest()


def canonical_bytes(event: Event) -> bytes:
    """The payload as compact JSON, exact decimals as strings."""
    data = event.data
    return bytes(data.__pydantic_serializer__.to_json(data))


def new_work(number: int, message: int, partition: int, event: Event) -> EventWork:
    """An event that was just normalized."""
    body = canonical_bytes(event)
    return EventWork(number, message, partition, event, body, event_digest(body))


def from_row(row: Row) -> EventWork:
    """An event from the ledger (`ledger.work.EVENT_FIELDS`)."""
    (number, message, partition, event_id, key, kind, source, stream, position, contiguous, references, data, digest, occurred, correlation, state, deadline) = row  # fmt: skip
    body = unpack(data)
    event = Event(
        id=event_id,
        type=kind,
        source=source,
        key=key,
        data=EVENT_PAYLOADS[kind].model_validate_json(body),
        occurred_at=moment(occurred),
        references=tuple(Reference(scheme, value) for scheme, value in orjson.loads(references or "[]")),
        position=Position(stream, position, bool(contiguous)) if stream else None,
        correlation=correlation,
        causation=str(message),
    )
    return EventWork(number, message, partition, event, body, bytes(digest), True, EventState(state), deadline)


def to_row(work: EventWork, created_at: int) -> Row:
    """The ledger row of a new event (`ledger.batch.EVENT_COLUMNS`)."""
    event = work.event
    position = event.position
    return (
        work.number,
        work.message,
        work.partition,
        work.identity,
        event.id,
        event.key,
        event.type,
        event.source,
        EVENT_PAYLOADS[event.type].schema_id(),
        position.stream if position else "",
        position.number if position else None,
        bool(position and position.contiguous),
        orjson.dumps([[r.scheme, r.value] for r in event.references]).decode() if event.references else "",
        pack(work.body),
        work.digest,
        micros(event.occurred_at),
        created_at,
        event.correlation,
        int(work.state),
        work.deadline,
        work.note,
    )
