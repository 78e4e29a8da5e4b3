"""Writes a message disposition notification (MDN: RFC 8098, RFC 4130 section 7.4), signed when the sender asked for it; knows no network."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.digests import Digest
from crossdock.edi.as2.headers import Wish, written_name
from crossdock.edi.as2.keys import Keyring
from crossdock.edi.as2.mime import Part
from crossdock.edi.as2.writing import Written, addressed, signed

AGENT = "Crossdock"
TAKEN = "Your message was received and its security was checked. What is inside will be answered separately."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the receipt says: taken when `modifier` is empty, a warning with `warning`, else an error; `failure` when the wish cannot be met."""

    modifier: str = ""
    warning: bool = False
    failure: bool = False
    words: str = TAKEN

    def __str__(self) -> str:
        if not self.modifier:
            return "automatic-action/MDN-sent-automatically; processed"
        kind = "failed/failure" if self.failure else "processed/warning" if self.warning else "processed/error"
        return f"automatic-action/MDN-sent-automatically; {kind}: {self.modifier}"


def receipt_id(message_id: str, our_name: str) -> str:
    """The receipt's own Message-ID: the same for the same message, so that a repeated receipt is recognised."""
    digest = hashlib.blake2b(f"{message_id}\0{our_name}".encode(), digest_size=16).hexdigest()
    return f"mdn.{digest}@crossdock"


def write_receipt(
    message_id: str, verdict: Verdict, mic: str, wish: Wish, agreement: Agreement, keys: Keyring, at: datetime
) -> Written:
    """The receipt for one message. `mic` is left out when empty. Signed when wished and a key is there."""
    digest: Digest = wish.digests[0] if wish.digests else agreement.sign or "sha256"
    own = receipt_id(message_id, agreement.our_name)
    part = _report(message_id, verdict, mic, agreement, own)
    if wish.signed and keys.ours:
        part = signed(part, keys.ours[0], digest, at)
    return Written({**addressed(agreement, own, at), "Subject": "Receipt", "Content-Type": part.content_type}, part.body)


def _report(message_id: str, verdict: Verdict, mic: str, agreement: Agreement, own: str) -> Part:
    name = written_name(agreement.our_name)
    lines = [
        f"Reporting-UA: {AGENT}",
        f"Original-Recipient: rfc822; {name}",
        f"Final-Recipient: rfc822; {name}",
        f"Original-Message-ID: <{message_id}>",
        f"Disposition: {verdict}",
    ]
    if mic:
        lines.append(f"Received-Content-MIC: {mic}")
    said = Part("text/plain; charset=us-ascii", _ascii(verdict.words), {"Content-Transfer-Encoding": "7bit"})
    fields = Part("message/disposition-notification", _ascii("\r\n".join(lines)) + b"\r\n", {"Content-Transfer-Encoding": "7bit"})
    boundary = f"=-report-{own[4:36]}"
    mark = f"--{boundary}".encode()
    body = b"\r\n".join((mark, said.written(), mark, fields.written(), mark + b"--", b""))
    return Part(f'multipart/report; report-type=disposition-notification; boundary="{boundary}"', body)


def _ascii(text: str) -> bytes:
    return text.encode("ascii", "replace")
