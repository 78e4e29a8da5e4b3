"""A supplier's answer to a purchase order (UBL OrderResponse): confirmed, changed or refused, line by line; knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.purchase_order import DocumentNumber
from crossdock.canonical.values import CurrencyCode, Day, ExactDecimal, Money, Quantity, UtcTime

Answer = Literal["accepted", "changed", "refused", "backordered"]


class OrderResponseLine(TradedItem):
    """What the supplier says of one line (UBL cac:OrderLine with LineStatusCode; X12 ACK, EDIFACT LIN 1229).

    `order_line` is the purchase order's line number; empty when the supplier names the item only. Several lines may answer one ordered line:
    part of it now, the rest later. What is left out (quantity, price, day) is as ordered. `replaces` is the item ordered when another
    one is offered for it.
    """

    schema_name = "order_response_line"

    number: str = ""
    order_line: str = ""
    answer: Answer
    quantity: Quantity | None = None
    unit_price: Money | None = None
    price_base: ExactDecimal | None = None
    delivery_date: Day | None = None
    ship_date: Day | None = None
    replaces: str = ""
    reason: str = ""
    reason_code: str = ""

    @model_validator(mode="after")
    def _not_negative(self) -> OrderResponseLine:
        if self.quantity is not None and self.quantity.value < 0:
            raise ValueError(f"line {self.order_line or self.number}: quantity {self.quantity.value} is below zero")
        return self


class OrderResponse(Canonical):
    """Payload of `purchase_order.answered` (X12 855 and 865, EDIFACT ORDRSP, UBL OrderResponse, portal, spreadsheet), and what `order.answer`
    carries to a retailer.

    `number` is the supplier's number of this answer; a corrected one has another, and `sequence` counts when the supplier counts.
    `order_number` is the purchase order's number, `order_revision` the version answered where the supplier says it. `verdict` is what the
    head says (X12 BAK02, UBL OrderResponseCode `AP`, `CA`, `RE`); `accepted` without lines accepts every line as ordered.
    `acknowledged` says that the order was received and is being looked at, and decides nothing (UBL `AB`, X12 BAK02 `AK`).
    """

    schema_name = "order_response"

    number: DocumentNumber
    order_number: DocumentNumber
    order_revision: Annotated[int, Field(ge=0)] | None = None
    sequence: Annotated[int, Field(ge=1)] | None = None
    answered_at: UtcTime
    verdict: Literal["accepted", "changed", "refused", "acknowledged"]
    supplier_order_number: str = ""
    currency: CurrencyCode | None = None
    supplier: TradingParty | None = None
    buyer: TradingParty | None = None
    lines: tuple[OrderResponseLine, ...] = ()
    total: Money | None = None
    delivery_date: Day | None = None
    reason: str = ""
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()
