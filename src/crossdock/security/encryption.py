"""Payloads encrypted at rest: AES-256-GCM with a data key that a reference of the landscape leads to; knows no table and no vault.

Every payload of the ledger rests sealed as soon as one data class is marked `encrypted`: a foreign body cannot be known to hold no such
field, and what is sealed whole comes back byte for byte. GCM's tag (NIST SP 800-38D) tells altered bytes from others.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import os
from collections.abc import Callable
from typing import Final

from crossdock.core.errors import EncryptionKeyMissing, EncryptionKeyUnfit
from crossdock.landscape.landscape import Landscape
from crossdock.ledger.payloads import KEY_ID, protect

log = logging.getLogger("crossdock.security")

NONCE: Final = 12
SHORTEST: Final = 32
"""Characters a key that is not 32 bytes of base64 or hexadecimal must have at least."""


class PayloadCipher:
    """One data key. Its number is public, its text is in no repr."""

    __slots__ = ("_aead", "_altered", "id")

    def __init__(self, secret: str) -> None:
        """`secret` is what the reference gave. Raises `EncryptionKeyUnfit`."""
        # loaded here: a hub that encrypts nothing starts without it
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        material = _material(secret)
        self._altered = (InvalidTag, ValueError)
        self._aead = AESGCM(HKDF(SHA256(), 32, salt=None, info=b"crossdock:payloads").derive(material))
        named = HKDF(SHA256(), 32, salt=None, info=b"crossdock:payloads:name").derive(material)
        self.id = hashlib.sha256(named).digest()[:KEY_ID]

    def __repr__(self) -> str:
        return f"PayloadCipher({self.id.hex()})"

    def __reduce__(self) -> str:
        raise TypeError("keys are not pickled")

    def seal(self, data: bytes) -> bytes:
        """The bytes encrypted, with a nonce of their own in front and the key's name authenticated with them."""
        nonce = os.urandom(NONCE)
        return nonce + self._aead.encrypt(nonce, data, self.id)

    def open(self, data: bytes) -> bytes:
        """The bytes again. Raises ValueError when they were altered."""
        try:
            return self._aead.decrypt(data[:NONCE], data[NONCE:], self.id)
        except self._altered:
            raise ValueError("the bytes were altered, or sealed with another key of the same name") from None


def _material(secret: str) -> bytes:
    text = secret.strip()
    for reads in (bytes.fromhex, lambda each: base64.b64decode(each, validate=True)):
        try:
            found = reads(text)
        except (ValueError, binascii.Error):
            continue
        if len(found) == 32:
            return found
    if len(text) < SHORTEST:
        raise EncryptionKeyUnfit(f"a payload key is 32 bytes of base64 or hexadecimal, or {SHORTEST} characters at least")
    return text.encode()


def wanted(landscape: Landscape) -> bool:
    """Whether payloads of this landscape rest sealed."""
    return any(each.encrypted for each in landscape.policies.data_classes.values())


def keys(landscape: Landscape, secret: Callable[[str], str]) -> list[PayloadCipher]:
    """The environment's payload keys, the one to write with first. Raises `SecretMissing`, `EncryptionKeyUnfit`."""
    described = landscape.environment.encryption
    return [] if described is None else [PayloadCipher(secret(each)) for each in (described.key, *described.previous)]


def begin(landscape: Landscape, secret: Callable[[str], str]) -> None:
    """Protect what this process stores as the landscape says. Raises `SecretMissing`, `EncryptionKeyUnfit`, `EncryptionKeyMissing`.

    An environment that bundles are promoted to must name a key. One for trying things out stores payloads readable without, and the log says so.
    """
    found = keys(landscape, secret)
    if wanted(landscape) and not found:
        if landscape.environment.promotion is not None:
            raise EncryptionKeyMissing
        log.warning("a data class is marked encrypted, and the environment names no key: payloads are stored readable")
    protect(found[0] if wanted(landscape) and found else None, found)
