"""Shipment to invoice: an order's invoices, each made once, posted when the milestones it depends on are there, and followed until it is paid.

`decide` takes what a fact says into the state and then does what is due (`_advance`), whatever the order in which facts come. What an
invoice waits for stands in the description of its expectation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderConfirmation
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.shipment_to_invoice import accruing, freight, invoicing, ordering, planning, travelling
from crossdock.processes.shipment_to_invoice.milestones import STAGES
from crossdock.processes.shipment_to_invoice.people import decided
from crossdock.processes.shipment_to_invoice.plan import plan
from crossdock.processes.shipment_to_invoice.requirements import requires
from crossdock.processes.shipment_to_invoice.settings import Settings
from crossdock.processes.shipment_to_invoice.settled import settled
from crossdock.processes.shipment_to_invoice.states import State, dump, load
from crossdock.processes.shipment_to_invoice.work import Work

__all__ = ["Settings", "ShipmentToInvoice", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "order.placed": ordering.placed,
    "order.changed": ordering.placed,
    "order.confirmed": ordering.confirmed,
    "order.shipped": ordering.shipped,
    "shipment.shipped": travelling.shipment,
    "shipment.booked": travelling.booked,
    "shipment.dispatched": travelling.shipment,
    "shipment.milestone": travelling.milestone,
    "shipment.delivered": travelling.milestone,
    "shipment.pod": travelling.proof,
    "freight.quoted": accruing.quoted,
    "freight.claimed": freight.claimed,
    "freight.billed": accruing.billed,
    "customer_invoice.created": invoicing.told,
    "customer_invoice.posted": invoicing.told,
    "customer_invoice.paid": invoicing.told,
    "customer_invoice.cancelled": invoicing.told,
    "invoice.collected": invoicing.collected,
}
_OVER: Final = frozenset({"posted", "cancelled", "left"})


def _advance(w: Work) -> None:
    """Do what is due now."""
    if w.order is None:
        return
    for n in range(len(w.consignments)):
        travelling.watch(w, w.consignments[n])
    for n in range(len(w.bookings)):
        accruing.pursue(w, n)
    planning.plan_papers(w)
    for n in range(len(w.invoices)):
        invoicing.pursue(w, w.invoices[n])
    _finish(w)


def _finish(w: Work) -> None:
    """Close when everything that left is billed and nobody is asked."""
    if w.closed or w.complete is None or w.asked or w.parked or planning.unbilled(w):
        return
    if not set(w.complete) <= {one.number for one in w.consignments}:
        return
    if not w.consignments:
        w.closed = "cancelled"
        w.forget_all()
        w.note("nothing was shipped: there is nothing to bill")
        return
    unpaid = w.settings.finish == "paid" and any(one.standing == "posted" and one.payment != "paid" for one in w.invoices)
    if not unpaid and all(one.standing in _OVER for one in w.invoices):
        w.closed = "finished"
        w.note("everything that left is billed")


class ShipmentToInvoice(Workflow[State, Work]):
    """The process of one order's invoices. See `docs/reference/shipment-to-invoice.md` for its rules, slots, actions and expectations."""

    name = "shipment_to_invoice"
    version = "1"
    triggers = frozenset({"order.placed", "order.confirmed"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is about no sales order, or a confirmation that does not say what was ordered."""
        if event.key and not event.key.startswith("order/"):
            return True
        return isinstance(event.data, OrderConfirmation) and event.data.order is None

    def indifferent(self, state: State, event: Event) -> bool:
        """Whether a milestone is one more scan of a consignment that is on its way."""
        return travelling.nothing_new(state, event.data)

    def happened(self, w: Work, fact: Happened) -> None:
        w.cause = fact.event.id
        super().happened(w, fact)

    def due(self, w: Work, fact: Due) -> None:
        if fact.name == planning.PERIOD:
            if w.ring(fact.name) and w.order is not None:
                planning.period_over(w)
            return
        super().due(w, fact)
