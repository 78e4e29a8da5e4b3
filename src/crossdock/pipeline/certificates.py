"""The certificates the hub's own address is served with: read by reference, verified before use, looked at again for renewed ones."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from crossdock.connectors.protocol import Secrets
from crossdock.core.errors import Misconfigured
from crossdock.landscape.models.access import Door

VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class CertificateUnfit(Misconfigured):
    """The certificate and key of the hub's own address, or the authorities of client certificates, cannot be used."""

    code = "door.certificate"
    hint = "Store a PEM certificate with its chain and the private key that belongs to it under the references in `door:`."


@dataclass(frozen=True, slots=True)
class Material:
    """What TLS is made of; never shown."""

    certificate: str = field(repr=False)
    key: str = field(repr=False)
    authority: str | None = field(repr=False, default=None)


def material(door: Door, secrets: Secrets) -> Material:
    """What the references of a door lead to now. Raises `SecretMissing` and what the vault raises."""
    assert door.certificate is not None
    assert door.key is not None
    authority = secrets.get(door.client_authority) if door.client_authority is not None else None
    return Material(secrets.get(door.certificate), secrets.get(door.key), authority)


def server_context(door: Door, given: Material) -> ssl.SSLContext:
    """TLS of the hub's side: 1.2 or later; client certificates are verified wherever they are asked for. Raises `CertificateUnfit`."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = VERSIONS[door.minimum]
    tls.options |= ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE | ssl.OP_NO_RENEGOTIATION
    tls.set_alpn_protocols(["http/1.1"])
    # the library reads keys from files only: one that nobody else may read, gone again at once
    with tempfile.TemporaryDirectory(prefix="crossdock-tls-") as folder:
        chain, key = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        for place, text in ((chain, given.certificate), (key, given.key)):
            place.touch(mode=0o600)
            place.write_text(text)
        try:
            tls.load_cert_chain(chain, key, password=_no_password)
        except (ssl.SSLError, OSError, ValueError):
            raise CertificateUnfit("the certificate and the key of the hub's address do not fit or are no PEM") from None
    if given.authority is not None:
        try:
            tls.load_verify_locations(cadata=given.authority)
        except (ssl.SSLError, ValueError):
            raise CertificateUnfit("the authorities of client certificates are no PEM certificates") from None
        tls.verify_mode = ssl.CERT_REQUIRED if door.client_certificates == "required" else ssl.CERT_OPTIONAL
    return tls


def _no_password() -> str:
    raise ValueError("the key is encrypted")
