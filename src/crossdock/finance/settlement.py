"""Settlement of a carrier for a period: which invoices are in the books as they were billed, which are not yet, which are disputed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from crossdock.canonical.freight import FreightInvoice
from crossdock.finance.reconciliation.facts import Fact
from crossdock.finance.reconciliation.records import Told

Standing = Literal["matched", "unmatched", "disputed"]


@dataclass(frozen=True, slots=True)
class SettledInvoice:
    """One invoice of a carrier: what it bills, what is in the books of it (None: nothing), how it stands and why."""

    carrier: str
    number: str
    issued: date
    billed: Decimal
    booked: Decimal | None
    currency: str
    standing: Standing
    words: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """All invoices of one carrier and currency in a period, and the sums of each standing."""

    carrier: str
    currency: str
    begin: date
    end: date
    invoices: tuple[SettledInvoice, ...]

    def total(self, *standings: Standing) -> Decimal:
        """What was billed by invoices of these standings; of all without one."""
        return sum((each.billed for each in self.invoices if not standings or each.standing in standings), Decimal(0))

    def count(self, standing: Standing) -> int:
        """How many invoices stand so."""
        return sum(each.standing == standing for each in self.invoices)


def settle(
    told: Iterable[Told], booked: Iterable[Fact], disputed: Mapping[tuple[str, str], str], begin: date, end: date
) -> list[Settlement]:
    """The settlements of the invoices issued from `begin` to `end`, by carrier and currency.

    `booked` are the facts of bills in the ERP, `disputed` says why a person has an invoice (carrier, number). A credit note counts below zero.
    A bill of another amount than was billed is disputed, too: somebody has to say which is right.
    """
    bills = {fact.key: fact for fact in booked if fact.kind == "freight_bill" and fact.side == "erp"}
    found: dict[tuple[str, str], dict[str, SettledInvoice]] = {}
    for each in sorted(told, key=lambda one: one.evidence):
        invoice = each.data
        if isinstance(invoice, FreightInvoice) and begin <= invoice.issue_date <= end:
            made = _stand(invoice, bills.get(invoice.number), disputed.get((invoice.carrier, invoice.number), ""), each.evidence)
            found.setdefault((invoice.carrier, invoice.currency), {}).setdefault(invoice.number, made)
    return [
        Settlement(carrier, currency, begin, end, tuple(sorted(invoices.values(), key=lambda one: (one.issued, one.number))))
        for (carrier, currency), invoices in sorted(found.items())
    ]


def _stand(invoice: FreightInvoice, bill: Fact | None, why: str, evidence: str) -> SettledInvoice:
    sign = -1 if invoice.kind == "credit_note" else 1
    billed = sign * abs(invoice.total.amount)
    booked = None if bill is None else sign * abs(bill.amount)
    standing: Standing = "matched"
    if why:
        standing = "disputed"
    elif booked is None:
        standing, why = "unmatched", "not in the books yet"
    elif booked != billed or (bill is not None and bill.currency != invoice.currency):
        standing, why = "disputed", f"billed {billed} {invoice.currency}, in the books {booked} {bill.currency if bill else ''}"
    return SettledInvoice(
        invoice.carrier, invoice.number, invoice.issue_date, billed, booked, invoice.currency, standing, why, evidence
    )
