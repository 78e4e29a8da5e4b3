"""A bench for the order-to-fulfilment process: builds facts in few words and remembers everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import Any

from process_bench import START, ProcessBench

from crossdock.core.calendar import BusinessCalendar
from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.order_to_fulfilment import OrderToFulfilment, State

KEY = "order/shopify-eu/1001"
NORTH = BusinessCalendar("Europe/Berlin", {d: (time(8), time(17)) for d in range(1, 6)}, cutoffs={"dhl": time(15, 30)})
PROCESS = OrderToFulfilment()


def flow(roles: dict[str, str] | None = None, **settings: Any) -> FlowContext:
    settings.setdefault(
        "warehouses", [{"name": "NORTH", "country": "DE", "postal_code": "20457", "calendar": "north", "cutoff": "north/dhl"}]
    )
    named = {"erp": "odoo", "wms": "wms-north", "shop": "shopify-eu", "carrier:dhl": "karrio", **(roles or {})}
    return FlowContext("o2f", named, settings, {"north": NORTH}, "orders-team")


def order(*lines: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """An order with lines (number, sku, quantity) at 10 EUR each."""
    lines = lines or (("1", "LAMP", "2"), ("2", "CORD", "3"))
    total = sum(10 * float(quantity) for _, _, quantity in lines)
    return {
        "number": "1001",
        "placed_at": START.isoformat(),
        "customer": {"id": "7", "name": "ACME"},
        "ship_to": {"name": "Jo", "street": "Weg 1", "city": "Wien", "postal_code": "1010", "country": "AT"},
        "currency": "EUR",
        "lines": [
            {
                "number": number,
                "sku": sku,
                "name": sku.title(),
                "quantity": {"value": quantity},
                "unit_price": {"amount": "10.00", "currency": "EUR"},
            }
            for number, sku, quantity in lines
        ],
        "total": {"amount": f"{total:.2f}", "currency": "EUR"},
        "payment_status": "paid",
        **changes,
    }


def ack_of(command: Command) -> dict[str, Any]:
    """What a well-behaved system answers."""
    name, data = command.name, command.data
    if name == "order.create":
        return {
            "erp_id": "7",
            "erp_number": "S00042",
            "total": data["order"]["total"]["amount"],
            "currency": data["order"]["currency"],
            "lines": {line["number"]: f"9{line['number']}" for line in data["order"]["lines"]},
            "references": [["odoo:order", "S00042"]],
        }
    if name == "fulfilment.cancel":
        return {"status": "cancelled"}
    if name == "shipment.book":
        number = data["shipment"]["number"]
        return {"waybill": f"W-{number}", "tracking_number": f"T-{number}", "references": [["tracking", f"T-{number}"]]}
    if name == "shipment.cancel":
        return {"status": "cancelled"}
    if name == "transfer.validate":
        return {"transfer": "WH/OUT/00007", "transfer_id": f"3{command.id[-1]}", "state": "done"}
    return {}


@dataclass
class Bench(ProcessBench[State]):
    """One order on its way."""

    process = PROCESS
    source = "shopify-eu"
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = KEY

    def looked_at(self, command: Command) -> None:
        """The documents of these benches are smaller than real ones."""

    def pick(
        self, *lines: tuple[str, str, str], sequence: int = 1, final: bool = True, number: str = "", **more: Any
    ) -> Decision[State]:
        """Confirm picked lines (fulfilment line, sku, quantity) of the latest fulfilment order; none: all of it."""
        document = self.last("fulfilment.release").data["fulfilment"]
        asked = [(one["number"], one["sku"], one["quantity"]["value"]) for one in document["lines"]]
        return self.event(
            "picking.completed",
            {
                "fulfilment_number": number or document["number"],
                "sequence": sequence,
                "picked_at": self.now.isoformat(),
                "lines": [
                    {"number": line, "order_line": line, "sku": sku, "quantity": {"value": quantity}}
                    for line, sku, quantity in (lines or asked)
                ],
                "final": final,
                **more,
            },
            "wms-north",
        )

    def milestone(self, code: str, tracking: str = "", **more: Any) -> Decision[State]:
        tracking = tracking or self.state.shipments[-1].tracking
        kind = "shipment.delivered" if code == "delivered" else "shipment.milestone"
        data = {"tracking_number": tracking, "code": code, "at": self.now.isoformat(), **more}
        return self.event(kind, data, "karrio")


def placed(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = Bench(context or flow())
    bench.event(
        "order.placed",
        order(**changes) if not isinstance(changes.get("lines"), tuple) else order(*changes.pop("lines"), **changes),
    )
    return bench


def released(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = placed(context, **changes)
    bench.ack("order.create")
    bench.ack("order.confirm")
    bench.ack("fulfilment.release")
    return bench


def booked(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = released(context, **changes)
    bench.pick()
    bench.ack("shipment.book")
    return bench
