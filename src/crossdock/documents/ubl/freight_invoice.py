"""UBL FreightInvoice (2.1): a carrier's invoice to `FreightInvoice`; what a line is for is its own shipment, else the document's only one."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.canonical.freight import FreightInvoice
from crossdock.documents.charges import CHARGES, plain_word
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.ubl.elements import Node, Reading, currency_of, root_of
from crossdock.documents.ubl.invoice import CREDIT_NOTES
from crossdock.documents.ubl.parties import read_party


@reads("ubl", "FreightInvoice")
def read_freight_invoice(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A freight invoice as `freight_invoice.received`; allowances are discounts, charges of the whole are lines without consignment.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing` with everything that is wrong, each with its path.
    """
    reading = Reading(context, codes)
    root = Node(root_of(data), reading)
    invoice = reading.finish(FreightInvoice, _draft(root))
    return [Mapped("freight_invoice.received", invoice, number=invoice.number)]


def _draft(root: Node) -> Draft:
    reading = root.reading
    currency = currency_of(root, "cac:LegalMonetaryTotal/cbc:PayableAmount", "cac:TaxTotal/cbc:TaxAmount")
    theirs = reading.context.parties.theirs
    seller = read_party(root.first("cac:AccountingSupplierParty/cac:Party"))
    shipments = root.all("cac:Shipment")
    only = _consignment(shipments[0]) if len(shipments) == 1 else {}
    lines = [*_lines(root, only, currency), *_whole(root, only, currency)]
    reading.anchors[()] = root
    reading.anchors |= {("lines", at): node for at, (node, _) in enumerate(lines)}
    totals = "cac:LegalMonetaryTotal"
    total = root.money(f"{totals}/cbc:TaxInclusiveAmount", currency) or root.money(f"{totals}/cbc:PayableAmount", currency)
    if total is None:
        reading.wrong("the total is missing (cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount)", root, "total")
        total = {"amount": 0, "currency": currency}
    return {
        "number": root.text("cbc:ID"),
        "kind": "credit_note" if root.text("cbc:InvoiceTypeCode") in CREDIT_NOTES else "invoice",
        "carrier": theirs.name or theirs.id or str((seller or {}).get("name") or ""),
        "issue_date": root.day("cbc:IssueDate"),
        "due_date": root.day("cac:PaymentMeans/cbc:PaymentDueDate"),
        "period_start": root.day("cac:InvoicePeriod/cbc:StartDate"),
        "period_end": root.day("cac:InvoicePeriod/cbc:EndDate"),
        "currency": currency,
        "seller": seller,
        "buyer": read_party(root.first("cac:AccountingCustomerParty/cac:Party")),
        "lines": [{**line, "number": line["number"] or str(at)} for at, (_, line) in enumerate(lines, 1)],
        "tax_total": root.money("cac:TaxTotal/cbc:TaxAmount", currency),
        "total": total,
        "preceding_number": root.text("cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID"),
        "note": root.texts("cbc:Note"),
    }


def _consignment(shipment: Node) -> Draft:
    """What a shipment says a charge is for: the carrier's own number of the consignment goes before the consignment's."""
    consignment = shipment.first("cac:Consignment")
    waybill = (consignment.text("cbc:CarrierAssignedID") or consignment.text("cbc:ID")) if consignment is not None else ""
    return {"shipment_number": shipment.text("cbc:ID"), "waybill": waybill}


def _lines(root: Node, only: Draft, currency: str) -> Iterator[tuple[Node, Draft]]:
    for line in root.all("cac:InvoiceLine"):
        own = line.first("cac:Delivery/cac:Shipment")
        code, name = line.text("cac:Item/cac:SellersItemIdentification/cbc:ID"), line.text("cac:Item/cbc:Name")
        yield (
            line,
            {
                **(_consignment(own) if own is not None else only),
                "number": line.text("cbc:ID"),
                "order_number": line.text("cac:OrderLineReference/cac:OrderReference/cbc:ID"),
                "kind": _kind(line, code, name),
                "code": code,
                "description": name,
                "amount": line.money("cbc:LineExtensionAmount", currency),
                "tax_percent": line.decimal("cac:Item/cac:ClassifiedTaxCategory/cbc:Percent"),
            },
        )


def _whole(root: Node, only: Draft, currency: str) -> Iterator[tuple[Node, Draft]]:
    """Allowances and charges on the whole invoice."""
    for place, each in enumerate(root.all("cac:AllowanceCharge"), 1):
        charge, reason = each.text("cbc:ChargeIndicator") == "true", each.text("cbc:AllowanceChargeReason")
        amount = each.money("cbc:Amount", currency)
        if amount is not None and not charge:
            amount = {**amount, "amount": -amount["amount"]}
        kind = _kind(each, each.text("cbc:AllowanceChargeReasonCode"), reason) if charge else "discount"
        yield each, {**only, "number": f"AC{place}", "kind": kind, "description": reason, "amount": amount}


def _kind(node: Node, code: str, name: str) -> str:
    """By the agreement's map of charges, else by the words; what neither knows is `other`, which nobody agreed."""
    if "charges" in node.reading.options.maps and code:
        return node.reading.code("charges", code, node)
    return CHARGES.get(plain_word(code)) or CHARGES.get(plain_word(name)) or "other"
