"""One mailbox for several trading partners (a VAN): what it brings goes to the system of the partner whose envelope it is; maps nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from crossdock.canonical.events import Event
from crossdock.connectors.base import Options
from crossdock.connectors.carried import TRANSPORT, CarriedConnector
from crossdock.connectors.edi.arriving import taken
from crossdock.connectors.edi.head import Head, digest, peek, pieces
from crossdock.connectors.edi.terms import Terms, terms_of
from crossdock.connectors.protocol import (
    Capabilities,
    ConnectorContext,
    Inbound,
    StoredMessage,
)
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, RecipientUnknown
from crossdock.transports.protocol import Incoming

DELIVERY: Final = "delivery"
"""Topic of what the mailbox holds: a file with one or several interchanges."""
PIECE: Final = "piece"
"""Topic of one interchange of a file of several, so that one for nobody stops no other."""


class MailboxOptions(Options):
    """Settings of a mailbox. Its clients are the partners whose `exchange.mailbox` names this system."""

    transports: Annotated[
        dict[str, dict[str, Any]],
        Field(
            min_length=1,
            description="How the mailbox is emptied, by name: `kind`, `endpoint`, `credentials`, `options` as in a partner's file.",
        ),
    ]


class EdiMailbox(CarriedConnector):
    """A mailbox of a network, emptied by SFTP, mail or HTTPS. What leaves goes by each partner's own `transports`."""

    kind: ClassVar[str] = "edi_mailbox"
    title: ClassVar[str] = "Mailbox of several trading partners (VAN)"
    mapping_version: ClassVar[str] = "edi_mailbox/1"
    capabilities: ClassVar[Capabilities] = Capabilities(topics=frozenset({DELIVERY, PIECE}), receives=True, ciphers=True)
    Options: ClassVar[type[Any]] = MailboxOptions

    def __init__(self, context: ConnectorContext) -> None:
        options: MailboxOptions = context.options
        super().__init__(context, options.transports)
        self._clients: tuple[tuple[str, Terms], ...] = tuple((system, terms_of(partner)) for system, partner in context.clients)

    @classmethod
    def capabilities_for(cls, options: MailboxOptions) -> Capabilities:
        """A mailbox is polled where its transports are collected from."""
        return replace(cls.capabilities, polls=True)

    def arrived(self, incoming: Incoming, transport: str) -> Inbound:
        return _arrived(incoming, transport)

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic not in (DELIVERY, PIECE):
            raise DocumentUnknown(f"{self.kind} has no mapping for {message.topic!r}", topic=message.topic)
        if message.headers.get("refused"):
            raise PayloadMalformed(message.headers["refused"])
        if len(pieces(message.body)) < 2:
            self._client(message)  # raises for one that is nobody's, so that a person has it
        return ()

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        found = pieces(message.body)
        if len(found) > 1:
            return [
                Inbound(PIECE, f"{digest(message.body)}/{digest(each)}", each, message.content_type, message.headers)
                for each in found
            ]
        system, terms = self._client(message)
        return [replace(taken(message.body, message.content_type, dict(message.headers), terms), system=system)]

    def _client(self, message: StoredMessage) -> tuple[str, Terms]:
        """The partner's system an interchange is for. Raises `PayloadMalformed` and `RecipientUnknown`."""
        standard, head, _ = peek(message.body)
        if head is None:
            raise PayloadMalformed(
                "this holds no interchange in X12 or EDIFACT, so that nobody can say whose it is", standard=standard
            )
        fitting = [each for each in self._clients if _is_of(head, each[1])]
        if len(fitting) == 1:
            return fitting[0]
        names = f"{head.sender_qualifier}:{head.sender} to {head.receiver_qualifier}:{head.receiver}"
        if fitting:
            systems = [system for system, _ in fitting]
            raise RecipientUnknown(f"the interchange of {names} could be of {', '.join(systems)}", systems=systems)
        raise RecipientUnknown(f"no partner of this mailbox exchanges as {names}", sender=head.sender, receiver=head.receiver)


def _is_of(head: Head, terms: Terms) -> bool:
    """Whether an envelope is between a partner and us as the partner knows us."""
    return terms.known_sender(head.standard, head.sender_qualifier, head.sender) and terms.known_receiver(
        head.standard, head.receiver_qualifier, head.receiver
    )


def _arrived(incoming: Incoming, transport: str) -> Inbound:
    headers = {**incoming.headers, "identity": incoming.identity, TRANSPORT: transport}
    if incoming.file_name:
        headers["file-name"] = incoming.file_name
    if incoming.refused:
        headers["refused"] = incoming.refused
    return Inbound(DELIVERY, f"{incoming.identity}#{digest(incoming.body)}", incoming.body, incoming.content_type, headers)
