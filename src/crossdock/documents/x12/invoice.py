"""X12 810: an invoice or a credit note, to `Invoice`. Amounts of a credit note are positive there, however the sender signs them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from crossdock.documents.assembly.invoices import gives_back, invoiced, line_gross, lines_net, state_net, tax_row, tax_sum
from crossdock.documents.credit import round_to
from crossdock.documents.drafts import Draft, fill, money, party
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.order_totals import adjustment
from crossdock.documents.reading import Reading
from crossdock.documents.x12.items import read_item, read_price, read_quantity, read_texts
from crossdock.documents.x12.parties import read_parties
from crossdock.documents.x12.qualifiers import SELLER
from crossdock.documents.x12.terms import (
    LINE_REFERENCE,
    day_of,
    read_allowances,
    read_currency,
    read_day,
    read_note,
    read_number,
    read_references,
    read_terms,
)
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

_PARTIES: Final = {"seller": SELLER, "buyer": ("BY", "BT"), "ship_to": ("ST",), "payee": ("RE",)}
# Data element 640: those that give money back.
CREDITS: Final = frozenset({"CR", "CN", "CG"})
_PURPOSES: Final = {"": "original", "00": "original", "05": "replacement", "01": "cancellation", "07": "original"}
HEAD_REFERENCES: Final = {
    "CT": "contract",
    "SI": "despatch_number",
    "VN": "supplier_order_number",
    "RV": "receipt_number",
    "OI": "preceding_number",
    "CR": "buyer_reference",
}
LINE_REFERENCES: Final = {"PO": "order_number", "LI": "order_line", "SI": "despatch_number"}


@reads("x12", "810")
def read_invoice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's invoice or credit note: `supplier_invoice.received`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "BIG")
    draft: Draft = {"number": at(head, 2), "order_number": read_number(head, 4, 5)}
    fill(draft, [("issue_date", read_day(reading, head, 1))])
    draft["purpose"] = reading.purpose(_PURPOSES, head, 8, "an invoice")
    currency = read_currency(reading, node, head)
    draft["currency"] = currency
    read_references(node.all("REF"), HEAD_REFERENCES, draft)
    _parties(reading, node, draft)
    read_terms(reading, node, draft.get("issue_date"), draft)
    fill(draft, [("delivery_date", day_of(reading, node.all("DTM"), "035", "050", "002", "011"))])
    if note := read_note(node):
        draft["note"] = note
    draft["lines"] = _lines(reading, node, currency)
    net = lines_net(draft)
    if allowances := read_allowances(reading, node, currency, net):
        draft["allowances"] = allowances
    _totals(reading, node, draft, currency, net)
    if gives_back(draft, credit=at(head, 7) in CREDITS):
        draft |= {"kind": "credit_note", "type_code": "381"}
    return invoiced(reading, draft, duplicate=at(head, 8) == "07")


def _parties(reading: Reading, node: Node, draft: Draft) -> None:
    theirs = reading.context.parties.theirs
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    draft.setdefault("seller", party(theirs.name, theirs.gln))


def _lines(reading: Reading, node: Node, currency: str | None) -> list[Draft]:
    lines: list[Draft] = []
    seen: dict[str, int] = {}
    for loop in node.loops("IT1"):
        opener = loop.opener
        reading.anchors["lines", len(lines)] = opener
        number = at(opener, 1)
        times = seen[number] = seen.get(number, 0) + 1
        line: Draft = {"order_line": number, "number": number if number and times == 1 else f"{number}.{times}".lstrip(".")}
        quantity = read_quantity(reading, opener, 2, 3)
        if quantity is not None:
            line["quantity"] = quantity
        each = read_price(reading, opener, 4, 5, currency, line)
        read_item(opener, 6, line)
        read_texts(loop, line)
        stated: Draft = {}
        read_references(loop.all("REF"), LINE_REFERENCES, stated, LINE_REFERENCE)
        line["identifiers"] = [*line.get("identifiers", ()), *stated.pop("identifiers", ())]
        line |= stated
        gross = line_gross(quantity, each)
        if allowances := read_allowances(reading, loop, currency, gross):
            line["allowances"] = allowances
        if (listed := _list_price(reading, loop)) is not None:
            line["gross_price"] = money(listed, currency)
        state_net(line, _stated_net(reading, loop), gross, currency)
        for segment in loop.all("TXI"):
            if (percent := reading.decimal(at(segment, 3), segment, 3)) is not None:
                line |= {"tax_percent": percent, "tax_category": _category(segment, percent)}
        if note := read_note(loop):
            line["note"] = note
        lines.append(line)
    return lines


def _list_price(reading: Reading, loop: Node) -> Decimal | None:
    for segment in (*loop.all("CTP"), *(each.opener for each in loop.loops("CTP"))):
        if at(segment, 2) == "LPR":
            return reading.decimal(at(segment, 3), segment, 3)
    return None


def _stated_net(reading: Reading, loop: Node) -> Decimal | None:
    """PAM with qualifier `1`: the line's amount as the sender worked it out."""
    for segment in loop.all("PAM"):
        if at(segment, 4) == "1":
            return reading.decimal(at(segment, 5), segment, 5)
    return None


def _category(segment: Segment, percent: Decimal | None) -> str:
    """UNTDID 5305 of a TXI: exempt by data element 441, zero rate, or standard."""
    if at(segment, 6) == "1":
        return "E"
    return "Z" if percent == 0 else "S"


def _totals(reading: Reading, node: Node, draft: Draft, currency: str | None, net: Decimal) -> None:
    total = node.first("TDS")
    if total is None:
        reading.wrong("the document has no TDS segment, so nothing says what is to be paid", path="payable")
    elif (payable := reading.implied(at(total, 1), 2, total, 1)) is not None:
        draft["payable"] = money(payable, currency)
    taxable = net + adjustment(draft.get("allowances", ()))
    segments = node.all("TXI")
    taxes: list[dict[str, Any]] = []
    for segment in segments:
        tax, percent = reading.decimal(at(segment, 2), segment, 2), reading.decimal(at(segment, 3), segment, 3)
        base = reading.decimal(at(segment, 8), segment, 8)
        if tax is None:
            continue
        if base is None:
            base = taxable if len(segments) == 1 or not percent else round_to(tax * 100 / percent, currency)
        taxes.append(tax_row(_category(segment, percent), percent, base, tax, currency))
    if taxes:
        draft["taxes"] = taxes
        draft["tax_total"] = money(tax_sum(taxes), currency)
