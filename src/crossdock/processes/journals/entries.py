"""The postings of each paper by double entry: what is debited, what is credited; pure arithmetic, knows no state and no system."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.payout import Payout
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.journals.settings import Accounts

Posting = tuple[str, Decimal]
"""An account and what is debited to it; below zero: credited."""


def of_invoice(paper: CustomerInvoice, accounts: Accounts) -> list[Posting]:
    """The customer owes the whole; revenue by what was sold, and the tax. What the lines do not explain is revenue of goods."""
    gross = paper.amount.amount
    tax = paper.tax_total.amount if paper.tax_total is not None else None
    if tax is None:
        tax = gross - paper.tax_exclusive.amount if paper.tax_exclusive is not None else ZERO
    freight = sum((line.net_amount.amount for line in paper.lines if line.kind == "freight"), ZERO)
    turned = -1 if paper.kind == "credit_note" else 1
    postings = [
        (accounts.receivable, gross),
        (accounts.revenue, -(gross - tax - freight)),
        (accounts.freight_revenue, -freight),
        (accounts.tax, -tax),
    ]
    return [(account, turned * amount) for account, amount in postings]


def of_freight(bill: FreightInvoice, accounts: Accounts) -> list[Posting]:
    """The carrier is owed the whole; what is tax is not freight."""
    gross = bill.total.amount
    tax = bill.tax_total.amount if bill.tax_total is not None else ZERO
    if bill.tax_total is None:
        tax = sum((line.amount.amount for line in bill.lines if line.kind == "tax"), ZERO)
    turned = -1 if bill.kind == "credit_note" else 1
    postings = [(accounts.freight, gross - tax), (accounts.freight_tax, tax), (accounts.payable, -gross)]
    return [(account, turned * amount) for account, amount in postings]


def of_payout(payout: Payout, accounts: Accounts) -> list[Posting]:
    """What the provider held is in the bank now, less what it kept."""
    postings = [(accounts.bank, payout.total.amount)]
    kept = {"fee": accounts.fees, "tax": accounts.tax}
    return postings + [(kept.get(line.kind, accounts.clearing), -line.amount.amount) for line in payout.lines]


def moved(to: str, away: str, amount: Decimal) -> list[Posting]:
    """An amount from one account to another."""
    return [(to, amount), (away, -amount)]


def lines(postings: Iterable[Posting], currency: str, reference: str) -> tuple[Json, ...]:
    """Journal lines, one for each account that moves, in the order first named; nothing when nothing moves."""
    sums: dict[str, Decimal] = {}
    for account, amount in postings:
        sums[account] = sums.get(account, ZERO) + amount
    found: list[Json] = []
    for account, amount in sums.items():
        if amount:
            money = {"amount": format(abs(amount), "f"), "currency": currency}
            found.append(
                {"number": len(found) + 1, "account": account, "debit" if amount > 0 else "credit": money, "reference": reference}
            )
    return tuple(found)


def turned(written: Iterable[Json]) -> tuple[Json, ...]:
    """The same lines on the other side."""
    sides = {"debit": "credit", "credit": "debit"}
    return tuple({sides.get(name, name): value for name, value in line.items()} for line in written)
