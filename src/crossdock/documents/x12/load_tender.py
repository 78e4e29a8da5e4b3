"""X12 204 and 990: a load offered to a carrier out of a `Tender`, and the carrier's answer to a `TenderAnswer`."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.events import Reference
from crossdock.canonical.freight import Tender, TenderAnswer, TenderStop
from crossdock.canonical.party import TradingParty
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, WriteContext, reads, writes
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.writing import Writing
from crossdock.documents.x12.parties import write_party
from crossdock.documents.x12.terms import read_moment
from crossdock.edi.guides import Loop
from crossdock.edi.writer import Row

_PURPOSES: Final = {"original": "00", "change": "04", "cancellation": "01"}
# Data elements 163 (stop reason), 98 (role) and 432 (not before, not after) of a stop.
_STOPS: Final = {"pick_up": ("LD", "SF", "37", "38"), "delivery": ("UL", "ST", "53", "54")}
_ANSWERS: Final = {"A": "accepted", "D": "declined", "C": "accepted", "R": "declined", "Y": "accepted", "N": "declined"}
"""Data element 558: the reservation's action; `C` accepts with conditions, which stand in K1."""


@writes("x12", "204")
def write_tender(tender: Tender, context: WriteContext, codes: Codes) -> list[Row]:
    """A 204. B204 is the tender's number, which the carrier's 990 names again; ours of the shipment and the orders are L11."""
    writing = Writing(context, codes)
    carrier = writing.code("carriers", tender.carrier, "B202")
    purpose = _PURPOSES["cancellation" if context.purpose == "cancel" else tender.purpose]
    rows: list[Row] = [("B2", "", carrier, "", tender.number[:30], "", "PP"), ("B2A", purpose)]
    rows.append(("L11", tender.shipment_number[:30], "SI"))
    rows += [("L11", each[:30], "PO") for each in tender.order_numbers[:49]]
    if tender.answer_by is not None:
        rows.append(("G62", "64", writing.date(tender.answer_by), "1", writing.time(tender.answer_by)[:4]))
    if carrier:
        rows.append(("MS3", carrier, "B", "", "M"))
    rows += [("NTE", "OTH", chunk) for chunk in writing.chunks(_note(tender), 80)[:10]]
    if len(tender.equipment) == 2:  # N711 is a code of two letters; what is said in words goes into the note
        rows.append(("N7", "", "1", *[""] * 8, tender.equipment))
    for stop in tender.stops:
        rows += _stop(writing, tender, stop)
    weight = (writing.number(tender.weight_kg), "G") if tender.weight_kg is not None else ("", "")
    charge = (writing.implied(tender.rate.amount, 2, "L305"),) if tender.rate is not None else ("",)
    if weight[0] or charge[0]:
        pieces = str(tender.packages or tender.pallets or "")
        rows.append(("L3", *weight, "", "", *charge, "", "", "", "", "", pieces, "K" if weight[0] else ""))
    writing.finish(f"204 {tender.number}")
    return rows


def _note(tender: Tender) -> str:
    equipment = tender.equipment if len(tender.equipment) != 2 else ""
    return " ".join(each for each in (tender.service_level, equipment, tender.note) if each)


def _stop(writing: Writing, tender: Tender, stop: TenderStop) -> list[Row]:
    reason, role, earliest, latest = _STOPS[stop.kind]
    weighed = (writing.number(tender.weight_kg), "K") if tender.weight_kg is not None else ("", "")
    pieces = tender.packages or tender.pallets
    rows: list[Row] = [("S5", str(stop.number), reason, *weighed, *((str(pieces), "CT") if pieces else ()))]
    if stop.reference:
        rows.append(("L11", stop.reference[:30], "SI"))
    for qualifier, moment, time in ((earliest, stop.earliest, "I"), (latest, stop.latest, "K")):
        if moment is not None:
            rows.append(("G62", qualifier, writing.date(moment), time, writing.time(moment)[:4]))
    name = stop.address.company or stop.address.name
    party = TradingParty(name=name, address=stop.address.model_copy(update={"company": ""}))
    # a stop's loop has N1 to N4 and G61, no PER
    rows += [row for row in write_party(writing, role, party) if row[0] != "PER"]
    if stop.address.phone:
        rows.append(("G61", "IC", writing.text(stop.address.name or name, 60), "TE", writing.text(stop.address.phone, 80)))
    return rows


@reads("x12", "990")
def read_tender_answer(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A carrier's answer to a load tender: `tender.answered`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "B1")
    references = {at(each, 1): at(each, 2) for each in node.all("N9")}
    given = read_moment(reading, head, 3)
    reason = next(iter(node.all("V9")), None)
    words = [" ".join(part for part in (at(each, 1), at(each, 2)) if part) for each in node.all("K1")]
    draft: Draft = {
        "tender_number": at(head, 2),
        "shipment_number": references.get("SI", ""),
        "carrier": reading.code("carriers", at(head, 1), head, 1) or "",
        "carrier_reference": references.get("CN", ""),
        "answered_at": given or context.moment,
        "reason_code": at(reason, 8) or at(reason, 1) if reason is not None else "",
        "reason": "; ".join(words) or (at(reason, 10) if reason is not None else ""),
    }
    answer = reading.table("statuses", _ANSWERS, at(head, 4), head, 4) if at(head, 4) else None
    if answer is not None:
        draft["answer"] = answer
    told = reading.finish(TenderAnswer, draft)
    leads = [Reference("tender", told.tender_number)]
    if told.shipment_number:
        leads.append(Reference("shipment", told.shipment_number))
    return [Mapped("tender.answered", told, tuple(leads), number=told.tender_number, occurred_at=given)]
