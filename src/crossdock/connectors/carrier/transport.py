"""HTTP as the worker does it for karrio: TLS verified, timed, observed, never repeated; knows no carrier, imports no karrio.

karrio answers errors without an HTTP status and takes no time-out. Every request it makes therefore goes through `Observed.open`, which
keeps what really happened on the wire: connected or not, the status, the bodies byte for byte.
"""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

KEEP = 4_000_000


@dataclass(slots=True)
class Call:
    """One request of a job: `status` 0 when no answer came; `failure` is `unreachable` (nothing was sent) or `lost` (it was)."""

    method: str
    url: str
    sent: bytes = b""
    status: int = 0
    retry_after: str = ""
    answered: bytes = b""
    failure: str = ""
    connected: bool = False
    seconds: float = 0.0


@dataclass(slots=True)
class Job:
    """What the requests of one job share: the deadline (monotonic seconds), trace headers, the amendment of bodies, the record."""

    deadline: float
    headers: dict[str, str] = field(default_factory=dict)
    amend: Callable[[str, str, bytes], bytes] | None = None
    calls: list[Call] = field(default_factory=list)


current_job: ContextVar[Job | None] = ContextVar("carrier_job", default=None)
_current_call: ContextVar[Call | None] = ContextVar("carrier_call", default=None)


def _connected() -> None:
    call = _current_call.get()
    if call is not None:
        call.connected = True


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        super().connect()
        _connected()


class _SecureConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        _connected()


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SecureHandler(HTTPSHandler):
    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self._verified = context

    def https_open(self, req: Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req, context=self._verified)


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        """A redirect would send a booking elsewhere, or as a GET; it is an answer like any other."""


def verified_opener() -> OpenerDirector:
    """An opener that verifies certificates and host names, whatever the process-wide default was changed to."""
    return build_opener(_Handler(), _SecureHandler(ssl.create_default_context()), _NoRedirects())


class Answer(io.BytesIO):
    """A complete answer in the shape karrio reads (status, headers, url, read)."""

    def __init__(self, body: bytes, status: int, headers: Message, url: str) -> None:
        super().__init__(body)
        self.status = status
        self.headers = headers
        self.url = url


class Observed:
    """Opens requests on behalf of the current job."""

    def __init__(self, opener: OpenerDirector | None = None) -> None:
        self._opener = opener or verified_opener()

    def open(self, request: Request, timeout: float | None = None) -> Answer:
        """Send once and read the whole answer. Raises what urllib raises; the job's record says what it means."""
        job = current_job.get()
        if job is None:
            raise RuntimeError("a request outside of any job")
        if job.amend is not None and isinstance(request.data, bytes):
            request.data = job.amend(request.get_method(), request.full_url, request.data)
        for name, value in job.headers.items():
            request.add_header(name, value)
        sent = request.data if isinstance(request.data, bytes) else b""
        call = Call(request.get_method(), request.full_url, sent[:KEEP])
        job.calls.append(call)
        token = _current_call.set(call)
        started = time.monotonic()
        try:
            return self._send(request, call, job.deadline - started)
        finally:
            call.seconds = time.monotonic() - started
            _current_call.reset(token)

    def _send(self, request: Request, call: Call, left: float) -> Answer:
        if left <= 0:
            call.failure = "unreachable"
            raise URLError("no time left")
        try:
            with self._opener.open(request, timeout=left) as response:
                body = response.read()
                status, headers = response.status, response.headers
        except HTTPError as error:
            _note(call, error.code, error.headers)
            try:
                call.answered = error.read()[:KEEP]
            except (OSError, http.client.HTTPException):
                call.failure = "lost"
                raise
            raise HTTPError(call.url, error.code, str(error.reason), error.headers, io.BytesIO(call.answered)) from None
        except (OSError, http.client.HTTPException):
            call.failure = "lost" if call.connected else "unreachable"
            raise
        _note(call, status, headers)
        call.answered = body[:KEEP]
        return Answer(body, status, headers, call.url)


def _note(call: Call, status: int, headers: Message) -> None:
    call.status = status
    call.retry_after = headers.get("Retry-After", "") if headers else ""


def is_effect(call: Call) -> bool:
    """Whether a call did more than fetch a token; the others carry credentials and never leave this process."""
    return "oauth" not in call.url and "/token" not in call.url


def refuse_everything_else() -> None:
    """Sockets without a time-out would keep a thread for ever; whatever opens one by another way gets a minute."""
    socket.setdefaulttimeout(60.0)
