"""Events to and from a broker: librdkafka's own mock cluster always, so that offsets, keys and lost records are seen without Java."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from crossdock.canonical.product import Product
from crossdock.connectors.event_topic.changes import change_of, inbound_change
from crossdock.connectors.event_topic.connector import EventTopicConnector
from crossdock.connectors.event_topic.options import EventTopicOptions
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.clock import SystemClock
from crossdock.core.commands import Command
from crossdock.core.errors import PayloadMalformed
from crossdock.core.outcomes import Accepted
from crossdock.processes.publication import Publication
from tests.backbone.test_publication import context, placed

kafka = pytest.importorskip("confluent_kafka", reason="confluent-kafka is not installed (extra `kafka`)")


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """Address of a mock cluster that lives as long as the client that keeps it."""
    keeper = kafka.Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1})
    found = next(iter(keeper.list_topics(timeout=30).brokers.values()))
    yield f"kafka://{found.host}:{found.port}"
    keeper.flush(1)


def connector(endpoint: str, **options: Any) -> EventTopicConnector:
    given: Any = SimpleNamespace(
        system="stream", endpoint=endpoint, options=EventTopicOptions.model_validate(options), clock=SystemClock(), credentials={}
    )
    return EventTopicConnector(given)


def told(number: int) -> Command:
    (command,) = (
        Publication().decide(Publication().initial("order/shop/1001"), placed(number=number), context({"to": "stream"})).commands
    )
    return command


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_what_is_told_is_read_again_from_where_the_cursor_says(broker: str, mode: str) -> None:
    writer, reader = connector(broker, mode=mode, topic=f"{mode}.{{event}}"), connector(broker, patience=10)
    try:
        places = [await writer.deliver(told(number)) for number in (1, 2, 3)]
        assert all(isinstance(each, Accepted) for each in places)
        assert len({each.ack["partition"] for each in places if isinstance(each, Accepted)}) == 1, "one key, one partition"
        first = await reader.poll(f"{mode}.order.placed", {})
        found = list(first.messages)
        while len(found) < 3:
            first = await reader.poll(f"{mode}.order.placed", first.cursor)
            found += first.messages
        events = [event for each in found for event in reader.normalize(stored(each))]
        assert [event.position.number for event in events if event.position] == [1, 2, 3]
        assert {event.key for event in events} == {"order/shop/1001"} and {event.source for event in events} == {"stream"}
        assert events[0].data == placed().event.data
        again = await reader.poll(f"{mode}.order.placed", first.cursor)
        assert not again.messages and again.cursor == first.cursor
        # the cursor of before, as after a crash: the same records under the same identity
        repeated = await reader.poll(f"{mode}.order.placed", {})
        assert repeated.messages[0].dedupe_key == found[0].dedupe_key
    finally:
        await writer.close()
        await reader.close()


async def test_a_record_that_is_no_event_is_kept_and_the_topic_goes_on(broker: str) -> None:
    producer = kafka.Producer({"bootstrap.servers": broker.removeprefix("kafka://")})
    producer.produce("mixed", b"{not json", b"k")
    producer.produce("mixed", None, b"k")
    good = json.dumps({"specversion": "1.0", "id": "1", "source": "x", "type": "order.placed"}).encode()
    producer.produce("mixed", good, b"k")
    assert producer.flush(30) == 0
    reader = connector(broker, patience=10)
    try:
        found: list[Any] = []
        cursor: Any = {}
        while len(found) < 2:
            result = await reader.poll("mixed", cursor)
            found, cursor = [*found, *result.messages], result.cursor
        assert sorted(each.topic for each in found) == ["order.placed", "unreadable"]
        bad = next(each for each in found if each.topic == "unreadable")
        with pytest.raises(PayloadMalformed):
            reader.normalize(stored(bad))
    finally:
        await reader.close()


def stored(each: Any) -> StoredMessage:
    return StoredMessage("m", "stream", "c", each.topic, each.body, each.content_type, each.headers, SystemClock().now())


def change(op: str = "u", table: str = "product_product", lsn: int = 7, **after: Any) -> bytes:
    row = {"id": 5, "default_code": "SKU-1", "active": True, "weight": 1.25, **after}
    source = {"table": table, "schema": "public", "lsn": lsn, "ts_ms": 1_790_000_000_000}
    return json.dumps({"payload": {"op": op, "before": None, "after": row, "source": source}}).encode()


def test_a_change_record_of_odoos_tables() -> None:
    (event,) = change_of(change(name={"en_US": "Bolt"}), "odoo")
    assert isinstance(event.data, Product) and (event.data.sku, event.data.name, str(event.data.weight_kg)) == (
        "SKU-1",
        "Bolt",
        "1.25",
    )
    assert event.position is not None and event.position.number == 7 and event.key == "product/odoo/SKU-1"
    assert not change_of(change(op="d"), "odoo") and not change_of(change(table="res_users"), "odoo")
    assert not change_of(change(default_code=None), "odoo")
    assert inbound_change(change(), "t/0/1").dedupe_key == "t/0/1"
    with pytest.raises(PayloadMalformed):
        inbound_change(b'{"op": "c"}', "t/0/1")
