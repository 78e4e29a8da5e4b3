"""What canonical classes are made of: which fields hold other canonical objects; read from their annotations once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from crossdock.canonical.base import Canonical


@cache
def nested(kind: type[Canonical]) -> Mapping[str, tuple[type[Canonical], bool]]:
    """Field -> the canonical class it holds, and whether it holds several (a tuple)."""
    found: dict[str, tuple[type[Canonical], bool]] = {}
    for name, info in kind.model_fields.items():
        inner, many = inside(info.annotation)
        if inner is not None:
            found[name] = (inner, many)
    return found


def inside(annotation: Any) -> tuple[type[Canonical] | None, bool]:
    """The canonical class inside an annotation (also optional or in a tuple), and whether it is a list."""
    origin = get_origin(annotation)
    if origin in {Union, UnionType}:
        options = [option for option in get_args(annotation) if option is not NoneType]
        return inside(options[0]) if len(options) == 1 else (None, False)
    if origin is tuple:
        inner, _ = inside(get_args(annotation)[0])
        return inner, True
    if isinstance(annotation, type) and issubclass(annotation, Canonical):
        return annotation, False
    return None, False
