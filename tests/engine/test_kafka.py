"""Hubs on the Kafka engine, with a real broker: nothing lost, nothing doubled, order kept, whoever dies or writes nonsense."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.errors import Fenced, LandscapeInvalid
from crossdock.engine.kafka.engine import KafkaEngine
from crossdock.engine.kafka.errors import BrokersUnavailable, KafkaMissing, TopicUnfit
from crossdock.engine.kafka.place import Place
from crossdock.engine.kafka.topic import prepare
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.offsets import advance, offsets_of
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.engine.conftest import PARTITIONS, Cluster
from tests.pipeline.conftest import Depot, Found, Running, ShopConnector, SteppedClock, depot_connector, order_body

pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.kafka]

Start = Callable[..., Any]


@pytest.fixture
def topic() -> str:
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
def start(landscape_folder: Path, postgresql_url: str, kafka_broker: str, topic: str) -> Start:
    """Starts hubs on one ledger and one topic; the environment's one line says so."""
    (landscape_folder / "environments").mkdir()
    (landscape_folder / "environments/development.yaml").write_text(
        f"engine: {{kind: kafka, brokers: '{kafka_broker}', topic: {topic}}}\n"
    )

    @asynccontextmanager
    async def starter(depot: Depot | None = None, connector: Any = ShopConnector, **settings: Any) -> AsyncIterator[Running]:
        depot, clock = depot or Depot(), SteppedClock()
        chosen = PipelineSettings(
            **{"timers_every": 0.05, "idle": 0.05, "reconcile_first": 0.02, "grace": 2.0, "prune_every": 0.0, **settings}
        )
        connectors = {"test_shop": Found(connector), "test_depot": Found(depot_connector(depot))}
        hub = Hub(
            load(landscape_folder, "development"), clock=clock, settings=chosen, location=LedgerLocation.parse(postgresql_url),
            connectors=connectors,
        )  # fmt: skip
        await hub.start()
        try:
            yield Running(hub, depot, clock)
        finally:
            await hub.stop()

    return starter


def produce(brokers: str, topic: str, partition: int, *values: bytes) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": brokers, "log_level": 0})
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(10) == 0


async def owns(running: Running, count: int) -> None:
    await running.until(lambda: len(running.hub.worker.owned) == count, 60)


async def test_an_order_crosses_and_its_repetition_and_its_contradiction_are_told_apart_when_they_are_taken(start: Start) -> None:
    async with start() as running:
        await owns(running, 4)
        status, first = await running.post(order_body("A1"), x_id="A1")
        assert status == 202
        status, again = await running.post(order_body("A1"), x_id="A1")
        # a topic cannot say what the ledger has: the repetition is found where the message is taken
        assert (status, again["status"]) == (202, "accepted")
        await running.post(order_body("A1", sku="B"), x_id="A1")
        await running.until(lambda: len(running.depot.taken) == 1, 60)
        rows = await running.until_rows(
            "SELECT state, mapping FROM ledger_message ORDER BY id", lambda found: len(found) == 2 and found[1][0] != 0, 60
        )
        assert rows[1][1].startswith("conflict:") or rows[1][0] != rows[0][0]
        assert (await running.rows("SELECT COUNT(*) FROM ledger_exception WHERE code='receive.conflict'")) == [(1,)]
        assert sum((await offsets(running)).values()) == 3
        await running.until(lambda: running.hub.intake.topic.lag == 0, 60)  # type: ignore[union-attr]
        assert len(running.depot.taken) == 1
        assert len(first["messages"]) == 1


async def offsets(running: Running) -> dict[int, int]:
    return dict(await running.rows("SELECT partition, next FROM ledger_offset"))


async def test_two_share_and_what_the_first_leaves_the_second_finishes_in_order_and_once(start: Start) -> None:
    depot = Depot()
    orders = [f"N{number}" for number in range(40)]
    async with start(depot) as first:
        await owns(first, 4)

        def came(order: str) -> list[str]:
            return [paper["lines"][0]["sku"] for key, paper in depot.papers if key.endswith(f"/{order}")]

        async def send(running: Running, version: int) -> None:
            answers = await asyncio.gather(
                *(running.post(order_body(o, version, sku=f"V{version}"), x_id=f"{o}:{version}") for o in orders)
            )
            assert {status for status, _ in answers} == {202}

        async with start(depot) as second:
            sending = asyncio.create_task(send(first, 1))
            await owns(second, 2)
            await owns(first, 2)
            await sending
            await send(second, 2)
        # cooperative: the second one left in the midst of it, and what it had is the first one's again
        await owns(first, 4)
        await first.until(lambda: all(came(order)[-1:] == ["V2"] for order in orders), 60)
        await first.until(lambda: first.hub.engine.lag == 0, 60)  # type: ignore[attr-defined]
    assert set(depot.counts().values()) == {1}
    for order in orders:
        # versions lie in partitions of their own: one that was overtaken is stale and has no effect, never a late one
        assert came(order) in (["V1", "V2"], ["V2"]), f"{order} out of order"


async def test_nonsense_in_the_topic_is_kept_for_a_person_and_what_follows_goes_on(
    start: Start, kafka_broker: str, topic: str
) -> None:
    async with start() as running:
        await owns(running, 4)
        await asyncio.to_thread(produce, kafka_broker, topic, 2, b"nonsense", b"", b"\x01\x00\x00\x00\x02[]")
        for number in range(8):
            await running.post(order_body(f"P{number}"), x_id=f"P{number}")
        await running.until(lambda: len(running.depot.taken) == 8, 60)
        await running.until_rows(
            "SELECT code FROM ledger_exception WHERE code='engine.record_malformed'", lambda found: len(found) >= 1, 60
        )
        kept = await running.until_rows(
            "SELECT dedupe_key FROM ledger_message WHERE channel='topic' ORDER BY id", lambda found: len(found) == 3, 60
        )
        assert [key for (key,) in kept] == [f"record:{topic}:2:{offset}" for offset in range(3)]


class Bomb(ShopConnector):
    """Has a defect: one order makes it fail in a way nobody foresaw."""

    def normalize(self, message: Any) -> Any:
        if json.loads(message.body)["order"]["number"] == "BOMB":
            raise ZeroDivisionError
        return super().normalize(message)


async def test_a_message_that_breaks_the_hub_is_found_out_and_the_others_go_on(start: Start) -> None:
    async with start(connector=Bomb, mappers=0) as running:
        await owns(running, 4)
        orders = [f"X{number}" for number in range(12)]
        await asyncio.gather(*(running.post(order_body(o), x_id=o) for o in [*orders[:6], "BOMB", *orders[6:]]))
        await running.until(lambda: len(running.depot.taken) == 12, 60)
        [(code, count)] = await running.until_rows(
            "SELECT code, COUNT(*) FROM ledger_exception GROUP BY code", lambda found: len(found) == 1, 60
        )
        assert count == 1, code
        assert set(running.depot.counts().values()) == {1}


async def test_when_the_ledger_is_away_messages_are_accepted_and_when_too_many_wait_no_more_are(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(backlog=25, in_flight=0) as running:
        await owns(running, 4)
        store = running.hub.store

        def away(_location: object) -> dict[str, object]:
            return {"dbname": "x", "host": "127.0.0.1", "port": 1}

        monkeypatch.setattr(type(store.location), "conninfo", away)
        statuses = [(await running.post(order_body(f"L{number}"), x_id=f"L{number}"))[0] for number in range(40)]
        assert statuses[:20] == [202] * 20
        assert statuses[-1] == 503
        assert running.last["retry-after"]
        monkeypatch.undo()
    accepted = statuses.count(202)
    async with start() as after:
        await after.until(lambda: len(after.depot.taken) == accepted, 60)
        assert set(after.depot.counts().values()) == {1}


async def test_a_ledger_set_back_takes_again_what_the_topic_still_has_and_nothing_of_it_twice(start: Start) -> None:
    """What a fail-over to an asynchronous replica does: the last transactions are gone. The accepted messages are not."""
    depot = Depot()
    async with start(depot) as running:
        await owns(running, 4)
        for number in range(10):
            await running.post(order_body(f"R{number}"), x_id=f"R{number}")
        await running.until(lambda: len(depot.taken) == 10, 60)
        await running.until_rows("SELECT COUNT(*) FROM ledger_delivery WHERE settled_at>0", lambda found: found == [(10,)], 60)
    url = running.hub.location
    import psycopg

    with psycopg.connect(**url.conninfo(), autocommit=True) as connection:
        connection.execute("UPDATE ledger_offset SET next=0")
        gone = connection.execute("DELETE FROM ledger_message WHERE dedupe_key IN ('R3', 'R7')").rowcount
        assert gone == 2
    async with start(depot) as again:
        await owns(again, 4)
        await again.until_rows("SELECT SUM(next) FROM ledger_offset", lambda found: found == [(10,)], 60)
        await again.until_rows("SELECT COUNT(*) FROM ledger_message WHERE state<>0", lambda found: found == [(10,)], 60)
    assert set(depot.counts().values()) == {1}


async def test_offsets_move_once_and_only_from_where_they_are(kafka_broker: str, postgresql_url: str, topic: str) -> None:
    cluster = Cluster(postgresql_url, kafka_broker, topic)
    member = await cluster.join()
    try:
        await member.store.work.do(lambda s: advance(s, topic, {0: (0, 5), 1: (0, 2)}))
        with pytest.raises(Fenced):
            await member.store.work.do(lambda s: advance(s, topic, {1: (2, 3), 0: (0, 9)}))
        assert await member.store.work.do(lambda s: offsets_of(s, topic, [0, 1, 2])) == {0: 5, 1: 2, 2: 0}
    finally:
        await cluster.leave(member)


async def test_records_that_are_gone_are_an_alarm_and_not_passed_over(start: Start, kafka_broker: str, topic: str) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    async with start() as running:
        await owns(running, 4)
    await asyncio.to_thread(produce, kafka_broker, topic, 1, b"a", b"b", b"c")
    admin = AdminClient({"bootstrap.servers": kafka_broker, "log_level": 0})
    for each in admin.delete_records([TopicPartition(topic, 1, 2)]).values():
        each.result(10)
    async with start() as running:
        await running.until(lambda: running.hub._standing() is not True and running.hub.engine.trouble is not None, 60)  # type: ignore[attr-defined]
        assert running.hub._standing().code == "engine.records_gone"  # type: ignore[union-attr]
        assert (await offsets(running)).get(1, 0) == 0


def test_a_topic_with_other_partitions_and_brokers_nobody_answers_at_are_said(kafka_broker: str, topic: str) -> None:
    place = Place(kafka_broker, topic)
    assert prepare(place, 4) == 3.0
    with pytest.raises(TopicUnfit, match="has 4 partitions, the landscape 8"):
        prepare(place, 8)
    with pytest.raises(KafkaMissing):
        prepare(Place("", topic), 4)


def test_brokers_nobody_answers_at_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from crossdock.engine.kafka import topic as module

    monkeypatch.setattr(module, "PATIENCE", 0.5)
    with pytest.raises(BrokersUnavailable):
        prepare(Place("127.0.0.1:1", "t"), PARTITIONS)


def test_it_keeps_its_ledger_on_postgresql(landscape_folder: Path, tmp_path: Path) -> None:
    (landscape_folder / "environments").mkdir()
    (landscape_folder / "environments/development.yaml").write_text("engine: {kind: kafka, brokers: 'b:1'}\n")
    hub = Hub(
        load(landscape_folder, "development"), location=LedgerLocation.parse(f"sqlite:///{tmp_path}/l.sqlite3"), connectors={}
    )
    with pytest.raises(LandscapeInvalid, match="on PostgreSQL"):
        hub._engine()


async def test_a_member_the_group_has_forgotten_takes_nothing_back(
    kafka_broker: str, postgresql_url: str, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that hangs is taken for dead; when it goes on it must not fence those who have its partitions now."""
    from crossdock.engine.kafka import membership

    cluster = Cluster(postgresql_url, kafka_broker, topic)
    first = await cluster.join()
    await cluster.settle(cluster.whole)
    engine = first.engine
    assert isinstance(engine, KafkaEngine)
    monkeypatch.setattr(membership.Membership, "confirm", lambda _self, _offsets: False)
    before = await first.store.read.do(lambda s: s.rows("SELECT id, epoch FROM ledger_partition ORDER BY id"))
    assert list(await engine.reclaim(range(PARTITIONS))) == []
    assert await first.store.read.do(lambda s: s.rows("SELECT id, epoch FROM ledger_partition ORDER BY id")) == before
    monkeypatch.undo()
    first.owned.clear()
    await cluster.settle(cluster.whole)
    await cluster.leave(first)
