"""Makes self-signed certificates for simulated partners; knows no message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def make_identity(name: str, *, days: int = 365, begin: datetime | None = None, bits: int = 2048) -> str:
    """A private key and its self-signed certificate as one PEM text, valid for `days` from `begin` (default: yesterday)."""
    start = begin or datetime.now(UTC) - timedelta(days=1)
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def certificate_of(identity: str) -> str:
    """The certificate alone, which the other side is given."""
    return identity[identity.index("-----BEGIN CERTIFICATE") :]
