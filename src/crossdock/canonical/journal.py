"""Balanced journals for finance systems other than the ERP, and their acknowledgement (double entry; ISO 21378 audit data terms); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.purchase_order import DocumentNumber, foreign
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, UtcTime, total


class JournalLine(Canonical):
    """One posting: to `account`, either a `debit` or a `credit`, never both, never below zero."""

    schema_name = "journal_line"

    number: Annotated[int, Field(ge=1)]
    account: Annotated[str, Field(min_length=1, max_length=64)]
    debit: Money | None = None
    credit: Money | None = None
    party: str = ""
    tax_code: str = ""
    tax_percent: ExactDecimal | None = None
    cost_centre: str = ""
    reference: str = ""
    description: str = ""

    @model_validator(mode="after")
    def _one_side(self) -> JournalLine:
        sides = [money for money in (self.debit, self.credit) if money is not None]
        if len(sides) != 1:
            raise ValueError(f"line {self.number}: either a debit or a credit")
        if sides[0].amount < 0:
            raise ValueError(f"line {self.number}: {sides[0].amount} is below zero; post it on the other side")
        return self


class Journal(Canonical):
    """What `journal.post` carries: one entry that balances, in one currency.

    `number` is the hub's and unique for ever; posting it again has no second effect. `document` and `document_number` say which paper it is
    for, `justified_by` is the id of the business event behind it. `reverses` is the number of a journal this one takes back.
    """

    schema_name = "journal"

    number: DocumentNumber
    company: str = ""
    book: Annotated[str, Field(max_length=32)] = ""
    document: Literal["invoice", "credit_note", "payment", "refund", "accrual", "freight_bill", "payout", "bank", "other"]
    document_number: str = ""
    order_number: str = ""
    posting_date: Day
    document_date: Day | None = None
    period: Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2})?$")] = ""
    currency: CurrencyCode
    lines: Annotated[tuple[JournalLine, ...], Field(min_length=2)]
    reverses: str = ""
    justified_by: Annotated[str, Field(min_length=1, max_length=255)]
    description: str = ""

    @model_validator(mode="after")
    def _balanced(self) -> Journal:
        debits = [line.debit for line in self.lines if line.debit is not None]
        credits = [line.credit for line in self.lines if line.credit is not None]
        faults = foreign([("a posting", money) for money in (*debits, *credits)], self.currency)
        if faults:
            raise ValueError("; ".join(faults))
        out, back = total(debits, self.currency).amount, total(credits, self.currency).amount
        if out != back:
            raise ValueError(f"debits of {out} and credits of {back} do not balance")
        return self


class JournalAcknowledgement(Canonical):
    """Payload of `journal.acknowledged`: the finance system took the journal or refused it. `number` is the hub's number of the journal."""

    schema_name = "journal_acknowledgement"

    number: DocumentNumber
    verdict: Literal["posted", "rejected"]
    posted_number: str = ""
    posting_date: Day | None = None
    reason: str = ""
    reason_code: str = ""
    at: UtcTime
