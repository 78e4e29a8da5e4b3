"""The connections an HTTP client keeps to all its origins: made, kept while idle, and no more at a time than allowed; knows no request."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from aiohappyeyeballs import start_connection

from crossdock.connectors.http1 import Answer, Connection, NotSent, Target, request_head

KEEP_SECONDS: Final = 30.0
"""How long an idle connection is kept; most servers close theirs later."""
RESOLVED_SECONDS: Final = 10.0
"""How long the addresses of a name are remembered, so that a burst of new connections asks once."""
NEXT_ADDRESS: Final = 0.25
"""Seconds after which the next address of a host is tried beside the first (RFC 8305)."""


@dataclass(slots=True)
class Connections:
    """The connections to all origins one client talks to; at most `limit` exchanges at a time."""

    limit: int
    connect_seconds: float
    verify: bool
    _idle: dict[tuple[bool, str, int], list[Connection]] = field(default_factory=dict)
    _busy: set[Connection] = field(default_factory=set)
    _resolved: dict[tuple[str, int], tuple[float, list[Any]]] = field(default_factory=dict)
    _turns: asyncio.Semaphore = field(init=False)
    _tls: ssl.SSLContext | None = None
    _sweeper: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.limit)

    async def exchange(self, method: str, target: Target, headers: Mapping[str, str], body: bytes, seconds: float) -> Answer:
        """One request and its whole answer within `seconds`.

        Raises `NotSent`, `NotAnswered`, and ValueError for a header that cannot be sent.
        """
        head = request_head(method, target, headers, len(body))
        loop = asyncio.get_running_loop()
        started = loop.time()
        await self._turn(seconds)
        try:
            connection = self._kept(target, started) or await self._connected(target, seconds - (loop.time() - started))
            self._busy.add(connection)
            try:
                return await connection.exchange(head, body, seconds - (loop.time() - started), bodiless=method == "HEAD")
            finally:
                self._busy.discard(connection)
                if connection.reusable:
                    self._keep(connection, target, loop)
        finally:
            self._turns.release()

    def close(self) -> None:
        """Close all connections at once."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            self._sweeper = None
        for connection in [*self._busy, *(each for kept in self._idle.values() for each in kept)]:
            connection.abort()
        self._idle.clear()

    async def _turn(self, seconds: float) -> None:
        if not self._turns.locked():
            await self._turns.acquire()
            return
        try:
            await asyncio.wait_for(self._turns.acquire(), seconds)
        except TimeoutError:
            raise NotSent("no connection became free") from None

    def _kept(self, target: Target, now: float) -> Connection | None:
        idle = self._idle.get(target.origin)
        while idle:
            connection = idle.pop()  # the one used last: the others grow old and are closed
            if connection.usable(now - KEEP_SECONDS):
                return connection
            connection.abort()
        return None

    def _keep(self, connection: Connection, target: Target, loop: asyncio.AbstractEventLoop) -> None:
        connection.idle_since = loop.time()
        self._idle.setdefault(target.origin, []).append(connection)
        if self._sweeper is None:
            self._sweeper = loop.call_later(KEEP_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for origin, idle in list(self._idle.items()):
            for connection in idle:
                if not connection.usable(now - KEEP_SECONDS):
                    connection.abort()
            self._idle[origin] = [each for each in idle if each.reusable]
            if not self._idle[origin]:
                del self._idle[origin]
        self._sweeper = loop.call_later(KEEP_SECONDS, self._sweep, loop) if self._idle else None

    async def _connected(self, target: Target, seconds: float) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(min(self.connect_seconds, seconds)):
                addresses = await self._addresses(target, loop)
                sock = await start_connection(addresses, happy_eyeballs_delay=NEXT_ADDRESS, interleave=1, loop=loop)
                try:
                    tls, name = (self._context(), target.host) if target.tls else (None, None)
                    _, connection = await loop.create_connection(Connection, sock=sock, ssl=tls, server_hostname=name)
                except BaseException:
                    sock.close()
                    raise
        except (OSError, TimeoutError) as error:
            self._resolved.pop((target.host, target.port), None)
            raise NotSent(type(error).__name__) from None
        return connection

    async def _addresses(self, target: Target, loop: asyncio.AbstractEventLoop) -> list[Any]:
        key = (target.host, target.port)
        known = self._resolved.get(key)
        if known is not None and known[0] > loop.time():
            return known[1]
        if _is_address(target.host):
            found = socket.getaddrinfo(*key, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        else:
            found = await loop.getaddrinfo(*key, type=socket.SOCK_STREAM)
        self._resolved[key] = (loop.time() + RESOLVED_SECONDS, found)
        return found

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
            if not self.verify:
                self._tls.check_hostname = False
                self._tls.verify_mode = ssl.CERT_NONE
        return self._tls


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
