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


def parent_of(header: str) -> tuple[str, int] | None:
    """Trace id and span id of whoever sent a `traceparent` header; None when there is no valid one."""
    match = _TRACEPARENT.match(header.strip().lower()) if header else None
    if match is None or match[1] == _ZERO or not int(match[2], 16):
        return None
    return match[1], int(match[2], 16)


def receipt_span(correlation: str) -> int:
    """The id of the span under which everything of a transaction hangs; it follows from the trace id, so nobody has to remember it."""
    return _odd(int(correlation[:16] or "1", 16) ^ int(correlation[16:] or "0", 16))


def attempt_span(number: int, attempt: int, question: int = 0) -> int:
    """The id of the span of one attempt at a delivery, or of one question about it (counted from 1)."""
    return _odd(number + attempt * 0xD6E8FEB86659FD93 + question * 0xA0761D6478BD642F)


def _odd(number: int) -> int:
    """Spread over 64 bits; odd, because zero is no id."""
    return (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) | 1
