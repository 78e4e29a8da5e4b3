"""Change requests, decisions about them and waivers, as the review board reads and writes them; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Row, Session

_COLUMNS: Final = (
    "id", "bundle", "base", "name", "environment", "title", "reason", "author", "maker", "report", "evidence", "opened_at",
    "gathered_at", "promoted_at", "review_due",
)  # fmt: skip
_LISTED: Final = ", ".join(_COLUMNS)
_SAID: Final = "id, change, kind, author, team, note, at, signature"
_WAIVED: Final = "id, standard, subject, reason, author, team, at, until"


@dataclass(frozen=True, slots=True)
class Change:
    """A change request; times in microseconds since 1970. `report` has changes and reviewers, `evidence` is None until gathered."""

    id: int
    bundle: str
    base: str
    name: str
    environment: str
    title: str
    reason: str
    author: str
    maker: str
    report: dict[str, Any]
    evidence: dict[str, Any] | None
    opened_at: int
    gathered_at: int | None
    promoted_at: int | None
    review_due: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the decision log. `change` is 0 for what is about no request; `signature` is what it adds to the bundle, or None."""

    id: int
    change: int
    kind: str
    author: str
    team: str
    note: str
    at: int
    signature: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Waiver:
    """A standard (or part of the evidence) that does not hold for a subject until a time; microseconds since 1970."""

    id: int
    standard: str
    subject: str
    reason: str
    author: str
    team: str
    at: int
    until: int


def open_change(session: Session, numbers: Numbers, change: Change, file: bytes) -> None:
    """Keep a change request with its bundle."""
    report = orjson.dumps(change.report, default=str).decode()
    row = (
        change.id, change.bundle, change.base, change.name, change.environment, change.title, change.reason, change.author, change.maker,
        report, "", change.opened_at, None, None, None, file,
    )  # fmt: skip
    session.insert("ledger_change", (*_COLUMNS, "file"), [row])
    decide(session, numbers, change, "opened", change.author, "", change.reason, change.opened_at)


def decide(
    session: Session, numbers: Numbers, change: Change | None, kind: str, author: str, team: str, note: str, at: int,
    signature: dict[str, Any] | None = None,
) -> int:  # fmt: skip
    """One more line of the decision log; the hub records it in the audit chain, too."""
    number = numbers.next()
    written = orjson.dumps(signature).decode() if signature else ""
    session.insert(
        "ledger_decision", ("id", "change", "kind", "author", "team", "note", "at", "signature"),
        [(number, change.id if change else 0, kind, author, team, note, at, written)],
    )  # fmt: skip
    about = {"bundle": change.bundle, "title": change.title} if change else {}
    record(session, numbers.next(), f"person:change:{kind}", author, {**about, "team": team, "reason": note}, at)
    return number


def attach(session: Session, change: int, evidence: dict[str, Any], at: int) -> bool:
    """Keep a request's evidence; False when it has some already: what people decided upon stays what it was."""
    text = orjson.dumps(evidence, default=str).decode()
    return (
        session.execute("UPDATE ledger_change SET evidence=?, gathered_at=? WHERE id=? AND evidence=''", (text, at, change)) > 0
    )


def let_through(session: Session, change: int, review_due: int) -> None:
    """It may run before it is reviewed; the review is owed by then."""
    session.execute("UPDATE ledger_change SET review_due=? WHERE id=?", (review_due, change))


def promoted(session: Session, numbers: Numbers, bundle: str, author: str, reason: str, at: int) -> None:
    """A bundle runs from now on: its newest request, when there is one that does not run yet, is carried out. Else it is a way back."""
    rows = session.rows(f"SELECT {_LISTED} FROM ledger_change WHERE bundle=? ORDER BY id DESC LIMIT 1", (bundle,))
    change = _change(rows[0]) if rows else None
    fresh = change is not None and change.promoted_at is None
    if fresh and change is not None:
        session.execute("UPDATE ledger_change SET promoted_at=? WHERE id=?", (at, change.id))
    decide(
        session,
        numbers,
        change,
        "promoted" if fresh or change is None else "promoted_again",
        author,
        "",
        reason or bundle[:12],
        at,
    )


def waive(session: Session, numbers: Numbers, waiver: Waiver) -> None:
    """Keep a waiver."""
    session.insert(
        "ledger_waiver", ("id", "standard", "subject", "reason", "author", "team", "at", "until"),
        [(waiver.id, waiver.standard, waiver.subject, waiver.reason, waiver.author, waiver.team, waiver.at, waiver.until)],
    )  # fmt: skip
    note = f"{waiver.standard} of {waiver.subject}: {waiver.reason}"
    decide(session, numbers, None, "waived", waiver.author, waiver.team, note, waiver.at)


def changes(session: Session, before: int = 2**63 - 1, limit: int = 50) -> list[Change]:
    """Change requests, the newest first."""
    return [
        _change(row)
        for row in session.rows(f"SELECT {_LISTED} FROM ledger_change WHERE id<? ORDER BY id DESC LIMIT {int(limit)}", (before,))
    ]


def change_of(session: Session, number: int) -> Change | None:
    """One change request."""
    rows = session.rows(f"SELECT {_LISTED} FROM ledger_change WHERE id=?", (number,))
    return _change(rows[0]) if rows else None


def held(session: Session, number: int) -> Change | None:
    """One change request, which nobody else decides about until this transaction ends."""
    session.execute("UPDATE ledger_change SET environment=environment WHERE id=?", (number,))
    return change_of(session, number)


def file_of(session: Session, number: int) -> bytes:
    """The bundle of a request as it was handed in."""
    return bytes(session.rows("SELECT file FROM ledger_change WHERE id=?", (number,))[0][0])


def without_evidence(session: Session, since: int) -> list[Change]:
    """Requests opened since then whose evidence is still to be gathered, the oldest first."""
    return [
        _change(row)
        for row in session.rows(f"SELECT {_LISTED} FROM ledger_change WHERE evidence='' AND opened_at>=? ORDER BY id", (since,))
    ]


def owed(session: Session) -> list[Change]:
    """Requests that were let through in an emergency."""
    return [_change(row) for row in session.rows(f"SELECT {_LISTED} FROM ledger_change WHERE review_due IS NOT NULL ORDER BY id")]


def decisions(session: Session, change: int | None = None, before: int = 2**63 - 1, limit: int = 1000) -> list[Decision]:
    """Lines of the decision log, the newest first; only those about one request when it is named."""
    where, args = ("change=? AND id<?", (change, before)) if change is not None else ("id<?", (before,))
    rows = session.rows(f"SELECT {_SAID} FROM ledger_decision WHERE {where} ORDER BY id DESC LIMIT {int(limit)}", args)
    return [_decision(row) for row in rows]


def decisions_of(session: Session, changes: list[int]) -> dict[int, list[Decision]]:
    """What was decided about each of these requests, the oldest first."""
    found: dict[int, list[Decision]] = {each: [] for each in changes}
    for row in session.rows_in(f"SELECT {_SAID} FROM ledger_decision WHERE change {{in}} ORDER BY id", changes):
        found[row[1]].append(_decision(row))
    return found


def waivers(session: Session, since: int = 0) -> list[Waiver]:
    """Waivers that hold, or ended after `since`; the newest first."""
    return [Waiver(*row) for row in session.rows(f"SELECT {_WAIVED} FROM ledger_waiver WHERE until>? ORDER BY id DESC", (since,))]


def there_are(session: Session) -> bool:
    """Whether this ledger has a board at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_change'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_change') IS NOT NULL"))


def last_messages(session: Session, limit: int) -> list[int]:
    """The numbers of the last messages systems sent that were taken, the newest first."""
    return [
        row[0]
        for row in session.rows(
            f"SELECT id FROM ledger_message WHERE state>0 AND topic NOT LIKE 'crossdock.%' ORDER BY id DESC LIMIT {int(limit)}"
        )
    ]


def _decision(row: Row) -> Decision:
    number, change, kind, author, team, note, at, signature = row
    return Decision(number, change, kind, author, team, note, at, orjson.loads(signature) if signature else None)


def _change(row: Row) -> Change:
    values = list(row)
    values[9] = orjson.loads(values[9])
    values[10] = orjson.loads(values[10]) if values[10] else None
    return Change(*values)
