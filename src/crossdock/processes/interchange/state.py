"""What is remembered of the technical exchange with one partner: numbers seen, gaps, what we sent, answers that came early. Plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Gap:
    """Control numbers `low` to `high` of a relation that were skipped; `told` once a person knows."""

    relation: str
    low: int
    high: int
    told: bool = False

    @property
    def name(self) -> str:
        """The gap's name within the instance."""
        return f"missing:{self.low}-{self.high}:{self.relation}"

    def words(self) -> str:
        """The numbers in words."""
        return f"number {self.low}" if self.low == self.high else f"numbers {self.low} to {self.high}"


@dataclass(frozen=True, slots=True)
class Outgone:
    """A document of ours that is not acknowledged yet."""

    command_id: str
    command: str
    key: str
    flow: str
    type: str
    number: str
    control: str
    identities: tuple[str, ...]
    sent_at: str
    due: str = ""

    @property
    def name(self) -> str:
        """The expectation's name within the instance."""
        return f"acknowledged:{self.command_id}"

    def words(self) -> str:
        """What it is, for people."""
        number = f" {self.number}" if self.number else ""
        return f"{self.type}{number} (control number {self.control})" if self.control else f"{self.type}{number}"


@dataclass(frozen=True, slots=True)
class Early:
    """An answer that came before we had noted what it answers: the dump of its event."""

    event_id: str
    identities: tuple[str, ...]
    document: dict[str, Any]
    at: str


@dataclass(frozen=True, slots=True)
class State:
    """`numbers` is the state of `edi.control_numbers`; `digests` tells a repeated interchange from another one of the same number,
    `answers` are acknowledgements of ours, which are not acknowledged themselves but may be refused,
    `judged` by which transmission each came and what was said of it."""

    key: str
    numbers: dict[str, Any] = field(default_factory=dict)
    digests: tuple[tuple[str, str], ...] = ()
    judged: tuple[tuple[str, str, str], ...] = ()
    gaps: tuple[Gap, ...] = ()
    outgone: tuple[Outgone, ...] = ()
    answers: tuple[Outgone, ...] = ()
    early: tuple[Early, ...] = ()
    received: int = 0
    sent: int = 0
    last: str = ""


def dump(state: State) -> bytes:
    """The state as compact JSON."""
    return orjson.dumps(asdict(state))


def load(data: bytes) -> State:
    """The inverse of `dump`."""
    found = orjson.loads(data)
    return State(
        key=found["key"],
        numbers=found["numbers"],
        digests=tuple((name, digest) for name, digest in found["digests"]),
        judged=tuple((name, transmission, outcome) for name, transmission, outcome in found.get("judged", ())),
        gaps=tuple(Gap(**each) for each in found["gaps"]),
        outgone=tuple(Outgone(**{**each, "identities": tuple(each["identities"])}) for each in found["outgone"]),
        answers=tuple(Outgone(**{**each, "identities": tuple(each["identities"])}) for each in found.get("answers", ())),
        early=tuple(Early(**{**each, "identities": tuple(each["identities"])}) for each in found["early"]),
        received=found["received"],
        sent=found["sent"],
        last=found["last"],
    )
