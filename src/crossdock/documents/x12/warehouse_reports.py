"""X12 944, 945, 947 and 846: what a warehouse outside received, shipped, adjusted and holds."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from crossdock.canonical.events import Reference
from crossdock.canonical.fulfilment import PickConfirmation
from crossdock.canonical.gs1 import sscc_of
from crossdock.canonical.inventory import StockChange, StockMovement
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.x12.items import read_item, read_quantity, read_upc
from crossdock.documents.x12.terms import moment_of, read_day, read_moment
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

# Data element 412 (W13-03): only what changes how much is good; shortages and overages are seen in the quantities.
_CONDITIONS: Final = {"01": "damaged", "02": "", "03": "", "07": "", "08": "rejected"}
# Data element 426 in W19-01, as far as it means the same everywhere; warehouses differ, so the agreement's map of reasons goes first.
_CAUSES: Final = {"AA": "count", "04": "damage", "06": "damage"}
_OPEN: Final = frozenset({"BO", "BP", "IB", "PB"})
"""Line statuses (data element 368) that say that the rest will still come."""


def warehouse_of(reading: Reading, node: Node) -> str:
    """Our name of the warehouse in N1*WH (or `SF`), by the agreement's map; else the one the agreement is about."""
    found = node.loop_of("N1", "WH", "SF", "LW")
    if found is not None and (code := at(found.opener, 4)) and "warehouses" in reading.options.maps:
        return reading.code("warehouses", code, found.opener, 4) or ""
    if reading.options.warehouse:
        return reading.options.warehouse
    return at(found.opener, 4) or at(found.opener, 2) if found is not None else ""


def _item(segment: Segment, upc: int, pairs: Sequence[int], line: Draft) -> None:
    """Item numbers of a warehouse's line: a U.P.C. in its own element, and pairs at fixed places."""
    for place in pairs:
        qualifier, number = at(segment, place), at(segment, place + 1)
        if number:
            _pair(qualifier, number, line)
    read_upc(at(segment, upc), line)


def _pair(qualifier: str, number: str, line: Draft) -> None:
    """To a warehouse, `VN` and `SK` are the depositor's numbers: ours."""
    if qualifier in ("VN", "VP", "SK", "BP", "IN") and "sku" not in line:
        line["sku"] = number
    elif qualifier in ("UP", "EN", "UK", "UA"):
        read_upc(number, line)
    elif qualifier in ("MG", "MF"):
        line.setdefault("supplier_sku", number)
    else:
        line.setdefault("identifiers", []).append({"scheme": f"x12:{qualifier.lower() or 'zz'}", "value": number})


def _sku(reading: Reading, line: Draft, segment: Segment, element: int, path: str) -> str | None:
    number = line.get("sku") or line.get("gtin")
    if not number:
        reading.wrong("the line has no item number that could be our SKU", segment, element, path=path)
        return None
    return reading.code("skus", number, segment, element)


def _references(node: Node) -> dict[str, list[str]]:
    """N9 by qualifier. Those of the head stand behind the N1 loops, so that they look as if they belonged to the last party."""
    found: dict[str, list[str]] = {}
    for segment in (*node.all("N9"), *(each for loop in node.loops("N1") for each in loop.all("N9"))):
        found.setdefault(at(segment, 1), []).append(at(segment, 2))
    return found


@reads("x12", "944")
def read_receipt(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A warehouse's receipt: `receipt.completed`. What W13 calls damaged is taken out of the line's quantity into a line of its own."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "W17")
    references = _references(node)
    draft: Draft = {
        "number": at(head, 3),
        "expected_number": at(head, 4),
        "despatch_number": at(head, 5),
        "order_number": next(iter(references.get("PO", ())), ""),
        "received_at": read_moment(reading, head, 2, 7) or context.moment,
        "warehouse": warehouse_of(reading, node),
        "note": " ".join(at(segment, 2) for segment in node.all("NTE")),
        "final": at(head, 1) not in ("P", "3"),
    }
    lines: list[Draft] = []
    for loop in node.loops("W07"):
        _receipt_lines(reading, loop, lines)
    draft["lines"] = lines
    receipt = reading.finish(ReceiptAdvice, draft)
    leads = [Reference("receipt", receipt.expected_number)] if receipt.expected_number else []
    leads += [Reference("purchase:order", receipt.order_number)] if receipt.order_number else []
    return [Mapped("receipt.completed", receipt, tuple(leads), number=receipt.number, occurred_at=receipt.received_at)]


def _receipt_lines(reading: Reading, loop: Node, lines: list[Draft]) -> None:
    opener = loop.opener
    base: Draft = {}
    _item(opener, 3, (4, 6, 11), base)
    if sku := _sku(reading, base, opener, 5, f"lines.{len(lines)}.sku"):
        base["sku"] = sku
    references = _references(loop)
    base["order_line"] = next(iter(references.get("LI", ())), "")
    base["package"] = next(iter(references.get("LA", ())), "")
    base["serials"] = references.get("SE", [])
    base["lot"] = at(opener, 8) or next(iter(references.get("LT", ())), "")
    for segment in loop.all("G62"):
        if at(segment, 1) == "36" and (day := read_day(reading, segment, 2)) is not None:
            base["expiry"] = day
    received = read_quantity(reading, opener, 1, 2)
    apart: list[Draft] = []
    for each in loop.loops("W13"):
        segment = each.opener
        condition = reading.table("reasons", _CONDITIONS, at(segment, 3), segment, 3)
        quantity = read_quantity(reading, segment, 1, 2)
        if condition and quantity is not None:
            apart.append(
                {
                    **base,
                    "condition": condition,
                    "quantity": quantity,
                    "lot": at(segment, 4) or base["lot"],
                    "reason": at(segment, 5) or " ".join(at(note, 2) for note in each.all("NTE")),
                }
            )
    if received is not None:
        good = received["value"] - sum((line["quantity"]["value"] for line in apart), Decimal(0))
        whole = {**base, "quantity": {**received, "value": max(good, Decimal(0))}}
        if good > 0 or not apart:
            apart.insert(0, whole)
    for line in apart:
        reading.anchors["lines", len(lines)] = opener
        lines.append({**line, "number": str(len(lines) + 1)})


@reads("x12", "945")
def read_shipping_advice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """What a warehouse shipped: `picking.completed`. N9*LI names our line (we send it in the 940), else LX01 does."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "W06")
    dates = {at(segment, 1): segment for segment in node.all("G62")}
    shipped = next((dates[code] for code in ("11", "10", "07") if code in dates), None)
    moment = read_moment(reading, shipped, 2, 4, 5) if shipped is not None else None
    head_moment = read_moment(reading, head, 3)
    draft: Draft = {
        "fulfilment_number": at(head, 2),
        "picked_at": moment or head_moment or context.moment,
        "warehouse_reference": at(head, 4),
    }
    if not draft["fulfilment_number"]:
        reading.wrong("the advice names no order of ours (depositor order number)", head, 2, path="fulfilment_number")
    lines: list[Draft] = []
    packages: dict[str, Draft] = {}
    tracking = next(iter(_references(node).get("CN", ())), "")
    final = True
    for loop in node.loops("LX"):
        outer = _package(loop.all("MAN"), packages)
        for each in loop.loops("W12"):
            opener = each.opener
            reading.anchors["lines", len(lines)] = opener
            package = _package(each.all("MAN"), packages) or outer
            lines.append(_picked(reading, each, loop, package, len(lines)))
            final = final and at(opener, 1) not in _OPEN
    if tracking:
        for package_draft in packages.values():
            package_draft.setdefault("tracking_number", tracking)
    draft |= {"lines": lines, "packages": list(packages.values()), "final": final}
    count = at(head, 8)
    if count.isdecimal() and int(count) > 0:
        draft["sequence"] = int(count)
    elif not final:
        # the next advice would look like this one told again
        reading.wrong(
            "more is to come for this order, but nothing counts the advices (link sequence number)", head, 8, path="sequence"
        )
    picked = reading.finish(PickConfirmation, draft)
    leads = [Reference("fulfilment", picked.fulfilment_number)]
    leads += [Reference("tracking", tracking)] if tracking else []
    return [
        Mapped(
            "picking.completed",
            picked,
            tuple(leads),
            number=picked.warehouse_reference or picked.fulfilment_number,
            occurred_at=moment,
        )
    ]


def _picked(reading: Reading, node: Node, outer: Node, package: str, place: int) -> Draft:
    opener = node.opener
    line: Draft = {}
    _item(opener, 6, (7, 17, 21), line)
    references = _references(node)
    number = next(iter(references.get("LI", ())), "") or at(outer.opener, 1)
    picked: Draft = {
        "number": number,
        "lot": at(opener, 9) or next(iter(references.get("LT", ())), ""),
        "serials": references.get("SE", []),
        "package": package,
    }
    if (sku := _sku(reading, line, opener, 8, f"lines.{place}.sku")) is not None:
        picked["sku"] = sku
    quantity = read_quantity(reading, opener, 3, 5)
    if quantity is None and at(opener, 2):
        # a line that was not shipped at all has no element for how many were
        ordered = read_quantity(reading, opener, 2, 5)
        quantity = {**ordered, "value": Decimal(0)} if ordered is not None else None
    if quantity is not None:
        picked["quantity"] = quantity
    return picked


def _package(marks: Sequence[Segment], packages: dict[str, Draft]) -> str:
    draft: Draft = {}
    for segment in marks:
        qualifier, mark = at(segment, 1), at(segment, 2)
        if qualifier in ("CP", "CA"):
            draft["tracking_number"] = mark
        else:
            draft.setdefault("reference", mark)
            try:
                draft["sscc"] = draft["reference"] = sscc_of(mark)
            except ValueError:
                pass  # a label number of the warehouse's own
    if not draft:
        return ""
    reference = str(draft.setdefault("reference", draft.get("tracking_number", "")))
    packages.setdefault(reference, draft).update(draft)
    return reference


@reads("x12", "947")
def read_adjustment(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A warehouse's adjustments: one `stock.moved` for each cause, quantities as signed in W19-02."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "W15")
    location = warehouse_of(reading, node)
    number = at(head, 2) or at(head, 3) or context.control
    changes: dict[tuple[str, str], list[Draft]] = {}
    for loop in node.loops("W19"):
        opener = loop.opener
        line: Draft = {}
        _item(opener, 4, (5, 7, 17), line)
        code = at(opener, 1)
        cause = reading.table("reasons", _CAUSES, code, opener, 1)
        sku = _sku(reading, line, opener, 6, "changes.sku")
        quantity = read_quantity(reading, opener, 2, 3)
        if quantity is None:
            reading.wrong("the adjustment has no quantity", opener, 2, path="changes.quantity")
        if cause is None or sku is None or quantity is None:
            continue
        changes.setdefault((cause, code), []).append(
            {"sku": sku, "location": location, "quantity": quantity, "lot": at(opener, 9)}
        )
    if not changes:
        reading.wrong("the document adjusts nothing (W19)", head, path="changes")
    reading.refuse("stock_movement")
    moment = read_moment(reading, head, 1)
    return [
        Mapped(
            "stock.moved",
            reading.finish(StockMovement, {"changes": each, "cause": cause, "reason": code, "reference": number}),
            number=number,
            occurred_at=moment,
        )
        for (cause, code), each in changes.items()
    ]


# Data element 673 in an inventory advice.
_ON_HAND: Final = ("17", "QH", "IQ")
_AVAILABLE: Final = ("33", "QA", "02")


@reads("x12", "846")
def read_inventory(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A warehouse's or supplier's stock: `stock.changed` with absolute levels; `33` (available for sale) counts as on hand where alone."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "BIA")
    counted = (
        moment_of(reading, node.all("DTM"), "366", "514", "097", "007") or read_moment(reading, head, 4, 5) or context.moment
    )
    location = warehouse_of(reading, node)
    levels: list[Draft] = []
    for loop in node.loops("LIN"):
        opener = loop.opener
        line: Draft = {}
        read_item(opener, 2, line)
        ours = {"sku": line.get("supplier_sku") or line.get("sku"), "gtin": line.get("gtin")}
        sku = _sku(reading, {name: value for name, value in ours.items() if value}, opener, 3, f"levels.{len(levels)}.sku")
        lot = next((each["value"] for each in line.get("identifiers", ()) if each["scheme"] == "x12:lt"), "")
        places = [(location, loop), *((_place(reading, inner), inner) for inner in loop.loops("N1"))]
        for name, holder in places:
            level = _level(reading, holder)
            if level is not None:
                reading.anchors["levels", len(levels)] = opener
                levels.append({**level, "sku": sku, "location": name, "lot": lot, "counted_at": counted})
    change = reading.finish(StockChange, {"levels": levels, "reference": at(head, 3)})
    return [Mapped("stock.changed", change, number=change.reference, occurred_at=counted)]


def _place(reading: Reading, node: Node) -> str:
    code = at(node.opener, 4) or at(node.opener, 2)
    return reading.code("warehouses", code, node.opener, 4) or ""


def _level(reading: Reading, node: Node) -> Draft | None:
    found: dict[str, Draft] = {}
    for segment in (*node.all("QTY"), *(loop.opener for loop in node.loops("QTY"))):
        qualifier = at(segment, 1)
        kind = "on_hand" if qualifier in _ON_HAND else "available" if qualifier in _AVAILABLE else ""
        if kind and (quantity := read_quantity(reading, segment, 2, 3)) is not None:
            found.setdefault(kind, quantity)
    if not found:
        return None
    return {"on_hand": found.get("on_hand", found.get("available")), **found}
