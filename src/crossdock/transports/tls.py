"""TLS of a transport: the certificate we show, and the authority we trust beside the public ones. Verification has no switch."""

from __future__ import annotations

import ipaddress
import ssl
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from crossdock.connectors.http import HttpClient
from crossdock.connectors.tls import AUTHORITY, CLIENT, client_context
from crossdock.core.errors import EndpointGone, Misconfigured
from crossdock.transports.base import TransportOptions
from crossdock.transports.protocol import TransportContext


class TlsOptions(TransportOptions):
    """How the connection is secured. The server's certificate is always verified; a private one is trusted by naming its authority."""

    client_certificate: Annotated[
        bool,
        Field(
            description="Show the certificate in the credential `tls_client` (PEM: key and certificate) to the server (mutual TLS)."
        ),
    ] = False
    private_authority: Annotated[
        bool,
        Field(
            description="Trust the certificates in the credential `tls_authority` (PEM) instead of the public authorities: a partner's own "
            "authority, or its self-signed certificate."
        ),
    ] = False

    def tls_purposes(self) -> frozenset[str]:
        """The credentials these settings need."""
        return frozenset(({CLIENT} if self.client_certificate else set()) | ({AUTHORITY} if self.private_authority else set()))


def tls_context(context: TransportContext, options: TlsOptions) -> ssl.SSLContext:
    """A verifying TLS context. Raises `SecretMissing`, `Misconfigured`."""
    authority = context.secret(AUTHORITY) if options.private_authority else None
    client = context.secret(CLIENT) if options.client_certificate else None
    return client_context(authority, client, context.name)


class TlsHttp:
    """The HTTP client of a transport: the system's own, or one with the transport's certificates, made anew when these are rotated."""

    def __init__(self, context: TransportContext, options: TlsOptions, timeout: float) -> None:
        self._context = context
        self._options = options
        self._timeout = timeout
        self._own: HttpClient | None = None
        self._made_of: tuple[str, ...] = ()

    async def client(self) -> HttpClient:
        """The client to use now. Raises `SecretMissing`, `Misconfigured`."""
        purposes = sorted(self._options.tls_purposes())
        if not purposes:
            return self._context.http
        secrets = tuple(self._context.secret(each) for each in purposes)
        if self._own is None or secrets != self._made_of:
            await self.close()
            self._own = HttpClient(timeout=self._timeout, tls=tls_context(self._context, self._options))
            self._made_of = secrets
        return self._own

    async def close(self) -> None:
        """Close connections of a client of our own."""
        own, self._own = self._own, None
        if own is not None:
            await own.close()


def loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def secure(endpoint: str, scheme: str) -> None:
    """Raise unless the endpoint is `scheme` (`https`); its plain form is for this machine only."""
    try:
        parts = urlsplit(endpoint)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if not host:
        raise EndpointGone(f"the endpoint must be {scheme}://host")
    if parts.scheme != scheme and not (parts.scheme == scheme.removesuffix("s") and loopback(host)):
        raise Misconfigured(f"the endpoint must be {scheme}://: what is sent there would be readable on the way")
