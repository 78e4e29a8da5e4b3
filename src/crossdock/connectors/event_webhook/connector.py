"""Events by signed HTTP calls, both ways; the envelope is `contracts.cloud_events`, the signature `contracts.standard_webhooks`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, cast

import orjson
from pydantic import Field

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.connectors.base import BaseConnector, Options
from crossdock.connectors.contracts import cloud_events
from crossdock.connectors.contracts.standard_webhooks import authenticate, secret_key, sign
from crossdock.connectors.event_webhook.errors import check
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, InboundRequest, Probe, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, PayloadMalformed
from crossdock.core.outcomes import Accepted, Outcome

PUBLISH = "event.publish"


class EventWebhookOptions(Options):
    """`options:` of a subscriber with `by: webhook`, or of a system that publishes into the hub by calls."""

    mode: Annotated[
        Literal["structured", "binary"], Field(description="CloudEvents: one JSON object, or attributes in `ce-` headers.")
    ] = "structured"
    tolerance: Annotated[
        int, Field(ge=30, le=3600, description="Seconds by which the timestamp of a call to the hub may be off.")
    ] = 300


class EventWebhookConnector(BaseConnector):
    """A subscriber that is called, or a publisher that calls the hub at `/in/<system>/events`."""

    kind: ClassVar[str] = "event_webhook"
    title: ClassVar[str] = "Events by signed webhooks"
    mapping_version: ClassVar[str] = "cloudevents/1.0"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({PUBLISH}), repeatable=frozenset({PUBLISH}), topics=frozenset(EVENT_PAYLOADS), receives=True
    )
    Options: ClassVar[type[Any]] = EventWebhookOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self.options = cast("EventWebhookOptions", context.options)
        self.deliveries = {PUBLISH: self._publish}

    @classmethod
    def credential_purposes(cls, options: Any) -> frozenset[str]:
        return frozenset({"webhook_secret"})

    async def _publish(self, command: Command) -> Outcome:
        attributes, document = cloud_events.told_of(command.data)
        if self.options.mode == "binary":
            body = orjson.dumps(document)
            headers = {"content-type": "application/json", **cloud_events.binary_headers(attributes, "ce-")}
        else:
            body = cloud_events.structured(attributes, document)
            headers = {"content-type": cloud_events.STRUCTURED}
        now = self.context.clock.now()
        identity, timestamp = cloud_events.message_id(attributes), str(int(now.timestamp()))
        purposes = [name for name in ("webhook_secret", "webhook_secret_previous") if name in self.context.credentials]
        # both while a secret is changed, so that the receiver may change its own at any moment in between
        signatures = [
            sign(secret_key(self.context.secret(name)), identity, timestamp, body) for name in purposes or ["webhook_secret"]
        ]
        headers |= {"webhook-id": identity, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}
        answer = await self.context.http.request("POST", self.context.endpoint, headers=headers, body=body, safe=True)
        check(answer, self.context.clock.now())
        return Accepted({"status": answer.status, "webhook_id": identity})

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        authenticate(self.context, request, self.options.tolerance)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == cloud_events.BATCH:
            return [cloud_events.inbound(each) for each in cloud_events.split_batch(request.body)]
        if kind == cloud_events.STRUCTURED:
            return [cloud_events.inbound(request.body)]
        if "ce-type" in request.headers:
            return [cloud_events.inbound(cloud_events.from_binary(request.headers, "ce-", request.body))]
        raise PayloadMalformed(f"write the event as {cloud_events.STRUCTURED}, or its attributes as `ce-` headers")

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return [cloud_events.event_of(message.body, self.context.system)]

    async def probe(self) -> Probe:
        try:
            await self.context.http.request("OPTIONS", self.context.endpoint)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message)
        return Probe(healthy=True)
