"""A real hub with one trading partner, its door on a real socket; the partner is a simulator."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web

from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.ledgers import migrated_at
from tests.pipeline.conftest import SteppedClock

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\n",
    "systems/acme.yaml": "kind: edi\nowner: ops\nlimits: {max_body: 8MB, timeout: 5s}\n",
    "systems/desk.yaml": "kind: http\nowner: ops\nendpoint: http://127.0.0.1:1\n",
    "ownership.yaml": (
        "entities: {}\nevents:\n"
        + "".join(f"  {event}: {{originates: [acme]}}\n" for event in ("order.placed", "interchange.received", "document.sent", "document.acknowledged"))
    ),
    "flows/edi.yaml": (
        "workflow: interchange\ntrigger: {events: [interchange.received, document.sent, document.acknowledged], sources: [acme]}\n"
        "roles: {partner: acme}\nexception_owner: ops\nconsequence: partners wait\n"
        "budgets: {default: {attempts: 8, first_delay: 1s, max_delay: 2s}}\n"
    ),
}  # fmt: skip

PARTNER: dict[str, Any] = {
    "title": "Acme Stores", "state": "live", "owner": "ops", "systems": ["acme"],
    "identifiers": [{"scheme": "x12:zz", "value": "SENDER"}],
    "contacts": [{"role": "edi", "email": "edi@acme.example"}],
    "exchange": {"ours": [{"scheme": "x12:zz", "value": "RECEIVER"}]},
    "agreements": [
        {"document": "850", "direction": "in", "format": "x12", "version": "004010", "options": {"currency": "USD", "country": "US"}},
    ],
}  # fmt: skip


def order(control: int = 1, number: str = "PO1") -> bytes:
    """A small order of the partner."""
    return (
        f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261123*1200*U*00401*{control:09d}*0*P*>~"
        f"GS*PO*SENDER*RECEIVER*20261123*1200*{control}*X*004010~ST*850*0001~BEG*00*SA*{number}**20261123~"
        "N1*ST*Acme Store 7*92*0007~N3*Main St 1~N4*Boston*MA*02108*US~PO1*1*2*EA*9.5**VN*A-1~CTT*1~SE*8*0001~"
        f"GE*1*{control}~IEA*1*{control:09d}~"
    ).encode()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Running:
    """A started hub. `url` is where its door answers."""

    hub: Hub
    clock: SteppedClock
    url: str

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return await self.hub.store.read.do(lambda s: s.rows(sql, args))

    async def until_rows(
        self, sql: str, expected: Callable[[list[tuple[Any, ...]]], bool] = bool, seconds: float = 20.0
    ) -> list[Any]:
        async with asyncio.timeout(seconds):
            while not expected(found := await self.rows(sql)):
                await asyncio.sleep(0.02)
        return found

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                await asyncio.sleep(0.01)
        return found


@asynccontextmanager
async def served(door: Any, port: int = 0) -> AsyncIterator[str]:
    """An ASGI door behind a real socket."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        waiting = [{"type": "http.request", "body": body, "more_body": False}]
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        scope = {
            "type": "http", "method": request.method, "path": request.path, "query_string": b"", "client": ("127.0.0.1", 1),
            "headers": [(k.lower(), v) for k, v in request.raw_headers],
        }  # fmt: skip
        await door(scope, receive, send)
        text = b"".join(each.get("body", b"") for each in said[1:])
        headers = [(k.decode(), v.decode("latin-1")) for k, v in said[0]["headers"] if k != b"content-length"]
        return web.Response(status=said[0]["status"], body=text, headers=headers)

    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def landscape(tmp_path: Path) -> Callable[..., Path]:
    """Writes a landscape with one partner and its transports; secrets are files in it."""

    def write(
        transports: Mapping[str, Any], secrets: Mapping[str, str] | None = None, environment: Mapping[str, Any] | None = None
    ) -> Path:
        root = tmp_path / "landscape"
        partner = {**PARTNER, "transports": transports}
        files = {**FILES, "partners/acme.yaml": yaml.safe_dump(partner)}
        files |= {f"secrets/{name}": value for name, value in (secrets or {}).items()}
        if environment is not None:
            files["environments/test.yaml"] = yaml.safe_dump(dict(environment))
            files["crossdock.yaml"] += "default_environment: test\n"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        (root / "systems/desk.yaml").unlink()
        return root

    return write


@pytest.fixture
def run(tmp_path: Path):
    """Starts hubs on the same ledger, one after the other."""

    @asynccontextmanager
    async def starter(root: Path, port: int = 0, **settings: Any) -> AsyncIterator[Running]:
        clock = SteppedClock()
        chosen = PipelineSettings(
            **{
                "timers_every": 0.02,
                "idle": 0.02,
                "reconcile_first": 0.02,
                "grace": 2.0,
                "prune_every": 0.0,
                "watch_every": 0.0,
                "mappers": 0,
                **settings,
            }
        )
        location = LedgerLocation("sqlite", migrated_at(tmp_path / "ledger.sqlite3"))
        hub = Hub(load(root), clock=clock, settings=chosen, location=location)
        await hub.start()
        try:
            async with served(hub.door, port) as url:
                yield Running(hub, clock, url)
        finally:
            await hub.stop()

    return starter
