"""What other workflows are told of a carrier's invoice that is a bill: the books of the whole, each order of its share; decides nothing."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.events import Reference
from crossdock.processes.freight_to_bill.work import Work


def tell(w: Work) -> None:
    """`freight.billed`, once: under the invoice's own key the whole, and to each order that answered what names its consignments."""
    if not w.settings.tells:
        return
    invoice = w.invoice()
    w.emit("freight.billed", "1", w.source, invoice)
    lines = {line["number"]: line for line in invoice["lines"]}
    for claim in w.claims:
        if claim.answer is None or not any(one["shipment"] for one in claim.answer["lines"]):
            continue
        mine = [lines[number] for number in claim.lines]
        total = sum((Decimal(line["amount"]["amount"]) for line in mine), Decimal(0))
        part = {
            **invoice,
            "lines": mine,
            "tax_total": None,
            "total": {"amount": format(total, "f"), "currency": invoice["currency"]},
        }
        names = {"tracking": "tracking_number", "shipment": "shipment_number", "waybill": "waybill"}
        references = dict.fromkeys(Reference(scheme, line[name]) for line in mine for scheme, name in names.items() if line[name])
        w.emit("freight.billed", f"1.{claim.n}", w.source, part, references)
