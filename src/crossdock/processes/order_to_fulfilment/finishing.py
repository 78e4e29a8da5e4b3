"""When an order is finished: everything ordered has left or was dropped, everybody was told, nobody is asked."""

from __future__ import annotations

from crossdock.processes.order_to_fulfilment.cancelling import pursue
from crossdock.processes.order_to_fulfilment.orders import request_cancel
from crossdock.processes.order_to_fulfilment.states import Shipment
from crossdock.processes.order_to_fulfilment.work import Work

_TOLD = frozenset({"done", "skipped"})


def finish(w: Work) -> None:
    """Close the order when nothing is left to do."""
    if w.closed or not w.fulfilments:
        return
    if all(one.status == "cancelled" and one.transfer != "done" for one in w.shipments):
        _nothing_left(w)
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


def _nothing_left(w: Work) -> None:
    """Nothing was shipped and nothing will be: the order is cancelled, unless something is still to be decided."""
    undecided = w.cancel is not None or w.wanted is not None or w.applying is not None or w.asked or w.parked
    if undecided or w.open_lines() or any(one.status not in {"done", "cancelled"} for one in w.fulfilments):
        return
    request_cancel(w, "hub", "nothing of the order is left to ship")
    pursue(w)


def _ended(w: Work, shipment: Shipment) -> bool:
    if shipment.status == "cancelled":
        return True
    last = {"delivered", "returned"} | ({"dispatched"} if w.settings.finish == "dispatched" else set())
    return shipment.status in last and shipment.transfer in _TOLD and shipment.shop in _TOLD
