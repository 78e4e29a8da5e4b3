"""Batch flows: an inventory comparison of a simulated warehouse and Odoo, run by the hub; only what really differs travels, once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from crossdock.ledger.audit import verify
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import written
from crossdock.ledger.runs import open_runs
from crossdock.ledger.states import RunState
from crossdock.ledger.store import Store
from crossdock.simulators.faults import Fault
from tests.pipeline.inventory import FLOW, PARTITIONS, Goods, Process, goods


@pytest_asyncio.fixture
async def world(tmp_path: Path, ledger_url: str) -> AsyncIterator[Goods]:
    async with goods(tmp_path / "landscape", ledger_url) as found:
        yield found


async def test_only_differences_reach_odoo_and_a_second_run_finds_none(world: Goods) -> None:
    await world.stock(120)
    for sku, quantity in (("S-0003", 97), ("S-0050", 0), ("S-0119", 104)):
        world.count(sku, quantity)
    async with world.hub() as hub:
        run = await world.compared(hub)
        assert run.state is RunState.DONE
        figures = {
            name: run.result[name] for name in ("counted_lines", "book_lines", "differing", "told", "adjusted", "with_people")
        }
        assert figures == {"counted_lines": 120, "book_lines": 120, "differing": 3, "told": 3, "adjusted": 3, "with_people": 0}
        assert world.corrections() == {"S-0003": 1, "S-0050": 1, "S-0119": 1}
        books = world.books()
        assert (books["S-0003"], books["S-0050"], books["S-0119"], books["S-0000"]) == (97, 0, 104, 100)
        references = {
            row["inventory_name"] for row in world.odoo.store.table("stock.move").rows.values() if row.get("inventory_name")
        }
        assert {str(name).split(" #")[0] for name in references if str(name).startswith(FLOW)} == {f"{FLOW}/{written(run.id)}/0"}
        again = await world.compared(hub, run)
        assert (again.state, again.result["differing"], again.result["told"]) == (RunState.DONE, 0, 0)
        assert world.corrections().total() == 3
        assert not (await hub.store.read.do(verify)).breaks


async def test_bins_of_the_warehouse_are_added_up_and_chunks_are_small(world: Goods) -> None:
    world.write_landscape(chunk=2)
    await world.stock(10)
    for number in range(7):
        world.count(f"S-{number:04d}", 60)
        world.count(f"S-{number:04d}", 45, "B-02")
    async with world.hub() as hub:
        run = await world.compared(hub)
        assert (run.result["told"], run.progress["chunks"], run.progress["settled"]) == (7, 4, 4)
        assert set(world.books().values()) == {100, 105}
        assert set(world.corrections().values()) == {1}


async def test_an_implausible_snapshot_is_refused_until_a_person_believes_it(world: Goods) -> None:
    await world.stock(100)
    for number in range(60):
        world.count(f"S-{number:04d}", 1)
    async with world.hub() as hub:
        run = await world.compared(hub)
        assert (run.state, run.result["error"]["code"]) == (RunState.FAILED, "snapshot.implausible")
        assert not world.corrections()
        query = "SELECT code, owner, flow, state FROM ledger_exception"
        assert await hub.store.read.do(lambda s: s.rows(query)) == [("snapshot.implausible", "floor", FLOW, 0)]
        again = await world.compared(hub, run)
        assert again.state is RunState.FAILED
        await world.retry(hub.store, believe=True)
        believed = await world.ended(hub.store, again)
        assert (believed.state, believed.result["adjusted"]) == (RunState.DONE, 60)
        assert await hub.store.read.do(lambda s: s.rows(query)) == [("snapshot.implausible", "floor", FLOW, 2)]


async def test_an_export_that_is_cut_short_changes_nothing(world: Goods) -> None:
    await world.stock(100)
    world.wms.warehouse.stock = dict(list(world.wms.warehouse.stock.items())[:30])
    async with world.hub() as hub:
        run = await world.compared(hub)
        assert (run.state, run.result["error"]["code"]) == (RunState.FAILED, "snapshot.incomplete")
        assert not world.corrections()


async def test_a_system_that_is_away_is_waited_for_within_the_budget(world: Goods) -> None:
    await world.stock(30)
    world.count("S-0001", 7)
    world.wms.faults.script(Fault.OUTAGE_503, path="/inventory")
    async with world.hub() as hub:
        await world.ask(hub.store)
        await world.until(hub, phase="deferred", waits_for="deliver.unavailable")
        [run] = await hub.store.read.do(lambda s: open_runs(s, range(PARTITIONS)))
        world.clock.offset += 60
        ended = await world.ended(hub.store)
        assert (ended.id, ended.state, ended.progress["attempts"], ended.result["adjusted"]) == (run.id, RunState.DONE, 2, 1)
        world.wms.faults.script(Fault.OUTAGE_503, 100, path="/inventory")
        await world.ask(hub.store)
        for attempt in (1, 2):
            await world.until(hub, phase="deferred", attempts=attempt)
            world.clock.offset += 60
        failed = await world.ended(hub.store, ended)
        assert (failed.state, failed.result["error"]["code"]) == (RunState.FAILED, "deliver.budget_exhausted")


async def test_what_is_on_its_way_is_no_difference(world: Goods) -> None:
    """Between the two readings the warehouse picks one piece of a SKU."""
    world.write_landscape(settle="PT0.6S")
    await world.stock(40)
    for sku in ("S-0001", "S-0002"):
        world.count(sku, 90)
    async with world.hub() as hub:
        await world.ask(hub.store)
        await world.until(hub, phase="waiting")
        world.count("S-0001", 89)
        run = await world.ended(hub.store)
        assert (run.result["moving"], run.result["told"], world.corrections()) == (1, 1, {"S-0002": 1})


async def test_stock_that_the_hub_is_about_to_change_anyway_is_left_alone(world: Goods) -> None:
    """The warehouse told a movement of S-0002 that Odoo could not take yet; the comparison must not do it a second time."""
    await world.stock(40)
    for sku in ("S-0001", "S-0002"):
        world.count(sku, 90)
    world.odoo.faults.script(Fault.OUTAGE_503, 10_000, path="*stock.quant/create")
    async with world.hub() as hub:
        assert await world.told_by_warehouse(hub, "S-0002", 90) == 202
        async with asyncio.timeout(10):
            while not await hub.store.read.do(lambda s: s.rows("SELECT id FROM ledger_delivery WHERE state=2")):
                await asyncio.sleep(0.02)
        await world.ask(hub.store)
        await world.until(hub, phase="settling")
        assert (hub.scheduler.progress(FLOW)["told"], hub.scheduler.progress(FLOW)["in_motion"]) == (1, 1)
        world.odoo.faults.scripts.clear()
        world.clock.offset += 60
        run = await world.ended(hub.store)
        assert (run.result["adjusted"], world.corrections()) == (1, {"S-0001": 1})
        async with asyncio.timeout(10):
            while world.books()["S-0002"] != 90:
                await asyncio.sleep(0.02)


async def test_an_unknown_product_goes_to_a_person_and_the_next_count_takes_its_place(world: Goods) -> None:
    await world.stock(30)
    world.count("NOBODY-KNOWS", 3)
    world.count("S-0001", 5)
    async with world.hub() as hub:
        run = await world.compared(hub)
        assert (run.result["adjusted"], run.result["with_people"]) == (1, 1)
        query = "SELECT code, owner, key FROM ledger_exception WHERE state<2"
        expected = [("validate.unknown_sku", "floor", "stock/wms/NOBODY-KNOWS")]
        assert await hub.store.read.do(lambda s: s.rows(query)) == expected
        await world.compared(hub, run)
        assert await hub.store.read.do(lambda s: s.rows(query)) == expected


async def test_runs_missed_while_the_hub_was_down_run_once(world: Goods) -> None:
    world.write_landscape(every="1h")
    await world.stock(20)
    async with world.hub() as hub:
        async with asyncio.timeout(5):
            while not await hub.store.read.do(lambda s: open_runs(s, range(PARTITIONS))):
                await asyncio.sleep(0.02)
    world.clock.offset += 7 * 3600
    async with world.hub() as hub:
        first = await world.ended(hub.store)
        assert first.author == ""
        await asyncio.sleep(0.3)
        rows = await hub.store.read.do(lambda s: s.rows("SELECT state, due_at FROM ledger_run ORDER BY id"))
        assert [state for state, _ in rows] == [RunState.DONE, RunState.PLANNED]
        assert 3500 < (rows[1][1] - rows[0][1]) / 1e6 - 6 * 3600 < 3700


@pytest.mark.slow
async def test_killed_in_the_middle_nothing_is_half_done_and_nothing_twice(world: Goods) -> None:
    """kill -9 while some adjustments are told, some under way and some not even told; the next process finishes, each SKU once."""
    world.write_landscape(chunk=3)
    await world.stock(150)
    wrong = {f"S-{number:04d}": 100 + number for number in range(1, 30)}
    for sku, quantity in wrong.items():
        world.count(sku, quantity)
    location = LedgerLocation.parse(world.ledger)
    await asyncio.to_thread(migrate, location)
    store = Store(location)
    process = Process(world.root, world.ledger)
    try:
        await process.start()
        await world.ask(store)
        kills = 0
        for threshold in (4, 12):
            async with asyncio.timeout(40):
                while world.corrections().total() < threshold:
                    await asyncio.sleep(0.005)
            await process.kill(signal.SIGKILL)
            kills += 1
            await process.start()
        async with asyncio.timeout(60):
            while True:
                rows = await store.read.do(lambda s: s.rows("SELECT state, result FROM ledger_run ORDER BY id"))
                if any(state == RunState.DONE for state, _ in rows):
                    break
                await asyncio.sleep(0.05)
        await process.kill(signal.SIGTERM)
        books = world.books()
        assert {sku: books[sku] for sku in wrong} == wrong
        assert world.corrections() == dict.fromkeys(wrong, 1)
        assert [state for state, _ in rows].count(RunState.INTERRUPTED) <= kills
        assert not (await store.read.do(verify)).breaks
    finally:
        await process.kill()
        store.close()
