"""A canonical sales order as rows of `sale.order/load`, and what Odoo made of it compared with the source; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.order import OrderLine, SalesOrder
from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.values import number, places, rounded, to_odoo

SHIPPING: Final = "shipping"
"""Name of the freight line in external ids."""

_HEAD: Final = (
    "id",
    "partner_id/.id",
    "partner_shipping_id/.id",
    "partner_invoice_id/.id",
    "client_order_ref",
    "origin",
    "date_order",
    "commitment_date",
    "note",
)
LINE_COLUMNS: Final = ("id", "product_id/.id", "name", "product_uom_qty", "product_uom_id/.id", "price_unit", "discount")
_CENT_OF_PERCENT: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class OrderPlan:
    """Everything needed to write one order: `units` are unit ids by line number, `extra` further head columns with their values."""

    key: str
    order: SalesOrder
    partners: Mapping[str, int]
    items: Mapping[str, Item]
    units: Mapping[str, int]
    extra: Mapping[str, str]
    freight: Item | None = None


def line_key(line_number: str) -> str:
    """The line number as it stands in an external id; a line that is itself called `shipping` does not meet the freight line."""
    return f"#{line_number}" if line_number.lstrip("#") == SHIPPING else line_number


def line_number(key: str) -> str:
    """The inverse of `line_key`; empty for the freight line."""
    if key == SHIPPING:
        return ""
    return key[1:] if key.startswith("#") and key.lstrip("#") == SHIPPING else key


def price_and_discount(line: OrderLine) -> tuple[Decimal, Decimal]:
    """Unit price and discount percentage that give exactly the line's amount.

    Odoo rounds percentages to two places and keeps prices unrounded, so a discount that is no such percentage goes into the price.
    """
    price, quantity = line.unit_price.amount, line.quantity.value
    if line.discount is None or not line.discount.amount:
        return price, Decimal(0)
    gross = price * quantity
    if gross:
        percent = (line.discount.amount * 100 / gross).quantize(_CENT_OF_PERCENT)
        if gross * percent / 100 == line.discount.amount and 0 <= percent <= 100:
            return price, percent
    return (gross - line.discount.amount) / quantity, Decimal(0)


def columns(plans: Sequence[OrderPlan]) -> list[str]:
    """The columns for these orders: head, the extra ones any of them needs, lines."""
    extra = list(dict.fromkeys(name for plan in plans for name in plan.extra))
    return [*_HEAD, *extra, *(f"order_line/{name}" for name in LINE_COLUMNS)]


def rows(ids: ExternalIds, plan: OrderPlan, names: Sequence[str]) -> list[list[str]]:
    """The rows of one order under the columns `names`: the first carries the head, the rest only lines."""
    order = plan.order
    head = {
        "id": ids.order(plan.key),
        "partner_id/.id": str(plan.partners["customer"]),
        "partner_shipping_id/.id": str(plan.partners["ship_to"]),
        "partner_invoice_id/.id": str(plan.partners.get("bill_to", plan.partners["customer"])),
        "client_order_ref": order.number,
        "origin": plan.key,
        "date_order": to_odoo(order.placed_at),
        "commitment_date": to_odoo(order.requested_ship_date) if order.requested_ship_date else "",
        "note": order.note,
        **plan.extra,
    }
    width = len(names) - len(LINE_COLUMNS)
    blank = [""] * width
    lines = [_line(ids, plan, line) for line in order.lines]
    if plan.freight is not None and order.shipping is not None and order.shipping.amount:
        lines.append(_freight(ids, plan, plan.freight, order.shipping.amount))
    first = [head.get(name, "") for name in names[:width]]
    return [[*(first if at == 0 else blank), *line] for at, line in enumerate(lines)]


def line_cells(ids: ExternalIds, key: str, line: OrderLine, item: Item, unit: int) -> list[str]:
    """The cells of one line under `LINE_COLUMNS`."""
    price, discount = price_and_discount(line)
    return [
        ids.order_line(key, line_key(line.number)),
        str(item.id),
        line.name or item.name,
        number(line.quantity.value),
        str(unit),
        number(price),
        number(discount),
    ]


def _line(ids: ExternalIds, plan: OrderPlan, line: OrderLine) -> list[str]:
    item = plan.items[line.sku]
    return line_cells(ids, plan.key, line, item, plan.units.get(line.number, item.uom))


def _freight(ids: ExternalIds, plan: OrderPlan, item: Item, amount: Decimal) -> list[str]:
    return [ids.order_line(plan.key, SHIPPING), str(item.id), item.name, "1", str(item.uom), number(amount), "0"]


def differences(
    order: SalesOrder, head: Mapping[str, Any], lines: Mapping[str, Mapping[str, Any]], unit: Decimal, tolerance: Decimal
) -> list[dict[str, str]]:
    """Where Odoo's order differs from the source: quantities (Odoo rounds them silently), line amounts, shipping, tax and total.

    `lines` are Odoo's lines by line number (`shipping` for the freight line), `unit` the currency's rounding, `tolerance` how many such
    units each line may be off: totals are never recomputed from lines, because Odoo may round taxes globally.
    """
    found: list[dict[str, str]] = []

    def compare(field: str, expected: Decimal, there: Decimal, allowed: Decimal) -> None:
        if abs(expected - there) > allowed:
            found.append({"field": field, "expected": number(expected), "found": number(there)})

    digits = places(unit)
    each = unit * tolerance
    for line in order.lines:
        there = lines.get(line.number, {})
        compare(f"lines.{line.number}.quantity", line.quantity.value, rounded(there.get("product_uom_qty"), 6), Decimal(0))
        amount = line.unit_price.amount * line.quantity.value - (line.discount.amount if line.discount else Decimal(0))
        compare(f"lines.{line.number}.amount", rounded(amount, digits), rounded(there.get("price_subtotal"), digits), each)
    if order.shipping is not None:
        compare("shipping", order.shipping.amount, rounded(lines.get(SHIPPING, {}).get("price_subtotal"), digits), each)
    allowed = each * len(lines)
    if order.tax is not None:
        compare("tax", order.tax.amount, rounded(head["amount_tax"], digits), allowed)
    compare("total", order.total.amount, rounded(head["amount_total"], digits), allowed)
    return found
