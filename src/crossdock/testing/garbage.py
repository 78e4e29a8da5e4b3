"""Spoils a good body in the ways bodies are spoiled in life: cut, emptied, wrong types, wrong encoding; the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

NONSENSE = (
    b"",
    b"\x00\xff\xfe\x80",
    b"not a document",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"0",
    b'"text"',
    b"<html><body>Bad Gateway</body></html>",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
)
STRANGE: tuple[Any, ...] = (None, "", "\u0000nonsense", -1, True, [], {}, [None], {"a": {}})


def spoiled(body: bytes) -> Iterator[bytes]:
    """Variants of `body`, none of them a right document of its kind (some may still be readable)."""
    yield from NONSENSE
    for part in (1, len(body) // 3, len(body) // 2, len(body) - 1):
        yield body[:part]
    yield body.replace(b"2", b"\xc3", 1) + b"\xf0"
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return
    whole = orjson.dumps(document)
    for path in list(_paths(document)):
        for strange in STRANGE:
            changed = orjson.dumps(_with(document, path, strange))
            if changed != whole:
                yield changed
        yield orjson.dumps(_without(document, path))


def _paths(value: Any, prefix: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document; of a list only the first element, of deep trees five levels."""
    if len(prefix) > 4:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*prefix, key)
            yield from _paths(inner, (*prefix, key))
    elif isinstance(value, list) and value:
        yield (*prefix, 0)
        yield from _paths(value[0], (*prefix, 0))


def _with(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = _with(value[path[0]], path[1:], new)
    return copied


def _without(value: Any, path: tuple[Any, ...]) -> Any:
    copied = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copied[path[0]]
    else:
        copied[path[0]] = _without(value[path[0]], path[1:])
    return copied
