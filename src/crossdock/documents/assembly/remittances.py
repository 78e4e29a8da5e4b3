"""Remittance advices: what a customer paid for which invoices of ours, as the settlement it is (`payout.received`)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from crossdock.canonical.payout import Payout
from crossdock.documents.drafts import Draft, fill, money
from crossdock.documents.mapping import Mapped
from crossdock.documents.reading import Reading


def settled(paper: str, amount: Decimal, currency: str | None, order: str = "", description: str = "") -> Draft:
    """One document of ours that was paid. A negative amount is a credit note the customer took off."""
    kind = "sale" if amount >= 0 else "adjustment"
    return {
        "reference": paper,
        "kind": kind,
        "order_number": order,
        "amount": money(amount, currency),
        "description": description,
    }


def adjusted(reason: str, amount: Decimal, currency: str | None, reference: str = "") -> Draft:
    """Something on the whole payment that is no document of ours."""
    return {"reference": reference, "kind": "adjustment", "amount": money(amount, currency), "description": reason}


def remitted(
    reading: Reading,
    number: str,
    currency: str | None,
    total: Decimal | None,
    paid_on: date | None,
    trace: str,
    lines: list[Draft],
) -> list[Mapped]:
    """The event. `number` is the advice's own, `trace` what the bank statement will say; that the lines make the total is for business checks."""
    theirs = reading.context.parties.theirs
    draft: Draft = {
        "number": number,
        "provider": (theirs.codes.get("customer") or theirs.gln or theirs.id or theirs.name)[:64],
        "currency": currency,
        "lines": lines,
        "statement_reference": trace,
    }
    fill(draft, [("paid_on", paid_on), ("total", None if total is None else money(total, currency))])
    payout = reading.finish(Payout, draft)
    return [Mapped("payout.received", payout, number=payout.number)]
