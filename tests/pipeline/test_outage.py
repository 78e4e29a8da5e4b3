"""The database crashes and comes back while orders flow: senders are told to wait, nothing acknowledged is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest

from crossdock.landscape.load import load
from crossdock.ledger.audit import verify
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import Depot, Found, Running, ShopConnector, SteppedClock, call, depot_connector, order_body
from tests.postgresql import OwnServer, own_server

pytestmark = pytest.mark.postgresql

ROUNDS = 2


@pytest.fixture
def server() -> Iterator[OwnServer]:
    """A server that can be crashed without taking other tests' databases along, and that forgets nothing it committed."""
    with own_server(durable=True) as found:
        if found is None:
            pytest.skip("no PostgreSQL to start and crash: install it")
        with psycopg.connect(f"{found.url}/postgres", autocommit=True) as connection:
            connection.execute("CREATE DATABASE outage")
        yield found


@asynccontextmanager
async def running(folder: Path, url: str) -> AsyncIterator[Running]:
    depot, clock = Depot(), SteppedClock()
    settings = PipelineSettings(timers_every=0.05, idle=0.05, reconcile_first=0.05, grace=2.0)
    connectors = {"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(depot))}
    hub = Hub(load(folder), clock=clock, settings=settings, location=LedgerLocation.parse(url), connectors=connectors)
    await hub.start()
    try:
        yield Running(hub, depot, clock)
    finally:
        await hub.stop()


class Sender:
    """A shop that sends one order after the other, and each again until it is acknowledged, as shops do."""

    def __init__(self, hub: Running) -> None:
        self.hub = hub
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.answers: Counter[int] = Counter()
        self.enough = False

    async def run(self) -> None:
        number = 0
        while not self.enough:
            number += 1
            while True:
                status, _ = await self.hub.post(order_body(str(number)), x_id=f"m{number}")
                self.answers[status] += 1
                if status in (200, 202):
                    self.acknowledged.append(f"order/shop/{number}")
                    break
                assert status == 503, "while the ledger is away a sender hears that it should come back, and nothing else"
                self.refused.append(self.hub.last.get("retry-after", ""))
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.002)


async def test_the_database_crashes_while_orders_flow(server: OwnServer, landscape_folder: Path) -> None:
    async with running(landscape_folder, f"{server.url}/outage") as hub:
        sender = Sender(hub)
        sending = asyncio.create_task(sender.run())
        for _ in range(ROUNDS):
            begun = len(sender.acknowledged)
            await hub.until(lambda begun=begun: len(sender.acknowledged) > begun + 50 or sending.done(), 30)  # type: ignore[misc]
            before = len(sender.refused)
            await asyncio.to_thread(server.stop)
            await hub.until(lambda before=before: len(sender.refused) >= before + 3 or sending.done(), 30)  # type: ignore[misc]
            await hub.until(lambda: not hub.hub.worker.owned, 30)
            assert (await call(hub.hub.door, "GET", "/readyz", b"", {}))[0] == 503
            await asyncio.to_thread(server.start)
            again = len(sender.acknowledged)
            await hub.until(lambda again=again: len(sender.acknowledged) > again + 20 or sending.done(), 60)  # type: ignore[misc]
        sender.enough = True
        await sending
        await hub.until(lambda: {key for _, key in hub.depot.taken} >= set(sender.acknowledged), 60)
        await hub.until_rows("SELECT id FROM ledger_delivery WHERE state<10", lambda rows: not rows, 30)
        assert set(hub.depot.counts().values()) == {1}
        assert len(hub.depot.taken) == len(sender.acknowledged)
        assert all(value.isdigit() and int(value) > 0 for value in sender.refused)
        assert (await call(hub.hub.door, "GET", "/readyz", b"", {}))[0] == 200
        assert await hub.rows("SELECT code FROM ledger_exception") == []
        found = await hub.hub.store.read.do(lambda session: verify(session))
        assert not found.breaks
