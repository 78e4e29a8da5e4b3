"""X12 855 and 865: a supplier's answer to an order or its change, to and from `OrderResponse`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from crossdock.canonical.order_response import OrderResponse, OrderResponseLine
from crossdock.documents.assembly.responses import answered, paragraphs, verdict_of
from crossdock.documents.drafts import Draft, fill
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext, WriteContext, reads, writes
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.documents.x12.items import (
    item_pairs,
    price_elements,
    read_item,
    read_price,
    read_quantity,
    read_texts,
    write_texts,
)
from crossdock.documents.x12.parties import read_parties, write_party
from crossdock.documents.x12.qualifiers import BUYER, SUPPLIER
from crossdock.documents.x12.terms import (
    LINE_REFERENCE,
    day_of,
    number_elements,
    read_day,
    read_moment,
    read_note,
    read_number,
    read_references,
    write_note,
    write_references,
)
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

# Data element 587: what the head says of the whole order.
VERDICTS: Final = {
    "AC": "changed",
    "AD": "accepted",
    "AE": "changed",
    "AH": "changed",
    "AK": "acknowledged",
    "AP": "accepted",
    "AT": "accepted",
    "NA": "acknowledged",
    "RD": "refused",
    "RF": "refused",
    "RJ": "refused",
    "RO": "refused",
    "ZZ": "changed",
}
_VERDICT_CODES: Final = {"accepted": "AD", "changed": "AC", "refused": "RD", "acknowledged": "AK"}
# Data element 668: what is said of one line.
ANSWERS: Final = {
    "AC": "accepted",
    "AR": "accepted",
    "BP": "backordered",
    "DR": "changed",
    "IA": "accepted",
    "IB": "backordered",
    "IC": "changed",
    "ID": "refused",
    "IE": "changed",
    "IF": "changed",
    "IH": "backordered",
    "IP": "changed",
    "IQ": "changed",
    "IR": "refused",
    "IS": "changed",
    "IW": "backordered",
    "R1": "refused",
    "R2": "refused",
    "R3": "refused",
    "R4": "refused",
    "R5": "refused",
    "R6": "refused",
    "R7": "refused",
    "R8": "refused",
}
_ANSWER_CODES: Final = {"accepted": "IA", "changed": "IC", "refused": "IR", "backordered": "IB"}
_DAYS: Final = {
    "delivery_date": ("017", "067", "069", "002", "371", "063", "074"),
    "ship_date": ("068", "010", "079", "011", "369", "370"),
}
_STANDING: Final[dict[str, Purpose]] = {"01": "cancel", "05": "replace", "04": "replace"}
_PARTIES: Final = {"supplier": SUPPLIER, "buyer": BUYER}
_REFERENCES: Final = {"VN": "supplier_order_number", "CO": "supplier_order_number", "IL": "supplier_order_number"}


@reads("x12", "855", "865")
def read_order_response(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's answer: `purchase_order.answered`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "BAK", "BCA")
    change = at(head, 0) == "BCA"
    draft: Draft = {"order_number": read_number(head, 3, 5 if not change else 4)}
    code = at(head, 2)
    verdict = reading.table("statuses", VERDICTS, code, head, 2) if code else None
    given = read_moment(reading, head, 11 if change else 9) or read_moment(reading, head, 6 if change else 4)
    draft["answered_at"] = given or context.moment
    if change and (sequence := at(head, 5)).isdecimal():
        draft["order_revision"] = int(sequence)
    if reference := at(head, 10 if change else 8):
        draft["supplier_order_number"] = reference
    read_references(node.all("REF"), _REFERENCES, draft)
    currency = next((at(segment, 2) for segment in node.all("CUR") if at(segment, 2)), reading.options.currency)
    if currency:
        draft["currency"] = currency
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    fill(draft, [("delivery_date", day_of(reading, node.all("DTM"), *_DAYS["delivery_date"]))])
    if note := read_note(node):
        draft["note"] = note
    draft["lines"] = _lines(reading, node, currency)
    draft["verdict"] = verdict or verdict_of(draft["lines"])
    draft["number"] = draft.get("supplier_order_number") or _own_number(context, draft["order_number"])
    return answered(reading, draft, _STANDING.get(at(head, 1), "original"), given)


def _own_number(context: ReadContext, order: str) -> str:
    """An answer without a number of its own is told apart by the control number it came under."""
    return f"{order}/{context.control}"[:64] if context.control else order


def _lines(reading: Reading, node: Node, currency: str | None) -> list[Draft]:
    lines: list[Draft] = []
    for loop in (*node.loops("PO1"), *node.loops("POC")):
        opener = loop.opener
        shift = 2 if at(opener, 0) == "POC" else 0
        base: Draft = {"order_line": at(opener, 1)}
        read_item(opener, 6 + shift, base)
        for more in loop.all("LIN"):
            read_item(more, 2, base)
        read_texts(loop, base)
        read_references(loop.all("REF"), {}, base, LINE_REFERENCE)
        priced: Draft = {}
        if at(opener, 4 + shift):
            read_price(reading, opener, 4 + shift, 5 + shift, currency, priced)
            if currency is None:
                reading.wrong(
                    "the answer states a price but no currency (CUR02), and neither does the agreement", opener, 4 + shift
                )
        ordered = read_quantity(reading, opener, 3 if shift else 2, 5 if shift else 3)
        dates, reason = loop.all("DTM"), read_note(loop)
        stated = loop.loops("ACK")
        if not stated:
            action = at(opener, 2) if shift else ""
            answer = "refused" if action in ("DI", "RC") else "accepted"
            line: Draft = {**base, **priced, "answer": answer}
            if ordered is not None:
                line["quantity"] = ordered
            _dates(reading, line, dates)
            reading.anchors["lines", len(lines)] = opener
            lines.append(line)
        for each in stated:
            reading.anchors["lines", len(lines)] = each.opener
            line = _acknowledged(reading, base, priced, each, ordered, dates)
            if reason:
                line["reason"] = reason
            lines.append(line)
    return lines


def _acknowledged(
    reading: Reading, base: Draft, priced: Draft, loop: Node, ordered: Draft | None, dates: Sequence[Segment]
) -> Draft:
    """One ACK: its status, how many, when; an item it names other than the ordered one is offered instead."""
    segment = loop.opener
    code = at(segment, 1)
    line: Draft = {**base, **priced, "reason_code": code}
    answer = reading.table("statuses", ANSWERS, code, segment, 1)
    if answer is not None:
        line["answer"] = answer
    quantity = ordered
    if at(segment, 2) and not at(segment, 3) and ordered is not None:
        number = reading.decimal(at(segment, 2), segment, 2)
        quantity = {**ordered, "value": number} if number is not None else None  # in the unit of the order
    elif at(segment, 2):
        quantity = read_quantity(reading, segment, 2, 3)
    if quantity is not None:
        line["quantity"] = quantity
    _dates(reading, line, (*loop.all("DTM"), *dates))
    day = _day(reading, segment)
    if day is not None:
        line["ship_date" if at(segment, 4) in _DAYS["ship_date"] else "delivery_date"] = day
    offered: Draft = {}
    read_item(segment, 7, offered)
    if code == "IS" and offered:
        line["replaces"] = base.get("supplier_sku") or base.get("sku") or base.get("gtin", "")
        line = {**{k: v for k, v in line.items() if k not in ("sku", "supplier_sku", "gtin")}, **offered}
    elif offered:
        line = {**offered, **line}
    return line


def _day(reading: Reading, segment: Segment) -> date | None:
    return read_day(reading, segment, 5) if at(segment, 5) else None


def _dates(reading: Reading, line: Draft, dates: Sequence[Segment]) -> None:
    fill(line, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _DAYS.items()))


@writes("x12", "855")
def write_order_response(answer: OrderResponse, context: WriteContext, codes: Codes) -> list[Row]:
    """An 855. The order's own date (BAK04) is the identifier `x12:ordered` (CCYYMMDD), else the day of the answer."""
    return _write(answer, context, codes, change=False)


@writes("x12", "865")
def write_change_response(answer: OrderResponse, context: WriteContext, codes: Codes) -> list[Row]:
    """An 865: the answer to a change of an order."""
    return _write(answer, context, codes, change=True)


def _write(answer: OrderResponse, context: WriteContext, codes: Codes, *, change: bool) -> list[Row]:
    writing = Writing(context, codes)
    number, release = number_elements(answer.order_number)
    verdict = _VERDICT_CODES[answer.verdict]
    given = writing.date(answer.answered_at)
    ordered = next((each.value for each in answer.identifiers if each.scheme == "x12:ordered"), given)
    own = answer.supplier_order_number
    rows: list[Row]
    if change:
        rows = [("BCA", "00", verdict, number, release, str(answer.order_revision or 1), ordered, "", "", "", own, given)]
    else:
        rows = [("BAK", "00", verdict, number, ordered, release, "", "", own, given)]
    if answer.currency:
        rows.append(("CUR", "SE", answer.currency))
    rows += write_references([each for each in answer.identifiers if each.scheme != "x12:ordered"])
    if answer.delivery_date is not None:
        rows.append(("DTM", "017", writing.day(answer.delivery_date)))
    rows += write_note(writing, paragraphs((answer.note, answer.reason)))
    for role, party in (("BY", answer.buyer), ("SU", answer.supplier)):
        if party is not None:
            rows += write_party(writing, role, party)
    for place, line in enumerate(answer.lines, 1):
        rows += _line_rows(writing, line, place, change)
    rows.append(("CTT", str(len(answer.lines))))
    if answer.total is not None:
        rows.append(("AMT", "TT", writing.number(answer.total.amount)))
    writing.finish(f"{'865' if change else '855'} {answer.order_number}")
    return rows


def _line_rows(writing: Writing, line: OrderResponseLine, place: int, change: bool) -> list[Row]:
    name = f"line {line.order_line or line.number or place}"
    quantity = unit = price = basis = ""
    if line.quantity is not None:
        quantity = writing.number(line.quantity.value)
        unit = writing.unit(line.quantity.unit, x12=True, place=name)
    if line.unit_price is not None:
        price, basis = price_elements(writing, line.unit_price.amount, line.price_base, name)
    number = line.order_line or line.number or str(place)
    code = line.reason_code if ANSWERS.get(line.reason_code) == line.answer else _ANSWER_CODES[line.answer]
    pairs = item_pairs(line)
    offered: list[str] = []
    if line.replaces:
        code, offered, pairs = "IS", pairs, ["BP", line.replaces]
    rows: list[Row]
    if change:
        action = "DI" if line.answer == "refused" else "RZ" if line.answer == "changed" else "NC"
        left = "0" if quantity and action == "DI" else quantity
        rows = [("POC", number, action, quantity, left, unit, price, basis, *pairs)]
    else:
        rows = [("PO1", number, quantity, unit, price, basis, *pairs)]
    rows += write_texts(writing, line)
    rows += write_references(line.identifiers, scheme=LINE_REFERENCE)
    day = ("017", line.delivery_date) if line.delivery_date is not None else ("068", line.ship_date)
    stated = (day[0], writing.day(day[1])) if day[1] is not None else ("", "")
    rows.append(("ACK", code, quantity, unit, *stated, "", *offered))
    if line.delivery_date is not None and line.ship_date is not None:
        rows.append(("DTM", "068", writing.day(line.ship_date)))
    return rows + write_note(writing, line.reason)
