"""The correlation of a message through every system: W3C trace context in, out and stored; knows no tracing library."""

from __future__ import annotations

import re
from random import Random, SystemRandom
from typing import Final

_TRACEPARENT: Final = re.compile(r"^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$")
_ZERO: Final = "0" * 32
_RANDOM: Final = Random(SystemRandom().getrandbits(256))  # noqa: S311  (a name, not a secret; asking the system each time is slow)


def from_traceparent(header: str) -> str:
    """The trace id of a `traceparent` header (W3C Trace Context, section 3.2), or a new one when there is no valid header."""
    match = _TRACEPARENT.match(header.strip().lower()) if header else None
    if match and match[1] != _ZERO:
        return match[1]
    return new_correlation()


def new_correlation() -> str:
    """A new trace id: 32 hexadecimal digits."""
    return f"{_RANDOM.getrandbits(128):032x}"


def traceparent(correlation: str, span: int) -> str:
    """The header for an outgoing call: the stored trace id and a span id made of the attempt's number."""
    if len(correlation) != 32:
        return ""
    return f"00-{correlation}-{span & 0xFFFFFFFFFFFFFFFF:016x}-01"
