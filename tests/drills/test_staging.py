"""Drills at a real system of a running hub: trouble begins and ends, the ledger's figures say so, and production is refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from aiohttp import ClientSession, web

from crossdock.connectors.contracts.standard_webhooks import sign
from crossdock.connectors.troubled import TroubledHttp, drills_folder_of
from crossdock.core.errors import AnswerLost, TargetUnavailable
from crossdock.drills import loading
from crossdock.drills.hub_process import HubProcess
from crossdock.drills.scenarios import DRILLS
from crossdock.drills.staging import HOW, DrillNotHere, hold, refuse
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store
from crossdock.monitoring.load import Sent
from tests.ledgers import migrated_at

WITHIN = 90.0


@contextlib.asynccontextmanager
async def target(took: list[str]):
    """A system that takes everything."""

    async def take(request: web.Request) -> web.Response:
        took.append(orjson.loads(await request.read() or b"{}").get("number", ""))
        return web.json_response({})

    application = web.Application()
    application.router.add_route("*", "/take", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def test_production_and_what_is_not_safe_are_refused(tmp_path: Path) -> None:
    systems = {"odoo": object()}
    refuse(DRILLS["throttle"], "odoo", systems, "staging", str(tmp_path))
    for drill, system, environment, folder in (
        ("failover", "odoo", "staging", str(tmp_path)),
        ("throttle", "odoo", "production", str(tmp_path)),
        ("throttle", "odoo", "eu-prod", str(tmp_path)),
        ("throttle", "nobody", "staging", str(tmp_path)),
        ("throttle", "odoo", "staging", ""),
        ("throttle", "odoo", "staging", str(tmp_path / "none")),
    ):
        with pytest.raises(DrillNotHere):
            refuse(DRILLS[drill], system, systems, environment, folder)
    assert drills_folder_of("staging", {"CROSSDOCK_DRILLS": str(tmp_path)}) == tmp_path
    assert drills_folder_of("staging", {}) is None
    assert drills_folder_of("live", {"CROSSDOCK_DRILLS": str(tmp_path)}) is None
    assert drills_folder_of("delivery-test", {"CROSSDOCK_DRILLS": str(tmp_path)}) == tmp_path


async def test_each_fault_is_what_it_says_and_ends_by_itself(tmp_path: Path) -> None:
    took: list[str] = []
    async with target(took) as url:
        file = tmp_path / "wms.json"

        async def call(method: str, **trouble: object) -> int:
            file.write_bytes(orjson.dumps(trouble))
            async with TroubledHttp("wms", tmp_path, timeout=30) as http:
                return (await http.request(method, f"{url}/take", body=b"{}")).status

        soon = time.time() + 60
        with pytest.raises(TargetUnavailable):
            await call("POST", fault="outage", until=soon)
        assert await call("POST", fault="throttle", until=soon) == 429
        assert await call("POST", fault="expired", until=soon) == 401
        assert took == [], "none of these reaches the system"
        with pytest.raises(AnswerLost):
            await call("POST", fault="answer_lost", until=soon)
        assert len(took) == 1, "the effect happened, its answer is lost"
        with pytest.raises(TargetUnavailable):
            await call("GET", fault="answer_lost", until=soon)
        for harmless in (
            {"fault": "outage", "until": time.time() - 1},
            {"fault": "outage", "until": time.time() + 10_000},
            {"fault": "outage", "until": soon, "share": 0},
            {"fault": "explode", "until": soon},
            {},
        ):
            assert await call("POST", **harmless) == 200, harmless
        assert {fault for fault, _ in HOW.values()} == {"outage", "throttle", "expired", "answer_lost", "overtaken"}


async def test_an_outage_at_a_running_hub_is_made_survived_and_measured(tmp_path: Path) -> None:
    folder, drills, took = tmp_path / "landscape", tmp_path / "drills", list[str]()
    drills.mkdir()
    await asyncio.to_thread(migrated_at, folder / "var/ledger.sqlite3")
    async with target(took) as url:
        for name, text in loading.FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            text = text.replace(
                "limits: {concurrency: CONCURRENCY}", "limits: {concurrency: 4}\nbreaker: {pause: 1s, max_pause: 1s}"
            )
            path.write_text(text.replace("TARGET", url).replace("attempts: 20", "attempts: 50, first_delay: 1s, max_delay: 1s"))
        secret = "whsec_" + base64.b64encode(loading.KEY).decode()
        hub = HubProcess(folder, {"LOAD_SECRET": secret, "CROSSDOCK_DRILLS": str(drills)})
        sent: list[str] = []

        async def send() -> None:
            async with ClientSession() as http:
                while True:
                    number = f"{len(sent) + 1:07d}"
                    body, stamp = loading._body(number, Sent(0, len(sent) + 1, 1, 1)), str(int(datetime.now(UTC).timestamp()))
                    signed = sign(loading.KEY, f"m{number}", stamp, body)
                    headers = {
                        "content-type": "application/cloudevents+json",
                        "webhook-id": f"m{number}",
                        "webhook-timestamp": stamp,
                        "webhook-signature": signed,
                    }
                    async with http.post(f"{hub.url}/in/shop/events", data=body, headers=headers) as answer:
                        assert answer.status in (200, 202), await answer.text()
                    sent.append(number)
                    await asyncio.sleep(0.2)

        store = Store(LedgerLocation.parse(f"sqlite:///{folder}/var/ledger.sqlite3"))
        sending: asyncio.Task[None] | None = None
        try:
            await hub.start()
            sending = asyncio.create_task(send())
            figures = await asyncio.to_thread(
                hold,
                DRILLS["partner-outage"],
                "target",
                store,
                drills,
                seconds=3.0,
                deadline=time.time() + WITHIN,
                tell=lambda _: None,
            )
        finally:
            if sending is not None:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
            store.close()
            await hub.kill()
        assert sending.cancelled(), "sending went on until the end"
    assert figures["passed"], figures
    assert figures["faults"] > 0 and figures["delivered"] > 0
    assert figures["lost"] == figures["doubled"] == figures["order_violations"] == figures["under_way"] == 0
    assert figures["rto_seconds"] >= 0 and len(took) == len(set(took))
    assert not (drills / "target.json").exists()
