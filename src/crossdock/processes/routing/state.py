"""What a router remembers of one business key: how many events it saw and commands it sent, and which failed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

NOTHING: Final = ""
"""The time of the last event when there was none."""


@dataclass(frozen=True, slots=True)
class State:
    """`last` is the time of the last event (ISO 8601), `failed` are ids of commands that wait for a person."""

    key: str
    events: int = 0
    sent: int = 0
    last: str = NOTHING
    failed: tuple[str, ...] = ()


def dump(state: State) -> bytes:
    """The state as JSON; its first member is the version of this format."""
    return orjson.dumps([1, state.key, state.events, state.sent, state.last, state.failed])


def load(data: list[Any]) -> State:
    """The inverse of `dump`. Later versions only append, so that members this version does not know are left alone."""
    _, key, events, sent, last, failed, *_ = data
    return State(key, events, sent, last, tuple(failed))
