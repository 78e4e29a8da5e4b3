"""What the journals process remembers of one transaction: its journals and how far each is; knows no rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from crossdock.processes.frame.states import Asked, Closed, Json, StateForm, Step


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal (`n` counts them).

    `about` is the identity of the paper it posts, `cause` the event that told of it. `takes_back` is the `n` of the journal it reverses,
    `gone` says that it was reversed itself. `turn` counts the numbers it was offered under; `verdict` is the finance system's.
    """

    n: int
    about: str
    document: str
    day: str
    currency: str
    lines: tuple[Json, ...]
    cause: str
    document_number: str = ""
    order_number: str = ""
    description: str = ""
    takes_back: int = 0
    gone: bool = False
    turn: int = 1
    step: Step = ""
    verdict: Literal["", "pending", "posted", "rejected"] = ""
    posted_number: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """All journals of one transaction."""

    key: str
    entries: tuple[Entry, ...] = ()
    asked: Mapping[str, Asked] = field(default_factory=dict)
    parked: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    reached: Mapping[str, str] = field(default_factory=dict)
    closed: Closed = ""


FORM: Final = StateForm(State, {"entries": Entry}, {})
dump = FORM.dump
load = FORM.load
