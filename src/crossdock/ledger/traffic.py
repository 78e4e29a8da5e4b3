"""Traffic in steps of five minutes: counted from the big tables by their time-ordered numbers, a slice at a time, never by a full scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from crossdock.ledger.ids import EPOCH_MS, Numbers
from crossdock.ledger.session import Session

STEP: Final = 300
"""Seconds of one step; `HOUR` is what old steps are folded into."""
HOUR: Final = 3_600
RECEIVED, TAKEN, ATTEMPT, EFFECT, EXCEPTION, OPENED = "received", "taken", "attempt", "effect", "exception", "opened"
"""What is counted: messages by channel; events by the flow whose transaction they belong to; attempts by outcome; accepted effects from the arrival of what caused them; exceptions by code;
transactions begun."""
EDGES: Final = tuple(int(one * 10**power) for power in range(3, 12) for one in (1, 2, 5))[:27]
"""Upper edges in microseconds of the bins durations are counted in: 1 ms, 2 ms, 5 ms … 139 hours; the last bin has no edge."""

_MARK: Final = "mark"
COLUMNS: Final = ("id", "span", "bucket", "measure", "system", "flow", "name", "count", "total", "bins")


class Kind(NamedTuple):
    """What a cell counts."""

    measure: str
    system: str = ""
    flow: str = ""
    name: str = ""


@dataclass(slots=True)
class Cell:
    """A count with its sum of microseconds and, for durations, how many fell into each bin."""

    count: int = 0
    total: int = 0
    bins: list[int] = field(default_factory=list)

    def add(self, other: Cell) -> None:
        """Take another cell's counts in."""
        self.count += other.count
        self.total += other.total
        if other.bins:
            width = max(len(self.bins), len(other.bins))
            mine = self.bins + [0] * (width - len(self.bins))
            self.bins = [a + b for a, b in zip(mine, other.bins + [0] * (width - len(other.bins)), strict=True)]

    def quantile(self, share: float) -> float | None:
        """The duration in seconds that `share` of the counted stay below, interpolated inside its bin; None without durations."""
        wanted = sum(self.bins) * share
        if not wanted:
            return None
        below = 0
        for place, count in enumerate(self.bins):
            if count and below + count >= wanted:
                low = EDGES[place - 1] if place else 0
                high = EDGES[place] if place < len(EDGES) else EDGES[-1] * 2
                return (low + (high - low) * (wanted - below) / count) / 1e6
            below += count
        return EDGES[-1] / 1e6


Cells = dict[Kind, Cell]


def number_at(micros: int) -> int:
    """The smallest record number given at or after a time (microseconds since 1970)."""
    return max(0, (micros // 1000 - EPOCH_MS) << 22)


def _bin(column: str) -> str:
    return (
        "CASE " + " ".join(f"WHEN {column}<{edge} THEN {place}" for place, edge in enumerate(EDGES)) + f" ELSE {len(EDGES)} END"
    )


_ELAPSED: Final = (
    "a.started_at+a.micros-COALESCE(CASE WHEN e.message_id>0 THEN ((e.message_id>>22)+"
    + str(EPOCH_MS)
    + ")*1000 END,d.created_at)"
)
_PLAIN: Final = {
    RECEIVED: "SELECT system, '', channel, COUNT(*) FROM ledger_message WHERE id>=? AND id<? GROUP BY 1, 3",
    TAKEN: (
        "SELECT e.source, i.flow, e.type, COUNT(*) FROM ledger_event e JOIN ledger_instance i ON i.key=e.key "
        "WHERE e.id>=? AND e.id<? GROUP BY 1, 2, 3"
    ),
    EXCEPTION: "SELECT system, flow, code, COUNT(*) FROM ledger_exception WHERE id>=? AND id<? GROUP BY 1, 2, 3",
    OPENED: "SELECT '', flow, process, COUNT(*) FROM ledger_instance WHERE id>=? AND id<? GROUP BY 2, 3",
}
_TIMED: Final = {
    ATTEMPT: (
        f"SELECT d.system, d.flow, a.outcome, {_bin('a.micros')}, COUNT(*), SUM(a.micros) FROM ledger_attempt a "
        "JOIN ledger_delivery d ON d.id=a.delivery_id WHERE a.id>=? AND a.id<? GROUP BY 1, 2, 3, 4"
    ),
    EFFECT: (
        f"SELECT system, flow, name, {_bin('elapsed')}, COUNT(*), SUM(elapsed) FROM (SELECT d.system, d.flow, d.name, {_ELAPSED} AS elapsed "
        "FROM ledger_attempt a JOIN ledger_delivery d ON d.id=a.delivery_id LEFT JOIN ledger_event e ON e.id=d.cause "
        "WHERE a.id>=? AND a.id<? AND a.outcome='accepted') AS effects GROUP BY 1, 2, 3, 4"
    ),
}


def count(session: Session, begin: int, end: int) -> Cells:
    """Count what was recorded from `begin` up to `end` (microseconds): reads only the rows of that time."""
    low, high = number_at(begin), number_at(end)
    cells: Cells = {}
    for measure, sql in _PLAIN.items():
        for system, flow, name, found in session.rows(sql, (low, high)):
            cells[Kind(measure, system, flow, name)] = Cell(int(found))
    for measure, sql in _TIMED.items():
        for system, flow, name, place, found, total in session.rows(sql, (low, high)):
            bins = [0] * (len(EDGES) + 1)
            bins[int(place)] = int(found)
            cells.setdefault(Kind(measure, system, flow, name), Cell()).add(Cell(int(found), int(total), bins))
    return cells


def mark(session: Session) -> int | None:
    """Up to when (microseconds) everything was counted; None at first."""
    rows = session.rows("SELECT count FROM ledger_traffic WHERE span=0 AND bucket=0 AND measure=?", (_MARK,))
    return int(rows[0][0]) if rows else None


def earliest(session: Session, after: int) -> int | None:
    """When (microseconds) the first thing to be counted at or after a time was recorded; None when there is nothing."""
    low = number_at(after)
    found = [
        rows[0][0]
        for table in ("ledger_message", "ledger_attempt", "ledger_exception", "ledger_instance")
        if (rows := session.rows(f"SELECT id FROM {table} WHERE id>=? ORDER BY id LIMIT 1", (low,)))
    ]
    return ((min(found) >> 22) + EPOCH_MS) * 1000 if found else None


def add(session: Session, numbers: Numbers, begin: int, end: int, cells: Cells) -> None:
    """Add what was counted to the step that `begin` lies in, and note that everything up to `end` is counted."""
    bucket = begin // 1_000_000 // STEP * STEP
    known = {} if not cells else dict(_read(session, STEP, bucket, bucket + 1).get(bucket, {}))
    for kind, cell in cells.items():
        if kind in known:
            cell.add(known[kind])
    _write(session, numbers, STEP, bucket, cells)
    _put(session, [(numbers.next(), 0, 0, _MARK, "", "", "", end, 0, "")])


def _write(session: Session, numbers: Numbers, span: int, bucket: int, cells: Cells) -> None:
    _put(
        session,
        [
            (numbers.next(), span, bucket, *kind, cell.count, cell.total, orjson.dumps(cell.bins).decode() if cell.bins else "")
            for kind, cell in cells.items()
        ],
    )


def _put(session: Session, rows: list[tuple[Any, ...]]) -> None:
    unique = ("span", "bucket", "measure", "system", "flow", "name")
    session.upsert("ledger_traffic", COLUMNS, rows, unique, ("count", "total", "bins"))


def _read(session: Session, span: int, begin: int, end: int, measures: Iterable[str] = ()) -> dict[int, Cells]:
    names = list(measures)
    only = f" AND measure IN ({','.join('?' * len(names))})" if names else ""
    found: dict[int, Cells] = {}
    for bucket, measure, system, flow, name, counted, total, bins in session.rows(
        "SELECT bucket, measure, system, flow, name, count, total, bins FROM ledger_traffic "
        f"WHERE span=? AND bucket>=? AND bucket<?{only} ORDER BY bucket",
        (span, begin, end, *names),
    ):
        cell = Cell(int(counted), int(total), orjson.loads(bins) if bins else [])
        found.setdefault(int(bucket), {})[Kind(measure, system, flow, name)] = cell
    return found


def steps(session: Session, begin: int, end: int, measures: Iterable[str] = ()) -> dict[int, Cells]:
    """Cells by the start (seconds since 1970) of each five minutes in [begin, end); steps without anything are left out."""
    return _read(session, STEP, begin, end, measures)


def hours(session: Session, begin: int, end: int, measures: Iterable[str] = ()) -> dict[int, Cells]:
    """Cells by the start of each hour in [begin, end), folded or not."""
    names = list(measures)
    found = _read(session, HOUR, begin, end, names)
    for bucket, cells in _read(session, STEP, begin, end, names).items():
        into = found.setdefault(bucket // HOUR * HOUR, {})
        for kind, cell in cells.items():
            into.setdefault(kind, Cell()).add(_in_hour(kind, cell, bucket))
    return found


def _in_hour(kind: Kind, cell: Cell, bucket: int) -> Cell:
    """A step's cell as part of its hour: of arrivals the hour remembers in which five minutes they were."""
    if kind.measure != RECEIVED:
        return cell
    places = [0] * (HOUR // STEP)
    places[bucket % HOUR // STEP] = cell.count
    return Cell(cell.count, cell.total, places)


def fold(session: Session, numbers: Numbers, before: int) -> bool:
    """Fold the oldest hour that lies wholly before `before` (seconds) into one; whether there was one."""
    rows = session.rows("SELECT bucket FROM ledger_traffic WHERE span=? ORDER BY bucket LIMIT 1", (STEP,))
    if not rows:
        return False
    hour = int(rows[0][0]) // HOUR * HOUR
    if hour + HOUR > before:
        return False
    _write(session, numbers, HOUR, hour, hours(session, hour, hour + HOUR).get(hour, {}))
    session.execute("DELETE FROM ledger_traffic WHERE span=? AND bucket>=? AND bucket<?", (STEP, hour, hour + HOUR))
    return True


def forget(session: Session, before: int) -> int:
    """Remove hours before a time (seconds); how many rows that were."""
    return session.execute("DELETE FROM ledger_traffic WHERE span=? AND bucket<?", (HOUR, before))


def arrivals(session: Session, begin: int, end: int) -> dict[tuple[str, str], dict[int, int]]:
    """Per (system, channel): messages by the start of each five minutes in which there were any, folded or not."""
    found: dict[tuple[str, str], dict[int, int]] = {}
    for hour, cells in _read(session, HOUR, begin // HOUR * HOUR, end, [RECEIVED]).items():
        for kind, cell in cells.items():
            channel = found.setdefault((kind.system, kind.name), {})
            channel.update({hour + place * STEP: n for place, n in enumerate(cell.bins) if n})
    for bucket, cells in _read(session, STEP, begin, end, [RECEIVED]).items():
        for kind, cell in cells.items():
            found.setdefault((kind.system, kind.name), {})[bucket] = cell.count
    return found


def newest(session: Session, since: int) -> dict[str, int]:
    """Per system: the start of the last five minutes (not folded yet) since then in which it sent anything."""
    sql = "SELECT system, MAX(bucket) FROM ledger_traffic WHERE span=? AND bucket>=? AND measure=? GROUP BY system"
    return {system: int(bucket) for system, bucket in session.rows(sql, (STEP, since, RECEIVED))}


def received_since(session: Session, system: str, channel: str, since: int) -> bool:
    """Whether a message of a channel was stored after a time (microseconds), also one not counted yet."""
    low = number_at(since)
    sql = "SELECT 1 FROM ledger_message WHERE id>=? AND system=? AND channel=? LIMIT 1"
    return bool(session.rows(sql, (low, system, channel)))


def summed(cells: Mapping[int, Cells], measure: str) -> dict[Kind, Cell]:
    """All steps of a measure added up, by kind."""
    found: dict[Kind, Cell] = {}
    for each in cells.values():
        for kind, cell in each.items():
            if kind.measure == measure:
                found.setdefault(kind, Cell()).add(cell)
    return found
