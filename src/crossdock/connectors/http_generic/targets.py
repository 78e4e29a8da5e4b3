"""Checks overlay targets against the canonical schema they fill: a target that does not exist would lose data silently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from crossdock.overlay.rules import FieldRule


def is_text_target(model: type[BaseModel], path: str) -> bool:
    """Whether the field at a dotted path of `model` (through lists) holds text."""
    kinds: list[Any] = [model]
    for name in path.split("."):
        kinds = [field for kind in kinds if (field := _field(kind, name)) is not None]
        kinds = [leaf for kind in kinds for leaf in _leaves(kind)]
    return bool(kinds) and all(kind is str or isinstance(kind, str) for kind in kinds)


def unknown_targets(model: type[BaseModel], fields: Mapping[str, FieldRule], prefix: str = "") -> Iterator[str]:
    """A message for every target that `model` does not have, with the nearest name it has."""
    for target, rule in fields.items():
        path = f"{prefix}{target}"
        missing = _missing(model, path)
        if missing is not None:
            yield missing
        elif rule.fields is not None:
            yield from unknown_targets(model, rule.fields, f"{path}.")


def missing_targets(model: type[BaseModel], fields: Mapping[str, FieldRule]) -> list[str]:
    """Required fields of `model` that nothing fills."""
    filled = {target.split(".")[0] for target in fields}
    return [name for name, field in model.model_fields.items() if field.is_required() and name not in filled]


def _missing(model: type[BaseModel], path: str) -> str | None:
    kinds: list[Any] = [model]
    walked = ""
    for name in path.split("."):
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if not models:
            return f"{path}: {walked or model.__name__} has no fields of its own"
        found = [field for kind in models if (field := _field(kind, name)) is not None]
        if not found:
            known = sorted({field for kind in models for field in kind.model_fields})
            near = get_close_matches(name, known, 1)
            return f"{path}: {models[0].__name__} has no field {name!r}; " + (
                f"did you mean {near[0]!r}?" if near else f"it has {', '.join(known)}"
            )
        kinds = [leaf for annotation in found for leaf in _leaves(annotation)]
        walked = f"{walked}.{name}".lstrip(".")
    return None


def _field(kind: Any, name: str) -> Any:
    if isinstance(kind, type) and issubclass(kind, BaseModel) and name in kind.model_fields:
        return kind.model_fields[name].annotation
    return None


def _leaves(annotation: Any) -> Iterator[Any]:
    """The classes in an annotation, through Optional, Union, Annotated and tuples; the values of a Literal."""
    origin = get_origin(annotation)
    if origin is None:
        if annotation not in (type(None), Ellipsis):
            yield annotation
    elif origin is Literal:
        yield from get_args(annotation)
    elif origin in (Union, UnionType, tuple, list):
        for inner in get_args(annotation):
            if inner is not type(None) and inner is not Ellipsis:
                yield from _leaves(inner)
    else:  # Annotated
        yield from _leaves(get_args(annotation)[0])
