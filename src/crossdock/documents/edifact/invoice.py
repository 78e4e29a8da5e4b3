"""EDIFACT INVOIC: an invoice or a credit note, to `Invoice`. Amounts of a credit note are positive there, however the sender signs them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from crossdock.documents.assembly.invoices import gives_back, invoiced, line_gross, lines_net, state_net, tax_row, tax_sum
from crossdock.documents.credit import round_to
from crossdock.documents.drafts import Draft, fill, money, party
from crossdock.documents.edifact.freight_invoice import FREIGHT, read_freight_invoice
from crossdock.documents.edifact.items import read_item, read_price, read_texts
from crossdock.documents.edifact.parties import read_parties
from crossdock.documents.edifact.purchase_order import line_number
from crossdock.documents.edifact.qualifiers import BUYER, INVOICE_TO, PAYEE, SELLER, SHIP_TO
from crossdock.documents.edifact.terms import (
    DOCUMENT_DATE,
    amount_of,
    day_of,
    head_of,
    moment_of,
    quantity_of,
    read_allowances,
    read_currency,
    read_note,
    reference,
)
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

_PARTIES: Final = {"seller": SELLER, "buyer": (*INVOICE_TO, *BUYER), "ship_to": SHIP_TO, "payee": PAYEE}
# Data element 1001: those that give money back.
CREDITS: Final = frozenset({"381", "83", "262", "308", "396", "420", "458", "532"})
_PURPOSES: Final = {
    "": "original",
    "9": "original",
    "7": "original",
    "31": "original",
    "43": "original",
    "5": "replacement",
    "4": "replacement",
    "1": "cancellation",
    "3": "cancellation",
}
REFERENCES: Final = {
    "ON": "order_number",
    "VN": "supplier_order_number",
    "CT": "contract",
    "AAK": "despatch_number",
    "ALO": "receipt_number",
    "CR": "buyer_reference",
    "OI": "preceding_number",
}
# Data element 5025 of the summary.
TOTAL_AMOUNTS: Final = {
    "79": "line_total",
    "260": "allowance_total",
    "259": "charge_total",
    "125": "tax_exclusive",
    "77": "tax_inclusive",
    "113": "prepaid",
    "165": "rounding",
}


@reads("edifact", "INVOIC")
def read_invoice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's invoice or credit note: `supplier_invoice.received`; of a carrier, `freight_invoice.received`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    type_code = head.value(1, 1) or "380"
    if type_code in FREIGHT or context.options.invoices == "freight":
        return read_freight_invoice(tree, context, codes, CREDITS)
    draft: Draft = {"number": head.value(2, 1), "type_code": type_code}
    draft["purpose"] = reading.purpose(_PURPOSES, head, 3, "an invoice")
    currency = read_currency(reading, node, head)
    draft["currency"] = currency
    _dates(reading, node, draft)
    for group in node.loops("RFF"):
        reference(group.opener, REFERENCES, draft)
        if group.opener.value(1) == "OI" and (day := day_of(reading, group.all("DTM"), "171", "3", "137")) is not None:
            draft["preceding_date"] = day
    _parties(reading, node, draft)
    for name, subject in (("payment_terms", "AAB"), ("remittance", "PMD")):
        if text := read_note(node, subject):
            draft[name] = text
    note = "\n".join(text for segment in node.all("FTX") if segment.value(1) not in ("AAB", "PMD") and (text := _text(segment)))
    if note:
        draft["note"] = note
    for segment in node.all("PAI"):
        draft["payment_means"] = segment.value(1, 3)
    draft["lines"] = _lines(reading, node, currency)
    net = lines_net(draft)
    if allowances := read_allowances(reading, node, currency, net):
        draft["allowances"] = allowances
    _totals(reading, node, draft, currency)
    if gives_back(draft, credit=type_code in CREDITS):
        draft["kind"] = "credit_note"
        draft["type_code"] = type_code if type_code in CREDITS else "381"
    duplicate = head.value(3) in ("7", "31")
    return invoiced(reading, draft, duplicate=duplicate, at=moment_of(reading, node.all("DTM"), DOCUMENT_DATE))


def _text(segment: Segment) -> str:
    return " ".join(part for part in (segment.value(4, place) for place in range(1, 6)) if part)


def _dates(reading: Reading, node: Node, draft: Draft) -> None:
    dates = node.all("DTM")
    terms = [segment for group in node.loops("PAT") for segment in group.all("DTM")]
    fill(
        draft,
        (
            ("issue_date", day_of(reading, dates, DOCUMENT_DATE, "3")),
            ("due_date", day_of(reading, (*terms, *dates), "13", "140", "265")),
            ("tax_point_date", day_of(reading, dates, "131", "325")),
            ("delivery_date", day_of(reading, dates, "35", "11", "1")),
        ),
    )


def _parties(reading: Reading, node: Node, draft: Draft) -> None:
    theirs = reading.context.parties.theirs
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    draft.setdefault("seller", party(theirs.name, theirs.gln))
    for group in node.loops("NAD"):
        for segment in group.all("FII"):
            if segment.value(1) in ("RB", "RH", "BF"):
                draft.setdefault("iban", segment.value(2, 1))
                draft.setdefault("bic", segment.value(3, 1))


def _lines(reading: Reading, node: Node, currency: str | None) -> list[Draft]:
    lines: list[Draft] = []
    for loop in node.loops("LIN"):
        opener = loop.opener
        reading.anchors["lines", len(lines)] = opener
        line: Draft = {"number": line_number(loop, len(lines) + 1)}
        read_item(loop, line)
        read_texts(loop, line)
        quantity = quantity_of(reading, loop, "47", "46", "12", "21", "61")
        if quantity is not None:
            line["quantity"] = quantity
        each = read_price(reading, loop, currency, line)
        for group in loop.loops("RFF"):
            segment = group.opener
            if segment.value(1) == "LI":
                continue
            if segment.value(1) == "ON" and (number := segment.value(1, 3)):
                line["order_line"] = number
            if segment.value(1) == "AAK" and (number := segment.value(1, 3)):
                line["despatch_line"] = number
            reference(segment, {"ON": "order_number", "AAK": "despatch_number"}, line)
        line.setdefault("order_line", line["number"])
        gross = line_gross(quantity, each)
        if allowances := read_allowances(reading, loop, currency, gross):
            line["allowances"] = allowances
        moneys = (*loop.all("MOA"), *(group.opener for group in loop.loops("MOA")))
        state_net(line, amount_of(reading, moneys, "203", "66", "38"), gross, currency)
        if "net_amount" in line and "unit_price" not in line and quantity is not None and quantity["value"]:
            line["unit_price"], line["price_base"] = line["net_amount"], quantity["value"]
        _line_details(reading, loop, line)
        lines.append(line)
    return lines


def _line_details(reading: Reading, loop: Node, line: Draft) -> None:
    for group in loop.loops("TAX"):
        line["tax_category"] = group.opener.value(6)
        if (percent := reading.decimal(group.opener.value(5, 4), group.opener, 5, 4)) is not None:
            line["tax_percent"] = percent
    dates = loop.all("DTM")
    fill(
        line, ((name, day_of(reading, dates, qualifier)) for name, qualifier in (("period_start", "194"), ("period_end", "206")))
    )
    if note := read_note(loop):
        line["note"] = note


def _totals(reading: Reading, node: Node, draft: Draft, currency: str | None) -> None:
    moneys = [*node.all("MOA"), *(group.opener for group in node.loops("MOA"))]
    for qualifier, name in TOTAL_AMOUNTS.items():
        if (amount := amount_of(reading, moneys, qualifier)) is not None:
            draft[name] = money(amount, currency)
    payable = amount_of(reading, moneys, "9", "77", "39", "86", "128")
    if payable is None:
        reading.wrong("no amount says what is to be paid (MOA 9 or 77 in the summary)", path="payable")
    else:
        draft["payable"] = money(payable, currency)
    taxes: list[dict[str, Any]] = []
    for group in node.loops("TAX"):
        opener = group.opener
        inner = [*group.all("MOA"), *(each.opener for each in group.loops("MOA"))]
        tax, base = amount_of(reading, inner, "124", "150"), amount_of(reading, inner, "125")
        percent = reading.decimal(opener.value(5, 4), opener, 5, 4)
        if tax is None:
            continue
        if base is None:
            base = round_to(tax * 100 / percent, currency) if percent else Decimal(0)
        taxes.append(tax_row(opener.value(6) or "S", percent, base, tax, currency))
    if taxes:
        draft["taxes"] = taxes
    total = amount_of(reading, moneys, "176", "124", "150")
    if total is None and taxes:
        total = tax_sum(taxes)
    if total is not None:
        draft["tax_total"] = money(total, currency)
