"""Tracking that carriers push: authenticates, reads and normalises it; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.carrier_webhooks import mapping
from crossdock.connectors.carrier_webhooks.carriers import SENDERS
from crossdock.connectors.carrier_webhooks.options import CarrierWebhooksOptions
from crossdock.connectors.protocol import Capabilities, ConnectorContext, Inbound, InboundRequest, Probe, StoredMessage
from crossdock.core.errors import DocumentUnknown


class CarrierWebhooksConnector(BaseConnector):
    """Webhooks of one carrier or tracking service: UPS, FedEx, DHL, EasyPost or Shippo."""

    kind: ClassVar[str] = "carrier_webhooks"
    title: ClassVar[str] = "Carrier webhooks"
    mapping_version: ClassVar[str] = "carrier_webhooks/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        topics=frozenset({mapping.TOPIC, mapping.PICTURE}),
        receives=True,
    )
    Options: ClassVar[type[Any]] = CarrierWebhooksOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: CarrierWebhooksOptions = context.options
        self._sender = SENDERS[self._options.carrier](self._options)

    @classmethod
    def credential_purposes(cls, options: CarrierWebhooksOptions) -> frozenset[str]:
        return frozenset({"webhook_secret"})

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        purposes = ("webhook_secret", "webhook_secret_previous")
        keys = [self.context.secret(name) for name in purposes if name in self.context.credentials]
        if not keys:
            self.context.secret("webhook_secret")  # raises with the name of what is missing
        self._sender.verify(request, keys)
        return (mapping.inbound(request.body),)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic == mapping.PICTURE:
            return ()
        self._known(message)
        push = self._sender.read(mapping.read_object(message.body))
        return mapping.events(push, message.system, self._sender, self._options, self.context.value_maps)

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        if message.topic == mapping.PICTURE:
            return ()
        self._known(message)
        return mapping.pictures(self._sender.read(mapping.read_object(message.body)))

    def _known(self, message: StoredMessage) -> None:
        if message.topic != mapping.TOPIC:
            raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)

    async def probe(self) -> Probe:
        return Probe(healthy=True, message="pushes are waited for; there is nothing to ask")
