"""Headers between the front and the workbench: which are handed on, and which only the front may set; knows no request object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

CLIENT: Final = b"x-crossdock-client"
SCHEME: Final = b"x-crossdock-scheme"
OURS: Final = (CLIENT, SCHEME)
"""Headers only the front sets; what strangers send under these names is dropped."""

LARGEST: Final = 10 * 1024 * 1024
"""Bytes of a request the workbench takes: a landscape's largest value map with room to spare."""

HOP: Final = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
        b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
"""Headers that speak of one connection only (RFC 9110 section 7.6.1)."""
TOLD: Final = frozenset(
    {b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-port", b"x-real-ip"}
)


def passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a request that are handed on: no hop-by-hop ones, none the connection names, nothing that claims who asks.

    Names with an underscore are dropped too: as environment names they would equal those with a hyphen.
    """
    listed = list(headers)
    named = {token.strip().lower() for name, value in listed if name.lower() == b"connection" for token in value.split(b",")} - {
        b"host",
        b"cookie",
        b"authorization",
        b"content-length",
    }
    return [
        (name, value)
        for name, value in listed
        if (low := name.lower()) not in HOP and low not in TOLD and low not in OURS and low not in named and b"_" not in name
    ]
