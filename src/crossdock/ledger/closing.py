"""Whether finalizers closed events: what they accepted or told of the same object afterwards; decides nothing about timers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crossdock.ledger.session import Session
from crossdock.ledger.states import OPEN_DELIVERIES, DeliveryState, EventState


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: did one of `systems` close the event `since` (its number) of this key? `id` is the timer's."""

    id: int
    key: str
    event: str
    since: int
    systems: frozenset[str]


def closed(session: Session, asked: Sequence[Asked]) -> set[int]:
    """The timers whose event was closed.

    A finalizer closed an event when it accepted something about the same object afterwards and nothing to it is still open, or when it
    told something of that object itself. What was called off before the finalizer ever heard of it needs no closing.
    """
    keys = sorted({each.key for each in asked})
    deliveries: dict[str, list[tuple[int, str, int]]] = {}
    for number, key, system, state in session.rows_in("SELECT id, key, system, state FROM ledger_delivery WHERE key {in}", keys):
        deliveries.setdefault(key, []).append((number, system, state))
    events: dict[str, list[tuple[int, str, str]]] = {}
    for number, key, source, kind in session.rows_in(
        f"SELECT id, key, source, type FROM ledger_event WHERE state IN ({int(EventState.APPLIED)},{int(EventState.UNROUTED)}) AND key {{in}}",
        keys,
    ):
        events.setdefault(key, []).append((number, source, kind))
    return {each.id for each in asked if _closed(each, deliveries.get(each.key, ()), events.get(each.key, ()))}


def _closed(asked: Asked, deliveries: Sequence[tuple[int, str, int]], events: Sequence[tuple[int, str, str]]) -> bool:
    mine = [(number, state) for number, system, state in deliveries if system in asked.systems]
    if any(state in OPEN_DELIVERIES for _, state in mine):
        return False
    if any(state == DeliveryState.ACCEPTED and number > asked.since for number, state in mine):
        return True
    if any(number > asked.since and source in asked.systems for number, source, _ in events):
        return True
    called_off = any(number >= asked.since and kind.endswith(".cancelled") for number, _, kind in events)
    return called_off and not any(state == DeliveryState.ACCEPTED for _, state in mine)
