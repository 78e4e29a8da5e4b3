"""Figures of the whole ledger for the status command and pages; only on indexed or small sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from crossdock.ledger.runs import overview
from crossdock.ledger.session import Session
from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState, ExceptionState


def figures(session: Session) -> dict[str, Any]:
    """What is open now: backlog, deliveries by system and state, exceptions by code, parked systems, partitions."""
    states = ",".join(str(int(s)) for s in OPEN_DELIVERIES)
    deliveries = session.rows(
        f"SELECT system, state, COUNT(*), MIN(created_at) FROM ledger_delivery WHERE state IN ({states}) GROUP BY system, state"
    )
    exceptions = session.rows(
        "SELECT code, owner, COUNT(*), MIN(created_at), MAX(created_at) FROM ledger_exception WHERE state<2 GROUP BY code, owner "
        "ORDER BY COUNT(*) DESC"
    )
    return {
        "backlog": session.rows("SELECT COUNT(*) FROM ledger_message WHERE state=0")[0][0],
        "waiting_events": session.rows("SELECT COUNT(*) FROM ledger_event WHERE state IN (4,5)")[0][0],
        "deliveries": [
            {"system": system, "state": DeliveryState(state).name.lower(), "count": count, "oldest": oldest}
            for system, state, count, oldest in deliveries
        ],
        "exceptions": [
            {"code": code, "owner": owner, "count": count, "first": first, "last": last}
            for code, owner, count, first, last in exceptions
        ],
        "parked": [
            {"system": system, "reason": reason, "since": since}
            for system, reason, since in session.rows("SELECT system, reason, since FROM ledger_system WHERE parked")
        ],
        "partitions": session.rows("SELECT COUNT(*) FROM ledger_partition")[0][0],
        "polls": [
            {"system": system, "channel": channel, "last": last}
            for system, channel, last in session.rows("SELECT system, channel, polled_at FROM ledger_cursor ORDER BY 1, 2")
        ],
        "batches": batches(session),
    }


def batches(session: Session) -> list[dict[str, Any]]:
    """Per batch flow: the run planned or under way, and the last that ended."""
    found = []
    for current, last in overview(session):
        either = current or last
        assert either is not None
        found.append(
            {
                "flow": either.flow,
                "state": current.state.name.lower() if current else "",
                "next": current.due_at if current and current.started_at is None else None,
                "progress": current.progress if current and current.started_at is not None else {},
                "last": last.ended_at if last else None,
                "last_state": last.state.name.lower() if last else "",
                "last_result": last.result if last else {},
            }
        )
    return found


def exceptions_by_code(session: Session) -> dict[str, int]:
    """How many exceptions wait for a person, by their code."""
    return dict(
        session.rows(f"SELECT code, COUNT(*) FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)} GROUP BY code")
    )


def open_exceptions(session: Session) -> int:
    """How many exceptions are open or being retried."""
    return int(session.rows(f"SELECT COUNT(*) FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)}")[0][0])


@dataclass(slots=True)
class OpenBusiness:
    """What is not done: exceptions by code and the keys they are about, uncertain deliveries, transactions that run, messages in all."""

    exceptions: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    excepted: set[str] = field(default_factory=set)
    uncertain: int = 0
    running: set[str] = field(default_factory=set)
    messages: int = 0


def open_business(session: Session) -> OpenBusiness:
    """Count what people have, what is uncertain and what runs; for ledgers of demo and drill size, not for millions of rows."""
    codes: dict[str, int] = dict(session.rows("SELECT code, COUNT(*) FROM ledger_exception WHERE state<2 GROUP BY code"))
    return OpenBusiness(
        exceptions=sum(codes.values()),
        codes=codes,
        excepted={key for (key,) in session.rows("SELECT DISTINCT key FROM ledger_exception WHERE state<2")},
        uncertain=session.rows("SELECT COUNT(*) FROM ledger_delivery WHERE state=3")[0][0],
        running={key for (key,) in session.rows("SELECT key FROM ledger_instance WHERE NOT finished")},
        messages=session.rows("SELECT COUNT(*) FROM ledger_message")[0][0],
    )
