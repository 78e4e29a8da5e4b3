"""A hub tells real receivers over real sockets: signed, in order, again after a fault, once more by a replay, nothing beyond what is agreed."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from crossdock.backbone.replaying import Replay, replay
from crossdock.connectors.contracts.standard_webhooks import secret_key, sign, verify
from crossdock.connectors.event_webhook.connector import EventWebhookConnector
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.ledgers import migrated_at
from tests.pipeline.conftest import FILES, Depot, Found, Running, ShopConnector, SteppedClock, call, depot_connector, order_body

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@dataclass
class Receiver:
    """A subscriber's own server: checks every signature, keeps every event it took, answers as it is told to."""

    url: str = ""
    taken: list[dict[str, Any]] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], int] = lambda event: 204
    calls: int = 0

    def numbers(self, of: str) -> list[int]:
        return [int(each["sequence"]) for each in self.taken if each["subject"].endswith(f"/{of}")]

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.calls += 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        identity = verify([secret_key(SECRET)], headers, body, datetime.now(UTC), 300)
        event = json.loads(body)
        status = self.answer(event)
        if (status < 300 and identity not in self.identities) or event.get("replay"):
            self.taken.append(event)
            self.identities.append(identity)
        return web.Response(status=status)


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


SUBSCRIBER = """
flows: [told]
owner: ops
endpoint: {url}
credentials: {{webhook_secret: env:TOLD_SECRET}}
budget: {{attempts: 50, first_delay: 50ms, max_delay: 100ms, until: {{within: 1h}}}}
breaker: {{failures: 1000}}
"""


def landscape(root: Path, **subscribers: str) -> Path:
    files = {
        **FILES,
        "flows/told.yaml": (
            "workflow: publication\npattern: published\ntrigger: {events: [order.placed, order.changed]}\nexception_owner: ops\n"
            "consequence: the data warehouse is behind\nbudgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
        ),
        "policies.yaml": "data_classes: {personal: {restricted: true, fields: [order.customer.name, order.ship_to.street]}}\n",
        "systems/press.yaml": "kind: event_webhook\nowner: ops\ncredentials: {webhook_secret: env:TOLD_SECRET}\n",
        "ownership.yaml": (
            "entities: {order: {owner: [shop, press]}}\nevents: {order.placed: {originates: [shop, press]}, order.changed: {originates: [shop]}}\n"
        ),
        "systems/depot.yaml": FILES["systems/depot.yaml"] + "may_see: [personal]\n",
        **{f"subscribers/{name}.yaml": text for name, text in subscribers.items()},
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@asynccontextmanager
async def running(root: Path, ledger_url: str) -> AsyncIterator[Running]:
    depot, clock = Depot(), SteppedClock()
    settings = PipelineSettings(timers_every=0.02, idle=0.02, reconcile_first=0.02, grace=2.0, prune_every=0.0)
    connectors = {
        "test_shop": Found(ShopConnector),
        "test_depot": Found(depot_connector(depot)),
        "event_webhook": Found(EventWebhookConnector),
    }
    hub = Hub(load(root), clock=clock, settings=settings, location=LedgerLocation.parse(ledger_url), connectors=connectors)
    await hub.start()
    try:
        yield Running(hub, depot, clock)
    finally:
        await hub.stop()


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOLD_SECRET", SECRET)


async def test_every_event_arrives_signed_in_order_once_and_without_what_may_not_be_seen(tmp_path: Path, ledger_url: str) -> None:
    async with receiving() as lake, receiving() as crm:
        failures = {"left": 25}

        def shaky(event: dict[str, Any]) -> int:
            failures["left"] -= 1
            return 503 if failures["left"] >= 0 and failures["left"] % 2 else 204

        lake.answer = shaky
        root = landscape(
            tmp_path / "l",
            lake=SUBSCRIBER.format(url=lake.url),
            crm=SUBSCRIBER.format(url=crm.url) + "may_see: [personal]\nevents: [order.placed]\n",
        )
        async with running(root, ledger_url) as hub:
            for version in range(1, 6):
                for number in ("1", "2", "3"):
                    status, _ = await hub.post(order_body(number, version))
                    assert status == 202
            await hub.until(lambda: len(lake.taken) >= 15 and len(crm.taken) >= 3, 60)
            await hub.until(lambda: len(hub.depot.taken) >= 15, 60)
            for number in ("1", "2", "3"):
                assert lake.numbers(number) == [1, 2, 3, 4, 5]
            assert len(lake.taken) == 15 == len(set(lake.identities)) and lake.calls > 15
            assert "name" not in lake.taken[0]["data"]["customer"] and "street" not in lake.taken[0]["data"]["ship_to"]
            assert lake.taken[0]["withheld"] == "order.customer.name,order.ship_to.street"
            assert crm.taken[0]["data"]["customer"]["name"] == "Acme" and "withheld" not in crm.taken[0]
            assert [each["type"] for each in crm.taken] == ["order.placed"] * 3


async def test_an_event_refused_for_good_waits_for_a_person_and_the_next_go_on(tmp_path: Path) -> None:
    async with receiving() as lake:
        lake.answer = lambda event: 422 if event["sequence"].endswith("2") else 204
        async with running(
            landscape(tmp_path / "l", lake=SUBSCRIBER.format(url=lake.url)),
            f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}",
        ) as hub:
            for version in (1, 2, 3):
                await hub.post(order_body("7", version))
            await hub.until(lambda: lake.numbers("7") == [1, 3], 60)
            rows = await hub.until_rows(
                "SELECT owner, code, flow FROM ledger_exception WHERE state=0", lambda rows: len(rows) == 1, 60
            )
            assert rows[0] == ("ops", "deliver.refused", "told")


async def test_a_replay_tells_everything_since_a_time_once_more_in_order_and_only_that_subscriber(
    tmp_path: Path, ledger_url: str
) -> None:
    async with receiving() as lake, receiving() as other:
        root = landscape(tmp_path / "l", lake=SUBSCRIBER.format(url=lake.url), other=SUBSCRIBER.format(url=other.url))
        async with running(root, ledger_url) as hub:
            await hub.post(order_body("1", 1))
            await hub.until(lambda: len(lake.taken) == 1 and len(other.taken) == 1, 60)
            since = hub.clock.now()
            hub.clock.offset += 60
            for version in (2, 3, 4):
                await hub.post(order_body("1", version))
                await hub.post(order_body("2", version - 1))
            await hub.until(lambda: len(lake.taken) == 7 and len(other.taken) == 7, 60)
            lake.taken.clear()
            wanted = Replay("lake", since, hub.clock.now(), "restored the lake")
            # connections of its own, as a command has
            store, clock = Store(LedgerLocation.parse(ledger_url)), hub.clock
            told = await asyncio.to_thread(
                lambda: list(replay(store, hub.hub.landscape, wanted, "tester", clock, page=2, name="r1"))
            )
            assert told[-1].asked == 6
            await hub.until(lambda: len(lake.taken) == 6, 60)
            assert lake.numbers("1") == [2, 3, 4] and lake.numbers("2") == [1, 2, 3]
            assert {each["replay"] for each in lake.taken} == {"r1"}
            # asked again under the same name, as after a crash amid the replay, nothing is told twice
            again = await asyncio.to_thread(
                lambda: list(replay(store, hub.hub.landscape, wanted, "tester", clock, page=3, name="r1"))
            )
            assert again[-1].asked == 6
            store.close()
            await hub.until_rows("SELECT id FROM ledger_instruction WHERE done_at IS NULL", lambda rows: not rows, 60)
            (open_,) = await hub.rows("SELECT COUNT(*) FROM ledger_delivery WHERE settled_at IS NULL")
            assert open_ == (0,) and len(lake.taken) == 6 and len(other.taken) == 7


async def test_a_system_publishes_into_the_hub(tmp_path: Path) -> None:
    async with (
        receiving() as lake,
        running(
            landscape(tmp_path / "l", lake=SUBSCRIBER.format(url=lake.url)),
            f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}",
        ) as hub,
    ):
        order = json.loads(order_body("9"))["order"]
        event = {
            "specversion": "1.0", "id": "a.1", "source": "https://press.example/orders", "type": "order.placed",
            "subject": "order/press/9", "time": "2026-11-23T08:00:00Z", "data": order,
        }  # fmt: skip

        async def publish(body: bytes, kind: str = "application/cloudevents+json", key: bytes = b"k" * 32) -> int:
            stamp = str(int(hub.clock.now().timestamp()))
            headers = {
                "content-type": kind,
                "webhook-id": "m",
                "webhook-timestamp": stamp,
                "webhook-signature": sign(key, "m", stamp, body),
            }
            return (await call(hub.hub.door, "POST", "/in/press/events", body, headers))[0]

        body = json.dumps(event).encode()
        assert await publish(body, key=b"x" * 32) == 401
        assert await publish(body) == 202
        assert await publish(
            json.dumps([event, {**event, "id": "a.2", "subject": "order/press/10"}]).encode(),
            "application/cloudevents-batch+json",
        ) in (200, 202)
        await hub.until(lambda: len(lake.taken) == 2, 60)
        assert {each["source"] for each in lake.taken} == {"press"}
        # what it may not originate is refused, whatever it says it is
        assert await publish(json.dumps({**event, "id": "a.3", "type": "order.changed", "source": "shop"}).encode()) == 202
        rows = await hub.until_rows("SELECT code FROM ledger_exception WHERE state=0", lambda rows: len(rows) > 2, 60)
        assert ("authorize.not_responsible",) in rows
