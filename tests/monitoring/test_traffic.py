"""Traffic is counted once, in its five minutes, folded into hours without loss, on both dialects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from crossdock.core.clock import SystemClock
from crossdock.ledger import traffic
from crossdock.ledger.batch import EVENT_COLUMNS, INSTANCE_COLUMNS
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import ATTEMPT, EFFECT, EXCEPTION, HOUR, RECEIVED, STEP, TAKEN, Cell, Kind, number_at

NOON = int(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp())


@pytest.fixture
def store(ledger_url: str) -> Iterator[Store]:
    location = LedgerLocation.parse(ledger_url)
    migrate(location)
    opened = Store(location)
    yield opened
    opened.close()


@pytest.fixture
def numbers() -> Numbers:
    return Numbers(SystemClock(), 7)


def message(at: float, place: int, system: str = "shop", channel: str = "orders") -> tuple[object, ...]:
    number = number_at(int(at * 1e6)) | place
    return (number, 0, system, channel, "order", number.to_bytes(16, "big"), str(number), bytes(32), "x", "", 0, b"{}", "", 2, int(at * 1e6), "", 1, 1, "", "")  # fmt: skip


MESSAGE = (
    "id", "partition", "system", "channel", "topic", "dedupe", "dedupe_key", "content_hash", "content_type", "headers", "encoding",
    "body", "claim", "size", "received_at", "correlation", "state", "events", "mapping", "bundle",
)  # fmt: skip


def fill(store: Store, moments: list[float]) -> None:
    rows = [message(at, place) for place, at in enumerate(moments)]
    store.work.run(lambda s: s.insert("ledger_message", MESSAGE, rows))


def test_messages_are_counted_in_the_time_they_came(store: Store) -> None:
    fill(store, [NOON - 1, NOON, NOON + 1, NOON + STEP - 0.001, NOON + STEP])
    cells = store.read.run(lambda s: traffic.count(s, NOON * 1_000_000, (NOON + STEP) * 1_000_000))
    assert cells == {Kind(RECEIVED, "shop", "", "orders"): Cell(3)}


def test_what_a_flow_received_are_the_events_of_its_own_transactions(store: Store) -> None:
    def write(s: Session) -> None:
        base = number_at(NOON * 1_000_000)
        blank = dict.fromkeys(EVENT_COLUMNS, "")
        rows = []
        for place, key in enumerate(("order/a/1", "order/a/1", "order/b/2", "order/c/3")):
            row = blank | {
                "id": base + place, "message_id": 0, "partition": 0, "identity": bytes([place]) * 16, "event_id": str(place), "key": key,
                "type": "picking.completed", "source": "wms", "number": None, "contiguous": False, "data": b"{}",
                "content_hash": bytes(32), "occurred_at": 0, "created_at": 0, "state": 1, "deadline": None,
            }  # fmt: skip
            rows.append(tuple(row.values()))
        s.insert("ledger_event", EVENT_COLUMNS, rows)
        instances = [(1, "order/a/1", "first"), (2, "order/b/2", "second")]
        s.insert(
            "ledger_instance",
            INSTANCE_COLUMNS,
            [(n, key, flow, 0, "p/1", b"", "", False, 0, 0, "", "") for n, key, flow in instances],
        )

    store.work.run(write)
    cells = store.read.run(lambda s: traffic.count(s, NOON * 1_000_000, (NOON + STEP) * 1_000_000))
    taken = {kind: cell.count for kind, cell in cells.items() if kind.measure == TAKEN}
    assert taken == {Kind(TAKEN, "wms", "first", "picking.completed"): 2, Kind(TAKEN, "wms", "second", "picking.completed"): 1}


def test_slices_of_one_step_add_up_and_the_mark_moves(store: Store, numbers: Numbers) -> None:
    kind = Kind(RECEIVED, "shop", "", "orders")
    for begin, end, count in ((NOON, NOON + 10, 2), (NOON + 10, NOON + 300, 5)):
        cells = {kind: Cell(count)}
        store.work.run(lambda s, b=begin, e=end, c=cells: traffic.add(s, numbers, b * 1_000_000, e * 1_000_000, c))
    found = store.read.run(lambda s: traffic.steps(s, NOON - STEP, NOON + HOUR))
    assert found == {NOON: {kind: Cell(7)}}
    assert store.read.run(traffic.mark) == (NOON + 300) * 1_000_000


def test_hours_hold_what_their_steps_held_and_where_in_the_hour(store: Store, numbers: Numbers) -> None:
    kind, call = Kind(RECEIVED, "shop", "", "orders"), Kind(ATTEMPT, "wms", "orders", "accepted")

    def add(s: object) -> None:
        for place, count in ((0, 3), (5, 4)):
            begin = (NOON + place * STEP) * 1_000_000
            bins = [0, count, *[0] * 26]
            traffic.add(s, numbers, begin, begin + 1, {kind: Cell(count), call: Cell(count, count * 1500, bins)})  # type: ignore[arg-type]

    store.work.run(add)
    before = store.read.run(lambda s: traffic.hours(s, NOON, NOON + HOUR))
    arrivals = store.read.run(lambda s: traffic.arrivals(s, NOON - HOUR, NOON + HOUR))
    assert not store.work.run(lambda s: traffic.fold(s, numbers, NOON + HOUR - 1))
    assert store.work.run(lambda s: traffic.fold(s, numbers, NOON + HOUR))
    assert store.read.run(lambda s: traffic.steps(s, NOON, NOON + HOUR)) == {}
    assert store.read.run(lambda s: traffic.hours(s, NOON, NOON + HOUR)) == before
    assert store.read.run(lambda s: traffic.arrivals(s, NOON - HOUR, NOON + HOUR)) == arrivals
    assert arrivals == {("shop", "orders"): {NOON: 3, NOON + 5 * STEP: 4}}
    assert before[NOON][call].total == 7 * 1500
    assert not store.work.run(lambda s: traffic.fold(s, numbers, NOON + HOUR))


def test_calls_are_counted_by_outcome_and_effects_from_the_arrival_of_their_cause(store: Store) -> None:
    arrived, called = NOON * 1_000_000, (NOON + 2) * 1_000_000
    message_id, event, delivery = number_at(arrived), number_at(arrived + 50_000), number_at(arrived + 60_000)
    fill(store, [NOON])

    def write(s) -> None:  # type: ignore[no-untyped-def]
        s.insert(
            "ledger_event",
            ("id", "message_id", "partition", "identity", "event_id", "key", "type", "source", "schema", "stream", "contiguous",
             "refs", "data", "content_hash", "occurred_at", "created_at", "correlation", "state", "note"),
            [(event, message_id, 0, b"1" * 16, "e", "k", "order.placed", "shop", "order/1", "", False, "", b"", b"1" * 16, 1, 1, "", 1, "")],
        )  # fmt: skip
        s.insert(
            "ledger_delivery",
            ("id", "identity", "command_id", "name", "system", "flow", "key", "partition", "budget", "data", "state", "attempts",
             "next_at", "created_at", "correlation", "cause"),
            [(delivery, b"2" * 16, "c", "order.create", "erp", "orders", "k", 0, "", b"", 10, 2, 0, arrived + 60_000, "", event)],
        )  # fmt: skip
        s.insert(
            "ledger_attempt",
            ("id", "delivery_id", "number", "kind", "started_at", "micros", "outcome", "code", "message"),
            [
                (number_at(called), delivery, 1, "deliver", called - 40_000, 30_000, "deferred", "", ""),
                (number_at(called) + 1, delivery, 2, "deliver", called, 30_000, "accepted", "", ""),
            ],
        )

    store.work.run(write)
    cells = store.read.run(lambda s: traffic.count(s, arrived, arrived + STEP * 1_000_000))
    assert cells[Kind(ATTEMPT, "erp", "orders", "deferred")].count == 1
    accepted = cells[Kind(ATTEMPT, "erp", "orders", "accepted")]
    assert 0.02 <= (accepted.quantile(0.5) or 0) <= 0.05
    effect = cells[Kind(EFFECT, "erp", "orders", "order.create")]
    assert effect.total == 2_030_000
    assert EXCEPTION not in {kind.measure for kind in cells}


def test_quantiles_lie_inside_their_bins() -> None:
    cell = Cell(100, 0, [0, 0, 0, 90, 0, 0, 10, *[0] * 21])
    assert 0.005 <= (cell.quantile(0.5) or 0) <= 0.01
    assert 0.05 <= (cell.quantile(0.95) or 0) <= 0.1
    assert Cell(3).quantile(0.5) is None
