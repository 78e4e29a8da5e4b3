"""Corrected versions of messages and of deliveries' data beside their originals; reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.ledger.payloads import Damaged, decode
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import CorrectionState

_COLUMNS = (
    "id, message_id, version, body, encoding, author, reason, difference, created_at, subject, exception_id, state, decided_by, "
    "decided_at, decision"
)


@dataclass(frozen=True, slots=True)
class Correction:
    """One version. `subject` says of what `number` is: `message` or `delivery`. `difference` lists path, before and after of each field."""

    id: int
    number: int
    version: int
    body: bytes
    author: str
    reason: str
    difference: list[dict[str, Any]]
    created_at: int
    subject: str
    exception: int | None
    state: CorrectionState
    decided_by: str
    decided_at: int | None
    decision: str


def _correction(row: Row) -> Correction:
    number, about, version, body, encoding, author, reason, difference, at, subject, exception, state, by, decided, decision = row
    try:
        content = decode(encoding, body)
    except Damaged:
        content = b""
    changes = orjson.loads(difference or "[]")
    return Correction(
        number,
        about,
        version,
        content,
        author,
        reason,
        changes,
        at,
        subject,
        exception,
        CorrectionState(state),
        by,
        decided,
        decision,
    )


def corrections_of(session: Session, subject: str, number: int) -> list[Correction]:
    """All versions of a message or a delivery, oldest first, proposals and those turned down too."""
    sql = f"SELECT {_COLUMNS} FROM ledger_correction WHERE message_id=? AND subject=? ORDER BY version"
    return [_correction(row) for row in session.rows(sql, (number, subject))]


def correction_by_id(session: Session, number: int) -> Correction | None:
    """One version."""
    rows = session.rows(f"SELECT {_COLUMNS} FROM ledger_correction WHERE id=?", (number,))
    return _correction(rows[0]) if rows else None
