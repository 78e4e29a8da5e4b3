"""EDIFACT DESADV: a ship notice, to `DespatchAdvice`; CPS groups make the tree of pallets and packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from crossdock.canonical.gs1 import sscc_of
from crossdock.documents.assembly.notices import Notice
from crossdock.documents.drafts import Draft, fill
from crossdock.documents.edifact.items import read_item, read_texts
from crossdock.documents.edifact.parties import read_parties
from crossdock.documents.edifact.qualifiers import BUYER, PACKAGE_KINDS, SHIP_FROM, SHIP_TO, SUPPLIER
from crossdock.documents.edifact.terms import (
    DOCUMENT_DATE,
    day_of,
    head_of,
    moment_of,
    quantity_of,
    read_note,
    read_references,
    reference,
)
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node
from crossdock.documents.reading import Reading
from crossdock.documents.weights import kilograms
from crossdock.edi.guides import Loop
from crossdock.edi.segments import Segment

_PURPOSES: Final = {
    "": "original",
    "9": "original",
    "31": "original",
    "7": "original",
    "46": "original",
    "5": "replacement",
    "4": "replacement",
    "1": "cancellation",
    "3": "cancellation",
}
_MOMENTS: Final = {"shipped_at": ("11", "10", "200"), "expected_at": ("132", "17", "191", "2")}
_LINE_DAYS: Final = {"expiry": "36", "best_before": "361", "produced": "94"}
_PARTIES: Final = {"supplier": SUPPLIER, "buyer": BUYER, "ship_from": SHIP_FROM, "ship_to": SHIP_TO}
_REFERENCES: Final = {
    "ON": "order_number",
    "VN": "supplier_order_number",
    "BM": "waybill",
    "AAS": "waybill",
    "CN": "tracking_number",
    "SN": "seal",
}


@dataclass(slots=True)
class _Notice(Notice):
    """The notice with `holder`, the one package of a CPS by its number."""

    holder: dict[str, str] = field(default_factory=dict)


@reads("edifact", "DESADV")
def read_despatch_advice(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A supplier's ship notice: one `ship_notice.received` for each purchase order in it."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    purpose = reading.purpose(_PURPOSES, head, 3, "a ship notice")
    dates = node.all("DTM")
    issued = moment_of(reading, dates, DOCUMENT_DATE)
    draft: Draft = {"number": head.value(2, 1), "purpose": purpose, "issued_at": issued or context.moment}
    fill(draft, ((name, moment_of(reading, dates, *qualifiers)) for name, qualifiers in _MOMENTS.items()))
    read_references(node.loops("RFF"), _REFERENCES, draft)
    fill(draft, ((name, read_parties(reading, node, roles)) for name, roles in _PARTIES.items()))
    _transport(reading, node, draft)
    if note := read_note(node):
        draft["note"] = note
    common = draft.pop("order_number", "")
    notice = _Notice(draft)
    for group in node.loops("CPS"):
        _group(reading, group, notice)
    for line in notice.lines:
        line.setdefault("order_number", common)
    if not notice.lines:
        notice.orders[common] = {}
    return notice.noticed(reading, head, "RFF+ON", duplicate=head.value(3) in ("7", "31"))


def _transport(reading: Reading, node: Node, draft: Draft) -> None:
    for group in node.loops("TDT"):
        segment = group.opener
        if carrier := segment.value(5, 1):
            draft.setdefault("carrier", reading.code("carriers", carrier, segment, 5) or carrier)
        if name := segment.value(5, 4):
            draft.setdefault("carrier_name", name)
        if vehicle := segment.value(8, 4) or segment.value(8, 1):
            draft.setdefault("vehicle", vehicle)
    for group in node.loops("EQD"):
        for seal in group.all("SEL"):
            draft.setdefault("seal", seal.value(1))
    if (weight := _weight(reading, node.all("MEA"))) is not None:
        draft["gross_weight_kg"] = weight


def _weight(reading: Reading, segments: Sequence[Segment]) -> Decimal | None:
    for segment in segments:
        if segment.value(2, 1) in ("AAD", "G", "AAB", "WT", "GW"):
            value = reading.decimal(segment.value(3, 2), segment, 3, 2)
            if value is not None and (weight := kilograms(value, segment.value(3, 1))) is not None:
                return weight
    return None


def _group(reading: Reading, node: Node, notice: _Notice) -> None:
    number, parent = node.opener.value(1), node.opener.value(2)
    outer = notice.holder.get(parent, "")
    found: list[str] = []
    for package in node.loops("PAC"):
        kind = package.opener.value(3, 1)
        kind = PACKAGE_KINDS.get(kind, kind if len(kind) == 2 else "")
        weight = _weight(reading, package.all("MEA"))
        for mark in package.loops("PCI"):
            for unit in _units(mark):
                unit["kind"] = kind
                if weight is not None:
                    unit["weight_kg"] = weight
                if outer:
                    unit["inside"] = outer
                notice.units.append(unit)
                found.append(unit["reference"])
    holder = found[0] if len(found) == 1 else "" if found else outer
    notice.holder[number] = holder
    for line in node.loops("LIN"):
        _line(reading, line, holder, notice)


def _units(mark: Node) -> list[Draft]:
    """The packages a PCI group identifies: SSCC (GIN `BJ`, `AW`), else the marks on them. `CN` in a reference is the carrier's number."""
    units: list[Draft] = []
    tracking = next((each.value(1, 2) for each in mark.all("RFF") if each.value(1, 1) in ("CN", "AAS", "CU")), "")
    for segment in (*mark.all("GIN"), *(group.opener for group in mark.loops("GIN"))):
        if segment.value(1) not in ("BJ", "AW", "ML"):
            continue
        for element in range(2, 7):
            for component in (1, 2):
                if identity := segment.value(element, component):
                    try:
                        identity = sscc_of(identity)
                        units.append({"reference": identity, "sscc": identity})
                    except ValueError:
                        units.append({"reference": identity})
    if not units:
        marks = [text for text in (mark.opener.value(2, place) for place in range(1, 11)) if text]
        if marks:
            units.append({"reference": marks[0]})
        elif tracking:
            units.append({"reference": tracking})
    if tracking and len(units) == 1:
        units[0]["tracking_number"] = tracking
    return units


def _line(reading: Reading, node: Node, package: str, notice: _Notice) -> None:
    opener = node.opener
    line: Draft = {"package": package}
    read_item(node, line)
    read_texts(node, line)
    sent = quantity_of(reading, node, "12", "1", "46", "21")
    if sent is not None:
        line["quantity"] = sent
    if (left := quantity_of(reading, node, "83", "119")) is not None:
        line["outstanding"] = left
    for group in node.loops("RFF"):
        segment = group.opener
        kind = segment.value(1, 1)
        if kind == "ON":
            line["order_number"] = segment.value(1, 2)
            if number := segment.value(1, 3):
                line["order_line"] = number
        elif kind == "LI":
            line["order_line"] = segment.value(1, 2)
        else:
            reference(segment, {"BT": "lot", "LO": "lot"}, line)
    serials = _identities(node, "BN")
    if serials:
        line["serials"] = [*line.get("serials", ()), *serials]
    if lots := _identities(node, "BX"):
        line.setdefault("lot", lots[0])
    for segment in node.all("ALI"):
        if country := segment.value(1):
            line["origin_country"] = country
    _days(reading, node, line)
    if note := read_note(node):
        line["note"] = note
    parts = [part for group in node.loops("PCI") if (part := _part(reading, group))]
    told = [part for part in parts if "quantity" in part]
    if told and len(told) == len(parts):
        made = [{**line, **part} for part in parts]
    else:
        made = [{**line, **{name: value for part in parts for name, value in part.items()}}]
    for each in made:
        if not each.get("package") and (label := each.pop("label", "")):
            each["package"] = label
            notice.units.append({"reference": label, "sscc": label})
        each.pop("label", None)
        reading.anchors["lines", len(notice.lines)] = opener
        notice.lines.append({**each, "number": str(len(notice.lines) + 1)})


def _part(reading: Reading, group: Node) -> Draft:
    """What a PCI group inside a line says of a part of it: its lot, days, quantity, or the package it is in."""
    part: Draft = {}
    if lots := _identities(group, "BX"):
        part["lot"] = lots[0]
    if labels := _identities(group, "BJ"):
        try:
            part["label"] = sscc_of(labels[0])
        except ValueError:
            pass  # not a label of a package; the marks are the sender's own
    if serials := _identities(group, "BN"):
        part["serials"] = serials
    _days(reading, group, part)
    if (quantity := quantity_of(reading, group, "12", "11", "52", "21")) is not None:
        part["quantity"] = quantity
    return part


def _identities(node: Node, kind: str) -> list[str]:
    """All identities of a kind in GIN segments."""
    segments: list[Segment] = [*node.all("GIN"), *(group.opener for group in node.loops("GIN"))]
    return [
        identity
        for segment in segments
        if segment.value(1) == kind
        for element in range(2, 7)
        for component in (1, 2)
        if (identity := segment.value(element, component))
    ]


def _days(reading: Reading, node: Node, draft: Draft) -> None:
    dates = node.all("DTM")
    fill(draft, ((name, day_of(reading, dates, qualifier)) for name, qualifier in _LINE_DAYS.items()))
