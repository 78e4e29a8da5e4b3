"""Ed25519 keys and signatures (RFC 8032; keys as PKCS #8 PEM) in bytes; loaded only when something is signed or looked at."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from crossdock.governance.errors import SigningKeyUnusable


def generate() -> str:
    """A new private key as PEM."""
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(private: str) -> bytes:
    """The public half of a private key. Raises `SigningKeyUnusable`."""
    return _key(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def sign(private: str, statement: bytes) -> bytes:
    """The signature over a statement. Raises `SigningKeyUnusable`."""
    return _key(private).sign(statement)


def holds(key: bytes, statement: bytes, signature: bytes) -> bool:
    """Whether the signature of this public key is over exactly this statement."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def _key(private: str) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(private.encode(), None)
    except (ValueError, TypeError):
        raise SigningKeyUnusable("it is no private key in PEM without a pass phrase") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyUnusable("it is a private key of another kind than Ed25519")
    return key
