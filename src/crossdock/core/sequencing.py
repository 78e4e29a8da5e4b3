"""Sequencing: where an event stands in its stream (resequencer, idempotent receiver); pure values, knows no store and no clock.

A stream is what one sender counts: the versions of one order, the confirmations of one fulfilment order. The only state is the last
number applied and the digest of its content; events that wait for a missing one are kept by the ledger and come back through `release`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from crossdock.canonical.events import Position


def content_digest(content: bytes) -> str:
    """The digest by which the content of two events with the same number is compared: 32 hexadecimal characters (BLAKE2b, 128 bit)."""
    return blake2b(content, digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class StreamState:
    """The last event of a stream that was applied: its number and the digest of its content (empty when a gap was given up)."""

    number: int
    digest: str = ""

    def as_json(self) -> list[Any]:
        """The state as a JSON value, `[number, digest]`."""
        return [self.number, self.digest]

    @classmethod
    def from_json(cls, value: Any) -> StreamState:
        """The inverse of `as_json`."""
        number, digest = value
        return cls(int(number), str(digest))


@dataclass(frozen=True, slots=True)
class Apply:
    """The event is next: apply it and keep `StreamState(position.number, digest)`."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A later event of the stream was applied already; record it and drop it. `last` is the number applied."""

    last: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The very same event was the last one applied."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Same number, different content: a person has to say which one is meant (`core.errors.ContentConflict`)."""

    digest: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Earlier events are missing; keep this one until they arrive or its deadline passes. `missing` are the numbers not seen."""

    missing: range


Verdict = Apply | Stale | Duplicate | Conflict | Hold

APPLY: Final = Apply()
DUPLICATE: Final = Duplicate()


def place(last: StreamState | None, position: Position, digest: str, start: int | None = 1) -> Verdict:
    """Say what to do with an event at `position` whose content has `digest`, when `last` was applied before.

    A stream that is not contiguous may jump: any higher number is applied and what comes late is stale. In a contiguous stream a jump
    holds the event. `start` is the number a contiguous stream begins with; None lets the first event seen set it (a partner's running
    counter that was in use before this hub).
    """
    number = position.number
    if last is None:
        if not position.contiguous or start is None or number <= start:
            return APPLY
        return Hold(range(start, number))
    if number == last.number:
        if not last.digest:
            return Stale(number)
        return DUPLICATE if digest == last.digest else Conflict(last.digest)
    if number < last.number:
        return Stale(last.number)
    if position.contiguous and number != last.number + 1:
        return Hold(range(last.number + 1, number))
    return APPLY


@dataclass(frozen=True, slots=True)
class Held:
    """A held event as the ledger remembers it. `uid` is the ledger's name of it."""

    number: int
    digest: str
    uid: str


@dataclass(frozen=True, slots=True)
class Released:
    """What becomes of held events after their stream moved on.

    `apply` go through the rest of the pipeline in this order; `stale`, `duplicate` and `conflict` are recorded as such; `waiting`
    stay held because `missing` numbers are still out.
    """

    state: StreamState
    apply: tuple[Held, ...] = ()
    stale: tuple[Held, ...] = ()
    duplicate: tuple[Held, ...] = ()
    conflict: tuple[Held, ...] = ()
    waiting: tuple[Held, ...] = ()
    missing: range = range(0)


def release(state: StreamState, held: Iterable[Held]) -> Released:
    """Release the held events that follow `state` without a hole, in order; call it after every applied event of a contiguous stream.

    Of two held events with the same number the one given first is applied; give them in the order received.
    """
    apply: list[Held] = []
    stale: list[Held] = []
    duplicate: list[Held] = []
    conflict: list[Held] = []
    waiting: list[Held] = []
    for event in sorted(held, key=lambda one: one.number):
        if event.number == state.number + 1:
            apply.append(event)
            state = StreamState(event.number, event.digest)
        elif event.number > state.number:
            waiting.append(event)
        elif event.number < state.number or not state.digest:
            stale.append(event)
        elif event.digest == state.digest:
            duplicate.append(event)
        else:
            conflict.append(event)
    missing = range(state.number + 1, waiting[0].number) if waiting else range(0)
    return Released(state, tuple(apply), tuple(stale), tuple(duplicate), tuple(conflict), tuple(waiting), missing)


def give_up(state: StreamState | None, held: Iterable[Held]) -> Released:
    """Give up the first gap of a stream: its deadline passed, or a person released what waits behind it.

    The missing numbers count as passed; should one of them arrive later it is stale. Raises ValueError when nothing is held.
    """
    events = list(held)
    ahead = [one.number for one in events if state is None or one.number > state.number]
    if not ahead:
        raise ValueError("no held event waits behind a gap of this stream")
    first = min(ahead)
    if state is None or first > state.number + 1:
        state = StreamState(first - 1)
    return release(state, events)
