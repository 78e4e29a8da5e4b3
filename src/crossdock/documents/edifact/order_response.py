"""EDIFACT ORDRSP: a supplier's answer to an order, to and from `OrderResponse`."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.order_response import OrderResponse, OrderResponseLine
from crossdock.documents.assembly.responses import answered, paragraphs, verdict_of
from crossdock.documents.drafts import Draft, fill, money
from crossdock.documents.edifact.items import read_item, read_price, read_texts, write_item, write_price
from crossdock.documents.edifact.parties import read_parties, write_party
from crossdock.documents.edifact.purchase_order import line_number
from crossdock.documents.edifact.qualifiers import BUYER, SUPPLIER
from crossdock.documents.edifact.terms import (
    DOCUMENT_DATE,
    amount_of,
    day_of,
    head_of,
    moment_of,
    quantity_of,
    read_note,
    read_references,
    write_day,
    write_moment,
    write_note,
    write_references,
    write_unit,
)
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext, WriteContext, reads, writes
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.edi.guides import Loop
from crossdock.edi.writer import Row

# Data element 1225 in an answer; `9` and others leave it to the lines.
_VERDICTS: Final = {
    "4": "changed",
    "29": "accepted",
    "27": "refused",
    "12": "acknowledged",
    "10": "refused",
    "30": "changed",
    "6": "accepted",
}
_VERDICT_CODES: Final = {"accepted": "29", "changed": "4", "refused": "27", "acknowledged": "12"}
# Data element 1229.
_ANSWERS: Final = {
    "": "accepted",
    "1": "changed",
    "2": "refused",
    "3": "changed",
    "4": "accepted",
    "5": "accepted",
    "6": "changed",
    "7": "refused",
    "10": "refused",
    "24": "changed",
    "36": "backordered",
}
_ANSWER_CODES: Final = {"accepted": "5", "changed": "3", "refused": "7", "backordered": "36"}
_STANDING: Final[dict[str, Purpose]] = {"1": "cancel", "5": "replace"}
_PARTIES: Final = {"supplier": SUPPLIER, "buyer": BUYER}
_DELIVERY: Final = ("67", "69", "2", "17", "132", "358")
_LINE_DAYS: Final = {"delivery_date": _DELIVERY, "ship_date": ("10", "11", "79", "200")}


@reads("edifact", "ORDRSP")
def read_order_response(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's answer: `purchase_order.answered`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    dates = node.all("DTM")
    at = moment_of(reading, dates, DOCUMENT_DATE, "8")
    draft: Draft = {"number": head.value(2, 1), "answered_at": at or context.moment}
    read_references(node.loops("RFF"), {"ON": "order_number", "VN": "supplier_order_number"}, draft)
    currency = next((each.opener.value(1, 2) for each in node.loops("CUX")), "") or reading.options.currency
    if currency:
        draft["currency"] = currency
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    fill(draft, [("delivery_date", day_of(reading, dates, *_DELIVERY))])
    if note := read_note(node):
        draft["note"] = note
    draft["lines"] = _lines(reading, node, currency, draft)
    moneys = (*node.all("MOA"), *(group.opener for group in node.loops("MOA")))
    total = amount_of(reading, moneys, "128", "86", "9", "39")
    if total is not None and currency:
        draft["total"] = money(total, currency)
    if "order_number" not in draft:
        reading.wrong("the answer names no order (RFF+ON)", head, path="order_number")
    draft["verdict"] = _VERDICTS.get(head.value(3)) or verdict_of(draft["lines"])
    return answered(reading, draft, _STANDING.get(head.value(3), "original"), at)


def _lines(reading: Reading, node: Node, currency: str | None, head: Draft) -> list[Draft]:
    lines: list[Draft] = []
    for loop in node.loops("LIN"):
        opener = loop.opener
        reading.anchors["lines", len(lines)] = opener
        stated: Draft = {}
        references = [group for group in loop.loops("RFF") if group.opener.value(1) not in ("LI", "ON")]
        read_references(references, {}, stated)
        line: Draft = {"order_line": _order_line(loop, len(lines) + 1, head), **stated}
        code = opener.value(2)
        answer = reading.table("statuses", _ANSWERS, code, opener, 2)
        if answer is not None:
            line["answer"] = answer
        line["reason_code"] = code
        read_item(loop, line)
        read_texts(loop, line)
        quantity = quantity_of(reading, loop, "113", "12", "21", "170", "83")
        if quantity is not None:
            line["quantity"] = quantity
            if loop.first("QTY", "113", "12", "21", "170") is None:
                line["answer"] = "backordered"
        if loop.loops("PRI"):
            if currency is None:
                reading.wrong("the answer states a price but no currency (CUX01-2), and neither does the agreement", opener)
            read_price(reading, loop, currency, line)
            line.pop("gross_price", None)
        dates = (
            *loop.all("DTM"),
            *(each for plan in loop.loops("SCC") for part in plan.loops("QTY") for each in part.all("DTM")),
        )
        fill(line, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _LINE_DAYS.items()))
        if note := read_note(loop):
            line["reason"] = note
        lines.append(line)
    return lines


def _order_line(loop: Node, place: int, head: Draft) -> str:
    """The order's line: the third component of RFF+ON, RFF+LI, else LIN01. The order named by a line only is the head's, too."""
    for group in loop.loops("RFF", "ON"):
        if number := group.opener.value(1, 2):
            head.setdefault("order_number", number)
        if line := group.opener.value(1, 3):
            return line
    return line_number(loop, place)


@writes("edifact", "ORDRSP")
def write_order_response(answer: OrderResponse, context: WriteContext, codes: Codes) -> list[Row]:
    """An ORDRSP."""
    writing = Writing(context, codes, reserved="")
    rows: list[Row] = [("BGM", "231", answer.number, _VERDICT_CODES[answer.verdict])]
    rows.append(write_moment(writing, "137", answer.answered_at))
    if answer.delivery_date is not None:
        rows.append(write_day(writing, "67", answer.delivery_date))
    rows += write_note(writing, paragraphs((answer.note, answer.reason)))
    rows.append(("RFF", ("ON", answer.order_number)))
    if answer.supplier_order_number:
        rows.append(("RFF", ("VN", answer.supplier_order_number)))
    rows += write_references(answer.identifiers, 8)
    for role, party in (("BY", answer.buyer), ("SU", answer.supplier)):
        if party is not None:
            rows += write_party(writing, role, party)
    if answer.currency:
        rows.append(("CUX", ("2", answer.currency, "9")))
    for place, line in enumerate(answer.lines, 1):
        rows += _line_rows(writing, line, place, answer.order_number)
    rows.append(("UNS", "S"))
    if answer.total is not None:
        rows.append(("MOA", ("128", writing.number(answer.total.amount))))
    rows.append(("CNT", ("2", str(len(answer.lines)))))
    writing.finish(f"ORDRSP {answer.number}")
    return rows


def order_line_reference(order: str, line: str) -> list[Row]:
    """RFF+ON with the line in its third component where it has room (six characters), else RFF+LI."""
    if not line:
        return [("RFF", ("ON", order))] if order else []
    if order and len(line) <= 6:
        return [("RFF", ("ON", order, line))]
    return [*([("RFF", ("ON", order))] if order else []), ("RFF", ("LI", line))]


def _line_rows(writing: Writing, line: OrderResponseLine, place: int, order: str) -> list[Row]:
    code = line.reason_code if _ANSWERS.get(line.reason_code) == line.answer and line.reason_code else _ANSWER_CODES[line.answer]
    rows = write_item(writing, line, place, code)
    if line.quantity is not None:
        kind = "83" if line.answer == "backordered" and code != "36" else "113"
        rows.append(("QTY", (kind, writing.number(line.quantity.value), write_unit(writing, line.quantity.unit))))
    if line.delivery_date is not None:
        rows.append(write_day(writing, "67", line.delivery_date))
    if line.ship_date is not None:
        rows.append(write_day(writing, "10", line.ship_date))
    rows += write_note(writing, line.reason)
    if line.unit_price is not None:
        unit = line.quantity.unit if line.quantity is not None else "C62"
        rows.append(write_price(writing, line.unit_price.amount, line.price_base, unit))
    return rows + order_line_reference(order, line.order_line or line.number)
