"""Scans in bulk: what leads nowhere or says nothing new is counted in the page's record and passed over; the rest takes effect."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest

from benchmarks import milestones
from crossdock.landscape.load import load
from crossdock.ledger.audit import links
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.states import EventState
from crossdock.pipeline.hub import Hub
from crossdock.simulators.tms import Tms


async def test_only_what_matters_of_a_page_is_kept_and_the_rest_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_TOKEN", "tms-demo-api-key")
    tms, parcels = Tms(), 16
    for number in range(parcels * len(milestones.STEPS)):
        tms.office.scans.append(milestones.scan(number, parcels).strip())
    async with tms.running():
        for name, text in milestones.FILES.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.replace("ENDPOINT", tms.url if "tms" in name else "http://127.0.0.1:9"))
        hub = Hub(load(tmp_path), location=LedgerLocation.parse(f"sqlite:///{tmp_path}/ledger.sqlite3"))
        scans, tms.office.scans = tms.office.scans, []
        await hub.start()
        try:
            await hub.store.work.do(milestones.seeding(hub, parcels))
            tms.office.scans = scans
            async with asyncio.timeout(20):
                while await _count(hub) < 8:
                    await asyncio.sleep(0.02)
            rows = await hub.store.read.do(
                lambda s: s.rows("SELECT key, data, state FROM ledger_event WHERE type LIKE 'shipment.%' ORDER BY occurred_at")
            )
            counts = await hub.store.read.do(lambda s: _passed_over(s, hub.landscape.partitions))
            trouble = await hub.store.read.do(lambda s: s.rows("SELECT code FROM ledger_exception"))
        finally:
            await hub.stop()
    assert trouble == []
    assert {key for key, _, _ in rows} == {"order/shop/000000000", "order/shop/000000008"}
    assert {state for _, _, state in rows} == {int(EventState.APPLIED)}
    assert counts == {"told": 160, "unknown": 140, "nothing_new": 12}


async def _count(hub: Hub) -> int:
    [(found,)] = await hub.store.read.do(lambda s: s.rows("SELECT COUNT(*) FROM ledger_event WHERE type LIKE 'shipment.%'"))
    return int(found)


def _passed_over(session: Any, partitions: int) -> dict[str, int]:
    sums: dict[str, int] = {}
    for partition in range(partitions):
        for _, _, _, records in links(session, partition):
            for record in orjson.loads(records):
                if record[0] == "pipeline:message:passed_over":
                    for name, number in record[4].items():
                        sums[name] = sums.get(name, 0) + number
    return sums
