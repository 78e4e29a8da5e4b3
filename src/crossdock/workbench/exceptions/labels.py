"""Business labels of fields, from the titles of the canonical schemas; other names are made readable."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crossdock.canonical.base import Canonical
from crossdock.canonical.schema import objects, schema_of

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")
COMMON = (
    gettext_noop("Number"), gettext_noop("Placed At"), gettext_noop("Customer"), gettext_noop("Ship To"), gettext_noop("Bill To"),
    gettext_noop("Name"), gettext_noop("Company"), gettext_noop("Street"), gettext_noop("Street2"), gettext_noop("City"),
    gettext_noop("Postal Code"), gettext_noop("Country"), gettext_noop("State"), gettext_noop("Phone"), gettext_noop("Email"),
    gettext_noop("Currency"), gettext_noop("Lines"), gettext_noop("Line"), gettext_noop("Sku"), gettext_noop("Quantity"),
    gettext_noop("Value"), gettext_noop("Unit"), gettext_noop("Unit Price"), gettext_noop("Amount"), gettext_noop("Discount"),
    gettext_noop("Tax"), gettext_noop("Total"), gettext_noop("Shipping"), gettext_noop("Note"), gettext_noop("Service Level"),
    gettext_noop("Carrier"), gettext_noop("Incoterm"), gettext_noop("Payment Status"), gettext_noop("Order Number"),
    gettext_noop("Order"), gettext_noop("Warehouse"), gettext_noop("Packages"), gettext_noop("Tracking Number"), gettext_noop("Document"),
    gettext_noop("Requested Ship Date"), gettext_noop("Prices Include Tax"), gettext_noop("Identifiers"), gettext_noop("Version"),
)  # fmt: skip
"""Titles that are translated; they are the schemas' own."""


@cache
def _titles() -> dict[str, str]:
    """Every field name of every canonical object with its title."""
    found: dict[str, str] = {}
    for kind in objects().values():
        _collect(kind, found)
    return found


def _collect(kind: type[Canonical], found: dict[str, str]) -> None:
    schema: dict[str, Any] = schema_of(kind)
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, field in part.get("properties", {}).items():
            found.setdefault(name, str(field.get("title") or readable(name)))


def readable(name: str) -> str:
    """A field's name as words: `postalCode`, `postal_code` and `POSTAL-CODE` are all `Postal Code`."""
    return " ".join(word[:1].upper() + word[1:] for word in _WORDS.findall(name)) or name


def label(path: str) -> str:
    """The label of a path: `order.lines.0.unit_price.amount` is `Order › Lines 1 › Unit Price › Amount`."""
    said: list[str] = []
    for part in path.split("."):
        if part.isdecimal() and said:
            said[-1] += f" {int(part) + 1}"
        else:
            said.append(str(_(_titles().get(part) or readable(part))))
    return " › ".join(said)
