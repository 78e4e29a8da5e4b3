"""A payment on a statement, matched to open invoices or not: as events of the orders it pays, or for a person. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from crossdock.canonical.bank import StatementEntry
from crossdock.canonical.events import Event, Reference
from crossdock.canonical.payment import Payment
from crossdock.canonical.values import ExactDecimal, Money
from crossdock.connectors.exact_json import read_exact
from crossdock.connectors.wrong_fields import wrong_fields
from crossdock.core.errors import PaymentUnclear, SchemaInvalid

PAYMENT: Final = "payment"
INVOICE: Final = "invoice"
ERP_INVOICE: Final = "invoice_id"


class Paid(BaseModel):
    """One paper a payment pays: the key of its transaction, the ERP and its id there, and how much of the payment is for it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    key: str
    erp: str = Field(min_length=1)
    invoice_id: str = Field(min_length=1)
    invoice_number: str = ""
    order_number: str = ""
    amount: ExactDecimal = Field(gt=0)
    currency: str


class Matched(BaseModel):
    """The message: an entry and what it pays; `crossdock reconcile bank --register` writes it, people may correct `pays`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    statement: str = Field(min_length=1)
    entry: StatementEntry
    verdict: Literal["matched", "partial", "overpaid", "returned", "review", "unmatched"] = "review"
    score: int = 0
    reasons: tuple[dict[str, Any], ...] = ()
    pays: tuple[Paid, ...] = ()
    candidates: tuple[dict[str, Any], ...] = ()


def payment_events(body: bytes, system: str) -> list[Event]:
    """One `payment.captured` a paper paid, on its order's key. Raises `PaymentUnclear` when nothing, or more than the payment, is paid."""
    try:
        found = Matched.model_validate(read_exact(body))
    except ValidationError as error:
        problems = wrong_fields(error)
        raise SchemaInvalid(f"the payment cannot be read: {problems[0]['message']}", problems=problems) from None
    entry = found.entry
    paid = sum((each.amount for each in found.pays), Decimal(0))
    if (
        not found.pays
        or paid > entry.amount.amount
        or any(each.currency != entry.amount.currency for each in found.pays)
        or entry.direction != "credit"
    ):
        raise _unclear(found, paid)
    at = datetime.combine(entry.booking_date or entry.value_date, time(), UTC)
    return [_event(found, each, at, system) for each in found.pays]


def _event(found: Matched, paid: Paid, at: datetime, system: str) -> Event:
    # one entry may pay several papers: each is a payment of its own, or their sums could not be told apart
    reference = f"{found.statement}/{found.entry.reference}"[:180] + (f"/{paid.invoice_id}" if len(found.pays) > 1 else "")
    payment = Payment(
        reference=reference,
        provider=system,
        method="bank_transfer",
        order_number=paid.order_number[:64],
        amount=Money(amount=paid.amount, currency=paid.currency),
        at=at,
        reason=found.entry.remittance[:200],
    )
    references = [Reference(f"{paid.erp}:{ERP_INVOICE}", paid.invoice_id)]
    if paid.invoice_number:
        references.append(Reference(INVOICE, paid.invoice_number))
    return Event(
        f"{reference}/{paid.erp}/{paid.invoice_id}", "payment.captured", system, paid.key, payment, at, tuple(references)
    )


def _unclear(found: Matched, paid: Decimal) -> PaymentUnclear:
    amount = found.entry.amount
    who = found.entry.counterparty_name or "nobody named"
    words = next((str(each.get("words")) for each in found.reasons), found.verdict)
    told: Mapping[str, Any] = {
        "entry": found.entry.reference,
        "statement": found.statement,
        "score": found.score,
        "candidates": list(found.candidates),
    }
    if paid > amount.amount:
        words = f"{paid} would be paid with {amount.amount}"
    return PaymentUnclear(f"{amount.amount} {amount.currency} from {who}: {words}", **told)
