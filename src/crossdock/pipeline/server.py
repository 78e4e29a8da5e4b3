"""The hub's door: one ASGI application that sends each path to its endpoint; decides nothing about messages."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson

from crossdock import __version__
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.receive import Receive, Scope, Send

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})


class Door:
    """Routes requests. `/healthz` and `/readyz` say nothing but yes or no; `/metrics` needs the token, or loopback when none is set."""

    def __init__(
        self,
        receive: Endpoint,
        ask: Endpoint,
        ready: Callable[[], bool],
        meters: Meters,
        metrics_token: str = "",
        pages: Endpoint | None = None,
    ) -> None:
        self._receive = receive
        self._ask = ask
        self._ready = ready
        self._meters = meters
        self._token = metrics_token
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith("/in/"):
            await self._receive(scope, receive, send)
        elif path.startswith("/ask/"):
            await self._ask(scope, receive, send)
        elif path == "/healthz":
            await answer(send, 200, {"status": "ok"})
        elif path == "/readyz":
            ready = self._ready()
            await answer(send, 200 if ready else 503, {"status": "ready" if ready else "starting"})
        elif path == "/metrics":
            await self._metrics(scope, send)
        elif self._pages is not None:
            await self._pages(scope, receive, send)
        elif path == "/":
            await answer(send, 200, {"crossdock": __version__})
        else:
            await answer(send, 404, {"code": "http.not_found", "title": "There is nothing here.", "status": 404})

    async def _metrics(self, scope: Scope, send: Send) -> None:
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        given = headers.get("authorization", "").removeprefix("Bearer ")
        client = (scope.get("client") or ("",))[0]
        allowed = hmac.compare_digest(given.encode(), self._token.encode()) if self._token else client in LOOPBACK
        if not allowed:
            await answer(
                send, 401, {"code": "http.unauthenticated", "title": "The metrics token is missing or wrong.", "status": 401}
            )
            return
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")],
            }
        )
        await send({"type": "http.response.body", "body": self._meters.exposition()})


async def answer(send: Send, status: int, content: Mapping[str, Any]) -> None:
    """Send one JSON answer."""
    kind = b"application/problem+json" if status >= 400 and status != 503 else b"application/json"
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": orjson.dumps(content)})
