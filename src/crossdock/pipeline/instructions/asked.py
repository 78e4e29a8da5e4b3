"""One instruction of a person's with what it is about, and when it is not carried out whatever it asks; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.core.process import Due, Settled
from crossdock.ledger import people
from crossdock.ledger.corrections import Correction
from crossdock.ledger.states import ExceptionState
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline.delivery import Delivery
from crossdock.pipeline.hub_wishes import STALE
from crossdock.pipeline.mending import Mended
from crossdock.pipeline.work import EventWork

CORRECTIONS: Final = frozenset({"correct", "approve", "reject"})
_TOUCHING: Final = frozenset({"retry", "resolve", "decide", "cancel", "reconcile", *CORRECTIONS})
"""Instructions of which only one is carried out for an exception in one micro-batch."""


@dataclass(slots=True)
class Asked:
    """What one person asked for, what is known about its subject, and what was there before and after."""

    number: int
    partition: int
    kind: str
    data: dict[str, Any]
    author: str
    exception: people.OpenException | None
    delivery: Delivery | None = None
    missed: Settled | Due | None = None
    """A fact whose process failed on it."""
    refused: dict[str, Any] | None = None
    message: TakenMessage | None = None
    correction: Correction | None = None
    versions: int = 0
    mended: Mended | None = None
    events: list[EventWork] = field(default_factory=list)
    """Taken events that are told to a subscriber once more."""
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def refusal(asked: Asked, found: people.OpenException, touched: set[int]) -> dict[str, Any] | None:
    """Why an instruction is not carried out whatever it is: it was asked by somebody who saw something else."""
    seen = asked.data.get("seen")
    if (seen is not None and int(seen) != found.updated_at) or (
        found.id in touched and (seen is not None or asked.kind in _TOUCHING)
    ):
        now = {
            "state": ExceptionState(found.state).name.lower(), "message": found.message, "owner": found.owner, "assignee": found.assignee,
            "occurrences": found.occurrences, "updated_at": found.updated_at,
        }  # fmt: skip
        return {"done": False, "code": STALE, "why": "it changed meanwhile; look at it again", "now": now}
    if found.correction is not None and asked.kind in ("retry", "correct", "cancel", "decide"):
        return {"done": False, "why": "a correction waits for its second person; it is approved or rejected first"}
    return None
