"""Payloads go when their time is over and not before; what people still need stays; the audit chain stays whole; files get smaller."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.clock import SystemClock
from crossdock.core.errors import TargetRefused, TransactionClosed
from crossdock.ledger.audit import verify
from crossdock.ledger.batch import JOB_COLUMNS, MAP_ENTRY_COLUMNS
from crossdock.ledger.ids import Numbers
from crossdock.ledger.retention import STEP
from crossdock.ledger.runs import ask, overview
from crossdock.ledger.session import Session
from crossdock.ledger.states import DeliveryState, EventState
from crossdock.ledger.times import micros
from crossdock.ledger.trace import story
from crossdock.pipeline.pruning import Pruning, retention_plan
from crossdock.pipeline.replay import replay
from crossdock.pipeline.timetable import RETENTION, run_partition
from tests.pipeline.conftest import Depot, Running, order_body

POLICIES = """
data_classes: {personal: {title: People, fields: [order.customer.name]}}
retention:
  - {data_class: personal, state: settled, keep: 30d}
  - {state: settled, keep: 90d}
  - {state: rejected, keep: 60d}
  - {state: exception_open, keep: 400d}
"""
DAY = 86_400.0


@pytest.fixture
def policies(landscape_folder: Path) -> None:
    (landscape_folder / "policies.yaml").write_text(POLICIES)


async def pruned(hub: Running, after: int = 0) -> dict[str, Any]:
    """Ask for a run of retention and wait for its end; its result."""
    numbers, at = Numbers(hub.clock, 1023), micros(hub.clock.now())
    partition = run_partition(RETENTION, hub.hub.landscape.partitions)
    await hub.hub.store.work.do(lambda s: ask(s, numbers, RETENTION, partition, {}, "test", at))
    async with asyncio.timeout(20):
        while True:
            for _, last in await hub.hub.store.read.do(overview):
                if last is not None and last.flow == RETENTION and (last.ended_at or 0) >= at:
                    assert last.state.name == "DONE"
                    return last.result
            await asyncio.sleep(0.02)


async def weights(hub: Running) -> dict[str, int]:
    """How many rows of each table still have a payload."""
    found = {}
    for name, condition in {
        "message": "body IS NOT NULL OR claim<>''",
        "event": "LENGTH(data)>0",
        "delivery": "LENGTH(data)>0",
        "attempt": "exchanges IS NOT NULL",
        "instance": "LENGTH(state)>0",
    }.items():
        [(count,)] = await hub.rows(f"SELECT COUNT(*) FROM ledger_{name} WHERE {condition}")
        found[name] = count
    return found


async def settled(hub: Running, count: int) -> None:
    await hub.until_rows("SELECT id FROM ledger_delivery WHERE state>=10", lambda rows: len(rows) == count)


async def test_payloads_go_when_their_time_is_over_and_the_rest_of_the_story_stays(start, policies) -> None:
    async with start() as hub:
        for number in range(5):
            await hub.post(order_body(str(number)), x_id=f"m{number}")
        await settled(hub, 5)
        hub.clock.offset += 29 * DAY
        assert (await pruned(hub))["pruned"] == 0
        await hub.post(order_body("late"), x_id="late")
        await settled(hub, 6)
        hub.clock.offset += 2 * DAY
        result = await pruned(hub)
        assert {kind: result[kind] for kind in ("message", "event", "delivery", "instance")} == dict.fromkeys(
            ("message", "event", "delivery", "instance"), 5
        )
        assert result["bytes"] > 1000
        found = await weights(hub)
        assert (found["message"], found["event"], found["delivery"], found["instance"]) == (1, 1, 1, 1)
        rows = await hub.rows("SELECT state, key FROM ledger_event ORDER BY key")
        assert [key for _, key in rows] == [f"order/shop/{n}" for n in (0, 1, 2, 3, 4, "late")]
        told = await hub.hub.store.read.do(lambda s: story(s, "order/shop/1"))
        assert {entry["step"] for entry in told.entries} == {"received", "event", "command", "attempt"}
        assert "removed" in str(told.entries) and "Acme" not in str(told.entries)
        checked = await hub.hub.store.read.do(verify)
        assert not checked.breaks and checked.compared >= 12
        with pytest.raises(TransactionClosed):
            await hub.hub.store.read.do(lambda s: replay(s, hub.hub.runtime.flows, "order/shop/1"))


async def test_a_duplicate_of_what_was_pruned_is_still_a_duplicate_and_anything_new_goes_to_a_person(start, policies) -> None:
    depot = Depot()
    async with start(depot) as hub:
        await hub.post(order_body("1"), x_id="m1")
        await settled(hub, 1)
        hub.clock.offset += 31 * DAY
        await pruned(hub)
    async with start(depot) as hub:
        hub.clock.offset += 31 * DAY
        assert (await hub.post(order_body("1"), x_id="m1"))[0] == 200
        await hub.post(order_body("1"), x_id="another id, same order")
        await hub.until_rows("SELECT id FROM ledger_message", lambda rows: len(rows) == 2)
        await hub.post(order_body("1", 2), x_id="m2")
        rows = await hub.until_rows("SELECT code, key FROM ledger_exception", bool)
        assert rows == [("process.closed", "order/shop/1")]
        assert len(depot.taken) == 1


async def test_what_a_person_still_has_to_settle_stays(start, policies) -> None:
    depot = Depot(answers=[TargetRefused("no such product")])
    async with start(depot) as hub:
        await hub.post(order_body("1"))
        await hub.until_rows("SELECT id FROM ledger_exception", bool)
        await hub.post(b"{nonsense")
        await hub.until_rows("SELECT id FROM ledger_exception", lambda rows: len(rows) == 2)
        await hub.post(order_body("2"))
        await hub.until(lambda: len(depot.taken) == 1)
        hub.clock.offset += 100 * DAY
        result = await pruned(hub)
        assert (result["message"], result["kept"] > 0) == (1, True)
        assert (await weights(hub))["message"] == 2
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_exception SET state=2"))
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_instance SET finished=?", (True,)))
        await pruned(hub)
        assert (await weights(hub))["message"] == 0
        assert not (await hub.hub.store.read.do(verify)).breaks


async def test_nothing_that_is_still_under_way_is_touched(start, policies) -> None:
    from crossdock.core.errors import TargetUnavailable

    async with start(Depot(always=TargetUnavailable("down")), timers_every=0.02) as hub:
        await hub.post(order_body("1"))
        await hub.until_rows(
            "SELECT state FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] == DeliveryState.DEFERRED
        )
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_delivery SET next_at=?", (2**60,)))
        before = await weights(hub)
        plan = retention_plan(hub.hub.landscape)
        far = SystemClock()
        far.now = lambda: hub.clock.now().replace(year=2099)  # type: ignore[method-assign]
        found = await Pruning(plan, hub.hub.store, None, far).survey()  # type: ignore[arg-type]
        assert found["pruned"] == 0
        assert await weights(hub) == before
        assert [s for (s,) in await hub.rows("SELECT state FROM ledger_event")] == [EventState.APPLIED]


async def test_time_counts_from_when_something_was_settled(start, policies) -> None:
    """Recorded long ago, settled a moment ago: it stays its full time from then on, and goes after it."""
    from crossdock.core.errors import TargetUnavailable

    depot = Depot(answers=[TargetUnavailable("down")])
    async with start(depot) as hub:
        await hub.post(order_body("1"))
        await hub.until_rows(
            "SELECT state FROM ledger_delivery", lambda rows: bool(rows) and rows[0][0] == DeliveryState.DEFERRED
        )
        hub.clock.offset += 40 * DAY
        await settled(hub, 1)
        assert (await pruned(hub)).get("delivery", 0) == 0
        hub.clock.offset += 29 * DAY
        assert (await pruned(hub)).get("delivery", 0) == 0
        hub.clock.offset += 2 * DAY
        assert (await pruned(hub))["delivery"] == 1
        assert (await weights(hub))["delivery"] == 0


async def test_bodies_kept_outside_are_dropped_when_no_message_has_them_any_more(
    start, policies, landscape_folder, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("CROSSDOCK_PAYLOADS", str(tmp_path / "payloads"))
    system = landscape_folder / "systems/shop.yaml"
    system.write_text(system.read_text() + "limits: {max_body: 4MB}\n")
    big = json.dumps({**json.loads(order_body("1")), "padding": "x" * 400_000}).encode()
    async with start() as hub:
        await hub.post(big, x_id="first")
        await settled(hub, 1)
        files = [path for path in (tmp_path / "payloads").rglob("*") if path.is_file()]
        assert len(files) == 1
        hub.clock.offset += 20 * DAY
        await hub.post(big, x_id="second")
        await hub.until_rows("SELECT id FROM ledger_message WHERE state>0", lambda rows: len(rows) == 2)
        hub.clock.offset += 15 * DAY
        await pruned(hub)
        assert [path.exists() for path in files] == [True]
        assert not (await hub.hub.store.read.do(lambda s: verify(s, hub.hub.worker._claims))).breaks
        hub.clock.offset += 20 * DAY
        await pruned(hub)
        assert [path.exists() for path in files] == [True], "stored again a moment ago: its message may not be committed yet"
        _older(files[0])
        await pruned(hub)
        assert [path.exists() for path in files] == [False]


def _older(path: Path) -> None:
    import os

    os.utime(path, (1, 1))


async def test_the_audit_check_still_finds_what_was_removed_by_other_hands(start, policies) -> None:
    async with start() as hub:
        for number in range(3):
            await hub.post(order_body(str(number)))
        await settled(hub, 3)
        hub.clock.offset += 31 * DAY
        await hub.post(order_body("kept"))
        await settled(hub, 4)
        await pruned(hub)
        await hub.hub.store.work.do(lambda s: s.execute("UPDATE ledger_message SET body=NULL"))
        breaks = (await hub.hub.store.read.do(verify)).breaks
        assert len(breaks) == 1 and "removed" in breaks[0].problem


async def test_sqlite_returns_the_space(start, policies, ledger_url: str) -> None:
    if not ledger_url.startswith("sqlite"):
        pytest.skip("PostgreSQL reuses the space of removed rows; autovacuum does it by itself")
    path = Path(ledger_url.removeprefix("sqlite:///"))
    async with start() as hub:
        note = {"note": "".join(chr(33 + i * 7919 % 90) for i in range(4000))}
        for number in range(300):
            await hub.post(order_body(str(number), sku=f"{number}" * 5, **note))
        await settled(hub, 300)
    before = path.stat().st_size  # noqa: ASYNC240
    async with start() as hub:
        hub.clock.offset += 31 * DAY
        result = await pruned(hub)
        [(free,)] = await hub.rows("PRAGMA freelist_count")
        assert free == 0
    assert before - path.stat().st_size >= 0.9 * result["bytes"]  # noqa: ASYNC240


async def test_what_people_asked_long_ago_goes_what_is_in_force_stays(start, policies) -> None:
    """A bulk job, its items and a value-map entry taken out go after the time of what is settled; a live entry and a running job stay."""
    async with start(Depot(always=TargetRefused("no"))) as hub:
        at = micros(hub.clock.now())

        def fill(s: Session) -> None:
            numbers = Numbers(hub.clock, 1022)
            for ended in (at, at + 80 * 86_400_000_000, None):
                job = numbers.next()
                row = {**dict.fromkeys(JOB_COLUMNS, 0), "id": job, "action": "retry", "data": "{}", "chosen": "{}", "author": "ada", "reason": "",
                       "created_at": at, "state": 1, "ended_at": ended, "ended_by": "", "note": ""}  # fmt: skip
                s.insert("ledger_job", JOB_COLUMNS, [tuple(row.values())])
                items = [(numbers.next(), job, n, None, 1, "") for n in range(STEP + 1)]
                s.insert("ledger_job_item", ("id", "job_id", "exception_id", "instruction_id", "state", "why"), items)
            entries = [
                (numbers.next(), "m", code, "v", "ada", "", at, gone, "")
                for code, gone in (("live", None), ("out", at), ("new", at + 80 * 86_400_000_000))
            ]
            s.insert("ledger_map_entry", MAP_ENTRY_COLUMNS, entries)

        await hub.hub.store.work.do(fill)
        hub.clock.offset += 91 * DAY
        result = await pruned(hub)
        assert (result["job"], result["map_entry"]) == (STEP + 2, 1)
        assert await hub.rows("SELECT COUNT(*) FROM ledger_job") == [(2,)]
        assert await hub.rows("SELECT COUNT(*) FROM ledger_job_item") == [(2 * (STEP + 1),)]
        assert sorted(await hub.rows("SELECT code FROM ledger_map_entry")) == [("live",), ("new",)]
