"""A carrier's freight invoice as the paper and the order `bill.create` works with: no purchase order stands behind it; knows no wire."""

from __future__ import annotations

from crossdock.canonical.freight import FreightInvoice
from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.canonical.party import TradingParty
from crossdock.canonical.values import Money, Quantity
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.values import text
from crossdock.core.errors import TargetRefused

_ONE = Quantity(value=1, unit="C62")


def as_invoice(freight: FreightInvoice) -> Invoice:
    """The same paper in the terms of an invoice: every charge is one piece of itself; a charge of tax is the paper's tax, no line."""
    lines = [line for line in freight.lines if line.kind != "tax"]
    taxed = [line.amount.amount for line in freight.lines if line.kind == "tax"]
    tax = freight.tax_total or (Money(amount=sum(taxed), currency=freight.currency) if taxed else None)
    return Invoice(
        number=freight.number,
        kind=freight.kind,
        type_code="381" if freight.kind == "credit_note" else "380",
        issue_date=freight.issue_date,
        due_date=freight.due_date,
        currency=freight.currency,
        seller=freight.seller or TradingParty(name=freight.carrier),
        lines=tuple(
            InvoiceLine(
                number=line.number,
                name=_words(
                    line.description or line.code or line.kind, line.waybill or line.tracking_number or line.shipment_number
                ),
                quantity=_ONE,
                unit_price=line.amount,
                net_amount=line.amount,
                tax_percent=line.tax_percent,
            )
            for line in lines
        ),
        tax_total=tax,
        payable=freight.total,
        note=freight.note,
    )


def _words(what: str, consignment: str) -> str:
    return f"{what}, {consignment}" if consignment else what


async def carrier(client: OdooClient, freight: FreightInvoice) -> Row:
    """What stands in for the purchase order: the carrier as vendor, by the option `freight_vendors`, else by its tax number or reference.

    Raises `TargetRefused` when Odoo has no such partner, or more than one.
    """
    chosen = client.options.freight_vendors.get(freight.carrier)
    if chosen is None:
        vat = freight.seller.vat if freight.seller else ""
        domain = [["parent_id", "=", False], *(["|", ["vat", "=", vat]] if vat else []), ["ref", "=", freight.carrier]]
        found = await client.search_read("res.partner", domain, ["name"], limit=2)
        if len(found) != 1:
            raise TargetRefused(
                f"Odoo has {'several vendors' if found else 'no vendor'} for carrier {freight.carrier}; "
                "name the one in the option `freight_vendors`",
                carrier=freight.carrier,
                partners=[row["id"] for row in found],
            )
        chosen = int(found[0]["id"])
    partner = await client.read_one("res.partner", chosen, ["name"])
    return {"id": 0, "name": "", "state": "", "partner_id": [chosen, text(partner["name"])], "order_line": []}
