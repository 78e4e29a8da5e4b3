"""What was published and is told again: events since a time, and the instructions that ask their owners for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crossdock.ledger.ids import EPOCH_MS, Numbers
from crossdock.ledger.people import instruct_hub
from crossdock.ledger.session import Session
from crossdock.ledger.states import OPEN_DELIVERIES, EventState

REPUBLISH = "republish"
"""The instruction that tells a subscriber events once more."""


def events_since(
    session: Session, since: int, until: int, after: int, types: Sequence[str], limit: int
) -> list[tuple[int, int, int]]:
    """Taken events of these types recorded from `since` to `until` with a number above `after`, by number: (number, recorded at, partition).

    Numbers are time-ordered and given just before their record is, so that the search begins and ends at the primary key, a minute wide of both.
    """
    if not types:
        return []
    floor = max(after, _number_at(since - 60_000_000))
    marks = ",".join("?" * len(types))
    rows = session.rows(
        f"SELECT id, created_at, partition FROM ledger_event WHERE id>? AND id<? AND state={int(EventState.APPLIED)} "
        f"AND created_at>=? AND created_at<=? AND type IN ({marks}) ORDER BY id LIMIT {int(limit)}",
        (floor, _number_at(until + 60_000_000), since, until, *types),
    )
    return [(int(number), int(at), int(partition)) for number, at, partition in rows]


def _number_at(at: int) -> int:
    """The smallest number given at a time (microseconds since 1970)."""
    return max(0, at // 1000 - EPOCH_MS) << 22


def open_deliveries(session: Session, system: str, most: int) -> int:
    """How many deliveries of a system are open, counted up to `most`."""
    states = ",".join(str(int(state)) for state in OPEN_DELIVERIES)
    rows = session.rows(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM ledger_delivery WHERE system=? AND state IN ({states}) LIMIT {int(most)}) AS open",
        (system,),
    )
    return int(rows[0][0])


def ask(
    session: Session, numbers: Numbers, events: Mapping[int, Sequence[int]], data: Mapping[str, Any], author: str, now: int
) -> None:
    """Leave one instruction per partition for its owner. Asked again, the commands have the same ids: they are told once."""
    for partition, wanted in sorted(events.items()):
        instruct_hub(session, numbers, REPUBLISH, {**data, "events": list(wanted)}, author, now, partition=partition)
