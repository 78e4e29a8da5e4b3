"""Fulfilment orders for a warehouse and the pick/pack confirmations that come back (UBL DespatchAdvice); knows no system."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from crossdock.canonical.base import Canonical
from crossdock.canonical.party import Address
from crossdock.canonical.product import Sku
from crossdock.canonical.values import ExactDecimal, Quantity, UtcTime


class FulfilmentLine(Canonical):
    """What the warehouse is asked to pick. `order_line` is the sales order's line number."""

    schema_name = "fulfilment_line"

    number: str
    order_line: str
    sku: Sku
    quantity: Quantity
    lot: str = ""

    @model_validator(mode="after")
    def _positive(self) -> FulfilmentLine:
        if self.quantity.value <= 0:
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is not above zero")
        return self


class FulfilmentOrder(Canonical):
    """An instruction to ship (UBL cac:Delivery); `number` is given by the hub and unique over all warehouses."""

    schema_name = "fulfilment_order"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: str
    warehouse: str
    ship_to: Address
    lines: Annotated[tuple[FulfilmentLine, ...], Field(min_length=1)]
    service_level: str = ""
    carrier: str = ""
    ship_by: UtcTime | None = None
    note: str = ""


class PickedLine(Canonical):
    """What was picked for one fulfilment line; `sku` differs from the ordered one when it was substituted."""

    schema_name = "picked_line"

    number: str
    order_line: str = ""
    sku: Sku
    quantity: Quantity
    lot: str = ""
    serials: tuple[str, ...] = ()
    package: str = ""
    substituted_for: str = ""

    @model_validator(mode="after")
    def _not_negative(self) -> PickedLine:
        if self.quantity.value < 0:
            raise ValueError(f"line {self.number}: quantity {self.quantity.value} is below zero")
        return self


class PackageContent(Canonical):
    """One handling unit (GS1 SSCC where the warehouse gives one)."""

    schema_name = "package"

    reference: str
    sscc: str = ""
    weight_kg: ExactDecimal | None = None
    length_cm: ExactDecimal | None = None
    width_cm: ExactDecimal | None = None
    height_cm: ExactDecimal | None = None
    tracking_number: str = ""


class PickConfirmation(Canonical):
    """Payload of `picking.completed`: what the warehouse really picked and packed.

    `final` says that nothing more will come for this fulfilment order; what is missing then is short.
    """

    schema_name = "pick_confirmation"

    fulfilment_number: str
    sequence: Annotated[int, Field(ge=1)] = 1
    picked_at: UtcTime
    lines: tuple[PickedLine, ...] = ()
    packages: tuple[PackageContent, ...] = ()
    final: bool = True
    warehouse_reference: str = ""


class FulfilmentStatus(Canonical):
    """Payload of `fulfilment.status`: the warehouse accepted, refused or cancelled the instruction."""

    schema_name = "fulfilment_status"

    fulfilment_number: str
    status: Literal["accepted", "refused", "cancelled"]
    reason: str = ""
    at: UtcTime
    warehouse_reference: str = ""
