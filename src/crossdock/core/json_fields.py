"""JSON documents whose numbers keep every digit and their writing, field by field; knows no business field."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

MOST: Final = 600
"""Fields a document may have to be edited field by field."""


class Number(str):
    """A number as it was written."""

    __slots__ = ()


def read(text: str) -> Any:
    """A document. Raises ValueError when it is none."""
    return json.loads(text, parse_float=Number, parse_int=Number, parse_constant=_refuse)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def write(value: Any) -> str:
    """The document as compact JSON."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(str(name), ensure_ascii=False)}:{write(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(write, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that holds no other, with its path (`order.lines.0.sku`); an empty list or object is one. Names with dots are left out."""
    inner: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inner = [(name, each) for name, each in value.items() if name and "." not in name]
    elif isinstance(value, list):
        inner = [(str(place), each) for place, each in enumerate(value)]
    if not inner:
        if path:
            yield path, value
        return
    for name, each in inner:
        yield from leaves(each, f"{path}.{name}" if path else name)


def get(value: Any, path: str) -> Any:
    """The value at a path. Raises KeyError when there is none."""
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise KeyError(path)
    return value


def put(document: Any, path: str, text: str) -> None:
    """Set the value at a path from what was typed, in the kind of value that is there; a field that is not there is added as text.

    Raises ValueError when the text is no such value, or the path leads through something that holds nothing.
    """
    *way, last = parts = path.split(".")
    holder = document
    for place, part in enumerate(way):
        holder = _step(holder, part, add=[] if parts[place + 1].isdecimal() else {})
    if isinstance(holder, list):
        index = int(last) if last.isdecimal() else -1
        if not 0 <= index <= len(holder):
            raise ValueError(f"there is no entry {last} here")
        if index == len(holder):
            holder.append(_typed(None, text))
        else:
            holder[index] = _typed(holder[index], text)
    elif isinstance(holder, dict):
        holder[last] = _typed(holder.get(last), text)
    else:
        raise ValueError("this field cannot hold another")


def _step(holder: Any, part: str, add: Any) -> Any:
    if isinstance(holder, dict):
        if holder.get(part) is None:
            holder[part] = add
        return holder[part]
    if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
        return holder[int(part)]
    raise ValueError(f"there is no {part!r} here")


def _typed(before: Any, text: str) -> Any:
    if isinstance(before, Number):
        try:
            found = read(text.strip())
        except ValueError:
            found = None
        if not isinstance(found, Number):
            raise ValueError("this is no number")
        return found
    if isinstance(before, bool):
        if text.strip().lower() not in ("true", "false"):
            raise ValueError("write true or false")
        return text.strip().lower() == "true"
    if before is None and text == "":
        return None
    if isinstance(before, dict | list):
        found = read(text or "null")
        if not isinstance(found, type(before)):
            raise ValueError("this is of another kind than what was here")
        return found
    return text


def shown(value: Any) -> str:
    """A value as a form shows it."""
    if value is None:
        return ""
    return write(value) if isinstance(value, dict | list | bool) else str(value)
