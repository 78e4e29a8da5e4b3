"""EDIFACT DESADV out of a `DespatchAdvice`, and out of an `ExpectedReceipt` for a warehouse outside."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine, HandlingUnit
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.documents.despatch import expected_notice
from crossdock.documents.edifact.items import write_item
from crossdock.documents.edifact.order_response import order_line_reference
from crossdock.documents.edifact.parties import write_party
from crossdock.documents.edifact.terms import write_day, write_moment, write_note, write_references, write_unit
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.edi.writer import Row

_PURPOSES: Final = {"original": "9", "replacement": "5", "cancellation": "1"}
_KINDS: Final = {"PX": "201", "CT": "CT", "BX": "BX", "CS": "CS"}


@writes("edifact", "DESADV")
def write_despatch_advice(made: DespatchAdvice | ExpectedReceipt, context: WriteContext, codes: Codes) -> list[Row]:
    """A DESADV. CPS 1 is the shipment, every package has one of its own under that of the package it stands on."""
    advice = expected_notice(made, context) if isinstance(made, ExpectedReceipt) else made
    writing = Writing(context, codes, reserved="")
    rows: list[Row] = [("BGM", "351", advice.number, _PURPOSES[advice.purpose])]
    rows.append(write_moment(writing, "137", advice.issued_at))
    if advice.shipped_at is not None:
        rows.append(write_moment(writing, "11", advice.shipped_at))
    if advice.expected_at is not None:
        rows.append(write_moment(writing, "132", advice.expected_at))
    if advice.gross_weight_kg is not None:
        rows.append(("MEA", "AAX", "AAD", ("KGM", writing.number(advice.gross_weight_kg))))
    references = (
        ("ON", advice.order_number),
        ("VN", advice.supplier_order_number),
        ("AAS", advice.waybill),
        ("CN", advice.tracking_number),
    )
    rows += [("RFF", (qualifier, value)) for qualifier, value in references if value]
    rows += write_references(advice.identifiers, 6)
    for role, party in (("BY", advice.buyer), ("SU", advice.supplier), ("SF", advice.ship_from), ("DP", advice.ship_to)):
        if party is not None:
            rows += write_party(writing, role, party)
    if advice.carrier or advice.carrier_name or advice.vehicle:
        carrier = (writing.code("carriers", advice.carrier, "TDT05"), "", "", writing.text(advice.carrier_name, 35))
        rows.append(("TDT", "20", "", "30", "", carrier, "", "", ("", "", "", advice.vehicle)))
    if advice.seal:
        rows += [("EQD", "CN"), ("SEL", advice.seal)]
    rows += _Levels(advice, writing).rows()
    rows.append(("CNT", ("2", str(len(advice.lines)))))
    writing.finish(f"DESADV {advice.number}")
    return rows


class _Levels:
    """Writes the CPS groups; counts levels and lines."""

    def __init__(self, advice: DespatchAdvice, writing: Writing) -> None:
        self.advice = advice
        self.writing = writing
        self.out: list[Row] = []
        self.levels = 0
        self.lines = 0

    def rows(self) -> list[Row]:
        advice = self.advice
        if not advice.units and not advice.lines:
            return self.out
        first = self._cps("")
        for line in advice.lines:
            if not line.package:
                self._line(line)
        for unit in advice.units:
            if not unit.inside:
                self._unit(unit, first)
        return self.out

    def _cps(self, parent: str) -> str:
        self.levels += 1
        self.out.append(("CPS", str(self.levels), parent))
        return str(self.levels)

    def _unit(self, unit: HandlingUnit, parent: str) -> None:
        own = self._cps(parent)
        self.out.append(("PAC", "1", "", _KINDS.get(unit.kind, unit.kind)))
        if unit.weight_kg is not None:
            self.out.append(("MEA", "AAX", "AAD", ("KGM", self.writing.number(unit.weight_kg))))
        self.out.append(("PCI", "33E") if unit.sscc else ("PCI", "24", unit.reference))
        if unit.tracking_number:
            self.out.append(("RFF", ("CN", unit.tracking_number)))
        if unit.sscc:
            self.out.append(("GIN", "BJ", unit.sscc))
        for line in self.advice.lines:
            if line.package == unit.reference:
                self._line(line)
        for inner in self.advice.units:
            if inner.inside == unit.reference:
                self._unit(inner, own)

    def _line(self, line: DespatchLine) -> None:
        self.lines += 1
        writing, out = self.writing, self.out
        out += write_item(writing, line, self.lines)
        out.append(("QTY", ("12", writing.number(line.quantity.value), write_unit(writing, line.quantity.unit))))
        if line.outstanding is not None:
            out.append(("QTY", ("83", writing.number(line.outstanding.value), write_unit(writing, line.outstanding.unit))))
        if line.origin_country:
            out.append(("ALI", line.origin_country))
        out += [("GIN", "BN", *line.serials[n : n + 5]) for n in range(0, len(line.serials), 5)]
        days = (("36", line.expiry), ("361", line.best_before), ("94", line.produced))
        if not line.lot:
            out += [write_day(writing, qualifier, day) for qualifier, day in days if day is not None]
        out += write_note(writing, line.note)
        out += order_line_reference(line.order_number or self.advice.order_number, line.order_line)
        if line.lot:
            out.append(("PCI", "36E"))
            out += [write_day(writing, qualifier, day) for qualifier, day in days if day is not None]
            out.append(("GIN", "BX", line.lot))
