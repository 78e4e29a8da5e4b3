"""Hides protected fields of payloads from those who may not see them: by path in canonical documents, by name in foreign ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

MASKED: Final = "•••"
"""What stands where a value is hidden."""
_ADDRESS: Final = frozenset(
    {
        "address", "address1", "address2", "addressline", "addressline1", "addressline2", "addressline3", "street", "street1", "street2",
        "zip", "zipcode", "postalcode", "postcode", "city", "cityname",
    }
)  # fmt: skip
"""Parts of an address that stands flat in a foreign document."""
_SYNONYMS: Final[Mapping[str, frozenset[str]]] = {
    "name": frozenset({"name", "firstname", "lastname", "fullname", "company", "contact", "contactname", "recipient"}),
    "email": frozenset({"email", "emailaddress", "mail", "contactemail"}),
    "phone": frozenset({"phone", "phonenumber", "telephone", "mobile"}),
    "ship_to": frozenset({"shipto", "shippingaddress", "shipping", "deliveryaddress", "delivery", "consignee", "receiver", "receiverdetails"})
    | _ADDRESS,
    "bill_to": frozenset({"billto", "billingaddress", "billing", "invoiceaddress"}) | _ADDRESS,
    "address": _ADDRESS,
    "unit_price": frozenset({"unitprice", "price", "priceset", "priceunit"}),
    "total": frozenset({"total", "totalprice", "totalamount", "grandtotal", "subtotal", "subtotalprice", "amounttotal", "totalpriceset"}),
    "cost": frozenset({"cost", "rate", "charge", "totalcharges"}),
}  # fmt: skip
"""Names under which foreign documents say what a canonical field says, without underscores and capitals."""


@dataclass(frozen=True, slots=True)
class Mask:
    """The protected paths somebody may not see (`order.customer.email`): the first part names the document's schema."""

    paths: tuple[tuple[str, ...], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.paths)

    def canonical(self, document: Any, schema: str) -> Any:
        """A canonical document of this schema with protected values hidden, also in documents it is part of; a copy.

        Of a schema nothing was said about, fields are hidden that have the name of a protected one elsewhere (`ship_to`, `email`).
        """
        rules = [path[1:] for path in self.paths if path[0] == schema]
        return _by_path(document, rules) if rules else _by_name(document, self._alike())

    def foreign(self, document: Any) -> Any:
        """A document of unknown shape: values under a name that may mean a protected field are hidden; a copy."""
        names = self._names()
        return _by_name(document, names) if names else document

    def hides(self, path: str, schema: str = "") -> bool:
        """Whether the value at a path (`lines.0.unit_price.amount`) is hidden; without a schema, by name."""
        parts = tuple(part for part in path.split(".") if not part.isdecimal())
        rules = [each[1:] for each in self.paths if each[0] == schema]
        if rules:
            return any(parts[: len(rule)] == rule for rule in rules)
        names = self._alike() if schema else self._names()
        return any(_plain(part) in names for part in parts)

    def _alike(self) -> frozenset[str]:
        """Names of protected fields that mean the same everywhere; a `name` may be that of an article."""
        return frozenset(_plain(path[-1]) for path in self.paths) - {"name"}

    def _names(self) -> frozenset[str]:
        found: set[str] = set()
        for path in self.paths:
            found |= {_plain(path[-1])} | _SYNONYMS.get(path[-1], frozenset())
        return frozenset(found)


def mask_for(classes: Mapping[str, Iterable[str]], seen: frozenset[str] | None) -> Mask:
    """The mask of somebody who may see these data classes; None is all. `classes` names the fields of each protected class."""
    if seen is None:
        return Mask()
    return Mask(
        tuple(sorted({tuple(path.split(".")) for name, fields in classes.items() if name not in seen for path in fields}))
    )


def _by_path(value: Any, rules: list[tuple[str, ...]]) -> Any:
    if any(not rule for rule in rules):
        return _hidden(value)
    if isinstance(value, list):
        return [_by_path(each, rules) for each in value]
    if isinstance(value, dict):
        return {
            name: _by_path(each, inner) if (inner := [rule[1:] for rule in rules if rule[0] == name]) else each
            for name, each in value.items()
        }
    return value


def _by_name(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [_by_name(each, names) for each in value]
    if isinstance(value, dict):
        table = _table(value)
        if table is not None:
            fields, rows = table
            hidden = [any(_plain(part) in names for part in field.split("/")) for field in fields]
            shown = [[_hidden(each) if hide else each for each, hide in zip(row, hidden, strict=True)] for row in rows]
            value = {**value, "data": shown}
        return {name: _hidden(each) if _plain(str(name)) in names else _by_name(each, names) for name, each in value.items()}
    return value


def _table(value: Mapping[str, Any]) -> tuple[list[str], list[list[Any]]] | None:
    """Names and rows of a document that says its names once and its values by place, as Odoo's `load` takes them."""
    fields, rows = value.get("fields"), value.get("data")
    if not (isinstance(fields, list) and isinstance(rows, list) and all(isinstance(each, str) for each in fields)):
        return None
    return (fields, rows) if all(isinstance(row, list) and len(row) == len(fields) for row in rows) else None


def _hidden(value: Any) -> Any:
    """The same structure with every value hidden; what is empty stays empty, so that a missing field can be seen to miss."""
    if isinstance(value, dict):
        return {name: _hidden(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_hidden(each) for each in value]
    return value if value in (None, "") or isinstance(value, bool) else MASKED


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()
