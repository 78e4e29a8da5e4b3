"""Step one, receive: authenticate, store durably, then acknowledge. A bare ASGI application; interprets nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import orjson

from crossdock.connectors.protocol import Connector, Inbound, InboundRequest
from crossdock.core.clock import Clock
from crossdock.core.errors import (
    CrossdockError,
    Deferred,
    Misconfigured,
    PayloadMalformed,
    PayloadTooLarge,
    Rejected,
    SignatureExpired,
    SignatureInvalid,
    Unauthenticated,
    UnknownSystem,
)
from crossdock.ledger.ids import written
from crossdock.ledger.intake import Intake
from crossdock.pipeline.correlation import from_traceparent, new_correlation
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.observe import Meters

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

KEEP_REFUSED: Final = 65_536
"""Bytes kept of a body that was refused at the door."""
REFUSED_PER_MINUTE: Final = 60
"""Refused requests stored per system and minute; more are counted but not stored, so that strangers cannot fill the disk."""

RETRY_MISCONFIGURED: Final = 60
"""Seconds after which a sender should try again when our own configuration is at fault."""

STATUS: Final[dict[type[CrossdockError], int]] = {
    UnknownSystem: 404,
    Unauthenticated: 401,
    SignatureInvalid: 401,
    SignatureExpired: 401,
    PayloadTooLarge: 413,
    PayloadMalformed: 400,
}


class ReceiveEndpoint:
    """`POST /in/<system>/<channel>`: answers 202 once the message is durable, 200 for one it already has."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        limits: Mapping[str, int],
        intake: IntakeBuffer,
        clock: Clock,
        meters: Meters,
    ) -> None:
        self._connectors = connectors
        self._limits = limits
        self._intake = intake
        self._clock = clock
        self._meters = meters
        self._refused: dict[str, tuple[int, int]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        parts = [unquote(p) for p in scope["path"].split("/")[2:]]
        system, channel = parts[0] if parts else "", "/".join(parts[1:]) or "default"
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        correlation = from_traceparent(headers.get("traceparent", ""))
        body = b""
        try:
            if scope["method"] != "POST":
                await _answer(send, 405, {"code": "receive.method", "title": "Send messages with POST."}, allow="POST")
                return
            body = await self._read(receive, headers, self._limits.get(system, KEEP_REFUSED))
            connector = self._connectors.get(system)
            if connector is None:
                raise UnknownSystem(f"no system {system!r} accepts messages here", system=system)
            query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
            client = scope.get("client")
            request = InboundRequest(channel, headers, body, self._clock.now(), query, client[0] if client else "")
            try:
                messages = connector.receive(request)
            except CrossdockError:
                raise
            except Exception as error:
                raise PayloadMalformed(f"the request cannot be read: {type(error).__name__}") from error
            answers = await self._intake.submit(system, channel, messages, correlation)
        except Deferred as error:
            self._meters.refused(system, error.code)
            await _answer(send, 503, problem(error, 503), retry=str(int(error.retry_after or 5)))
            return
        except Misconfigured as error:
            # the sender is not to blame: it hears nothing of our configuration and sends again; the owner of the system is told
            await self._keep_refused(system, channel, headers, body, correlation, error)
            shown = type(error)("this hub cannot check the sender at the moment")
            await _answer(send, 503, problem(shown, 503, correlation), retry=str(RETRY_MISCONFIGURED))
            return
        except Rejected as error:
            body = body or getattr(error, "read", b"")
            await self._keep_refused(system, channel, headers, body, correlation, error)
            status = STATUS.get(type(error), 400)
            await _answer(send, status, problem(error, status, correlation))
            return
        self._meters.received(system, len(answers), len(body))
        fresh = any(answer.intake is not Intake.DUPLICATE for answer in answers)
        await _answer(
            send,
            202 if fresh or not answers else 200,
            {
                "status": "accepted" if fresh or not answers else "duplicate",
                "messages": [{"id": written(a.number), "status": a.intake.name.lower()} for a in answers],
                "correlation": correlation,
            },
        )

    async def _read(self, receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
        declared = headers.get("content-length", "")
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            chunk = message.get("body", b"")
            if chunk:
                size += len(chunk)
                chunks.append(chunk)
            if size > limit or (declared.isdigit() and int(declared) > limit):
                error = PayloadTooLarge(
                    f"the body has more than {limit} bytes", limit=limit, declared=declared, kept=min(size, KEEP_REFUSED)
                )
                error.read = b"".join(chunks)[:KEEP_REFUSED]  # type: ignore[attr-defined]
                raise error
            if not message.get("more_body"):
                return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    async def _keep_refused(
        self,
        system: str,
        channel: str,
        headers: Mapping[str, str],
        body: bytes,
        correlation: str,
        error: Rejected | Misconfigured,
    ) -> None:
        """Keep what was refused, so that a person can see it; bounded, because strangers can cause it."""
        self._meters.refused(system if system in self._connectors else "unknown", error.code)
        known = system if system in self._connectors else "unknown"
        minute = int(self._clock.now().timestamp() // 60)
        window, count = self._refused.get(known, (minute, 0))
        count = count if window == minute else 0
        self._refused[known] = (minute, count + 1)
        if count >= REFUSED_PER_MINUTE:
            return
        kept = body[:KEEP_REFUSED]
        digest = hashlib.blake2b(kept + error.code.encode() + system.encode()[:200], digest_size=12).hexdigest()
        inbound = Inbound(
            topic="",
            dedupe_key=f"refused:{minute // 60}:{digest}",
            body=kept,
            content_type=headers.get("content-type", "application/octet-stream")[:200],
            headers={"refused-system": system[:200]},
        )
        mark = "refused:" + orjson.dumps({"code": error.code, "message": error.message, "detail": dict(error.detail)}).decode()
        try:
            await self._intake.commit([self._intake.row(known, channel[:200], inbound, correlation or new_correlation(), mark)])
        except CrossdockError:
            return


def problem(error: CrossdockError, status: int, correlation: str = "") -> dict[str, Any]:
    """An error as problem details (RFC 9457): stable code, what is wrong, what to do."""
    answer = {
        "type": f"urn:crossdock:error:{error.code}",
        "title": error.summary(),
        "status": status,
        "detail": error.message,
        "code": error.code,
        "hint": error.hint,
    }
    if correlation:
        answer["correlation"] = correlation
    return answer


async def _answer(send: Send, status: int, content: Mapping[str, Any], retry: str = "", allow: str = "") -> None:
    kind = b"application/problem+json" if status >= 400 else b"application/json"
    headers = [(b"content-type", kind)]
    if retry:
        headers.append((b"retry-after", retry.encode()))
    if allow:
        headers.append((b"allow", allow.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(content)})
