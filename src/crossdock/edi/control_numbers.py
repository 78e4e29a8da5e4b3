"""The control-number ledger: which numbers we gave out and which we saw, per relation. Pure; the caller stores it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


class Sighting(enum.StrEnum):
    """What an incoming control number tells, against the ones before it."""

    FIRST = "first"
    NEXT = "next"
    GAP = "gap"
    LATE = "late"
    DUPLICATE = "duplicate"
    RESTART = "restart"
    UNNUMBERED = "unnumbered"


@dataclass(frozen=True, slots=True)
class Relation:
    """What a control number is unique within: two parties with their qualifiers, test or production, and level.

    `level` is `interchange`, or `group:PO` for group numbers that count by functional identifier.
    """

    sender_qualifier: str
    sender: str
    receiver_qualifier: str
    receiver: str
    test: bool = False
    level: str = "interchange"

    def key(self) -> str:
        """A stable text for storing the state under."""
        mode = "T" if self.test else "P"
        parts = (self.sender_qualifier, self.sender, self.receiver_qualifier, self.receiver, mode, self.level)
        return "|".join(part.replace("%", "%25").replace("|", "%7C") for part in parts)


@dataclass(frozen=True, slots=True)
class Observation:
    """The outcome of seeing a number; `missing` are the numbers skipped by a gap, at most the first 1000."""

    sighting: Sighting
    number: int
    missing: tuple[int, ...] = ()

    @property
    def is_duplicate(self) -> bool:
        """Whether the interchange was seen before and must not take effect again."""
        return self.sighting is Sighting.DUPLICATE


@dataclass(slots=True)
class _Book:
    last: int = 0
    seen: list[tuple[int, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    given: int = 0


class ControlNumberLedger:
    """Gives out our numbers and judges the partner's. Holds no file and no clock: `state` goes to the caller's store.

    Numbers wrap at `limit` (X12: ISA13 has nine digits). `remember` bounds how many intervals of seen numbers
    are kept per relation; beyond it the oldest gaps count as seen, so that nothing can take effect twice.
    """

    def __init__(self, state: dict[str, Any] | None = None, *, limit: int = 999_999_999, remember: int = 1000) -> None:
        self.limit = limit
        self.remember = remember
        self._books: dict[str, _Book] = {}
        for key, saved in (state or {}).items():
            self._books[key] = _Book(
                last=int(saved["last"]),
                seen=[(int(low), int(high)) for low, high in saved["seen"]],
                texts=[str(text) for text in saved["texts"]],
                given=int(saved["given"]),
            )

    @property
    def state(self) -> dict[str, Any]:
        """Everything the ledger knows as plain JSON-ready data; pass it back in to go on."""
        return {
            key: {"last": b.last, "seen": [list(pair) for pair in b.seen], "texts": list(b.texts), "given": b.given}
            for key, b in self._books.items()
        }

    def next_number(self, relation: Relation) -> int:
        """Give out the next number for something we send; each is given once, from 1, wrapping at the limit."""
        book = self._books.setdefault(relation.key(), _Book())
        book.given = book.given % self.limit + 1
        return book.given

    def observe(self, relation: Relation, control_number: str) -> Observation:
        """Record a number a partner sent and say whether it is the next, a repeat, late, or leaves a gap."""
        book = self._books.setdefault(relation.key(), _Book())
        text = control_number.strip()
        if not (text.isdecimal() and text.isascii() and len(text) <= 18):
            return self._observe_text(book, text)
        number = int(text)
        if any(low <= number <= high for low, high in book.seen):
            return Observation(Sighting.DUPLICATE, number)
        first = not book.seen
        previous = book.last
        wrapped = number < previous and previous > self.limit - 10_000 and number < 10_000
        self._insert(book, number)
        if first:
            book.last = number
            return Observation(Sighting.FIRST, number)
        if wrapped:
            # A sender that starts again from 1 may use the old numbers again.
            book.seen = [(number, number)]
            book.last = number
            return Observation(Sighting.RESTART, number)
        if number < previous:
            return Observation(Sighting.LATE, number)
        book.last = number
        if number == previous + 1:
            return Observation(Sighting.NEXT, number)
        missing = tuple(range(previous + 1, min(number, previous + 1001)))
        return Observation(Sighting.GAP, number, missing)

    def gaps(self, relation: Relation) -> list[tuple[int, int]]:
        """The intervals of numbers between the first and the last seen that never came."""
        book = self._books.get(relation.key())
        if book is None:
            return []
        return [(one[1] + 1, two[0] - 1) for one, two in zip(book.seen, book.seen[1:], strict=False)]

    def relations(self) -> Iterable[str]:
        """The keys of all relations the ledger knows."""
        return self._books.keys()

    def _observe_text(self, book: _Book, text: str) -> Observation:
        if text in book.texts:
            return Observation(Sighting.DUPLICATE, 0)
        book.texts.append(text)
        del book.texts[: -self.remember]
        return Observation(Sighting.UNNUMBERED, 0)

    def _insert(self, book: _Book, number: int) -> None:
        merged: list[tuple[int, int]] = []
        low = high = number
        for one in book.seen:
            if one[1] < low - 1 or one[0] > high + 1:
                merged.append(one)
            else:
                low, high = min(low, one[0]), max(high, one[1])
        merged.append((low, high))
        merged.sort()
        while len(merged) > self.remember:
            # Forgetting a number would let its repeat take effect: rather take the oldest gap for seen.
            merged[:2] = [(merged[0][0], merged[1][1])]
        book.seen = merged
