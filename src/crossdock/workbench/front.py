"""Hands requests for pages and the API from the hub's door to the workbench's process and its answers back; reads no content."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from crossdock.core.errors import Deferred, Rejected
from crossdock.pipeline.answers import EVERY, Receive, Scope, Send, refuse
from crossdock.security.peer import Network, seen
from crossdock.workbench.child import Child
from crossdock.workbench.peer import CLIENT, HOP, LARGEST, SCHEME, passed_on
from crossdock.workbench.start import Start
from crossdock.workbench.upload import Overflow, turn_away

if TYPE_CHECKING:
    import aiohttp

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

STARTING: Final = (
    b'<!doctype html><html lang="en"><title>Crossdock is starting</title><meta name="viewport" content="width=device-width">'
    b"<h1>The workbench is starting</h1><p>This page loads itself again. Messages are accepted and delivered meanwhile.</p></html>"
)

log = logging.getLogger("crossdock.workbench")


class WorkbenchStarting(Deferred):
    """The workbench is starting."""

    code = "workbench.starting"
    hint = "Load the page again in a few seconds; messages are accepted and delivered meanwhile."


class WorkbenchLost(Deferred):
    """The workbench's process ended while it answered."""

    code = "workbench.lost"
    hint = "It is started again by itself. Look whether what you did took effect before you do it again."


class MethodUnknown(Rejected):
    """The workbench knows no such method."""

    code = "workbench.method_unknown"
    hint = "Use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS."


class BodyUnreadable(Rejected):
    """The request's body cannot be read: its length is missing or wrong."""

    code = "workbench.body_unreadable"
    hint = "Send a correct Content-Length."


class Front:
    """An ASGI application for the hub's door. Nothing of the workbench is loaded into the hub: only requests and answers pass."""

    def __init__(self, start: Start, trusted: Sequence[Network] = (), *, child: Child | None = None) -> None:
        self.child = child or Child(start)
        self._trusted = trusted
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in METHODS:
            await refuse(send, MethodUnknown(), 501)
            return
        try:
            length = _length(scope)
        except ValueError:
            await refuse(send, BodyUnreadable(), 400, connection="close")
            return
        if length is not None and length > LARGEST:
            await turn_away(scope, receive, send)
            return
        begun = _Begun(send)
        try:
            for again in (True, False):
                if not await self.child.ready():
                    await _come_again(scope, send)
                    return
                try:
                    await self._while_wanted(scope, receive, begun, length)
                    return
                except Exception as error:
                    if not (again and _may_go_again(scope, begun, error)):
                        raise
                    await self.child.lost()
        except Overflow:  # it was collected, and nothing of it passed on
            await turn_away(scope, receive, send)
        except Exception as error:
            if not _connection_broke(error):
                raise
            if begun.streams:  # the workbench ended; a browser that watches comes back by itself
                await begun({"type": "http.response.body", "body": b"", "more_body": False})
                return
            log.warning("a request to the workbench's process broke: %s", type(error).__name__)
            if begun.started:
                # the server cuts the connection, so that nobody takes it for whole
                raise ConnectionResetError("the answer had begun") from None
            await refuse(send, WorkbenchLost(), 502, retry_after="3")

    async def _while_wanted(self, scope: Scope, receive: Receive, begun: _Begun, length: int | None) -> None:
        """Pass the request on until it is answered or its sender left: a stream nobody reads any more ends at its source."""
        heard = _Heard(receive)
        passing = asyncio.create_task(self._pass(scope, heard, begun, length))
        leaving = asyncio.create_task(heard.leaves())
        try:
            await asyncio.wait([passing, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (passing, leaving):
                if not task.done():
                    task.cancel()
            await asyncio.gather(passing, leaving, return_exceptions=True)
        if not passing.cancelled():
            passing.result()

    async def _pass(self, scope: Scope, receive: _Heard, begun: _Begun, length: int | None) -> None:
        from multidict import CIMultiDict
        from yarl import URL

        client, scheme = seen(scope, self._trusted)
        headers = passed_on((bytes(name), bytes(value)) for name, value in scope["headers"])
        headers += [(CLIENT, client.encode()), (SCHEME, scheme.encode())]
        given = CIMultiDict((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        body: bytes | AsyncIterator[bytes] | None = None
        if length is None and _chunked(scope):
            body = b"".join([chunk async for chunk in _chunks(receive)])
            given["content-length"] = str(len(body))
        elif length:
            body = _chunks(receive)
        else:
            receive.nothing_more()
        target = _target(scope)
        async with self._sessions().request(
            scope["method"], URL(f"http://workbench{target}", encoded=True), headers=given, data=body, allow_redirects=False
        ) as answer:
            kept = [(n.lower(), v) for n, v in answer.raw_headers if n.lower() not in HOP]
            await begun({"type": "http.response.start", "status": answer.status, "headers": kept})
            async for piece in answer.content.iter_any():
                await begun({"type": "http.response.body", "body": piece, "more_body": True})
            await begun({"type": "http.response.body", "body": b"", "more_body": False})

    def _sessions(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            self._session = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self.child.socket), limit=0, keepalive_timeout=20),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=5),
                auto_decompress=False,
                skip_auto_headers=("user-agent", "accept", "accept-encoding", "content-type"),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # aiohttp repeats PUT and DELETE whose answer was lost by itself, although they may have happened
            self._session._retry_connection = False
        return self._session

    async def stop(self) -> None:
        """End the process and every answer under way."""
        await self.child.stop()
        if self._session is not None:
            with contextlib.suppress(Exception):
                await self._session.close()


async def _come_again(scope: Scope, send: Send) -> None:
    """The process is not there yet: a browser gets a page that loads itself again, a program a problem."""
    wants = next((value for name, value in scope["headers"] if name.lower() == b"accept"), b"")
    if scope["method"] not in ("GET", "HEAD") or b"text/html" not in wants:
        await refuse(send, WorkbenchStarting(), 503, retry_after="3")
        return
    headers = [*EVERY, (b"content-type", b"text/html; charset=utf-8"), (b"refresh", b"2"), (b"retry-after", b"2"),
               (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")]  # fmt: skip
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else STARTING})


class _Heard:
    """What the sender says: its body first, to whoever reads it; after that, that it left."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._whole = asyncio.Event()

    async def __call__(self) -> dict[str, Any]:
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            self._whole.set()
        return message

    def nothing_more(self) -> None:
        """Nobody reads the body: there is none."""
        self._whole.set()

    async def leaves(self) -> None:
        """Returns when the sender left."""
        await self._whole.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass


class _Begun:
    """Sends, and remembers whether the answer had begun, and whether it is one of events that go on for ever."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.started = self.streams = False

    async def __call__(self, message: dict[str, object]) -> None:
        self.started = True
        headers: Any = message.get("headers", ())
        self.streams = self.streams or any(n == b"content-type" and v.startswith(b"text/event-stream") for n, v in headers)
        await self.send(message)


def _may_go_again(scope: Scope, begun: _Begun, error: Exception) -> bool:
    """Whether no connection could be made; or the request only asks (RFC 9110 9.2.1), and nothing of an answer had come."""
    import aiohttp

    if isinstance(error, aiohttp.ClientConnectorError):
        return True
    # a process that had read the request ends its connection in order, one that had not resets it
    broke = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)
    return scope["method"] in ("GET", "HEAD") and not begun.started and isinstance(error, broke)


def _connection_broke(error: Exception) -> bool:
    import aiohttp

    return isinstance(error, (aiohttp.ClientError, ConnectionError, TimeoutError))


def _length(scope: Scope) -> int | None:
    """The length the request states. Raises ValueError when it is stated badly, twice, or beside a transfer encoding (RFC 9112 6.3)."""
    stated = {value.strip() for name, value in scope["headers"] if name.lower() == b"content-length"}
    if not stated:
        return None
    [value] = stated
    if not value.isdigit() or _chunked(scope):
        raise ValueError("bad length")
    return int(value)


def _chunked(scope: Scope) -> bool:
    return any(name.lower() == b"transfer-encoding" for name, _ in scope["headers"])


def _target(scope: Scope) -> str:
    raw = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string") or b""
    path = raw.split(b"?")[0].decode("latin-1")
    return f"/{path.lstrip('/')}" + (f"?{query.decode('latin-1')}" if query else "")


async def _chunks(receive: _Heard) -> AsyncIterator[bytes]:
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ConnectionResetError("the sender left")
        size += len(message.get("body", b""))
        if size > LARGEST:
            raise Overflow
        if message.get("body"):
            yield message["body"]
        if not message.get("more_body"):
            return
