"""Three real brokers: one is killed, then the controller, while messages are sent and a worker joins; nothing is lost or doubled, order is kept.

Not for every run: `CROSSDOCK_THREE_BROKERS=1` starts it.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.kafka import Cluster, KafkaAbsent, cluster
from tests.pipeline.conftest import Depot, Found, Running, ShopConnector, SteppedClock, depot_connector, order_body

pytestmark = [
    pytest.mark.slow, pytest.mark.chaos, pytest.mark.postgresql, pytest.mark.kafka,
    pytest.mark.skipif(not os.environ.get("CROSSDOCK_THREE_BROKERS"), reason="three brokers take a minute: CROSSDOCK_THREE_BROKERS=1"),
]  # fmt: skip


@pytest.fixture
def brokers() -> Iterator[Cluster]:
    try:
        with cluster(3) as found:
            yield found
    except KafkaAbsent as reason:
        pytest.skip(str(reason))


def hub(folder: Path, url: str, depot: Depot) -> Hub:
    settings = PipelineSettings(timers_every=0.05, idle=0.05, reconcile_first=0.1, prune_every=0.0)
    connectors = {"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(depot))}
    location = LedgerLocation.parse(url)
    return Hub(load(folder, "development"), clock=SteppedClock(), settings=settings, location=location, connectors=connectors)


async def test_brokers_and_the_controller_die_under_load(brokers: Cluster, landscape_folder: Path, postgresql_url: str) -> None:
    (landscape_folder / "environments").mkdir()
    (landscape_folder / "environments/development.yaml").write_text(
        f"engine: {{kind: kafka, brokers: '{brokers.addresses}', topic: t{uuid.uuid4().hex[:12]}}}\n"
    )
    depot = Depot()
    first, second = hub(landscape_folder, postgresql_url, depot), hub(landscape_folder, postgresql_url, depot)
    await first.start()
    running = Running(first, depot, SteppedClock())
    sent: list[tuple[str, int]] = []
    waited = 0

    async def send(order: str, version: int) -> None:
        """A sender repeats what was not answered with yes."""
        nonlocal waited
        while (await running.post(order_body(order, version, sku=f"V{version}"), x_id=f"{order}:{version}"))[0] not in (200, 202):
            waited += 1
            await asyncio.sleep(0.2)
        sent.append((order, version))

    stop = asyncio.Event()

    async def line(name: str) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            await send(f"{name}{number}", 1)
            await send(f"{name}{number}", 2)
            await asyncio.sleep(0.01)

    try:
        await running.until(lambda: len(first.worker.owned) == 4, 60)
        lines = [asyncio.create_task(line(name)) for name in "ABCDEFGH"]
        await running.until(lambda: len(sent) > 100, 60)
        await second.start()  # a rebalance under load
        await running.until(lambda: len(second.worker.owned) == 2, 60)
        controller = await asyncio.to_thread(brokers.controller)
        other = next(each for each in brokers.brokers if each is not controller)
        for victim in (other, controller):
            before = len(sent)
            victim.kill()
            await running.until(lambda before=before: len(sent) > before + 100, 60)
            victim.start()
            await asyncio.to_thread(brokers.wait, 3)
            await asyncio.sleep(3)  # its copies catch up, so that the next death leaves two
        stop.set()
        await asyncio.gather(*lines)
        await running.until(lambda: len(depot.counts()) >= len(sent), 60)
    finally:
        stop.set()
        await second.stop()
        await first.stop()
    assert set(depot.counts().values()) == {1}
    assert len(depot.taken) == len(sent) == len(set(sent))
    seen: dict[str, list[str]] = {}
    for key, paper in depot.papers:
        seen.setdefault(key, []).append(paper["lines"][0]["sku"])
    assert all(each == ["V1", "V2"] for each in seen.values())
    print(f"{len(sent)} messages, {waited} answers of 503; none lost, none doubled")
