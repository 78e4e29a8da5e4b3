"""What was done to bring a partner to live: steps with their outcome and author, and the state that counts; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import orjson

from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import record
from crossdock.ledger.session import Row, Session

STATE: Final = "state"
"""The step whose outcome is the partner's state."""
_COLUMNS: Final = ("id", "partner", "step", "outcome", "detail", "author", "at")


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `at` is microseconds since 1970."""

    id: int
    partner: str
    step: str
    outcome: str
    detail: dict[str, Any]
    author: str
    at: int


def note(
    session: Session, numbers: Numbers, partner: str, step: str, outcome: str, detail: dict[str, Any], author: str, at: int
) -> Step:
    """Keep a step, and have the audit chain say it with what was before."""
    before = latest(session, partner).get(step)
    made = Step(numbers.next(), partner, step, outcome, detail, author, at)
    session.insert(
        "ledger_onboarding", _COLUMNS, [(made.id, partner, step, outcome, orjson.dumps(detail, default=str).decode(), author, at)]
    )
    told = {"before": before.outcome if before else "", "after": outcome, "reason": str(detail.get("reason", ""))}
    record(session, numbers.next(), f"person:partner:{step}", author, told, at, partner)
    return made


def latest(session: Session, partner: str) -> dict[str, Step]:
    """The newest of each step of a partner."""
    rows = session.rows(f"SELECT {', '.join(_COLUMNS)} FROM ledger_onboarding WHERE partner=? ORDER BY id", (partner,))
    return {row[2]: _step(row) for row in rows}


def history(session: Session, partner: str, most: int = 100) -> list[Step]:
    """What was done, the newest first."""
    rows = session.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM ledger_onboarding WHERE partner=? ORDER BY id DESC LIMIT {int(most)}", (partner,)
    )
    return [_step(row) for row in rows]


def states(session: Session) -> dict[str, Step]:
    """The newest state of every partner that has one here."""
    rows = session.rows(
        f"SELECT {', '.join(_COLUMNS)} FROM ledger_onboarding o WHERE step=? AND NOT EXISTS "
        "(SELECT 1 FROM ledger_onboarding n WHERE n.partner=o.partner AND n.step=o.step AND n.id>o.id)",
        (STATE,),
    )
    return {row[1]: _step(row) for row in rows}


def _step(row: Row) -> Step:
    return Step(int(row[0]), row[1], row[2], row[3], orjson.loads(row[4] or "{}"), row[5], int(row[6]))
