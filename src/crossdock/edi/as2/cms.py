"""Reads and writes the Cryptographic Message Syntax (RFC 5652): the common part of signing, encrypting and compressing; knows no MIME."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from asn1crypto import cms

from crossdock.edi.as2.refusal import Modifier, Refused

P = ParamSpec("P")
T = TypeVar("T")

SIGNED: Final = "signed_data"
ENVELOPED: Final = "enveloped_data"
COMPRESSED: Final = "compressed_data"


_OIDS: Final[dict[bytes, str]] = {
    bytes.fromhex("06092a864886f70d010702"): SIGNED,
    bytes.fromhex("06092a864886f70d010703"): ENVELOPED,
    bytes.fromhex("060b2a864886f70d0109100109"): COMPRESSED,
}


def content(der: bytes, kind: str, refusal: Modifier) -> Any:
    """The structure inside a ContentInfo of one kind. Raises `Refused`."""
    if kind_of(der) != kind:
        raise Refused(refusal, f"the body is no CMS structure of the kind {kind.replace('_', ' ')}")
    try:
        return cms.ContentInfo.load(der)["content"]
    except Exception as error:  # whatever the bytes make asn1crypto do
        raise Refused(refusal, f"the CMS structure cannot be read: {type(error).__name__}") from None


def kind_of(der: bytes) -> str:
    """`signed_data`, `enveloped_data`, `compressed_data`, empty when it is none of these.

    Told by the first bytes alone: a SEQUENCE that begins with the identifier. Parsing copies a large body several times.
    """
    if der[:1] != b"\x30" or len(der) < 13:
        return ""
    start = 2 + (der[1] & 0x7F if der[1] > 0x80 else 0)
    return next((kind for oid, kind in _OIDS.items() if der.startswith(oid, start)), "")


def never_fails(refusal: Modifier, words: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Turns whatever the bytes make the libraries raise into one refusal, so that hostile bytes are an answer and not a crash.

    Structures are read lazily by asn1crypto, which raises ValueError, TypeError, KeyError and others from any access.
    """

    def around(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return function(*args, **kwargs)
            except Refused:
                raise
            except Exception as error:
                raise Refused(refusal, f"{words}: {type(error).__name__}") from None

        return call

    return around


def octets(value: Any) -> bytes:
    """The bytes of an OCTET STRING, also of one written in pieces (BER)."""
    native = value.native
    return native if isinstance(native, bytes) else b""
