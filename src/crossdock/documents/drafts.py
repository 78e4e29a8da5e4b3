"""Canonical objects being put together, field by field, before they are validated once at the end; knows no syntax."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

Draft = dict[str, Any]
"""A canonical object being put together, by field names."""
Path = tuple[str | int, ...]
"""Where in a draft something is: `("lines", 3)`."""


def fill(draft: Draft, facts: Iterable[tuple[str, Any]]) -> None:
    """Put into a draft what was found; what is None was not in the document, and its field keeps its default."""
    for name, value in facts:
        if value is not None:
            draft[name] = value


def refer(draft: Draft, fields: Mapping[str, str], qualifier: str, value: str, scheme: str) -> None:
    """A reference: one that `fields` names fills its field, the first of its kind; any other becomes an identifier `<scheme>:<qualifier>`."""
    field = fields.get(qualifier)
    if field is not None and field not in draft:
        draft[field] = value
    elif qualifier:
        draft.setdefault("identifiers", []).append({"scheme": f"{scheme}:{qualifier.lower()}", "value": value})


def money(amount: Decimal, currency: str | None) -> Draft:
    """An amount of a draft."""
    return {"amount": amount, "currency": currency}


def party(name: str, gln: str = "") -> Draft:
    """A party of which the agreement knows name and GLN, and the document said nothing."""
    return {"name": name, "identifiers": [{"scheme": "gln", "value": gln}] if gln else []}
