"""Order to fulfilment: from an order in a shop or the ERP to the delivered parcel, across ERP, warehouse, carrier and shop.

`decide` takes what a fact says into the state and then does what is due (`_advance`), whatever the order in which facts come: a fact
that comes early is kept and counts when its time has come, one that comes twice changes nothing, and a failure stops its own branch only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderConfirmation
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.order_to_fulfilment import cancelling, carriage, changing, orders, releasing, shipping, warehouse
from crossdock.processes.order_to_fulfilment.finishing import finish
from crossdock.processes.order_to_fulfilment.milestones import STAGES
from crossdock.processes.order_to_fulfilment.people import decided
from crossdock.processes.order_to_fulfilment.plan import plan
from crossdock.processes.order_to_fulfilment.requirements import requires
from crossdock.processes.order_to_fulfilment.settings import Settings
from crossdock.processes.order_to_fulfilment.settled import settled
from crossdock.processes.order_to_fulfilment.states import State, dump, load
from crossdock.processes.order_to_fulfilment.telling import tell
from crossdock.processes.order_to_fulfilment.work import Work

__all__ = ["OrderToFulfilment", "Settings", "State"]

_EVENTS: dict[str, Callable[[Work, Happened], None]] = {
    "order.placed": orders.placed,
    "order.confirmed": orders.confirmed,
    "order.released": orders.released,
    "order.changed": orders.changed,
    "order.amended": orders.amended,
    "order.cancelled": orders.cancelled,
    "fulfilment.status": warehouse.status,
    "picking.completed": warehouse.picked,
    "shipment.booked": carriage.shipment_event,
    "shipment.dispatched": carriage.shipment_event,
    "shipment.milestone": carriage.milestone_event,
    "shipment.delivered": carriage.milestone_event,
}


_TOLD_BY_ERP: Final = frozenset({"order.confirmed", "order.changed", "order.cancelled", "picking.completed"})


def _advance(w: Work) -> None:
    """Do what is due now."""
    if w.order is None or w.closed == "cancelled":
        return
    if w.early:
        carriage.retry_early(w)
    if w.cancel is not None:
        cancelling.pursue(w)
    if not w.withdrawn_order():
        if w.wanted is not None:
            changing.pursue(w)
        releasing.create(w)
        releasing.confirm(w)
        releasing.release(w)
    for n in range(1, len(w.shipments) + 1):
        shipping.advance(w, n)
    finish(w)
    tell(w)


class OrderToFulfilment(Workflow[State, Work]):
    """The process of one order. See `docs/reference/order-to-fulfilment.md` for its rules, slots, actions and expectations."""

    name = "order_to_fulfilment"
    version = "1"
    triggers = frozenset({"order.placed", "order.confirmed"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the ERP tells of an order that a hub brought there from a shop: of those carried out here there is an instance.

        Should the shop tell the order here as well, it begins then and finds itself in the ERP under the same external id.
        """
        origin = event.key.split("/", 2)[1:2]
        if event.source != context.roles.get("erp") or event.source in origin or len(event.key.split("/", 2)) < 3:
            return False
        return event.type in _TOLD_BY_ERP and not (isinstance(event.data, OrderConfirmation) and event.data.order is not None)

    def indifferent(self, state: State, event: Event) -> bool:
        """Whether a milestone is one more scan of a consignment that is on its way."""
        return carriage.nothing_new(state, event.data)

    def due(self, w: Work, fact: Due) -> None:
        if fact.name == "timer:release":
            if w.ring(fact.name):
                w.not_before = ""
            return
        super().due(w, fact)
        stage, _, n = fact.name.partition(":")
        if stage == "delivered" and fact.name in w.expected:
            carriage.untraceable(w, int(n))
