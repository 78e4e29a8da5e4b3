"""Accepting messages into the ledger: stored once, whatever their size, before anybody is told; knows no connector."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from crossdock.ledger.ids import written
from crossdock.ledger.session import Row, Session

COLUMNS = (
    "id", "partition", "system", "channel", "topic", "dedupe", "dedupe_key", "content_hash", "content_type", "headers",
    "encoding", "body", "claim", "size", "received_at", "correlation", "state", "events", "mapping", "bundle",
)  # fmt: skip
DEDUPE, CONTENT = COLUMNS.index("dedupe"), COLUMNS.index("content_hash")


class Intake(IntEnum):
    """What accepting a message found."""

    NEW = 0
    DUPLICATE = 1
    CONFLICT = 2


@dataclass(frozen=True, slots=True)
class Accepted:
    """The number under which a message is kept and whether it was new. A duplicate carries the number of the first one."""

    number: int
    intake: Intake


def dedupe_digest(system: str, channel: str, dedupe_key: str) -> bytes:
    """The 128-bit identity of a message of a channel."""
    return hashlib.blake2b(f"{system}\0{channel}\0{dedupe_key}".encode(), digest_size=16).digest()


def accept(session: Session, rows: Sequence[Row], instead: Mapping[int, Row] | None = None) -> list[Accepted]:
    """Insert message rows (in `COLUMNS` order); existing identities are recognised, changed content is kept as a conflict.

    The same identity with different content is stored beside the first under an identity of its own and marked,
    so that nothing is lost and a person decides. `instead` has rows, by the number of another row, that are stored where that one is a
    duplicate; of them too each identity is kept once.
    """
    inserted = set(session.insert("ledger_message", COLUMNS, rows, ignore="dedupe"))
    if len(inserted) == len(rows):
        return [Accepted(row[0], Intake.NEW) for row in rows]
    again = [row for row in rows if row[0] not in inserted]
    known = {
        bytes(dedupe): (number, bytes(content))
        for number, dedupe, content in session.rows_in(
            "SELECT id, dedupe, content_hash FROM ledger_message WHERE dedupe {in}", [row[DEDUPE] for row in again]
        )
    }
    conflicts: list[Row] = []
    answers: list[Accepted] = []
    for row in rows:
        if row[0] in inserted:
            answers.append(Accepted(row[0], Intake.NEW))
            continue
        number, content = known[bytes(row[DEDUPE])]
        if content == bytes(row[CONTENT]):
            answers.append(Accepted(number, Intake.DUPLICATE))
            continue
        changed = list(row)
        changed[DEDUPE] = hashlib.blake2b(bytes(row[DEDUPE]) + bytes(row[CONTENT]), digest_size=16).digest()
        changed[COLUMNS.index("mapping")] = f"conflict:{written(number)}"
        conflicts.append(tuple(changed))
        answers.append(Accepted(row[0], Intake.CONFLICT))
    if instead:
        duplicates = [row[0] for row, answer in zip(rows, answers, strict=True) if answer.intake is Intake.DUPLICATE]
        if repeats := [instead[number] for number in duplicates if number in instead]:
            session.insert("ledger_message", COLUMNS, repeats, ignore="dedupe")
    if conflicts:
        kept = set(session.insert("ledger_message", COLUMNS, conflicts, ignore="dedupe"))
        if len(kept) < len(conflicts):
            return _first_of_their_kind(session, conflicts, answers)
    return answers


def _first_of_their_kind(session: Session, conflicts: Sequence[Row], answers: Sequence[Accepted]) -> list[Accepted]:
    """The same conflict was kept before: it is told under the number of the first."""
    identities = {row[0]: row[DEDUPE] for row in conflicts}
    found = session.rows_in("SELECT dedupe, id FROM ledger_message WHERE dedupe {in}", list(set(identities.values())))
    numbers = {bytes(identity): number for identity, number in found}
    return [Accepted(numbers[identities[a.number]], a.intake) if a.number in identities else a for a in answers]
