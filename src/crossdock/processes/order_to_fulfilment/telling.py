"""What other workflows of the order are told: each consignment whose goods left the stock in the ERP, and when that was all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.canonical.events import Reference
from crossdock.processes.order_to_fulfilment.states import Shipment
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace

_OVER = frozenset({"done", "skipped"})
_NOWHERE = frozenset({"open", "booking", "failed", "cancelling", "cancelled"})
"""Consignments that no carrier has; one whose booking is being changed is told again when it is booked."""


def tell(w: Work) -> None:
    """Tell what is new: each consignment once, and again when it was booked anew; the end again when it is another."""
    source = w.erp_system or w.plan.context.roles.get("erp", "")
    if not w.settings.tells or w.order is None or not source:
        return
    for shipment in w.shipments:
        if shipment.transfer in _OVER and shipment.status not in _NOWHERE and shipment.shipped != _names(shipment):
            _shipped(w, shipment)
    if w.closed == "cancelled" or _all_left(w):
        numbers = tuple(one.number for one in w.shipments if one.shipped and one.status != "cancelled")
        if numbers != w.complete:
            w.complete = numbers
            document = {"number": w.number, "shipments": list(numbers), "at": w.at.isoformat()}
            w.emit("order.shipped", ".".join([str(len(numbers)), *numbers[-1:], w.at.isoformat()]), source, document)


def quote(w: Work, shipment: Shipment, system: str, ack: Mapping[str, Any]) -> None:
    """`freight.quoted`: what the carrier asks for a booking, with its charges, zone and rated weight as far as it says them."""
    if not w.settings.quotes or not system:
        return
    document = {
        "reference": shipment.waybill,
        "shipment_number": shipment.number,
        "carrier": shipment.carrier,
        "service_level": w.document()["service_level"],
        "waybill": shipment.waybill,
        "amount": shipment.cost,
        "charges": ack.get("charges") or [],
        "weight_kg": ack.get("rated_weight_kg"),
        "zone": str(ack.get("zone") or ""),
        "quoted_at": w.at.isoformat(),
    }
    w.emit("freight.quoted", f"{shipment.n}.{shipment.bookings}", system, document, key=w.state.key)


def _all_left(w: Work) -> bool:
    """Whether nothing more of the order will be shipped, as far as anybody knows."""
    if not w.fulfilments or w.open_lines() or w.wanted is not None or w.applying is not None:
        return False
    return all(one.status in {"done", "cancelled"} for one in w.fulfilments) and all(
        one.shipped or one.status == "cancelled" for one in w.shipments
    )


def _names(shipment: Shipment) -> str:
    return f"{shipment.waybill}/{shipment.tracking}"


def _shipped(w: Work, shipment: Shipment) -> None:
    w.put(replace(shipment, shipped=_names(shipment)))
    order = w.document()
    document = {
        "number": shipment.number,
        "order_number": w.number,
        "fulfilment_number": shipment.fulfilment,
        "carrier": shipment.carrier,
        "service_level": order["service_level"],
        "ship_to": order["ship_to"],
        "packages": list(shipment.packages),
        "lines": list(shipment.lines),
        "waybill": shipment.waybill,
        "tracking_number": shipment.tracking,
        "cost": shipment.cost,
    }
    names = (
        (f"{w.erp_system}:order_id", w.erp_id),
        (f"{w.erp_system}:order", w.erp_number),
        (f"{w.erp_system}:transfer_id", shipment.transfer_id),
    )
    references = [Reference(scheme, value) for scheme, value in names if value]
    suffix = f"{shipment.n}.{_names(shipment)}" if shipment.shipped else str(shipment.n)
    w.emit("shipment.shipped", suffix, w.erp_system, document, references, w.state.key)
