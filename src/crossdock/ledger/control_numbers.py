"""Numbers given to what the hub sends: each once, in order, the same again for the same command; durable before anything leaves."""

from __future__ import annotations

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.session import Session

_RACES = 50


def give(session: Session, number: int, scope: str, command: str, at: int, first: int = 1) -> tuple[int, int]:
    """The number of `command` in `scope`, and when it was given (microseconds): the one it has, else the next, beginning with `first`.

    `number` is a fresh record number. Two workers that ask at once get different numbers; who loses the race asks again.
    """
    greater = "MAX" if session.vendor == "sqlite" else "GREATEST"
    for _ in range(_RACES):
        known = session.rows("SELECT number, given_at FROM ledger_control_number WHERE scope=? AND command=?", (scope, command))
        if known:
            return known[0][0], known[0][1]
        session.execute(
            "INSERT INTO ledger_control_number (id, scope, command, number, given_at) "
            f"SELECT ?, ?, ?, {greater}(COALESCE(MAX(number), 0) + 1, ?), ? FROM ledger_control_number WHERE scope=? "
            "ON CONFLICT DO NOTHING",
            (number, scope, command, first, at, scope),
        )
    raise LedgerUnavailable("no control number could be given: too many others ask at the same time")


def command_of(session: Session, scope: str, number: int) -> str:
    """The command a number was given to; empty when nobody has it."""
    rows = session.rows("SELECT command FROM ledger_control_number WHERE scope=? AND number=?", (scope, number))
    return str(rows[0][0]) if rows else ""


def referred(session: Session, scheme: str, value: str) -> bool:
    """Whether any transaction is known by this reference."""
    return bool(session.rows("SELECT 1 FROM ledger_reference WHERE value=? AND scheme=? LIMIT 1", (value, scheme)))
