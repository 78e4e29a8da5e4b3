"""Cursors of polled channels and the commands whose results they follow; knows no connector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.core.errors import Fenced
from crossdock.ledger.session import Session

FOLLOW = "follow"
"""Kind of the instruction that asks a poll to follow something from now on."""


@dataclass(frozen=True, slots=True)
class Followed:
    """A command whose result a poll has to follow; `number` is the instruction's."""

    number: int
    data: dict[str, Any]


def cursor(session: Session, system: str, channel: str) -> tuple[dict[str, Any], list[Followed]]:
    """The stored cursor of a channel (empty at first) and what was asked to be followed since it was stored."""
    rows = session.rows("SELECT cursor FROM ledger_cursor WHERE system=? AND channel=?", (system, channel))
    asked = session.rows(
        "SELECT id, data FROM ledger_instruction WHERE done_at IS NULL AND kind=? AND author=? ORDER BY id",
        (FOLLOW, f"{system}/{channel}"),
    )
    found = orjson.loads(rows[0][0]) if rows else {}
    return found, [Followed(number, orjson.loads(data)) for number, data in asked]


def fence(session: Session, partition: int, epoch: int | None) -> None:
    """Raises `Fenced` when another worker owns the partition by now; holds the row until the transaction ends."""
    lock = " FOR UPDATE" if session.vendor == "postgresql" else ""
    rows = session.rows("SELECT epoch FROM ledger_partition WHERE id=?" + lock, (partition,))
    if epoch is None or not rows or rows[0][0] != epoch:
        raise Fenced(f"partition {partition} was taken over by another worker", partition=partition)


def advance(session: Session, number: int, system: str, channel: str, text: str, at: int, followed: Sequence[int]) -> None:
    """Store a channel's new cursor; what it follows from now on is done."""
    session.upsert(
        "ledger_cursor",
        ("id", "system", "channel", "cursor", "polled_at", "next_at"),
        [(number, system, channel, text, at, 0)],
        ("system", "channel"),
        ("cursor", "polled_at"),
    )
    session.update("ledger_instruction", ("done_at", "result"), [(each, at, '{"done":true}') for each in followed])


def polled(session: Session) -> list[tuple[str, str, int]]:
    """(system, channel, last successful poll) of every channel that was ever polled."""
    return [
        (s, c, at) for s, c, at in session.rows("SELECT system, channel, polled_at FROM ledger_cursor ORDER BY system, channel")
    ]
