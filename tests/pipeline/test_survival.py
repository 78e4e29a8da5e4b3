"""What no step foresaw: a ledger that goes away, a defect that one message triggers, a payload that is gone."""

from __future__ import annotations

import sqlite3

import pytest

from crossdock.core.errors import LedgerUnavailable, TargetUnavailable
from crossdock.ledger.states import MessageState
from crossdock.pipeline.tick import Tick
from tests.pipeline.conftest import Depot, order_body


async def test_the_hub_goes_on_after_the_ledger_was_away(start, monkeypatch) -> None:
    from crossdock.ledger.batch import Batch

    real, failures = Batch.commit, [3]

    def failing(self, session, owned):
        if failures[0]:
            failures[0] -= 1
            raise LedgerUnavailable("away")
        return real(self, session, owned)

    monkeypatch.setattr(Batch, "commit", failing)
    async with start() as hub:
        await hub.post(order_body("1001"))
        await hub.until(lambda: len(hub.depot.taken) == 1, 20)
        await hub.post(order_body("1002"))
        await hub.until(lambda: len(hub.depot.taken) == 2, 20)
        assert set(hub.depot.counts().values()) == {1}


async def test_one_message_that_breaks_the_hub_stops_no_other(start, monkeypatch) -> None:
    real = Tick.events

    def breaking(self, works):
        if any(work.event.key.endswith("/666") for work in works):
            raise ZeroDivisionError("a defect")
        return real(self, works)

    monkeypatch.setattr(Tick, "events", breaking)
    async with start() as hub:
        for number in ("1", "666", "2", "3"):
            await hub.post(order_body(number))
        await hub.until(lambda: len(hub.depot.taken) == 3, 20)
        rows = await hub.until_rows("SELECT code, subject FROM ledger_exception", bool)
        assert rows == [("hub.defect", "message")]
        states = [s for (s,) in await hub.rows("SELECT state FROM ledger_message ORDER BY id")]
        assert states.count(MessageState.FAILED) == 1


async def test_a_payload_that_is_gone_is_told_and_stops_nobody(start, landscape_folder, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CROSSDOCK_PAYLOADS", str(tmp_path / "payloads"))
    limits = landscape_folder / "systems/shop.yaml"
    limits.write_text(limits.read_text() + "limits: {max_body: 4MB}\n")
    depot = Depot()
    async with start(depot, in_flight=0) as hub:
        status, _ = await hub.post(order_body("1001", note="x" * 500), x_id="big")
        assert status == 202
        body = order_body("1002", note="y" * 400) + b" " * 400_000
        status, _ = await hub.post(body)
        assert status == 202
    [claim] = [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]
    claim.unlink()
    async with start(depot) as hub:
        await hub.until(lambda: len(depot.taken) == 1, 20)
        [(code,)] = await hub.until_rows("SELECT code FROM ledger_exception", bool)
        assert code == "ledger.payload_lost"


@pytest.mark.parametrize("seconds", [0.3])
async def test_another_writer_on_sqlite_only_delays(start, seconds, ledger_url) -> None:
    if not ledger_url.startswith("sqlite"):
        pytest.skip("one writer at a time is SQLite's rule")
    async with start() as hub:
        other = sqlite3.connect(ledger_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        hub.hub.clock.now()
        import asyncio

        posting = asyncio.create_task(hub.post(order_body("1001")))
        done, _ = await asyncio.wait([posting], timeout=seconds)
        assert not done
        other.execute("ROLLBACK")
        assert (await posting)[0] == 202
        await hub.until(lambda: len(hub.depot.taken) == 1)
        other.close()


async def test_a_delivery_to_a_system_that_was_removed_goes_to_a_person(start, landscape_folder) -> None:
    async with start(Depot(always=TargetUnavailable("down"))) as hub:
        await hub.post(order_body("1001"))
        await hub.until_rows("SELECT state FROM ledger_delivery WHERE state=2", bool)
    (landscape_folder / "systems/depot.yaml").rename(landscape_folder / "systems/annex.yaml")
    flow = landscape_folder / "flows/orders.yaml"
    flow.write_text(flow.read_text().replace("target: depot", "target: annex"))
    async with start() as hub:
        rows = await hub.until_rows("SELECT code, key FROM ledger_exception WHERE state=0", bool)
        assert rows == [("receive.unknown_system", "order/shop/1001")]
        assert await hub.rows("SELECT COUNT(*) FROM ledger_delivery WHERE state<10") == [(0,)]
