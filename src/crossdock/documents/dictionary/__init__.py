"""The field dictionary: where every canonical field of procurement, freight and payout documents is in UBL, X12, EDIFACT and EN 16931. Data and its reader.

A place is one that our mapping reads (writes, for what a warehouse is to expect and a carrier to take); the tests change it in a document and see that field change.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from crossdock.canonical.base import Canonical
from crossdock.canonical.structure import nested
from crossdock.documents.places import parse_place

_VALUES = frozenset({"money", "quantity", "identifier"})
"""Objects that are values to the dictionary: a price is one field, not an amount and a currency."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One canonical field: `x12` and `edifact` hold the places by document type, `ubl` the path, `en16931` business terms or groups."""

    schema: str
    field: str
    ubl: str
    x12: Mapping[str, Sequence[str]]
    edifact: Mapping[str, Sequence[str]]
    en16931: Sequence[str]

    def places(self, standard: str) -> Mapping[str, Sequence[str]]:
        """The places in one of the two standards, by document type."""
        return self.x12 if standard == "x12" else self.edifact


@cache
def entries() -> Mapping[tuple[str, str], Entry]:
    """All entries by schema and field. Raises ValueError for a place that is none."""
    text = files("crossdock.documents.dictionary").joinpath("fields.csv").read_text("utf-8")
    found: dict[tuple[str, str], Entry] = {}
    for row in csv.DictReader(text.splitlines()):
        key = (row["schema"], row["field"])
        if key in found:
            raise ValueError(f"{'.'.join(key)} is in the dictionary twice")
        terms = tuple(row["en16931"].split())
        found[key] = Entry(*key, row["ubl"], _places(row["x12"]), _places(row["edifact"]), terms)
    return found


def _places(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (each.strip() for each in text.split(";"))):
        type, _, place = part.partition(" ")
        parse_place(place)
        found[type] = (*found.get(type, ()), place)
    return found


def owner(kind: type[Canonical], path: Sequence[str | int]) -> tuple[str, str] | None:
    """The schema and field that a path in an object ends in: `("purchase_order_line", "quantity")` for `lines.0.quantity.value`."""
    found: tuple[str, str] | None = None
    for part in path:
        if not isinstance(part, str):
            continue
        if part not in kind.model_fields:
            break
        found = (kind.schema_name, part)
        inner = nested(kind).get(part)
        if inner is None or inner[0].schema_name in _VALUES:
            break
        kind = inner[0]
    return found


def place_of(kind: type[Canonical], path: Sequence[str | int], standard: str, document: str) -> str:
    """Where a document says a field, in its own notation; empty when it does not."""
    key = owner(kind, path)
    entry = entries().get(key) if key is not None else None
    return (entry.places(standard).get(document) or ("",))[0] if entry is not None else ""
