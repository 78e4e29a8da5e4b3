"""X12 210: a carrier's freight invoice, to `FreightInvoice`; one charge an L1, its amounts with two implied decimals."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.freight import FreightInvoice
from crossdock.documents.drafts import Draft, fill, money
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.weights import kilograms
from crossdock.documents.x12.parties import read_parties
from crossdock.documents.x12.terms import read_day
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

# Data element 150, the codes carriers' guides share; a partner's others go through the agreement's map of charges.
CHARGES: Final = {
    "FUE": "fuel",
    "405": "fuel",
    "RES": "residential",
    "RDC": "residential",
    "REM": "remote",
    "OVL": "oversize",
    "LGT": "oversize",
    "HHB": "handling",
    "LFT": "handling",
    "INS": "insurance",
    "RCC": "return",
    "CUS": "customs",
    "DTY": "duty",
    "DSC": "discount",
    "GST": "tax",
    "TAX": "tax",
    "VAT": "tax",
}
_WEIGHT_UNITS: Final = {"L": "LBR", "K": "KGM", "": "LBR"}
"""Data element 188; X12 weights without a unit are pounds, which the standard takes for granted."""
_WAYBILL: Final = ("BM", "CN", "2I", "PRO")


@reads("x12", "210")
def read_freight_invoice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A freight invoice: `freight_invoice.received`. What is due may be below zero: then it is a credit note, its amounts turned positive."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "B3")
    currency = _currency(reading, node, head)
    total = reading.implied(at(head, 7), 2, head, 7)
    references = _references(node)
    draft: Draft = {
        "number": at(head, 2),
        "carrier": reading.code("carriers", at(head, 11), head, 11) or "",
        "currency": currency,
    }
    fill(draft, [("issue_date", read_day(reading, head, 6)), ("total", None if total is None else money(total, currency))])
    fill(
        draft, (("seller", read_parties(reading, node, ("CA", "RI", "RE"))), ("buyer", read_parties(reading, node, ("BT", "PR"))))
    )
    common: Draft = {"shipment_number": at(head, 3), "order_number": next(iter(references.get("PO", ())), "")}
    for kind in _WAYBILL:
        if found := references.get(kind):
            common["waybill"] = found[0]
            break
    if (day := read_day(reading, head, 12)) is not None:
        common["shipped_on"] = day
    draft["lines"] = list(_charges(reading, node, common, currency))
    if total is not None and total < 0:
        _turn(draft, total, currency)
    invoice = reading.finish(FreightInvoice, draft)
    return [Mapped("freight_invoice.received", invoice, number=invoice.number)]


def _turn(draft: Draft, total: Decimal, currency: str) -> None:
    draft |= {"kind": "credit_note", "total": money(-total, currency)}
    for line in draft["lines"]:
        line["amount"] = money(-line["amount"]["amount"], currency)


def _currency(reading: Reading, node: Node, head: Segment) -> str:
    stated = node.first("C3")
    if stated is not None and at(stated, 1):
        return at(stated, 1)
    if reading.options.currency is None:
        reading.wrong("the document names no currency (C301), and neither does the agreement", head)
    return reading.options.currency or NO_CURRENCY


def _references(node: Node) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for segment in node.all("N9"):
        found.setdefault(at(segment, 1), []).append(at(segment, 2))
    return found


def _charges(reading: Reading, node: Node, common: Draft, currency: str) -> Iterator[Draft]:
    place = 0
    for loop in node.loops("LX"):
        words = " ".join(at(each, 2) for each in loop.all("L5") if at(each, 2))
        weights = _weights(reading, loop)
        for segment in loop.all("L1"):
            amount = reading.implied(at(segment, 4), 2, segment, 4)
            if amount is None:
                continue  # a rate that charges nothing by itself
            reading.anchors["lines", place] = segment
            place += 1
            code = at(segment, 8)
            yield {
                **common,
                **weights,
                "number": str(place),
                "kind": _kind(reading, code, segment),
                "code": code,
                "description": at(segment, 12) or words,
                "amount": money(amount, currency),
            }


def _kind(reading: Reading, code: str, segment: Segment) -> str:
    if not code:
        return "base"
    if "charges" in reading.options.maps:
        return reading.code("charges", code, segment, 8) or "other"
    return CHARGES.get(code, "other")


def _weights(reading: Reading, loop: Node) -> Draft:
    """L0: the weight charged for (qualifier `B` or none but a gross weight), and the gross weight."""
    found: Draft = {}
    for segment in loop.all("L0"):
        value = reading.decimal(at(segment, 4), segment, 4)
        weight = kilograms(value, _WEIGHT_UNITS.get(at(segment, 11), "LBR")) if value is not None else None
        if weight is not None:
            found["actual_weight_kg" if at(segment, 5) == "G" else "billed_weight_kg"] = weight
    return found
