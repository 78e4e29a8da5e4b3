"""Runs of batch flows in the ledger: planned, under way, ended; who asked for one; knows no workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_DELIVERIES, OPEN_RUNS, DeliveryState, EventState, ExceptionState, MessageState, RunState

RUN: Final = "run"
"""Kind of the instruction that asks for a run."""

COLUMNS: Final = (
    "id", "flow", "state", "due_at", "started_at", "ended_at", "partition", "epoch", "author", "progress", "result",
)  # fmt: skip
_SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM ledger_run WHERE "
_OPEN: Final = ",".join(str(int(state)) for state in OPEN_RUNS)
_UNSETTLED: Final = ",".join(str(int(state)) for state in OPEN_DELIVERIES)


@dataclass(slots=True)
class Run:
    """One run. Times are microseconds since 1970; `progress` and `result` hold JSON values."""

    id: int
    flow: str
    state: RunState
    due_at: int
    started_at: int | None
    ended_at: int | None
    partition: int
    epoch: int
    author: str
    progress: dict[str, Any]
    result: dict[str, Any]

    def row(self) -> Row:
        """The ledger row in `COLUMNS` order."""
        return (
            self.id, self.flow, int(self.state), self.due_at, self.started_at, self.ended_at, self.partition, self.epoch,
            self.author, orjson.dumps(self.progress).decode(), orjson.dumps(self.result).decode(),
        )  # fmt: skip


def _run(row: Row) -> Run:
    number, flow, state, due, started, ended, partition, epoch, author, progress, result = row
    return Run(
        number, flow, RunState(state), due, started, ended, partition, epoch, author, orjson.loads(progress), orjson.loads(result)
    )


def open_runs(session: Session, partitions: Sequence[int]) -> list[Run]:
    """Planned, running and settling runs of these partitions, oldest first."""
    rows = session.rows_in(f"{_SELECT} state IN ({_OPEN}) AND partition {{in}} ORDER BY id", list(partitions))
    return [_run(row) for row in rows]


def run_by_id(session: Session, number: int) -> Run | None:
    """One run."""
    rows = session.rows(f"{_SELECT} id=?", (number,))
    return _run(rows[0]) if rows else None


def last_ended(session: Session, flow: str, state: RunState | None = None) -> Run | None:
    """The latest run of a flow that came to an end, or to this end."""
    ended = f"state NOT IN ({_OPEN})" if state is None else f"state={int(state)}"
    rows = session.rows(f"{_SELECT} flow=? AND {ended} ORDER BY id DESC LIMIT 1", (flow,))
    return _run(rows[0]) if rows else None


def overview(session: Session) -> list[tuple[Run | None, Run | None]]:
    """Per flow: the run under way or planned, and the last that ended."""
    flows = [flow for (flow,) in session.rows("SELECT DISTINCT flow FROM ledger_run ORDER BY flow")]
    found = []
    for flow in flows:
        rows = session.rows(f"{_SELECT} flow=? AND state IN ({_OPEN}) ORDER BY id DESC LIMIT 1", (flow,))
        found.append((_run(rows[0]) if rows else None, last_ended(session, flow)))
    return found


def save(session: Session, run: Run) -> None:
    """Write a run as it stands."""
    session.upsert(
        "ledger_run",
        COLUMNS,
        [run.row()],
        ("id",),
        ("state", "due_at", "started_at", "ended_at", "partition", "epoch", "author", "progress", "result"),
    )


def note_progress(session: Session, run: Run) -> None:
    """Write only how far a run is, and only while it is still this owner's."""
    text = orjson.dumps(run.progress).decode()
    session.execute(
        "UPDATE ledger_run SET progress=? WHERE id=? AND epoch=? AND state=?", (text, run.id, run.epoch, int(run.state))
    )


def ask(session: Session, numbers: Numbers, flow: str, partition: int, data: dict[str, Any], author: str, at: int) -> int:
    """Ask the hub to run a flow now; the number of the instruction, whose result names the run."""
    number = numbers.next()
    text = orjson.dumps({"flow": flow, **data}).decode()
    session.insert(
        "ledger_instruction",
        ("id", "partition", "kind", "subject_id", "data", "author", "created_at", "done_at", "result"),
        [(number, partition, RUN, 0, text, author, at, None, "")],
    )
    return number


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asked for a run of a flow."""

    number: int
    flow: str
    data: dict[str, Any]
    author: str


def asked(session: Session, partitions: Sequence[int]) -> list[Asked]:
    """Requests for runs that nobody has answered yet."""
    rows = session.rows_in(
        f"SELECT id, data, author FROM ledger_instruction WHERE done_at IS NULL AND kind='{RUN}' AND partition {{in}} ORDER BY id",
        list(partitions),
    )
    return [Asked(number, str(found["flow"]), found, author) for number, text, author in rows if (found := orjson.loads(text))]


def answer(session: Session, number: int, result: dict[str, Any], at: int) -> bool:
    """Answer an instruction once; False when it was answered before."""
    text = orjson.dumps(result).decode()
    return bool(
        session.execute("UPDATE ledger_instruction SET done_at=?, result=? WHERE id=? AND done_at IS NULL", (at, text, number))
    )


def withdraw(session: Session, flow: str) -> None:
    """Forget requests for runs of a flow that no hub has taken up."""
    rows = session.rows(f"SELECT id, data FROM ledger_instruction WHERE done_at IS NULL AND kind='{RUN}'")
    mine = [number for number, text in rows if orjson.loads(text).get("flow") == flow]
    session.rows_in("DELETE FROM ledger_instruction WHERE done_at IS NULL AND id {in} RETURNING id", mine)


# --- what became of what a run told ---------------------------------------------------------------------------


@dataclass(slots=True)
class Fate:
    """What became of the facts a run told: counts, and `open` while anything of them is not settled."""

    messages: int = 0
    accepted: int = 0
    failed: int = 0
    withdrawn: int = 0
    refused: int = 0
    open: int = 0
    acks: list[bytes] | None = None


def fate(session: Session, digests: Sequence[bytes]) -> Fate:
    """The state of everything that came of the messages with these dedupe digests."""
    found = Fate(acks=[])
    messages: list[int] = []
    for number, state in session.rows_in("SELECT id, state FROM ledger_message WHERE dedupe {in}", list(digests)):
        messages.append(number)
        found.open += state == MessageState.RECEIVED
        found.refused += state == MessageState.FAILED
    found.messages = len(messages)
    waiting = (EventState.PENDING, EventState.HELD, EventState.WAITING)
    for state, count in session.rows_in(
        "SELECT state, COUNT(*) FROM ledger_event WHERE message_id {in} GROUP BY state", messages
    ):
        found.open += count if state in waiting else 0
        found.refused += count if state == EventState.FAILED else 0
    for state, ack in session.rows_in(
        "SELECT d.state, d.ack FROM ledger_event e JOIN ledger_delivery d ON d.key=e.key AND d.id>e.id AND d.cause=e.id "
        "WHERE e.message_id {in}",
        messages,
    ):
        if state == DeliveryState.ACCEPTED:
            found.accepted += 1
            if ack is not None and found.acks is not None:
                found.acks.append(bytes(ack))
        elif state == DeliveryState.FAILED:
            found.failed += 1
        elif state == DeliveryState.CANCELLED:
            found.withdrawn += 1
        else:
            found.open += 1
    return found


def untaken(session: Session, message: int) -> bool:
    """Whether a message still waits to be normalized."""
    return session.rows("SELECT state FROM ledger_message WHERE id=?", (message,)) == [(int(MessageState.RECEIVED),)]


def in_motion(session: Session, system: str) -> list[Row]:
    """Commands to a system whose effect is still to come: open deliveries, and failed ones a person may still retry.

    Rows hold (command_id, name, key, data, flow).
    """
    columns = "d.command_id, d.name, d.key, d.data, d.flow"
    rows = session.rows(f"SELECT {columns} FROM ledger_delivery d WHERE d.state IN ({_UNSETTLED}) AND d.system=?", (system,))
    rows += session.rows(
        f"SELECT {columns} FROM ledger_exception e JOIN ledger_delivery d ON d.id=e.subject_id "
        f"WHERE e.state<{int(ExceptionState.RESOLVED)} AND e.subject='delivery' AND d.system=?",
        (system,),
    )
    return rows


def parked_commands(session: Session) -> list[str]:
    """Ids of failed commands that a process has parked with a person."""
    found = []
    for (detail,) in session.rows(
        f"SELECT detail FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)} AND subject='process'"
    ):
        command = orjson.loads(detail or "{}").get("command")
        if command:
            found.append(str(command))
    return found


def told_since(session: Session, keys: Sequence[str], number: int) -> set[str]:
    """Which of these business keys something was told about after `number`, other than by counting."""
    sql = f"SELECT DISTINCT key FROM ledger_event WHERE id>{int(number)} AND type<>'stock.counted' AND key {{in}}"
    return {key for (key,) in session.rows_in(sql, list(keys))}
