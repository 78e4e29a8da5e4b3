"""Certificates for servers and clients of tests."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(name: str, *, loopback: bool = True) -> str:
    """A key and a certificate that is its own authority, as one PEM text, for `name` and the loopback address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))] if loopback else []
    names = x509.SubjectAlternativeName([x509.DNSName(name), *addresses])
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return (private + certificate.public_bytes(serialization.Encoding.PEM)).decode()


def certificate(pem: str) -> str:
    """The certificate without its key."""
    return pem[pem.index("-----BEGIN CERTIFICATE") :]


def server_certificate(folder: Path, name: str) -> Path:
    """A server's PEM file."""
    place = folder / "server.pem"
    place.write_text(self_signed(name))
    return place
