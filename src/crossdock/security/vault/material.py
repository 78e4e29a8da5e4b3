"""Makes new credentials where the hub itself may: tokens, webhook secrets, SSH keys, AS2 identities; stores nothing."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import NameOID

from crossdock.security.vault.errors import RotationImpossible

CERTIFICATE_DAYS: Final = 730
RSA_BITS: Final = 3072


@dataclass(frozen=True, slots=True)
class Made:
    """A new credential; `public` is what the other side may and must see, `expires` when it ends by itself."""

    value: str = field(repr=False)
    public: str = ""
    expires: datetime | None = None


def make(material: str, name: str, now: datetime) -> Made:
    """A new credential of a kind for somebody called `name`. Raises `RotationImpossible` for a kind the hub does not make."""
    if material not in MAKERS:
        raise RotationImpossible(f"the hub makes no {material!r} by itself")
    return MAKERS[material](name, now)


def _token(name: str, now: datetime) -> Made:
    return Made(secrets.token_urlsafe(32))


def _webhook(name: str, now: datetime) -> Made:
    """As Standard Webhooks writes it: 24 to 64 random bytes behind `whsec_`."""
    return Made(f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")


def _ssh(name: str, now: datetime) -> Made:
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    return Made(private, f"{public} {name}-{now:%Y%m%d}")


def _as2(name: str, now: datetime) -> Made:
    """A key with a certificate signed by itself, as AS2 partners exchange them."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
    whose = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    until = now + timedelta(days=CERTIFICATE_DAYS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(whose)
        .issuer_name(whose)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(True, False, True, False, False, False, False, False, False), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = certificate.public_bytes(serialization.Encoding.PEM).decode()
    return Made(private.decode() + public, public, until)


MAKERS: Final[dict[str, Callable[[str, datetime], Made]]] = {
    "token": _token, "webhook_secret": _webhook, "ssh_key": _ssh, "as2_identity": _as2,
}  # fmt: skip
