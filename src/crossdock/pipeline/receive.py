"""Step one, receive: authenticate, store durably, then acknowledge. A bare ASGI application; interprets nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from time import time_ns
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote

import orjson

from crossdock.connectors.protocol import Connector, Inbound, InboundRequest
from crossdock.core.clock import Clock
from crossdock.core.errors import (
    AddressRefused,
    BodyEncoded,
    BodyIncomplete,
    BodyRefused,
    BodyTooSlow,
    CertificateMissing,
    CertificateRefused,
    CrossdockError,
    Deferred,
    MethodRefused,
    Misconfigured,
    PartnerNotAdmitted,
    PartnerSuspended,
    PayloadMalformed,
    PayloadTooLarge,
    RegionElsewhere,
    Rejected,
    SignatureExpired,
    SignatureInvalid,
    TokenRefused,
    Unauthenticated,
    UnknownSystem,
)
from crossdock.ledger.ids import written
from crossdock.ledger.intake import Intake
from crossdock.pipeline.answers import Receive, Scope, Send, answer, refuse, short
from crossdock.pipeline.body import KEEP, read_body
from crossdock.pipeline.correlation import from_traceparent, new_correlation
from crossdock.pipeline.gate import Gate
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.own_reply import INTAKEN, own_reply, read_request, relay
from crossdock.pipeline.queues import Admission

if TYPE_CHECKING:
    from crossdock.pipeline.telemetry import Telemetry

REFUSED_PER_MINUTE: Final = 60
"""Refused requests stored per system and minute; more are counted but not stored, so that strangers cannot fill the disk."""
REFUSED_PER_HOUR: Final = 16 * 1024 * 1024
"""Bytes of refused bodies stored per system and hour; of later ones only the beginning is kept."""
BEGINNING: Final = 512
"""Bytes kept of a refused body when much was refused already."""

SYSTEM: Final = 200
"""Characters kept of the names in a refused request's path."""
RETRY_MISCONFIGURED: Final = 60
"""Seconds after which a sender should try again when our own configuration is at fault."""

STATUS: Final[dict[type[CrossdockError], int]] = {
    UnknownSystem: 404,
    Unauthenticated: 401,
    SignatureInvalid: 401,
    SignatureExpired: 401,
    PayloadTooLarge: 413,
    PayloadMalformed: 400,
    BodyIncomplete: 400,
    BodyTooSlow: 408,
    BodyEncoded: 415,
    MethodRefused: 405,
    PartnerSuspended: 403,
    PartnerNotAdmitted: 403,
    AddressRefused: 403,
    CertificateMissing: 403,
    CertificateRefused: 403,
    TokenRefused: 401,
}
AT_THE_GATE: Final = (AddressRefused, CertificateMissing, CertificateRefused, TokenRefused)
"""Refusals before the body is read: its rest is still on the way, so the connection ends."""


class ReceiveEndpoint:
    """`POST /in/<system>/<channel>`: answers 202 once the message is durable, 200 for one it already has."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        limits: Mapping[str, int],
        intake: IntakeBuffer,
        clock: Clock,
        meters: Meters,
        admission: Admission | None = None,
    ) -> None:
        self._admission = admission
        self._connectors = connectors
        self._limits = limits
        self._intake = intake
        self._clock = clock
        self._meters = meters
        self.telemetry: Telemetry | None = None
        self.elsewhere: Mapping[str, tuple[str, str]] = {}
        """Systems the hub of another region takes messages of: that region, and the address of its hub or nothing."""
        self.gate = Gate({})
        """What is asked of who sends, before anything is read."""
        self.refuses: Callable[[str], CrossdockError | None] = lambda _system: None
        """Why nothing is taken from a system now."""
        self._refused: dict[str, Refused] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has decoded the path already; a channel may have slashes in its name
        system, _, channel = scope["path"].removeprefix("/in/").partition("/")
        channel = channel or "default"
        headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]}
        correlation = from_traceparent(headers.get("traceparent", ""))
        if system in self.elsewhere:  # before a byte of the payload is read: it belongs to another region
            await self._direct(system, channel, correlation, send)
            return
        began = time_ns() if self.telemetry is not None else 0
        body = b""
        request: InboundRequest | None = None
        try:
            if scope["method"] != "POST":
                raise MethodRefused
            identity = await self.gate.admit(system, scope, headers)
            body = await read_body(receive, headers, self._limits.get(system, KEEP))
            connector = self._connectors.get(system)
            if connector is None:
                raise UnknownSystem(f"no system {short(system)} accepts messages here", system=system[:SYSTEM])
            if len(channel) > SYSTEM:
                raise UnknownSystem(f"system {system!r} has no channel {short(channel)}", system=system)
            query = dict(parse_qsl(scope.get("query_string", b"").decode("latin-1")))
            client = scope.get("client")
            request = InboundRequest(channel, headers, body, self._clock.now(), query, client[0] if client else "", identity)
            messages = await read_request(connector, request)
            refused = self.refuses(system)
            if refused is not None:
                raise refused
            if self._admission is not None:
                self._admission.admit(system, len(messages))
            answers = await self._intake.submit(system, channel, messages, correlation)
        except Deferred as error:
            self._meters.refused(system, error.code)
            await refuse(send, error, 503, retry_after=str(int(error.retry_after or 5)))
            return
        except Misconfigured as error:
            # the sender is not to blame: it hears nothing of our configuration and sends again; the owner of the system is told
            await self._keep_refused(system, channel, headers, body, correlation, error)
            shown = type(error)("this hub cannot check the sender at the moment")
            await refuse(send, shown, 503, correlation, retry_after=str(RETRY_MISCONFIGURED))
            return
        except Rejected as error:
            if isinstance(error, BodyRefused):
                body = error.read
            status = STATUS.get(type(error), 400)
            if isinstance(error, MethodRefused | BodyIncomplete | BodyTooSlow):
                self._meters.refused(system if system in self._connectors else "unknown", error.code)
            else:
                await self._keep_refused(system, channel, headers, body, correlation, error)
            own = await own_reply(self._connectors[system], request, (), error) if request is not None else None
            if own is not None:
                await relay(send, own)
                return
            await refuse(send, error, status, correlation, **_besides(error, status))
            return
        self._meters.received(system, len(answers), len(body))
        fresh = any(answer.intake is not Intake.DUPLICATE for answer in answers)
        if self.telemetry is not None:
            header = headers.get("traceparent", "")
            self.telemetry.received(system, channel, correlation, header, began, len(answers), len(body))
        own = await own_reply(connector, request, messages, [INTAKEN[each.intake] for each in answers])
        if own is not None:
            await relay(send, own)
            return
        await answer(
            send,
            202 if fresh or not answers else 200,
            {
                "status": "accepted" if fresh or not answers else "duplicate",
                "messages": [{"id": written(a.number), "status": a.intake.name.lower()} for a in answers],
                "correlation": correlation,
            },
        )

    async def _direct(self, system: str, channel: str, correlation: str, send: Send) -> None:
        """Say which region's hub takes this system's messages."""
        region, address = self.elsewhere[system]
        self._meters.refused(system, RegionElsewhere.code)
        error = RegionElsewhere(f"messages of {system!r} are taken by the hub of region {region!r}", system=system, region=region)
        way = {"location": f"{address.rstrip('/')}/in/{system}/{quote(channel)}"} if address else {}
        await refuse(send, error, 421, correlation, connection="close", **way)

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
        known = system if system in self._connectors else "unknown"
        self._meters.refused(known, error.code)
        minute = int(self._clock.now().timestamp() // 60)
        kept = self._refused.setdefault(known, Refused()).room(minute, body[:KEEP])
        if kept is None:
            return
        digest = hashlib.blake2b(kept + error.code.encode() + system.encode()[:200], digest_size=12).hexdigest()
        inbound = Inbound(
            topic="",
            dedupe_key=f"refused:{minute // 60}:{digest}",
            body=kept,
            content_type=headers.get("content-type", "application/octet-stream")[:200],
            headers={"refused-system": system[:SYSTEM]},
        )
        mark = "refused:" + orjson.dumps({"code": error.code, "message": error.message, "detail": dict(error.detail)}).decode()
        try:
            await self._intake.commit(
                [self._intake.row(known, channel[:SYSTEM], inbound, correlation or new_correlation(), mark)]
            )
        except CrossdockError:
            return


def _besides(error: Rejected, status: int) -> dict[str, str]:
    """Headers of a refusal."""
    found = {"allow": "POST"} if status == 405 else {}
    if isinstance(error, TokenRefused):
        found["www_authenticate"] = 'Bearer error="invalid_token"'
    return found | ({"connection": "close"} if isinstance(error, AT_THE_GATE) else {})


class Refused:
    """How much was refused at the door lately, of one system."""

    def __init__(self) -> None:
        self._minute = self._hour = self._count = self._bytes = 0

    def room(self, minute: int, body: bytes) -> bytes | None:
        """What may be stored of a refused body now: all of it, its beginning, or nothing."""
        if minute != self._minute:
            self._minute, self._count = minute, 0
        if minute // 60 != self._hour:
            self._hour, self._bytes = minute // 60, 0
        self._count += 1
        if self._count > REFUSED_PER_MINUTE:
            return None
        if self._bytes + len(body) > REFUSED_PER_HOUR:
            return body[:BEGINNING]
        self._bytes += len(body)
        return body
