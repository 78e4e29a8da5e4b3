"""A bench for the shipment-to-invoice process: builds facts in few words and remembers everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from process_bench import START, ProcessBench

from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.shipment_to_invoice import ShipmentToInvoice, State

KEY = "order/shopify-eu/1001"
PROCESS = ShipmentToInvoice()
SHOP, ERP, WMS, CARRIER = "shopify-eu", "odoo", "wms-north", "carrier-dhl"
LINES = (("1", "LAMP", "2"), ("2", "CORD", "3"))
READY_WHEN = {
    "shipped": [{"ready": "shipped"}],
    "dispatched": [{"ready": "dispatched"}],
    "delivered": [{"ready": "delivered"}],
    "proof": [{"ready": "proof"}],
}


def flow(ready: str = "dispatched", per: str = "shipment", **settings: Any) -> FlowContext:
    settings.setdefault("draft", "shipped")
    settings.setdefault("readiness", [{"ready": ready, "per": per, **settings.pop("rule", {})}])
    return FlowContext("invoices", {"erp": ERP, "shop": SHOP, "wms": WMS, "carrier:dhl": CARRIER}, settings, {}, "finance")


def order(*lines: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """An order with lines (number, sku, quantity) at 10 EUR each."""
    lines = lines or LINES
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
        "total": {"amount": f"{sum(10 * Decimal(quantity) for _, _, quantity in lines):.2f}", "currency": "EUR"},
        "payment_status": "paid",
        **changes,
    }


def ack_of(command: Command) -> dict[str, Any]:
    """What the ERP answers that did what it was asked."""
    n = command.id.rsplit(":", 1)[-1].partition(".")[0]
    if command.name == "invoice.create":
        return {"invoice_id": f"8{n}", "invoice_number": "", "state": "draft", "total": "50.00", "currency": "EUR"}
    if command.name == "invoice.post":
        return {"invoice_id": f"8{n}", "invoice_number": f"INV/2026/0000{n}", "state": "posted", "total": "50.00"}
    return {"move_id": "5", "move_number": "MISC/5"}


@dataclass
class Bench(ProcessBench[State]):
    """The invoices of one order on their way."""

    process = PROCESS
    source = SHOP
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = KEY

    def shipped(self, *lines: tuple[str, str, str], n: int = 1, **more: Any) -> Decision[State]:
        """The goods of consignment `n` left the stock; no lines: everything ordered."""
        document = {
            "number": f"SH-{n}",
            "order_number": "1001",
            "fulfilment_number": f"FO-{n}",
            "carrier": "dhl",
            "ship_to": order()["ship_to"],
            "tracking_number": f"T{n}",
            "waybill": f"W{n}",
            "lines": [
                {"number": line, "order_line": line, "sku": sku, "quantity": {"value": quantity}}
                for line, sku, quantity in lines or LINES
            ],
            **more,
        }
        return self.event("shipment.shipped", document, ERP, ("odoo:order_id", "42"), ("odoo:transfer_id", f"3{n}"))

    def confirmed(self, total: str) -> Decision[State]:
        """The ERP says what it made of the order."""
        document = {
            "number": "1001", "erp_number": "S00042", "confirmed_at": self.now.isoformat(), "total": {"amount": total, "currency": "EUR"},
        }  # fmt: skip
        return self.event("order.confirmed", document, ERP, ("odoo:order_id", "42"))

    def all_left(self, *numbers: int) -> Decision[State]:
        document = {"number": "1001", "shipments": [f"SH-{n}" for n in numbers], "at": self.now.isoformat()}
        return self.event("order.shipped", document, ERP)

    def milestone(self, code: str, n: int = 1, at: str = "") -> Decision[State]:
        kind = "shipment.delivered" if code == "delivered" else "shipment.milestone"
        return self.event(kind, {"tracking_number": f"T{n}", "code": code, "at": at or self.now.isoformat()}, CARRIER)

    def proof(self, n: int = 1, at: str = "") -> Decision[State]:
        return self.event(
            "shipment.pod", {"tracking_number": f"T{n}", "signed_by": "Jo", "at": at or self.now.isoformat()}, CARRIER
        )

    def invoice(self, state: str, n: int = 1, wish: str | None = None, erp_id: str = "", **more: Any) -> Decision[State]:
        """The ERP tells of an invoice; `wish` is by default the hub's own request."""
        kind = {"draft": "created", "posted": "posted", "paid": "paid", "cancelled": "cancelled"}[state]
        document = {
            "number": f"INV/2026/0000{n}",
            "erp_id": erp_id or f"8{n}",
            "wish": f"IV-shopify-eu.1001-{n}" if wish is None else wish,
            "order_number": "1001",
            "state": "posted" if state == "paid" else state,
            "payment_state": "paid" if state == "paid" else "not_paid",
            "currency": "EUR",
            "issue_date": "2026-11-24",
            "amount": {"amount": "50.00", "currency": "EUR"},
            "residual": {"amount": "0" if state == "paid" else "50.00", "currency": "EUR"},
            "at": self.now.isoformat(),
            **more,
        }
        return self.event(f"customer_invoice.{kind}", document, ERP)


def placed(context: FlowContext | None = None, *lines: tuple[str, str, str], **changes: Any) -> Bench:
    bench = Bench(context or flow())
    bench.event("order.placed", order(*lines, **changes))
    return bench


def drafted(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = placed(context, **changes)
    bench.shipped()
    bench.all_left(1)
    bench.run("invoice.post")
    return bench
