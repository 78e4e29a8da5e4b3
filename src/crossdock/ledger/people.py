"""What people see and ask of exceptions: the rows behind lists, details and instructions; carries nothing out itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from crossdock.core.commands import Command
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Row, Session
from crossdock.ledger.work import DELIVERY_FIELDS, EVENT_FIELDS

FIELDS = (
    "id, identity, fingerprint, code, family, step, system, flow, key, partition, subject, subject_id, slot, owner, message, detail, "
    "state, occurrences, created_at, updated_at, due, resolution, note, resolved_by, correlation"
)


@dataclass(frozen=True, slots=True)
class OpenException:
    """An exception with everything a page or an instruction needs of it; times are microseconds since 1970."""

    id: int
    identity: bytes
    fingerprint: str
    code: str
    family: str
    step: str
    system: str
    flow: str
    key: str
    partition: int
    subject: str
    subject_id: int
    slot: str
    owner: str
    message: str
    detail: dict[str, Any]
    state: int
    occurrences: int
    created_at: int
    updated_at: int
    due: int | None
    resolution: str
    note: str
    resolved_by: str
    correlation: str

    @property
    def actions(self) -> list[str]:
        """What a person may choose when a process asks."""
        return list(self.detail.get("actions", []))

    @property
    def command(self) -> str:
        """The failed command behind a process's question; empty when there is none."""
        return str(self.detail.get("command", ""))


def _exception(row: Row) -> OpenException:
    values = list(row)
    values[1] = bytes(values[1])
    values[15] = orjson.loads(values[15] or "{}")
    return OpenException(*values)


def exceptions_by_id(session: Session, ids: Sequence[int]) -> dict[int, OpenException]:
    """Exceptions by number."""
    rows = session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE id {{in}}", list(ids))
    return {row[0]: _exception(row) for row in rows}


def list_exceptions(
    session: Session, *, open_only: bool = True, before: int = 2**63 - 1, limit: int = 50, where: dict[str, str] | None = None
) -> list[OpenException]:
    """The newest exceptions below number `before` (keyset pagination), filtered by equal columns."""
    conditions, args = ["id<?"], [before]
    if open_only:
        conditions.append("state<2")
    for column, value in (where or {}).items():
        if column not in ("code", "system", "flow", "key", "owner", "fingerprint", "step", "family"):
            raise ValueError(f"exceptions are not filtered by {column!r}")
        conditions.append(f"{column}=?")
        args.append(value)  # type: ignore[arg-type]
    sql = f"SELECT {FIELDS} FROM ledger_exception WHERE {' AND '.join(conditions)} ORDER BY id DESC LIMIT {int(limit)}"
    return [_exception(row) for row in session.rows(sql, args)]


def events_by_id(session: Session, ids: Sequence[int]) -> list[Row]:
    """Events by number (`ledger.work.EVENT_FIELDS`)."""
    return session.rows_in(f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE id {{in}}", list(ids))


def deliveries_by_identity(session: Session, identities: Sequence[bytes]) -> list[Row]:
    """Deliveries by the identity of their command (`ledger.work.DELIVERY_FIELDS`)."""
    return session.rows_in(f"SELECT {DELIVERY_FIELDS} FROM ledger_delivery WHERE identity {{in}}", list(identities))


def without_deadline(command: Command) -> Command:
    """The command without its business deadline."""
    return replace(command, deadline=None)


def instruct(
    session: Session, numbers: Numbers, kind: str, exceptions: Sequence[OpenException], data: dict[str, Any], author: str, at: int
) -> list[int]:
    """Ask the hub to do something about exceptions; returns the instructions' numbers, to watch for their results."""
    rows = [
        (numbers.next(), each.partition, kind, each.id, orjson.dumps(data).decode(), author, at, None, "") for each in exceptions
    ]
    session.insert(
        "ledger_instruction",
        ("id", "partition", "kind", "subject_id", "data", "author", "created_at", "done_at", "result"),
        rows,
    )
    return [row[0] for row in rows]


def results(session: Session, instructions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The results of instructions that were carried out."""
    rows = session.rows_in("SELECT id, done_at, result FROM ledger_instruction WHERE id {in}", list(instructions))
    return {number: orjson.loads(result) for number, done_at, result in rows if done_at is not None}
