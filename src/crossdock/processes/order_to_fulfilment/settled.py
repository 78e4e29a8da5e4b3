"""What the end of a command means: the acknowledgement moves the order on, a failure parks its branch and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.core.errors import CrossdockError, DecisionNeeded
from crossdock.core.process import Settled
from crossdock.processes.command_ids import command_id
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked, Json
from crossdock.processes.frame.work import pairs
from crossdock.processes.order_to_fulfilment import cancelling, changing
from crossdock.processes.order_to_fulfilment.carriage import booked
from crossdock.processes.order_to_fulfilment.customs import supplied
from crossdock.processes.order_to_fulfilment.releasing import recall
from crossdock.processes.order_to_fulfilment.rules import beyond
from crossdock.processes.order_to_fulfilment.states import MOVING
from crossdock.processes.order_to_fulfilment.telling import quote
from crossdock.processes.order_to_fulfilment.warehouse import stopped, taken
from crossdock.processes.order_to_fulfilment.work import ROLE, Work
from crossdock.processes.values import replace

ACTIONS: Mapping[str, tuple[str, ...]] = {
    "order.create": ("done", "cancel"),
    "order.confirm": ("done", "cancel"),
    "order.change": ("done", "skip"),
    "order.cancel": ("done", "skip"),
    "fulfilment.release": ("done", "release_again", "drop"),
    "fulfilment.cancel": ("done", "too_late"),
    "shipment.book": ("done", "use_carrier"),
    "shipment.cancel": ("done", "too_late"),
}
"""What a person may choose when a command failed, besides retrying it. `done`: it was done by hand, with the acknowledgement as data."""


def settled(w: Work, fact: Settled) -> None:
    """A command of this process came to its end."""
    dispatch.end(w, fact, stray=_stray, failed=_failed, accepted=accepted)


def accepted(w: Work, made: str, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    """The target did it (or a person did it by hand)."""
    dispatch.drop(w, made, asked)
    for scheme, value in pairs(ack):
        w.refer(scheme, value)
    if not asked.suffix.endswith(".stray"):
        _HANDLERS[asked.name](w, asked, ack, system)


def _failed(w: Work, made: str, asked: Asked, error: CrossdockError) -> None:
    role, actions = ROLE[asked.name.partition(".")[0]], ACTIONS.get(asked.name, ("done", "skip"))
    dispatch.fail(w, made, asked, error, role, actions)
    n = asked.n
    if asked.suffix.endswith(".stray"):
        return
    if asked.name == "fulfilment.release" and w.fulfilments[n - 1].status == "sent":
        w.put(replace(w.fulfilments[n - 1], status="failed"))
    elif asked.name == "shipment.book" and w.shipments[n - 1].status == "booking":
        w.put(replace(w.shipments[n - 1], status="failed"))
    elif asked.name == "transfer.validate":
        w.put(replace(w.shipments[n - 1], transfer="failed"))
    elif asked.name == "shop.fulfil":
        w.put(replace(w.shipments[n - 1], shop="failed"))
    elif asked.name == "shipment.track":
        w.put(replace(w.shipments[n - 1], track="failed"))
    elif asked.name == "order.cancel":
        cancelling.settled(w, asked.suffix, "failed")


def _stray(w: Work, fact: Settled) -> None:
    """An answer nobody waits for: a repetition, or the late success of a command that was given up. The latter is undone."""
    if isinstance(fact.result, CrossdockError):
        w.note(f"{fact.command} was given up already: {fact.result.message}")
        return
    if fact.command == "fulfilment.release":
        for one in w.fulfilments:
            if (
                command_id(w.state.key, fact.command, str(one.n)) == fact.command_id
                and one.status == "cancelled"
                and not one.recalls
            ):
                w.note(f"{one.number} reached the warehouse after it was given up; it is called back")
                recall(w, one, "the fulfilment order was given up")
                return
    elif fact.command == "shipment.book":
        for shipment in w.shipments:
            for booking in range(1, shipment.bookings + 1):
                suffix = str(shipment.n) if booking == 1 else f"{shipment.n}.{booking}"
                if command_id(w.state.key, fact.command, suffix) == fact.command_id and _foreign(w, fact, shipment.waybill):
                    _undo_booking(w, fact, shipment.number, f"{shipment.n}.{booking}.stray")
                    return
    elif fact.command == "order.create" and w.closed == "cancelled" and w.erp == "":
        erp_id = str(fact.result.ack.get("erp_id") or "")
        w.erp = "cancelled"
        w.note("the ERP took the order after it was given up; it is cancelled there")
        w.issue("order.cancel", fact.system, "erp.stray", {"erp_id": erp_id, "reason": "the order was cancelled"})
        return
    w.note(f"the answer to {fact.command} is known")


def _foreign(w: Work, fact: Settled, waybill: str) -> bool:
    """Whether a booking that came late is another one than the consignment has."""
    ack = fact.result.ack if not isinstance(fact.result, CrossdockError) else {}
    number = str(ack.get("waybill") or ack.get("tracking_number") or "")
    return (
        bool(number) and all(number not in (one.waybill, one.tracking) for one in w.shipments) and number not in w.refs.values()
    )


def _undo_booking(w: Work, fact: Settled, number: str, suffix: str) -> None:
    if isinstance(fact.result, CrossdockError):
        return
    ack = fact.result.ack
    waybill, tracking = str(ack.get("waybill") or ""), str(ack.get("tracking_number") or "")
    w.note(f"a booking of {number} succeeded after it was given up; it is cancelled at the carrier")
    w.refer("given-up", waybill or tracking)
    data: Json = {"shipment_number": number, "waybill": waybill, "tracking_number": tracking}
    w.issue("shipment.cancel", fact.system, suffix, data)


def _created(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    if w.erp != "creating":
        w.note("the order is known to the ERP already")
        return
    w.erp = "created"
    w.erp_id = str(ack.get("erp_id") or "")
    w.erp_number = str(ack.get("erp_number") or "")
    lines = ack.get("lines")
    w.erp_lines = {str(number): str(line) for number, line in lines.items()} if isinstance(lines, Mapping) else {}
    w.refer(f"{system}:order_id", w.erp_id)
    w.refer(f"{system}:order", w.erp_number)
    w.reach("created")
    facts = ack.get("customs")
    for sku, found in facts.items() if isinstance(facts, Mapping) else ():
        if isinstance(found, Mapping):
            supplied(w, str(sku), found)
    differences = beyond(w.settings.tolerance, w.document(), ack)
    if differences and not w.withdrawn_order():
        words = ", ".join(f"{one['field']} {one['found']} instead of {one['expected']}" for one in differences)
        error = DecisionNeeded(f"the ERP made something else of the order: {words}", discrepancies=differences)
        w.park("discrepancy", error, "erp", ("accept", "cancel"))


def _confirmed(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    if w.erp == "confirming":
        w.erp = "confirmed"
    w.reach("confirmed")
    w.came("confirmed")


def _changed(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    refused = ack.get("refused")
    lines: dict[str, str] = {}
    for one in refused if isinstance(refused, (list, tuple)) else ():
        if isinstance(one, Mapping) and one.get("line"):
            lines[str(one["line"])] = str(one.get("reason") or "refused")
    changing.applied(w, lines)


def _cancelled(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    cancelling.settled(w, asked.suffix, "done")


def _released(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    taken(w, w.fulfilments[asked.n - 1])


def _recalled(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    fulfilment = w.fulfilments[asked.n - 1]
    if fulfilment.status != "recalling":
        w.note(f"{fulfilment.number} is {fulfilment.status} already")
    elif ack.get("status") == "too_late":
        w.put(replace(fulfilment, status="live", late=True))
        w.note(f"the warehouse cannot stop {fulfilment.number} any more")
    else:
        stopped(w, fulfilment)


def _booked(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    shipment = w.shipments[asked.n - 1]
    if shipment.status in {"booking", "failed"} or shipment.status in MOVING or not shipment.waybill:
        if shipment.status in {"cancelling", "cancelled"}:
            # it was cancelled by a name the carrier does not book under: cancelled again by its waybill, that is another command
            shipment = replace(shipment, bookings=shipment.bookings + 1)
        shipment = booked(w, shipment, dict(ack))
        cost = ack.get("cost")
        if w.settings.tells and isinstance(cost, Mapping) and cost.get("amount") and cost.get("currency"):
            shipment = replace(shipment, cost={"amount": str(cost["amount"]), "currency": str(cost["currency"])})
            w.put(shipment)
            quote(w, shipment, system, ack)


def _unbooked(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    shipment = w.shipments[asked.n - 1]
    if shipment.status != "cancelling":
        w.note(f"{shipment.number} is {shipment.status} already")
    elif ack.get("status") == "too_late":
        w.put(replace(shipment, status="booked", late=True))
        w.note(f"the carrier cannot cancel {shipment.number} any more")
    else:
        w.put(replace(shipment, status="cancelled"))
        w.forget("dispatched", shipment.n)


def _validated(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    shipment = replace(w.shipments[asked.n - 1], transfer="done", transfer_id=str(ack.get("transfer_id") or ""))
    w.put(shipment)
    w.refer(f"{system}:transfer_id", shipment.transfer_id)
    w.refer(f"{system}:transfer", str(ack.get("transfer") or ""))
    w.reach("shipped")


def _shown(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    w.put(replace(w.shipments[asked.n - 1], shop="done"))


def _tracked(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    w.put(replace(w.shipments[asked.n - 1], track="done"))


def _told(w: Work, asked: Asked, ack: Mapping[str, Any], system: str) -> None:
    """A milestone was passed on: nothing follows."""


_HANDLERS = {
    "order.create": _created,
    "order.confirm": _confirmed,
    "order.change": _changed,
    "order.cancel": _cancelled,
    "fulfilment.release": _released,
    "fulfilment.cancel": _recalled,
    "shipment.book": _booked,
    "shipment.cancel": _unbooked,
    "shipment.track": _tracked,
    "transfer.validate": _validated,
    "transfer.track": _told,
    "shop.fulfil": _shown,
    "shop.milestone": _told,
}
