"""What came in over AS2, as the hub stores it; and the facts a receipt is made of. Pure."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson

from crossdock.core.errors import (
    CrossdockError,
    PayloadMalformed,
    Rejected,
    SignatureInvalid,
    Unauthenticated,
)
from crossdock.edi.as2.reading import Received
from crossdock.edi.as2.refusal import Modifier, Refused
from crossdock.edi.as2.writing import Document
from crossdock.transports.protocol import Incoming

PROOF: Final = 16_384
"""Bytes of a signature and of the header it covers that are kept beside a document as the proof of its origin."""
REFUSALS: Final[dict[Modifier, type[Rejected]]] = {
    Modifier.AUTHENTICATION: SignatureInvalid,
    Modifier.INTEGRITY: SignatureInvalid,
    Modifier.INSUFFICIENT: Unauthenticated,
    Modifier.UNKNOWN_PARTNER: Unauthenticated,
}


def refusal(refused: Refused) -> Rejected:
    """A refusal as the hub's error; the detail keeps the disposition for the receipt."""
    kind = REFUSALS.get(refused.modifier, PayloadMalformed)
    more = {"reason": refused.reason} if refused.reason else {}
    return kind(f"AS2: {refused.words}", disposition=refused.modifier.value, **more)


def modifier_of(error: CrossdockError) -> str:
    """The disposition modifier of a refused request."""
    return str(error.detail.get("disposition") or Modifier.UNEXPECTED.value)


def incoming(received: Received, body: bytes, content_type: str) -> list[Incoming]:
    """The documents, or the receipt, with what is known of them."""
    common = {"as2-from": received.sender, "as2-to": received.recipient, "message-id": received.message_id}
    if received.receipt is not None:
        return [_acknowledgement(received, body, content_type, common)]
    facts = {**common, "subject": received.subject, "as2-mic": str(received.mic or ""), "as2-cipher": received.cipher}
    if received.signer:
        facts["as2-signer"] = received.signer
    several = len(received.documents) > 1
    found = []
    for number, document in enumerate(received.documents, start=1):
        identity = f"{received.message_id}#{number}" if several else received.message_id
        more = facts if several else {**facts, **_proof(received, document)}
        kept = {name: value for name, value in more.items() if value}
        found.append(Incoming(document.body, identity, document.file_name, document.content_type, kept))
    return found


def _proof(received: Received, document: Document) -> dict[str, str]:
    """The partner's signature and the header it covers beside the document, so that later anybody can verify who sent these bytes."""
    head = len(received.covered) - len(document.body)
    if not received.signature or not received.covered.endswith(document.body) or head + len(received.signature) > PROOF:
        return {}
    return {
        "as2-signature": base64.b64encode(received.signature).decode(),
        "as2-signed-head": base64.b64encode(received.covered[:head]).decode(),
    }


def _acknowledgement(received: Received, body: bytes, content_type: str, common: dict[str, str]) -> Incoming:
    receipt = received.receipt
    assert receipt is not None
    facts = {
        **common,
        "receipt-about": receipt.message_id,
        "receipt-status": receipt.status,
        "receipt-disposition": receipt.disposition,
        "receipt-modifier": receipt.modifier,
        "receipt-text": receipt.text,
        "receipt-mic": str(receipt.mic or ""),
        "receipt-signed": received.signer if receipt.signed else "",
    }
    # a partner repeats its receipt under another Message-ID sometimes; what it is about and what it says is what counts
    identity = f"mdn:{receipt.message_id}:{receipt.disposition}:{receipt.mic or ''}"[:900]
    return Incoming(
        body, identity, content_type=content_type, headers={k: v for k, v in facts.items() if v}, purpose="acknowledgement"
    )


def owed(received: Received, url: str, at: datetime) -> Incoming:
    """The duty to send a receipt later; its body holds all the receipt needs.

    Each arrival owes one: a partner that sends a message again did not get the first receipt.
    """
    facts: dict[str, Any] = {
        "message_id": received.message_id,
        "url": url,
        "mic": str(received.mic or ""),
        "signed": received.wish.signed,
        "digests": [received.wish.spelling] if received.wish.spelling else [],
    }
    body = orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)
    headers = {"message-id": received.message_id, "as2-from": received.sender}
    return Incoming(body, f"receipt:{received.message_id}:{at.isoformat()}", "", "application/json", headers, "receipt_owed")


def same_place(url: str, agreed: Sequence[str]) -> bool:
    """Whether an address is at one of the agreed places: scheme, host and port. The sender's header fields are not signed."""
    place = _place(url)
    return place is not None and place in {_place(each) for each in agreed}


def _place(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return None
    return (parts.scheme, parts.hostname.lower(), port) if parts.hostname else None
