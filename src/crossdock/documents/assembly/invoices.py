"""Invoices and credit notes: what their lines come to, which of them give money back, and the event they become."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from crossdock.canonical.invoice import Invoice
from crossdock.documents.assembly.standing import STANDING
from crossdock.documents.credit import round_to, turn
from crossdock.documents.drafts import Draft, money
from crossdock.documents.mapping import Mapped
from crossdock.documents.order_references import order_references
from crossdock.documents.order_totals import adjustment
from crossdock.documents.reading import Reading


def line_gross(quantity: Draft | None, each: Decimal | None) -> Decimal | None:
    """Quantity by the price of one unit; None where either is not stated."""
    return quantity["value"] * each if quantity is not None and each is not None else None


def state_net(line: Draft, stated: Decimal | None, gross: Decimal | None, currency: str | None) -> None:
    """A line's net amount: as the document states it, else worked out of quantity, price, allowances and charges."""
    if stated is None and gross is not None:
        stated = round_to(gross + adjustment(line.get("allowances", ())), currency)
    if stated is not None:
        line["net_amount"] = money(stated, currency)


def lines_net(draft: Draft) -> Decimal:
    """What all lines come to. An order that the head names is the order of all lines, and not said again in them."""
    for line in draft["lines"]:
        if line.get("order_number") == draft.get("order_number"):
            line.pop("order_number", None)
    return sum((line["net_amount"]["amount"] for line in draft["lines"] if "net_amount" in line), Decimal(0))


def tax_row(category: str, percent: Decimal | None, taxable: Decimal, amount: Decimal, currency: str | None) -> dict[str, Any]:
    """One row of the tax breakdown."""
    return {"category": category, "percent": percent, "taxable": money(taxable, currency), "tax": money(amount, currency)}


def tax_sum(taxes: list[dict[str, Any]]) -> Decimal:
    """What a tax breakdown comes to."""
    return sum((each["tax"]["amount"] for each in taxes), Decimal(0))


def gives_back(draft: Draft, *, credit: bool) -> bool:
    """Whether the document is a credit note: it says so, or what is to be paid is below zero; then its amounts are turned positive."""
    if "payable" in draft and draft["payable"]["amount"] < 0:
        turn(draft)
        return True
    return credit


def invoiced(reading: Reading, draft: Draft, *, duplicate: bool, at: datetime | None = None) -> list[Mapped]:
    """The event `supplier_invoice.received`, leading to every order that head and lines name."""
    invoice = reading.finish(Invoice, draft)
    return [
        Mapped(
            "supplier_invoice.received",
            invoice,
            order_references(invoice.order_number, *(line.order_number for line in invoice.lines)),
            number=invoice.number,
            purpose="duplicate" if duplicate else STANDING[invoice.purpose],
            occurred_at=at,
        )
    ]
