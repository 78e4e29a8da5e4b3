"""The warehouse over REST: releases and cancellations out, signed callbacks and the event feed in, inventory streamed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

import orjson

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.http import HttpAnswer
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    InboundRequest,
    PollResult,
    Probe,
    StockLine,
    StoredMessage,
)
from crossdock.connectors.warehouse import fulfilment_number, released
from crossdock.connectors.wms_rest import mapping
from crossdock.connectors.wms_rest.api import WarehouseApi
from crossdock.connectors.wms_rest.options import ApiKeyAuth, WmsRestOptions
from crossdock.connectors.wms_rest.signature import secret_key, verify
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerLost,
    ContractBroken,
    CrossdockError,
    PayloadMalformed,
    TargetRefused,
    TargetUnavailable,
)
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound


class WmsRestConnector(BaseConnector):
    """A warehouse or third-party logistics provider that offers `openapi.yaml`."""

    kind: ClassVar[str] = "wms_rest"
    title: ClassVar[str] = "Warehouse (REST)"
    mapping_version: ClassVar[str] = "wms_rest/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"fulfilment.release", "fulfilment.cancel"}),
        topics=mapping.TOPICS,
        receives=True,
        polls=True,
        snapshots=True,
    )
    Options: ClassVar[type[Any]] = WmsRestOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WmsRestOptions = context.options
        self._api = WarehouseApi(context)
        self.deliveries = {"fulfilment.release": self._release, "fulfilment.cancel": self._cancel}

    @classmethod
    def credential_purposes(cls, options: WmsRestOptions) -> frozenset[str]:
        access = {"api_key"} if isinstance(options.auth, ApiKeyAuth) else {"client_id", "client_secret"}
        return frozenset(access | {"webhook_secret"})

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        purposes = ("webhook_secret", "webhook_secret_previous")
        keys = [secret_key(self.context.secret(name)) for name in purposes if name in self.context.credentials]
        if not keys:
            self.context.secret("webhook_secret")  # raises with the name of what is missing
        verify(keys, request.headers, request.body, request.received_at, self._options.signature_tolerance)
        return (mapping.inbound(request.body),)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return mapping.events(message.body, message.system)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        after = int(cursor.get("after", 0))
        start = max(0, after - self._options.event_overlap)
        page = self._options.event_page
        answer = await self._api.get(self._options.event_path, {"after": str(start), "limit": str(page)})
        lines = [line for line in answer.body.split(b"\n") if line.strip()]
        messages = []
        for number, line in enumerate(lines, start=1):
            found = mapping.feed_line(line)
            if found is None:
                if number < len(lines):
                    messages.append(mapping.unreadable(line))
                    continue
                # The last line was cut on the way: what came before is taken, the rest is asked for again from there.
                if not messages:
                    raise TargetUnavailable("the event feed was cut off in its first line")
                return PollResult(messages, {"after": after}, more=True)
            seq, message = found
            after = max(after, seq)
            messages.append(message)
        return PollResult(messages, {"after": after}, more=len(lines) >= page)

    # Out -----------------------------------------------------------------------------------------------------

    async def _release(self, command: Command) -> Accepted:
        order = released(command)
        answer = await self._api.put(self._path(order.number), mapping.release_body(order), command.id)
        return Accepted(self._release_ack(_done(answer, "number")), repeated=answer.status == 200)

    async def _cancel(self, command: Command) -> Accepted:
        body = orjson.dumps({"reason": str(command.data.get("reason") or "")})
        answer = await self._api.put(f"{self._path(fulfilment_number(command))}/cancellation", body, command.id)
        return Accepted(_cancel_ack(_done(answer, "status")))

    async def find_effect(self, command: Command) -> Effect:
        """The warehouse is asked for the fulfilment. "Absent" is safe even when the first request is still on its way: PUT creates once."""
        try:
            answer = await self._api.get(self._path(fulfilment_number(command)))
        except TargetRefused as refused:
            if refused.detail.get("answer") == "unknown_fulfilment":
                return EffectAbsent()
            raise
        try:
            found = _done(answer, "number")
        except AnswerLost as error:
            raise TargetUnavailable(error.message) from None
        if command.name == "fulfilment.cancel":
            cancellation = found.get("cancellation")
            return EffectFound(_cancel_ack(cancellation)) if isinstance(cancellation, dict) else EffectAbsent()
        # Another key may mean other content: sending again gets the warehouse's own judgement, 200 or 409.
        return EffectFound(self._release_ack(found)) if found.get("idempotency_key") == command.id else EffectAbsent()

    def _path(self, number: str) -> str:
        return f"{self._options.fulfilment_path}/{quote(number, safe='')}"

    def _release_ack(self, found: Mapping[str, Any]) -> dict[str, Any]:
        reference = str(found.get("warehouse_reference") or "")
        references = [[f"{self.context.system}:fulfilment", reference]] if reference else []
        return {"warehouse_reference": reference, "references": references}

    # Stock and health ----------------------------------------------------------------------------------------

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            answer = await self._api.get(
                self._options.inventory_path, {"cursor": cursor, "limit": str(self._options.inventory_page)}
            )
            try:
                lines, following = mapping.stock_page(answer.body)
            except PayloadMalformed as error:
                raise TargetUnavailable(error.message, **error.detail) from None
            seen.add(cursor)
            if following in seen:
                raise ContractBroken("the inventory's cursor goes round in a circle", cursor=following)
            cursor = following
            if lines:
                yield lines

    async def probe(self) -> Probe:
        try:
            answer = await self._api.get(self._options.health_path)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        try:
            version = str(mapping.read_object(answer.body).get("version") or "")
        except PayloadMalformed:
            return Probe(healthy=False, message="the health answer cannot be read")
        return Probe(healthy=True, version=version)


def _done(answer: HttpAnswer, needed: str) -> dict[str, Any]:
    """The body of a success; one that cannot be read leaves it uncertain what the warehouse did."""
    try:
        found = mapping.read_object(answer.body)
    except PayloadMalformed as error:
        raise AnswerLost(f"HTTP {answer.status}, but the answer cannot be read: {error.message}", status=answer.status) from None
    if needed not in found:
        raise AnswerLost(f"HTTP {answer.status}, but the answer has no `{needed}`", status=answer.status)
    return found


def _cancel_ack(cancellation: Mapping[str, Any]) -> dict[str, Any]:
    status = cancellation.get("status")
    if status not in ("cancelled", "too_late"):
        raise ContractBroken(f"the warehouse answered {status!r} to a cancellation", answer=str(status))
    return {"status": status}
