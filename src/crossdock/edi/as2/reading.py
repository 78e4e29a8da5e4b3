"""Reads an AS2 message: opens it, checks it against the agreement, and says what came or why it is refused. Never raises."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from crossdock.edi.as2 import mime
from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.digests import Mic, mic_of
from crossdock.edi.as2.headers import Wish, as2_name, bare_id, wish
from crossdock.edi.as2.keys import Keyring
from crossdock.edi.as2.layers import Opened, open_layers
from crossdock.edi.as2.mime import Entity
from crossdock.edi.as2.receipt_reading import ReceiptRead, is_report, report
from crossdock.edi.as2.refusal import Modifier, Refused
from crossdock.edi.as2.writing import Document

NO_WISH = Wish()


@dataclass(frozen=True, slots=True)
class Received:
    """What came in one HTTP request.

    Either `documents` (several only of a multipart/related or /mixed, RFC 6362), or `receipt` (an MDN for something we sent), or `refused`.
    `wish` is the receipt its sender asks for; `mic` belongs into it. `signer` is the fingerprint of the certificate that signed it,
    `signature` the signature over `covered` as it came.
    """

    message_id: str
    sender: str
    recipient: str
    subject: str = ""
    documents: tuple[Document, ...] = ()
    receipt: ReceiptRead | None = None
    wish: Wish = NO_WISH
    mic: Mic | None = None
    signer: str = ""
    signature: bytes = b""
    covered: bytes = b""
    cipher: str = ""
    compressed: bool = False
    refused: Refused | None = None


def read(headers: Mapping[str, str], body: bytes, agreement: Agreement, keys: Keyring, at: datetime) -> Received:
    """Read a request. `headers` have lower-case names. Whatever the bytes are, the answer is a `Received`."""
    received = addressed_to(headers)
    try:
        return _read(received, headers, body, agreement, keys, at)
    except Refused as refusal:
        return replace(received, refused=refusal)
    except Exception as error:  # a defect here must become a negative receipt, not silence
        return replace(received, refused=Refused(Modifier.UNEXPECTED, f"it cannot be read: {type(error).__name__}"))


def addressed_to(headers: Mapping[str, str]) -> Received:
    """Who sends what to whom, by the header fields alone."""
    return Received(
        bare_id(headers.get("message-id", "")),
        as2_name(headers.get("as2-from", "")),
        as2_name(headers.get("as2-to", "")),
        headers.get("subject", "")[:500],
        wish=wish(headers),
    )


def _read(
    received: Received, headers: Mapping[str, str], body: bytes, agreement: Agreement, keys: Keyring, at: datetime
) -> Received:
    if received.sender != agreement.their_name or received.recipient != agreement.our_name:
        raise Refused(Modifier.UNKNOWN_PARTNER, "AS2-From and AS2-To do not name this partnership")
    outer = mime.over_http(headers, body)
    opened = open_layers(outer, agreement, keys, at)
    if is_report(opened.inner):
        # a receipt without message id is one nevertheless: it is identified by the message it is about
        return replace(received, receipt=report(opened, agreement), signer=_signer(opened), wish=Wish())
    if not received.message_id:
        raise Refused(Modifier.UNEXPECTED, "there is no Message-ID")
    # even of a message refused for its missing security the receipt may carry the MIC; what is refused is not vouched for, so it does not
    if opened.signed is None and not agreement.accept_unsigned:
        raise Refused(Modifier.INSUFFICIENT, "it is not signed, and the agreement demands a signature")
    if not opened.cipher and not agreement.accept_unencrypted:
        raise Refused(Modifier.INSUFFICIENT, "it is not encrypted, and the agreement demands encryption")
    documents = tuple(_documents(opened.inner))
    if not documents:
        raise Refused(Modifier.UNEXPECTED, "there is no document inside")
    digest = received.wish.digests[0] if received.wish.digests else opened.signed.digest if opened.signed else "sha256"
    return replace(
        received,
        documents=documents,
        mic=mic_of(opened.covered, digest, received.wish.spelling),
        signer=_signer(opened),
        signature=opened.signature,
        covered=opened.covered,
        cipher=opened.cipher,
        compressed=opened.compressed,
    )


def _signer(opened: Opened) -> str:
    return opened.signed.certificate.fingerprint if opened.signed else ""


def _documents(entity: Entity) -> list[Document]:
    kind = entity.content_type
    if kind in ("multipart/related", "multipart/mixed"):
        return [_document(mime.entity(each)) for each in mime.parts(entity.body, entity.parameter("boundary"))]
    return [_document(entity)]


def _document(entity: Entity) -> Document:
    return Document(entity.decoded(), entity.headers.get("content-type", "application/octet-stream")[:500], entity.file_name)
