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


class AmendedLine(Canonical):
    """A line of an amendment (X12 860 POC, EDIFACT ORDCHG LIN): a new one, or what of a known one is different; what is not stated stays."""

    schema_name = "amended_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    sku: Sku | None = None
    name: str = ""
    quantity: Quantity | None = None
    unit_price: Money | None = None
    discount: Money | None = None
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _positive(self) -> AmendedLine:
        if self.quantity is not None and self.quantity.value <= Decimal(0):
            raise ValueError(
                f"line {self.number}: quantity {self.quantity.value} is not above zero; a line taken back is in `removed`"
            )
        return self


class OrderAmendment(Canonical):
    """Payload of `order.amended`: a change that lists only what changes. `removed` are numbers of lines taken back whole.

    It has a meaning only on the version it was made for: amendments of one order take effect in the order of their numbers, each once.
    """

    schema_name = "order_amendment"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    amended_at: UtcTime
    lines: tuple[AmendedLine, ...] = ()
    removed: tuple[str, ...] = ()
    ship_to: Address | None = None
    requested_ship_date: UtcTime | None = None
    service_level: str = ""
    total: Money | None = None
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> OrderAmendment:
        numbers = [*(line.number for line in self.lines), *self.removed]
        if twice := _twice(numbers):
            raise ValueError(f"lines named twice: {', '.join(twice)}")
        if not numbers and self.ship_to is None and self.requested_ship_date is None and not self.service_level:
            raise ValueError("the amendment changes nothing")
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


class OrderShipped(Canonical):
    """Payload of `order.shipped`: nothing more of this order will be shipped. `shipments` are the numbers of all consignments that carry it;
    none means that it was cancelled before anything left.
    """

    schema_name = "order_shipped"

    number: str
    shipments: tuple[str, ...] = ()
    at: UtcTime


class Discrepancy(Canonical):
    """A value that two systems state differently (field, expected, found)."""

    schema_name = "discrepancy"

    field: str
    expected: ExactDecimal
    found: ExactDecimal
