"""X12 856 out of a `DespatchAdvice`: shipment, order, pallets and packages as they stand in each other, items."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine, HandlingUnit
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.documents.x12.despatch_advice import PACKAGE_KINDS
from crossdock.documents.x12.items import item_pairs, write_texts
from crossdock.documents.x12.parties import write_party
from crossdock.documents.x12.terms import LINE_REFERENCE, number_elements, write_references
from crossdock.edi.writer import Row

_PURPOSES: Final = {"original": "00", "replacement": "05", "cancellation": "01"}
_KINDS: Final = {code: x12 for x12, code in PACKAGE_KINDS.items()}
_PALLETS: Final = frozenset({"PX", "PF", "X1", "AF", "201"})


@writes("x12", "856")
def write_despatch_advice(advice: DespatchAdvice, context: WriteContext, codes: Codes) -> list[Row]:
    """An 856 with the levels shipment, order, tare, pack and item. HL numbers count from 1 in the order of the document."""
    return _Writer(advice, Writing(context, codes)).rows()


class _Writer:
    """Writes one notice; keeps the number of the HL written last."""

    def __init__(self, advice: DespatchAdvice, writing: Writing) -> None:
        self.advice = advice
        self.writing = writing
        self.out: list[Row] = []
        self.levels = 0

    def rows(self) -> list[Row]:
        advice, writing = self.advice, self.writing
        structure = "0001" if advice.units else "0004"
        issued = (writing.date(advice.issued_at), writing.time(advice.issued_at))
        self.out.append(("BSN", _PURPOSES[advice.purpose], advice.number, *issued, structure))
        shipment = self._hl("", "S", bool(advice.lines))
        self._shipment()
        order = self._hl(shipment, "O", bool(advice.lines))
        number, release = number_elements(advice.order_number)
        self.out.append(("PRF", number, release))
        if advice.supplier_order_number:
            self.out.append(("REF", "VN", advice.supplier_order_number))
        for unit in advice.units:
            if not unit.inside:
                self._unit(unit, order)
        for line in advice.lines:
            if not line.package:
                self._item(line, order)
        self.out.append(("CTT", str(self.levels)))
        writing.finish(f"856 {advice.number}")
        return self.out

    def _hl(self, parent: str, level: str, children: bool) -> str:
        self.levels += 1
        self.out.append(("HL", str(self.levels), parent, level, "1" if children else "0"))
        return str(self.levels)

    def _shipment(self) -> None:
        advice, writing, out = self.advice, self.writing, self.out
        outer = [unit for unit in advice.units if not unit.inside]
        if advice.gross_weight_kg is not None or outer:
            kinds = {_KINDS.get(unit.kind, "CTN") for unit in outer} or {"CTN"}
            packaging = kinds.pop() if len(kinds) == 1 else "PKG"
            weight = ("G", writing.number(advice.gross_weight_kg), "KG") if advice.gross_weight_kg is not None else ()
            out.append(("TD1", packaging if outer else "", str(len(outer)) if outer else "", "", "", "", *weight))
        if advice.carrier or advice.carrier_name:
            scac = ("2", writing.code("carriers", advice.carrier, "TD503")) if advice.carrier else ("", "")
            service = writing.code("services", advice.service_level, "TD512") if len(advice.service_level) == 2 else ""
            out.append(("TD5", "B", *scac, "", writing.text(advice.carrier_name, 35), *[""] * 6, service))
        if advice.vehicle or advice.seal:
            out.append(("TD3", "TL", "", advice.vehicle or "UNKNOWN", *[""] * 5, advice.seal))
        if advice.waybill:
            out.append(("REF", "BM", advice.waybill))
        if advice.tracking_number:
            out.append(("REF", "CN", advice.tracking_number))
        out.extend(write_references(advice.identifiers))
        for qualifier, moment in (("011", advice.shipped_at), ("017", advice.expected_at)):
            if moment is not None:
                out.append(("DTM", qualifier, writing.date(moment), writing.time(moment)))
        for role, party in (("ST", advice.ship_to), ("SF", advice.ship_from), ("BY", advice.buyer), ("SU", advice.supplier)):
            if party is not None:
                out.extend(write_party(writing, role, party))

    def _unit(self, unit: HandlingUnit, parent: str) -> None:
        writing, out = self.writing, self.out
        inner = [each for each in self.advice.units if each.inside == unit.reference]
        lines = [line for line in self.advice.lines if line.package == unit.reference]
        level = "T" if unit.kind in _PALLETS else "P"
        own = self._hl(parent, level, bool(inner or lines))
        if unit.weight_kg is not None or unit.kind:
            weight = ("G", writing.number(unit.weight_kg), "KG") if unit.weight_kg is not None else ()
            out.append(("TD1", _KINDS.get(unit.kind, "PKG"), "1", "", "", "", *weight))
        if unit.sscc:
            out.append(("MAN", "GM", f"00{unit.sscc}"))
        elif unit.reference != unit.tracking_number:
            out.append(("MAN", "ZZ", unit.reference))
        if unit.tracking_number:
            out.append(("MAN", "CP", unit.tracking_number))
        for each in inner:
            self._unit(each, own)
        for line in lines:
            self._item(line, own)

    def _item(self, line: DespatchLine, parent: str) -> None:
        writing, out = self.writing, self.out
        self._hl(parent, "I", False)
        pairs = item_pairs(line, most=12)
        for qualifier, value in (("LT", line.lot), ("CH", line.origin_country or "")):
            if value:
                pairs += [qualifier, value]
        if pairs:
            out.append(("LIN", line.order_line, *pairs))
        else:
            writing.wrong(f"line {line.number} has no item number", "LIN03")
        unit = writing.unit(line.quantity.unit, x12=True, place=f"line {line.number}")
        out.append(("SN1", line.order_line, writing.number(line.quantity.value), unit))
        out.extend(write_texts(writing, line))
        out.extend(("REF", "SE", serial) for serial in line.serials)
        out.extend(write_references(line.identifiers, scheme=LINE_REFERENCE))
        for qualifier, day in (("036", line.expiry), ("094", line.produced)):
            if day is not None:
                out.append(("DTM", qualifier, writing.day(day)))
