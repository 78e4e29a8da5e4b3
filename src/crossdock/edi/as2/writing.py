"""Writes an AS2 message: the document as a MIME part, compressed, signed and encrypted as agreed, with its header fields and its MIC."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime

from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.compression import compress
from crossdock.edi.as2.digests import WRITTEN, Digest, Mic, mic_of
from crossdock.edi.as2.envelope import encrypt
from crossdock.edi.as2.headers import VERSION, wish_fields, written_name
from crossdock.edi.as2.keys import Identity, Keyring
from crossdock.edi.as2.mime import Part, disposition
from crossdock.edi.as2.refusal import Modifier, Refused
from crossdock.edi.as2.signature import sign


@dataclass(frozen=True, slots=True)
class Document:
    """A document that travels: its bytes, their content type and the file name, which arrives at the other side."""

    body: bytes
    content_type: str = "application/octet-stream"
    file_name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def part(self) -> Part:
        """The document as a MIME entity."""
        more = {"Content-Transfer-Encoding": "binary", **self.headers}
        if self.file_name:
            more["Content-Disposition"] = disposition(self.file_name)
        return Part(self.content_type, self.body, more)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The part that will be signed and the bytes the MIC is about; the same document gives the same."""

    part: Part
    covered: bytes

    def mic(self, digest: Digest) -> Mic:
        """The check the receiver's receipt must carry."""
        return mic_of(self.covered, digest)


@dataclass(frozen=True, slots=True)
class Written:
    """An HTTP request or answer: header fields and body."""

    headers: Mapping[str, str]
    body: bytes


def prepare(document: Document, agreement: Agreement) -> Prepared:
    """The part to be signed (compressed first when agreed so), and what the MIC covers (RFC 4130 section 7.3.1, RFC 5402 section 4.1)."""
    plain = document.part()
    part = plain
    if agreement.compress == "before" or (agreement.compress == "after" and agreement.sign is None):
        part = compressed(plain)
    if agreement.sign is not None:
        return Prepared(part, part.written())
    wrapped = agreement.encrypt is not None or part is not plain
    return Prepared(part, plain.written() if wrapped else document.body)


def write(prepared: Prepared, agreement: Agreement, keys: Keyring, message_id: str, at: datetime, subject: str = "") -> Written:
    """The whole message. Raises `Refused` (unexpected-processing-error) when a key it needs is not there."""
    part = prepared.part
    if agreement.sign is not None:
        part = signed(part, _signer(keys), agreement.sign, at)
        if agreement.compress == "after":
            part = compressed(part)
    if agreement.encrypt is not None:
        if not keys.theirs:
            raise Refused(Modifier.UNEXPECTED, "there is no certificate of the partner to encrypt for")
        der = encrypt(part.written(), keys.theirs[0], agreement.encrypt, agreement.key_transport)
        part = _smime("enveloped-data", der)
    headers = {
        **addressed(agreement, message_id, at),
        "Subject": subject or "Business document",
        "Content-Type": part.content_type,
        **part.headers,
    }
    if agreement.receipt != "none":
        url = agreement.receipt_url if agreement.receipt == "async" else ""
        headers |= wish_fields(
            agreement.receipt_digest, signed=agreement.signed_receipt, from_address=written_name(agreement.our_name), url=url
        )
    return Written(headers, part.body)


def addressed(agreement: Agreement, message_id: str, at: datetime) -> dict[str, str]:
    """The header fields every message and receipt carries."""
    return {
        "AS2-Version": VERSION,
        "EDIINT-Features": "AS2-Reliability",
        "AS2-From": written_name(agreement.our_name),
        "AS2-To": written_name(agreement.their_name),
        "Message-ID": f"<{message_id}>",
        "Date": format_datetime(at, usegmt=True),
        "MIME-Version": "1.0",
    }


def signed(part: Part, identity: Identity, digest: Digest, at: datetime) -> Part:
    """The part with its detached signature (RFC 1847, RFC 3851 section 3.4.3)."""
    covered = part.written()
    der = sign(covered, identity, digest, at)
    boundary = "=-signed-" + hashlib.blake2b(der, digest_size=16).hexdigest()
    mark = f"--{boundary}".encode()
    proof = Part(
        'application/pkcs7-signature; name="smime.p7s"; smime-type=signed-data',
        der,
        {"Content-Transfer-Encoding": "binary", "Content-Disposition": disposition("smime.p7s")},
    )
    body = b"\r\n".join((mark, covered, mark, proof.written(), mark + b"--", b""))
    kind = f'multipart/signed; protocol="application/pkcs7-signature"; micalg={WRITTEN[digest]}; boundary="{boundary}"'
    return Part(kind, body)


def compressed(part: Part) -> Part:
    """The part compressed (RFC 5402)."""
    return _smime("compressed-data", compress(part.written()))


def _signer(keys: Keyring) -> Identity:
    if not keys.ours:
        raise Refused(Modifier.UNEXPECTED, "there is no key of ours to sign with")
    return keys.ours[0]


def _smime(kind: str, der: bytes) -> Part:
    suffix = "smime.p7z" if kind == "compressed-data" else "smime.p7m"
    headers = {"Content-Transfer-Encoding": "binary", "Content-Disposition": disposition(suffix)}
    return Part(f'application/pkcs7-mime; smime-type={kind}; name="{suffix}"', der, headers)
