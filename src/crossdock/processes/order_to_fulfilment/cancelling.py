"""Cancellation: stop what can still be stopped, in the order that keeps the choice open, then cancel in ERP and shop, or ask a person."""

from __future__ import annotations

from decimal import Decimal

from crossdock.core.errors import DecisionNeeded, NotStoppable
from crossdock.processes.frame.states import ZERO
from crossdock.processes.order_to_fulfilment.changing import adopt
from crossdock.processes.order_to_fulfilment.documents import reduced, shipped_quantities
from crossdock.processes.order_to_fulfilment.releasing import recall
from crossdock.processes.order_to_fulfilment.states import MOVING, Cancel, Shipment
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace

OVER = frozenset({"done", "skipped"})


def pursue(w: Work) -> None:
    """Go on with a cancellation that is wanted, or agreed by a person."""
    cancel = w.cancel
    if cancel is None or cancel.status not in {"wanted", "agreed"}:
        return
    asked = {cancel.erp, cancel.shop} & {"asked", "failed", "skipped"}
    if not asked and not _stopped(w, cancel):
        return
    cancel = w.cancel or cancel
    if cancel.status not in {"wanted", "agreed"}:
        return
    _everywhere(w, cancel)


def settled(w: Work, where: str, how: str) -> None:
    """ERP or shop (`where`) cancelled the order, or a person says that it need not (`how`: done, skipped, failed)."""
    if w.cancel is None:
        return
    w.cancel = replace(w.cancel, erp=how) if where == "erp" else replace(w.cancel, shop=how)
    if where == "erp" and how in OVER:
        w.erp = "cancelled"


def refuse(w: Work) -> None:
    """The order goes on: a person decided so."""
    if w.cancel is None:
        return
    w.cancel = replace(w.cancel, status="refused")
    for shipment in list(w.shipments):
        if shipment.status == "cancelled":
            w.put(replace(shipment, status="open", waybill="", tracking="", tracking_url="", track="", late=False))
    w.note("the cancellation is refused; the order goes on")


def _stopped(w: Work, cancel: Cancel) -> bool:
    """Whether nothing is on its way any more that would have to be undone; stops what can be, asks a person when something cannot."""
    w.wanted, w.wanted_by, w.insist = None, "", ""
    for slot in ("change", "release", "discrepancy"):
        if slot in w.parked:
            w.unpark(slot)
    waits = w.erp == "creating" and not w.failed("order.create")
    waits = waits or (w.erp == "confirming" and not w.failed("order.confirm"))
    waits = waits or (w.applying is not None and not w.failed("order.change"))
    waits = waits or any(one.transfer == "asked" for one in w.shipments)
    reason = cancel.reason or "the order is cancelled"
    for fulfilment in list(w.fulfilments):
        if fulfilment.status in {"refused", "short"}:
            w.unpark(f"{fulfilment.status}:{fulfilment.n}")
            w.put(replace(fulfilment, status="done"))
        elif fulfilment.status == "failed":
            w.revoke(w.failed("fulfilment.release", fulfilment.n))
            w.put(replace(fulfilment, status="cancelled"))
        elif fulfilment.status == "live" and not fulfilment.late:
            recall(w, fulfilment, reason)
            waits = True
        elif fulfilment.status in {"sent", "recalling"}:
            waits = True
    for shipment in list(w.shipments):
        if shipment.status == "booked" and not shipment.late and shipment.system:
            _cancel_booking(w, shipment)
            waits = True
        elif shipment.status in {"booking", "cancelling"}:
            waits = True
    if waits:
        return False
    if cancel.status == "agreed":
        return True
    return not _must_ask(w)


def _cancel_booking(w: Work, shipment: Shipment) -> None:
    w.put(replace(shipment, status="cancelling"))
    suffix = str(shipment.n) if shipment.bookings <= 1 else f"{shipment.n}.{shipment.bookings}"
    data = {"shipment_number": shipment.number, "waybill": shipment.waybill, "tracking_number": shipment.tracking}
    w.issue("shipment.cancel", shipment.system, suffix, data)


def _must_ask(w: Work) -> bool:
    """Whether goods were picked or left: then a person says what becomes of them."""
    left = [one.number for one in w.shipments if one.status in MOVING or one.transfer == "done"]
    here = [one.number for one in w.shipments if one.number not in left]
    late = [one.number for one in w.fulfilments if one.status == "live"]
    if not left and not here and not late:
        return False
    words = [f"{', '.join(left)} is shipped" if left else "", f"{', '.join(here)} is picked" if here else ""]
    words.append(f"the warehouse cannot stop {', '.join(late)}" if late else "")
    family = NotStoppable if left or late else DecisionNeeded
    error = family(
        f"the order cannot simply be cancelled: {'; '.join(word for word in words if word)}",
        left=left,
        picked=here,
        too_late=late,
    )
    actions = ("ship_anyway", "cancel_rest") if left else ("ship_anyway", "goods_returned")
    if w.cancel is not None:
        w.cancel = replace(w.cancel, status="asked")
    w.park("cancel", error, "shop", actions)
    return True


def _everywhere(w: Work, cancel: Cancel) -> None:
    """Cancel in ERP and shop what nobody has shipped."""
    for fulfilment in w.fulfilments:
        if fulfilment.status == "live":
            w.put(replace(fulfilment, status="cancelled"))
            w.forget("picked", fulfilment.n)
    left = [one for one in w.shipments if one.status in MOVING or one.transfer == "done"]
    for shipment in list(w.shipments):
        if shipment not in left:
            for slot in shipment.held:
                w.unpark(slot)
            _drop_failed(w, shipment.n)
            w.put(replace(shipment, status="cancelled", held=()))
            w.forget("booked", shipment.n)
            w.forget("dispatched", shipment.n)
    if left:
        _cancel_rest(w, cancel, left)
        return
    for made, one in list(w.asked.items()):
        if one.failed and one.name in {"order.create", "order.confirm", "order.change"}:
            w.revoke(made)
            if one.name == "order.create":
                w.erp = ""
    w.applying = None
    if cancel.erp == "":
        if w.erp in {"created", "confirming", "confirmed"}:
            data = {"erp_id": w.erp_id, "erp_number": w.erp_number, "reason": cancel.reason}
            w.erp = "cancelling"
            w.issue("order.cancel", w.erp_system, "erp", data)
            cancel = replace(cancel, erp="asked")
        else:
            cancel = replace(cancel, erp="done")
    elif cancel.erp == "done" and w.erp:
        w.erp = "cancelled"
    if cancel.shop == "":
        if w.shop and w.shop != cancel.source:
            w.issue("order.cancel", w.shop, "shop", {"order_number": w.number, "reason": cancel.reason})
            cancel = replace(cancel, shop="asked")
        else:
            cancel = replace(cancel, shop="done")
    if cancel.erp in OVER and cancel.shop in OVER:
        cancel = replace(cancel, status="done")
        w.closed = "cancelled"
        w.reach("cancelled")
        w.note("the order is cancelled everywhere")
        for name in list(w.expected):
            w.expected.remove(name)
            if w.expect.pop(name, None) is None:
                w.withdrawn.append(name)
    w.cancel = cancel


def _cancel_rest(w: Work, cancel: Cancel, left: list[Shipment]) -> None:
    """Take off the order what did not leave; what left goes on."""
    quantities: dict[str, Decimal] = {}
    for shipment in left:
        for number, quantity in shipped_quantities(shipment).items():
            quantities[number] = quantities.get(number, ZERO) + quantity
    order = w.document()
    ordered = {line["number"]: Decimal(line["quantity"]["value"]) for line in order["lines"]}
    smaller = reduced(order, {number: min(quantity, quantities.get(number, ZERO)) for number, quantity in ordered.items()})
    w.cancel = replace(cancel, status="rest")
    w.depart()
    w.note("what had not left the warehouse is cancelled, the rest goes on")
    if not smaller["lines"]:
        smaller = order
    for number, line in list(w.lines.items()):
        shipped = quantities.get(number, ZERO)
        w.lines[number] = replace(line, dropped=max(ZERO, line.ordered - shipped))
    if cancel.erp == "done":
        adopt(w, smaller)
    elif smaller is not order:
        w.wanted, w.wanted_by, w.insist = smaller, "hub", "apply"


def _drop_failed(w: Work, n: int) -> None:
    for made, one in list(w.asked.items()):
        if one.failed and one.n == n and one.name in {"shipment.book", "shipment.cancel", "transfer.validate"}:
            w.revoke(made)
