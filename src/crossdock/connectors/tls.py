"""TLS towards a system: the certificate we show, and the authority we trust instead of the public ones. Verification has no switch."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from crossdock.connectors.protocol import Credentialed
from crossdock.core.errors import Misconfigured

CLIENT: Final = "tls_client"
AUTHORITY: Final = "tls_authority"


def client_context(authority: str | None, client: str | None, whose: str) -> ssl.SSLContext:
    """TLS 1.2 or later, the server's certificate and name verified. `authority` (PEM) is trusted instead of the public authorities;
    `client` (PEM: key and certificate) is shown. Raises `Misconfigured`."""
    try:
        tls = ssl.create_default_context(cadata=authority)
    except (ssl.SSLError, ValueError):
        raise Misconfigured(f"the credential {AUTHORITY!r} of {whose} holds no PEM certificate") from None
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if client is not None:
        _show(tls, client, whose)
    return tls


def _show(tls: ssl.SSLContext, pem: str, whose: str) -> None:
    # the library reads keys from files only: one that nobody else may read, gone again at once
    with tempfile.TemporaryDirectory(prefix="crossdock-tls-") as folder:
        place = Path(folder) / "client.pem"
        place.touch(mode=0o600)
        place.write_text(pem)
        try:
            tls.load_cert_chain(place, password=_no_password)
        except (ssl.SSLError, OSError, ValueError):
            raise Misconfigured(f"the credential {CLIENT!r} of {whose} is no PEM key with its certificate") from None


def _no_password() -> str:
    raise ValueError("the key is encrypted")


def living_context(credentials: Credentialed) -> Callable[[], ssl.SSLContext] | None:
    """A function that gives the TLS of a system, the same object until its credentials change; None when it names none.

    The function raises `SecretMissing`, `Misconfigured`, and what the vault raises.
    """
    purposes = [purpose for purpose in (AUTHORITY, CLIENT) if purpose in credentials.credentials]
    if not purposes:
        return None
    made: dict[tuple[str | None, str | None], ssl.SSLContext] = {}

    def current() -> ssl.SSLContext:
        authority = credentials.secret(AUTHORITY) if AUTHORITY in purposes else None
        found = (authority, credentials.secret(CLIENT) if CLIENT in purposes else None)
        tls = made.get(found)
        if tls is None:
            tls = client_context(*found, credentials.whose)
            made.clear()
            made[found] = tls
        return tls

    return current
