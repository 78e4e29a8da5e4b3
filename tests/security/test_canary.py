"""Every credential of the demo landscape is a canary: orders cross, systems misbehave and complain, and no canary is seen anywhere it must not be."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crossdock.drills.landscape import copy_landscape
from crossdock.simulators.faults import Fault, Rule
from crossdock.simulators.town import FAULTS, Town
from tests.security.canary import TraceReceiver, dumped, found, in_files
from tests.security.conftest import Place, free_port, made, until

pytestmark = pytest.mark.slow

METRICS_TOKEN = "canary-metrics-6f2d0c1b9a"
DATABASE_PASSWORD = "canary-database-81f7aa02c4"


def get(url: str, data: bytes | None = None, **headers: str) -> bytes:
    """Status, headers and body of whatever is answered, as one text to search."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, given), timeout=20) as answer:
            return f"{answer.status} {answer.headers}".encode() + answer.read()
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.headers}".encode() + error.read()


async def test_no_credential_of_the_demo_comes_to_light(tmp_path: Path, ledger_url: str) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="the extra `telemetry` is not installed")
    folder, port, town, traces = tmp_path / "land", free_port(), Town(seed=3), TraceReceiver()
    copy_landscape(folder)
    if ledger_url.startswith("postgresql"):
        ledger_url = ledger_url.replace("postgres@", f"postgres:{DATABASE_PASSWORD}@")
    secrets = [*town.keys.items(), ("metrics token", METRICS_TOKEN), ("database password", DATABASE_PASSWORD)]
    await town.start()
    hub = f"http://127.0.0.1:{port}"
    town.connect(hub)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
    environment = {
        **kept, **town.environment(), "CROSSDOCK_LEDGER": ledger_url, "CROSSDOCK_METRICS_TOKEN": METRICS_TOKEN,
        "CROSSDOCK_PROBE_EVERY": "0.5", "CROSSDOCK_RECONCILE_LONGEST": "1", "CROSSDOCK_GRACE": "3", "COLUMNS": "200",
        "OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "200",
    }  # fmt: skip
    seen: list[tuple[str, bytes]] = []

    async def run(*words: str) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", *words, cwd=folder, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        seen.append((f"crossdock {' '.join(words)}", said))
        return said

    async def post(name: str, url: str, body: bytes, **headers: str) -> None:
        seen.append((name, await asyncio.to_thread(get, hub + url, body, **headers)))

    log = (folder / "up.log").open("ab")
    process = subprocess.Popen(  # noqa: ASYNC220  (it only starts)
        [sys.executable, "-m", "crossdock", "up", ".", "--env", "demo", "--port", str(port), "--log-format", "json"],
        cwd=folder, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        await asyncio.to_thread(until, lambda: b"ready" in _ready(hub), "the hub is ready", 90)
        town.misbehave({**FAULTS, "expired": 0.02})
        orders = [town.place_order() for _ in range(12)]
        for turn in range(300):
            await asyncio.sleep(0.1)
            if turn > 60 and len(town.delivered() & set(orders)) >= 4:
                break
        # who is refused, who is not known, who speaks nonsense with the right key
        key = town.keys
        await post(
            "bad signature", "/in/shopify-eu/orders", b"{}", x_shopify_hmac_sha256="wrong", x_shopify_topic="orders/create"
        )
        await post("hint", f"/in/odoo/hint?token={key['hook']}", b"{")
        await post("wrong hint", f"/in/odoo/hint?token={key['hook']}x", b"{}")
        await post("nobody", "/in/nobody/orders", b"{}", authorization=f"Bearer {key['wms']}")
        await post("nonsense", "/in/wms-north/events", b"\xff", x_api_key=key["wms"], authorization=f"Bearer {key['wms']}")
        # systems that lock the hub out are parked
        for simulator in town.systems.values():
            simulator.faults.rules = [Rule(Fault.EXPIRED, 1.0)]
        town.place_order()
        await asyncio.to_thread(
            until, lambda: b'"parked": true' in _read(folder) or b'"parked":true' in _read(folder), "parked", 30
        )
        seen.append(("metrics", await asyncio.to_thread(get, f"{hub}/metrics", None, authorization=f"Bearer {METRICS_TOKEN}")))
        assert b"crossdock_attempts_total" in seen[-1][1]
        seen.append(("metrics refused", await asyncio.to_thread(get, f"{hub}/metrics", None, authorization="Bearer wrong")))
        pages = ("/", "/healthz", "/readyz", "/workbench", "/api/openapi.json")
        seen += [(page, await asyncio.to_thread(get, hub + page)) for page in pages]
        for order in orders[:4]:
            await run("trace", order.split("/")[1], "--json")
            await run("trace", order.split("/")[1], "--payloads")
        for words in (
            ("status",),
            ("status", "--json"),
            ("exceptions", "list"),
            ("audit", "verify"),
            ("check", "--json", "--env", "demo"),
        ):
            await run(*words)
        listed = json.loads(await run("exceptions", "list", "--json", "--limit", "1000"))
        assert listed, "something must have been refused"
        shown_codes: set[str] = set()
        for each in listed:
            if each["code"] not in shown_codes:
                shown_codes.add(each["code"])
                await run("exceptions", "show", each["number"], "--json")
                await run("exceptions", "show", each["number"], "--payload")
        await run("replay", orders[0].split("/")[1], "--json")
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)
        log.close()
        await town.stop()
    # a start that fails says what is missing, and nothing of the rest
    del environment["CROSSDOCK_DEMO_WMS_KEY"]
    environment["CROSSDOCK_LEDGER"] = f"postgresql://nobody:{DATABASE_PASSWORD}@127.0.0.1:{free_port()}/none"
    assert b"ledger" in await run("up", ".", "--env", "demo", "--port", str(free_port()))
    seen += in_files(folder, but=("secrets/",))
    seen += dumped(ledger_url)
    seen += [("traces", body) for body in traces.bodies]
    traces.close()
    assert len(seen) > 500, "there was something to search in"
    assert {span.name.split(" ")[0] for span in traces.spans()} >= {"receive", "deliver", "micro-batch"}
    assert found(secrets, seen) == []


def _ready(hub: str) -> bytes:
    try:
        return get(f"{hub}/readyz")
    except OSError:
        return b""


def _read(folder: Path) -> bytes:
    return (folder / "up.log").read_bytes()


class Quoting(BaseHTTPRequestHandler):
    """A system that answers every request with a complaint that quotes it whole, credentials and all."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = json.dumps({"you sent": dict(self.headers), "and": body.decode()}).encode()
        self.send_response(422)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def quoting() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quoting)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("auth", ["kind: bearer", "kind: basic, username: hub"])
def test_a_system_that_quotes_our_credential_in_its_complaint(place: Place, quoting: str, auth: str) -> None:
    secret = "canary-receiver-2b7d11"
    system = place.folder / "systems/receiver.yaml"
    text = system.read_text().replace("options:\n", f"options:\n  auth: {{{auth}, credential: key}}\n", 1)
    system.write_text(text.replace("trust: internal\n", "trust: internal\ncredentials:\n  key: env:RECEIVER_KEY\n", 1))
    place.environment = {**place.environment, "RECEIVER_URL": quoting, "RECEIVER_KEY": secret}
    with place.up():
        assert place.send(number="QUOTED").status == 202
        [refused] = until(lambda: [e for e in place.exceptions() if e["code"].startswith("deliver.")], "the refusal is told", 90)
        seen = [
            ("show", place.run("exceptions", "show", refused["number"]).stdout),
            ("show --json", place.run("exceptions", "show", refused["number"], "--json").stdout),
            ("trace", place.run("trace", "QUOTED", "--payloads").stdout),
        ]
        assert b"you sent" in seen[2][1], "the complaint itself is kept"
    seen += in_files(place.folder, but=("secrets/",))
    seen += dumped(f"sqlite:///{place.folder}/var/ledger.sqlite3")
    assert found([("receiver's key", secret)], seen) == []


def test_the_search_finds_what_is_there() -> None:
    """The search itself: raw, in base64 at any place, and in what is packed."""
    secret = "canary-0123456789abcdef"
    for before in ("", "a", "ab", "abc:"):
        held = base64.b64encode(f"{before}{secret}".encode())
        assert found([("it", secret)], [("there", b"Basic " + held)]) == ["it in there"]
    assert found([("it", secret)], [("there", b"x" + secret.encode() + b"x")]) == ["it in there"]
    assert found([("it", secret)], [("there", b"canary")]) == []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return made(tmp_path / "land")
