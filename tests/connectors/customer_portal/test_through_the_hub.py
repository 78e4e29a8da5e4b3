"""A return opened by a customer's portal, signed at the door of a running hub: one return for the workflow, however often it is sent."""

from __future__ import annotations

import base64
import hmac
import json
import time
from pathlib import Path

import aiohttp
import pytest

from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.connectors.customer_portal.test_customer_portal_conformance import RETURN, SECRET
from tests.pipeline.conftest import SteppedClock
from tests.transports.conftest import Running, served

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {care: {}}\n",
    "systems/shop.yaml": "kind: http\nowner: care\nendpoint: http://127.0.0.1:1\n",
    "systems/desk.yaml": "kind: customer_portal\nowner: care\noptions: {shops: [shop]}\ncredentials: {webhook_secret: 'file:secrets/hook'}\n",
    "ownership.yaml": "entities: {}\nevents:\n  return.requested: {originates: [desk]}\n  return.cancelled: {originates: [desk]}\n",
    "flows/returns.yaml": (
        "workflow: returns\ntrigger: {events: [return.requested, return.cancelled], sources: [desk]}\nroles: {'shop:desk': desk}\n"
        "exception_owner: care\nconsequence: customers wait for their money\n"
        "settings: {expect: false, transfer: false, credit_note: never, way: {label: customer}}\n"
    ),
    "secrets/hook": SECRET,
}


def signed(body: bytes, identity: str) -> dict[str, str]:
    stamp = str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    proof = base64.b64encode(hmac.digest(key, f"{identity}.{stamp}.".encode() + body, "sha256")).decode()
    return {"webhook-id": identity, "webhook-timestamp": stamp, "webhook-signature": f"v1,{proof}"}


@pytest.mark.parametrize("again", ["the same request", "another delivery of it"])
async def test_a_return_is_one_for_the_workflow(tmp_path: Path, again: str) -> None:
    root = tmp_path / "landscape"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    settings = PipelineSettings(timers_every=0.02, idle=0.02, prune_every=0.0, watch_every=0.0, mappers=0)
    clock = SteppedClock()
    hub = Hub(load(root), clock=clock, settings=settings, location=LedgerLocation.parse(f"sqlite:///{tmp_path}/ledger.sqlite3"))
    await hub.start()
    try:
        async with served(hub.door) as url, aiohttp.ClientSession() as session:
            running = Running(hub, clock, url)
            body = json.dumps({"type": "return.requested", "data": RETURN}).encode()
            for identity in ("m1", "m1" if again == "the same request" else "m2"):
                async with session.post(f"{url}/in/desk/returns", data=body, headers=signed(body, identity)) as answer:
                    assert answer.status in (200, 202), await answer.text()
            async with session.post(f"{url}/in/desk/returns", data=body, headers=signed(body + b" ", "m3")) as answer:
                assert answer.status == 401
            # the order was told by nobody: the workflow asks a person, once
            [(key, message)] = await running.until_rows("SELECT key, message FROM ledger_exception WHERE subject='process'")
            assert (key, "desk asks for return RMA-7" in message) == ("order/shop/1001", True)
            assert await running.rows("SELECT count(*) FROM ledger_event WHERE type='return.requested'") == [(1,)]
            assert await running.rows("SELECT count(*) FROM ledger_instance WHERE flow='returns'") == [(1,)]
    finally:
        await hub.stop()
