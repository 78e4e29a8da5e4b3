"""Outbound HTTP for connectors: one session, W3C trace context, exchange records, and faults told apart by whether the effect may have happened."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from crossdock.core.errors import (
    AnswerLost,
    CredentialRefused,
    EndpointGone,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Exchange:
    """One request and its answer as they crossed the wire, without credentials; kept with the attempt."""

    method: str
    url: str
    sent: bytes
    status: int = 0
    answered: bytes = b""
    seconds: float = 0.0


@dataclass(slots=True)
class CallScope:
    """Collects the exchanges of one attempt and carries its trace context into every call."""

    traceparent: str = ""
    correlation: str = ""
    exchanges: list[Exchange] = field(default_factory=list)


current_call: ContextVar[CallScope | None] = ContextVar("crossdock_call", default=None)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A complete answer: status, lower-case headers, body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 section 10.2.3: delay or HTTP date), None without one."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - now).total_seconds())
    except (TypeError, ValueError):
        return None


class HttpClient:
    """HTTP calls on behalf of one system.

    Raises `TargetUnavailable` (nothing was sent), `AnswerLost` (sent, no complete answer, unsafe method) and nothing else;
    HTTP status codes are returned for the connector to judge. Build it with `async with` or call `close`.
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        limit: int = 64,
        keep_bytes: int = 16_384,
        verify_tls: bool = True,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._limit = limit
        self._keep = keep_bytes
        self._verify = verify_tls
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close pooled connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._limit, ssl=self._verify, keepalive_timeout=30)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, auto_decompress=True)
            # aiohttp repeats PUT and DELETE by itself when a kept-alive connection breaks; whether to repeat is ours to decide
            self._session._retry_connection = False
        return self._session

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,
        safe: bool | None = None,
    ) -> HttpAnswer:
        """Send one request and read its whole answer.

        `safe` says that repeating the request changes nothing (default: by method); then a lost answer is `TargetUnavailable`.
        """
        scope = current_call.get()
        sent_headers = dict(headers or {})
        exchange = Exchange(method, url, body[: self._keep])
        if scope is not None:
            if scope.traceparent:
                sent_headers.setdefault("traceparent", scope.traceparent)
            if scope.correlation:
                sent_headers.setdefault("x-correlation-id", scope.correlation)
            scope.exchanges.append(exchange)
        if safe is None:
            safe = method in SAFE_METHODS
        session = self._open()
        patience = session.timeout if timeout is None else aiohttp.ClientTimeout(total=timeout)
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with session.request(
                method, url, headers=sent_headers, data=body or None, params=params, allow_redirects=False, timeout=patience
            ) as response:
                exchange.status = response.status
                answer = await response.read()
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TargetUnavailable(f"cannot connect: {type(error).__name__}") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            if safe:
                raise TargetUnavailable(f"no complete answer: {type(error).__name__}") from None
            raise AnswerLost(f"sent, but no complete answer: {type(error).__name__}") from None
        finally:
            exchange.seconds = loop.time() - started
        exchange.answered = answer[: self._keep]
        return HttpAnswer(response.status, {k.lower(): v for k, v in response.headers.items()}, answer)


def raise_for_transport_status(answer: HttpAnswer, now: datetime | None = None) -> None:
    """The reading of HTTP status codes most APIs share (RFC 9110); connectors with better knowledge judge first.

    429 -> Throttled, 502/503/504 -> TargetUnavailable (a gateway answered: nothing is known to have happened only for safe
    calls, so unsafe callers must map 502/504 themselves), 401 -> CredentialRefused, 403 -> PermissionRefused,
    404/410 -> EndpointGone, other 4xx -> TargetRefused, other 5xx -> AnswerLost.
    """
    status = answer.status
    if status < 400:
        return
    wait = retry_after(answer.headers, now or datetime.now(UTC))
    if status == 429:
        raise Throttled(f"HTTP {status}", retry_after=wait, status=status)
    if status in (502, 503, 504):
        raise TargetUnavailable(f"HTTP {status}", retry_after=wait, status=status)
    if status == 401:
        raise CredentialRefused(f"HTTP {status}", status=status)
    if status == 403:
        raise PermissionRefused(f"HTTP {status}", status=status)
    if status in (404, 410):
        raise EndpointGone(f"HTTP {status}", status=status)
    if status < 500:
        raise TargetRefused(f"HTTP {status}", status=status, answer=answer.body[:2000].decode("utf-8", "replace"))
    raise AnswerLost(f"HTTP {status}", status=status)
