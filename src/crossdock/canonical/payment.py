"""Payments, refunds and disputes as a payment gateway tells them (ISO 20022 CAAA terms); knows no gateway and no card number.

Amounts are what one fact moved and always above zero; the direction is in the event's type. `captured` and `refunded` are what the gateway
says was moved in all so far, absent when it does not say. Nothing here holds cardholder data (PCI DSS 3.4.1): a `method` names a brand.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.purchase_order import foreign
from crossdock.canonical.values import Day, Money, UtcTime

ProviderReference = Annotated[str, Field(min_length=1, max_length=255)]
_DIGITS: Final = re.compile(r"\d(?:[ -]?\d){11,18}")


def luhn_valid(digits: str) -> bool:
    """Whether the last digit is right by the Luhn formula of card numbers (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _no_card(value: str) -> str:
    for found in _DIGITS.findall(value):
        if luhn_valid(re.sub(r"\D", "", found)):
            raise ValueError(
                "this looks like a card number, which must not be kept; send the brand and at most the last four digits"
            )
    return value


Method = Annotated[str, Field(max_length=64), AfterValidator(_no_card)]
"""A means of payment in words (`visa`, `sepa_debit`, `visa 1111`); card numbers are refused."""


def not_above_zero(moved: Money) -> list[str]:
    """A sentence when nothing, or less, was moved."""
    return [] if moved.amount > 0 else [f"an amount of {moved.amount} {moved.currency} moves nothing"]


class Payment(Canonical):
    """Payload of `payment.authorized`, `payment.captured`, `payment.failed` and `payment.cancelled`.

    `reference` is the provider's id of this fact, `original_reference` the id of the payment it belongs to; empty where both are one
    (a Stripe PaymentIntent), so `payment` is always the identity of the payment. `own_reference` is the reference the hub gave with its
    command, empty when somebody else did it. `amount` is what this fact authorised, captured, failed to or released.
    """

    schema_name = "payment"

    reference: ProviderReference
    original_reference: Annotated[str, Field(max_length=255)] = ""
    own_reference: Annotated[str, Field(max_length=255)] = ""
    provider: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: Annotated[str, Field(max_length=64)] = ""
    method: Method = ""
    amount: Money
    captured: Money | None = None
    refunded: Money | None = None
    at: UtcTime
    capture_before: UtcTime | None = None
    reason: str = ""
    reason_code: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @property
    def payment(self) -> str:
        """The provider's id of the payment, the same in everything told about it."""
        return self.original_reference or self.reference

    @model_validator(mode="after")
    def _sound(self) -> Payment:
        faults = not_above_zero(self.amount) + foreign(_cumulated(self.captured, self.refunded), self.amount.currency)
        faults += [
            f"{name}: {money.amount} is below zero"
            for name, money in _cumulated(self.captured, self.refunded)
            if money.amount < 0
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Refund(Canonical):
    """Payload of `refund.completed` and `refund.failed`: money that went back by the means it came by.

    `reference` is the provider's id of the refund, `payment_reference` the identity of the payment (`Payment.payment`), `own_reference` the
    reference the hub gave with its command (empty: refunded by somebody in the gateway's own pages). A refund that failed after it was
    completed, as a bank may send it back, is told as `refund.failed` with the same `reference`.
    """

    schema_name = "refund"

    reference: ProviderReference
    payment_reference: Annotated[str, Field(max_length=255)] = ""
    own_reference: Annotated[str, Field(max_length=255)] = ""
    return_number: Annotated[str, Field(max_length=64)] = ""
    order_number: Annotated[str, Field(max_length=64)] = ""
    provider: Annotated[str, Field(min_length=1, max_length=64)]
    method: Method = ""
    amount: Money
    refunded: Money | None = None
    at: UtcTime
    reason: str = ""
    reason_code: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> Refund:
        faults = not_above_zero(self.amount) + foreign(_cumulated(None, self.refunded), self.amount.currency)
        if faults:
            raise ValueError("; ".join(faults))
        return self


class Chargeback(Canonical):
    """Payload of `chargeback.opened` and `chargeback.closed`: the payer's bank takes, or may take, a payment back.

    `reference` is the provider's id of the dispute. `stage` `inquiry` moves no money yet. `outcome` says how it ended, empty while it is
    open: `won` (the money stays), `lost` (it is gone), `withdrawn`. While one is open nothing of its payment is refunded.
    """

    schema_name = "chargeback"

    reference: ProviderReference
    payment_reference: Annotated[str, Field(max_length=255)]
    provider: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: Annotated[str, Field(max_length=64)] = ""
    amount: Money
    fee: Money | None = None
    stage: Literal["inquiry", "chargeback", "arbitration"] = "chargeback"
    outcome: Literal["", "won", "lost", "withdrawn"] = ""
    at: UtcTime
    respond_by: Day | None = None
    reason: str = ""
    reason_code: str = ""

    @model_validator(mode="after")
    def _sound(self) -> Chargeback:
        if faults := not_above_zero(self.amount):
            raise ValueError("; ".join(faults))
        return self


def _cumulated(captured: Money | None, refunded: Money | None) -> list[tuple[str, Money]]:
    return [(name, money) for name, money in (("captured", captured), ("refunded", refunded)) if money is not None]
