"""The starter landscape on a machine with nothing else: it takes an order, waits for its receiver, and delivers it once."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import sys
import threading
from http.server import ThreadingHTTPServer

import pytest

from crossdock.landscape.load import load
from crossdock.landscape.starter import SECRET, start
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import call


@pytest.fixture
def receiver(tmp_path):
    """The folder of a new landscape, and its receiver.py, bound to a free port but not listening yet."""
    root = start(tmp_path / "hub").root
    spec = importlib.util.spec_from_file_location("starter_receiver", root / "receiver.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["starter_receiver"] = module
    spec.loader.exec_module(module)
    server = ThreadingHTTPServer(("127.0.0.1", 0), module.Receiver, bind_and_activate=False)
    server.server_bind()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    yield root, server, thread
    if thread.is_alive():
        server.shutdown()
    server.server_close()
    del sys.modules["starter_receiver"]


async def until(condition, seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


async def test_an_order_waits_for_its_receiver_and_arrives_once(receiver) -> None:
    root, server, thread = receiver
    landscape = load(root, variables={"RECEIVER_URL": f"http://127.0.0.1:{server.server_address[1]}"})
    settings = PipelineSettings(timers_every=0.02, idle=0.02, reconcile_first=0.02, grace=2.0)
    hub = Hub(landscape, settings=settings, location=LedgerLocation.parse(f"sqlite:///{root}/var/ledger.sqlite3", root))
    (root / "var").mkdir()
    body = (root / "samples/order.json").read_bytes()
    headers = {"x-api-key": (root / SECRET).read_text().strip(), "content-type": "application/json"}
    await hub.start()
    try:
        status, answer = await call(hub.door, "POST", "/in/inbox/orders", body, headers)
        assert (status, answer["messages"][0]["status"]) == (202, "new")
        async with asyncio.timeout(10):
            while not await hub.store.read.do(lambda s: s.rows("SELECT 1 FROM ledger_attempt", ())):
                await asyncio.sleep(0.02)
        assert not (root / "received").exists()

        server.server_activate()
        thread.start()
        await until(lambda: (root / "received").exists() and any((root / "received").iterdir()))
        again, answer = await call(hub.door, "POST", "/in/inbox/orders", body, headers)
        assert (again, answer["messages"][0]["status"]) == (200, "duplicate")
        wrong, _ = await call(hub.door, "POST", "/in/inbox/orders", body, {"x-api-key": "wrong"})
        assert wrong == 401
    finally:
        await hub.stop()
    [document] = [json.loads(path.read_text()) for path in (root / "received").iterdir()]
    assert (document["number"], document["service_level"], document["total"]["amount"]) == ("1001", "standard", "28.50")
