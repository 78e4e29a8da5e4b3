"""What monitoring reads to find out what is wrong, and the alerts it keeps: who was told what, when; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import instruct_about
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import ExceptionState, ExpectationState

TAKE: Final = "alert"
"""Kind of the instruction by which a person takes an alert over, or gives it back."""


class ExceptionGroup(NamedTuple):
    """Open exceptions of one cause and owner. `newest` is when the last one opened, `sample` the number of one of them."""

    fingerprint: str
    owner: str
    code: str
    step: str
    flow: str
    system: str
    key: str
    cases: int
    taken: int
    snoozed: int
    oldest: int
    newest: int
    sample: int


def exception_groups(session: Session) -> list[ExceptionGroup]:
    """All open exceptions by fingerprint and owner; answered by the inbox's index alone."""
    return [
        ExceptionGroup(*row)
        for row in session.rows(
            "SELECT fingerprint, owner, MIN(code), MIN(step), MIN(flow), MIN(system), MIN(key), COUNT(*), "
            "SUM(CASE WHEN assignee<>'' THEN 1 ELSE 0 END), SUM(CASE WHEN snoozed_until IS NOT NULL THEN 1 ELSE 0 END), "
            "MIN(created_at), MAX(created_at), MIN(id) "
            f"FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)} GROUP BY fingerprint, owner"
        )
    ]


def slots_of(session: Session, numbers: Sequence[int]) -> dict[int, str]:
    """The slots of exceptions (for a breached expectation: flow and name)."""
    return dict(session.rows_in("SELECT id, slot FROM ledger_exception WHERE id {in}", list(numbers)))


class Nearing(NamedTuple):
    """Open expectations of one flow, name and owner whose warning time has come."""

    flow: str
    name: str
    owner: str
    cases: int
    due: int
    newest: int
    key: str


def nearing(session: Session, now: int) -> list[Nearing]:
    """Expectations that come near: warned of, not yet due."""
    return [
        Nearing(*row)
        for row in session.rows(
            "SELECT flow, name, owner, COUNT(*), MIN(due), MAX(warn), MIN(key) FROM ledger_expectation "
            f"WHERE state={int(ExpectationState.OPEN)} AND warn IS NOT NULL AND warn<=? AND due>? AND NOT silent "
            "GROUP BY flow, name, owner",
            (now, now),
        )
    ]


# --- alerts -------------------------------------------------------------------------------------------------

FIELDS: Final = (
    "id", "identity", "kind", "severity", "owner", "title", "text", "flow", "system", "subject", "count", "since", "seen_at",
    "closed_at", "taken_by", "taken_at", "told",
)  # fmt: skip


@dataclass(slots=True)
class KeptAlert:
    """One alert as it is kept; times are microseconds since 1970, `told` is JSON by route."""

    id: int
    identity: str
    kind: str
    severity: str
    owner: str
    title: str
    text: str
    flow: str
    system: str
    subject: str
    count: int
    since: int
    seen_at: int
    closed_at: int | None = None
    taken_by: str = ""
    taken_at: int | None = None
    told: dict[str, dict[str, Any]] = field(default_factory=dict)

    def row(self) -> Row:
        """The row in `FIELDS` order."""
        values = [getattr(self, name) for name in FIELDS[:-1]]
        return (*values, orjson.dumps(self.told).decode())


def _alert(row: Row) -> KeptAlert:
    return KeptAlert(**dict(zip(FIELDS, (*row[:-1], orjson.loads(row[-1] or "{}")), strict=True)))


def kept(session: Session, closed_since: int) -> list[KeptAlert]:
    """All open alerts, and those that ended after a time."""
    return [
        _alert(row)
        for row in session.rows(
            f"SELECT {', '.join(FIELDS)} FROM ledger_alert WHERE closed_at IS NULL OR closed_at>=? ORDER BY since",
            (closed_since,),
        )
    ]


def open_alerts(session: Session, limit: int = 500) -> list[KeptAlert]:
    """What is wrong now, the longest first; what monitoring keeps for itself is left out."""
    return [
        _alert(row)
        for row in session.rows(
            f"SELECT {', '.join(FIELDS)} FROM ledger_alert WHERE closed_at IS NULL ORDER BY since LIMIT ?", (limit,)
        )
    ]


def save(session: Session, alerts: Iterable[KeptAlert]) -> None:
    """Write alerts as they stand; who took one over is written by `take` alone."""
    session.upsert(
        "ledger_alert",
        FIELDS,
        [alert.row() for alert in alerts],
        ("identity",),
        ("severity", "owner", "title", "text", "flow", "system", "subject", "count", "since", "seen_at", "closed_at", "told"),
    )


def take(session: Session, number: int, by: str, at: int | None) -> None:
    """Note who takes care of an alert; nobody with an empty name."""
    session.execute("UPDATE ledger_alert SET taken_by=?, taken_at=? WHERE id=?", (by, at, number))


def forget(session: Session, before: int) -> int:
    """Remove alerts that ended before a time; how many."""
    return session.execute("DELETE FROM ledger_alert WHERE closed_at IS NOT NULL AND closed_at<?", (before,))


def alert_by_id(session: Session, number: int) -> KeptAlert | None:
    """One alert."""
    rows = session.rows(f"SELECT {', '.join(FIELDS)} FROM ledger_alert WHERE id=?", (number,))
    return _alert(rows[0]) if rows else None


class Asked(NamedTuple):
    """Somebody asked to take an alert over (`take`) or to give it back."""

    number: int
    alert: int
    author: str
    take: bool
    note: str


def ask(session: Session, numbers: Numbers, alert: int, author: str, at: int, *, taken: bool, note: str, partition: int) -> int:
    """Ask the hub to note that a person takes an alert over, or gives it back; the number of the instruction."""
    data = orjson.dumps({"take": taken, "note": note}).decode()
    return instruct_about(session, numbers, TAKE, [(alert, partition)], data, author, at)[0]


def asked(session: Session, partition: int) -> list[Asked]:
    """Requests about alerts that nobody has answered yet."""
    rows = session.rows(
        "SELECT id, subject_id, author, data FROM ledger_instruction WHERE done_at IS NULL AND kind=? AND partition=? ORDER BY id",
        (TAKE, partition),
    )
    return [
        Asked(number, alert, author, bool(found.get("take")), str(found.get("note", "")))
        for number, alert, author, data in rows
        if (found := orjson.loads(data)) is not None
    ]
