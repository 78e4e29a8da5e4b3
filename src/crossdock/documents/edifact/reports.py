"""EDIFACT RECADV, INVRPT and IFTSTA: what a warehouse received and holds, and where a carrier has it."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crossdock.canonical.events import Reference
from crossdock.canonical.inventory import StockChange
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.documents.assembly.milestones import Milestones
from crossdock.documents.drafts import Draft, fill
from crossdock.documents.edifact.items import read_item
from crossdock.documents.edifact.qualifiers import WAREHOUSE
from crossdock.documents.edifact.terms import (
    DOCUMENT_DATE,
    day_of,
    head_of,
    moment_of,
    quantity_of,
    read_note,
    read_quantity,
    reference,
)
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node
from crossdock.documents.order_references import order_references
from crossdock.documents.reading import Reading
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment


def _warehouse(reading: Reading, node: Node) -> str:
    """Our name of the warehouse in a NAD, by the agreement's map; else the one the agreement is about."""
    found = node.loop_of("NAD", *WAREHOUSE)
    code = found.opener.value(2, 1) if found is not None else ""
    if found is not None and code and "warehouses" in reading.options.maps:
        return reading.code("warehouses", code, found.opener, 2, 1) or ""
    return reading.options.warehouse or code


def _sku(reading: Reading, line: Draft, segment: Segment, path: str) -> str | None:
    """Our SKU: to a warehouse, the supplier's number (`SA`) or the buyer's (`IN`) is the depositor's; else the GTIN."""
    number = line.get("sku") or line.get("supplier_sku") or line.get("gtin")
    if not number:
        reading.wrong("the line has no item number that could be our SKU", segment, 3, path=path)
        return None
    return reading.code("skus", number, segment, 3)


@reads("edifact", "RECADV")
def read_receipt(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A receipt: `receipt.completed`. RFF+AAK is the number of what was announced: ours to a warehouse outside."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    dates = node.all("DTM")
    received = moment_of(reading, dates, "50", "310", DOCUMENT_DATE)
    draft: Draft = {
        "number": head.value(2, 1),
        "received_at": received or context.moment,
        "warehouse": _warehouse(reading, node),
        "note": read_note(node),
    }
    for group in node.loops("RFF"):
        reference(group.opener, {"AAK": "expected_number", "ON": "order_number", "DQ": "despatch_number"}, draft)
    for group in node.loops("DOC"):
        if group.opener.value(1, 1) == "351":
            draft.setdefault("expected_number", group.opener.value(2, 1))
    lines: list[Draft] = []
    for loop in _lines_of(node):
        _receipt_lines(reading, loop, lines, draft)
    draft["lines"] = lines
    receipt = reading.finish(ReceiptAdvice, draft)
    leads = [Reference("receipt", receipt.expected_number)] if receipt.expected_number else []
    return [
        Mapped(
            "receipt.completed",
            receipt,
            (*leads, *order_references(receipt.order_number)),
            number=receipt.number,
            occurred_at=receipt.received_at,
        )
    ]


def _lines_of(node: Node) -> Iterator[Node]:
    yield from node.loops("LIN")
    for group in node.loops("CPS"):
        yield from group.loops("LIN")


def _receipt_lines(reading: Reading, loop: Node, lines: list[Draft], head: Draft) -> None:
    opener = loop.opener
    base: Draft = {}
    read_item(loop, base)
    if (sku := _sku(reading, base, opener, f"lines.{len(lines)}.sku")) is not None:
        base["sku"] = sku
    for group in loop.loops("RFF"):
        segment = group.opener
        if segment.value(1) == "ON":
            head.setdefault("order_number", segment.value(1, 2))
            base["order_line"] = segment.value(1, 3)
        elif segment.value(1) == "LI":
            base["order_line"] = segment.value(1, 2)
    dates = loop.all("DTM")
    fill(base, ((name, day_of(reading, dates, qualifier)) for name, qualifier in (("expiry", "36"), ("best_before", "361"))))
    for segment in (*loop.all("GIN"), *(group.opener for group in loop.loops("GIN"))):
        if segment.value(1) == "BX":
            base["lot"] = segment.value(2, 1)
        elif segment.value(1) == "BN":
            numbers = (segment.value(element, component) for element in range(2, 7) for component in (1, 2))
            base["serials"] = [*base.get("serials", ()), *(number for number in numbers if number)]
    for mark in loop.loops("PCI"):
        for segment in (*mark.all("GIN"), *(group.opener for group in mark.loops("GIN"))):
            if segment.value(1) == "BX":
                base.setdefault("lot", segment.value(2, 1))
    base["reason"] = read_note(loop) or next((segment.value(2) for segment in loop.all("QVR") if segment.value(2)), "")
    found: list[Draft] = []
    good = quantity_of(reading, loop, "194", "48", "46")
    for qualifier, condition in (("124", "damaged"), ("195", "rejected")):
        quantity = quantity_of(reading, loop, qualifier)
        if quantity is not None and quantity["value"]:
            if loop.first("QTY", "194") is None and good is not None:
                good = {**good, "value": max(good["value"] - quantity["value"], Decimal(0))}
            found.append({**base, "condition": condition, "quantity": quantity})
    if good is not None and (good["value"] or not found):
        found.insert(0, {**base, "quantity": good, "reason": "" if found else base["reason"]})
    if not found:
        reading.wrong("the line says no quantity received (QTY 48 or 194)", opener, path=f"lines.{len(lines)}.quantity")
    for each in found:
        reading.anchors["lines", len(lines)] = opener
        lines.append({**each, "number": str(len(lines) + 1)})


# Data element 6063 in an inventory report.
_ON_HAND: Final = ("145", "17", "1", "27")
_AVAILABLE: Final = ("198", "17A", "33")


@reads("edifact", "INVRPT")
def read_inventory(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A warehouse's or supplier's stock: `stock.changed` with absolute levels."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    counted = moment_of(reading, node.all("DTM"), "366", "179", DOCUMENT_DATE) or context.moment
    location = _warehouse(reading, node)
    levels: list[Draft] = []
    for loop in node.loops("LIN"):
        opener = loop.opener
        line: Draft = {}
        read_item(loop, line)
        sku = _sku(reading, line, opener, f"levels.{len(levels)}.sku")
        by_lot: dict[str, dict[str, Draft]] = {}
        for segment, holder in _stock(loop):
            qualifier = segment.value(1)
            kind = "on_hand" if qualifier in _ON_HAND else "available" if qualifier in _AVAILABLE else ""
            lot = next((each.value(2, 1) for each in holder.all("GIN") if each.value(1) == "BX"), line.get("lot", ""))
            if kind and (quantity := read_quantity(reading, segment)) is not None:
                by_lot.setdefault(lot, {}).setdefault(kind, quantity)
        for lot, found in by_lot.items():
            reading.anchors["levels", len(levels)] = opener
            on_hand = found.get("on_hand", found.get("available"))
            levels.append({**found, "on_hand": on_hand, "sku": sku, "location": location, "lot": lot, "counted_at": counted})
    change = reading.finish(StockChange, {"levels": levels, "reference": head.value(2, 1)})
    return [Mapped("stock.changed", change, number=change.reference, occurred_at=counted)]


def _stock(loop: Node) -> Iterator[tuple[Segment, Node]]:
    """The quantities of a line, each with the group it stands in (opened by QTY in D.96A, by INV in D.01B)."""
    for segment in loop.all("QTY"):
        yield segment, loop
    for group in (*loop.loops("QTY"), *loop.loops("INV")):
        for segment in group.all("QTY"):
            yield segment, group


# Data elements 9011 (D.96A) and 4405 (D.01B) as carriers' guides share them.
STATUSES: Final = {
    "1": "in_transit",
    "7": "in_transit",
    "13": "picked_up",
    "14": "in_transit",
    "15": "in_transit",
    "21": "delivered",
    "22": "exception",
    "23": "attempted",
    "24": "in_transit",
    "26": "exception",
    "29": "in_transit",
    "31": "in_transit",
    "37": "cancelled",
    "48": "in_transit",
    "54": "attempted",
    "67": "exception",
    "71": "out_for_delivery",
    "74": "exception",
    "79": "in_transit",
    "84": "exception",
    "88": "returned",
    "95": "exception",
    "113": "picked_up",
    "116": "in_transit",
    "128": "in_transit",
}


@reads("edifact", "IFTSTA")
def read_status(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `shipment.milestone` for each status of each consignment in the message."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    common = _references(node)
    carrier = next((each.opener.value(2, 1) or each.opener.value(4, 1) for each in node.loops("NAD", "CA", "MS", "FW")), "")
    told = Milestones(reading, head, "the message reports no status (STS)")
    for consignment in node.loops("CNI"):
        shipment = consignment.opener.value(2, 1)
        for group in consignment.loops("STS"):
            opener = group.opener
            own = {**common, **_references(group)}
            tracking = own.get("CN") or own.get("CU") or own.get("BM") or shipment or own.get("AAS", "")
            places = [*group.all("LOC"), *consignment.all("LOC")]
            told.tell(
                opener,
                reading.table("statuses", STATUSES, opener.value(2, 1), opener, 2, 1),
                opener.value(2, 1),
                moment_of(reading, group.all("DTM"), "334", "7", "178", "186", "35", "9", DOCUMENT_DATE),
                tracking=tracking,
                shipment=shipment if shipment != tracking else "",
                number=head.value(2, 1),
                carrier=carrier,
                location=(places[0].value(2, 4) or places[0].value(2, 1)) if places else "",
                description=opener.value(2, 4) or read_note(group),
            )
    return told.done()


def _references(node: Node) -> dict[str, str]:
    segments = (*node.all("RFF"), *(group.opener for group in node.loops("RFF")))
    return {segment.value(1, 1): segment.value(1, 2) for segment in segments if segment.value(1, 2)}
