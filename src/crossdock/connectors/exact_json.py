"""JSON from partners read strictly and exactly: UTF-8, decimals, no NaN, and only characters that every database and system takes."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, Final, NoReturn

import orjson

from crossdock.core.errors import PayloadMalformed
from crossdock.overlay.digits import Digits as Digits

_ESCAPED: Final = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_NAME_ENDS: Final = re.compile(rb'"[ \t\r\n]*:')
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")


def write_exact(value: Any) -> bytes:
    """JSON: `Digits` as the number they are, Decimals as text. Raises TypeError for what JSON readers could not hold."""
    return orjson.dumps(value, default=_exactly)


def _exactly(value: Any) -> Any:
    if isinstance(value, Digits):
        return orjson.Fragment(value.text)
    if isinstance(value, Decimal):
        return format(value, "f")
    raise TypeError(f"{type(value).__name__} is no JSON value")


def read_fast(body: bytes) -> Any:
    """The value, with binary floats where the body has fractions: look before using one as an amount. Raises `PayloadMalformed`."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise PayloadMalformed(f"not JSON: {error}") from None
    if b"\\u0000" in body:
        _only_text(value)
    return value


def read_exact(body: bytes) -> Any:
    """The value, with a Decimal for every fraction and integers of any size. Raises `PayloadMalformed`."""

    def refuse(constant: str) -> NoReturn:
        raise ValueError(f"{constant} is not JSON")

    try:
        value = json.loads(body.decode("utf-8-sig"), parse_float=Decimal, parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise PayloadMalformed(f"not UTF-8 at byte {error.start}") from None
    except (ValueError, RecursionError) as error:
        raise PayloadMalformed(f"not JSON: {error}") from None
    if _ESCAPED.search(body):
        _only_text(value)
    return value


def refuse_repeated_names(body: bytes, value: Any) -> None:
    """Refuse an object that has a name twice (RFC 7493 section 2.3): which of its values counts would depend on who reads it.

    `value` is what `body` was read as. Raises `PayloadMalformed` naming the name.
    """
    names, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        if type(each) is dict:
            names += len(each)
            waiting.extend(each.values())
        elif type(each) is list:
            waiting.extend(each)
    # every name is followed by a colon; a text may look like one too, and then the slow reader decides
    if len(_NAME_ENDS.findall(body)) > names:
        json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once_each, parse_float=str, parse_int=str)


def _once_each(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise PayloadMalformed(f"an object has the name {name[:80]!r} twice", name=name[:80])
        seen.add(name)


def _only_text(value: Any) -> None:
    """Refuse NUL and unpaired surrogates wherever they are."""
    if isinstance(value, str):
        if _NO_TEXT.search(value):
            raise PayloadMalformed("a text holds a character that is none (NUL or half of a surrogate pair)")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _only_text(name)
            _only_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _only_text(inner)
