"""Reads the syntax tree of a compiled CEL expression from its serialized form (cel.expr.CheckedExpr, cel-spec proto/cel/expr/syntax.proto).

The runtime gives no other access to it. Only what the analysis needs is decoded; what is unknown is skipped, as the wire format wants it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Node:
    """One expression; `at` is its offset in the source (characters from 0)."""

    at: int


@dataclass(frozen=True, slots=True)
class Constant(Node):
    kind: str
    value: Any


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    name: str


@dataclass(frozen=True, slots=True)
class Select(Node):
    """`operand.field`; with `test` it is `has(operand.field)`."""

    operand: Node
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: str
    arguments: tuple[Node, ...]
    """The target of a member call comes first."""


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    elements: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comprehension(Node):
    """What the macros `all`, `exists`, `exists_one`, `map`, `filter` become."""

    variable: str
    accumulator: str
    range: Node
    parts: tuple[Node, ...]
    """Initial value, condition, step, result."""


@dataclass(frozen=True, slots=True)
class Other(Node):
    """An expression of a kind rules do not use (messages, maps)."""


CONSTANTS = {1: "null", 2: "bool", 3: "int", 4: "uint", 5: "double", 6: "string", 7: "bytes"}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Field numbers and values of a protobuf message: integers for varint and fixed types, bytes for the rest."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == 0:
            value, at = _varint(data, at)
        elif wire == 2:
            size, at = _varint(data, at)
            value, at = data[at : at + size], at + size
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            value, at = data[at : at + size], at + size
        else:
            raise ValueError(f"wire type {wire} is not in use")
        yield number, value


def _last(data: bytes) -> dict[int, Any]:
    return dict(_fields(data))


def _text(value: Any) -> str:
    return bytes(value or b"").decode()


class _Decoder:
    def __init__(self, positions: dict[int, int]) -> None:
        self.positions = positions

    def node(self, data: bytes) -> Node:
        fields = _last(data)
        at = self.positions.get(fields.get(2, 0), 0)
        if 3 in fields:
            return self.constant(at, fields[3])
        if 4 in fields:
            return Identifier(at, _text(_last(fields[4]).get(1)))
        if 5 in fields:
            select = _last(fields[5])
            return Select(at, self.node(select.get(1, b"")), _text(select.get(2)), bool(select.get(3, 0)))
        if 6 in fields:
            return self.call(at, fields[6])
        if 7 in fields:
            return ListOf(at, tuple(self.node(value) for number, value in _fields(fields[7]) if number == 1))
        if 9 in fields:
            parts = _last(fields[9])
            return Comprehension(
                at,
                _text(parts.get(1)),
                _text(parts.get(3)),
                self.node(parts.get(2, b"")),
                tuple(self.node(parts[number]) for number in (4, 5, 6, 7) if number in parts),
            )
        return Other(at)

    def constant(self, at: int, data: bytes) -> Constant:
        for number, value in _fields(data):
            if number in (6, 7):
                return Constant(at, CONSTANTS[number], _text(value) if number == 6 else bytes(value))
            if number in CONSTANTS:
                return Constant(at, CONSTANTS[number], value)
        return Constant(at, "null", None)

    def call(self, at: int, data: bytes) -> Call:
        function, target, arguments = "", [], []
        for number, value in _fields(data):
            if number == 1:
                target.append(self.node(value))
            elif number == 2:
                function = _text(value)
            elif number == 3:
                arguments.append(self.node(value))
        return Call(at, function, (*target, *arguments))


def decode(serialized: bytes) -> Node:
    """The tree of a serialized expression. Raises ValueError, IndexError or KeyError when it is none."""
    checked = _last(serialized)[2]
    positions: dict[int, int] = {}
    expression = b""
    for number, value in _fields(checked):
        if number == 4:
            expression = value
        elif number == 5:
            for inner, entry in _fields(value):
                if inner == 4:
                    pair = _last(entry)
                    positions[pair.get(1, 0)] = pair.get(2, 0)
    return _Decoder(positions).node(expression)
