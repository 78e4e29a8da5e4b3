"""A message of the ledger as the value of a topic's record and back; pure, and knows no broker.

A record is one byte of version, four bytes of length, a JSON head of that length, and the stored body as it is. A message that has
a row for the case that it is a repetition carries that row's own head fields; both share one body.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from crossdock.core.errors import Rejected
from crossdock.ledger.intake import COLUMNS
from crossdock.ledger.session import Row

VERSION: Final = 1
_BINARY: Final = {"dedupe": 16, "content_hash": 32}
_BODY: Final = COLUMNS.index("body")
_PARTITION: Final = COLUMNS.index("partition")
_HEAD: Final = tuple(place for place in range(len(COLUMNS)) if place != _BODY)
_BYTES: Final = {COLUMNS.index(name): length for name, length in _BINARY.items()}
_NUMBERS: Final = frozenset(
    COLUMNS.index(name) for name in ("id", "partition", "encoding", "size", "received_at", "state", "events")
)
_LARGEST: Final = {
    "id": 2**63 - 1,
    "partition": 2**15 - 1,
    "encoding": 1,
    "size": 2**63 - 1,
    "received_at": 2**53,
    "state": 0,
    "events": 0,
}
"""Of each number the largest that is a message's which nobody has worked on yet."""
_LARGEST_HEAD: Final = 1 << 22
_SAME, _NONE = -1, -2
"""The other row's body: the same one, or none; else it begins at so many bytes."""


class RecordMalformed(Rejected):
    """A record of the hub's own topic was not written by a hub, or was damaged."""

    code = "engine.record_malformed"
    hint = "The record is kept as it is. Find out who else writes to the topic, and let nobody but the hub do so."


def write(row: Row, again: Row | None = None) -> bytes:
    """The record of a message row (in `COLUMNS` order), with the row that is kept instead should it be a repetition.

    Raises `RecordMalformed` for text no ledger can keep: it is refused at the door and not found out behind it.
    """
    for each in (row, again or ()):
        if any(isinstance(value, str) and "\x00" in value for value in each):
            raise RecordMalformed("its names hold a zero character")
    body = row[_BODY]
    # what is kept instead usually has the same body, which is written once
    other = None if again is None or again[_BODY] == body else again[_BODY]
    where = _SAME if again is None or again[_BODY] == body else _NONE if other is None else len(body or b"")
    head = [_packed(row), None if again is None else _packed(again), body is not None, where]
    packed = orjson.dumps(head)
    return b"".join((bytes((VERSION,)), len(packed).to_bytes(4, "big"), packed, body or b"", other or b""))


def read(value: bytes | None, partition: int) -> tuple[Row, Row | None]:
    """The rows of a record found in a partition of the topic. Raises `RecordMalformed`, whatever the bytes are."""
    if not value or value[0] != VERSION or len(value) < 5:
        raise RecordMalformed("it does not begin like one")
    length = int.from_bytes(value[1:5], "big")
    if length > _LARGEST_HEAD or len(value) < 5 + length:
        raise RecordMalformed("it is cut short")
    try:
        first, second, has_body, where = orjson.loads(value[5 : 5 + length])
        rest = value[5 + length :]
        body = (rest if where < 0 else rest[:where]) if has_body else None
        row = _row(first, body, partition)
        other = body if where == _SAME else None if where == _NONE else rest[where:]
        again = None if second is None else _row(second, other, partition)
    except (ValueError, TypeError, IndexError) as error:
        raise RecordMalformed(f"it cannot be read: {type(error).__name__}") from None
    return row, again


def _packed(row: Row) -> list[Any]:
    return [row[place].hex() if place in _BYTES else row[place] for place in _HEAD]


def _fits(value: Any, largest: int | None) -> bool:
    if largest is None:
        return isinstance(value, str) and "\x00" not in value
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest


def _row(head: Any, body: bytes | None, partition: int) -> Row:
    if not isinstance(head, list) or len(head) != len(_HEAD):
        raise ValueError
    found: list[Any] = [*head[:_BODY], body, *head[_BODY:]]
    for place, value in enumerate(found):
        if place in _BYTES:
            found[place] = bytes.fromhex(value)
            if len(found[place]) != _BYTES[place]:
                raise ValueError
        elif place != _BODY and not _fits(value, _LARGEST[COLUMNS[place]] if place in _NUMBERS else None):
            raise ValueError
    # whoever put it there decided the order it is taken in
    found[_PARTITION] = partition
    return tuple(found)
