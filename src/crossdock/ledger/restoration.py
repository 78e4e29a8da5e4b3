"""A ledger that was put back to an earlier moment than the world outside: what it has to forget, and what is noted of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, OPEN_RUNS, DeliveryState, EventState, MessageState, RunState

EPOCHS: Final = 1 << 20
"""How far ownership epochs are moved on: further than any worker that outlived the restoration can have come."""
NUMBER_GAP: Final = 1_000
"""How many control numbers are left out in each scope: those given between backup and loss are not given again."""
_COLUMNS: Final = ("id", "backup", "taken_at", "restored_at", "until", "caught_up_at", "ended_at", "author", "report")
_LISTED: Final = ", ".join(f'"{name}"' for name in _COLUMNS)


@dataclass(slots=True)
class Restoration:
    """One restoration; times are microseconds since 1970. `report` is what its reconciliation found."""

    id: int
    backup: str
    taken_at: int
    restored_at: int
    until: int
    caught_up_at: int | None
    ended_at: int | None
    author: str
    report: dict[str, Any] = field(default_factory=dict)


def begin(
    session: Session, numbers: Numbers, backup: str, taken_at: int, at: int, until: int, author: str, gap: int = NUMBER_GAP
) -> Restoration:
    """Prepare a ledger that is older than the world, before any hub starts on it.

    Every delivery that has not settled becomes uncertain, because it may have happened since: the target is asked. Epochs move on, so that
    a worker of before is fenced off. Control numbers leave a gap. Runs under way are interrupted: the next one counts anew.
    """
    states = ",".join(str(int(state)) for state in OPEN_DELIVERIES)
    doubtful = session.execute(
        f"UPDATE ledger_delivery SET state={int(DeliveryState.UNCERTAIN)}, next_at=0 WHERE state IN ({states})"
    )
    session.execute(f"UPDATE ledger_partition SET epoch=epoch+{EPOCHS}, owner=''")
    for scope, highest in session.rows("SELECT scope, MAX(number) FROM ledger_control_number GROUP BY scope"):
        row = (numbers.next(), scope, f"restoration {at}", int(highest) + gap, at)
        session.insert("ledger_control_number", ("id", "scope", "command", "number", "given_at"), [row])
    runs = ",".join(str(int(state)) for state in OPEN_RUNS)
    session.execute(
        f"UPDATE ledger_run SET state={int(RunState.INTERRUPTED)}, ended_at=? WHERE state IN ({runs}) AND started_at IS NOT NULL",
        (at,),
    )
    session.execute("UPDATE ledger_restoration SET ended_at=? WHERE ended_at IS NULL", (at,))
    made = Restoration(numbers.next(), backup, taken_at, at, until, None, None, author, {"doubtful": doubtful})
    session.insert("ledger_restoration", _COLUMNS, [_row(made)])
    detail = {"backup": backup, "taken_at": taken_at, "doubtful": doubtful, "until": until}
    record(session, numbers.next(), "person:ledger:restored", author, detail, at, "restoration")
    return made


def current(session: Session, at: int) -> Restoration | None:
    """The restoration under which effects are asked for before they are repeated; None when there is none (any more)."""
    rows = session.rows(
        f"SELECT {_LISTED} FROM ledger_restoration WHERE ended_at IS NULL AND until>? ORDER BY id DESC LIMIT 1", (at,)
    )
    return _restoration(rows[0]) if rows else None


def newest(session: Session) -> Restoration | None:
    """The last restoration, over or not."""
    rows = session.rows(f"SELECT {_LISTED} FROM ledger_restoration ORDER BY id DESC LIMIT 1")
    return _restoration(rows[0]) if rows else None


def there_are(session: Session) -> bool:
    """Whether this ledger knows of restorations at all; one of an earlier release does not."""
    if session.vendor == "sqlite":
        return bool(session.rows("SELECT 1 FROM sqlite_master WHERE name='ledger_restoration'"))
    return bool(session.rows("SELECT 1 WHERE to_regclass('ledger_restoration') IS NOT NULL"))


def still_doubtful(session: Session, before: int) -> int:
    """Deliveries of before the restoration whose target has not yet said whether they happened."""
    sql = f"SELECT COUNT(*) FROM ledger_delivery WHERE state={int(DeliveryState.UNCERTAIN)} AND created_at<?"
    return int(session.rows(sql, (before,))[0][0])


def quiet(session: Session) -> bool:
    """Whether nothing waits to be understood, asked or sent."""
    states = ",".join(str(int(each)) for each in (DeliveryState.READY, DeliveryState.SENDING, DeliveryState.UNCERTAIN))
    for sql in (
        f"SELECT 1 FROM ledger_message WHERE state={int(MessageState.RECEIVED)} LIMIT 1",
        f"SELECT 1 FROM ledger_event WHERE state={int(EventState.PENDING)} LIMIT 1",
        f"SELECT 1 FROM ledger_delivery WHERE state IN ({states}) LIMIT 1",
    ):
        if session.rows(sql):
            return False
    return True


def asked(session: Session, since: int) -> dict[str, int]:
    """What targets said since then about effects nobody was sure of: `found` (it had happened), `absent` (it had not), `unclear`, ..."""
    return dict(
        session.rows(
            "SELECT outcome, COUNT(*) FROM ledger_attempt WHERE kind='reconcile' AND started_at>=? GROUP BY outcome", (since,)
        )
    )


def polled(session: Session) -> dict[tuple[str, str], int]:
    """When each channel was last polled, by system and channel."""
    return {(system, channel): at for system, channel, at in session.rows("SELECT system, channel, polled_at FROM ledger_cursor")}


def heard(session: Session, since: int) -> int:
    """Messages stored since then."""
    return int(session.rows("SELECT COUNT(*) FROM ledger_message WHERE received_at>=?", (since,))[0][0])


def note(session: Session, number: int, report: dict[str, Any], caught_up_at: int | None) -> None:
    """Keep what the reconciliation has found so far."""
    session.execute(
        "UPDATE ledger_restoration SET report=?, caught_up_at=COALESCE(caught_up_at, ?) WHERE id=?",
        (orjson.dumps(report).decode(), caught_up_at, number),
    )


def finish(session: Session, numbers: Numbers, number: int, author: str, at: int) -> None:
    """From now on effects are delivered without asking first."""
    session.execute("UPDATE ledger_restoration SET ended_at=? WHERE id=? AND ended_at IS NULL", (at, number))
    record(session, numbers.next(), "person:restoration:finished", author, {}, at, "restoration")


def _row(made: Restoration) -> Row:
    report = orjson.dumps(made.report).decode()
    return (
        made.id,
        made.backup,
        made.taken_at,
        made.restored_at,
        made.until,
        made.caught_up_at,
        made.ended_at,
        made.author,
        report,
    )


def _restoration(row: Row) -> Restoration:
    number, backup, taken_at, restored_at, until, caught_up_at, ended_at, author, report = row
    return Restoration(number, backup, taken_at, restored_at, until, caught_up_at, ended_at, author, orjson.loads(report))
