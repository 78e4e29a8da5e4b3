"""Opens what is wrapped around a document: encryption, signature and compression in whatever order; knows no receipt and no partner names."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from crossdock.edi.as2 import mime
from crossdock.edi.as2.agreement import Agreement
from crossdock.edi.as2.cms import COMPRESSED, ENVELOPED, SIGNED, kind_of
from crossdock.edi.as2.compression import expand
from crossdock.edi.as2.envelope import decrypt
from crossdock.edi.as2.keys import Keyring
from crossdock.edi.as2.mime import Entity
from crossdock.edi.as2.refusal import Modifier, Refused, closed
from crossdock.edi.as2.signature import Verified, verify

MAX_LAYERS: Final = 6
WRAPPED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_BASE64: Final = re.compile(rb"^[A-Za-z0-9+/=\s]+$")


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside. `covered` are the bytes the MIC is about; `signature` is the detached signature as it came, a proof worth keeping."""

    inner: Entity
    covered: bytes
    signed: Verified | None = None
    signature: bytes = b""
    cipher: str = ""
    compressed: bool = False


def open_layers(outer: Entity, agreement: Agreement, keys: Keyring, at: datetime) -> Opened:
    """Take layer after layer off. Raises `Refused`. Whether what is missing may be missing is the caller's to judge (`refusal.closed`).

    The MIC is about the signed bytes when there is a signature; else about the innermost entity with its header when something was
    wrapped around it; else about the body alone (RFC 4130 section 7.3.1, RFC 5402 section 4.1).
    """
    if not enciphered(outer):
        return _opened(outer, agreement, keys, at)
    try:
        found = _opened(outer, agreement, keys, at)
    except Refused as refused:
        raise closed(refused) from None
    if found.signed is None and not agreement.accept_unsigned:
        raise closed(Refused(Modifier.INSUFFICIENT, "it is not signed, and the agreement demands a signature"))
    return found


def enciphered(outer: Entity) -> bool:
    """Whether the outermost layer is encryption."""
    return outer.content_type in WRAPPED and kind_of(binary(outer)) == ENVELOPED


def _opened(outer: Entity, agreement: Agreement, keys: Keyring, at: datetime) -> Opened:
    current, signed, covered, signature, cipher, compressed = outer, None, None, b"", "", False
    for _ in range(MAX_LAYERS):
        kind = current.content_type
        if len(current.body) > agreement.max_bytes:
            raise Refused(Modifier.UNEXPECTED, f"larger than {agreement.max_bytes} bytes", sure=True)
        if kind == "multipart/signed":
            _once(signed is None, "signed")
            signed, signature = _detached(current, agreement, keys, at)
            covered = signed.content
            current = mime.entity(covered)
        elif kind in WRAPPED:
            der = binary(current)
            what = kind_of(der)
            if what == ENVELOPED:
                _once(not cipher, "encrypted")
                inside, cipher = decrypt(der, keys.ours, agreement.ciphers)
                current = mime.entity(inside)
            elif what == COMPRESSED:
                _once(not compressed, "compressed")
                compressed = True
                current = mime.entity(expand(der, agreement.max_bytes))
            elif what == SIGNED:
                _once(signed is None, "signed")
                signed, signature = verify(der, [], keys.theirs, at, agreement.digests), der
                covered = signed.content
                current = mime.entity(covered)
            else:
                raise Refused(_expected(current), "the body is no CMS structure this side knows")
        else:
            wrapped = current is not outer
            return Opened(
                current, covered if covered is not None else current.raw if wrapped else current.body,
                signed, signature, cipher, compressed,
            )  # fmt: skip
    raise Refused(Modifier.UNEXPECTED, f"wrapped more than {MAX_LAYERS} times")


def binary(entity: Entity) -> bytes:
    """The body without its transfer encoding; base64 that nobody announced is recognised, because old senders forget to."""
    body = entity.decoded()
    if body[:1] != b"\x30" and entity.encoding != "base64" and len(body) < 10_000_000 and _BASE64.match(body):
        try:
            return base64.b64decode(body, validate=False)
        except (binascii.Error, ValueError):
            return body
    return body


def _once(first: bool, what: str) -> None:
    if not first:
        raise Refused(Modifier.UNEXPECTED, f"{what} twice")


def _expected(entity: Entity) -> Modifier:
    """What a body that cannot be read should have been, by its own words."""
    told = entity.parameter("smime-type").lower()
    if told == "compressed-data":
        return Modifier.DECOMPRESSION
    return Modifier.AUTHENTICATION if told == "signed-data" else Modifier.DECRYPTION


def _detached(entity: Entity, agreement: Agreement, keys: Keyring, at: datetime) -> tuple[Verified, bytes]:
    found = mime.parts(entity.body, entity.parameter("boundary"))
    if len(found) < 2:
        raise Refused(Modifier.AUTHENTICATION, "multipart/signed without its two parts")
    der = binary(mime.entity(found[1]))
    try:
        return verify(der, [found[0]], keys.theirs, at, agreement.digests), der
    except Refused as refused:
        if refused.modifier is not Modifier.INTEGRITY:
            raise
        # with line ends a gateway took away put back; with the line break some senders count in
        others = [each for each in (mime.canonical(found[0]), found[0] + b"\r\n") if each != found[0]]
    return verify(der, others, keys.theirs, at, agreement.digests), der
