"""Purchase orders as they go to a supplier, with every later version of them (UBL Order and OrderChange); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, Quantity, UtcTime

DocumentNumber = Annotated[str, Field(min_length=1, max_length=64)]
LineNumber = Annotated[str, Field(min_length=1, max_length=64)]


class AllowanceCharge(Canonical):
    """A deduction or an addition (UBL cac:AllowanceCharge; EN 16931 BG-20, BG-21, BG-27, BG-28).

    `amount` is never negative (BT-92, BT-99, BT-136, BT-141); `charge` says which way it counts. `code` is UNTDID 5189 or 7161
    (BT-98, BT-105), `reason` BT-97 or BT-104, `percent` BT-94 or BT-101 of `base` (BT-93, BT-100).
    """

    schema_name = "allowance_charge"

    charge: bool
    amount: Money
    reason: str = ""
    code: str = ""
    percent: ExactDecimal | None = None
    base: Money | None = None
    tax_category: str = ""
    tax_percent: ExactDecimal | None = None

    @model_validator(mode="after")
    def _not_negative(self) -> AllowanceCharge:
        if self.amount.amount < 0:
            raise ValueError(f"an allowance or a charge of {self.amount.amount} is below zero")
        return self


class ScheduledDelivery(Canonical):
    """A part of a line with its own day (UBL cac:Delivery in the line; X12 SCH, EDIFACT SCC/QTY/DTM)."""

    schema_name = "scheduled_delivery"

    quantity: Quantity
    delivery_date: Day


class PurchaseOrderLine(TradedItem):
    """One ordered item (UBL cac:OrderLine). `number` is unique in the order and stays with the line through all versions.

    `unit_price` is without tax for `price_base` units (BT-146, BT-149). `status`: `closed` says that nothing more is wanted though not all
    came, `cancelled` that the line is taken back; both lines stay in the document so that the supplier reads it.
    """

    schema_name = "purchase_order_line"

    number: LineNumber
    quantity: Quantity
    unit_price: Money
    price_base: ExactDecimal | None = None
    allowances: tuple[AllowanceCharge, ...] = ()
    tax_category: str = ""
    tax_percent: ExactDecimal | None = None
    delivery_date: Day | None = None
    schedule: tuple[ScheduledDelivery, ...] = ()
    status: Literal["open", "closed", "cancelled"] = "open"
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> PurchaseOrderLine:
        if self.quantity.value < 0 or (self.quantity.value == 0 and self.status == "open"):
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is not above zero")
        if self.price_base is not None and self.price_base <= 0:
            raise ValueError(f"line {self.number}: a price for {self.price_base} units is no price")
        return self


class PurchaseOrder(Canonical):
    """Payload of `purchase_order.confirmed`, `.changed` and `.cancelled`: the order as the buyer has it, whole, never a difference.

    `number` is the order's number as the buyer writes it on papers (BT-13 of the invoice to come); `revision` counts its versions from 0
    (UBL SequenceNumberID, X12 BCH05, EDIFACT 1056); the event's position carries how they follow each other. Days are days at the place
    of delivery, whose IANA time zone `delivery_zone` is.
    """

    schema_name = "purchase_order"

    number: DocumentNumber
    revision: Annotated[int, Field(ge=0)] = 0
    ordered_at: UtcTime
    buyer: TradingParty
    supplier: TradingParty
    ship_to: TradingParty
    invoice_to: TradingParty | None = None
    currency: CurrencyCode
    lines: Annotated[tuple[PurchaseOrderLine, ...], Field(min_length=1)]
    allowances: tuple[AllowanceCharge, ...] = ()
    tax: Money | None = None
    total: Money
    delivery_date: Day | None = None
    latest_delivery_date: Day | None = None
    delivery_zone: str = "UTC"
    incoterm: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    incoterm_place: str = ""
    payment_terms: str = ""
    contract: str = ""
    quotation: str = ""
    supplier_order_number: str = ""
    warehouse: str = ""
    reason: str = ""
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> PurchaseOrder:
        faults = doubled([line.number for line in self.lines])
        amounts = [(f"line {line.number}", line.unit_price) for line in self.lines]
        amounts += [(f"line {line.number}", each.amount) for line in self.lines for each in line.allowances]
        amounts += [("an allowance or charge", each.amount) for each in self.allowances]
        amounts += [("total", self.total), *([("tax", self.tax)] if self.tax is not None else [])]
        faults += foreign(amounts, self.currency)
        if faults:
            raise ValueError("; ".join(faults))
        return self


def doubled(numbers: list[str]) -> list[str]:
    """A sentence for every line number that occurs more than once."""
    if len(set(numbers)) == len(numbers):
        return []
    return [f"two lines carry the number {number!r}" for number in dict.fromkeys(numbers) if numbers.count(number) > 1]


def foreign(amounts: list[tuple[str, Money]], currency: str) -> list[str]:
    """A sentence for every amount that is not in the document's currency."""
    return [f"{name}: {money.currency} in a document in {currency}" for name, money in amounts if money.currency != currency]
