"""Outbound HTTP for connectors: one session, W3C trace context, exchange records, and faults told apart by whether the effect may have happened."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from crossdock.core.errors import (
    AnswerLost,
    CredentialRefused,
    EndpointGone,
    PeerNotTrusted,
    PermissionRefused,
    TargetRefused,
    TargetUnavailable,
    Throttled,
)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
CREDENTIAL_HEADER = re.compile(r"auth|cookie|credential|key|password|secret|signature|token", re.IGNORECASE)
"""Names of request headers whose values are taken out of what is kept and shown."""
SHORTEST = 8
"""Characters below which a header's value is no credential worth hiding: it would be found in every text."""
HIDDEN = b"(credential)"


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

    Raises `TargetUnavailable` or `PeerNotTrusted` (nothing was sent), `AnswerLost` (sent, no complete answer, unsafe method) and nothing else;
    HTTP status codes are returned for the connector to judge. Build it with `async with` or call `close`.
    """

    def __init__(
        self,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
        limit: int = 64,
        keep_bytes: int = 16_384,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._limit = limit
        self._keep = keep_bytes
        if tls is not None and (tls.verify_mode != ssl.CERT_REQUIRED or not tls.check_hostname):
            raise ValueError("a TLS context that does not verify the server is not used")
        self._tls = tls
        self.living: Callable[[], ssl.SSLContext] | None = None
        """Gives the TLS to use, another object when certificates changed; before it, `tls` counts."""
        self._left: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close pooled connections."""
        for task in self._left:
            task.cancel()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self.living is not None:
            now = self.living()
            if now.verify_mode != ssl.CERT_REQUIRED or not now.check_hostname:
                raise ValueError("a TLS context that does not verify the server is not used")
            if now is not self._tls:
                self._tls = now
                self._leave()
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=self._limit, ssl=self._tls or _verifying(), keepalive_timeout=30)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, auto_decompress=True)
            # aiohttp repeats PUT and DELETE by itself when a kept-alive connection breaks; whether to repeat is ours to decide
            self._session._retry_connection = False
        return self._session

    def _leave(self) -> None:
        """Make no new connections as before; calls under way may end."""
        session, self._session = self._session, None
        if session is not None:
            task = asyncio.create_task(self._close_later(session))
            self._left.add(task)
            task.add_done_callback(self._left.discard)

    async def _close_later(self, session: aiohttp.ClientSession) -> None:
        try:
            await asyncio.sleep((self._timeout.total or 30.0) + 1.0)
        finally:
            await session.close()

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
        credentials = _credentials(sent_headers)
        exchange = Exchange(method, url, without(credentials, body[: self._keep]))
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
        except aiohttp.ClientConnectorCertificateError:
            raise PeerNotTrusted("the server's certificate is not trusted", host=urlsplit(url).hostname or "") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise TargetUnavailable(f"cannot connect: {type(error).__name__}") from None
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            if safe:
                raise TargetUnavailable(f"no complete answer: {type(error).__name__}") from None
            raise AnswerLost(f"sent, but no complete answer: {type(error).__name__}") from None
        finally:
            exchange.seconds = loop.time() - started
        if credentials and response.status >= 400:
            # a system may quote the request in its complaint, and complaints are shown to people
            answer = without(credentials, answer)
        exchange.answered = without(credentials, answer[: self._keep])
        return HttpAnswer(response.status, {k.lower(): v for k, v in response.headers.items()}, answer)


def _verifying() -> ssl.SSLContext:
    """TLS 1.2 or later with the server's certificate and name verified; there is no switch that says otherwise."""
    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    return tls


def _credentials(headers: Mapping[str, str]) -> tuple[bytes, ...]:
    """What must not be kept of these request headers: whole values, and for `Bearer x` and `Basic x` the last word too."""
    found: dict[bytes, None] = {}
    for name, value in headers.items():
        if CREDENTIAL_HEADER.search(name) and "idempot" not in name.lower():
            for words in (value, value.rpartition(" ")[2]):
                if len(words) >= SHORTEST:
                    found[words.encode("utf-8", "surrogateescape")] = None
    return tuple(found)


def without(credentials: Iterable[bytes], text: bytes) -> bytes:
    """The text with a mark in the place of every credential."""
    for each in credentials:
        if each in text:
            text = text.replace(each, HIDDEN)
    return text


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
