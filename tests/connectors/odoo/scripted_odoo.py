"""A server that answers what a test tells it to, for answers neither the simulator nor a real Odoo gives on command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from crossdock.connectors.http import HttpClient
from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.testing.contexts import make_context

KEY = "0123456789abcdef0123456789abcdef01234567"
TRACEBACK = 'Traceback (most recent call last):\n  File "/opt/odoo/http.py", line 1, in x\nSecretDetail: "quoted" \\ text\n'


@dataclass(frozen=True)
class Say:
    """One answer. `data` is JSON unless it is bytes."""

    data: Any
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def odoo_error(name: str, message: str = "said so", status: int = 422, **context: Any) -> Say:
    """An error as JSON-2 tells it, traceback included."""
    body = {"name": name, "message": message, "arguments": [message], "context": context, "debug": TRACEBACK}
    return Say(body, status)


@dataclass
class Scripted:
    """Answers by `model/method`, in order; the last one stays. Everything asked is kept in `calls`."""

    answers: dict[str, list[Say]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    version: list[Any] = field(default_factory=lambda: [19, 0, 0, "final", 0, ""])
    connector: OdooConnector = field(init=False)

    def on(self, name: str, *answers: Say | Any) -> None:
        """What to say to a call."""
        self.answers[name] = [answer if isinstance(answer, Say) else Say(answer) for answer in answers]

    def asked(self, name: str) -> list[dict[str, Any]]:
        """The bodies of all calls of this name."""
        return [body for called, body in self.calls if called == name]

    async def _version(self, _request: web.Request) -> web.Response:
        return web.json_response({"version_info": self.version, "version": ".".join(map(str, self.version[:2]))})

    async def _call(self, request: web.Request) -> web.Response:
        name = f"{request.match_info['model']}/{request.match_info['method']}"
        self.calls.append((name, orjson.loads(await request.read())))
        waiting = self.answers.get(name, [Say([])])
        said = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        body = said.data if isinstance(said.data, bytes) else orjson.dumps(said.data)
        return web.Response(body=body, status=said.status, content_type=said.content_type, headers=said.headers)


@asynccontextmanager
async def scripted(**options: Any) -> AsyncIterator[Scripted]:
    """A scripted server with a connector on it, company 1."""
    server = Scripted()
    app = web.Application()
    app.router.add_get("/web/version", server._version)
    app.router.add_post("/json/2/{model}/{method}", server._call)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    http = HttpClient(timeout=5.0)

    async def at_once(_attempt: int) -> None:
        return None

    context = make_context(
        OdooConnector,
        system="odoo",
        endpoint=f"http://127.0.0.1:{runner.addresses[0][1]}",
        options={"database": "odoo19", "company_id": 1, "outbox": "never", **options},
        secrets={"api_key": KEY},
        http=http,
    )
    server.connector = OdooConnector(context, at_once)
    try:
        yield server
    finally:
        await http.close()
        await runner.cleanup()
