"""Who asks: the client's address and scheme, believed from a proxy only when that proxy is trusted; knows no request object."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Networks, separated by commas or blanks. Raises ValueError for what is no address or network."""
    return tuple(ipaddress.ip_network(each, strict=False) for each in text.replace(",", " ").split())


def within(address: str, listed: Sequence[Network]) -> bool:
    """Whether an address is in one of the networks; an IPv4 address written as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address it is."""
    found = _address(address)
    return found is not None and any(found in network for network in listed)


def seen(scope: Mapping[str, Any], trusted: Sequence[Network]) -> tuple[str, str]:
    """(address, scheme) of who asks. Forwarding headers count only when the connection comes from a trusted proxy; of a chain of
    addresses the last one that is not a trusted proxy counts, so that a stranger cannot write one in front. What is no address ends the
    chain: who wrote it is unknown, and the answer is the empty text."""
    client = str((scope.get("client") or ("",))[0])
    scheme = "https" if scope.get("scheme") == "https" else "http"
    if not within(client, trusted):
        return client, scheme
    headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
    told = ",".join(value for name, value in headers if name == b"x-forwarded-for")
    for address in reversed([part.strip() for part in told.split(",") if part.strip()]):
        client = address if _address(address) is not None else ""
        if not within(address, trusted):
            break
    proto = next((value for name, value in reversed(headers) if name == b"x-forwarded-proto"), "").split(",")[-1].strip().lower()
    return client, proto if proto in ("http", "https") else scheme


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
