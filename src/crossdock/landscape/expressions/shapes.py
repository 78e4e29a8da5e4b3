"""The shapes rules can speak of: canonical payloads and the event's own attributes, as types of a small language; evaluates nothing."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from crossdock.canonical.base import Canonical


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without parts: `text`, `integer`, `truth`, `amount` (a decimal), `time` (RFC 3339 text), `moment` (a CEL timestamp), `unknown`."""

    name: str


TEXT, INTEGER, TRUTH = Plain("text"), Plain("integer"), Plain("truth")
AMOUNT, TIME, MOMENT, UNKNOWN = Plain("amount"), Plain("time"), Plain("moment"), Plain("unknown")


@dataclass(frozen=True)
class Record:
    """Something with named fields; `optional` are those that may be absent (test them with `has(...)`)."""

    name: str
    fields: Mapping[str, Shape]
    optional: frozenset[str] = frozenset()

    def __hash__(self) -> int:
        return hash(self.name)


@dataclass(frozen=True)
class Many:
    """A list."""

    item: Shape


@dataclass(frozen=True)
class Table:
    """A map of texts to values."""

    item: Shape


Shape = Plain | Record | Many | Table

EVENT = Record("event", {"id": TEXT, "type": TEXT, "source": TEXT, "key": TEXT, "correlation": TEXT, "occurred_at": TIME})
"""The envelope as rules see it."""


@cache
def shape_of(model: type[Canonical]) -> Record:
    """The shape of a canonical object, from its Pydantic fields."""
    fields: dict[str, Shape] = {}
    optional = set()
    for name, info in model.model_fields.items():
        shape, may_be_absent = _shape(info.annotation)
        fields[name] = shape
        if may_be_absent:
            optional.add(name)
    return Record(model.schema_name or model.__name__, fields, frozenset(optional))


def _shape(annotation: Any) -> tuple[Shape, bool]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _shape(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        options = [each for each in get_args(annotation) if each is not types.NoneType]
        inner = _shape(options[0])[0] if len(options) == 1 else UNKNOWN
        return inner, len(options) < len(get_args(annotation))
    if origin in (tuple, list):
        return Many(_shape(get_args(annotation)[0])[0]), False
    if origin is dict:
        return Table(_shape(get_args(annotation)[1])[0]), False
    if origin is Literal:
        return TEXT, False
    if isinstance(annotation, type):
        if issubclass(annotation, Canonical):
            return shape_of(annotation), False
        for kind, shape in ((bool, TRUTH), (int, INTEGER), (str, TEXT), (Decimal, AMOUNT), (date, TIME)):
            if issubclass(annotation, kind):
                return shape, False
    return UNKNOWN, False
