"""A connector whose other side is reached by transports: what they bring, what they answer, whether they are well. Knows no document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from crossdock.connectors.base import BaseConnector
from crossdock.connectors.carriage import Carriage
from crossdock.connectors.protocol import ConnectorContext, Inbound, InboundRequest, Intaken, PollResult, Probe, Reply
from crossdock.core.errors import CrossdockError, DocumentUnknown
from crossdock.transports.protocol import Incoming, Transport

TRANSPORT: Final = "transport"
"""Header, and key of a probe's detail: the transport's name."""


class CarriedConnector(BaseConnector):
    """Inherit from this, call `__init__` with the transports, and say in `arrived` what message a body becomes."""

    def __init__(self, context: ConnectorContext, transports: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(context)
        self._carriage = Carriage(context, transports)

    @property
    def transports(self) -> Mapping[str, Transport]:
        """The transports by name; the hub opens drop-boxes of them."""
        return self._carriage.by_name

    def arrived(self, incoming: Incoming, transport: str) -> Inbound:
        """The message that something a transport brought becomes. Raises `DocumentUnknown` where nothing can come."""
        raise DocumentUnknown(f"{self.kind} takes nothing by {transport!r}")

    async def start(self) -> None:
        await self._carriage.start()

    async def close(self) -> None:
        await self._carriage.close()

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        name, transport = self._carriage.receiver(request.channel)
        return [self.arrived(each, name) for each in transport.receive(request)]

    def reply(
        self, request: InboundRequest, messages: Sequence[Inbound], result: Sequence[Intaken] | CrossdockError
    ) -> Reply | None:
        _, transport = self._carriage.receiver(request.channel)
        incoming = [Incoming(each.body, each.headers.get("identity", each.dedupe_key), headers=each.headers) for each in messages]
        return transport.reply(request, incoming, result)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        found = await self._carriage.collector(channel).collect(cursor)
        return PollResult([self.arrived(each, channel) for each in found.messages], found.cursor, found.more)

    async def probe(self) -> Probe:
        """Well when every transport is; the first certificate to expire of any of them."""
        expires: list[datetime] = []
        for name, transport in self._carriage.by_name.items():
            found = await transport.probe()
            if not found.healthy:
                return Probe(healthy=False, message=f"{name}: {found.message}", detail={**found.detail, TRANSPORT: name})
            expires += [found.credential_expires] if found.credential_expires is not None else []
        return Probe(healthy=True, credential_expires=min(expires, default=None))
