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


def _mistaken(path: str, method: str) -> bool:
    """Whether this is a message on its way to the wrong address rather than somebody who looks for a page."""
    return path in ("/in", "/ask") or (path == "/" and method not in ("GET", "HEAD"))


class Door:
    """Routes requests. `/healthz` says yes; `/readyz` says yes, that the hub is starting, or what kind of thing is wrong and what to do,
    without names of anything here: both are for everybody. `ready` gives True, False or that trouble.

    `/metrics` needs the token; while none is set it answers programs on this machine only, and nobody when `exposed`
    (the hub listens on an address others reach) or when a proxy on this machine passed the request on.
    """

    def __init__(
        self,
        receive: Endpoint,
        ask: Endpoint,
        ready: Callable[[], bool | CrossdockError],
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
        self.more: dict[str, Endpoint] = {}
        """Further addresses and who answers there."""
        self.exposed = False
        """Whether others than programs on this machine reach this door."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await self._route(scope["path"], scope, receive, send)
        except ConnectionResetError as error:  # raised so that the connection is cut; no defect of ours
            log.warning("an answer was cut short: %s", error)
        except Exception as error:
            log.exception("a request could not be answered: %s", type(error).__name__)
            with contextlib.suppress(Exception):  # an answer may have begun
                await refuse(send, CrossdockError("This is a defect of the hub; nothing was stored."), 500)

    async def _route(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        if path.startswith("/in/"):
            await self._receive(scope, receive, send)
        elif path.startswith("/ask/"):
            await self._ask(scope, receive, send)
        elif path in self.more:
            await self.more[path](scope, receive, send)
        elif path == "/healthz":
            await answer(send, 200, {"status": "ok"})
        elif path == "/readyz":
            await self._say_ready(send)
        elif path == "/metrics":
            await self._metrics(scope, send)
        elif self._pages is not None and not _mistaken(path, scope["method"]):
            await self._pages(scope, receive, send)
        else:
            await refuse(send, NothingHere(), 404)

    async def _say_ready(self, send: Send) -> None:
        standing = self._ready()
        if isinstance(standing, CrossdockError):
            told = {"status": "unavailable", "reason": standing.code, "title": standing.summary(), "hint": standing.hint}
            await answer(send, 503, told, retry_after="5")
        else:
            await answer(send, 200 if standing else 503, {"status": "ready" if standing else "starting"})

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
