"""Sales orders (UBL Order) and the changes and cancellations that may follow; knows no system."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import Address, Customer
from crossdock.canonical.product import Sku
from crossdock.canonical.values import CurrencyCode, ExactDecimal, Money, Quantity, UtcTime


class OrderLine(Canonical):
    """One ordered item (UBL cac:OrderLine). `number` is unique in the order; `unit_price` is without tax."""

    schema_name = "order_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    sku: Sku
    name: str = ""
    quantity: Quantity
    unit_price: Money
    discount: Money | None = None
    tax: Money | None = None
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _positive(self) -> OrderLine:
        if self.quantity.value <= Decimal(0):
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is not above zero")
        return self


def _twice(numbers: list[str]) -> list[str]:
    if len(set(numbers)) == len(numbers):
        return []
    return [number for number in dict.fromkeys(numbers) if numbers.count(number) > 1]


class SalesOrder(Canonical):
    """A sales order. `number` is the order's number in the system where it was placed."""

    schema_name = "order"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    placed_at: UtcTime
    customer: Customer
    ship_to: Address
    bill_to: Address | None = None
    currency: CurrencyCode
    lines: Annotated[tuple[OrderLine, ...], Field(min_length=1)]
    shipping: Money | None = None
    tax: Money | None = None
    total: Money
    prices_include_tax: bool = False
    service_level: str = ""
    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    requested_ship_date: UtcTime | None = None
    payment_status: Literal["pending", "authorized", "paid", "refunded", "unknown"] = "unknown"
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> SalesOrder:
        currency = self.currency
        numbers = [line.number for line in self.lines]
        faults = [f"two lines carry the number {number!r}" for number in _twice(numbers)]
        faults += [
            f"line {line.number}: {amount.currency} in an order in {currency}"
            for line in self.lines
            for amount in (line.unit_price, line.discount, line.tax)
            if amount is not None and amount.currency != currency
        ]
        faults += [
            f"{name}: {amount.currency} in an order in {currency}"
            for name, amount in (("total", self.total), ("shipping", self.shipping), ("tax", self.tax))
            if amount is not None and amount.currency != currency
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self


class OrderCancellation(Canonical):
    """Payload of `order.cancelled`: what was cancelled, by whom and why; no `lines` means the whole order."""

    schema_name = "order_cancellation"

    number: str
    reason: str = ""
    cancelled_at: UtcTime
    lines: tuple[str, ...] = ()


class OrderConfirmation(Canonical):
    """Payload of `order.confirmed`: the order as the ERP confirmed it, with its number and total there."""

    schema_name = "order_confirmation"

    number: str
    erp_number: str
    confirmed_at: UtcTime
    total: Money | None = None
    order: SalesOrder | None = None


class Discrepancy(Canonical):
    """A value that two systems state differently (field, expected, found)."""

    schema_name = "discrepancy"

    field: str
    expected: ExactDecimal
    found: ExactDecimal
