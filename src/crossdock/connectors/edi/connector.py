"""A trading partner: interchanges in by any transport, documents out with control numbers, acknowledgements both ways."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.carried import CarriedConnector
from crossdock.connectors.edi.arriving import (
    INTERCHANGE,
    INTERCHANGE_AGAIN,
    RECEIPT,
    RECEIPT_OWED,
    TRANSMISSION,
    arrived,
)
from crossdock.connectors.edi.options import EdiOptions
from crossdock.connectors.edi.outgoing import WRITABLE
from crossdock.connectors.edi.sending import Sending
from crossdock.connectors.edi.splitting import DOCUMENT
from crossdock.connectors.edi.telling import SENT_NOTE, Telling
from crossdock.connectors.edi.terms import Terms, terms_of
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    StoredMessage,
)
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, LandscapeInvalid
from crossdock.core.outcomes import Effect
from crossdock.transports.protocol import Incoming


class EdiConnector(CarriedConnector):
    """A trading partner that exchanges X12, EDIFACT, UBL or tables by AS2, SFTP, mail or HTTPS."""

    kind: ClassVar[str] = "edi"
    title: ClassVar[str] = "Trading partner (EDI)"
    mapping_version: ClassVar[str] = "edi/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({*WRITABLE, "document.acknowledge"}),
        topics=frozenset({TRANSMISSION, INTERCHANGE, INTERCHANGE_AGAIN, DOCUMENT, SENT_NOTE}),
        receives=True,
        ciphers=True,
    )
    Options: ClassVar[type[Any]] = EdiOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context, (context.partner.content.get("transports") or {}) if context.partner is not None else {})
        options: EdiOptions = context.options
        if context.partner is None:
            raise LandscapeInvalid(f"system {context.system!r}: no partner's file lists this system in `systems:`")
        self.terms: Terms = terms_of(context.partner)
        self._telling = Telling(context.system, self.terms, context.value_maps, self._carriage, options.max_documents)
        self._sending = Sending(context, self.terms, self._carriage)
        self.deliveries = dict.fromkeys(WRITABLE, self._sending.document) | {
            "document.acknowledge": self._sending.acknowledgement
        }

    @classmethod
    def capabilities_for(cls, options: EdiOptions) -> Capabilities:
        """What transports add: some are collected from, some give receipts of their own (`crossdock.testing.TransportConformance`)."""
        return replace(cls.capabilities, polls=True, topics=cls.capabilities.topics | {RECEIPT, RECEIPT_OWED})

    def arrived(self, incoming: Incoming, transport: str) -> Inbound:
        return arrived(incoming, transport, self.terms)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return self._telling.events(message)

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        return self._telling.parts(message)

    def refusal(self, message: StoredMessage, error: CrossdockError) -> Sequence[Event]:
        return self._telling.refusal(message, error)

    async def find_effect(self, command: Command) -> Effect:
        return await self._sending.find_effect(command)
