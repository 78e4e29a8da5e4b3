"""What is told of consignments: that they left the stock, where they are, that somebody signed; late, twice and in any order."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from crossdock.canonical.freight import ProofOfDelivery
from crossdock.canonical.shipment import Milestone, Shipment
from crossdock.core.errors import MilestonesContradict, ProofBeforePickup
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.journey import GONE, Journey, Told, journey, telling
from crossdock.processes.journey import nothing_new as repeats
from crossdock.processes.shipment_to_invoice import accruing
from crossdock.processes.shipment_to_invoice.settings import Stage
from crossdock.processes.shipment_to_invoice.states import Consignment, State
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace

_BEFORE_PICKUP: Final = frozenset(
    {"proof_before_pickup", "delivered_before_pickup", "proof_before_issue", "delivered_before_issue"}
)
_DEPARTED: Final = frozenset({"in_transit", "out_for_delivery", "attempted", "delivered"})


def shipment(w: Work, fact: Happened) -> None:
    """`shipment.shipped`, `.booked`, `.dispatched`: a consignment, what is in it, and that it left the stock or the warehouse."""
    event, data = fact.event, fact.event.data
    if not isinstance(data, Shipment):
        return
    found = next((one for one in w.consignments if one.number == data.number), None)
    if found is None and event.type != "shipment.shipped":
        found = _of_fulfilment(w, data)
        if found is None:
            if event.type == "shipment.dispatched":
                w.keep(
                    {
                        "dispatched": data.number,
                        "fulfilment": data.fulfilment_number,
                        "tracking": data.tracking_number,
                        "id": event.id,
                    }
                )
            return
    if event.type == "shipment.shipped":
        _shipped(w, fact, data, found)
    elif event.type == "shipment.dispatched" and found is not None and not found.dispatched:
        w.put(replace(found, dispatched=True, moved=event.id))
    _apply_early(w)


def booked(w: Work, fact: Happened) -> None:
    """`shipment.booked`: a consignment has a carrier, perhaps with a price."""
    accruing.told(w, fact)
    shipment(w, fact)


def milestone(w: Work, fact: Happened) -> None:
    """`shipment.milestone`, `shipment.delivered`, by tracking number."""
    data = fact.event.data
    if isinstance(data, Milestone):
        code = "delivered" if fact.event.type == "shipment.delivered" else data.code
        told = {
            "code": code,
            "at": data.at.isoformat(),
            "carrier": data.carrier,
            "carrier_code": data.carrier_code,
            "id": fact.event.id,
        }
        _tell(w, {**told, "tracking": data.tracking_number})


def nothing_new(state: State, data: object) -> bool:
    """Whether a milestone is one more scan of a consignment that is on its way."""
    if not isinstance(data, Milestone):
        return False
    mine = [one for one in state.consignments if data.tracking_number in one.tracking]
    return bool(mine) and all(
        repeats(((each["code"], datetime.fromisoformat(each["at"])) for each in one.told), data.code, data.at) for one in mine
    )


def proof(w: Work, fact: Happened) -> None:
    """`shipment.pod`: somebody took the goods."""
    data = fact.event.data
    if isinstance(data, ProofOfDelivery):
        _tell(w, {"proof": data.at.isoformat(), "tracking": data.tracking_number, "waybill": data.waybill, "id": fact.event.id})


def way(one: Consignment) -> Journey:
    """What the milestones and proofs of a consignment add up to."""
    told = [Told(each["code"], datetime.fromisoformat(each["at"]), each["carrier"], each["carrier_code"]) for each in one.told]
    # with a word of the warehouse that it was dispatched, a missing pick-up is the carrier's silence
    issued = datetime.fromisoformat(one.issued_at) if one.issued_at and not one.dispatched else None
    return journey(told, [datetime.fromisoformat(at) for at in one.proofs], issued=issued)


def doubts(one: Consignment, found: Journey) -> str:
    """What of its way contradicts itself and nobody vouched for; empty when all is well."""
    words = "; ".join(doubt.words for doubt in found.doubts)
    return "" if words == one.cleared else words


def watch(w: Work, one: Consignment) -> None:
    """Contradictions go to a person; stages expected of it came or are waited for."""
    found = way(one)
    slot, words = f"milestones:{one.n}", doubts(one, found)
    if not words:
        if slot in w.parked:
            w.unpark(slot)
    elif slot not in w.parked or w.state.consignments[one.n - 1 : one.n] != (one,):
        kind = ProofBeforePickup if any(doubt.code in _BEFORE_PICKUP for doubt in found.doubts) else MilestonesContradict
        detail = [{"code": doubt.code, "words": doubt.words} for doubt in found.doubts]
        w.park(
            slot,
            kind(f"{one.number}: {words}", shipment=one.number, tracking=list(one.tracking), doubts=detail),
            "carrier",
            ("confirm",),
        )
    codes = set(found.reached)
    if one.dispatched or codes & GONE:
        w.reach("dispatched")
        w.came("picked_up", one.n)
    if codes & _DEPARTED:
        w.came("departed", one.n)
    if "customs_cleared" in codes or codes & {"out_for_delivery", "delivered"}:
        w.came("cleared", one.n)
    elif "customs_held" in codes and f"cleared:{one.n}" not in w.expected:
        w.await_stage("cleared", one.n, found.reached["customs_held"], f"customs let {one.number} pass")
    if "delivered" in codes:
        w.reach("delivered")
        w.came("delivered", one.n)
    if one.proofs:
        w.came("proof", one.n)


def _shipped(w: Work, fact: Happened, data: Shipment, found: Consignment | None) -> None:
    event = fact.event
    references = {reference.scheme: reference.value for reference in event.references}
    w.erp = event.source
    w.erp_id = references.get(f"{event.source}:order_id", w.erp_id)
    tracking = dict.fromkeys([data.tracking_number, *(package.tracking_number for package in data.packages)])
    if found is not None:
        _booked_again(w, data, found, tuple(name for name in tracking if name))
        return
    document = fact.document()
    weights = [package.weight_kg for package in data.packages if package.weight_kg is not None]
    one = Consignment(
        n=len(w.consignments) + 1,
        number=data.number,
        fulfilment=data.fulfilment_number,
        carrier=data.carrier,
        service_level=data.service_level,
        waybill=data.waybill,
        tracking=tuple(name for name in tracking if name),
        lines=tuple([_line(line) for line in document["lines"]]),
        transfer_id=references.get(f"{event.source}:transfer_id", ""),
        weight_kg=str(sum(weights, Decimal(0))) if weights else "",
        shipped_at=w.at.isoformat(),
        cause=event.id,
        moved=event.id,
        cost=document["cost"],
        country=document["ship_to"]["country"],
        postal_code=document["ship_to"]["postal_code"],
        issued_at=event.occurred_at.isoformat(),
    )
    w.put(one)
    if one.cost is not None:
        accruing.book(w, one.number, one.carrier, one.cost, event.id)
    w.refer("waybill", one.waybill)
    w.closed = ""
    w.reach("shipped")
    stages: tuple[tuple[Stage, str], ...] = (
        ("picked_up", "is picked up"),
        ("departed", "is on its way"),
        ("delivered", "is delivered"),
        ("proof", "is signed for"),
    )
    for stage, words in stages:
        w.await_stage(stage, one.n, w.at, f"{one.number} {words}")


def _booked_again(w: Work, data: Shipment, found: Consignment, tracking: tuple[str, ...]) -> None:
    """A consignment that is known may have got another carrier or tracking number; what was told under the first still counts."""
    every = tuple(dict.fromkeys([*found.tracking, *tracking]))
    if every == found.tracking and data.waybill in {"", found.waybill}:
        w.note(f"{data.number} is known")
        return
    w.put(replace(found, tracking=every, waybill=data.waybill or found.waybill, carrier=data.carrier or found.carrier))
    w.refer("waybill", data.waybill)


def _line(line: Json) -> Json:
    return {
        "order_line": line["order_line"],
        "sku": line["sku"],
        "quantity": line["quantity"]["value"],
        "unit": line["quantity"]["unit"],
    }


def _of_fulfilment(w: Work, data: Shipment) -> Consignment | None:
    """The consignment a warehouse means that knows only its tracking number or the fulfilment order."""
    for one in w.consignments:
        if data.tracking_number and data.tracking_number in one.tracking:
            return one
    mine = [one for one in w.consignments if data.fulfilment_number and one.fulfilment == data.fulfilment_number]
    return next((one for one in mine if not one.dispatched), mine[-1] if mine else None)


def _tell(w: Work, told: Json) -> None:
    if not _told(w, told):
        w.keep(told)


def _told(w: Work, told: Json) -> bool:
    """Take one thing told into the consignments it is about; False when none is known."""
    if "dispatched" in told:
        return _told_by_number(w, told)
    names = {told["tracking"], told.get("waybill", "")} - {""}
    found = [one for one in w.consignments if names & {*one.tracking, one.waybill, one.number}]
    for one in found:
        if "proof" in told:
            if told["proof"] not in one.proofs:
                w.put(replace(one, proofs=tuple(sorted((*one.proofs, told["proof"]))), moved=told["id"]))
            continue
        kept = {name: told[name] for name in ("code", "at", "carrier", "carrier_code")}
        if kept in one.told:
            w.note(f"{told['code']} of {one.number} is known")
            continue
        every = {(each["code"], each["at"]): each for each in (*one.told, kept)}
        spoken = telling(
            [
                Told(each["code"], datetime.fromisoformat(each["at"]), each["carrier"], each["carrier_code"])
                for each in every.values()
            ]
        )
        short = tuple(_written(each) for each in spoken)
        if short != one.told:
            w.put(replace(one, told=short, moved=told["id"]))
    return bool(found)


def _written(told: Told) -> Json:
    return {"code": told.code, "at": told.at.isoformat(), "carrier": told.carrier, "carrier_code": told.carrier_code}


def _told_by_number(w: Work, told: Json) -> bool:
    names = {told["dispatched"], told["tracking"], told["fulfilment"]} - {""}
    mine = [each for each in w.consignments if names & {each.number, each.fulfilment, *each.tracking}]
    one = next((each for each in mine if not each.dispatched), None)
    if one is not None:
        w.put(replace(one, dispatched=True, moved=told["id"]))
    return bool(mine)


def _apply_early(w: Work) -> None:
    for told in list(w.early):
        if _told(w, told):
            w.early.remove(told)
