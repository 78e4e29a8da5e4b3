"""Who looks after an exception and until when it sleeps: assign, hand over, snooze, wake, note; changes nothing in any system."""

from __future__ import annotations

from typing import Any, Final

from crossdock.ledger.batch import Batch
from crossdock.ledger.people import OpenException

NEVER: Final = 2**62
"""Until when an exception sleeps that waits for something other than a time."""
CARE: Final = frozenset({"assign", "snooze", "wake", "note"})
"""Instructions that only concern people."""
_AWAITED: Final = ("count", "value_map", "system")


def care(batch: Batch, kind: str, found: OpenException, data: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Carry out one of `CARE`; what was before and what is after. Raises ValueError for data that makes no sense."""
    known = batch.care.get(found.identity)
    owner, assignee, until, awaited, correction = (
        known[2:] if known else (found.owner, found.assignee, found.snoozed_until, found.snoozed_for, found.correction)
    )
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    if kind == "assign":
        before = {"owner": owner, "assignee": assignee}
        owner, assignee = str(data.get("owner", owner))[:200], str(data.get("assignee", assignee))[:200]
        after = {"owner": owner, "assignee": assignee}
    elif kind == "snooze":
        before = {"snoozed_until": until, "snoozed_for": awaited}
        until, awaited = _sleep(batch.at, data)
        after = {"snoozed_until": until, "snoozed_for": awaited}
    elif kind == "wake":
        before = {"snoozed_until": until, "snoozed_for": awaited}
        until, awaited = None, ""
        after = {"snoozed_until": None, "snoozed_for": "", "because": str(data.get("because", ""))}
    batch.care[found.identity] = (found.identity, batch.at, owner, assignee, until, awaited, correction)
    return before, after


def _sleep(now: int, data: dict[str, Any]) -> tuple[int, str]:
    awaited = str(data.get("for", ""))[:400]
    if awaited:
        what, _, rest = awaited.partition(":")
        if what not in _AWAITED or not rest or (what == "count" and not rest.isdecimal()):
            raise ValueError("an exception is snoozed until a time, or for `count:N`, `value_map:MAP:CODE` or `system:NAME`")
        return NEVER, awaited
    until = data.get("until")
    if not isinstance(until, int) or isinstance(until, bool) or not now < until < NEVER:
        raise ValueError("the time to wake is not in the future")
    return until, ""


def with_correction(batch: Batch, found: OpenException, correction: int | None) -> None:
    """Note that a proposal waits for its second person, or (None) no longer does."""
    known = batch.care.get(found.identity)
    kept = known[2:6] if known else (found.owner, found.assignee, found.snoozed_until, found.snoozed_for)
    batch.care[found.identity] = (found.identity, batch.at, *kept, correction)
