"""Paths into canonical objects (`lines[].unit_price`): resolved against the model once, then read and cleared fast; knows no owner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic.fields import FieldInfo

from crossdock.canonical.base import Canonical
from crossdock.canonical.structure import inside

_IDENTITIES = ("number", "sku", "reference", "id")


@dataclass(frozen=True, slots=True)
class FieldPath:
    """One field somewhere in a canonical object. `names` are attribute names from the root; `many` says which of them are lists.

    `default` is what the field holds when nobody said anything; `required` says that there is no such value.
    """

    names: tuple[str, ...]
    many: tuple[bool, ...]
    default: Any
    required: bool

    def __str__(self) -> str:
        return ".".join(name + ("[]" if many else "") for name, many in zip(self.names, self.many, strict=True))

    def values(self, root: Canonical) -> dict[str, Any]:
        """What `root` says here: place -> value, without places where nothing is said.

        Items of a list are named by their own number, SKU or reference, so that the same item of two versions has the same place.
        """
        found: dict[str, Any] = {}
        self._collect(root, 0, "", found)
        return found

    def _collect(self, node: Any, depth: int, place: str, found: dict[str, Any]) -> None:
        name = self.names[depth]
        value = getattr(node, name)
        place = f"{place}.{name}" if place else name
        last = depth + 1 == len(self.names)
        if last:
            if value is not None and (self.required or value != self.default):
                found[place] = value
        elif self.many[depth]:
            for index, item in enumerate(value):
                self._collect(item, depth + 1, f"{place}[{_identity(item, index)}]", found)
        elif value is not None:
            self._collect(value, depth + 1, place, found)

    def cleared(self, root: Canonical, depth: int = 0) -> Canonical:
        """`root` with nothing said here. Raises ValueError for a required field."""
        if self.required:
            raise ValueError(f"{self} is required and cannot be left out")
        name = self.names[depth]
        if depth + 1 == len(self.names):
            return root.model_copy(update={name: self.default})
        value = getattr(root, name)
        if value is None:
            return root
        if self.many[depth]:
            return root.model_copy(update={name: tuple(self.cleared(item, depth + 1) for item in value)})
        return root.model_copy(update={name: self.cleared(value, depth + 1)})


def resolve(model: type[Canonical], path: str) -> FieldPath:
    """The field at `path` of `model`; list brackets may be left out. Raises ValueError naming the part that does not exist."""
    names = tuple(part.removesuffix("[]") for part in path.split("."))
    many: list[bool] = []
    here: type[Canonical] | None = model
    for name in names:
        found: FieldInfo | None = here.model_fields.get(name) if here is not None else None
        if found is None:
            raise ValueError(f"{path!r}: {here.schema_name if here else 'a plain value'} has no field {name!r}")
        info = found
        here, is_list = inside(info.annotation)
        many.append(is_list)
    return FieldPath(
        names, tuple(many), None if info.is_required() else info.get_default(call_default_factory=True), info.is_required()
    )


def expand(model: type[Canonical], taken: frozenset[tuple[str, ...]], prefix: tuple[str, ...] = ()) -> Iterator[str]:
    """The paths that together cover `model` except the fields in `taken` (tuples of names) and what is below them."""
    for name, info in model.model_fields.items():
        here = (*prefix, name)
        if here in taken:
            continue
        if any(other[: len(here)] == here for other in taken):
            nested, _ = inside(info.annotation)
            if nested is not None:
                yield from expand(nested, taken, here)
                continue
        yield ".".join(here)


def _identity(item: Any, index: int) -> str:
    for name in _IDENTITIES:
        value = getattr(item, name, None)
        if value:
            return str(value)
    return str(index)
