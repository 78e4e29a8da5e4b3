"""EDIFACT ORDERS and ORDCHG: a purchase order and its change, to and from `PurchaseOrder`, and to the `SalesOrder` they are to a seller."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.documents.assembly.invoices import line_gross
from crossdock.documents.assembly.orders import bought, default_parties, lines_net, restate_cancelled, sold, state_total
from crossdock.documents.assembly.responses import paragraphs
from crossdock.documents.drafts import Draft, fill, money
from crossdock.documents.edifact.items import read_item, read_price, read_texts, write_item, write_price
from crossdock.documents.edifact.parties import read_parties, write_party
from crossdock.documents.edifact.qualifiers import BUYER, INVOICE_TO, SHIP_TO, SUPPLIER
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
    read_quantity,
    read_references,
    write_allowances,
    write_day,
    write_moment,
    write_note,
    write_references,
    write_tax,
    write_unit,
)
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext, WriteContext, reads, writes
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment
from crossdock.edi.writer import Row

# Data element 1225.
PURPOSES: Final[dict[str, Purpose]] = {
    "": "original",
    "9": "original",
    "1": "cancel",
    "3": "cancel",
    "4": "change",
    "5": "replace",
    "7": "duplicate",
    "31": "duplicate",
    "46": "original",
}
_PURPOSE_CODES: Final = {"original": "9", "cancel": "1", "change": "4", "replace": "5", "duplicate": "7"}
_REFERENCES: Final = {"CT": "contract", "AAG": "quotation", "VN": "supplier_order_number"}
_DAYS: Final = {
    "delivery_date": ("2", "69", "17", "358", "64"),
    "latest_delivery_date": ("63", "61"),
    "ship_date": ("10", "11", "200"),
}
_LINE_DAYS: Final = {"delivery_date": ("2", "69", "17", "358"), "ship_date": ("10", "11", "200")}
_PARTIES: Final = {"buyer": BUYER, "supplier": SUPPLIER, "ship_to": SHIP_TO, "invoice_to": INVOICE_TO}
_GONE: Final = {"2": "cancelled", "7": "cancelled"}
"""Data element 1229: actions that take a line back."""


@reads("edifact", "ORDERS", "ORDCHG")
def read_sales_order(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A customer's order or change: `order.placed`, `order.changed`, or `order.cancelled`."""
    return sold(tree, context, codes, read_draft, change=context.type == "ORDCHG")


def read_purchase_order(tree: Loop, context: ReadContext, codes: Codes) -> PurchaseOrder:
    """The same message as the buyer meant it: what a supplier's system, a simulator or a test of our own documents reads."""
    return bought(tree, context, codes, read_draft)


def read_draft(reading: Reading, node: Node) -> tuple[Draft, Purpose]:
    """The draft of a `PurchaseOrder` and what the message does to an earlier one."""
    head = head_of(reading, node)
    change = reading.context.type == "ORDCHG"
    draft: Draft = {"number": head.value(2, 1)}
    purpose = reading.purpose(PURPOSES, head, 3, "an order")
    revision = head.value(2, 2)
    if change:
        draft["revision"] = int(revision) if revision.isdecimal() else 1
    dates = node.all("DTM")
    fill(draft, [("ordered_at", moment_of(reading, dates, "4", DOCUMENT_DATE))])
    references: Draft = {}
    read_references(node.loops("RFF"), {**_REFERENCES, "ON": "order"}, references)
    if change and (order := references.get("order")):
        draft["number"] = order  # an ORDCHG has a number of its own, and RFF+ON is the order it changes
        if not revision and head.value(2, 1).isdecimal() and head.value(2, 1) != order:
            draft["revision"] = int(head.value(2, 1)) if len(head.value(2, 1)) < 6 else 1
    elif order := references.get("order"):
        references.setdefault("identifiers", []).append({"scheme": "edifact:on", "value": order})
    references.pop("order", None)
    draft |= references
    currency = read_currency(reading, node, head)
    draft["currency"] = currency
    _parties(reading, node, draft)
    fill(draft, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _DAYS.items()))
    draft["delivery_zone"] = reading.options.zone
    for group in node.loops("TOD"):
        if code := group.opener.value(3, 1):
            draft["incoterm"] = code.upper()
            place = next((each.value(2, 4) for each in group.all("LOC")), "")
            draft["incoterm_place"] = place or group.opener.value(3, 4)
    if terms := read_note(node, "AAB"):
        draft["payment_terms"] = terms
    if note := read_note(node):
        draft["note"] = note
    _lines(reading, node, draft, currency)
    _totals(reading, node, draft, currency)
    return draft, purpose


def _parties(reading: Reading, node: Node, draft: Draft) -> None:
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    default_parties(reading, draft)


def line_number(node: Node, place: int) -> str:
    """The line's number: RFF+LI where the buyer's does not fit LIN01 (six digits in D.96A), else LIN01."""
    stated = node.loop_of("RFF", "LI")
    return (stated.opener.value(1, 2) if stated is not None else "") or node.opener.value(1) or str(place)


def _lines(reading: Reading, node: Node, draft: Draft, currency: str | None) -> None:
    lines: list[Draft] = []
    for loop in node.loops("LIN"):
        opener = loop.opener
        reading.anchors["lines", len(lines)] = opener
        line: Draft = {"number": line_number(loop, len(lines) + 1)}
        if status := _GONE.get(opener.value(2)):
            line["status"] = status
        quantity = quantity_of(reading, loop, "21", "59", "113", "1")
        if quantity is not None:
            line["quantity"] = quantity
        read_item(loop, line)
        read_texts(loop, line)
        each = read_price(reading, loop, currency, line)
        if line.get("status"):
            restate_cancelled(line, currency)
        if allowances := read_allowances(reading, loop, currency, line_gross(quantity, each)):
            line["allowances"] = allowances
        _line_details(reading, loop, line)
        if quantity is not None and "unit_price" not in line:
            _price_of_amount(reading, loop, line, currency)
        lines.append(line)
    draft["lines"] = lines


def _line_details(reading: Reading, loop: Node, line: Draft) -> None:
    dates = loop.all("DTM")
    fill(line, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _LINE_DAYS.items()))
    for group in loop.loops("TAX"):
        line["tax_category"] = group.opener.value(6)
        if (percent := reading.decimal(group.opener.value(5, 4), group.opener, 5, 4)) is not None:
            line["tax_percent"] = percent
    schedule: list[Draft] = []
    for plan in loop.loops("SCC"):
        for part in plan.loops("QTY"):
            quantity, day = read_quantity(reading, part.opener), day_of(reading, part.all("DTM"), "2", "69", "17", "10")
            if quantity is not None and day is not None:
                schedule.append({"quantity": quantity, "delivery_date": day})
    if schedule:
        line["schedule"] = schedule
    read_references([group for group in loop.loops("RFF") if group.opener.value(1) != "LI"], {}, line)
    if note := read_note(loop):
        line["note"] = note


def _price_of_amount(reading: Reading, loop: Node, line: Draft, currency: str | None) -> None:
    """A line that states its amount (MOA+203) and no price."""
    amount = amount_of(reading, loop.all("MOA"), "203", "38", "66")
    if amount is not None and line["quantity"]["value"]:
        line["unit_price"] = money(amount, currency)
        line["price_base"] = line["quantity"]["value"]


def _totals(reading: Reading, node: Node, draft: Draft, currency: str | None) -> None:
    net = lines_net(draft)
    if allowances := read_allowances(reading, node, currency, net):
        draft["allowances"] = allowances
    moneys: tuple[Segment, ...] = (*node.all("MOA"), *(group.opener for group in node.loops("MOA")))
    stated = amount_of(reading, moneys, "128", "86", "9", "39")
    state_total(draft, currency, net, amount_of(reading, moneys, "176", "124"), stated)


@writes("edifact", "ORDERS")
def write_purchase_order(order: PurchaseOrder, context: WriteContext, codes: Codes) -> list[Row]:
    """An ORDERS, whatever version of the order is told first."""
    return _write(order, context, codes, change=False)


@writes("edifact", "ORDCHG")
def write_change(order: PurchaseOrder, context: WriteContext, codes: Codes) -> list[Row]:
    """An ORDCHG with all lines of the new version; RFF+ON names the order, BGM02 (D.96A) or 1056 counts the versions."""
    return _write(order, context, codes, change=True)


def _write(order: PurchaseOrder, context: WriteContext, codes: Codes, *, change: bool) -> list[Row]:
    writing = Writing(context, codes, reserved="")
    code = _PURPOSE_CODES["change" if change and context.purpose == "original" else context.purpose]
    old = context.release.startswith("D.9")
    rows: list[Row]
    if not change:
        rows = [("BGM", "220", order.number, code)]
    else:
        number = str(context.version or order.revision)
        rows = [("BGM", "230", number if old else (order.number, number), code)]
    rows.append(write_moment(writing, "137", context.moment if change else order.ordered_at))
    if change:
        rows.append(write_moment(writing, "4", order.ordered_at))
    if order.delivery_date is not None:
        rows.append(write_day(writing, "2", order.delivery_date))
    if order.latest_delivery_date is not None:
        rows.append(write_day(writing, "63", order.latest_delivery_date))
    rows += write_note(writing, paragraphs((order.note, order.reason)))
    rows += write_note(writing, order.payment_terms, "AAB")
    if change:
        rows.append(("RFF", ("ON", order.number)))
    for qualifier, value in (("CT", order.contract), ("AAG", order.quotation), ("VN", order.supplier_order_number)):
        if value:
            rows.append(("RFF", (qualifier, value)))
    rows += write_references(order.identifiers, 6)
    for role, party in (("BY", order.buyer), ("SU", order.supplier), ("DP", order.ship_to), ("IV", order.invoice_to)):
        if party is not None:
            rows += write_party(writing, role, party)
    rows.append(("CUX", ("2", order.currency, "9")))
    if order.incoterm:
        rows.append(("TOD", "3", "", (order.incoterm, "", "", writing.text(order.incoterm_place, 70))))
    rows += write_allowances(writing, order.allowances)
    for place, line in enumerate(order.lines, 1):
        rows += _line_rows(writing, line, place, change)
    rows.append(("UNS", "S"))
    rows.append(("MOA", ("128", writing.number(order.total.amount))))
    if order.tax is not None:
        rows.append(("MOA", ("176", writing.number(order.tax.amount))))
    rows.append(("CNT", ("2", str(len(order.lines)))))
    writing.finish(f"{'ORDCHG' if change else 'ORDERS'} {order.number}")
    return rows


def _line_rows(writing: Writing, line: PurchaseOrderLine, place: int, change: bool) -> list[Row]:
    fits = line.number.isdecimal() and len(line.number) <= 6 and line.number == str(int(line.number))
    action = {"open": "4" if change else "", "cancelled": "2", "closed": "2"}[line.status]
    rows = write_item(writing, line, int(line.number) if fits else place, action)
    rows.append(("QTY", ("21", writing.number(line.quantity.value), write_unit(writing, line.quantity.unit))))
    if line.delivery_date is not None:
        rows.append(write_day(writing, "2", line.delivery_date))
    rows += write_note(writing, line.note)
    rows.append(write_price(writing, line.unit_price.amount, line.price_base, line.quantity.unit))
    if not fits:
        rows.append(("RFF", ("LI", line.number)))
    if line.tax_category or line.tax_percent is not None:
        rows.append(write_tax(writing, line.tax_percent, line.tax_category))
    rows += write_allowances(writing, line.allowances)
    for each in line.schedule:
        rows.append(("SCC", "1"))
        rows.append(("QTY", ("21", writing.number(each.quantity.value), write_unit(writing, each.quantity.unit))))
        rows.append(write_day(writing, "2", each.delivery_date))
    return rows
