"""Customs: what a shipment that crosses a border must say, and which of it is missing; knows no carrier."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crossdock.processes.frame.states import Json
from crossdock.processes.order_to_fulfilment.documents import order_lines, plain
from crossdock.processes.order_to_fulfilment.rules import decimal
from crossdock.processes.order_to_fulfilment.settings import Product
from crossdock.processes.order_to_fulfilment.states import Shipment
from crossdock.processes.order_to_fulfilment.territories import declared
from crossdock.processes.order_to_fulfilment.work import Work

FACTS = ("hs_code", "origin_country", "weight_kg", "description", "value")
"""What may be known of a product: `weight_kg` and `value` (in the order's currency) are of one unit of it."""
_CENT = Decimal("0.01")


def incoterm(w: Work) -> str:
    """The Incoterm of the order, else of the flow."""
    return w.document()["incoterm"] or w.settings.incoterm


def crosses_border(w: Work) -> bool:
    """Whether the goods of this order are declared to customs. Without a warehouse country nothing is known to stay inside."""
    warehouse, to = w.warehouse(), w.document()["ship_to"]
    return warehouse.country is None or declared(warehouse.country, warehouse.postal_code, to["country"], to["postal_code"])


def declaration(w: Work, shipment: Shipment) -> tuple[list[Json], list[str]]:
    """The customs lines of a shipment and the names of what is missing: `incoterm`, `lines[2].hs_code`, `ship_from.country`.

    Facts are taken from what a person supplied or the ERP acknowledged, then from the flow's settings. The value is the price the
    customer pays without tax; goods without a price still need a value. Nothing is missing when no border is crossed.
    """
    if not crosses_border(w):
        return [], []
    if w.warehouse().country is None:
        return [], ["ship_from.country"]
    missing = [] if incoterm(w) else ["incoterm"]
    lines: list[Json] = []
    ordered = order_lines(w.document())
    for picked in shipment.lines:
        number, sku = picked["order_line"], picked["sku"]
        ours = w.customs.get(sku, {})
        product = w.settings.products.get(sku) or Product()
        quantity = Decimal(picked["quantity"]["value"])
        value = _stated(ours, quantity, w) or _value(ordered.get(number), quantity)
        weight = ours.get("weight_kg") or (plain(product.weight_kg) if product.weight_kg is not None else "")
        made: Json = {
            "sku": sku,
            "description": ours.get("description")
            or product.description
            or (ordered[number]["name"] if number in ordered else ""),
            "quantity": picked["quantity"],
            "hs_code": ours.get("hs_code") or product.hs_code,
            "origin_country": ours.get("origin_country") or product.origin_country,
            "value": value,
            "weight_kg": plain(Decimal(weight) * quantity) if weight else None,
        }
        lines.append(made)
        missing += [f"lines[{number}].{name}" for name in ("hs_code", "origin_country", "value") if not made[name]]
    return lines, list(dict.fromkeys(missing))


def _stated(facts: Mapping[str, str], quantity: Decimal, w: Work) -> Json | None:
    """The value that was stated for the product itself."""
    if "value" not in facts:
        return None
    amount = (Decimal(facts["value"]) * quantity).quantize(_CENT, ROUND_HALF_UP)
    return {"amount": plain(amount), "currency": w.document()["currency"]}


def supplied(w: Work, sku: str, facts: Mapping[str, Any]) -> None:
    """Keep what was said of a product, as far as it can be read: texts, and positive decimals for weight and value."""
    kept = {name: str(facts[name]) for name in FACTS if facts.get(name) and isinstance(facts[name], (str, int))}
    for name in ("weight_kg", "value"):
        number = decimal(kept.get(name))
        if number is None or number <= 0:
            kept.pop(name, None)
    w.customs = {**w.customs, sku: {**w.customs.get(sku, {}), **kept}}


def _value(line: Json | None, quantity: Decimal) -> Json | None:
    """What the customer pays for this quantity of an order line; a line's discount is spread over its quantity."""
    if line is None:
        return None
    amount = Decimal(line["unit_price"]["amount"]) * quantity
    if line["discount"]:
        amount -= Decimal(line["discount"]["amount"]) * quantity / Decimal(line["quantity"]["value"])
    amount = amount.quantize(_CENT, ROUND_HALF_UP)
    return {"amount": plain(amount), "currency": line["unit_price"]["currency"]} if amount > 0 else None
