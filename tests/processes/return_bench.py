"""A bench for the returns process: an order that was paid and delivered, and what may come of it, in few words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from process_bench import START, ProcessBench

from crossdock.core.commands import Command
from crossdock.core.process import Decided, Decision, FlowContext
from crossdock.processes.returns import Returns, State

KEY = "order/shopify-eu/1001"
PROCESS = Returns()
ERP, WMS, SHOP, GATEWAY, CARRIER = "odoo", "wms-north", "shopify-eu", "stripe", "carrier-dhl"
LINES = (("1", "BOLT-8", "3", "10.00"), ("2", "GLOVE", "1", "29.90"))
"""Order line, SKU, quantity and price with tax: with 5.10 for shipping the customer paid 65.00."""
TOTAL = "65.00"


def flow(roles: dict[str, str] | None = None, **settings: Any) -> FlowContext:
    named = {"erp": ERP, "wms": WMS, "shop": SHOP, "gateway": GATEWAY, "carrier": CARRIER, **(roles or {})}
    return FlowContext("returns", named, settings, {}, "service")


def money(amount: str | Decimal, currency: str = "EUR") -> dict[str, str]:
    return {"amount": str(amount), "currency": currency}


def order(**changes: Any) -> dict[str, Any]:
    return {
        "number": "1001",
        "placed_at": START.isoformat(),
        "customer": {"id": "77", "name": "Astrid Berg"},
        "ship_to": {"name": "Astrid Berg", "street": "Lange Gasse 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"},
        "currency": "EUR",
        "lines": [
            {"number": number, "sku": sku, "quantity": {"value": quantity}, "unit_price": money(price)}
            for number, sku, quantity, price in LINES
        ],
        "shipping": money("5.10"),
        "total": money(TOTAL),
        "prices_include_tax": True,
        **changes,
    }


def ack_of(command: Command) -> dict[str, Any]:
    """What a well-behaved system answers."""
    name, data = command.name, command.data
    last = command.id.rpartition(":")[2]
    if name == "return.label":
        return {
            "tracking_number": f"BACK{last}",
            "label": "cGRm",
            "label_format": "PDF",
            "references": [["tracking", f"BACK{last}"]],
        }
    if name == "return.transfer":
        return {"transfer": f"WH/RET/{last}", "transfer_id": last, "state": "done"}
    if name == "credit_note.create":
        return {"invoice_id": f"9{last}", "invoice_number": f"RINV/{last}", "total": data["invoice_request"]["total"]["amount"]}
    if name in {"payment.refund", "shop.refund"}:
        return {"reference": f"re_{last}", "amount": data["amount"], "status": "completed"}
    return {"status": "cancelled"} if name == "return.cancel" else {}


@dataclass
class Bench(ProcessBench[State]):
    """One order whose goods may come back."""

    process = PROCESS
    source = SHOP
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = KEY

    def bought(self, paid: str = TOTAL, *, deliver: bool = True, invoice: bool = True) -> Bench:
        """An order that was placed, shipped, delivered, paid for and invoiced."""
        self.event("order.placed", order())
        confirmed = {"number": "1001", "erp_number": "S00042", "confirmed_at": self.now.isoformat()}
        self.event("order.confirmed", confirmed, ERP, ("odoo:order_id", "42"))
        if paid:
            self.capture(paid)
        if deliver:
            self.ship()
        if invoice:
            self.event("customer_invoice.posted", self.invoice(), ERP)
        return self

    def invoice(self) -> dict[str, Any]:
        return {
            "number": "INV/1", "erp_id": "7", "order_number": "1001", "state": "posted", "issue_date": "2026-11-24", "currency": "EUR",
            "amount": money(TOTAL), "residual": money("0"), "at": self.now.isoformat(),
        }  # fmt: skip

    def ship(self, *lines: tuple[str, str], sequence: int = 1) -> None:
        picked = lines or tuple((number, quantity) for number, _, quantity, _ in LINES)
        skus = {number: sku for number, sku, _, _ in LINES}
        document = {
            "fulfilment_number": "FO-1", "sequence": sequence, "picked_at": self.now.isoformat(),
            "lines": [{"number": n, "order_line": n, "sku": skus[n], "quantity": {"value": q}} for n, q in picked],
        }  # fmt: skip
        self.event("picking.completed", document, WMS)
        self.event("shipment.delivered", {"tracking_number": "1Z1", "code": "delivered", "at": self.now.isoformat()}, CARRIER)

    def capture(self, amount: str, reference: str = "pi_1", currency: str = "EUR", **more: Any) -> Decision[State]:
        document = {
            "reference": reference, "provider": "stripe", "order_number": "1001", "amount": money(amount, currency),
            "at": self.now.isoformat(), **more,
        }  # fmt: skip
        return self.event("payment.captured", document, GATEWAY)

    def request(self, *lines: tuple[str, str], number: str = "R-1", reason: str = "changed_mind", **more: Any) -> Decision[State]:
        """The customer asks to return lines (SKU, quantity); none: one bolt."""
        self.now += timedelta(days=2)
        document = {
            "number": number,
            "order_number": "1001",
            "requested_at": self.now.isoformat(),
            "lines": [
                {"number": str(i), "sku": sku, "quantity": {"value": quantity}, "reason": reason, **more}
                for i, (sku, quantity) in enumerate(lines or (("BOLT-8", "1"),), 1)
            ],
        }
        return self.event("return.requested", document, SHOP)

    def receive(self, *lines: tuple[str, str, str], number: str = "WR-1", ret: str | None = None, **more: Any) -> Decision[State]:
        """The warehouse receives lines (SKU, quantity, grade); none: what was last expected, as good as new."""
        if ret is None:
            expected = self.last("return.expect").data["expected_return"]
            ret = expected["number"]
            lines = lines or tuple((one["sku"], one["quantity"]["value"], "resaleable") for one in expected["lines"])
        document = {
            "number": number,
            "return_number": ret,
            "received_at": self.now.isoformat(),
            "lines": [
                {"number": str(i), "sku": sku, "quantity": {"value": quantity}, "grade": grade}
                for i, (sku, quantity, grade) in enumerate(lines, 1)
            ],
            **more,
        }
        return self.event("return.received", document, WMS)

    def gateway(self, kind: str, amount: str, **more: Any) -> Decision[State]:
        """The gateway tells of a refund."""
        document = {
            "reference": "re_9", "payment_reference": "pi_1", "provider": "stripe", "amount": money(amount), "at": self.now.isoformat(), **more,
        }  # fmt: skip
        return self.event(kind, document, GATEWAY)

    def dispute(self, kind: str = "chargeback.opened", **more: Any) -> Decision[State]:
        document = {
            "reference": "dp_1", "payment_reference": "pi_1", "provider": "stripe", "amount": money(TOTAL), "at": self.now.isoformat(), **more,
        }  # fmt: skip
        return self.event(kind, document, GATEWAY)

    def decided_by(self, who: str, slot: str, action: str, **data: Any) -> Decision[State]:
        self.now += timedelta(minutes=5)
        return self.fact(Decided(slot, action, self.now, who, "because", data))

    def refunds(self) -> list[Decimal]:
        """What was asked to go back, command by command."""
        return [Decimal(one.data["amount"]["amount"]) for one in self.commands if one.name in {"payment.refund", "shop.refund"}]

    def standing(self, n: int = 1) -> str:
        return self.state.returns[n - 1].standing
