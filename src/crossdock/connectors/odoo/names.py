"""What models and fields were called before Odoo 19; the rest of the connector speaks 19 only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

NEWEST: Final = 19

_MODELS: Final[Mapping[str, tuple[int, str]]] = {"stock.package": (18, "stock.quant.package")}
"""Name in 19 -> (last version with the old name, old name)."""

_FIELDS: Final[Mapping[tuple[str, str], tuple[int, str | None]]] = {
    ("sale.order.line", "product_uom_id"): (18, "product_uom"),
    ("sale.order.line", "tax_ids"): (18, "tax_id"),
    ("purchase.order", "note"): (18, "notes"),
    ("purchase.order", "locked"): (18, None),
    ("purchase.order.line", "product_uom_id"): (18, "product_uom"),
    ("purchase.order.line", "tax_ids"): (18, "taxes_id"),
    ("stock.move", "inventory_name"): (18, "name"),
    ("stock.move", "quantity"): (16, "quantity_done"),
    ("stock.move", "picked"): (16, None),
    ("stock.move.line", "quantity"): (16, "qty_done"),
    ("stock.move.line", "picked"): (16, None),
    ("res.users.apikeys", "expiration_date"): (17, None),
    ("account.payment", "memo"): (17, "ref"),
    ("account.payment", "invoice_ids"): (17, None),
    ("res.company", "user_fiscalyear_lock_date"): (17, "fiscalyear_lock_date"),
    ("res.company", "user_hard_lock_date"): (17, None),
    ("stock.picking", "return_id"): (16, None),
}
"""(model, field in 19) -> (last version with the old name, old name or None where there was no such field)."""

_RELATIONS: Final[Mapping[tuple[str, str], str]] = {
    ("sale.order", "order_line"): "sale.order.line",
    ("purchase.order", "order_line"): "purchase.order.line",
    ("stock.picking", "move_ids"): "stock.move",
    ("account.move", "invoice_line_ids"): "account.move.line",
}


class Names:
    """Translates names between Odoo 19 and the version in front of us (16, 17, 18 or later)."""

    def __init__(self, major: int) -> None:
        self.major = major

    @property
    def current(self) -> bool:
        """Whether nothing needs translating."""
        return self.major >= NEWEST

    def model(self, name: str) -> str:
        """The model's name in this version."""
        until, old = _MODELS.get(name, (0, name))
        return old if self.major <= until else name

    def field(self, model: str, name: str) -> str | None:
        """The field's name in this version; None when it has no such field. Paths (`order_line/tax_ids/.id`) are followed."""
        head, slash, rest = name.partition("/")
        until, old = _FIELDS.get((model, head), (0, head))
        here = old if self.major <= until else head
        if here is None or not slash:
            return here
        inner = self.field(_RELATIONS.get((model, head), ""), rest)
        return None if inner is None else f"{here}/{inner}"

    def values(self, model: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """A record's values under the names of this version; fields it does not have are left out."""
        named = ((self.field(model, name), value) for name, value in values.items())
        return {name: value for name, value in named if name is not None}

    def domain(self, model: str, domain: Sequence[Any]) -> list[Any]:
        """A search domain under the names of this version."""
        return [part if isinstance(part, str) else [self.field(model, part[0]) or part[0], *part[1:]] for part in domain]

    def arguments(self, model: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """A call's named arguments under the names of this version. Columns of `load` without a field here are cut out of the data."""
        sent = dict(arguments)
        if "domain" in sent:
            sent["domain"] = self.domain(model, sent["domain"])
        if "vals" in sent:
            sent["vals"] = self.values(model, sent["vals"])
        if "vals_list" in sent:
            sent["vals_list"] = [self.values(model, row) for row in sent["vals_list"]]
        if "fields" in sent:
            named = [self.field(model, name) for name in sent["fields"]]
            if "data" in sent:
                kept = [at for at, name in enumerate(named) if name is not None]
                sent["data"] = [[row[at] for at in kept] for row in sent["data"]]
            sent["fields"] = [name for name in named if name is not None]
        return sent

    def rows(self, model: str, asked: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Records read from this version under the names of 19; what it does not have reads as False, as Odoo says "not set"."""
        back = {name: self.field(model, name) for name in asked}
        return [{"id": row["id"], **{name: row[here] if here else False for name, here in back.items()}} for row in rows]
