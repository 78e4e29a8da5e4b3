"""Bulk jobs in the ledger: their rows, what they did about each exception, and what a plan finds; knows no way to carry one out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from crossdock.ledger.inbox import Filter, where
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import OPEN_JOBS, DeliveryState, ExceptionState, ItemState, JobState
from crossdock.ledger.windows import Window

COLUMNS: Final = (
    "id, action, data, chosen, author, reason, state, pace, bound, progress, planned, asked, done, refused, skipped, created_at, ended_at, "
    "ended_by, note"
)
MOST: Final = 100_000
"""Exceptions one job may touch."""
_CHUNK: Final = 20_000
"""Exceptions planned at a time."""
_OPEN: Final = ",".join(str(int(state)) for state in OPEN_JOBS)


@dataclass(slots=True)
class Job:
    """One bulk job; times are microseconds since 1970."""

    id: int
    action: str
    data: dict[str, Any]
    chosen: dict[str, Any]
    author: str
    reason: str
    state: JobState
    pace: int
    bound: int
    progress: int
    planned: int
    asked: int
    done: int
    refused: int
    skipped: int
    created_at: int
    ended_at: int | None
    ended_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a job did about one exception; `exception_state` is how that exception stands now."""

    id: int
    exception: int
    instruction: int | None
    state: ItemState
    why: str
    exception_state: int | None = None
    key: str = ""
    code: str = ""


def _job(row: Row) -> Job:
    values = list(row)
    values[2], values[3] = orjson.loads(values[2] or "{}"), orjson.loads(values[3] or "{}")
    values[6] = JobState(values[6])
    return Job(*values)


def job_by_id(session: Session, number: int) -> Job | None:
    """One job."""
    rows = session.rows(f"SELECT {COLUMNS} FROM ledger_job WHERE id=?", (number,))
    return _job(rows[0]) if rows else None


def jobs(session: Session, before: int = 2**63 - 1, limit: int = 50) -> list[Job]:
    """The newest jobs numbered below `before`."""
    rows = session.rows(f"SELECT {COLUMNS} FROM ledger_job WHERE id<? ORDER BY id DESC LIMIT {int(limit)}", (before,))
    return [_job(row) for row in rows]


def running_jobs(session: Session) -> list[Job]:
    """Jobs to go on with, oldest first."""
    return [_job(row) for row in session.rows(f"SELECT {COLUMNS} FROM ledger_job WHERE state IN ({_OPEN}) ORDER BY id")]


def items(session: Session, job: int, state: ItemState | None = None, after: int = 0, limit: int = 100) -> list[Item]:
    """What a job did, in order."""
    only, args = ("", ()) if state is None else (" AND i.state=?", (int(state),))
    rows = session.rows(
        "SELECT i.id, i.exception_id, i.instruction_id, i.state, i.why, e.state, e.key, e.code FROM ledger_job_item i "
        f"LEFT JOIN ledger_exception e ON e.id=i.exception_id WHERE i.job_id=?{only} AND i.id>? ORDER BY i.id LIMIT {int(limit)}",
        (job, *args, after),
    )
    return [Item(row[0], row[1], row[2], ItemState(row[3]), row[4], row[5], row[6] or "", row[7] or "") for row in rows]


def outcomes(session: Session, job: int) -> dict[str, int]:
    """How the exceptions stand now that a job was carried out on."""
    rows = session.rows(
        "SELECT e.state, COUNT(*) FROM ledger_job_item i JOIN ledger_exception e ON e.id=i.exception_id "
        f"WHERE i.job_id=? AND i.state={int(ItemState.DONE)} GROUP BY e.state",
        (job,),
    )
    return {ExceptionState(state).name.lower(): int(count) for state, count in rows}


def reasons(session: Session, job: int) -> list[tuple[str, int]]:
    """Why a job left exceptions alone, the commonest first."""
    states = (int(ItemState.SKIPPED), int(ItemState.REFUSED))
    return [
        (why, int(count))
        for why, count in session.rows(
            "SELECT why, COUNT(*) FROM ledger_job_item WHERE job_id=? AND state IN (?,?) GROUP BY why ORDER BY 2 DESC LIMIT 50",
            (job, *states),
        )
    ]


# --- going on -------------------------------------------------------------------------------------------------


def carried_out(session: Session, job: int) -> list[tuple[int, dict[str, Any]]]:
    """Items whose instructions were carried out since: (number of the item, result)."""
    rows = session.rows(
        "SELECT i.id, n.result FROM ledger_job_item i JOIN ledger_instruction n ON n.id=i.instruction_id "
        f"WHERE i.job_id=? AND i.state={int(ItemState.ASKED)} AND n.done_at IS NOT NULL ORDER BY i.id LIMIT 2000",
        (job,),
    )
    return [(number, orjson.loads(result)) for number, result in rows]


def in_motion(session: Session, job: int, newest: int) -> dict[str, int]:
    """How the exceptions of a job's newest items stand: names of their states, and `asked` for what was not carried out yet."""
    rows = session.rows(
        "SELECT i.state, e.state FROM ledger_job_item i JOIN ledger_exception e ON e.id=i.exception_id "
        f"WHERE i.job_id=? AND i.state IN ({int(ItemState.ASKED)},{int(ItemState.DONE)}) ORDER BY i.id DESC LIMIT {int(newest)}",
        (job,),
    )
    counted: Counter[str] = Counter()
    for item, state in rows:
        counted["asked" if item == ItemState.ASKED else ExceptionState(state).name.lower()] += 1
    return dict(counted)


def save_items(session: Session, rows: Sequence[Row]) -> None:
    """Write new items: (id, job_id, exception_id, instruction_id, state, why)."""
    session.insert("ledger_job_item", ("id", "job_id", "exception_id", "instruction_id", "state", "why"), rows)


def settle_items(session: Session, rows: Sequence[Row]) -> None:
    """Write what became of items: (id, state, why)."""
    session.update("ledger_job_item", ("state", "why"), rows)


def save_progress(session: Session, job: Job) -> bool:
    """Write how far a job is, unless somebody ended it meanwhile; whether it was written."""
    return bool(
        session.execute(
            f"UPDATE ledger_job SET state=?, progress=?, asked=?, done=?, refused=?, skipped=?, ended_at=?, note=? WHERE id=? AND state IN ({_OPEN})",
            (int(job.state), job.progress, job.asked, job.done, job.refused, job.skipped, job.ended_at, job.note, job.id),
        )
    )


# --- planning -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Candidate:
    """What planning needs to know of an exception."""

    id: int
    partition: int
    subject: str
    subject_id: int
    slot: str
    state: int
    system: str
    flow: str
    key: str
    correction: int | None
    amount: int | None
    currency: str


@dataclass(slots=True)
class Plan:
    """What a bulk action would do: how many it finds, how many it can be done to, why not to the others, and what it touches."""

    found: int = 0
    eligible: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    money: Counter[str] = field(default_factory=Counter)
    bound: int = 0
    more: bool = False
    """There are more than one job may touch."""


def plan(session: Session, chosen: Filter, action: str, now: int, windows: Sequence[Window] | None = None) -> Plan:
    """Look at everything a filter finds and say what would happen; changes nothing."""
    found = Plan()
    counted: set[str] = set()
    after = 0
    while found.found < MOST:
        candidates = following(session, chosen, after, now, windows, limit=_CHUNK)
        if not candidates:
            break
        after = candidates[-1].id
        for each, why in judged(session, candidates, action):
            found.found += 1
            found.bound = max(found.bound, each.id)
            if why:
                found.reasons[why] += 1
                continue
            found.eligible += 1
            found.systems[each.system] += 1
            if each.amount is not None and each.currency and (not each.key or each.key not in counted):
                counted.add(each.key)
                found.money[each.currency] += each.amount
        if len(candidates) < _CHUNK:
            break
    else:
        found.more = True
    return found


def following(
    session: Session, chosen: Filter, after: int, now: int, windows: Sequence[Window] | None, limit: int
) -> list[Candidate]:
    """The next exceptions of a filter, oldest first."""
    condition, args = where(chosen, now, windows)
    index = (
        " INDEXED BY exception_inbox" if session.vendor == "sqlite" and chosen.standing != "resolved" and not chosen.key else ""
    )
    ids = [
        number
        for (number,) in session.rows(
            f"SELECT id FROM ledger_exception{index} WHERE {condition} AND id>? ORDER BY id LIMIT {int(limit)}", [*args, after]
        )
    ]
    rows = session.rows_in(
        "SELECT id, partition, subject, subject_id, slot, state, system, flow, key, correction, amount, currency FROM ledger_exception "
        "WHERE id {in}",
        ids,
    )
    return sorted((Candidate(*row) for row in rows), key=lambda each: each.id)


def judged(session: Session, candidates: Sequence[Candidate], action: str) -> list[tuple[Candidate, str]]:
    """Each candidate with why the action cannot be done to it; empty when it can."""
    deliveries = [each.subject_id for each in candidates if each.subject == "delivery"]
    states: dict[int, int] = dict(session.rows_in("SELECT id, state FROM ledger_delivery WHERE id {in}", deliveries))
    return [
        (each, refusal(each, action, states.get(each.subject_id) if each.subject == "delivery" else None)) for each in candidates
    ]


def refusal(each: Candidate, action: str, delivery: int | None) -> str:
    """Why a bulk action leaves an exception alone; empty when it does not."""
    if each.state == ExceptionState.RESOLVED:
        return "it is resolved already"
    if action in ("assign", "own", "snooze", "wake"):
        return ""
    if each.correction is not None:
        return "a correction waits for its second person"
    if delivery == DeliveryState.UNCERTAIN:
        return "the effect may have happened; it has to be reconciled first"
    if action == "resolve":
        return ""
    if action == "decide":
        return "" if each.subject == "process" else "its process asks nothing"
    if each.state == ExceptionState.RETRYING:
        return "it is being retried already"
    if action == "correct" and each.subject not in ("message", "delivery", "process"):
        return "there is no message or command here that could be edited"
    if each.subject == "expectation":
        return "an expectation cannot be retried; retry what should have fulfilled it"
    if delivery == DeliveryState.ACCEPTED:
        return "it was delivered already"
    if delivery == DeliveryState.CANCELLED:
        return "it was withdrawn by its process"
    if delivery == DeliveryState.SENDING:
        return "an attempt is under way"
    return ""
