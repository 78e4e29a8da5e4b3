"""Payouts: what a payment gateway or a marketplace settles for a period, split to orders and fees; knows no provider."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.purchase_order import DocumentNumber, foreign
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, UtcTime


class PayoutLine(Canonical):
    """One movement in a payout. `amount` counts as it changes the payout: fees, refunds and chargebacks are below zero.

    `payment_reference` is the identity of the payment (`Payment.payment`), `reference` the provider's id of this movement.
    `original` with `exchange_rate` is the amount before the provider exchanged it.
    """

    schema_name = "payout_line"

    reference: str = ""
    kind: Literal["sale", "fee", "refund", "chargeback", "reserve", "adjustment", "tax", "other"]
    order_number: str = ""
    payment_reference: str = ""
    amount: Money
    original: Money | None = None
    exchange_rate: ExactDecimal | None = None
    at: UtcTime | None = None
    description: str = ""


class Payout(Canonical):
    """Payload of `payout.received`. `number` is the provider's and unique there; `statement_reference` is what the bank statement will say.

    That the lines add up to `total` is for `checks.problems` (`payout.unbalanced`).
    """

    schema_name = "payout"

    number: DocumentNumber
    provider: Annotated[str, Field(min_length=1, max_length=64)]
    account: str = ""
    period_start: Day | None = None
    period_end: Day | None = None
    paid_on: Day | None = None
    currency: CurrencyCode
    lines: tuple[PayoutLine, ...] = ()
    total: Money
    statement_reference: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> Payout:
        amounts = [(f"line {place}", line.amount) for place, line in enumerate(self.lines, 1)]
        faults = foreign([*amounts, ("total", self.total)], self.currency)
        if faults:
            raise ValueError("; ".join(faults[:20]))
        return self
