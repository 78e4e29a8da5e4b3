"""The records of the audit chain that speak of one business key, found without reading the whole chain; proves nothing itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.ledger.payloads import Damaged, unpack
from crossdock.ledger.session import Session


@dataclass(frozen=True, slots=True)
class Proof:
    """One record with the link it stands in. `digest` is that of the payload; `at` is microseconds since 1970."""

    partition: int
    seq: int
    at: int
    hash: str
    tag: str
    subject: int
    digest: str
    detail: Any


def proofs(session: Session, key: str) -> list[Proof]:
    """What the chain says of a key: when its messages and events were recorded and what was decided and delivered, in order of time."""
    events = session.rows("SELECT id, message_id, partition, created_at FROM ledger_event WHERE key=? ORDER BY id", (key,))
    deliveries = session.rows("SELECT id, partition, created_at, settled_at FROM ledger_delivery WHERE key=? ORDER BY id", (key,))
    homes: dict[int, int] = dict(
        session.rows_in(
            "SELECT id, partition FROM ledger_message WHERE id {in}", [message for _, message, _, _ in events if message]
        )
    )
    subjects = {row[0] for row in (*events, *deliveries)} | set(homes)
    moments = {(partition, at) for _, _, partition, at in events}
    moments |= {(homes[message], at) for _, message, _, at in events if message in homes}
    moments |= {(partition, at) for _, partition, created, settled in deliveries for at in (created, settled) if at is not None}
    found: dict[tuple[int, int], list[Proof]] = {}
    for partition, at in sorted(moments):
        for seq, digest, packed in _links_at(session, partition, at):
            if (partition, seq) not in found:
                found[partition, seq] = list(_of(partition, seq, at, digest, packed, key, subjects))
    return sorted((each for group in found.values() for each in group), key=lambda each: (each.at, each.partition, each.seq))


def _of(partition: int, seq: int, at: int, digest: bytes, packed: bytes, key: str, subjects: set[int]) -> Iterable[Proof]:
    try:
        records = orjson.loads(unpack(packed))
    except (Damaged, ValueError):
        return
    for tag, subject, about, content, detail in records:
        if about == key or (subject in subjects and not tag.startswith("retention:")):
            yield Proof(partition, seq, at, bytes(digest).hex(), tag, subject, content, detail)


def _links_at(session: Session, partition: int, at: int) -> list[tuple[int, bytes, bytes]]:
    """The links of one moment: times never go back along a chain, so the place is found by halving."""
    ends = session.rows("SELECT MIN(seq), MAX(seq) FROM ledger_audit WHERE partition=?", (partition,))
    low, high = ends[0] if ends else (None, None)
    if low is None or high is None:
        return []
    while low < high:
        middle = (low + high) // 2
        rows = session.rows("SELECT at FROM ledger_audit WHERE partition=? AND seq=?", (partition, middle))
        if rows and rows[0][0] < at:
            low = middle + 1
        else:
            high = middle
    return [
        (seq, digest, packed)
        for seq, digest, packed in session.rows(
            "SELECT seq, hash, records FROM ledger_audit WHERE partition=? AND seq>=? AND at=? AND seq<? ORDER BY seq",
            (partition, low, at, low + 8),
        )
    ]
