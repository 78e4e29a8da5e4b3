"""The header fields AS2 adds to HTTP: names, message ids and what kind of receipt is wanted; knows no body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from crossdock.edi.as2.digests import Digest, digest_named

_PLAIN = re.compile(r"^[!#-\[\]-~]+$")
VERSION = "1.2"
"""AS2-Version: 1.2 adds EDIINT-Features to 1.1, which added compression (RFC 6017)."""


def as2_name(value: str) -> str:
    """The name in an AS2-From or AS2-To field, its quoting undone (RFC 4130 section 6.2).

    Undone twice when it was done twice: some senders quote in their receipts what was quoted to them already.
    """
    text = value.strip()
    for _ in range(2):
        if len(text) >= 2 and text[0] == text[-1] == '"':
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return text


def written_name(name: str) -> str:
    """A name as an AS2-From or AS2-To field: quoted when it has blanks, quotes or backslashes."""
    if _PLAIN.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def bare_id(message_id: str) -> str:
    """A message id without angle brackets, blanks around it and control characters: what is compared."""
    plain = "".join(each for each in message_id if each.isprintable())
    return plain.strip().removeprefix("<").removesuffix(">").strip()[:998]


@dataclass(frozen=True, slots=True)
class Wish:
    """The receipt a sender asks for (RFC 4130 section 7.3). `url`: asynchronously, there. `spelling` is how the sender
    writes the first algorithm we know. `refused`: it demands what cannot be done."""

    wanted: bool = False
    signed: bool = False
    digests: tuple[Digest, ...] = ()
    spelling: str = ""
    url: str = ""
    refused: str = ""


def wish(headers: Mapping[str, str]) -> Wish:
    """Read a sender's wish from HTTP headers (lower-case names)."""
    if not headers.get("disposition-notification-to", "").strip():
        return Wish()
    options = _options(headers.get("disposition-notification-options", ""))
    protocol = options.get("signed-receipt-protocol", [])
    named = options.get("signed-receipt-micalg", [])
    known = tuple(found for each in named[1:] if (found := digest_named(each)) is not None)
    spelling = next((each for each in named[1:] if digest_named(each) is not None), "")
    url = headers.get("receipt-delivery-option", "").strip()
    signed = len(protocol) > 1 and any(each.lower().endswith("pkcs7-signature") for each in protocol[1:])
    refused = ""
    if named[:1] == ["required"] and not known:
        refused = "unsupported MIC-algorithms"
    elif protocol[:1] == ["required"] and not signed:
        refused = "unsupported format"
    return Wish(True, signed, known, spelling, url, refused)


def wish_fields(digest: Digest, *, signed: bool, from_address: str, url: str = "") -> dict[str, str]:
    """The header fields that ask for a receipt."""
    fields = {"Disposition-Notification-To": from_address}
    if signed:
        # one algorithm, spelled without hyphen: some receivers take the last of a list, and know `sha256` only
        fields["Disposition-Notification-Options"] = (
            f"signed-receipt-protocol=optional, pkcs7-signature; signed-receipt-micalg=optional, {digest}"
        )
    if url:
        fields["Receipt-Delivery-Option"] = url
    return fields


def _options(value: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for piece in value.split(";")[:20]:
        name, _, rest = piece.partition("=")
        words = [word.strip().strip('"') for word in rest.split(",")]
        found.setdefault(name.strip().lower(), [words[0].lower(), *words[1:20]])
    return found
