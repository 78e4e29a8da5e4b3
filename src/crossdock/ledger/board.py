"""What is expected, what is late, how much crosses: set-based reads for the board and the dashboards, from small sets and indexes only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from crossdock.core.errors import ExpectationBreached
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState, ExceptionState, ExpectationState, MessageState
from crossdock.ledger.windows import Window, condition

LIMIT: Final = 60
"""Expectations of one kind a board shows; the count says how many there are."""
_OPEN: Final = ",".join(str(int(state)) for state in OPEN_DELIVERIES)
_UNRESOLVED: Final = f"state<{int(ExceptionState.RESOLVED)}"
_FIELDS: Final = "id, key, flow, name, due, warn, owner, description"


class Expected(NamedTuple):
    """Something that should happen by `due` (microseconds since 1970)."""

    id: int
    key: str
    flow: str
    name: str
    due: int
    warn: int | None
    owner: str
    description: str
    late: bool = False
    assignee: str = ""
    exception: int = 0

    @property
    def stage(self) -> str:
        """The stage it is about: `picked` of `picked:2`."""
        return self.name.partition(":")[0]


def next_due(
    session: Session, until: int, windows: Sequence[Window] | None = None, after: tuple[int, int] = (0, 0), limit: int = LIMIT
) -> list[Expected]:
    """Open expectations in order of their due time, those after `after` (due, number) up to `until`."""
    inside, args = condition(windows, "flow", "''")
    rows = session.rows(
        f"SELECT {_FIELDS} FROM ledger_expectation WHERE state={int(ExpectationState.OPEN)} AND NOT silent AND due<=? "
        f"AND (due>? OR (due=? AND id>?)) AND {inside} ORDER BY due, id LIMIT {int(limit)}",
        (until, after[0], after[0], after[1], *args),
    )
    return [Expected(*row) for row in rows]


def late(session: Session, windows: Sequence[Window] | None = None, limit: int = LIMIT) -> list[Expected]:
    """Breached expectations nobody has settled yet, the oldest first."""
    inside, args = condition(windows)
    rows = session.rows(
        f"SELECT id FROM {_inbox(session)} WHERE {_UNRESOLVED} AND code=? AND {inside} ORDER BY created_at LIMIT {int(limit)}",
        (ExpectationBreached.code, *args),
    )
    found = session.rows_in(
        "SELECT id, key, flow, slot, due, owner, message, assignee FROM ledger_exception WHERE id {in}", [row[0] for row in rows]
    )
    late_ = [
        Expected(number, key, flow, slot.partition("/")[2], due or 0, None, owner, message, True, assignee, number)
        for number, key, flow, slot, due, owner, message, assignee in found
    ]
    return sorted(late_, key=lambda each: (each.due, each.id))


def late_count(session: Session, windows: Sequence[Window] | None = None) -> int:
    """How many breached expectations nobody has settled yet."""
    inside, args = condition(windows)
    sql = f"SELECT COUNT(*) FROM {_inbox(session)} WHERE {_UNRESOLVED} AND code=? AND {inside}"
    return int(session.rows(sql, (ExpectationBreached.code, *args))[0][0])


def _inbox(session: Session) -> str:
    return "ledger_exception INDEXED BY exception_inbox" if session.vendor == "sqlite" else "ledger_exception"


class Waiting(NamedTuple):
    """Open expectations of one name in one flow: how many, how many of them come near, when the first is due."""

    flow: str
    name: str
    open: int
    near: int
    first: int


def waiting(session: Session, now: int, until: int, windows: Sequence[Window] | None = None) -> list[Waiting]:
    """Open expectations due up to `until`, by flow and name."""
    inside, args = condition(windows, "flow", "''")
    rows = session.rows(
        "SELECT flow, name, COUNT(*), SUM(CASE WHEN warn<=? THEN 1 ELSE 0 END), MIN(due) FROM ledger_expectation "
        f"WHERE state={int(ExpectationState.OPEN)} AND NOT silent AND due<=? AND {inside} GROUP BY flow, name",
        (now, until, *args),
    )
    return [Waiting(flow, name, int(count), int(near or 0), int(first)) for flow, name, count, near, first in rows]


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """The open delivery that holds a transaction up, for its business clock. Times are microseconds since 1970."""

    key: str
    number: int
    name: str
    system: str
    flow: str
    budget: str
    state: DeliveryState
    attempts: int
    next_at: int
    deadline: int | None
    created_at: int


def on_their_way(session: Session, keys: Sequence[str]) -> dict[str, OnItsWay]:
    """The first open delivery of each of these keys."""
    found: dict[str, OnItsWay] = {}
    for key, number, name, system, flow, budget, state, attempts, next_at, deadline, created in session.rows_in(
        "SELECT key, id, name, system, flow, budget, state, attempts, next_at, deadline, created_at FROM ledger_delivery "
        f"WHERE state IN ({_OPEN}) AND key {{in}} ORDER BY id",
        list(dict.fromkeys(keys)),
    ):
        found.setdefault(
            key,
            OnItsWay(key, number, name, system, flow, budget, DeliveryState(state), attempts, next_at, deadline, created),
        )
    return found


class Hit(NamedTuple):
    """A transaction in one flow: how far it is, when it began and when something last happened."""

    key: str
    flow: str
    stage: str
    finished: bool
    opened_at: int
    updated_at: int


_HIT: Final = "SELECT key, flow, stage, finished, opened_at, updated_at FROM ledger_instance WHERE "


def _hit(row: Row) -> Hit:
    key, flow, stage, finished, opened, updated = row
    return Hit(key, flow, stage, bool(finished), opened, updated)


def transactions(session: Session, keys: Sequence[str]) -> list[Hit]:
    """The transactions of these keys."""
    return [_hit(row) for row in session.rows_in(f"{_HIT} key {{in}} ORDER BY key, flow", list(keys))]


def open_transactions(session: Session, flow: str, limit: int) -> list[Hit]:
    """The open transactions of a flow without progress for longest."""
    return [_hit(row) for row in session.rows(f"{_HIT} NOT finished AND flow=? ORDER BY updated_at LIMIT {int(limit)}", (flow,))]


# --- what stands where --------------------------------------------------------------------------------------


class Backlog(NamedTuple):
    """Open deliveries to one system: how many, of these uncertain and parked, and since when the oldest waits."""

    system: str
    flow: str
    open: int
    uncertain: int
    parked: int
    oldest: int


def backlogs(session: Session) -> list[Backlog]:
    """Open deliveries by system and flow."""
    rows = session.rows(
        f"SELECT system, flow, COUNT(*), SUM(CASE WHEN state={int(DeliveryState.UNCERTAIN)} THEN 1 ELSE 0 END), "
        f"SUM(CASE WHEN state={int(DeliveryState.PARKED)} THEN 1 ELSE 0 END), MIN(created_at) "
        f"FROM ledger_delivery WHERE state IN ({_OPEN}) GROUP BY system, flow"
    )
    return [Backlog(s, f, int(n), int(u or 0), int(p or 0), int(oldest)) for s, f, n, u, p, oldest in rows]


def unread(session: Session) -> int:
    """Messages accepted and not yet normalized."""
    return int(session.rows(f"SELECT COUNT(*) FROM ledger_message WHERE state={int(MessageState.RECEIVED)}")[0][0])


class Stuck(NamedTuple):
    """Open exceptions of a flow and system: how many, and since when the oldest waits."""

    flow: str
    system: str
    cases: int
    oldest: int


def stuck(session: Session, windows: Sequence[Window] | None = None) -> list[Stuck]:
    """Open exceptions by flow and system."""
    inside, args = condition(windows)
    rows = session.rows(
        f"SELECT flow, system, COUNT(*), MIN(created_at) FROM {_inbox(session)} WHERE {_UNRESOLVED} AND {inside} "
        "GROUP BY flow, system",
        args,
    )
    return [Stuck(*row) for row in rows]


def by_owner(session: Session, windows: Sequence[Window] | None = None) -> list[tuple[str, int]]:
    """Open exceptions by the team that owns them, most first."""
    inside, args = condition(windows)
    rows = session.rows(f"SELECT owner, COUNT(*) FROM {_inbox(session)} WHERE {_UNRESOLVED} AND {inside} GROUP BY owner", args)
    return sorted(((owner, int(count)) for owner, count in rows), key=lambda each: -each[1])


def parked(session: Session) -> dict[str, tuple[str, int]]:
    """Systems nothing is sent to until somebody mends them: reason and since when."""
    return {
        system: (reason, since)
        for system, reason, since in session.rows("SELECT system, reason, since FROM ledger_system WHERE parked")
    }


def polled(session: Session) -> dict[tuple[str, str], int]:
    """When each polled channel was asked last."""
    return {(s, c): at for s, c, at in session.rows("SELECT system, channel, polled_at FROM ledger_cursor")}


class Pulse(NamedTuple):
    """Numbers that change when something a page shows may have changed; cheap enough to be read every second."""

    audit: int
    alerts: int
    asked: int


def pulse(session: Session) -> Pulse:
    """The newest link of the audit chain (every committed fact adds one), the alerts as they stand, and what people asked for."""
    [(audit,)] = session.rows("SELECT COALESCE(MAX(id),0) FROM ledger_audit")
    [(alerts,)] = session.rows("SELECT COALESCE(SUM(count),0)+COALESCE(MAX(seen_at),0) FROM ledger_alert WHERE closed_at IS NULL")
    [(asked,)] = session.rows("SELECT COUNT(*) FROM ledger_instruction WHERE done_at IS NULL")
    return Pulse(int(audit), int(alerts), int(asked))
