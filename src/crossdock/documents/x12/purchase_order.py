"""X12 850 and 860: a purchase order and its change, to and from `PurchaseOrder`, and to the `SalesOrder` they are to a seller."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.documents.assembly.invoices import line_gross
from crossdock.documents.assembly.orders import bought, default_parties, lines_net, restate_cancelled, sold, state_total
from crossdock.documents.assembly.responses import paragraphs
from crossdock.documents.drafts import Draft, fill
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext, WriteContext, reads, writes
from crossdock.documents.moments import x12_date
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
from crossdock.documents.x12.parties import read_contact, read_parties, write_party
from crossdock.documents.x12.qualifiers import BUYER, SHIP_TO, SUPPLIER
from crossdock.documents.x12.terms import (
    LINE_REFERENCE,
    day_of,
    moment_of,
    number_elements,
    read_allowances,
    read_currency,
    read_day,
    read_incoterm,
    read_moment,
    read_note,
    read_number,
    read_references,
    read_terms,
    write_allowances,
    write_incoterm,
    write_note,
    write_references,
)
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

# Data element 353.
PURPOSES: Final[dict[str, Purpose]] = {
    "00": "original",
    "01": "cancel",
    "04": "change",
    "05": "replace",
    "06": "duplicate",
    "07": "duplicate",
}
_PURPOSE_CODES: Final = {"original": "00", "cancel": "01", "change": "04", "replace": "05", "duplicate": "07"}
_REFERENCES: Final = {"CT": "contract", "PR": "quotation", "VN": "supplier_order_number", "CO": "supplier_order_number"}
_DAYS: Final = {
    "delivery_date": ("002", "074", "106", "067", "017"),
    "latest_delivery_date": ("063", "001"),
    "ship_date": ("010", "037", "118", "068"),
}
_PARTIES: Final = {"buyer": BUYER, "supplier": SUPPLIER, "ship_to": SHIP_TO, "invoice_to": ("BT", "IV")}
_GONE: Final = {"DI": "cancelled", "RC": "cancelled"}
"""Data element 670: codes that take a line back."""


@reads("x12", "850", "860")
def read_sales_order(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A customer's order or change: `order.placed`, `order.changed`, or `order.cancelled`."""
    return sold(tree, context, codes, read_draft, change=context.type == "860")


def read_purchase_order(tree: Loop, context: ReadContext, codes: Codes) -> PurchaseOrder:
    """The same document as the buyer meant it: what a supplier's system, a simulator or a test of our own documents reads."""
    return bought(tree, context, codes, read_draft)


def read_draft(reading: Reading, node: Node) -> tuple[Draft, Purpose]:
    """The draft of a `PurchaseOrder` and what the document does to an earlier one."""
    head = reading.head(node, "BEG", "BCH")
    changed = at(head, 0) == "BCH"
    draft: Draft = {"number": read_number(head, 3, 4)}
    purpose = reading.purpose(PURPOSES, head, 1, "an order")
    if changed:
        revision = at(head, 5)
        draft["revision"] = int(revision) if revision.isdecimal() else 1
        ordered = read_moment(reading, head, 6)
    else:
        ordered = read_moment(reading, head, 5)
    dates = node.all("DTM")
    stated = moment_of(reading, dates, "004")
    if stated is not None and (
        ordered is None or x12_date(stated, reading.options.zone) == x12_date(ordered, reading.options.zone)
    ):
        ordered = stated  # the same day, with the time of day that the head has no element for
    if ordered is not None:
        draft["ordered_at"] = ordered
    currency = read_currency(reading, node, head)
    draft["currency"] = currency
    if contract := at(head, 8 if changed else 6):
        draft["contract"] = contract
    read_references(node.all("REF"), _REFERENCES, draft)
    _read_parties(reading, node, draft)
    fill(draft, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _DAYS.items()))
    draft["delivery_zone"] = reading.options.zone
    read_incoterm(node, draft)
    read_terms(reading, node, None, draft)
    _read_routing(reading, node, draft)
    if note := read_note(node):
        draft["note"] = note
    _read_lines(reading, node, draft, currency)
    _read_totals(reading, node, draft, currency)
    return draft, purpose


def _read_parties(reading: Reading, node: Node, draft: Draft) -> None:
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    default_parties(reading, draft)
    for contact in node.all("PER"):
        read_contact(contact, draft["buyer"])


def _read_routing(reading: Reading, node: Node, draft: Draft) -> None:
    for segment in node.all("TD5"):
        if service := at(segment, 12):
            draft["service_level"] = reading.code("services", service, segment, 12)
        elif carrier := at(segment, 3):
            draft.setdefault("service_level", reading.code("services", carrier, segment, 3))
        elif words := at(segment, 5):
            draft.setdefault("service_level", reading.code("services", words, segment, 5))


def _read_lines(reading: Reading, node: Node, draft: Draft, currency: str | None) -> None:
    lines: list[Draft] = []
    for loop in (*node.loops("PO1"), *node.loops("POC")):
        opener = loop.opener
        reading.anchors["lines", len(lines)] = opener
        shift = 2 if at(opener, 0) == "POC" else 0
        line: Draft = {"number": at(opener, 1) or str(len(lines) + 1)}
        if shift and (status := _GONE.get(at(opener, 2))):
            line["status"] = status
        unit = 5 if shift else 3
        gone = line.get("status") == "cancelled" and not at(opener, unit)
        quantity = read_quantity(reading, opener, 3 if shift else 2, unit) if not gone else None
        if quantity is not None:
            line["quantity"] = quantity
        price = read_price(reading, opener, 4 + shift, 5 + shift, currency, line)
        if price is None and (stated := loop.loop_of("CTP")) is not None:
            price = read_price(reading, stated.opener, 3, 9, currency, line)
        if line.get("status"):
            restate_cancelled(line, currency)
        read_item(opener, 6 + shift, line)
        for more in loop.all("LIN"):
            read_item(more, 2, line)
        read_texts(loop, line)
        if allowances := read_allowances(reading, loop, currency, line_gross(quantity, price)):
            line["allowances"] = allowances
        if "DTM" in loop.own or "SCH" in loop.inner:
            _read_line_dates(reading, loop, line)
        for segment in loop.all("SDQ"):
            _read_stores(segment, line)
        if "REF" in loop.own:
            read_references(loop.own["REF"], {}, line, LINE_REFERENCE)
        if note := read_note(loop):
            line["note"] = note
        if shift and at(opener, 2) == "QD" and at(opener, 4) == "0":
            line["status"] = "closed"
        lines.append(line)
    draft["lines"] = lines


def _read_line_dates(reading: Reading, loop: Node, line: Draft) -> None:
    dates = loop.all("DTM")
    fill(line, ((name, day_of(reading, dates, *_DAYS[name])) for name in ("delivery_date", "ship_date")))
    schedule: list[Draft] = []
    for segment in (each.opener for each in loop.loops("SCH")):
        quantity, day = read_quantity(reading, segment, 1, 2), read_day(reading, segment, 6)
        if quantity is not None and day is not None:
            schedule.append({"quantity": quantity, "delivery_date": day})
    if schedule:
        line["schedule"] = schedule


def _read_stores(segment: Segment, line: Draft) -> None:
    """SDQ: how a line is split over the customer's stores, kept as identifiers so that nothing of it is lost."""
    for place in range(3, min(len(segment.elements) - 1, 23), 2):
        location, quantity = at(segment, place), at(segment, place + 1)
        if location and quantity:
            line.setdefault("identifiers", []).append({"scheme": "x12:sdq", "value": f"{location}={quantity} {at(segment, 1)}"})


def _read_totals(reading: Reading, node: Node, draft: Draft, currency: str | None) -> None:
    """The total as the document states it (AMT), else worked out of its lines, allowances and taxes."""
    net = lines_net(draft)
    if allowances := read_allowances(reading, node, currency, net):
        draft["allowances"] = allowances
    stated = [reading.decimal(at(segment, 2), segment, 2) for segment in node.all("TXI")]
    taxes = [each for each in stated if each is not None]
    tax = sum(taxes, Decimal(0)) if taxes else None
    state_total(draft, currency, net, tax, _stated_total(reading, node))


def _stated_total(reading: Reading, node: Node) -> Decimal | None:
    closing = node.loop_of("CTT")
    amounts = [*(closing.all("AMT") if closing else ()), *(loop.opener for loop in node.loops("AMT")), *node.all("AMT")]
    totals = (reading.decimal(at(each, 2), each, 2) for each in amounts if at(each, 1) in ("TT", "1", "TP"))
    return next((each for each in totals if each is not None), None)


@writes("x12", "850")
def write_purchase_order(order: PurchaseOrder, context: WriteContext, codes: Codes) -> list[Row]:
    """An 850, whatever version of the order is told first."""
    return _write(order, context, codes, change=False)


@writes("x12", "860")
def write_change(order: PurchaseOrder, context: WriteContext, codes: Codes) -> list[Row]:
    """An 860 with all lines of the new version: open ones replaced (`RZ`), cancelled and closed ones told as such."""
    return _write(order, context, codes, change=True)


def _write(order: PurchaseOrder, context: WriteContext, codes: Codes, *, change: bool) -> list[Row]:
    writing = Writing(context, codes)
    number, release = number_elements(order.number)
    code = _PURPOSE_CODES["change" if change and context.purpose == "original" else context.purpose]
    ordered = writing.date(order.ordered_at)
    kind = "RL" if release else "SA"
    if change:
        sequence = str(context.version or order.revision)
        rows: list[Row] = [
            ("BCH", code, kind, number, release, sequence, ordered, "", order.contract, "", "", writing.date(context.moment))
        ]
    else:
        rows = [("BEG", code, kind, number, release, ordered, order.contract)]
    rows.append(("CUR", "BY", order.currency))
    rows += _head_references(order)
    rows += write_incoterm(writing, order.incoterm, order.incoterm_place)
    rows += write_allowances(writing, order.allowances)
    if order.payment_terms:
        rows.append(("ITD", *[""] * 11, writing.text(order.payment_terms, 80)))
    if writing.time(order.ordered_at) != "0000":
        rows.append(("DTM", "004", ordered, writing.time(order.ordered_at)))
    if order.delivery_date is not None:
        rows.append(("DTM", "002", writing.day(order.delivery_date)))
    if order.latest_delivery_date is not None:
        rows.append(("DTM", "063", writing.day(order.latest_delivery_date)))
    if order.tax is not None:
        rows.append(("TXI", "TX", writing.number(order.tax.amount)))
    rows += write_note(writing, paragraphs((order.note, order.reason)))
    rows += write_party(writing, "BY", order.buyer)
    rows += write_party(writing, "SU", order.supplier)
    rows += write_party(writing, "ST", order.ship_to)
    if order.invoice_to is not None:
        rows += write_party(writing, "BT", order.invoice_to)
    for line in order.lines:
        rows += _line_rows(writing, line, change)
    rows.append(("CTT", str(len(order.lines))))
    rows.append(("AMT", "TT", writing.number(order.total.amount)))
    writing.finish(f"{'860' if change else '850'} {order.number}")
    return rows


def _head_references(order: PurchaseOrder) -> list[Row]:
    rows: list[Row] = []
    if order.quotation:
        rows.append(("REF", "PR", order.quotation))
    if order.supplier_order_number:
        rows.append(("REF", "VN", order.supplier_order_number))
    return rows + write_references(order.identifiers)


def _line_rows(writing: Writing, line: PurchaseOrderLine, change: bool) -> list[Row]:
    price, basis = price_elements(writing, line.unit_price.amount, line.price_base, f"line {line.number}")
    quantity = writing.number(line.quantity.value)
    unit = writing.unit(line.quantity.unit, x12=True, place=f"line {line.number}")
    pairs = item_pairs(line)
    if change:
        action = {"open": "RZ", "cancelled": "DI", "closed": "QD"}[line.status]
        left = "0" if line.status == "closed" else quantity if line.status == "open" else "0"
        rows: list[Row] = [("POC", line.number, action, quantity, left, unit, price, basis, *pairs)]
    else:
        rows = [("PO1", line.number, quantity, unit, price, basis, *pairs)]
    rows += write_texts(writing, line)
    rows += write_references(line.identifiers, scheme=LINE_REFERENCE)
    rows += write_allowances(writing, line.allowances)
    if line.delivery_date is not None:
        rows.append(("DTM", "002", writing.day(line.delivery_date)))
    for each in line.schedule:
        unit = writing.unit(each.quantity.unit, x12=True, place=f"line {line.number}")
        rows.append(("SCH", writing.number(each.quantity.value), unit, "", "", "002", writing.day(each.delivery_date)))
    return rows + write_note(writing, line.note)
