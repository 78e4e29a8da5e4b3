"""Bytes to JSON values, fast where that is exact and exact where it must be, and bodies cut into messages; knows no rule."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from crossdock.core.errors import PayloadMalformed

_INEXACT_NUMBER = re.compile(rb"[:\[,]\s*-?(?:\d+[.eE]|\d{19})")
"""A number orjson would turn into a float. It may also match inside a text: that only costs time."""


def decode(body: bytes) -> Any:
    """The JSON value, with floats where the body has fractions (`paths.exact` finds them). Raises `PayloadMalformed`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PayloadMalformed(f"not JSON: {error}") from None


def decode_exact(body: bytes) -> Any:
    """The JSON value with Decimals. Raises `PayloadMalformed`."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(body, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise PayloadMalformed(f"not JSON: {error}") from None


class _Digits:
    """A number as it was written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _verbatim(value: Any) -> orjson.Fragment:
    if isinstance(value, _Digits):
        return orjson.Fragment(value.text)
    raise TypeError(type(value).__name__)


def pieces(body: bytes, path: Sequence[str]) -> list[bytes]:
    """The elements of the list at `path` (names; empty: the body itself), each as JSON with its numbers exactly as they were written.

    Raises `PayloadMalformed` when there is no list.
    """
    if _INEXACT_NUMBER.search(body):
        decode(body)  # the stricter reader: refuses what the next one lets pass
        value = json.loads(body, parse_float=_Digits, parse_int=_Digits)
    else:
        value = decode(body)
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    if not isinstance(value, list):
        raise PayloadMalformed(f"no list at {'.'.join(path) or 'the top'} of the body")
    return [orjson.dumps(item, default=_verbatim) for item in value]


def lines(body: bytes) -> list[bytes]:
    """The lines of NDJSON as they are, without empty ones."""
    return [line for line in body.split(b"\n") if line.strip()]
