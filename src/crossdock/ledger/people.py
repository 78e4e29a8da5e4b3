"""What people see and ask of exceptions: the rows behind lists, details and instructions; carries nothing out itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from crossdock.core.commands import Command
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Row, Session
from crossdock.ledger.work import DELIVERY_FIELDS, EVENT_FIELDS

FIELDS = (
    "id, identity, fingerprint, code, family, step, system, flow, key, partition, subject, subject_id, slot, owner, message, detail, "
    "state, occurrences, created_at, updated_at, due, resolution, note, resolved_by, correlation, amount, currency, assignee, "
    "snoozed_until, snoozed_for, correction"
)


@dataclass(frozen=True, slots=True)
class OpenException:
    """An exception with everything a page or an instruction needs of it; times are microseconds since 1970.

    `amount` is in minor units of `currency`. `updated_at` is also its version: a person who saw an earlier one is told so.
    """

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
    amount: int | None = None
    currency: str = ""
    assignee: str = ""
    snoozed_until: int | None = None
    snoozed_for: str = ""
    correction: int | None = None

    @property
    def actions(self) -> list[str]:
        """What a person may choose when a process asks."""
        return list(self.detail.get("actions", []))

    @property
    def command(self) -> str:
        """The failed command behind a process's question; empty when there is none."""
        return str(self.detail.get("command", ""))


def exception_of(row: Row) -> OpenException:
    """An exception from its row (`FIELDS`)."""
    values = list(row)
    values[1] = bytes(values[1])
    values[15] = orjson.loads(values[15] or "{}")
    return OpenException(*values)


def exceptions_by_id(session: Session, ids: Sequence[int]) -> dict[int, OpenException]:
    """Exceptions by number."""
    rows = session.rows_in(f"SELECT {FIELDS} FROM ledger_exception WHERE id {{in}}", list(ids))
    return {row[0]: exception_of(row) for row in rows}


def same_refusals(session: Session, each: OpenException, limit: int = 100) -> list[OpenException]:
    """Other open exceptions of messages that were refused for the same fault and are about the same key: versions of one document."""
    if not each.key or each.subject != "message":
        return []
    rows = session.rows(
        f"SELECT {FIELDS} FROM ledger_exception WHERE key=? AND fingerprint=? AND system=? AND subject='message' AND state<2 AND id<>? "
        "ORDER BY id LIMIT ?",
        (each.key, each.fingerprint, each.system, each.id, limit),
    )
    return [exception_of(row) for row in rows]


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
    return [exception_of(row) for row in session.rows(sql, args)]


def events_by_id(session: Session, ids: Sequence[int]) -> list[Row]:
    """Events by number (`ledger.work.EVENT_FIELDS`)."""
    return session.rows_in(f"SELECT {EVENT_FIELDS} FROM ledger_event WHERE id {{in}}", list(ids))


def deliveries_by_identity(session: Session, identities: Sequence[bytes]) -> list[Row]:
    """Deliveries by the identity of their command (`ledger.work.DELIVERY_FIELDS`)."""
    return session.rows_in(f"SELECT {DELIVERY_FIELDS} FROM ledger_delivery WHERE identity {{in}}", list(identities))


def without_deadline(command: Command) -> Command:
    """The command without its business deadline."""
    return replace(command, deadline=None)


INSTRUCTION_COLUMNS: Final = (
    "id", "partition", "kind", "subject_id", "data", "author", "created_at", "done_at", "result", "token",
)  # fmt: skip


def instruct(
    session: Session,
    numbers: Numbers,
    kind: str,
    exceptions: Sequence[OpenException],
    data: dict[str, Any],
    author: str,
    at: int,
    token: str = "",
) -> list[int]:
    """Ask the hub to do something about exceptions; returns the instructions' numbers, to watch for their results.

    Asking again with the same token (of the same author) is the same asking: the earlier instructions' numbers come back.
    """
    text = orjson.dumps(data).decode()
    return instruct_about(session, numbers, kind, [(each.id, each.partition) for each in exceptions], text, author, at, token)


def instruct_hub(
    session: Session, numbers: Numbers, kind: str, data: dict[str, Any], author: str, at: int, token: str = "", partition: int = 0
) -> int:
    """Ask the hub for something that is about no exception; the owner of the partition carries it out."""
    return instruct_about(session, numbers, kind, [(0, partition)], orjson.dumps(data).decode(), author, at, token)[0]


def instruct_about(
    session: Session,
    numbers: Numbers,
    kind: str,
    about: Sequence[tuple[int, int]],
    text: str,
    author: str,
    at: int,
    token: str = "",
) -> list[int]:
    """Ask for something about records of any table: the number and partition of each, and the data as JSON."""
    rows = [
        (
            numbers.next(),
            partition,
            kind,
            subject,
            text,
            author,
            at,
            None,
            "",
            f"{author}\x1f{token}\x1f{subject}" if token else None,
        )
        for subject, partition in about
    ]
    inserted = session.insert("ledger_instruction", INSTRUCTION_COLUMNS, rows, ignore="token" if token else "")
    if not token or len(inserted) == len(rows):
        return [row[0] for row in rows]
    known: dict[str, int] = dict(
        session.rows_in("SELECT token, id FROM ledger_instruction WHERE token {in}", [row[9] for row in rows])
    )
    return [known[str(row[9])] for row in rows]


RECORD: Final = "record"
"""An instruction that asks for nothing but a record in the audit chain: something happened that concerns people, not messages."""


def record(session: Session, number: int, tag: str, author: str, detail: dict[str, Any], at: int, key: str = "") -> None:
    """Have the owner of partition 0 write `tag` (`source:subject:action`) into the audit chain; `number` becomes the instruction's.

    `detail` says what it was about, with `before` and `after` where something changed; never a secret.
    """
    data = orjson.dumps({"tag": tag, "key": key, "detail": detail}, default=str).decode()
    session.insert(
        "ledger_instruction",
        ("id", "partition", "kind", "subject_id", "data", "author", "created_at", "done_at", "result"),
        [(number, 0, RECORD, 0, data, author, at, None, "")],
    )


def results(session: Session, instructions: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The results of instructions that were carried out."""
    rows = session.rows_in("SELECT id, done_at, result FROM ledger_instruction WHERE id {in}", list(instructions))
    return {number: orjson.loads(result) for number, done_at, result in rows if done_at is not None}
