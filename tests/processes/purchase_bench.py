"""A bench for the procurement-to-receipt process: builds facts in few words and remembers everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from process_bench import START, ProcessBench

from crossdock.core.commands import Command
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.procurement_to_receipt import ProcurementToReceipt, State

KEY = "purchase/odoo/P00042"
DAY = "2026-12-07"
PROCESS = ProcurementToReceipt()
ERP, SUPPLIER, WMS = "odoo", "acme-edi", "wms-north"
LINES = (("1", "BOLT-8", "100", "2.50"), ("2", "NUT-8", "40", "1.00"))


def flow(roles: dict[str, str] | None = None, **settings: Any) -> FlowContext:
    named = {"erp": ERP, "supplier": SUPPLIER, "wms": WMS, **(roles or {})}
    return FlowContext("p2r", named, settings, {}, "purchasing")


def money(amount: str | Decimal) -> dict[str, str]:
    return {"amount": str(amount), "currency": "EUR"}


def order(*lines: tuple[str, str, str, str], **changes: Any) -> dict[str, Any]:
    """A purchase order with lines (number, sku, quantity, price), all due on `DAY`."""
    lines = lines or LINES
    total = sum((Decimal(quantity) * Decimal(price) for _, _, quantity, price in lines), Decimal(0))
    return {
        "number": "P00042",
        "ordered_at": START.isoformat(),
        "buyer": {"name": "Harbour & Pine"},
        "supplier": {
            "name": "ACME Fasteners",
            "vat": "DE123456788",
            "identifiers": [{"scheme": "gln", "value": "4012345000009"}],
        },
        "ship_to": {"name": "North 3PL", "address": {"street": "Am Kai 1", "city": "Hamburg", "country": "DE"}},
        "currency": "EUR",
        "lines": [
            {
                "number": number,
                "sku": sku,
                "supplier_sku": f"A-{sku}",
                "quantity": {"value": quantity},
                "unit_price": money(price),
                "tax_percent": "19",
                "delivery_date": DAY,
            }
            for number, sku, quantity, price in lines
        ],
        "total": money(total),
        "delivery_zone": "Europe/Berlin",
        "warehouse": "NORTH",
        **changes,
    }


def ack_of(command: Command) -> dict[str, Any]:
    """What a well-behaved system answers."""
    name, data = command.name, command.data
    if name in {"purchase_order.send", "purchase_order.change", "purchase_order.cancel"}:
        return {"references": [["edi:sent", f"ISA{command.id[-1]}"]]}
    if name == "receipt.cancel":
        return {"status": "cancelled"}
    if name == "receipt.validate":
        return {"transfer": f"WH/IN/0000{command.id[-1]}", "transfer_id": f"3{command.id[-1]}", "state": "done"}
    if name == "bill.create":
        invoice = data["invoice"]
        return {
            "bill_id": f"7{command.id[-1]}",
            "bill_number": "",
            "total": invoice["payable"]["amount"],
            "currency": invoice["currency"],
        }
    return {}


@dataclass
class Bench(ProcessBench[State]):
    """One purchase order on its way."""

    process = PROCESS
    source = ERP
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = KEY

    def answer(self, *lines: dict[str, Any], number: str = "OC-1", verdict: str = "", **more: Any) -> Decision[State]:
        """The supplier answers; no lines: accepted as ordered."""
        self.now += timedelta(minutes=1)
        document = {
            "number": number,
            "order_number": "P00042",
            "answered_at": self.now.isoformat(),
            "verdict": verdict or ("changed" if lines else "accepted"),
            "lines": [{"answer": "changed", **line} for line in lines],
            **more,
        }
        return self.event("purchase_order.answered", document, SUPPLIER)

    def notice(self, *lines: tuple[str, str], number: str = "ASN-1", **more: Any) -> Decision[State]:
        """The supplier ships lines (order line, quantity); none: everything ordered. Each in its own package and lot."""
        shipped = lines or tuple((number, quantity) for number, _, quantity, _ in LINES)
        document = {
            "number": number,
            "order_number": "P00042",
            "issued_at": self.now.isoformat(),
            "expected_at": "2026-12-07T09:00:00+01:00",
            "units": [{"reference": "P1", "sscc": more.pop("sscc", "106141411234567897")}],
            "lines": [
                {
                    "number": str(place),
                    "order_line": line,
                    "supplier_sku": f"A-{_sku(line)}",
                    "quantity": {"value": quantity},
                    "lot": f"L{line}",
                    "expiry": "2028-01-31",
                    "package": "P1",
                }
                for place, (line, quantity) in enumerate(shipped, 1)
            ],
            **more,
        }
        return self.event("ship_notice.received", document, SUPPLIER)

    def receive(self, *lines: tuple[Any, ...], number: str = "GR-1", **more: Any) -> Decision[State]:
        """The warehouse receives lines (order line, quantity, condition); none: what was last expected."""
        expected = more.pop("expected_number", None)
        if expected is None:
            known = [one for one in self.commands if one.name == "receipt.expect"]
            expected = known[-1].data["expected_receipt"]["number"] if known else ""
        if not lines:
            document = self.last("receipt.expect").data["expected_receipt"]
            lines = tuple((one["order_line"], one["quantity"]["value"]) for one in document["lines"])
        document = {
            "number": number,
            "expected_number": expected,
            "order_number": "P00042",
            "received_at": self.now.isoformat(),
            "lines": [
                {
                    "number": str(place),
                    "order_line": line,
                    "sku": _sku(line),
                    "quantity": {"value": quantity},
                    "condition": condition[0] if condition else "good",
                }
                for place, (line, quantity, *condition) in enumerate(lines, 1)
            ],
            **more,
        }
        return self.event("receipt.completed", document, WMS)

    def invoice(self, *lines: tuple[str, str, str], number: str = "R-900", **more: Any) -> Decision[State]:
        return self.event("supplier_invoice.received", invoice(*lines, number=number, **more), SUPPLIER)

    def acknowledge(self, control: str, verdict: str = "accepted", **more: Any) -> Decision[State]:
        document = {
            "standard": "997",
            "level": "document",
            "verdict": verdict,
            "acknowledged_at": self.now.isoformat(),
            "interchange_control": control,
            **more,
        }
        return self.event("document.acknowledged", document, SUPPLIER, ("edi:sent", control))


def _sku(line: str) -> str:
    return next((sku for number, sku, _, _ in LINES if number == line), f"SKU-{line}")


def invoice(*lines: tuple[str, str, str], number: str = "R-900", tax: str = "19", **more: Any) -> dict[str, Any]:
    """An invoice of lines (order line, quantity, price) with right sums; none: everything ordered at the price ordered."""
    billed = lines or tuple((line, quantity, price) for line, _, quantity, price in LINES)
    nets = [Decimal(quantity) * Decimal(price) for _, quantity, price in billed]
    charges = sum(
        (Decimal(one["amount"]["amount"]) * (1 if one["charge"] else -1) for one in more.get("allowances", ())), Decimal(0)
    )
    net = sum(nets, Decimal(0)) + charges
    due = (net * Decimal(tax) / 100).quantize(Decimal("0.01"))
    return {
        "number": number,
        "issue_date": "2026-12-08",
        "currency": "EUR",
        "order_number": "P00042",
        "seller": {"name": "ACME Fasteners", "vat": "DE 123 456 788"},
        "lines": [
            {
                "number": str(place),
                "order_line": line,
                "supplier_sku": f"A-{_sku(line)}",
                "quantity": {"value": quantity},
                "unit_price": money(price),
                "net_amount": money(made),
                "tax_percent": tax,
            }
            for place, ((line, quantity, price), made) in enumerate(zip(billed, nets, strict=True), 1)
        ],
        "taxes": [{"percent": tax, "taxable": money(net), "tax": money(due)}],
        "tax_total": money(due),
        "tax_exclusive": money(net),
        "tax_inclusive": money(net + due),
        "payable": money(net + due),
        **more,
    }


def ordered(context: FlowContext | None = None, *lines: tuple[str, str, str, str], **changes: Any) -> Bench:
    bench = Bench(context or flow())
    bench.event("purchase_order.confirmed", order(*lines, **changes), ERP, ("odoo:purchase_order_id", "17"))
    return bench


def sent(context: FlowContext | None = None, *lines: tuple[str, str, str, str], **changes: Any) -> Bench:
    bench = ordered(context, *lines, **changes)
    bench.ack("purchase_order.send")
    return bench


def agreed(context: FlowContext | None = None) -> Bench:
    bench = sent(context)
    bench.acknowledge("ISA1")
    bench.answer()
    bench.run()
    return bench


def shipped(context: FlowContext | None = None) -> Bench:
    bench = agreed(context)
    bench.notice()
    bench.run()
    return bench


def received(context: FlowContext | None = None) -> Bench:
    bench = shipped(context)
    bench.receive()
    bench.run()
    return bench
