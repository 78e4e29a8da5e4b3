"""Prepared messages as bytes on their way between the hub and its mapping process; neither maps nor decides."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from typing import Any

from crossdock.canonical.events import Position, Reference, WrittenEvent
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.prepare import Prepared
from crossdock.pipeline.work import EventWork

# both ends are the same program of the same release, joined by a pipe of their own: nothing foreign is ever read by pickle


def asked(messages: Sequence[TakenMessage]) -> bytes:
    """Messages to prepare."""
    rows = [
        (m.id, m.partition, m.system, m.channel, m.topic, m.dedupe_key, m.content_hash, m.content_type, m.headers, m.body,
         m.received_at, m.correlation, m.mark)
        for m in messages
    ]  # fmt: skip
    return pickle.dumps(rows, 5)


def to_prepare(frame: bytes) -> list[TakenMessage]:
    """The messages of `asked`."""
    return [TakenMessage(*row) for row in pickle.loads(frame)]  # noqa: S301  (see above)


def answered(found: Sequence[tuple[TakenMessage, Prepared | None]]) -> bytes:
    """What was made of the messages. Left out is what somebody has to look at: the hub itself meets it again and words it."""
    rows = [
        (message.id, prepared.mapping, [_written(work) for work in prepared.works])
        for message, prepared in found
        if prepared is not None
        and prepared.error is None
        and not prepared.parts
        and not any(work.doubt for work in prepared.works)
    ]
    return pickle.dumps(rows, 5)


def _written(work: EventWork) -> tuple[Any, ...]:
    event = work.event
    position = event.position
    return (
        work.body, work.digest, work.partition, work.note, event.id, event.type, event.source, event.key, event.occurred_at,
        [(each.scheme, each.value) for each in event.references],
        (position.stream, position.number, position.contiguous) if position is not None else None,
        event.correlation, event.causation, event.extensions,
    )  # fmt: skip


def prepared_of(frame: bytes, number: Callable[[], int]) -> dict[int, Prepared]:
    """What `answered` says, by message number; `number` gives each event its own."""
    found: dict[int, Prepared] = {}
    for message, mapping, rows in pickle.loads(frame):  # noqa: S301  (see above)
        works = []
        for body, digest, partition, note, name, kind, source, key, at, references, position, trace, cause, more in rows:
            event = WrittenEvent.of(
                body, name, kind, source, key, at,
                tuple(Reference(*each) for each in references), Position(*position) if position is not None else None,
                trace, cause, more,
            )  # fmt: skip
            works.append(EventWork(number(), message, partition, event, body, digest, note=note))
        found[message] = Prepared(mapping, works)
    return found
