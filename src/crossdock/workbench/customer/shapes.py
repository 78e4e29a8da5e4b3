"""What customers' portals are told and may ask, over the API."""

from __future__ import annotations

from typing import Annotated

from ninja import Schema
from pydantic import BaseModel, Field

from crossdock.canonical.returns import ReturnRequestLine

Number = Annotated[str, Field(min_length=1, max_length=64)]


class OrderLineOut(Schema):
    """A line of an order."""

    number: str
    sku: str
    name: str
    quantity: str
    unit: str


class CustomerStageOut(Schema):
    """A stage of an order and when it was reached."""

    name: str
    at: str | None


class MilestoneOut(Schema):
    """What the carrier told, in the hub's words."""

    code: str
    at: str | None
    location: str


class ShippedLineOut(Schema):
    """What a shipment holds of one order line."""

    order_line: str
    sku: str
    quantity: str
    unit: str


class ShipmentOut(Schema):
    """A shipment with its milestones, oldest first."""

    number: str
    carrier: str
    tracking_number: str
    tracking_url: str
    dispatched_at: str | None
    delivered_at: str | None
    signed_by: str
    lines: list[ShippedLineOut]
    milestones: list[MilestoneOut]


class InvoiceOut(Schema):
    """An invoice or credit note. `open` is what is left to pay."""

    number: str
    kind: str
    issued_on: str | None
    due_on: str | None
    total: str | None
    open: str | None
    currency: str
    status: str
    payment: str
    reference: str


class ReturnLineOut(Schema):
    """A line of a return; `verdict` once it was answered."""

    number: str
    sku: str
    quantity: str
    unit: str
    reason: str
    wanted: str
    verdict: str


class ReturnOut(Schema):
    """A return. `number` is the portal's, `return_number` the hub's; `label` (base64) comes once it is authorised.

    `status`: requested, authorised, refused, received, refunded, exchanged, cancelled."""

    number: str
    return_number: str
    order_number: str
    status: str
    changed_at: str | None
    carrier: str
    tracking_number: str
    label: str
    label_format: str
    send_before: str | None
    refund: str | None
    currency: str
    reason: str
    lines: list[ReturnLineOut]


class CustomerOrderOut(Schema):
    """An order with everything that belongs to it. `status`: open, shipped, delivered, cancelled."""

    shop: str
    number: str
    placed_at: str | None
    status: str
    currency: str
    total: str | None
    lines: list[OrderLineOut]
    stages: list[CustomerStageOut]
    shipments: list[ShipmentOut]
    invoices: list[InvoiceOut]
    returns: list[ReturnOut]


class CustomerOrderPage(Schema):
    """Order numbers; `next` is given back as `after`."""

    items: list[str]
    next: str | None


class OfOrder(Schema):
    """The order something belongs to."""

    shop: str
    order_number: str


class ShipmentFound(ShipmentOut, OfOrder):
    """A shipment and its order."""


class InvoiceFound(InvoiceOut, OfOrder):
    """An invoice and its order."""


class ReturnFound(ReturnOut, OfOrder):
    """A return and its order."""


class ReturnIn(BaseModel):
    """A return the customer asks for. `number` is the portal's own number of it and unique there: the same again is the same return."""

    portal: Annotated[str, Field(max_length=64, description="The system of the portal.")]
    number: Number
    order_number: Number
    requested_by: Annotated[str, Field(max_length=150)] = ""
    note: Annotated[str, Field(max_length=2000)] = ""
    lines: Annotated[list[ReturnRequestLine], Field(min_length=1, max_length=500)]


class CancellationIn(BaseModel):
    """The customer keeps the goods. `number` is the portal's own of the return."""

    portal: Annotated[str, Field(max_length=64, description="The system of the portal.")]
    number: Number
    order_number: Number
    reason: Annotated[str, Field(max_length=500)] = ""


class TakenOut(Schema):
    """The request is stored. `known`: it had been before, and was not taken again."""

    number: str
    known: bool
