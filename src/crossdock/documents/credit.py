"""Amounts of invoices: rounding, and the signs of what gives money back; knows no standard."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.codes import MINOR_UNITS
from crossdock.canonical.invoice import TOTALS
from crossdock.documents.drafts import Draft


def round_to(amount: Decimal, currency: str | None) -> Decimal:
    """To the currency's minor unit, halves away from zero."""
    places = MINOR_UNITS.get(currency or "", 2)
    return amount.quantize(Decimal(1).scaleb(-places), "ROUND_HALF_UP")


def turn(draft: Draft) -> None:
    """Turn the signs of a document whose total is below zero: it gives money back."""
    for line in draft["lines"]:
        if "quantity" in line:
            line["quantity"] = {**line["quantity"], "value": -line["quantity"]["value"]}
        if "net_amount" in line:
            line["net_amount"] = {**line["net_amount"], "amount": -line["net_amount"]["amount"]}
        if "unit_price" in line and line.get("quantity", {}).get("value", 0) < 0 and line["unit_price"]["amount"] < 0:
            # the sender signed the price, not the quantity
            line["unit_price"] = {**line["unit_price"], "amount": -line["unit_price"]["amount"]}
            line["quantity"] = {**line["quantity"], "value": -line["quantity"]["value"]}
        _turn_allowances(line)
    _turn_allowances(draft)
    for tax in draft.get("taxes", ()):
        for name in ("taxable", "tax"):
            tax[name] = {**tax[name], "amount": -tax[name]["amount"]}
    for name in TOTALS:
        if name in draft:
            draft[name] = {**draft[name], "amount": -draft[name]["amount"]}


def _turn_allowances(holder: Draft) -> None:
    for each in holder.get("allowances", ()):
        each["charge"] = not each["charge"]
