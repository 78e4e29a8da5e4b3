"""A shipment of ours as the ship notice a retailer gets; knows no wire format."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine, HandlingUnit
from crossdock.canonical.party import TradingParty
from crossdock.canonical.shipment import Shipment
from crossdock.core.errors import DocumentUnwritable


def despatch_of(data: Mapping[str, Any]) -> DespatchAdvice:
    """What `shop.fulfil` says was shipped. Raises `DocumentUnwritable` and pydantic's ValidationError."""
    if not isinstance(data.get("shipment"), Mapping):
        raise DocumentUnwritable("shop.fulfil carries no shipment", command="shop.fulfil")
    shipment = Shipment.model_validate(data["shipment"])
    order = str(data.get("order_number") or shipment.order_number)
    at = shipment.dispatched_at or shipment.booked_at
    if at is None:
        raise DocumentUnwritable("the shipment says neither when it was booked nor when it left", command="shop.fulfil")
    packages = {each.reference for each in shipment.packages}
    return DespatchAdvice(
        number=shipment.number[-35:],
        order_number=order,
        issued_at=at,
        shipped_at=at,
        ship_to=TradingParty(name=shipment.ship_to.company or shipment.ship_to.name, address=shipment.ship_to),
        ship_from=TradingParty(name=shipment.ship_from.company or shipment.ship_from.name, address=shipment.ship_from)
        if shipment.ship_from is not None
        else None,
        carrier=shipment.carrier,
        service_level=shipment.service_level,
        waybill=shipment.waybill,
        tracking_number=shipment.tracking_number,
        units=tuple(
            HandlingUnit(
                reference=each.reference, sscc=each.sscc, kind="CT", weight_kg=each.weight_kg, tracking_number=each.tracking_number
            )
            for each in shipment.packages
        ),
        lines=tuple(
            DespatchLine(
                number=str(place), order_number=order, order_line=each.order_line or each.number, supplier_sku=each.sku,
                quantity=each.quantity, lot=each.lot, serials=each.serials, package=each.package if each.package in packages else "",
            )
            for place, each in enumerate(shipment.lines, start=1)
        ),
        final=bool(data.get("final")),
    )  # fmt: skip
