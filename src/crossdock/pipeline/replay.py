"""Replays what happened to a business key against today's workflow and compares what it would decide; sends and stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from crossdock.core.errors import CrossdockError, Rejected, TransactionClosed, all_errors
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Due, Fact, Happened, Settled
from crossdock.ledger.payloads import unpack
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import DeliveryState, EventState, ExpectationState
from crossdock.ledger.times import micros, moment
from crossdock.ledger.work import EVENT_FIELDS
from crossdock.pipeline.runtime import Flow
from crossdock.pipeline.work import from_row


@dataclass(frozen=True, slots=True)
class Replayed:
    """The comparison for one flow: facts replayed, command ids the hub issued then and would issue now, and a workflow failure."""

    flow: str
    facts: int
    then: tuple[str, ...]
    now: tuple[str, ...]
    same_state: bool
    failure: str = ""

    @property
    def same(self) -> bool:
        """Whether today's workflow decides exactly as it did."""
        return not self.failure and set(self.then) == set(self.now)


def replay(session: Session, flows: dict[str, Flow], key: str) -> list[Replayed]:
    """Replay every flow of a key in the order of its recorded facts. Raises `TransactionClosed` when retention has removed them."""
    gone = "SELECT 1 FROM ledger_event WHERE key=? AND LENGTH(data)=0 UNION ALL SELECT 1 FROM ledger_instance WHERE key=? AND LENGTH(state)=0"
    if session.rows(f"{gone} LIMIT 1", (key, key)):
        raise TransactionClosed(f"the data of {key} was removed after its retention", key=key)
    found = []
    for flow_name, state in session.rows("SELECT flow, state FROM ledger_instance WHERE key=?", (key,)):
        flow = flows.get(flow_name)
        if flow is not None:
            found.append(_replay(session, flow, key, unpack(state)))
    return found


def _replay(session: Session, flow: Flow, key: str, recorded: bytes) -> Replayed:
    facts = recorded_facts(session, flow, key)
    then = tuple(
        c for (c,) in session.rows("SELECT command_id FROM ledger_delivery WHERE key=? AND flow=? ORDER BY id", (key, flow.name))
    )
    state: Any = flow.process.initial(key)
    now: list[str] = []
    for fact in facts:
        try:
            decision = flow.process.decide(state, fact, flow.context)
        except Exception as error:
            return Replayed(flow.name, len(facts), then, tuple(now), False, f"{type(error).__name__} on {type(fact).__name__}")
        state = decision.state
        now += [command.id for command in decision.commands]
    return Replayed(flow.name, len(facts), then, tuple(now), flow.process.dump(state) == recorded)


def recorded_facts(session: Session, flow: Flow, key: str) -> list[Fact]:
    """What a flow was told of a key, in order."""
    timed: list[tuple[int, int, Fact]] = []
    rows = session.rows(
        f"SELECT {EVENT_FIELDS}, created_at FROM ledger_event WHERE key=? AND state={int(EventState.APPLIED)} ORDER BY id",  # noqa: S608
        (key,),
    )
    for row in rows:
        work = from_row(row[:-1])
        if work.event.type in flow.process.accepts:
            timed.append((row[-1], row[0], Happened(work.event, moment(row[-1]))))
    for row in session.rows(_SETTLED + "key=? AND flow=? AND settled_at IS NOT NULL ORDER BY id", (key, flow.name)):
        fact = _settled(session, row)
        if flow.settles or not isinstance(fact.result, Accepted):
            timed.append((micros(fact.at), row[0], fact))
    for number, name, at in session.rows(
        "SELECT id, name, settled_at FROM ledger_expectation WHERE key=? AND flow=? AND settled_at IS NOT NULL "  # noqa: S608
        f"AND (state={int(ExpectationState.BREACHED)} OR (silent AND state={int(ExpectationState.FULFILLED)}))",
        (key, flow.name),
    ):
        timed.append((at, number, Due(name, moment(at))))
    return [fact for _, _, fact in sorted(timed, key=lambda each: each[:2])]


_SETTLED = "SELECT id, command_id, name, system, state, settled_at, data, ack FROM ledger_delivery WHERE "


def settled_fact(session: Session, number: int) -> Settled | None:
    """How a delivery settled, as its process was told; None when it is open or unknown."""
    rows = session.rows(_SETTLED + "id=? AND settled_at IS NOT NULL", (number,))
    return _settled(session, rows[0]) if rows else None


def _settled(session: Session, row: Row) -> Settled:
    number, command_id, name, system, state, settled, data, ack = row
    result: Accepted | CrossdockError
    if state == DeliveryState.ACCEPTED:
        result = Accepted(orjson.loads(unpack(ack)) if ack else {})
    else:
        result = _last_error(session, number)
    return Settled(name, command_id, system, result, orjson.loads(unpack(data)), moment(settled))


def _last_error(session: Session, delivery: int) -> CrossdockError:
    rows = session.rows("SELECT code, message FROM ledger_attempt WHERE delivery_id=? ORDER BY id DESC LIMIT 1", (delivery,))
    known = {kind.code: kind for kind in all_errors()}
    return known.get(rows[0][0], Rejected)(rows[0][1]) if rows else Rejected()
