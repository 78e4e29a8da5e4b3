"""What a partner's HTTP status and receipt mean for what was sent; knows no key and no network."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crossdock.connectors.http import HttpAnswer, raise_for_transport_status
from crossdock.core.errors import AnswerLost, CredentialRefused, EndpointGone, ReceiptMismatch, TargetRefused
from crossdock.edi.as2.receipt_reading import ReceiptRead
from crossdock.edi.as2.refusal import Modifier

OUR_KEYS: Final = frozenset({Modifier.AUTHENTICATION.value, Modifier.DECRYPTION.value, Modifier.UNKNOWN_PARTNER.value})
"""Refusals that mean names or certificates and so every message: the partner does not know ours, or we use an old one of theirs."""


def by_status(answer: HttpAnswer, now: datetime) -> None:
    """Raise the outcome of an answer that is no success. A gateway's 502 or 504 may hide that the partner took the message."""
    if 300 <= answer.status < 400:
        raise EndpointGone(
            f"the partner's endpoint has moved (HTTP {answer.status})", to=answer.headers.get("location", "")[:200]
        )
    if answer.status in (502, 504):
        raise AnswerLost(f"a gateway answered HTTP {answer.status}", status=answer.status)
    raise_for_transport_status(answer, now)


def judged(receipt: ReceiptRead, *, agrees: bool, wire: str, signed: bool) -> None:
    """Raise the outcome of a receipt that is no plain yes, or a yes to other bytes. A warning is a yes."""
    facts = {"disposition": receipt.disposition, "text": receipt.text[:500], "message_id": wire}
    if receipt.status == "rejected":
        if receipt.modifier.lower() in OUR_KEYS:
            raise CredentialRefused(f"the partner could not check our message: {receipt.modifier}", **facts)
        raise TargetRefused(f"the partner refused the message: {receipt.modifier or receipt.disposition}", **facts)
    if signed and not agrees:
        raise ReceiptMismatch(
            "the receipt vouches for other bytes than were sent" if receipt.mic else "the receipt has no MIC",
            mic=str(receipt.mic or ""),
            **facts,
        )
