"""Digest algorithms by the names AS2 writes, and the message integrity check (MIC); knows no message."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal

Digest = Literal["sha1", "sha256", "sha384", "sha512"]

DIGESTS: Final[tuple[Digest, ...]] = ("sha256", "sha384", "sha512", "sha1")
"""In the order of preference. MD5 is not among them."""
STRONG: Final[frozenset[Digest]] = frozenset({"sha256", "sha384", "sha512"})

WRITTEN: Final[dict[Digest, str]] = {"sha1": "sha1", "sha256": "sha-256", "sha384": "sha-384", "sha512": "sha-512"}
"""As RFC 5751 section 3.4.3.2 and RFC 4130 section 7.3 write them."""


def digest_named(name: str) -> Digest | None:
    """The algorithm meant by `SHA-256`, `sha256`, `rsa-sha1`...; None for one that is not known."""
    plain = name.strip().strip('"').lower().removeprefix("rsa-").replace("-", "").replace("_", "")
    for each in DIGESTS:
        if plain == each:
            return each
    return None


def digest(name: Digest, data: bytes) -> bytes:
    """The digest of some bytes."""
    return hashlib.new(name, data, usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class Mic:
    """A message integrity check as an MDN carries it (RFC 4130 section 7.4.3): base64 of a digest, and the algorithm."""

    value: str
    algorithm: str

    def __str__(self) -> str:
        return f"{self.value}, {self.algorithm}"

    def agrees(self, other: Mic) -> bool:
        """Whether both say the same of the same bytes; base64 padding and spelling of the algorithm do not matter."""
        same = digest_named(self.algorithm) is not None and digest_named(self.algorithm) == digest_named(other.algorithm)
        return same and hmac.compare_digest(self.value.strip("= ").encode(), other.value.strip("= ").encode())


def mic_of(data: bytes, name: Digest, spelling: str = "") -> Mic:
    """The check of some bytes; the algorithm's name as its asker spells it."""
    return Mic(base64.b64encode(digest(name, data)).decode("ascii"), spelling or WRITTEN[name])


def read_mic(text: str) -> Mic | None:
    """A `Received-Content-MIC` field; None when it is none."""
    value, comma, algorithm = text.partition(",")
    value = "".join(value.split())
    if not comma or not value or len(value) > 200:
        return None
    return Mic(value, algorithm.strip().lower()[:40])
