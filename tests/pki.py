"""A certificate authority for tests, made once: servers' and clients' certificates, good ones and bad ones."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Holder:
    """A certificate with its key, as PEM."""

    certificate: str
    key: str
    fingerprint: str

    @property
    def both(self) -> str:
        return self.key + self.certificate


class Authority:
    """Signs certificates."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        made = _builder(self._name, self._name, self._key, datetime.now(UTC) + DAY)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        self.pem = made.add_extension(usage, critical=True).sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()

    def sign(self, name: str, until: timedelta = DAY, *, client: bool = False) -> Holder:
        """A certificate for 127.0.0.1, or for a client of this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _builder(_name(name), self._name, key, datetime.now(UTC) + until)
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        made = made.add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = made.add_extension(authority, critical=False).sign(self._key, hashes.SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        return Holder(signed.public_bytes(Encoding.PEM).decode(), private, signed.fingerprint(hashes.SHA256()).hex())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(until, datetime.now(UTC)) - 10 * DAY)
        .not_valid_after(until)
    )


@dataclass(frozen=True)
class Pki:
    """Everything tests of TLS need."""

    authority: Authority
    stranger: Authority
    server: Holder
    renewed: Holder
    overdue: Holder
    acme: Holder
    other: Holder
    expired: Holder
    foreign: Holder


@cache
def pki() -> Pki:
    """Made once a process."""
    ours, stranger = Authority("ours"), Authority("stranger")
    return Pki(
        ours,
        stranger,
        ours.sign("hub"),
        ours.sign("hub"),
        ours.sign("hub", -DAY),
        ours.sign("acme", client=True),
        ours.sign("other", client=True),
        ours.sign("acme", -DAY, client=True),
        stranger.sign("acme", client=True),
    )
