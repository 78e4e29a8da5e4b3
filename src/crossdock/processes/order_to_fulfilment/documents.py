"""The business documents in commands, as JSON of the canonical objects: fulfilment orders, shipments, confirmations; decides nothing."""

from __future__ import annotations

from decimal import Decimal

from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.order_to_fulfilment.settings import Warehouse
from crossdock.processes.order_to_fulfilment.states import Fulfilment, Shipment


def plain(value: Decimal) -> str:
    """A decimal without exponent."""
    return format(value, "f")


def order_lines(order: Json) -> dict[str, Json]:
    """The lines of an order by number."""
    return {line["number"]: line for line in order["lines"]}


def fulfilment_order(order: Json, fulfilment: Fulfilment, warehouse: Warehouse, carrier: str) -> Json:
    """The FulfilmentOrder of a fulfilment."""
    lines = order_lines(order)
    return {
        "number": fulfilment.number,
        "order_number": order["number"],
        "warehouse": warehouse.name,
        "ship_to": order["ship_to"],
        "lines": [
            {
                "number": line.number,
                "order_line": line.number,
                "sku": lines[line.number]["sku"],
                "quantity": {"value": plain(line.asked), "unit": lines[line.number]["quantity"]["unit"]},
                "lot": "",
            }
            for line in fulfilment.lines
        ],
        "service_level": order["service_level"],
        "carrier": carrier,
        "ship_by": fulfilment.ship_by or None,
        "note": order["note"],
    }


def shipment_document(order: Json, shipment: Shipment, warehouse: Warehouse, customs: list[Json], incoterm: str) -> Json:
    """The Shipment as carriers, ERP and shop get it; the label stays in the carrier's acknowledgement."""
    address = warehouse.address
    return {
        "number": shipment.number,
        "order_number": order["number"],
        "fulfilment_number": shipment.fulfilment,
        "carrier": shipment.carrier,
        "service_level": order["service_level"],
        "ship_from": address.model_dump(mode="json") if address is not None else None,
        "ship_to": order["ship_to"],
        "packages": list(shipment.packages),
        "lines": list(shipment.lines),
        "customs": customs,
        "incoterm": incoterm,
        "waybill": shipment.waybill,
        "tracking_number": shipment.tracking,
        "tracking_url": shipment.tracking_url,
        "label": "",
        "label_format": "",
        "cost": None,
        "booked_at": None,
        "dispatched_at": None,
    }


def confirmation(shipment: Shipment) -> Json:
    """The PickConfirmation of what is in one shipment."""
    return {
        "fulfilment_number": shipment.fulfilment,
        "sequence": shipment.sequence,
        "picked_at": shipment.picked_at,
        "lines": list(shipment.lines),
        "packages": list(shipment.packages),
        "final": shipment.final,
        "warehouse_reference": "",
    }


def shipped_quantities(shipment: Shipment) -> dict[str, Decimal]:
    """What is in a shipment by order line."""
    total: dict[str, Decimal] = {}
    for line in shipment.lines:
        total[line["order_line"]] = total.get(line["order_line"], ZERO) + Decimal(line["quantity"]["value"])
    return total


def shop_lines(shipment: Shipment) -> list[Json]:
    """What the shop is told was shipped: ordered lines with quantities, whatever was substituted."""
    skus = {line["order_line"]: line["substituted_for"] or line["sku"] for line in shipment.lines}
    return [
        {"order_line": number, "sku": skus[number], "quantity": plain(quantity)}
        for number, quantity in shipped_quantities(shipment).items()
    ]


def reduced(order: Json, quantities: dict[str, Decimal]) -> Json:
    """The order with these quantities; a line with none is left out."""
    lines = [
        {**line, "quantity": {**line["quantity"], "value": plain(quantities[line["number"]])}}
        for line in order["lines"]
        if quantities.get(line["number"], ZERO) > 0
    ]
    return {**order, "lines": lines}
