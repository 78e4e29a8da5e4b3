"""Retention: which payloads have outlived their time, and their removal in bounded steps; skeletons, keys and the audit chain stay.

A row keeps what says that something happened (identity, times, state, digest), so that a late duplicate is still recognised and the story
is still told; what was said (body, document, command, exchanges, process state) is removed. Knows no landscape and no schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Literal

from crossdock.ledger.batch import ATTEMPT_COLUMNS, CARED_COLUMNS, DELIVERY_COLUMNS, EVENT_COLUMNS, INSTANCE_COLUMNS
from crossdock.ledger.ids import EPOCH_MS
from crossdock.ledger.intake import COLUMNS as MESSAGE_COLUMNS
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState, EventState, ExceptionState, MessageState

State = Literal["settled", "rejected", "exception_open"]

STEP: Final = 400
"""Rows looked at, and at most changed, in one transaction."""
SMALL: Final = 256
"""States of finished processes up to this size hold no document; they are kept unless their flow carries a protected data class."""
LEFT: Final = 100_000
"""Rows past their time that something still needs; more are looked at again by not going on."""

NEVER: Final = 2**62
"""A number above every record's."""

_OPEN: Final = ",".join(str(int(state)) for state in OPEN_DELIVERIES)
_UNRESOLVED: Final = int(ExceptionState.RESOLVED)


@dataclass(frozen=True, slots=True)
class Rule:
    """Payloads of a data class (empty: any) that came to `state` are kept for `keep` microseconds."""

    state: State
    keep: int
    data_class: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """All rules, the first fitting one counts, and which data classes an event type, a flow or a system carries."""

    rules: tuple[Rule, ...]
    of_event: Mapping[str, frozenset[str]] = field(default_factory=dict)
    of_flow: Mapping[str, frozenset[str]] = field(default_factory=dict)
    of_system: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def keep(self, state: State, classes: Iterable[str]) -> int | None:
        """How long a payload is kept, in microseconds; None: for ever."""
        present = set(classes)
        for rule in self.rules:
            if rule.state == state and (not rule.data_class or rule.data_class in present):
                return rule.keep
        return None

    @property
    def spans(self) -> tuple[int, ...]:
        """Every time anything is kept for, shortest first."""
        return tuple(sorted({rule.keep for rule in self.rules}))

    def digest(self) -> str:
        """Changes when a rule changes: then everything is looked at anew."""
        parts: list[Any] = [[(r.state, r.keep, r.data_class) for r in self.rules]]
        parts += [
            sorted((name, sorted(classes)) for name, classes in of.items())
            for of in (self.of_event, self.of_flow, self.of_system)
        ]
        return blake2b(repr(parts).encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class Due:
    """What one look at a table found: rows whose payload goes now, rows past their time that have to stay, and where to go on."""

    kind: str
    ids: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    size: int = 0
    """Bytes of the payloads, as they are stored."""
    claims: list[str] = field(default_factory=list)
    after: int = 0
    """The last row looked at; 0 when the table is done."""


def number_at(micros: int) -> int:
    """The smallest record number that can have been given at a time (microseconds since 1970)."""
    return min(max(0, micros // 1000 - EPOCH_MS) << 22, 2**63 - 1)


# --- looking --------------------------------------------------------------------------------------------------


class Look:
    """Looks at rows of all kinds that were recorded longer ago than a time span."""

    def __init__(self, plan: Plan, now: int) -> None:
        self._plan = plan
        self._now = now

    def step(self, session: Session, kind: str, after: int, before: int, span: int) -> Due:
        """The next rows of a kind, numbered between `after` and `before`, that were recorded longer than `span` microseconds ago."""
        sql, judge = self._kinds[kind]
        end = min(before, number_at(self._now - span))
        rows = session.rows(f"{sql} AND id>? AND id<? ORDER BY id LIMIT {STEP}", (after, end))
        found = judge(self, session, rows)
        found.after = rows[-1][0] if len(rows) == STEP else 0
        return found

    def again(self, session: Session, kind: str, ids: Sequence[int]) -> Due:
        """Rows that had to stay the last time."""
        sql, judge = self._kinds[kind]
        return judge(self, session, session.rows_in(f"{sql} AND id {{in}}", list(ids)))

    def _sort(self, found: Due, number: int, state: State | None, classes: Iterable[str], since: int, size: int) -> bool:
        """Whether a row's payload goes now. `since` is when its time began; `state` is None while it is not settled.

        A row that no span will show again although its time comes later is `left`: it is unsettled, needed by a person, or its time began
        late. What merely has a longer time comes up with that span.
        """
        keep = None if state is None else self._plan.keep(state, classes)
        if keep is not None and since + keep <= self._now:
            found.ids.append(number)
            found.size += size
            return True
        if state in (None, "exception_open") or (keep is not None and number < number_at(self._now - keep)):
            found.left.append(number)
        return False

    def _messages(self, session: Session, rows: Sequence[Row]) -> Due:
        found = Due("message")
        numbers = [row[0] for row in rows]
        told: dict[int, list[tuple[str, str]]] = {}
        for message, kind, key in session.rows_in(
            "SELECT DISTINCT message_id, type, key FROM ledger_event WHERE message_id {in}", numbers
        ):
            told.setdefault(message, []).append((kind, key))
        keys = _keys(session, {key for events in told.values() for _, key in events if key})
        excepted = _excepted(session, "message", numbers)
        for number, system, state, at, size, claim in rows:
            events = told.get(number, [])
            classes = frozenset[str]().union(*(self._plan.of_event.get(kind, frozenset()) for kind, _ in events))
            if not events:
                classes = self._plan.of_system.get(system, frozenset())
            fates = {keys.came_to(key, "settled") for _, key in events} | {
                "rejected" if state == MessageState.FAILED else "settled"
            }
            came_to: State | None = "rejected" if "rejected" in fates else "settled"
            if number in excepted or "exception_open" in fates:
                came_to = "exception_open"
            if state == MessageState.RECEIVED or None in fates:
                came_to = None
            if self._sort(found, number, came_to, classes, at, size) and claim:
                found.claims.append(claim)
        return found

    def _events(self, session: Session, rows: Sequence[Row]) -> Due:
        found = Due("event")
        keys = _keys(session, {row[3] for row in rows if row[3]})
        excepted = _excepted(session, "event", [row[0] for row in rows])
        for number, kind, state, key, at, size in rows:
            came_to = keys.came_to(key, "rejected" if state == EventState.FAILED else "settled")
            if came_to is not None and number in excepted:
                came_to = "exception_open"
            if state in (EventState.PENDING, EventState.HELD, EventState.WAITING):
                came_to = None
            self._sort(found, number, came_to, self._plan.of_event.get(kind, frozenset()), at, size)
        return found

    def _deliveries(self, session: Session, rows: Sequence[Row]) -> Due:
        found = Due("delivery")
        numbers = [row[0] for row in rows]
        keys = _keys(session, {row[3] for row in rows})
        excepted = _excepted(session, "delivery", numbers)
        sql = "SELECT delivery_id, SUM(COALESCE(LENGTH(exchanges),0)) FROM ledger_attempt WHERE delivery_id {in} GROUP BY delivery_id"
        attempts: dict[int, int] = dict(session.rows_in(sql, numbers))
        for number, flow, state, key, settled_at, size in rows:
            came_to = keys.came_to(key, "rejected" if state == DeliveryState.FAILED else "settled")
            if came_to is not None and number in excepted:
                came_to = "exception_open"
            if settled_at is None:
                came_to = None
            weight = size + int(attempts.get(number) or 0)
            self._sort(found, number, came_to, self._plan.of_flow.get(flow, frozenset()), settled_at or 0, weight)
        return found

    def _instances(self, session: Session, rows: Sequence[Row]) -> Due:
        found = Due("instance")
        keys = _keys(session, {row[3] for row in rows})
        for number, flow, finished, key, updated_at, size in rows:
            classes = self._plan.of_flow.get(flow, frozenset())
            if size <= SMALL and not classes:
                continue
            came_to = keys.came_to(key, "settled") if finished else None
            self._sort(found, number, came_to, classes, updated_at, size)
        return found

    def _exceptions(self, _session: Session, rows: Sequence[Row]) -> Due:
        found = Due("exception")
        for number, flow, system, state, updated_at, size in rows:
            classes = self._plan.of_flow.get(flow) or self._plan.of_system.get(system, frozenset())
            came_to: State | None = "settled" if state >= _UNRESOLVED else "exception_open"
            self._sort(found, number, came_to, classes, updated_at, size)
        return found

    _kinds: Final[Mapping[str, tuple[str, Callable[[Look, Session, Sequence[Row]], Due]]]] = {
        "message": (
            "SELECT id, system, state, received_at, COALESCE(LENGTH(body),0)+LENGTH(headers), claim FROM ledger_message "
            "WHERE (body IS NOT NULL OR claim<>'')",
            _messages,
        ),
        "event": ("SELECT id, type, state, key, created_at, LENGTH(data) FROM ledger_event WHERE LENGTH(data)>0", _events),
        "delivery": (
            "SELECT id, flow, state, key, settled_at, LENGTH(data)+COALESCE(LENGTH(ack),0) FROM ledger_delivery WHERE LENGTH(data)>0",
            _deliveries,
        ),
        "instance": (
            "SELECT id, flow, finished, key, updated_at, LENGTH(state) FROM ledger_instance WHERE LENGTH(state)>0",
            _instances,
        ),
        "exception": (
            "SELECT id, flow, system, state, updated_at, LENGTH(detail) FROM ledger_exception WHERE LENGTH(detail)>0",
            _exceptions,
        ),
    }


KINDS: Final = tuple(Look._kinds)


@dataclass(frozen=True, slots=True)
class _Keys:
    """Which transactions go on (a process that is not finished, an open delivery), and which wait for a person."""

    running: set[str]
    excepted: set[str]

    def came_to(self, key: str, otherwise: State) -> State | None:
        """What the rows of a settled fact of this key came to."""
        return None if key in self.running else "exception_open" if key in self.excepted else otherwise


def _keys(session: Session, keys: set[str]) -> _Keys:
    wanted = list(keys)
    running = {
        key for (key,) in session.rows_in("SELECT DISTINCT key FROM ledger_instance WHERE NOT finished AND key {in}", wanted)
    }
    # all of them: few are open, while a key such as a SKU's may have had many
    running.update(key for (key,) in session.rows(f"SELECT key FROM ledger_delivery WHERE state IN ({_OPEN})") if key in keys)
    sql = f"SELECT DISTINCT key FROM ledger_exception WHERE state<{_UNRESOLVED} AND key {{in}}"
    return _Keys(running, {key for (key,) in session.rows_in(sql, wanted)})


def _excepted(session: Session, subject: str, ids: Sequence[int]) -> set[int]:
    """Which of these subjects have an exception that is not resolved."""
    identities = {blake2b(f"{subject}\0{number}\0\0".encode(), digest_size=16).digest(): number for number in ids}
    rows = session.rows_in(
        f"SELECT identity FROM ledger_exception WHERE state<{_UNRESOLVED} AND identity {{in}}", list(identities)
    )
    return {identities[bytes(identity)] for (identity,) in rows}


# --- removing -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Table:
    """A table, all its columns, and what its payload columns hold afterwards."""

    name: str
    columns: tuple[str, ...]
    blank: Mapping[str, Any]


_TABLES: Final[Mapping[str, _Table]] = {
    "message": _Table("ledger_message", MESSAGE_COLUMNS, {"body": None, "claim": "", "headers": "", "encoding": 0}),
    "event": _Table("ledger_event", EVENT_COLUMNS, {"data": b""}),
    "delivery": _Table("ledger_delivery", DELIVERY_COLUMNS, {"data": b"", "ack": None}),
    "attempt": _Table("ledger_attempt", ATTEMPT_COLUMNS, {"exchanges": None, "message": ""}),
    "instance": _Table("ledger_instance", INSTANCE_COLUMNS, {"state": b""}),
    "exception": _Table("ledger_exception", CARED_COLUMNS, {"detail": "", "message": ""}),
}


def remove(session: Session, due: Due) -> None:
    """Remove the payloads of what a look found."""
    _blank(session, _TABLES[due.kind], due.ids)
    if due.kind in ("message", "delivery"):
        session.rows_in("DELETE FROM ledger_correction WHERE message_id {in} RETURNING id", due.ids)
    if due.kind == "message":
        session.rows_in("DELETE FROM ledger_message_name WHERE message_id {in} RETURNING id", due.ids)
    if due.kind == "delivery":
        attempts = [number for (number,) in session.rows_in("SELECT id FROM ledger_attempt WHERE delivery_id {in}", due.ids)]
        _blank(session, _TABLES["attempt"], sorted(attempts))


def _blank(session: Session, table: _Table, ids: Sequence[int]) -> None:
    if session.vendor == "postgresql":
        names = tuple(table.blank)
        values = tuple(table.blank.values())
        session.update(table.name, names, [(number, *values) for number in ids])
        return
    # SQLite never merges pages that an UPDATE left half empty; it does when rows are deleted, so rows are taken out and put back smaller
    shown = ", ".join(f'"{column}"' for column in table.columns)
    at = {table.columns.index(name): value for name, value in table.blank.items()}
    rows = session.rows_in(f"SELECT {shown} FROM {table.name} WHERE id {{in}}", list(ids))
    session.rows_in(f"DELETE FROM {table.name} WHERE id {{in}} RETURNING id", list(ids))
    session.insert(table.name, table.columns, [tuple(at.get(place, value) for place, value in enumerate(row)) for row in rows])


def forget_instructions(session: Session, before: int) -> int:
    """Delete instructions that were carried out before a time; the audit chain tells of them."""
    sql = "SELECT id FROM ledger_instruction WHERE done_at IS NOT NULL AND done_at<? AND id<? ORDER BY id LIMIT ?"
    ids = [number for (number,) in session.rows(sql, (before, number_at(before), STEP))]
    session.rows_in("DELETE FROM ledger_instruction WHERE id {in} RETURNING id", ids)
    return len(ids)


def forget_jobs(session: Session, before: int) -> int:
    """Delete bulk jobs that ended before a time, first what they did to each exception, a part at a time; the audit chain tells of them."""
    sql = "SELECT id FROM ledger_job WHERE ended_at IS NOT NULL AND ended_at<? AND id<? ORDER BY id LIMIT 1"
    rows = session.rows(sql, (before, number_at(before)))
    if not rows:
        return 0
    job = rows[0][0]
    items = [
        number for (number,) in session.rows("SELECT id FROM ledger_job_item WHERE job_id=? ORDER BY id LIMIT ?", (job, STEP))
    ]
    session.rows_in("DELETE FROM ledger_job_item WHERE id {in} RETURNING id", items)
    if len(items) == STEP:
        return STEP
    return len(items) + session.execute("DELETE FROM ledger_job WHERE id=?", (job,))


def forget_map_entries(session: Session, before: int) -> int:
    """Delete value-map entries taken out of force before a time; the audit chain tells of them."""
    return session.execute("DELETE FROM ledger_map_entry WHERE removed_at IS NOT NULL AND removed_at<?", (before,))


def still_claimed(session: Session, claims: Sequence[str]) -> set[str]:
    """Which of these claims other messages still have."""
    return {
        claim
        for (claim,) in session.rows_in(
            "SELECT DISTINCT claim FROM ledger_message WHERE NOT (claim = '') AND claim {in}", list(claims)
        )
    }


def give_back(session: Session, pages: int = 2_000) -> int:
    """Return free pages of an SQLite file to the disk, so many at most; how many are left. PostgreSQL's autovacuum does it by itself."""
    if session.vendor != "sqlite":
        return 0
    session.rows(f"PRAGMA incremental_vacuum({int(pages)})")
    return int(session.rows("PRAGMA freelist_count")[0][0])
