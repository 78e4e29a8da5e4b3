"""What is due for each consignment: customs, booking, the ERP's transfer, the shop, tracking and milestones; each once, in order."""

from __future__ import annotations

from datetime import datetime

from crossdock.core.errors import CustomsIncomplete, DecisionNeeded
from crossdock.processes.frame.states import Json
from crossdock.processes.order_to_fulfilment.carriage import booked
from crossdock.processes.order_to_fulfilment.customs import declaration, incoterm
from crossdock.processes.order_to_fulfilment.documents import confirmation, shipment_document, shop_lines
from crossdock.processes.order_to_fulfilment.rules import carrier_of
from crossdock.processes.order_to_fulfilment.states import COMMITTED, MOVING, Shipment
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace

_ON_ITS_WAY = frozenset({"booked", "dispatched", "delivered", "returned"})
_TOLD = frozenset({"done", "skipped"})


def advance(w: Work, n: int) -> None:
    """Do what is due for consignment `n`."""
    shipment = w.shipments[n - 1]
    stopped = w.withdrawn_order()
    if shipment.status == "open" and not stopped:
        shipment = _book(w, shipment)
    if shipment.status not in _ON_ITS_WAY:
        return
    if not stopped or shipment.status in MOVING:
        shipment = _validate(w, shipment)
        shipment = _fulfil(w, shipment)
        shipment = _track(w, shipment)
    if len(shipment.milestones) > min(shipment.told_shop, shipment.told_erp):
        _pass_on(w, shipment)


def _book(w: Work, shipment: Shipment) -> Shipment:
    if any(slot.startswith("picks:") for slot in shipment.held):
        return shipment
    given = next((one["tracking_number"] for one in shipment.packages if one["tracking_number"]), "")
    if given:
        return booked(w, replace(shipment, bookings=shipment.bookings + 1), {"tracking_number": given})
    if w.settings.booked_by == "warehouse":
        return shipment
    lines, missing = declaration(w, shipment)
    customs = f"customs:{shipment.n}"
    if missing:
        if customs not in w.parked:
            incomplete = CustomsIncomplete(
                f"{shipment.number} crosses a customs border without {', '.join(missing)}", missing=missing
            )
            w.park(customs, incomplete, "erp", ("supply", "retry"))
        return _held(w, shipment, customs)
    shipment = _free(w, shipment, customs)
    chosen = carrier_of(w, shipment, shipment.carrier)
    choice = f"carrier:{shipment.n}"
    if chosen is None:
        if choice not in w.parked:
            names = [one.name for one in w.settings.carriers] or list(w.plan.carriers)
            undecided = DecisionNeeded(f"no carrier of the flow takes {shipment.number}", carriers=names)
            w.park(choice, undecided, "carrier", ("use_carrier", "retry"))
        return _held(w, shipment, choice)
    shipment = _free(w, shipment, choice)
    carrier, system = chosen
    bookings = shipment.bookings + 1
    shipment = replace(shipment, status="booking", carrier=carrier.name, system=system, bookings=bookings)
    w.put(shipment)
    w.refer("shipment", shipment.number)
    document = shipment_document(w.document(), shipment, w.warehouse(), lines, incoterm(w))
    if carrier.service:
        document["service_level"] = carrier.service
    ship_by = next((one.ship_by for one in w.fulfilments if one.number == shipment.fulfilment), "")
    deadline = datetime.fromisoformat(ship_by) if ship_by else None
    suffix = str(shipment.n) if bookings == 1 else f"{shipment.n}.{bookings}"
    w.issue("shipment.book", system, suffix, {"shipment": document}, deadline if deadline and deadline > w.at else None)
    return shipment


def _validate(w: Work, shipment: Shipment) -> Shipment:
    if shipment.transfer or w.erp != "confirmed":
        return shipment
    # Transfers of one order hang together in the ERP (a back-order is made from the one before): one after the other.
    if any(one.transfer not in _TOLD and one.status != "cancelled" for one in w.shipments[: shipment.n - 1]):
        return shipment
    shipment = replace(shipment, transfer="asked")
    w.put(shipment)
    lines = {line["order_line"]: w.erp_lines[line["order_line"]] for line in shipment.lines if line["order_line"] in w.erp_lines}
    data: Json = {
        "erp_id": w.erp_id,
        "erp_number": w.erp_number,
        "confirmation": confirmation(shipment),
        "shipment": _document(w, shipment),
        "close_short": shipment.close_short,
        "lines": lines,
    }
    w.issue("transfer.validate", w.erp_system, str(shipment.n), data)
    return shipment


def _fulfil(w: Work, shipment: Shipment) -> Shipment:
    after = w.settings.shop_fulfil_after
    if shipment.shop or (after == "transfer" and shipment.transfer not in _TOLD):
        return shipment
    if not w.shop or after == "never":
        shipment = replace(shipment, shop="skipped")
        w.put(shipment)
        return shipment
    shipment = replace(shipment, shop="asked")
    w.put(shipment)
    rest = w.open_lines() or any(one.status in COMMITTED for one in w.fulfilments)
    others = any(one.shop == "" and one.status != "cancelled" for one in w.shipments)
    data: Json = {
        "order_number": w.number,
        "shipment": _document(w, shipment),
        "lines": shop_lines(shipment),
        "final": not rest and not others,
    }
    w.issue("shop.fulfil", w.shop, str(shipment.n), data)
    return shipment


def _track(w: Work, shipment: Shipment) -> Shipment:
    if shipment.track or not shipment.tracking or shipment.status in {"delivered", "returned"}:
        return shipment
    system = shipment.system
    if not system:
        chosen = carrier_of(w, shipment, shipment.carrier) if shipment.carrier else None
        system = chosen[1] if chosen is not None else ""
    shipment = replace(shipment, track="asked" if system else "skipped")
    w.put(shipment)
    if system:
        suffix = str(shipment.n) if shipment.bookings <= 1 else f"{shipment.n}.{shipment.bookings}"
        w.issue("shipment.track", system, suffix, {"tracking_number": shipment.tracking, "carrier": shipment.carrier})
    return shipment


def _pass_on(w: Work, shipment: Shipment) -> None:
    """Tell shop and ERP the milestones they want, in the order they came, once they know of the consignment."""
    told_shop, told_erp = shipment.told_shop, shipment.told_erp
    if shipment.shop in _TOLD:
        for index in range(told_shop, len(shipment.milestones)):
            milestone = shipment.milestones[index]
            if shipment.shop == "done" and milestone["code"] in w.settings.shop_milestones:
                data: Json = {"order_number": w.number, "shipment_number": shipment.number, "milestone": milestone}
                w.issue("shop.milestone", w.shop, f"{shipment.n}.{index + 1}", data)
        told_shop = len(shipment.milestones)
    if shipment.transfer in _TOLD:
        for index in range(told_erp, len(shipment.milestones)):
            milestone = shipment.milestones[index]
            if shipment.transfer == "done" and milestone["code"] in w.settings.erp_milestones:
                data = {
                    "transfer_id": shipment.transfer_id,
                    "tracking_number": shipment.tracking or milestone["tracking_number"],
                    "carrier": shipment.carrier,
                    "milestone": milestone,
                }
                w.issue("transfer.track", w.erp_system, f"{shipment.n}.{index + 1}", data)
        told_erp = len(shipment.milestones)
    if (told_shop, told_erp) != (shipment.told_shop, shipment.told_erp):
        w.put(replace(shipment, told_shop=told_shop, told_erp=told_erp))


def _document(w: Work, shipment: Shipment) -> Json:
    lines, missing = declaration(w, shipment)
    return shipment_document(w.document(), shipment, w.warehouse(), [] if missing else lines, incoterm(w))


def _held(w: Work, shipment: Shipment, slot: str) -> Shipment:
    if slot not in shipment.held:
        shipment = replace(shipment, held=(*shipment.held, slot))
        w.put(shipment)
    return shipment


def _free(w: Work, shipment: Shipment, slot: str) -> Shipment:
    if slot in shipment.held:
        w.unpark(slot)
        shipment = replace(shipment, held=tuple(one for one in shipment.held if one != slot))
        w.put(shipment)
    return shipment
