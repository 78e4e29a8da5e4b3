"""Exceptions that sleep, and what they wait for; knows no way to wake one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.ledger.session import Session
from crossdock.ledger.states import ExceptionState


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A snoozed exception: `awaits` says for what (`count:N`, `value_map:MAP:CODE`, `system:NAME`), empty for a time."""

    id: int
    fingerprint: str
    awaits: str


def sleepers(session: Session, now: int, limit: int = 2_000) -> list[Sleeper]:
    """Those whose time has come, and those that wait for something."""
    rows = session.rows(
        "SELECT id, fingerprint, snoozed_for FROM ledger_exception WHERE snoozed_until IS NOT NULL AND (snoozed_until<=? OR snoozed_for<>'') "
        f"AND state<{int(ExceptionState.RESOLVED)} ORDER BY snoozed_until LIMIT {int(limit)}",
        (now,),
    )
    return [Sleeper(*row) for row in rows]


def group_sizes(session: Session, fingerprints: Sequence[str]) -> dict[str, int]:
    """How many open exceptions there are of each fingerprint."""
    return {
        fingerprint: int(count)
        for fingerprint, count in session.rows_in(
            f"SELECT fingerprint, COUNT(*) FROM ledger_exception WHERE state<{int(ExceptionState.RESOLVED)} AND fingerprint {{in}} "
            "GROUP BY fingerprint",
            list(fingerprints),
        )
    }
