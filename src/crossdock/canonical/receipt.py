"""What a warehouse is told to expect and what it then received (UBL ReceiptAdvice, X12 943 and 944, RECADV); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.despatch import HandlingUnit
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.party import TradingParty
from crossdock.canonical.product import TradedItem
from crossdock.canonical.purchase_order import DocumentNumber
from crossdock.canonical.values import Day, Quantity, UtcTime


class ExpectedLine(TradedItem):
    """What is expected of one ordered line, of one lot, in one package."""

    schema_name = "expected_line"

    number: str
    order_line: str
    quantity: Quantity
    lot: str = ""
    expiry: Day | None = None
    best_before: Day | None = None
    serials: tuple[str, ...] = ()
    package: str = ""


class ExpectedReceipt(Canonical):
    """What `receipt.expect` carries: goods on their way to a warehouse. `number` is given by the hub and unique over all warehouses.

    `version` grows when the supplier corrects the notice; the warehouse then replaces what it was told under this number.
    """

    schema_name = "expected_receipt"

    number: DocumentNumber
    version: Annotated[int, Field(ge=1)] = 1
    order_number: str
    despatch_number: str = ""
    warehouse: str = ""
    supplier: TradingParty | None = None
    ship_to: TradingParty | None = None
    expected_at: UtcTime | None = None
    carrier: str = ""
    waybill: str = ""
    tracking_number: str = ""
    units: tuple[HandlingUnit, ...] = ()
    lines: Annotated[tuple[ExpectedLine, ...], Field(min_length=1)]
    note: str = ""


class ReceiptLine(TradedItem):
    """What was received of one ordered line, of one lot (UBL cac:ReceiptLine, X12 W07, RECADV LIN).

    `condition`: only `good` goods enter the stock that can be sold; `damaged` and `rejected` (UBL RejectedQuantity) are told apart by
    whether they stay. `order_line` is the purchase order's line number; empty when the warehouse knows the item only.
    """

    schema_name = "receipt_line"

    number: str
    order_line: str = ""
    quantity: Quantity
    condition: Literal["good", "damaged", "rejected"] = "good"
    lot: str = ""
    expiry: Day | None = None
    best_before: Day | None = None
    serials: tuple[str, ...] = ()
    package: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _not_negative(self) -> ReceiptLine:
        if self.quantity.value < 0:
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is below zero")
        return self


class ReceiptAdvice(Canonical):
    """Payload of `receipt.completed`, and the receipt that `receipt.validate` carries to the ERP.

    `number` is the warehouse's number of this receipt, `expected_number` the hub's number of what was expected; empty when goods came that
    nobody announced, and `order_number` leads to the order then. `final` says that nothing more comes for this expected receipt: what is
    missing then is short. `sequence` counts the partial receipts of one expected receipt.
    """

    schema_name = "receipt_advice"

    number: DocumentNumber
    expected_number: str = ""
    order_number: str = ""
    despatch_number: str = ""
    sequence: Annotated[int, Field(ge=1)] = 1
    received_at: UtcTime
    warehouse: str = ""
    lines: tuple[ReceiptLine, ...] = ()
    final: bool = True
    note: str = ""
    identifiers: tuple[Identifier, ...] = ()
