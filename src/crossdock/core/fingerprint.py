"""Fingerprints of exceptions: failures with the same cause get the same one, whichever order they struck; knows no store."""

from __future__ import annotations

import re
from hashlib import blake2b

_WORD = re.compile(r"""https?://\S+|[^\s'"<>()\[\]{},;=|`]+""")
_DIGIT = re.compile(r"\d")
_SPACES = re.compile(r"\s+")
_ENDS = ".:!?"


def _blank(match: re.Match[str]) -> str:
    word = match[0]
    bare = word.rstrip(_ENDS)
    return "*" + word[len(bare) :] if "@" in word or "://" in word or _DIGIT.search(word) else word


def normalise(message: str) -> str:
    """The message without what differs from case to case: numbers, identifiers (any word with a digit), addresses, URLs; lower case.

    `Order S00042: SKU "AB-7" unknown` becomes `order *: sku "*" unknown`.
    """
    return _SPACES.sub(" ", _WORD.sub(_blank, message[:2000])).strip().lower()


def fingerprint(flow: str, step: str, code: str, system: str, message: str) -> str:
    """The fingerprint of a failure by where it happened, its stable code, the system concerned and the normalised message: 16 hex characters."""
    parts = "\x1f".join((flow, step, code, system, normalise(message)))
    return blake2b(parts.encode(), digest_size=8).hexdigest()
