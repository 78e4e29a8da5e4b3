"""What is said about consignments on their way means: booked by the warehouse, dispatched, milestones, delivered; issues no commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crossdock.canonical.shipment import Milestone
from crossdock.canonical.shipment import Shipment as ShipmentDocument
from crossdock.core.errors import DecisionNeeded, MilestonesContradict
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.journey import Told, journey
from crossdock.processes.journey import nothing_new as repeats
from crossdock.processes.order_to_fulfilment.states import MOVING, Shipment, State
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace

_LATEST_EARLY = 50
_LEFT = frozenset({"picked_up", "in_transit", "customs_held", "customs_cleared", "out_for_delivery", "attempted", "returning"})
_ENDED = frozenset({"cancelled", "returned"})


def shipment_event(w: Work, fact: Happened) -> None:
    """`shipment.booked`, `shipment.dispatched`: said by the warehouse or the carrier, by the hub's number, tracking or fulfilment order."""
    event = fact.event
    data = event.data
    if not isinstance(data, ShipmentDocument):
        return
    told = {
        "type": event.type,
        "number": data.number,
        "fulfilment": data.fulfilment_number,
        "tracking": data.tracking_number,
        "waybill": data.waybill,
        "carrier": data.carrier,
        "tracking_url": data.tracking_url,
        "at": event.occurred_at.isoformat(),
    }
    _or_keep(w, told)


def milestone_event(w: Work, fact: Happened) -> None:
    """`shipment.milestone`, `shipment.delivered`: where a consignment is, by its tracking number."""
    event = fact.event
    data = event.data
    if not isinstance(data, Milestone):
        return
    told = fact.document()
    told["type"] = event.type
    if event.type == "shipment.delivered":
        told["code"] = "delivered"
    _or_keep(w, told)


def nothing_new(state: State, data: object) -> bool:
    """Whether a milestone is one more scan of a consignment that is on its way."""
    if not isinstance(data, Milestone):
        return False
    mine = [one for one in state.shipments if _carries(one, data.tracking_number)]
    return bool(mine) and all(
        repeats(((each["code"], datetime.fromisoformat(each["at"])) for each in one.milestones), data.code, data.at)
        for one in mine
    )


def retry_early(w: Work) -> None:
    """Apply what came too early, now that more is known."""
    for told in list(w.early):
        if told["type"].startswith("shipment.") and _apply(w, told):
            w.early.remove(told)


def booked(w: Work, shipment: Shipment, ack: dict[str, Any]) -> Shipment:
    """The carrier took the consignment: `ack` has waybill, tracking number and URL as far as known."""
    shipment = replace(
        shipment,
        status="booked" if shipment.status not in MOVING else shipment.status,
        waybill=str(ack.get("waybill") or shipment.waybill),
        tracking=str(ack.get("tracking_number") or shipment.tracking),
        tracking_url=str(ack.get("tracking_url") or shipment.tracking_url),
        carrier=shipment.carrier or str(ack.get("carrier") or ""),
        held=(),
    )
    w.put(shipment)
    w.refer("shipment", shipment.number)
    w.refer("tracking", shipment.tracking)
    w.came("booked", shipment.n)
    w.reach("booked")
    if shipment.status == "booked":
        w.await_stage("dispatched", shipment.n, f"{shipment.number} leaves the warehouse")
    return shipment


def _or_keep(w: Work, told: Json) -> None:
    if _apply(w, told):
        return
    if told in w.early:
        w.note(f"{told['type']} is known and waits")
        return
    w.early.append(told)
    del w.early[:-_LATEST_EARLY]
    w.note(f"{told['type']} came before the consignment it is about; it is kept")


def _apply(w: Work, told: Json) -> bool:
    if "code" in told:
        found = [one for one in w.shipments if _carries(one, told["tracking_number"])]
        for one in found:
            _milestone(w, one, told)
        return bool(found)
    named = [one for one in w.shipments if one.number == told["number"]]
    # A carrier may know one consignment, with one tracking number, where the warehouse confirmed several times for it.
    same = named or [one for one in w.shipments if told["tracking"] and one.tracking == told["tracking"]]
    if not same:
        following = _next_of(w, told)
        same = [following] if following is not None else []
    applied = [_said(w, one, told) for one in same]
    return bool(applied) and all(applied)


def _said(w: Work, shipment: Shipment, told: Json) -> bool:
    """Apply what was said about a consignment; False when it has to wait."""
    if shipment.status in _ENDED:
        w.note(f"{told['type']}: {shipment.number} is {shipment.status}")
        return True
    if shipment.status in {"open", "failed", "booking"} and (told["type"] == "shipment.dispatched" or told["tracking"]):
        if shipment.status == "booking" and not told["tracking"]:
            return False
        failed = w.failed("shipment.book", shipment.n)
        if failed:
            w.revoke(failed)
        for slot in shipment.held:
            w.unpark(slot)
        if shipment.status != "booking":
            shipment = replace(shipment, bookings=shipment.bookings + 1)
        shipment = booked(w, shipment, {**told, "tracking_number": told["tracking"]})
    if told["tracking"] and not shipment.tracking:
        shipment = booked(w, shipment, {**told, "tracking_number": told["tracking"]})
    if told["type"] == "shipment.dispatched":
        _left(w, shipment, told["at"])
    return True


def untraceable(w: Work, n: int) -> None:
    """A consignment without a tracking number should have been delivered by now: nothing more will be heard of it."""
    if n <= len(w.shipments) and w.shipments[n - 1].status == "dispatched" and not w.shipments[n - 1].tracking:
        w.put(replace(w.shipments[n - 1], status="delivered"))
        w.came("delivered", n)
        w.note(f"{w.shipments[n - 1].number} has no tracking number; it counts as delivered")


def _next_of(w: Work, told: Json) -> Shipment | None:
    """The consignment of a fulfilment order that a message can only be about: the first that has not left, else the last."""
    mine = [one for one in w.shipments if told["fulfilment"] and one.fulfilment == told["fulfilment"]]
    waiting = [one for one in mine if one.status not in MOVING and (not one.tracking or not told["tracking"])]
    return waiting[0] if waiting else mine[-1] if mine and not told["tracking"] else None


def _carries(shipment: Shipment, tracking: str) -> bool:
    """Whether a tracking number is that of a consignment or of one of its packages."""
    if not tracking or shipment.status == "cancelled":
        return False
    return shipment.tracking == tracking or any(one["tracking_number"] == tracking for one in shipment.packages)


def _left(w: Work, shipment: Shipment, at: str) -> Shipment:
    if shipment.status in MOVING or shipment.status in _ENDED:
        return shipment
    shipment = replace(shipment, status="dispatched")
    w.put(shipment)
    w.came("booked", shipment.n)
    w.came("dispatched", shipment.n)
    w.reach("dispatched", at)
    w.await_stage("delivered", shipment.n, f"{shipment.number} is delivered")
    return shipment


def _milestone(w: Work, shipment: Shipment, told: Json) -> None:
    told = {name: value for name, value in told.items() if name != "type"}
    code, at = told["code"], told["at"]
    if any(one["code"] == code and one["at"] == at for one in shipment.milestones):
        w.note(f"milestone {code} of {shipment.number} is known")
        return
    if shipment.status in {"delivered", "returned"} and code not in {"delivered", "returned"} and _before_end(shipment, at):
        w.note(f"milestone {code} of {shipment.number} is older than its end; it is not passed on")
        return
    shipment = replace(shipment, milestones=(*shipment.milestones, told))
    w.put(shipment)
    _contradictions(w, shipment)
    if code in _LEFT:
        shipment = _left(w, shipment, at)
    slot = f"milestone:{shipment.n}"
    if code in w.settings.alarming:
        error = DecisionNeeded(
            f"{shipment.number}: the carrier reports {code}{': ' + told['description'] if told['description'] else ''}",
            shipment=shipment.number,
            tracking_number=shipment.tracking,
            milestone=code,
        )
        w.park(slot, error, "carrier", ("acknowledge",))
    elif slot in w.parked and code in _LEFT | {"delivered"}:
        w.unpark(slot)
    if code == "delivered" and shipment.status not in _ENDED:
        shipment = _left(w, shipment, at)
        w.put(replace(shipment, status="delivered"))
        w.came("delivered", shipment.n)
    elif code == "returned" and shipment.status not in _ENDED:
        shipment = _left(w, shipment, at)
        w.put(replace(shipment, status="returned"))
        w.forget("delivered", shipment.n)


def _contradictions(w: Work, shipment: Shipment) -> None:
    """What no rule settles is a person's; with the next milestone it may be settled, or be another contradiction."""
    told = [
        Told(one["code"], datetime.fromisoformat(one["at"]), one["carrier"], one["carrier_code"]) for one in shipment.milestones
    ]
    found, slot = journey(told), f"milestones:{shipment.n}"
    before = journey(told[:-1])
    if found.settled:
        if slot in w.parked:
            w.unpark(slot)
    elif found.doubts != before.doubts:
        words = "; ".join(doubt.words for doubt in found.doubts)
        error = MilestonesContradict(
            f"{shipment.number}: {words}",
            shipment=shipment.number,
            tracking=[shipment.tracking],
            doubts=[{"code": doubt.code, "words": doubt.words} for doubt in found.doubts],
        )
        w.park(slot, error, "carrier", ("acknowledge",))


def _before_end(shipment: Shipment, at: str) -> bool:
    ends = [one["at"] for one in shipment.milestones if one["code"] in {"delivered", "returned"}]
    return bool(ends) and datetime.fromisoformat(at) <= max(datetime.fromisoformat(one) for one in ends)
