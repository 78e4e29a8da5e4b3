"""X12 856: a ship notice, to and from `DespatchAdvice`; its HL levels may come in any order the standard allows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from crossdock.canonical.gs1 import sscc_of
from crossdock.documents.assembly.notices import Notice
from crossdock.documents.drafts import Draft, fill
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.weights import kilograms
from crossdock.documents.x12.items import read_item, read_quantity, read_texts
from crossdock.documents.x12.parties import read_parties
from crossdock.documents.x12.qualifiers import BUYER, SHIP_FROM, SHIP_TO, SUPPLIER
from crossdock.documents.x12.terms import LINE_REFERENCE, day_of, moment_of, read_moment, read_note, read_number, read_references
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

_PURPOSES: Final = {
    "00": "original",
    "01": "cancellation",
    "02": "original",
    "04": "replacement",
    "05": "replacement",
    "06": "original",
    "07": "original",
    "14": "original",
}
PACKAGE_KINDS: Final = {
    "PLT": "PX",
    "CTN": "CT",
    "BOX": "BX",
    "BAG": "BG",
    "CRT": "CR",
    "DRM": "DR",
    "PKG": "PK",
    "PCS": "PC",
    "CAS": "CS",
    "ROL": "RO",
    "SKD": "SI",
    "TBE": "TU",
}
_MOMENTS: Final = {"shipped_at": ("011", "370", "010"), "expected_at": ("017", "371", "067", "002")}
_LINE_DAYS: Final = {"expiry": ("036",), "produced": ("094", "405")}
_PARTIES: Final = {"supplier": SUPPLIER, "buyer": BUYER, "ship_from": SHIP_FROM, "ship_to": SHIP_TO}
_HEAD_REFERENCES: Final = {"BM": "waybill", "MB": "waybill", "CN": "tracking_number", "2I": "tracking_number", "SN": "seal"}


@dataclass(frozen=True, slots=True)
class _Where:
    """What is around the HL at hand: its order, the package it is in, the item it belongs to."""

    order: Draft | None = None
    package: str = ""
    item: int = -1


@dataclass(slots=True)
class _Notice(Notice):
    """The notice with the packages under an item, by the place of its line, each with what it holds where it says so."""

    packed: dict[int, list[tuple[str, Draft | None]]] = field(default_factory=dict)


@reads("x12", "856")
def read_despatch_advice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's ship notice: one `ship_notice.received` for each purchase order in it."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "BSN")
    purpose = reading.purpose(_PURPOSES, head, 1, "a ship notice")
    issued = read_moment(reading, head, 3, 4)
    draft: Draft = {"number": at(head, 2), "purpose": purpose, "issued_at": issued or context.moment}
    notice = _Notice(draft)
    _dates(reading, node, draft)
    for level in node.loops("HL"):
        _walk(reading, level, _Where(), notice)
    _spread_over_packages(notice)
    return notice.noticed(reading, head, "PRF01", duplicate=at(head, 1) == "07")


def _walk(reading: Reading, node: Node, where: _Where, notice: _Notice) -> None:
    level = at(node.opener, 3)
    if level == "S":
        _shipment(reading, node, notice.head)
    elif level == "O":
        where = replace(where, order=_order(reading, node, notice))
    elif level in ("T", "P"):
        where = _package(reading, node, where, notice, level)
    elif level == "I":
        where = replace(where, item=_item(reading, node, where, notice))
    for inner in node.loops("HL"):
        _walk(reading, inner, where, notice)


def _dates(reading: Reading, node: Node, draft: Draft) -> None:
    dates = node.all("DTM")
    fill(draft, ((name, moment_of(reading, dates, *qualifiers)) for name, qualifiers in _MOMENTS.items()))


def _shipment(reading: Reading, node: Node, draft: Draft) -> None:
    _dates(reading, node, draft)
    for segment in node.all("TD5"):
        if carrier := at(segment, 3):
            draft.setdefault("carrier", reading.code("carriers", carrier, segment, 3) or carrier)
        if words := at(segment, 5):
            draft.setdefault("carrier_name", words)
        if service := at(segment, 12):
            draft.setdefault("service_level", reading.code("services", service, segment, 12) or service)
    for segment in node.all("TD3"):
        if number := at(segment, 2) + at(segment, 3):
            draft.setdefault("vehicle", number)
        if seal := at(segment, 9):
            draft.setdefault("seal", seal)
    weights = [weight for segment in node.all("TD1") if (weight := _weight(reading, segment)) is not None]
    if weights:
        draft["gross_weight_kg"] = sum(weights, Decimal(0))
    read_references(node.all("REF"), _HEAD_REFERENCES, draft)
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    if note := read_note(node):
        draft["note"] = note


def _weight(reading: Reading, segment: Segment) -> Decimal | None:
    """TD1: a gross weight in kilograms."""
    if at(segment, 6) not in ("G", ""):
        return None
    value = reading.decimal(at(segment, 7), segment, 7)
    if value is None or not at(segment, 8):
        return None
    unit = reading.unit(at(segment, 8), segment, 8, x12=True)
    return kilograms(value, unit) if unit is not None else None


def _order(reading: Reading, node: Node, notice: _Notice) -> Draft:
    order: Draft = {}
    segment = node.first("PRF")
    number = read_number(segment, 1, 2) if segment is not None else ""
    if number:
        order["order_number"] = number
    read_references(node.all("REF"), {"VN": "supplier_order_number", "CO": "supplier_order_number"}, order)
    fill(order, ((name, read_parties(reading, node, _PARTIES[name])) for name in ("buyer", "ship_to", "supplier")))
    before = notice.orders.setdefault(number, {})
    before.update(order)
    if "identifiers" in before and "identifiers" in notice.head:
        before["identifiers"] = [*notice.head["identifiers"], *before["identifiers"]]
    return order


def _package(reading: Reading, node: Node, where: _Where, notice: _Notice, level: str) -> _Where:
    unit: Draft = {"kind": "PX" if level == "T" else ""}
    marks = node.all("MAN")
    for segment in marks:
        qualifier, mark = at(segment, 1), at(segment, 2)
        if qualifier in ("GM", "AA", "AI", "W", "UC") and "sscc" not in unit:
            try:
                unit["sscc"] = sscc_of(mark)
                continue
            except ValueError:
                pass  # a mark with a wrong check digit still is what the label says, but nobody's SSCC
        if qualifier in ("CP", "CA", "SM", "R"):
            unit.setdefault("tracking_number", mark)
        else:
            unit.setdefault("reference", mark)
    unit["reference"] = unit.get("sscc") or unit.get("reference") or unit.get("tracking_number") or f"HL{at(node.opener, 1)}"
    if where.package:
        unit["inside"] = where.package
    for segment in node.all("TD1"):
        kind = at(segment, 1)[:3]
        if kind:
            unit["kind"] = PACKAGE_KINDS.get(kind, unit["kind"])
        if (weight := _weight(reading, segment)) is not None:
            unit["weight_kg"] = weight
    for segment in node.all("PO4"):
        unit["kind"] = unit["kind"] or PACKAGE_KINDS.get(at(segment, 4)[:3], "")
    notice.units.append(unit)
    if where.item >= 0:
        held = node.first("SN1")
        quantity = read_quantity(reading, held, 2, 3) if held is not None else None
        notice.packed.setdefault(where.item, []).append((unit["reference"], quantity))
        return where
    return replace(where, package=unit["reference"])


def _item(reading: Reading, node: Node, where: _Where, notice: _Notice) -> int:
    line: Draft = {"number": str(len(notice.lines) + 1)}
    if where.order is not None and "order_number" in where.order:
        line["order_number"] = where.order["order_number"]
    own = node.first("PRF")
    if own is not None and "order_number" not in line:
        line["order_number"] = read_number(own, 1, 2)
    if where.package:
        line["package"] = where.package
    reading.anchors["lines", len(notice.lines)] = node.opener
    named = node.first("LIN")
    if named is not None:
        line["order_line"] = at(named, 1)
        read_item(named, 2, line)
        _lot_and_serials(line)
    sent = node.first("SN1")
    if sent is None:
        reading.wrong("the item says no quantity (SN1 is missing)", node.opener)
    else:
        line["order_line"] = line.get("order_line") or at(sent, 1)
        quantity = read_quantity(reading, sent, 2, 3)
        if quantity is not None:
            line["quantity"] = quantity
    if own is not None and at(own, 5):
        line["order_line"] = at(own, 5)
    read_texts(node, line)
    serials = [at(segment, 2) for segment in node.all("REF") if at(segment, 1) == "SE"]
    if serials:
        line["serials"] = [*line.get("serials", ()), *serials]
    others = [segment for segment in node.all("REF") if at(segment, 1) != "SE"]
    read_references(others, {"LT": "lot", "BT": "lot", "LI": "order_line"}, line, LINE_REFERENCE)
    dates = node.all("DTM")
    fill(line, ((name, day_of(reading, dates, *qualifiers)) for name, qualifiers in _LINE_DAYS.items()))
    notice.lines.append(line)
    return len(notice.lines) - 1


def _lot_and_serials(line: Draft) -> None:
    """Lot and serial numbers, which LIN names like item numbers."""
    others: list[Draft] = []
    for each in line.get("identifiers", ()):
        if each["scheme"] == "x12:lt":
            line.setdefault("lot", each["value"])
        elif each["scheme"] == "x12:sn":
            line.setdefault("serials", []).append(each["value"])
        elif each["scheme"] == "x12:ch":
            line["origin_country"] = each["value"]
        else:
            others.append(each)
    if "identifiers" in line:
        line["identifiers"] = others


def _spread_over_packages(notice: _Notice) -> None:
    """Packages under an item (shipment, order, item, packaging): the line is in its one package, or in parts where each says how many."""
    lines: list[Draft] = []
    for place, line in enumerate(notice.lines):
        packages = notice.packed.get(place, [])
        stated = [quantity for _, quantity in packages if quantity is not None]
        if len(packages) == 1 and not line.get("package"):
            lines.append({**line, "package": packages[0][0]})
        elif packages and len(stated) == len(packages):
            lines += [{**line, "package": package, "quantity": quantity} for package, quantity in packages]
        else:
            lines.append(line)
    notice.lines = [{**line, "number": str(number)} for number, line in enumerate(lines, 1)]
