"""Who may come through the door: addresses, certificates and access tokens, as systems, partners and environments say it."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from crossdock.landscape.models.base import Duration, Name, Strict

Reference = Annotated[
    str, Field(pattern=r"^(env|file|vault):\S+$", description="`env:NAME`, `file:relative/path` or `vault:path`.")
]


def _network(value: str) -> str:
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        raise ValueError(f"{error}; write an address or a network such as 203.0.113.0/24 or 2001:db8::/32") from None
    return value


NetworkText = Annotated[str, AfterValidator(_network)]


class Access(Strict):
    """From where, with which certificate and by which token somebody may send. What a partner and its system say holds together."""

    addresses: Annotated[
        tuple[NetworkText, ...],
        Field(description="Addresses and networks (IPv4, IPv6) requests may come from; empty: from anywhere."),
    ] = ()
    certificates: Annotated[
        tuple[Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|subject:\S.*)$")], ...],
        Field(
            description="Client certificates of which one must be shown (mutual TLS): `sha256:` and the fingerprint in small hex, or "
            "`subject:` and the name as RFC 4514 writes it (`subject:CN=acme,O=Acme`); empty: none is asked."
        ),
    ] = ()
    token: Annotated[
        bool,
        Field(description="`true`: an access token of this hub is asked (OAuth 2.0), got by one of the partner's `clients`."),
    ] = False


class Client(Strict):
    """A program of a partner that gets access tokens of this hub (OAuth 2.0 client credentials). Its entitlement is the partner's."""

    secret: Annotated[
        Reference | None, Field(description="Where its secret is, of at least 32 characters (`client_secret_basic` or `_post`).")
    ] = None
    keys: Annotated[
        Reference | None,
        Field(description="Where its public keys are (JWKS or PEM): it signs its requests itself (`private_key_jwt`, RFC 7523)."),
    ] = None
    systems: Annotated[
        tuple[Name, ...], Field(description="Of the partner's systems those it may speak for; empty: all of them.")
    ] = ()

    @model_validator(mode="after")
    def _one(self) -> Client:
        if (self.secret is None) == (self.keys is None):
            raise ValueError("a client proves itself by its `secret` or by its `keys`: name one of them")
        return self


class Door(Strict):
    """How the hub's own address is secured in this environment. See docs/how-to/secure-the-doors.md."""

    certificate: Annotated[
        Reference | None,
        Field(
            description="Where the certificate with its chain is (PEM): the hub serves HTTPS. A renewed one is taken up by itself."
        ),
    ] = None
    key: Annotated[Reference | None, Field(description="Where its private key is (PEM).")] = None
    minimum: Annotated[Literal["1.2", "1.3"], Field(description="The oldest TLS version that is spoken.")] = "1.2"
    client_authority: Annotated[
        Reference | None,
        Field(
            description="Where the authorities of client certificates are (PEM): who shows a certificate must have it from one of them."
        ),
    ] = None
    client_certificates: Annotated[
        Literal["optional", "required"],
        Field(description="`required`: nobody comes in without one; `optional`: only where `access.certificates` asks for it."),
    ] = "optional"
    proxies: Annotated[
        tuple[NetworkText, ...],
        Field(
            description="Proxies whose word about who asks is believed (X-Forwarded-For), beside those in CROSSDOCK_TRUSTED_PROXIES; of "
            "everybody else it is ignored."
        ),
    ] = ()
    tokens: Annotated[Duration, Field(description="How long an access token of this hub is good; at most an hour.")] = timedelta(
        minutes=10
    )

    @model_validator(mode="after")
    def _whole(self) -> Door:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` go together")
        if self.client_authority is not None and self.certificate is None:
            raise ValueError("client certificates are asked for in TLS only: name `certificate` and `key`")
        if self.client_certificates == "required" and self.client_authority is None:
            raise ValueError("name the `client_authority` that signs the certificates you require")
        if self.tokens > timedelta(hours=1):
            raise ValueError("access tokens are short-lived: at most 1h")
        return self
