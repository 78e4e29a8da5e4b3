"""What a transport brought in, as the messages it is: one interchange under its control number, a file of several under its content. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crossdock.connectors.carried import TRANSPORT
from crossdock.connectors.edi.head import digest, peek
from crossdock.connectors.edi.terms import Terms
from crossdock.connectors.protocol import Inbound, StoredMessage
from crossdock.transports.protocol import Incoming

INTERCHANGE: Final = "interchange"
INTERCHANGE_AGAIN: Final = "interchange_again"
TRANSMISSION: Final = "transmission"
RECEIPT: Final = "receipt"
RECEIPT_OWED: Final = "receipt_owed"


def arrived(incoming: Incoming, transport: str, terms: Terms) -> Inbound:
    """What a transport brought in: a receipt, something to be receipted, something it refused, or a body to be read."""
    headers = {**incoming.headers, "identity": incoming.identity, TRANSPORT: transport}
    if incoming.file_name:
        headers["file-name"] = incoming.file_name
    if incoming.purpose != "document":
        topic = RECEIPT if incoming.purpose == "acknowledgement" else RECEIPT_OWED
        return Inbound(topic, incoming.identity, incoming.body, incoming.content_type, headers)
    if incoming.refused:
        headers["refused"] = incoming.refused
        name = f"{incoming.identity}#{digest(incoming.body)}"
        return Inbound(TRANSMISSION, name, incoming.body, incoming.content_type, headers)
    return taken(incoming.body, incoming.content_type, headers, terms)


def taken(body: bytes, content_type: str, headers: Mapping[str, str], terms: Terms) -> Inbound:
    """A body as a message."""
    standard, head, begun = peek(body)
    kept = {**headers, "standard": standard}
    if standard in ("x12", "edifact"):
        if begun > 1:
            name = f"file#{digest(body)}"
            return Inbound(TRANSMISSION, name, body, content_type, kept, _again(TRANSMISSION, name, body, content_type, kept))
        name = head.identity if head is not None and head.control else f"unnumbered#{digest(body)}"
        if terms.series > 1:
            name += f"@{terms.series}"
        return Inbound(INTERCHANGE, name, body, content_type, kept, _again(INTERCHANGE_AGAIN, name, body, content_type, kept))
    plain = standard == "ubl" or any(each.standard == "tables" and each.direction == "in" for each in terms.agreements)
    return Inbound(INTERCHANGE if plain else TRANSMISSION, f"{standard}#{digest(body)}", body, content_type, kept)


def _again(topic: str, name: str, body: bytes, content_type: str, headers: Mapping[str, str]) -> Inbound:
    """The same once more, once for each transmission that brings it: who sends an interchange again waits for its acknowledgement."""
    return Inbound(topic, f"{name}/again/{digest(headers.get('identity', '').encode())}", body, content_type, headers)


def is_edi(message: StoredMessage) -> bool:
    """Whether a message is X12 or EDIFACT, which have envelopes."""
    return (message.headers.get("standard") or peek(message.body)[0]) in ("x12", "edifact")
