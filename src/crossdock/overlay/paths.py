"""Paths into JSON documents, compiled to readers; knows no rule and no transform.

`a.b.0.c` walks objects and lists (-1 is the last element), `notes[name=color].value` takes the first element that matches, `.` is the
current node, `$.a` starts at the document, `^.a` at the element around the current list, `#` is the number of the current list element
from 1, `@system` is a fact about the message or command, and `/a~1b/c` is a JSON Pointer (RFC 6901) for names with dots.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_SEGMENT = re.compile(r"^(?P<name>[^\[\]]*)(?P<picks>(?:\[[^\[\]=]+=[^\[\]]*\])*)$")
_PICK = re.compile(r"\[([^\[\]=]+)=([^\[\]]*)\]")
_INTEGER = re.compile(r"^-?\d+$")


class Scope:
    """What a reader may see besides the current node: document, facts, enclosing element, number of the current element."""

    __slots__ = ("index", "meta", "parent", "root")

    def __init__(self, root: Any, meta: Mapping[str, Any], parent: Any = None, index: int = 0) -> None:
        self.root = root
        self.meta = meta
        self.parent = parent
        self.index = index


Reader = Callable[[Any, Scope], Any]
"""From the current node and its scope to a value; None when there is none (JSON null counts as none)."""

PathCompiler = Callable[[str], Reader]
"""From a path to its reader. Raises ValueError with the wrong part. `compile_path` is the one for JSON."""


class Inexact(Exception):
    """A binary float was read: the document must be decoded again with exact decimals."""


def exact(value: Any) -> Any:
    """`value` if nothing in it is a binary float. Raises `Inexact`."""
    kind = type(value)
    if kind is float:
        raise Inexact
    if kind is dict:
        for inner in value.values():
            exact(inner)
    elif kind is list:
        for inner in value:
            exact(inner)
    return value


def plain_key(path: str) -> str | None:
    """The key when the path is one ordinary name of the current object, which is read without a call."""
    if path and path[0] not in "$^#@/." and not any(sign in path for sign in ".[]") and not _INTEGER.match(path):
        return path
    return None


def compile_path(path: str) -> Reader:
    """The reader of a path. Raises ValueError with the wrong part."""
    if path == "#":
        return lambda node, scope: scope.index
    if path.startswith("@"):
        return _meta(path[1:])
    if path == "." or path == "":
        return lambda node, scope: node
    if path[0] == "$":
        inner = path[1:].removeprefix(".")
        top = plain_key(inner)
        if top is not None:
            return lambda node, scope: scope.root.get(top) if type(scope.root) is dict else None
        walk = _walker(_segments(inner))
        return lambda node, scope: walk(scope.root)
    if path[0] == "^":
        walk = _walker(_segments(path[1:].removeprefix(".")))
        return lambda node, scope: walk(scope.parent)
    key = plain_key(path)
    if key is not None:
        return lambda node, scope: node.get(key) if type(node) is dict else None
    keys = path.split(".")
    if len(keys) == 2 and plain_key(keys[0]) and plain_key(keys[1]):
        return _two_keys(*keys)
    walk = _walker(_pointer(path) if path[0] == "/" else _segments(path))
    return lambda node, scope: walk(node)


def _two_keys(outer: str, inner: str) -> Reader:
    """The commonest longer path, `address.city`, without a loop."""

    def read(node: Any, scope: Scope) -> Any:
        if type(node) is dict:
            node = node.get(outer)
            if type(node) is dict:
                return node.get(inner)
        return None

    return read


def _meta(name: str) -> Reader:
    if not name:
        raise ValueError("`@` needs a name, for example @system")
    return lambda node, scope: scope.meta.get(name)


Segment = tuple[str, int | None, tuple[tuple[str, str], ...]]


def _segments(path: str) -> list[Segment]:
    found: list[Segment] = []
    if not path:
        return found
    for part in path.split("."):
        match = _SEGMENT.match(part)
        if match is None or not part:
            raise ValueError(f"{part!r} in path {path!r} is not a name, a number or name[key=value]")
        name = match["name"]
        picks = tuple((key, value) for key, value in _PICK.findall(match["picks"]))
        found.append((name, int(name) if _INTEGER.match(name) else None, picks))
    return found


def _pointer(path: str) -> list[Segment]:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    return [(part, int(part) if part.isdigit() else None, ()) for part in parts]


def _walker(segments: list[Segment]) -> Callable[[Any], Any]:
    def walk(node: Any) -> Any:
        for name, index, picks in segments:
            if type(node) is dict:
                node = node.get(name)
            elif type(node) is list and index is not None:
                node = node[index] if -len(node) <= index < len(node) else None
            elif name:
                return None
            for key, wanted in picks:
                node = _pick(node, key, wanted)
            if node is None:
                return None
        return node

    return walk


def _pick(node: Any, key: str, wanted: str) -> Any:
    if type(node) is not list:
        return None
    for item in node:
        if type(item) is dict and str(item.get(key)) == wanted:
            return item
    return None
