"""Keys and certificates of both sides, two of each while one is rolled over to the next; knows no message and no vault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


class KeyUnreadable(ValueError):
    """A key or certificate that cannot be used; the words never hold any of its secret parts."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate, parsed once for both libraries."""

    crypto: x509.Certificate
    der: bytes

    @property
    def expires(self) -> datetime:
        """The last moment it is valid (UTC)."""
        return self.crypto.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER bytes, hexadecimal."""
        return self.crypto.fingerprint(hashes.SHA256()).hex()

    @property
    def subject(self) -> str:
        """The distinguished name, for people."""
        return self.crypto.subject.rfc4514_string()

    def valid(self, at: datetime) -> bool:
        """Whether it is valid at a moment."""
        return self.crypto.not_valid_before_utc <= at <= self.crypto.not_valid_after_utc

    def asn1(self) -> asn1_x509.Certificate:
        """The certificate for asn1crypto."""
        return asn1_x509.Certificate.load(self.der)


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key with its certificate; its repr shows the certificate only."""

    certificate: Certificate
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"Identity({self.certificate.subject!r})"


@dataclass(frozen=True, slots=True)
class Keyring:
    """`ours`: the first signs, all of them decrypt. `theirs`: the first is encrypted to, signatures of all of them count."""

    ours: Sequence[Identity]
    theirs: Sequence[Certificate]

    @property
    def expires(self) -> datetime | None:
        """When the first of the certificates in use expires."""
        inuse = [each.certificate for each in self.ours[:1]] + list(self.theirs[:1])
        return min((each.expires for each in inuse), default=None)


def read_certificates(pem: str) -> list[Certificate]:
    """All certificates of a PEM text. Raises `KeyUnreadable` when there is none."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise KeyUnreadable("there is no PEM certificate (-----BEGIN CERTIFICATE-----)") from None
    return [Certificate(each, each.public_bytes(serialization.Encoding.DER)) for each in found]


def read_identity(pem: str) -> Identity:
    """A private key and its certificate from one PEM text. Raises `KeyUnreadable`."""
    begin = pem.find("-----BEGIN")
    while begin >= 0 and "PRIVATE KEY" not in pem[begin : begin + 40]:
        begin = pem.find("-----BEGIN", begin + 1)
    if begin < 0:
        raise KeyUnreadable("there is no PEM private key beside the certificate")
    marker = pem[begin : pem.find("\n", begin)].strip().replace("BEGIN", "END")
    end = pem.find(marker, begin)
    try:
        key = serialization.load_pem_private_key(pem[begin : end + len(marker)].encode(), None)
    except (ValueError, TypeError):
        raise KeyUnreadable(
            "the private key is damaged or has a passphrase; store it without one, the vault protects it"
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise KeyUnreadable("the private key is neither RSA nor of an elliptic curve")
    public = key.public_key().public_numbers()
    for certificate in read_certificates(pem):
        theirs = certificate.crypto.public_key()
        if isinstance(theirs, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and theirs.public_numbers() == public:
            return Identity(certificate, key)
    raise KeyUnreadable("the certificate does not belong to the private key")
