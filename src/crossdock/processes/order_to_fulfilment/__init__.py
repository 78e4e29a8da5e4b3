"""Order to fulfilment: from an order in a shop or the ERP to the delivered parcel, across ERP, warehouse, carrier and shop.

`decide` takes what a fact says into the state and then does what is due (`_advance`), whatever the order in which facts come: a fact
that comes early is kept and counts when its time has come, one that comes twice changes nothing, and a failure stops its own branch only.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from crossdock.core.process import Decided, Decision, Due, Fact, FlowContext, Happened, Settled
from crossdock.processes.order_to_fulfilment import cancelling, carriage, changing, orders, releasing, shipping, warehouse
from crossdock.processes.order_to_fulfilment.finishing import finish
from crossdock.processes.order_to_fulfilment.milestones import strip
from crossdock.processes.order_to_fulfilment.people import decided
from crossdock.processes.order_to_fulfilment.plan import plan
from crossdock.processes.order_to_fulfilment.requirements import requires
from crossdock.processes.order_to_fulfilment.settings import Settings
from crossdock.processes.order_to_fulfilment.settled import settled
from crossdock.processes.order_to_fulfilment.states import State, dump, load
from crossdock.processes.order_to_fulfilment.work import Work

__all__ = ["OrderToFulfilment", "Settings", "State"]

_EVENTS: dict[str, Callable[[Work, Happened], None]] = {
    "order.placed": orders.placed,
    "order.confirmed": orders.confirmed,
    "order.released": orders.released,
    "order.changed": orders.changed,
    "order.cancelled": orders.cancelled,
    "fulfilment.status": warehouse.status,
    "picking.completed": warehouse.picked,
    "shipment.booked": carriage.shipment_event,
    "shipment.dispatched": carriage.shipment_event,
    "shipment.milestone": carriage.milestone_event,
    "shipment.delivered": carriage.milestone_event,
}


class OrderToFulfilment:
    """The process of one order. See `docs/reference/order-to-fulfilment.md` for its rules, slots, actions and expectations."""

    name = "order_to_fulfilment"
    version = "1"
    triggers: ClassVar[frozenset[str]] = frozenset({"order.placed", "order.confirmed"})
    accepts: ClassVar[frozenset[str]] = frozenset(_EVENTS)
    Settings: ClassVar[type[Settings]] = Settings
    requires = staticmethod(requires)

    def initial(self, key: str) -> State:
        return State(key)

    def decide(self, state: State, fact: Fact, context: FlowContext) -> Decision[State]:
        w = Work(state, fact.at, plan(context))
        if isinstance(fact, Happened):
            handler = _EVENTS.get(fact.event.type)
            if handler is None:
                w.note(f"{fact.event.type} is nothing this process listens to")
            else:
                handler(w, fact)
        elif isinstance(fact, Settled):
            settled(w, fact)
        elif isinstance(fact, Decided):
            decided(w, fact)
        else:
            _due(w, fact)
        _advance(w)
        return w.decision()

    def dump(self, state: State) -> bytes:
        return dump(state)

    def load(self, data: bytes) -> State:
        return load(data)

    def milestones(self, state: State) -> tuple[tuple[str, datetime | None], ...]:
        return strip(state)

    def finished(self, state: State) -> bool:
        return bool(state.closed) and not state.asked and not state.parked


def _due(w: Work, fact: Due) -> None:
    """An expectation was not met in time (its owner is told by the hub), or a timer came."""
    if fact.name not in w.expected:
        return
    if fact.name == "timer:release":
        w.expected.remove(fact.name)
        w.not_before = ""
        return
    # It stays expected: when it comes after all, whoever was told hears that too.
    w.note(f"{fact.name} is late")
    stage, _, n = fact.name.partition(":")
    if stage == "delivered":
        carriage.untraceable(w, int(n))


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
