"""Serves an ASGI application by HTTPS: certificates are changed while it runs, and clients' certificates reach the application.

The server of the plain door can do neither, so this one is made of the HTTP server of aiohttp. It interprets no request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from aiohttp import web
from multidict import CIMultiDict

from crossdock.connectors.protocol import Secrets
from crossdock.core.errors import CrossdockError
from crossdock.landscape.models.access import Door
from crossdock.pipeline.certificates import Material, material, server_context
from crossdock.pipeline.gate import CERTIFICATE
from crossdock.pipeline.server import Endpoint

log = logging.getLogger("crossdock.tls")

LOOK_EVERY: Final = 10.0
"""Seconds between two looks whether the certificate was renewed."""
HANDSHAKE: Final = 10.0
"""Seconds a client has for the handshake."""
SILENT: Final = 30.0
"""Seconds a connection may be open without a whole request head."""
BACKLOG: Final = 1024


class SecureServer:
    """HTTPS for one application. `start`, then `stop`; `renew` takes up what changed."""

    def __init__(self, app: Endpoint, door: Door, secrets: Callable[[], Secrets]) -> None:
        self._app = app
        self._door = door
        self._secrets = secrets
        self._socket: socket.socket | None = None
        self._listening: asyncio.Server | None = None
        self._made_of: Material | None = None
        self._http = _Connections(self._answer, auto_decompress=False, access_log=None, handler_cancellation=True)
        self._under_way: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises `CertificateUnfit`, `SecretMissing`, OSError."""
        given = await asyncio.to_thread(lambda: material(self._door, self._secrets()))
        tls = server_context(self._door, given)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(BACKLOG)
            self._socket.setblocking(False)
            self.port = int(self._socket.getsockname()[1])
            await self._listen(tls)
        except BaseException:
            self._socket.close()
            raise
        self._made_of = given

    async def _listen(self, tls: ssl.SSLContext) -> None:
        """Take connections with these certificates from now on; those that are open stay as they are."""
        assert self._socket is not None
        before = self._listening
        self._listening = await asyncio.get_running_loop().create_server(
            self._http, sock=self._socket.dup(), ssl=tls, ssl_handshake_timeout=HANDSHAKE, backlog=BACKLOG
        )
        if before is not None:
            before.close()  # both took from one queue of the same socket: nobody who knocked is lost

    async def renew(self) -> bool:
        """Take up renewed certificates; whether there were some. What cannot be used is told in the log, and the present ones go on."""
        try:
            given = await asyncio.to_thread(lambda: material(self._door, self._secrets()))
            if given == self._made_of:
                return False
            await self._listen(server_context(self._door, given))
        except CrossdockError as error:
            log.error("the renewed certificate of the hub's address cannot be used, the present one goes on: %s", error.message)
            return False
        self._made_of = given
        log.info("the hub's address is served with a renewed certificate")
        return True

    async def stop(self) -> None:
        """Take no more connections, give answers under way a moment, and close."""
        if self._listening is not None:
            self._listening.close()
        if self._socket is not None:
            self._socket.close()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=1.0)
        await self._http.shutdown(1.0)

    # --- one request ------------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._http.asked.discard(request.protocol)
        exchange = _Exchange(request)
        task = asyncio.create_task(self._run(exchange))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # the sender left: what is being stored is stored, and who streams to nobody is told
            exchange.left.set()
            raise
        if exchange.response is None:
            return web.Response(status=500)
        if not exchange.whole and request.transport is not None:
            request.transport.abort()  # nobody shall take half an answer for a whole one
        return exchange.response

    async def _run(self, exchange: _Exchange) -> None:
        try:
            await self._app(exchange.scope(), exchange.receive, exchange.send)
        except Exception as error:
            log.exception("a request could not be answered: %s", type(error).__name__)


class _Connections(web.Server):
    """The connections; those on which nobody asks anything in time are closed."""

    asked: set[Any]

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.asked = set()

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self.asked.add(handler)
        asyncio.get_running_loop().call_later(SILENT, self._tire, handler, transport)

    def connection_lost(self, handler: Any, exc: BaseException | None = None) -> None:
        self.asked.discard(handler)
        super().connection_lost(handler, exc)

    def _tire(self, handler: Any, transport: asyncio.Transport) -> None:
        if handler in self.asked:
            transport.abort()


class _Exchange:
    """One request and its answer in the terms of ASGI."""

    def __init__(self, request: web.BaseRequest) -> None:
        self._request = request
        self._read = False
        self._continued = request.headers.get("Expect", "").lower() != "100-continue"
        self._start: dict[str, Any] = {}
        self.response: web.StreamResponse | None = None
        self.whole = False
        self.left = asyncio.Event()

    def scope(self) -> dict[str, Any]:
        request = self._request
        transport = request.transport
        peer = transport.get_extra_info("peername") if transport is not None else None
        tls = transport.get_extra_info("ssl_object") if transport is not None else None
        raw = request.rel_url.raw_path
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": f"{request.version.major}.{request.version.minor}",
            "method": request.method,
            "scheme": "https",
            "path": unquote(raw),
            "raw_path": raw.encode("ascii", "surrogateescape"),
            "query_string": request.rel_url.raw_query_string.encode("ascii", "surrogateescape"),
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request.raw_headers],
            "client": (str(peer[0]), int(peer[1])) if peer else None,
            "server": None,
            CERTIFICATE: tls.getpeercert(binary_form=True) if tls is not None else None,
        }

    async def receive(self) -> dict[str, Any]:
        if self._read:
            await self.left.wait()
            return {"type": "http.disconnect"}
        if not self._continued:
            self._continued = True
            await self._request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        content = self._request.content
        reading, leaving = asyncio.ensure_future(content.readany()), asyncio.ensure_future(self.left.wait())
        try:
            await asyncio.wait([reading, leaving], return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                raise ConnectionResetError
            piece = reading.result()
        except Exception:  # whatever broke the connection or the request's framing: the body does not come whole
            self._read = True
            return {"type": "http.disconnect"}
        finally:
            for task in (reading, leaving):
                task.cancel()
        self._read = content.at_eof()
        return {"type": "http.request", "body": piece, "more_body": not self._read}

    async def send(self, message: dict[str, Any]) -> None:
        if self.left.is_set():
            return
        if message["type"] == "http.response.start":
            self._start = message
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        with contextlib.suppress(ConnectionError):
            if self.response is None:
                headers = CIMultiDict((n.decode("latin-1"), v.decode("latin-1")) for n, v in self._start.get("headers", ()))
                if not more:
                    self.response, self.whole = self._at_once(headers, body), True
                    return
                self.response = web.StreamResponse(status=self._start["status"], headers=headers)
                await self.response.prepare(self._request)
            if body:
                await self.response.write(body)
            if not more:
                await self.response.write_eof()
                self.whole = True

    def _at_once(self, headers: CIMultiDict[str], body: bytes) -> web.Response:
        if self._request.method != "HEAD":
            headers.pop("content-length", None)  # it is computed from what is sent
        return web.Response(status=self._start["status"], headers=headers, body=body)


async def serve_securely(app: Endpoint, host: str, port: int, door: Door, secrets: Callable[[], Secrets]) -> None:
    """Answer HTTPS until cancelled, with whatever certificate is stored at the time."""
    server = SecureServer(app, door, secrets)
    await server.start(host, port)
    try:
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await server.renew()
    finally:
        await server.stop()
