"""Reads a message disposition notification (MDN: RFC 8098, RFC 4130 section 7.4); knows no network."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from crossdock.edi.as2 import mime
from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.digests import Mic, read_mic
from crossdock.edi.as2.headers import bare_id
from crossdock.edi.as2.layers import Opened
from crossdock.edi.as2.mime import Entity
from crossdock.edi.as2.refusal import Modifier, Refused

Status = Literal["accepted", "accepted_with_errors", "rejected"]
_NOTIFICATION = frozenset({"message/disposition-notification", "message/disposition_notification"})
_DISPOSITION = re.compile(
    r"^[^;]*;\s*(processed|displayed|failed)\s*(?:/\s*([a-z]+)\s*(?::\s*(.*))?)?$", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ReceiptRead:
    """What a receipt says about which message. `disposition` are its own words, `modifier` the error or warning in them."""

    message_id: str
    status: Status
    disposition: str
    modifier: str = ""
    text: str = ""
    mic: Mic | None = None
    signed: bool = False


def is_report(entity: Entity) -> bool:
    """Whether an opened entity is a receipt and no document."""
    if entity.content_type == "multipart/report":
        return entity.parameter("report-type").lower() in ("disposition-notification", "")
    return entity.content_type in _NOTIFICATION


def report(opened: Opened, agreement: Agreement) -> ReceiptRead:
    """Read it. Raises `Refused` when it says nothing, or says yes without the signature that was agreed.

    A "no" without signature counts: it makes a person look, while an unsigned "yes" would prove nothing.
    """
    entity = opened.inner
    found = [mime.entity(each) for each in mime.parts(entity.body, entity.parameter("boundary"))] or [entity]
    notification = next((each for each in found if each.content_type in _NOTIFICATION), None)
    if notification is None:
        raise Refused(Modifier.UNEXPECTED, "the receipt has no disposition notification")
    fields = mime.fields(notification.decoded().lstrip()[: mime.MAX_HEADER])
    text = next((each.decoded() for each in found if each.content_type.startswith("text/")), b"")
    disposition = " ".join(fields.get("disposition", "").split())[:500]
    match = _DISPOSITION.match(disposition)
    if match is None:
        raise Refused(Modifier.UNEXPECTED, f"the receipt's disposition cannot be read: {disposition[:100]!r}")
    kind, modifier = (match[2] or "").lower(), (match[3] or "").strip()
    status: Status = "rejected"
    if match[1].lower() != "failed":
        status = "accepted" if not kind else "accepted_with_errors" if kind == "warning" else "rejected"
    if status != "rejected" and opened.signed is None and agreement.signed_receipt and agreement.receipt != "none":
        raise Refused(Modifier.AUTHENTICATION, "the receipt is not signed, so it proves nothing")
    return ReceiptRead(
        bare_id(fields.get("original-message-id", "")),
        status,
        disposition,
        modifier,
        text[:4000].decode("utf-8", "replace").strip(),
        read_mic(fields.get("received-content-mic", "")),
        opened.signed is not None,
    )
