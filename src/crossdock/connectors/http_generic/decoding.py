"""Bodies cut into messages, each with its numbers digit by digit as they came; knows no rule."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from crossdock.connectors.exact_json import Digits, read_fast, write_exact
from crossdock.core.errors import PayloadMalformed

_INEXACT_NUMBER = re.compile(rb"[:\[,]\s*-?(?:\d+[.eE]|\d{19})")
"""A number orjson would turn into a float. It may also match inside a text: that only costs time."""


def pieces(body: bytes, path: Sequence[str]) -> list[bytes]:
    """The elements of the list at `path` (names; empty: the body itself), each as JSON with its numbers exactly as they were written.

    Raises `PayloadMalformed` when there is no list.
    """
    if _INEXACT_NUMBER.search(body):
        read_fast(body)  # the stricter reader: refuses what the next one lets pass
        value = json.loads(body, parse_float=Digits, parse_int=Digits)
    else:
        value = read_fast(body)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise PayloadMalformed(f"no list at {'.'.join(path) or 'the top'} of the body")
    return [write_exact(item) for item in value]


def lines(body: bytes) -> list[bytes]:
    """The lines of NDJSON as they are, without empty ones."""
    return [line for line in body.split(b"\n") if line.strip()]
