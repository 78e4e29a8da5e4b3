"""Whether somebody may come in by where they come from and which certificate they show; pure, knows no request and no token."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from crossdock.core.errors import AddressRefused, CertificateMissing, CertificateRefused, Rejected
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.models.access import Access
from crossdock.security.peer import Network, within


@dataclass(frozen=True, slots=True)
class Shown:
    """A client certificate whose chain TLS has verified: its fingerprint (SHA-256 of the DER) and its subject (RFC 4514)."""

    fingerprint: str
    subject: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What one file asks of who sends in a system's name."""

    addresses: tuple[Network, ...] = ()
    certificates: frozenset[str] = frozenset()
    token: bool = False

    def refusal(self, address: str, shown: Shown | None) -> Rejected | None:
        """Why somebody does not come in; None when address and certificate are right."""
        if self.addresses and not within(address, self.addresses):
            return AddressRefused("requests in this system's name are not taken from this address", address=address)
        if self.certificates:
            if shown is None:
                return CertificateMissing()
            if not self.certificates & {f"sha256:{shown.fingerprint}", f"subject:{shown.subject}"}:
                return CertificateRefused(
                    "this certificate may not speak for this system", fingerprint=shown.fingerprint, subject=shown.subject[:200]
                )
        return None


def rules(landscape: Landscape) -> dict[str, tuple[Rule, ...]]:
    """What is asked per system: by its own file and by its partner's. Systems of which nothing is asked are left out."""
    found: dict[str, tuple[Rule, ...]] = {}
    for name, system in landscape.systems.items():
        asked = [system.access, *(each.access for each in landscape.partners.values() if name in each.systems)]
        strict = tuple(_rule(each) for each in asked if each != Access())
        if strict:
            found[name] = strict
    return found


def owners(landscape: Landscape) -> Mapping[str, str]:
    """System and the partner it belongs to."""
    return {system: name for name, partner in landscape.partners.items() for system in partner.systems}


def _rule(access: Access) -> Rule:
    return Rule(networks_of(access.addresses), frozenset(access.certificates), access.token)


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Networks that were checked when the landscape was read."""
    return tuple(ipaddress.ip_network(each) for each in texts)


@lru_cache(maxsize=256)
def certificate(der: bytes) -> Shown:
    """What a certificate says of its holder."""
    from cryptography.x509 import load_der_x509_certificate

    return Shown(sha256(der).hexdigest(), load_der_x509_certificate(der).subject.rfc4514_string())
