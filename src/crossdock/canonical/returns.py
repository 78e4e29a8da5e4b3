"""Customers' returns: asked for, expected, received and graded, moved in the books, answered (GS1 returns terms, X12 180); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import Address
from crossdock.canonical.product import Sku
from crossdock.canonical.purchase_order import DocumentNumber, doubled
from crossdock.canonical.values import Money, Quantity, UtcTime

ReturnReason = Literal[
    "changed_mind", "does_not_fit", "damaged", "defective", "wrong_item", "not_as_described", "missing_parts", "late", "other"
]
"""Why goods come back (X12 element 1292 in words). Damaged, defective, wrong, incomplete and late goods are the seller's doing."""

Wanted = Literal["refund", "exchange", "refund_without_return"]
"""What the customer wants for the goods."""

Grade = Literal["resaleable", "quarantine", "scrap", "missing", "wrong_item"]
"""What the warehouse found: goods to sell again, to look at, to throw away; `missing` were expected and not there, `wrong_item` are others
than expected (their `sku` says which)."""


def _above_zero(number: str, quantity: Quantity) -> None:
    if quantity.value <= 0:
        raise ValueError(f"line {number}: quantity {quantity.value} is not above zero")


class ReturnRequestLine(Canonical):
    """What a customer wants to give back of one order line. `order_line` is empty where the shop names the item only; for an exchange
    `exchange_sku` says what is wanted instead (empty: the same again)."""

    schema_name = "return_request_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_line: str = ""
    sku: Sku
    quantity: Quantity
    reason: ReturnReason = "other"
    wanted: Wanted = "refund"
    exchange_sku: str = ""
    note: str = ""
    photos: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> ReturnRequestLine:
        _above_zero(self.number, self.quantity)
        if self.exchange_sku and self.wanted != "exchange":
            raise ValueError(f"line {self.number}: {self.exchange_sku} is wanted instead, but no exchange")
        return self


class ReturnRequest(Canonical):
    """Payload of `return.requested`. `number` is the request's number where it was made and unique there; the hub numbers the return itself.

    `photos` of a line are names of claims in the payload store, never pictures. `requested_by` is a person or a system in words.
    """

    schema_name = "return_request"

    number: DocumentNumber
    order_number: DocumentNumber
    requested_at: UtcTime
    requested_by: str = ""
    channel: Literal["shop", "portal", "marketplace", "service", "other"] = "other"
    ship_from: Address | None = None
    lines: Annotated[tuple[ReturnRequestLine, ...], Field(min_length=1)]
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> ReturnRequest:
        if faults := doubled([line.number for line in self.lines]):
            raise ValueError("; ".join(faults))
        return self


class ReturnCancellation(Canonical):
    """Payload of `return.cancelled`: the customer keeps the goods. `number` is the request's number where it was made."""

    schema_name = "return_cancellation"

    number: DocumentNumber
    order_number: str = ""
    cancelled_at: UtcTime
    reason: str = ""


class ExpectedReturnLine(Canonical):
    """What the warehouse is to expect of one order line."""

    schema_name = "expected_return_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_line: str = ""
    sku: Sku
    quantity: Quantity
    reason: ReturnReason = "other"
    lots: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> ExpectedReturnLine:
        _above_zero(self.number, self.quantity)
        return self


class ExpectedReturn(Canonical):
    """What `return.expect` carries: goods on their way back. `number` is the hub's number of the return, unique over all warehouses."""

    schema_name = "expected_return"

    number: DocumentNumber
    version: Annotated[int, Field(ge=1)] = 1
    order_number: DocumentNumber
    warehouse: str = ""
    ship_from: Address | None = None
    carrier: str = ""
    tracking_number: str = ""
    expected_by: UtcTime | None = None
    lines: Annotated[tuple[ExpectedReturnLine, ...], Field(min_length=1)]
    note: str = ""

    @model_validator(mode="after")
    def _consistent(self) -> ExpectedReturn:
        if faults := doubled([line.number for line in self.lines]):
            raise ValueError("; ".join(faults))
        return self


class ReturnReceiptLine(Canonical):
    """What was found of one line of a return, of one grade and lot. `order_line` is empty when the warehouse knows the item only;
    of a `wrong_item`, `sku` is what came and `instead_of` what should have."""

    schema_name = "return_receipt_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_line: str = ""
    sku: Sku
    quantity: Quantity
    grade: Grade
    instead_of: str = ""
    lot: str = ""
    serials: tuple[str, ...] = ()
    note: str = ""
    photos: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> ReturnReceiptLine:
        _above_zero(self.number, self.quantity)
        return self


class ReturnReceipt(Canonical):
    """Payload of `return.received`: what came back, graded.

    `number` is the warehouse's number of this receipt, `return_number` the hub's number of the return; empty when goods came that nobody
    announced (`without_authorisation`), and `order_number` or `tracking_number` leads to the order then. `sequence` counts the partial
    receipts of one return; `final` says that nothing more comes.
    """

    schema_name = "return_receipt"

    number: DocumentNumber
    return_number: str = ""
    order_number: str = ""
    tracking_number: str = ""
    sequence: Annotated[int, Field(ge=1)] = 1
    received_at: UtcTime
    warehouse: str = ""
    lines: tuple[ReturnReceiptLine, ...] = ()
    final: bool = True
    without_authorisation: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _sound(self) -> ReturnReceipt:
        if not (self.return_number or self.order_number or self.tracking_number):
            raise ValueError("names neither the return, nor the order, nor the parcel it is about")
        if not self.return_number and not self.without_authorisation:
            raise ValueError("names no return, so it came without authorisation and must say so")
        if not self.final and not self.lines:
            raise ValueError("a receipt that is not the last and has no lines says nothing")
        return self


class ReturnTransferLine(Canonical):
    """Goods of one order line that go to one place in the books."""

    schema_name = "return_transfer_line"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_line: str = ""
    sku: Sku
    quantity: Quantity
    destination: Literal["stock", "quarantine", "scrap"]
    lot: str = ""
    serials: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _sound(self) -> ReturnTransferLine:
        _above_zero(self.number, self.quantity)
        return self


class ReturnTransfer(Canonical):
    """What `return.transfer` carries to the ERP: the way back of a delivery, once for each receipt (`receipt_number`)."""

    schema_name = "return_transfer"

    return_number: DocumentNumber
    receipt_number: DocumentNumber
    order_number: DocumentNumber
    received_at: UtcTime
    warehouse: str = ""
    lines: Annotated[tuple[ReturnTransferLine, ...], Field(min_length=1)]
    note: str = ""


class ReturnAnswerLine(Canonical):
    """What became of one line of the request."""

    schema_name = "return_answer_line"

    number: str
    sku: Sku
    quantity: Quantity
    verdict: Literal["authorised", "refused", "received", "refunded", "exchanged"]
    reason: str = ""


class ReturnAnswer(Canonical):
    """What `return.answer` carries to the shop or the portal where the return was asked for.

    `request_number` is the number there, `return_number` the hub's. `label` is the label for the way back (base64, as in a shipment),
    `refund` what went back to the customer.
    """

    schema_name = "return_answer"

    request_number: str
    return_number: str
    order_number: str
    status: Literal["authorised", "refused", "received", "refunded", "exchanged", "cancelled"]
    at: UtcTime
    lines: tuple[ReturnAnswerLine, ...] = ()
    refund: Money | None = None
    carrier: str = ""
    tracking_number: str = ""
    label: str = ""
    label_format: str = ""
    send_before: UtcTime | None = None
    reason: str = ""
