"""AS2 messages as the simulated partner writes and reads them: by other means than the product's, so that they check each other."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message

from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import pkcs7

BINARY = pkcs7.PKCS7Options.Binary
DETACHED = [pkcs7.PKCS7Options.DetachedSignature, BINARY]


class Unreadable(Exception):
    """A message the partner does not take; the disposition modifier is its text."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside, the MIC of it (SHA-256), and what protected it."""

    body: bytes
    content_type: str
    file_name: str
    mic: str
    signed: bool
    encrypted: bool
    entity: Message


def key_and_certificate(pem: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """Both from one PEM text."""
    key = serialization.load_pem_private_key(pem.encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERT") :].encode())


def part(body: bytes, content_type: str, file_name: str = "") -> bytes:
    """A MIME part."""
    lines = [f"Content-Type: {content_type}", "Content-Transfer-Encoding: binary"]
    if file_name:
        lines.append(f'Content-Disposition: attachment; filename="{file_name}"')
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sign(inner: bytes, pem: str) -> bytes:
    """The part with its detached signature, as an entity."""
    key, certificate = key_and_certificate(pem)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(inner).add_signer(certificate, key, hashes.SHA256())
    proof = base64.encodebytes(builder.sign(serialization.Encoding.DER, DETACHED)).replace(b"\n", b"\r\n")
    head = (
        b'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg="sha-256"; boundary="sim-signed"\r\n\r\n'
    )
    tail = b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64\r\n\r\n" + proof
    return head + b"--sim-signed\r\n" + inner + b"\r\n--sim-signed\r\n" + tail + b"\r\n--sim-signed--\r\n"


def encrypt(inner: bytes, certificate: str) -> bytes:
    """The entity encrypted (AES-256), as an entity."""
    theirs = x509.load_pem_x509_certificate(certificate.encode())
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(inner).add_recipient(theirs)
    der = builder.set_content_encryption_algorithm(algorithms.AES256).encrypt(serialization.Encoding.DER, [BINARY])
    return b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\r\n\r\n" + der


def http(entity: bytes) -> tuple[dict[str, str], bytes]:
    """An entity as HTTP headers and body."""
    head, _, body = entity.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    return headers, body


def open_message(content_type: str, body: bytes, pem: str, certificates: list[str]) -> Opened:
    """Decrypt, verify, unpack. Raises `Unreadable`."""
    raw = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    encrypted = signed = False
    if "pkcs7-mime" in content_type:
        key, certificate = key_and_certificate(pem)
        try:
            raw = pkcs7.pkcs7_decrypt_der(body, certificate, key, [])
        except Exception as error:
            raise Unreadable("decryption-failed") from error
        encrypted = True
    outer = message_from_bytes(raw)
    covered = raw
    if outer.get_content_type() == "multipart/signed":
        mark = re.escape(b"--" + str(outer.get_boundary()).encode())
        pieces = re.split(rb"(?:\r\n)?" + mark + rb"(?:--)?\r\n", raw)
        covered, proof = pieces[1], message_from_bytes(pieces[2]).get_payload(decode=True)
        assert isinstance(proof, bytes)
        _verify(covered, proof, certificates)
        signed = True
    inner = message_from_bytes(covered)
    if inner.get_content_type() == "application/pkcs7-mime":
        raise Unreadable("decompression-failed")  # this partner has not agreed to compression
    content = covered.partition(b"\r\n\r\n")[2]
    mic = base64.b64encode(hashlib.sha256(covered if signed or encrypted else body).digest()).decode()
    name = inner.get_filename() or ""
    return Opened(content, inner.get_content_type(), name, mic, signed, encrypted, inner)


def _verify(covered: bytes, proof: bytes, certificates: list[str]) -> None:
    signer = cms.ContentInfo.load(proof)["content"]["signer_infos"][0]
    attributes = signer["signed_attrs"]
    claimed = next(each["values"][0].native for each in attributes if each["type"].native == "message_digest")
    name = signer["digest_algorithm"]["algorithm"].native
    if hashlib.new(name, covered).digest() != claimed:
        raise Unreadable("integrity-check-failed")
    written = b"\x31" + attributes.dump()[1:]
    for pem in certificates:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        try:
            key.verify(signer["signature"].native, written, padding.PKCS1v15(), getattr(hashes, name.upper())())
        except Exception:  # noqa: S112  # the next certificate may be the one
            continue
        return
    raise Unreadable("authentication-failed")


def receipt(about: str, disposition: str, mic: str, name: str) -> bytes:
    """A disposition notification as an entity, not signed yet."""
    fields = [f"Final-Recipient: rfc822; {name}", f"Original-Message-ID: {about}", f"Disposition: {disposition}"]
    if mic:
        fields.append(f"Received-Content-MIC: {mic}, sha-256")
    return (
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=sim-report\r\n\r\n"
        b"--sim-report\r\nContent-Type: text/plain\r\n\r\nThe partner's words.\r\n"
        b"--sim-report\r\nContent-Type: message/disposition-notification\r\n\r\n" + "\r\n".join(fields).encode() + b"\r\n"
        b"\r\n--sim-report--\r\n"
    )


def read_receipt(content_type: str, body: bytes, certificates: list[str]) -> dict[str, str]:
    """The fields of a receipt, lower-case; `signed` when its signature holds. Raises `Unreadable`."""
    opened = open_message(content_type, body, "", certificates)
    for each in opened.entity.walk():
        if each.get_content_type() == "message/disposition-notification":
            inner = each.get_payload()
            fields = inner[0] if isinstance(inner, list) else message_from_bytes(str(inner).encode())
            assert isinstance(fields, Message)
            return {**{k.lower(): str(v) for k, v in fields.items()}, "signed": "yes" if opened.signed else ""}
    raise Unreadable("no notification")
