"""What the ledger holds of money is found by its time, and everything before of the same transactions with it; on both dialects."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from crossdock.ledger.batch import DELIVERY_COLUMNS, EVENT_COLUMNS
from crossdock.ledger.money import movements, open_disputes
from crossdock.ledger.payloads import pack
from crossdock.ledger.states import DeliveryState, EventState
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import number_at

DAY = 86_400_000_000
NOW = 1_772_409_600_000_000
"""The second of March 2026."""
EVENTS, COMMANDS = ("payment.captured", "refund.completed", "statement.received"), ("payment.refund",)


def event(
    store: Store, place: int, kind: str, key: str, at: int, data: Any = None, state: EventState = EventState.APPLIED
) -> None:
    """An event that came at a time (microseconds); `data` None: retention removed it."""
    identity = hashlib.blake2b(str(place).encode(), digest_size=16).digest()
    body = b"" if data is None else pack(orjson.dumps(data))
    row = (
        number_at(at) + place,
        0,
        0,
        identity,
        f"e{place}",
        key,
        kind,
        "s",
        "x/1.0",
        "",
        None,
        False,
        "",
        body,
        identity,
        at,
        at,
        "",
        int(state),
        None,
        "",
    )
    store.work.run(lambda session: session.insert("ledger_event", EVENT_COLUMNS, [row]))


def delivery(store: Store, place: int, name: str, key: str, settled: int, state: DeliveryState = DeliveryState.ACCEPTED) -> None:
    """A delivery that was settled at a time (microseconds)."""
    identity = hashlib.blake2b(f"d{place}".encode(), digest_size=16).digest()
    row = (
        number_at(settled) + place,
        identity,
        f"c{place}",
        name,
        "stripe",
        "f",
        key,
        0,
        "",
        pack(b'{"a": 1}'),
        int(state),
        1,
        0,
        None,
        settled,
        settled,
        pack(b'{"b": 2}'),
        "",
        None,
    )
    store.work.run(lambda session: session.insert("ledger_delivery", DELIVERY_COLUMNS, [row]))


@pytest.fixture
def filled(store: Store) -> Store:
    event(store, 1, "payment.captured", "order/1", NOW - 90 * DAY, {"n": 1})
    event(store, 2, "payment.captured", "order/2", NOW - 90 * DAY, {"n": 2})
    event(store, 3, "refund.completed", "order/1", NOW, {"n": 3})
    event(store, 4, "refund.completed", "order/1", NOW, {"n": 4}, EventState.DUPLICATE)
    event(store, 5, "order.placed", "order/1", NOW, {"n": 5})
    event(store, 6, "statement.received", "bank/b/x", NOW, {"n": 6})
    event(store, 7, "statement.received", "bank/b/x", NOW - 90 * DAY, {"n": 7})
    event(store, 8, "payment.captured", "order/3", NOW)
    delivery(store, 1, "payment.refund", "order/1", NOW)
    delivery(store, 2, "payment.refund", "order/1", NOW - 60 * DAY)
    delivery(store, 3, "payment.refund", "order/1", NOW, DeliveryState.FAILED)
    delivery(store, 4, "payment.refund", "order/9", NOW - 60 * DAY)
    delivery(store, 5, "order.create", "order/1", NOW)
    return store


def test_a_window_brings_what_came_before_of_its_transactions(filled: Store) -> None:
    found = filled.read.run(lambda session: movements(session, EVENTS, COMMANDS, NOW - DAY))
    assert [orjson.loads(each.data)["n"] for each in found.events] == [1, 3, 6]
    assert [(each.command, each.data, each.ack) for each in found.deliveries] == [
        ("c2", {"a": 1}, {"b": 2}),
        ("c1", {"a": 1}, {"b": 2}),
    ]
    assert found.forgotten == 1


def test_an_empty_window_has_nothing(filled: Store) -> None:
    found = filled.read.run(lambda session: movements(session, EVENTS, COMMANDS, NOW + DAY))
    assert (found.events, found.deliveries, found.forgotten) == ((), (), 0)


def test_there_are_no_disputes_in_an_empty_inbox(filled: Store) -> None:
    assert filled.read.run(lambda session: open_disputes(session, "freight.")) == []
