"""EDIFACT IFTMIN out of a `Tender`: what a carrier is to move, from where, to where, when."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.freight import Tender, TenderStop
from crossdock.canonical.party import TradingParty
from crossdock.documents.edifact.parties import write_party
from crossdock.documents.edifact.terms import write_moment, write_note
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.edi.writer import Row

_PURPOSES: Final = {"original": "9", "change": "4", "cancellation": "1"}
# Data elements 3035 (role of a stop) and 2005 (not before, not after).
_ROLES: Final = {"pick_up": "CZ", "delivery": "CN"}
_MOMENTS: Final = {"pick_up": ("234", "235"), "delivery": ("64", "63")}


@writes("edifact", "IFTMIN")
def write_instruction(tender: Tender, context: WriteContext, codes: Codes) -> list[Row]:
    """An IFTMIN for one way from the first place of loading to the last of delivery; stops between them are named in the note.

    BGM02 is the tender's number, RFF+CU our shipment, RFF+ON the orders. Times of loading are DTM 234 and 235, of delivery 64 and 63.
    """
    writing = Writing(context, codes, reserved="")
    purpose = _PURPOSES["cancellation" if context.purpose == "cancel" else tender.purpose]
    rows: list[Row] = [("BGM", "610", tender.number, purpose), write_moment(writing, "137", context.moment)]
    loading = next((each for each in tender.stops if each.kind == "pick_up"), tender.stops[0])
    delivery = next((each for each in reversed(tender.stops) if each.kind == "delivery"), tender.stops[-1])
    for stop in (loading, delivery):
        for qualifier, moment in zip(_MOMENTS[stop.kind], (stop.earliest, stop.latest), strict=True):
            if moment is not None:
                rows.append(write_moment(writing, qualifier, moment))
    if tender.rate is not None:
        rows.append(("MOA", ("64", writing.number(tender.rate.amount), tender.rate.currency)))
    others = [each for each in tender.stops if each is not loading and each is not delivery]
    rows += write_note(writing, "\n".join([tender.note, *map(_words, others)]).strip("\n"))
    if tender.packages:
        rows.append(("CNT", ("11", str(tender.packages))))
    rows.append(("RFF", ("CU", tender.shipment_number)))
    rows += [("RFF", ("ON", each)) for each in tender.order_numbers]
    carrier = writing.code("carriers", tender.carrier, "TDT05")
    if carrier or tender.equipment:
        rows.append(("TDT", "20", "", "30", (writing.text(tender.equipment, 8),) if tender.equipment else "", (carrier,)))
    if carrier:
        rows.append(("NAD", "CA", (carrier, "", "ZZZ")))
    for stop in (loading, delivery):
        role = _ROLES[stop.kind]
        name = stop.address.company or stop.address.name or stop.address.city
        rows += write_party(writing, role, TradingParty(name=name, address=stop.address, phone=stop.address.phone))
    count = str(tender.packages or tender.pallets or "")
    rows.append(("GID", "1", (count, "PX" if tender.pallets and not tender.packages else "PK") if count else ""))
    if tender.weight_kg is not None:
        rows.append(("MEA", "AAE", "G", ("KGM", writing.number(tender.weight_kg))))
    if tender.volume_m3 is not None:
        rows.append(("MEA", "AAE", "AAW", ("MTQ", writing.number(tender.volume_m3))))
    writing.finish(f"IFTMIN {tender.number}")
    return rows


def _words(stop: TenderStop) -> str:
    address = stop.address
    place = ", ".join(each for each in (address.name, address.street, address.postal_code, address.city, address.country) if each)
    return f"{'load' if stop.kind == 'pick_up' else 'deliver'} {stop.number}: {place}"
