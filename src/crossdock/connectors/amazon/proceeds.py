"""What the seller gets for an order, line by line, from the breakdowns Amazon states; knows no goods and no address.

Tax that Amazon collects and pays itself (a marketplace facilitator, a deemed reseller) is not the seller's: it is in no amount here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.connectors.document import Node

CHARGES: Final = ("SHIPPING", "GIFT_WRAP", "COD_FEE", "OTHER")
COLLECTED: Final = ("MARKETPLACE_FACILITATOR", "DEEMED_RESELLER")
ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Proceeds:
    """One line: `goods` before `discount`, as the buyer sees prices; `tax` on the goods; charges beside them with their tax."""

    goods: Decimal
    discount: Decimal
    tax: Decimal
    charges: Decimal
    charges_tax: Decimal
    collected_by_amazon: bool


@dataclass(frozen=True, slots=True)
class OrderProceeds:
    """The order: `charges` and `tax` are net and the seller's own; `total` is what the seller is owed."""

    currency: str
    lines: list[Proceeds]
    charges: Decimal
    tax: Decimal
    total: Decimal


def order_proceeds(order: Node, lines: list[Node], includes_tax: bool) -> OrderProceeds:
    """Add up the breakdowns of the lines. A currency that is missing or differs is noted once."""
    stated = order.child("proceeds")
    grand = stated.child("grandTotal") if stated else None
    currency = grand.text("currencyCode") if grand else ""
    found = [line_proceeds(line, includes_tax) for line in lines]
    currency = currency or next((code for line in lines if (code := _currency(line))), "")
    if not re.fullmatch("[A-Z]{3}", currency):
        order.wrong("proceeds.grandTotal.currencyCode", "is no ISO 4217 code" if currency else "is missing")
        currency = NO_CURRENCY
    inside = ZERO if not includes_tax else sum((one.charges_tax for one in found), ZERO)
    charges = sum((one.charges for one in found), ZERO) - inside
    tax = sum((one.tax + one.charges_tax for one in found if not one.collected_by_amazon), ZERO)
    goods = sum((one.goods - one.discount - (one.tax if includes_tax else ZERO) for one in found), ZERO)
    whole = goods + charges + tax
    foreign = any(one.collected_by_amazon for one in found)
    return OrderProceeds(currency, found, charges, tax, grand.amount("amount") if grand and not foreign else whole)


def line_proceeds(line: Node, includes_tax: bool) -> Proceeds:
    """The breakdown of one line; without one its unit price counts."""
    node = line.child("proceeds")
    parts = node.items("breakdowns") if node else []
    sums = dict.fromkeys(("ITEM", "TAX", "DISCOUNT", *CHARGES), ZERO)
    inner = {"TAX": dict.fromkeys(("ITEM", *CHARGES), ZERO), "DISCOUNT": dict.fromkeys(("ITEM", *CHARGES), ZERO)}
    for part in parts:
        kind = part.text("type", required=True)
        if kind not in sums:
            part.wrong("type", "is no kind of proceeds this mapping knows")
            continue
        sums[kind] += _amount(part, "subtotal")
        for detail in part.items("detailedBreakdowns") if kind in inner else ():
            subtype = detail.text("subtype")
            if subtype in inner[kind]:
                inner[kind][subtype] += abs(_amount(detail, "value"))
    goods = sums["ITEM"] if any(part.raw("type") == "ITEM" for part in parts) else _price(line)
    tax, discount = abs(sums["TAX"]), abs(sums["DISCOUNT"])
    charges_tax = sum((inner["TAX"][name] for name in CHARGES), ZERO)
    off_charges = sum((inner["DISCOUNT"][name] for name in CHARGES), ZERO)
    charges = sum((sums[name] for name in CHARGES), ZERO) - off_charges
    return Proceeds(goods, discount - off_charges, tax - charges_tax, charges, charges_tax, _collected(line))


def _collected(line: Node) -> bool:
    tax = line.child("tax")
    return any(one.text("model") in COLLECTED for one in tax.items("taxCollections")) if tax else False


def _amount(node: Node, key: str) -> Decimal:
    money = node.child(key)
    if money is None:
        node.wrong(key, "is missing")
        return ZERO
    return money.amount("amount", required=True)


def _price(line: Node) -> Decimal:
    product = line.child("product")
    price = product.child("price") if product else None
    if price is None:
        line.wrong("proceeds.breakdowns", "states no price, and there is no unit price either")
        return ZERO
    return _amount(price, "unitPrice") * (line.decimal("quantityOrdered") or ZERO)


def _currency(line: Node) -> str:
    proceeds = line.child("proceeds")
    total = proceeds.child("proceedsTotal") if proceeds else None
    if total is not None:
        return total.text("currencyCode")
    product = line.child("product")
    price = product.child("price") if product else None
    unit = price.child("unitPrice") if price else None
    return unit.text("currencyCode") if unit else ""
