"""Which calls of Odoo a credential may make: (model, method) pairs, checked before a call leaves; knows no wire format.

Odoo's groups are too coarse (an invoicing user validates transfers), so the hub keeps its own list.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from crossdock.core.errors import CallNotAllowed

_READ_MODELS: Final = (
    "account.incoterms",
    "account.journal",
    "account.move",
    "account.move.line",
    "account.payment",
    "account.tax",
    "delivery.carrier",
    "product.pricelist",
    "product.product",
    "product.supplierinfo",
    "purchase.order",
    "purchase.order.line",
    "res.company",
    "res.country",
    "res.country.state",
    "res.currency",
    "res.partner",
    "res.users.apikeys",
    "sale.order",
    "sale.order.line",
    "stock.location",
    "stock.lot",
    "stock.move",
    "stock.move.line",
    "stock.picking",
    "stock.picking.type",
    "stock.quant",
    "stock.warehouse",
    "uom.uom",
)
_READ_METHODS: Final = ("search_read", "read", "search", "get_external_id")

READ: Final = frozenset(f"{model}/{method}" for model in _READ_MODELS for method in _READ_METHODS) | {
    "ir.model.data/check_object_reference",
    "res.users/context_get",
    "res.users/read",
    "stock.quant/formatted_read_group",
    "product.product/fields_get",
    "stock.move.line/fields_get",
    "crossdock.outbox/changes_after",
    "mail.message/search",
    "mail.message/get_external_id",
}
ORDERS: Final = frozenset(
    {
        "res.partner/load",
        "sale.order/load",
        "sale.order/write",
        "sale.order/action_confirm",
        "sale.order/action_cancel",
        "sale.order.line/load",
    }
)
LOGISTICS: Final = frozenset(
    {
        "stock.picking/load",
        "stock.picking/write",
        "stock.picking/action_confirm",
        "stock.picking/button_validate",
        "stock.picking/action_cancel",
        "stock.move/load",
        "stock.move/write",
        "stock.move.line/load",
        "stock.package/load",
        "stock.lot/load",
        "stock.quant/action_view_inventory",
        "stock.quant/create",
        "stock.quant/action_apply_inventory",
        "stock.quant/action_clear_inventory_quantity",
        "mail.message/load",
    }
)
PURCHASES: Final = frozenset({"purchase.order/write"})
FINANCE: Final = frozenset(
    {
        "account.move/load",
        "account.move/write",
        "account.move/action_post",
        "account.move/js_assign_outstanding_line",
        "account.payment/load",
        "account.payment/action_post",
    }
)
VALUATION: Final = frozenset(
    f"stock.landed.cost/{method}"
    for method in ("search", "read", "get_external_id", "load", "compute_landed_cost", "button_validate")
)
"""Readings too: only an inventory administrator sees landed costs at all."""
KEYS: Final = frozenset({"res.users.apikeys/generate", "res.users.apikeys/revoke"})
"""To renew the hub's own keys; Odoo asks for the present key besides."""
DEFAULT: Final = READ | ORDERS | LOGISTICS | PURCHASES | FINANCE | VALUATION | KEYS
"""What the connector needs, and nothing else."""

PURPOSES: Final[Mapping[str, frozenset[str]]] = {
    "read_key": READ,
    "orders_key": ORDERS,
    "logistics_key": LOGISTICS,
    "purchase_key": PURCHASES,
    "finance_key": FINANCE,
    "valuation_key": VALUATION,
}
"""Credentials a landscape may give beside `api_key`, each with the calls it is used for."""

_CREATING: Final = frozenset({"create", "copy", "name_create", "unlink"})


def forbidden(model: str, method: str, arguments: Mapping[str, Any]) -> str:
    """Why a call is never made whatever the list says; empty when nothing speaks against it.

    Records are created by `load` under the hub's external ids only, because nothing else is safe to repeat; the exception is the
    counting row of an inventory adjustment, which Odoo itself reuses. Quantities are never written past stock moves.
    """
    if model == "stock.quant" and method == "write":
        return "writing stock quants changes stock without a stock move"
    if method in _CREATING:
        if (model, method) != ("stock.quant", "create"):
            return f"{method} is not safe to repeat; records are made by load with external ids"
        if any("quantity" in row for row in arguments.get("vals_list", ())):
            return "a quant's quantity is set by counting, never directly"
    if (model, method) == ("account.move", "write") and set(arguments.get("vals", ())) - {"invoice_date"}:
        return "of a paper in the books only the date of a draft is written"
    if method.startswith("_"):
        return "private methods are no interface"
    return ""


def check(model: str, method: str, arguments: Mapping[str, Any], allowed: Collection[str]) -> None:
    """Raises `CallNotAllowed` unless `model/method` is allowed; an empty `allowed` means the default list."""
    name = f"{model}/{method}"
    reason = forbidden(model, method, arguments)
    if reason:
        raise CallNotAllowed(f"the hub never calls {name}: {reason}", call=name)
    if name not in (allowed or DEFAULT):
        raise CallNotAllowed(f"{name} is not in the allow-list of this system", call=name)


def purpose_of(model: str, method: str, available: Collection[str]) -> str:
    """The credential to use: the one meant for this call when the landscape has it, else `api_key`."""
    name = f"{model}/{method}"
    for purpose, calls in PURPOSES.items():
        if purpose in available and name in calls:
            return purpose
    return "api_key"
