"""EDIFACT INVOIC of a carrier, to `FreightInvoice`: each line is a consignment's charge, and what is added to it or taken off is a charge of its own."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crossdock.canonical.freight import FreightInvoice
from crossdock.documents.charges import CHARGES, plain_word
from crossdock.documents.drafts import Draft, fill, money
from crossdock.documents.edifact.items import read_item, read_texts
from crossdock.documents.edifact.parties import read_parties
from crossdock.documents.edifact.purchase_order import line_number
from crossdock.documents.edifact.qualifiers import BUYER, INVOICE_TO, SELLER
from crossdock.documents.edifact.terms import DOCUMENT_DATE, amount_of, day_of, head_of, read_currency
from crossdock.documents.mapping import Codes, Mapped, ReadContext
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading
from crossdock.documents.weights import kilograms
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

FREIGHT: Final = frozenset({"780"})
"""Data element 1001: invoices for transport."""
_NAMES: Final = {
    "AAM": "waybill",
    "AWB": "waybill",
    "HWB": "waybill",
    "BM": "waybill",
    "AAS": "waybill",
    "CN": "tracking_number",
    "ACD": "tracking_number",
    "CU": "shipment_number",
    "SRN": "shipment_number",
    "ON": "order_number",
}
"""Data element 1153: what a charge is for. The consignor's reference (CU) is the shipment's number, which the hub gave."""
_KINDS: Final = {
    "FC": "base",
    "HD": "handling",
    "SH": "handling",
    "IN": "insurance",
    "DI": "discount",
    "TD": "discount",
    "CD": "customs",
}
"""Data element 7161, where no map of the agreement says otherwise."""
_NET: Final = ("203", "66", "38", "23", "8")


def read_freight_invoice(tree: Loop, context: ReadContext, codes: Codes, credits_by: frozenset[str]) -> list[Mapped]:
    """A carrier's invoice: `freight_invoice.received`. One below zero is a credit note, its amounts turned positive."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    currency = read_currency(reading, node, head)
    theirs = reading.context.parties.theirs
    seller = read_parties(reading, node, ("CA", *SELLER))
    carriers = [group.opener for group in node.loops("NAD") if group.opener.value(1) == "CA"]
    said = carriers[0].value(2, 1) if carriers else ""
    draft: Draft = {
        "number": head.value(2, 1),
        "carrier": (reading.code("carriers", said, carriers[0], 2, 1) if said and "carriers" in reading.options.maps else "")
        or theirs.name
        or said,
        "currency": currency,
    }
    fill(draft, (("seller", seller), ("buyer", read_parties(reading, node, (*INVOICE_TO, *BUYER)))))
    dates = node.all("DTM")
    fill(
        draft,
        (
            ("issue_date", day_of(reading, dates, DOCUMENT_DATE, "3")),
            ("due_date", day_of(reading, dates, "13", "140", "265")),
            ("period_start", day_of(reading, dates, "194")),
            ("period_end", day_of(reading, dates, "206")),
        ),
    )
    common: Draft = {}
    for group in node.loops("RFF"):
        _name(group.opener, common)
        if group.opener.value(1, 1) in {"OI", "IV"}:
            draft.setdefault("preceding_number", group.opener.value(1, 2))
    draft["lines"] = list(_charges(reading, node, common, currency))
    moneys = [*node.all("MOA"), *(group.opener for group in node.loops("MOA"))]
    total = amount_of(reading, moneys, "9", "77", "39", "86", "128")
    if total is None:
        reading.wrong("no amount says what is to be paid (MOA 9 or 77 in the summary)", path="total")
        reading.refuse()
        return []
    tax = amount_of(reading, moneys, "176", "124", "150")
    turned = -1 if total < 0 else 1
    draft["total"] = money(total * turned, currency)
    if tax is not None:
        draft["tax_total"] = money(tax * turned, currency)
    if turned < 0:
        for line in draft["lines"]:
            line["amount"] = money(-line["amount"]["amount"], currency)
    if turned < 0 or head.value(1, 1) in credits_by:
        draft["kind"] = "credit_note"
    invoice = reading.finish(FreightInvoice, draft)
    return [Mapped("freight_invoice.received", invoice, number=invoice.number)]


def _name(segment: Segment, draft: Draft) -> None:
    field, value = _NAMES.get(segment.value(1, 1), ""), segment.value(1, 2)
    if field and value:
        draft.setdefault(field, value)


def _charges(reading: Reading, node: Node, common: Draft, currency: str | None) -> Iterator[Draft]:
    place = 0
    for loop in node.loops("LIN"):
        about: Draft = {}
        for segment in (*loop.all("RFF"), *(group.opener for group in loop.loops("RFF"))):
            _name(segment, about)
        about = {**common, **about, **_weights(reading, loop)}
        fill(about, [("shipped_on", day_of(reading, loop.all("DTM"), "11", "200", "35"))])
        item: Draft = {}
        read_item(loop, item)
        read_texts(loop, item)
        words, code = str(item.get("name") or ""), str(item.get("supplier_sku") or item.get("sku") or "")
        moneys = (*loop.all("MOA"), *(group.opener for group in loop.loops("MOA")))
        net = amount_of(reading, moneys, *_NET)
        if net is None:
            reading.wrong("no amount says what the line costs (MOA 203)", loop.opener)
            continue
        parts = list(_parts(reading, loop))
        number = str(line_number(loop, place + 1))
        net -= sum((amount for _, _, amount, _ in parts), Decimal(0))
        reading.anchors["lines", place] = loop.opener
        place += 1
        kind = _kind(reading, code, words, loop.opener, "base")
        yield {**about, "number": number, "kind": kind, "code": code, "description": words, "amount": money(net, currency)}
        for n, (kind, code, amount, segment) in enumerate(parts, 1):
            reading.anchors["lines", place] = segment
            place += 1
            yield {**about, "number": f"{number}.{n}", "kind": kind, "code": code, "amount": money(amount, currency)}


def _parts(reading: Reading, loop: Node) -> Iterator[tuple[str, str, Decimal, Segment]]:
    """ALC groups of a line, whose amounts are in its net amount: what was added, and below zero what was taken off."""
    for group in loop.loops("ALC"):
        opener = group.opener
        inner = [*group.all("MOA"), *(each.opener for each in group.loops("MOA"))]
        amount = amount_of(reading, inner, "8", "23", "204")
        if amount is None:
            continue  # a percentage that stays within the line
        code, words = opener.value(5, 1), opener.value(5, 4)
        if opener.value(1) == "A":
            yield "discount", code, -amount, opener
        else:
            yield _kind(reading, code, words, opener, "other"), code, amount, opener


def _kind(reading: Reading, code: str, words: str, segment: Segment, otherwise: str) -> str:
    if code and "charges" in reading.options.maps:
        return reading.code("charges", code, segment, 5 if segment.tag == "ALC" else 1) or otherwise
    return _KINDS.get(code) or CHARGES.get(plain_word(words)) or (otherwise if not words or otherwise == "other" else "other")


def _weights(reading: Reading, loop: Node) -> Draft:
    """MEA: the chargeable weight (6313 `AAF`, `CHW`, `ABJ`), and the gross weight."""
    found: Draft = {}
    for segment in loop.all("MEA"):
        value = reading.decimal(segment.value(3, 2), segment, 3, 2)
        weight = kilograms(value, segment.value(3, 1) or "KGM") if value is not None else None
        if weight is None:
            continue
        if segment.value(2, 1) in {"AAF", "CHW", "ABJ"} or segment.value(1) == "CHW":
            found["billed_weight_kg"] = weight
        elif segment.value(2, 1) in {"G", "AAB", "AAD", ""}:
            found["actual_weight_kg"] = weight
    return found
