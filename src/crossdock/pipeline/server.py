"""The hub's door: one ASGI application that sends each path to its endpoint; decides nothing about messages."""

from __future__ import annotations

import contextlib
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from crossdock.core.errors import CrossdockError, MetricsRefused, NothingHere
from crossdock.pipeline.answers import TEXT, Receive, Scope, Send, answer, refuse
from crossdock.pipeline.observe import Meters

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]

FORWARDED: Final = frozenset({b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip"})
"""Headers a proxy adds: the request came to this machine from elsewhere."""

log = logging.getLogger("crossdock.door")


def loopback(host: str) -> bool:
    """Whether only programs on this machine reach an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Door:
    """Routes requests. `/healthz` and `/readyz` say nothing but yes or no.

    `/metrics` needs the token; while none is set it answers programs on this machine only, and nobody when `exposed`
    (the hub listens on an address others reach) or when a proxy on this machine passed the request on.
    """

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
        self.exposed = False
        """Whether others than programs on this machine reach this door."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await self._route(scope["path"], scope, receive, send)
        except Exception as error:
            log.exception("a request could not be answered: %s", type(error).__name__)
            with contextlib.suppress(Exception):  # an answer may have begun
                await refuse(send, CrossdockError("This is a defect of the hub; nothing was stored."), 500)

    async def _route(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
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
        else:
            await refuse(send, NothingHere(), 404)

    async def _metrics(self, scope: Scope, send: Send) -> None:
        if not self._may_see_metrics(scope):
            await refuse(send, MetricsRefused(), 401, www_authenticate="Bearer")
            return
        await send({"type": "http.response.start", "status": 200, "headers": TEXT})
        await send({"type": "http.response.body", "body": self._meters.exposition()})

    def _may_see_metrics(self, scope: Scope) -> bool:
        headers = {name.lower(): value for name, value in scope["headers"]}
        if self._token:
            return hmac.compare_digest(headers.get(b"authorization", b""), f"Bearer {self._token}".encode())
        client = (scope.get("client") or ("",))[0]
        return not self.exposed and loopback(client) and not FORWARDED & headers.keys()
