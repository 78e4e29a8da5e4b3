"""HTTP/1.1 on one connection: requests written, answers read whole by llhttp (httptools); knows no pool and no connector.

Made for what a hub does all day: many small requests to few hosts. A general client costs three times the CPU of this one, and that
was more than everything else the hub does to deliver a message.
"""

from __future__ import annotations

import asyncio
import base64
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import httptools
from yarl import URL

from crossdock import __version__

LARGEST_HEAD: Final = 131_072
"""Bytes of header names and values of an answer beyond which it is refused."""
_DEFAULTS: Final = (
    ("accept", "Accept: */*\r\n"),
    ("accept-encoding", "Accept-Encoding: gzip, deflate\r\n"),
    ("user-agent", f"User-Agent: Crossdock/{__version__}\r\n"),
)
_BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})


class NotSent(Exception):
    """There was no connection: the other side has seen nothing of the request."""


class NotAnswered(Exception):
    """The request went out, wholly or in part, and no complete answer came. `status` is that of a broken answer, else 0."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Answer:
    """A complete answer: status, lower-case header names (of repeated ones the last), decoded body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """An absolute URL taken apart: where to connect and what to ask for there."""

    tls: bool
    host: str
    port: int
    head: str
    """What follows the method in a request: path, version and `Host`, and the credentials some URLs carry."""

    @property
    def origin(self) -> tuple[bool, str, int]:
        """Targets of one origin share connections."""
        return self.tls, self.host, self.port


def target_of(url: str, params: Mapping[str, str] | None = None) -> Target:
    """The target of an absolute `http` or `https` URL, with `params` added to its query. Raises `NotSent` for any other."""
    return _target(url) if not params else _taken_apart(url, params)


@lru_cache(maxsize=1024)
def _target(url: str) -> Target:
    return _taken_apart(url, None)


def _taken_apart(url: str, params: Mapping[str, str] | None) -> Target:
    try:
        parts = URL(url)
        if params:
            parts = parts.extend_query(params)
        host, port = parts.raw_host, parts.port
    except (ValueError, TypeError):
        raise NotSent("InvalidURL") from None
    if parts.scheme not in ("http", "https") or not host or not port:
        raise NotSent("InvalidURL")
    head = f" {parts.raw_path_qs} HTTP/1.1\r\nHost: {parts.host_port_subcomponent}\r\n"
    if parts.user is not None:
        pair = f"{parts.user}:{parts.password or ''}".encode()
        head += f"Authorization: Basic {base64.b64encode(pair).decode()}\r\n"
    return Target(parts.scheme == "https", host, port, head)


def request_head(method: str, target: Target, headers: Mapping[str, str], length: int) -> bytes:
    """The head of a request. Raises ValueError for a header that would break out of its line."""
    given, present = "", set()
    for name, value in headers.items():
        given += f"{name}: {value}\r\n"
        present.add(name.lower())
    if given.count("\r") != len(headers) or given.count("\n") != len(headers) or "\0" in given:
        raise ValueError("a header cannot hold a line break")
    text = method + target.head + given
    for name, line in _DEFAULTS:
        if name not in present:
            text += line
    if length or method in _BODY_METHODS:
        text += f"Content-Length: {length}\r\n"
    return (text + "\r\n").encode()


class Connection(asyncio.Protocol):
    """One connection; one request at a time. The methods named `on_` are called by the parser."""

    def __init__(self) -> None:
        self.reusable = False
        """Another request may follow: the last answer is complete, nothing came after it, and both sides want to go on."""
        self.idle_since = 0.0
        self._transport: asyncio.Transport
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[Answer] | None = None
        self._bodiless = False
        self._next_answer()

    async def exchange(self, head: bytes, body: bytes, seconds: float, *, bodiless: bool = False) -> Answer:
        """Send and wait for the whole answer. `bodiless`: it has no body whatever its head says (HEAD). Raises `NotAnswered`."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Answer] = loop.create_future()
        self._waiter = waiter
        self._bodiless, self.reusable = bodiless, False
        self._next_answer()
        if body:
            self._transport.writelines((head, body))
        else:
            self._transport.write(head)
        timer = loop.call_later(seconds, self._late)
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None
            if not waiter.done() or waiter.cancelled() or waiter.exception() is not None:
                self.abort()
            elif not self.reusable:
                self._transport.close()

    def usable(self, idle_since: float) -> bool:
        """Whether another request may follow and the connection has not been idle since before that time."""
        return self.reusable and self.idle_since > idle_since and not self._transport.is_closing()

    def abort(self) -> None:
        """Close at once."""
        self.reusable = False
        self._transport.abort()

    # --- the transport tells ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        if self._waiter is None:
            self.abort()  # nobody asked: whatever this belongs to, it is no answer to the next request
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("the protocol was switched")
        except httptools.HttpParserError as error:
            self._fail(type(error).__name__)

    def connection_lost(self, error: Exception | None) -> None:
        self.reusable = False
        if self._until_close and error is None:
            self._complete()
        else:
            self._fail("disconnected" if error is None else type(error).__name__)

    def _late(self) -> None:
        self._fail("TimeoutError")

    def _fail(self, reason: str) -> None:
        self.reusable = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(NotAnswered(reason, self._status))

    # --- the parser tells ---------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if self._waiter is None or self._waiter.done():
            self.abort()  # bytes after the answer

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > LARGEST_HEAD:
            raise ValueError("the head of the answer is too large")
        if self._status:
            return  # trailers come after the body was judged by the head, and must not change it
        self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "surrogateescape")

    def on_headers_complete(self) -> None:
        self._status = self._parser.get_status_code()
        headers = self._headers
        if self._status >= 200:
            if self._bodiless:
                self._complete()
            elif "content-length" not in headers and "transfer-encoding" not in headers:
                self._until_close = self._status not in (204, 304)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self._status < 200:  # an interim answer, RFC 9110 section 15.2
            self._next_answer()
            return
        if self._waiter is None or self._waiter.done():
            return
        self.reusable = self._parser.should_keep_alive() and not self._bodiless
        self._complete()

    def _next_answer(self) -> None:
        self._status = 0
        self._headers: dict[str, str] = {}
        self._head_size = 0
        self._body: list[bytes] = []
        self._until_close = False

    def _complete(self) -> None:
        self._until_close = False
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        encoding = self._headers.get("content-encoding", "")
        if encoding and body:
            try:
                body = _decoded(body, encoding.strip().lower())
            except zlib.error:
                self._fail("its encoding cannot be read")
                return
        waiter.set_result(Answer(self._status, self._headers, body))


def _decoded(body: bytes, encoding: str) -> bytes:
    """The body without its content coding (RFC 9110 section 8.4.1); one we did not ask for is left as it is."""
    if encoding in ("gzip", "x-gzip"):
        return _inflated(body, 16 + zlib.MAX_WBITS)
    if encoding == "deflate":
        # meant is zlib's format, but bare deflate is what some servers send: its first byte cannot be that of a zlib header
        return _inflated(body, zlib.MAX_WBITS if body[0] & 0x0F == 8 else -zlib.MAX_WBITS)
    return body


def _inflated(body: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    plain = inflater.decompress(body) + inflater.flush()
    if not inflater.eof:
        raise zlib.error("truncated")
    return plain
