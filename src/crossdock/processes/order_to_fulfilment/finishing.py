"""When an order is finished: everything ordered has left or was dropped, everybody was told, nobody is asked."""

from __future__ import annotations

from crossdock.processes.order_to_fulfilment.states import Shipment
from crossdock.processes.order_to_fulfilment.work import Work

_TOLD = frozenset({"done", "skipped"})


def finish(w: Work) -> None:
    """Close the order when nothing is left to do."""
    if w.closed or not w.fulfilments or not w.shipments:
        return
    ended = [_ended(w, one) for one in w.shipments]
    if all(ended) and not w.open_lines():
        w.reach("delivered")
    if w.asked or w.parked or w.wanted is not None or w.applying is not None or w.withdrawn_order():
        return
    if w.erp != "confirmed" and not (w.cancel is not None and w.cancel.status == "rest"):
        return
    if all(ended) and all(one.status in {"done", "cancelled"} for one in w.fulfilments) and not w.open_lines():
        w.closed = "finished"
        w.note("everything is delivered")


def _ended(w: Work, shipment: Shipment) -> bool:
    if shipment.status == "cancelled":
        return True
    last = {"delivered", "returned"} | ({"dispatched"} if w.settings.finish == "dispatched" else set())
    return shipment.status in last and shipment.transfer in _TOLD and shipment.shop in _TOLD
