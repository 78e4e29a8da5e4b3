"""Shipments with packages and customs lines, and the tracking milestones that follow (UBL Shipment, DCSA events); knows no carrier."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.fulfilment import PackageContent, PickedLine
from crossdock.canonical.party import Address
from crossdock.canonical.product import Sku
from crossdock.canonical.values import CountryCode, ExactDecimal, Money, Quantity, UtcTime

MilestoneCode = Literal[
    "booked",
    "picked_up",
    "in_transit",
    "customs_held",
    "customs_cleared",
    "out_for_delivery",
    "attempted",
    "delivered",
    "exception",
    "returning",
    "returned",
    "cancelled",
]


class CustomsLine(Canonical):
    """What customs must know of one shipped item (WCO data model); empty fields are found by the process before booking."""

    schema_name = "customs_line"

    sku: Sku
    description: str = ""
    quantity: Quantity
    hs_code: str = ""
    origin_country: CountryCode | None = None
    value: Money | None = None
    weight_kg: ExactDecimal | None = None


class Shipment(Canonical):
    """One consignment. `number` is given by the hub; `waybill` and `tracking_number` by the carrier."""

    schema_name = "shipment"

    number: Annotated[str, Field(min_length=1, max_length=64)]
    order_number: str
    fulfilment_number: str = ""
    carrier: str = ""
    service_level: str = ""
    ship_from: Address | None = None
    ship_to: Address
    packages: tuple[PackageContent, ...] = ()
    lines: tuple[PickedLine, ...] = ()
    customs: tuple[CustomsLine, ...] = ()
    incoterm: str = ""
    waybill: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    label: str = ""
    label_format: str = ""
    cost: Money | None = None
    booked_at: UtcTime | None = None
    dispatched_at: UtcTime | None = None


class Milestone(Canonical):
    """One tracking milestone in the normalised vocabulary; `carrier_code` keeps the carrier's own."""

    schema_name = "milestone"

    tracking_number: str
    code: MilestoneCode
    at: UtcTime
    location: str = ""
    description: str = ""
    carrier_code: str = ""
    carrier: str = ""
