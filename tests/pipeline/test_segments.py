"""A hub whose receivers may not see everything, and whose partners send unequally much."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.clock import Clock
from crossdock.core.errors import Overloaded
from crossdock.core.outcomes import Accepted
from crossdock.ledger.work import take_messages
from crossdock.pipeline.queues import Admission, Share, shares
from tests.pipeline.conftest import FILES, Depot, Running, SteppedClock, order_body

CLASSES = "data_classes:\n  contact: {fields: [order.customer.name, order.customer.email]}\n  price: {fields: [%s]}\n"
TIERS = "segments:\n  key: {weight: 30, respond_within: 1h}\n  standard: {weight: 10, rate: 5}\n"
SECOND = "kind: test_shop\nowner: ops\nendpoint: http://127.0.0.1:1\n"


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


async def test_the_receiver_gets_what_it_may_see_and_the_record_says_what_it_did_not(start: Any, landscape_folder: Path) -> None:
    write(
        landscape_folder,
        policies_yaml=CLASSES % "order.total",
        systems__depot_yaml=FILES["systems/depot.yaml"] + "may_see: [price]\n",
    )
    got: list[dict[str, Any]] = []
    depot = Depot(answers=[lambda command: (got.append(dict(command.data)), Accepted({}))[1]])
    async with start(depot) as hub:
        await hub.post(order_body("1", customer={"id": "C1", "name": "Ada", "email": "ada@example.com"}))
        await hub.until(lambda: bool(got))
        document = got[0]["document"]
        assert document["customer"]["name"] == "" and "email" not in document["customer"]
        assert document["total"] == {"amount": "19.00", "currency": "EUR"}
        records = await hub.hub.store.read.do(withheld_records)
        assert [record["fields"] for record in records] == [["order.customer.email", "order.customer.name"]]
        assert "ada" not in json.dumps(records).lower()


async def test_what_cannot_leave_without_it_does_not_leave_and_a_person_is_asked(start: Any, landscape_folder: Path) -> None:
    write(
        landscape_folder,
        policies_yaml=CLASSES % "order.lines",
        systems__depot_yaml=FILES["systems/depot.yaml"] + "may_see: [contact]\n",
    )
    async with start() as hub:
        await hub.post(order_body("1"))
        (row,) = await hub.until_rows("SELECT code, system, message FROM ledger_exception", bool)
        assert row[:2] == ("deliver.content_withheld", "depot")
        assert "order.lines" in row[2]
        assert hub.depot.taken == []


def withheld_records(session: Any) -> list[dict[str, Any]]:
    from crossdock.ledger.audit import links

    found = []
    for (partition,) in session.rows("SELECT id FROM ledger_partition"):
        for _, _, _, body in links(session, partition):
            found += [detail for tag, _, _, _, detail in json.loads(body) if tag == "pipeline:delivery:withheld"]
    return found


async def test_a_noisy_partner_does_not_keep_another_waiting(start: Any, landscape_folder: Path) -> None:
    """1,500 messages of one partner lie there when another sends three: these are taken with the first batches, not after all the others."""
    write(
        landscape_folder,
        policies_yaml=TIERS,
        systems__quiet_yaml=SECOND,
        ownership_yaml="entities: {order: {owner: shop}}\nevents: {order.placed: {originates: [shop, quiet]}, order.changed: {originates: [shop, quiet]}}\n",
        flows__orders_yaml=FILES["flows/orders.yaml"].replace("sources: [shop]", "sources: [shop, quiet]"),
        partners__loud_yaml="systems: [shop]\nstate: live\n",
        partners__quiet_yaml="systems: [quiet]\nstate: live\ntier: key\n",
    )
    async with start(batch=20, mappers=0) as hub:
        worker = hub.hub.worker
        worker.stop()  # what comes now is stored and waits
        await hub.until(lambda: hub.hub._tasks[0].done())
        lines = [order_body(f"L{n}") for n in range(1500)]
        rows = [inbound("shop", line, hub) for line in lines] + [inbound("quiet", order_body(f"Q{n}"), hub) for n in range(3)]
        await hub.hub.intake.commit(rows)
        worker._stopping = False
        for _ in range(3):
            await worker.step()
        done = dict(await hub.rows("SELECT system, COUNT(*) FROM ledger_message WHERE state>0 GROUP BY system"))
        assert done["quiet"] == 3
        assert 0 < done["shop"] < 200


def inbound(system: str, body: bytes, hub: Running) -> Any:
    from crossdock.connectors.protocol import Inbound

    return hub.hub.intake.row(system, "orders", Inbound("order", body.decode(), body), "")


async def test_each_queue_gets_its_share_and_the_rest_goes_to_the_oldest(start: Any, landscape_folder: Path) -> None:
    async with start() as hub:
        hub.hub.worker.stop()
        await hub.until(lambda: hub.hub._tasks[0].done())
        rows = [inbound("a", b"%d" % n, hub) for n in range(200)] + [
            inbound(name, b"%d" % n, hub) for name in ("b", "c") for n in range(20)
        ]
        await hub.hub.intake.commit(rows)
        queues = [(("a",), 10), (("b",), 30), (("c", "d"), 10)]
        owned = list(range(4))
        taken = await hub.hub.store.look.do(lambda s: take_messages(s, owned, 50, queues=queues))
        counts = {name: sum(1 for each in taken if each.system == name) for name in "abc"}
        assert counts == {"a": 20, "b": 20, "c": 10}  # b has no more than 20; what it leaves goes to the oldest
        assert [each.id for each in taken] == sorted(each.id for each in taken)
        mine = await hub.hub.store.look.do(lambda s: take_messages(s, [1], 10, queues=queues))
        assert {each.partition for each in mine} == {1} and len({each.system for each in mine}) == 3
        assert len(await hub.hub.store.look.do(lambda s: take_messages(s, owned, 500, queues=queues))) == 240


def test_the_tier_and_the_criticality_make_the_share(landscape_folder: Path) -> None:
    from crossdock.landscape.load import load

    write(
        landscape_folder,
        policies_yaml=TIERS,
        partners__loud_yaml="systems: [shop]\nstate: live\ntier: standard\ncriticality: low\n",
        partners__key_yaml="systems: [depot]\nstate: live\ntier: key\ncriticality: high\n",
    )
    found = {each.name: each for each in shares(load(landscape_folder))}
    assert (found["loud"].weight, found["loud"].rate) == (5, 5)
    assert (found["key"].weight, found["key"].respond_within) == (60, 3_600_000_000)


def test_a_budget_is_the_partners_own() -> None:
    clock: Clock = SteppedClock()
    door = Admission([Share("loud", ("a", "b"), rate=2), Share("quiet", ("c",), rate=2), Share("", ("d",))], clock)
    door.admit("a", 1)
    door.admit("b", 1)
    with pytest.raises(Overloaded) as told:
        door.admit("a", 1)
    assert told.value.retry_after and told.value.retry_after > 0
    door.admit("c", 2)
    for _ in range(100):
        door.admit("d", 10)
