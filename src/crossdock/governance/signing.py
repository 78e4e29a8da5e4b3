"""Signing keys and signatures of bundles, written in text; knows no landscape. Nothing here loads cryptography before it is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from crossdock.governance.bundle import BundleFile, Signature
from crossdock.governance.errors import BundleAltered

MADE: Final = "made"
APPROVED: Final = "approved"
OPENED: Final = "opened"
"""A board says who opened the change request."""
REVIEWED: Final = "reviewed"
"""A board says that evidence, approvals and standards were as its policies ask."""
EMERGENCY: Final = "emergency"
"""A board says who let it run before it was reviewed."""
KIND: Final = "ed25519:"


def new_key() -> str:
    """A new private key as PEM."""
    from crossdock.governance import ed25519

    return ed25519.generate()


def public_of(private: str) -> str:
    """The public half of a private key as environments name it: `ed25519:` and 64 hexadecimal digits. Raises `SigningKeyUnusable`."""
    from crossdock.governance import ed25519

    return KIND + ed25519.public(private).hex()


def key_id(public: str) -> str:
    """The name by which a signature tells its key: the first 16 hexadecimal digits of the public key's SHA-256."""
    return hashlib.sha256(_raw(public)).hexdigest()[:16]


def sign(bundle: BundleFile, private: str, says: str = MADE, at: str = "", by: str = "", team: str = "") -> BundleFile:
    """The bundle with one more signature, in the place of an earlier one of the same key for the same person. Raises `SigningKeyUnusable`."""
    return with_signature(bundle, signature(bundle, private, says, at, by, team))


def signature(bundle: BundleFile, private: str, says: str, at: str, by: str = "", team: str = "") -> Signature:
    """A signature over a bundle's content. Raises `SigningKeyUnusable`."""
    key = key_id(public_of(private))
    return Signature(key, says, at, sign_statement(private, bundle.statement(says, at, by, team)), by, team)


def with_signature(bundle: BundleFile, given: Signature) -> BundleFile:
    """The bundle with one more signature, in the place of an earlier one of the same key for the same person."""
    others = tuple(each for each in bundle.signatures if (each.key, each.says, each.by) != (given.key, given.says, given.by))
    return replace(bundle, signatures=tuple(sorted((*others, given), key=lambda one: (one.says, one.key, one.by))))


def signed_by(bundle: BundleFile, trusted: Iterable[str], says: str = MADE) -> list[Signature]:
    """The signatures of trusted keys that say this. Raises `BundleAltered` when one of them is not of this content."""
    keys = {key_id(public): public for public in trusted}
    found = [each for each in bundle.signatures if each.key in keys and each.says == says]
    for each in found:
        if not statement_holds(keys[each.key], bundle.statement(says, each.at, each.by, each.team), each.value):
            raise BundleAltered(f"the signature of key {each.key} is not of this content", key=each.key)
    return found


def sign_statement(private: str, statement: bytes) -> str:
    """The signature (hexadecimal) over any statement. Raises `SigningKeyUnusable`."""
    from crossdock.governance import ed25519

    return ed25519.sign(private, statement).hex()


def statement_holds(public: str, statement: bytes, signature: str) -> bool:
    """Whether the signature of this public key is over exactly this statement."""
    from crossdock.governance import ed25519

    try:
        return ed25519.holds(_raw(public), statement, bytes.fromhex(signature))
    except ValueError:
        return False


def _raw(public: str) -> bytes:
    return bytes.fromhex(public.removeprefix(KIND))
