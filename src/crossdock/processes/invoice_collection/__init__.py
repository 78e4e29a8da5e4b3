"""Invoice collection: what orders of one customer have ready at the end of a period goes on one invoice, each share once; judges no readiness.

The orders' instances of `shipment_to_invoice` hand their shares over with `invoice.wanted` and are told with `invoice.collected`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.invoice_collection import collecting, invoicing
from crossdock.processes.invoice_collection.milestones import STAGES
from crossdock.processes.invoice_collection.people import decided
from crossdock.processes.invoice_collection.plan import plan
from crossdock.processes.invoice_collection.requirements import requires
from crossdock.processes.invoice_collection.settings import Settings
from crossdock.processes.invoice_collection.settled import settled
from crossdock.processes.invoice_collection.states import State, dump, load
from crossdock.processes.invoice_collection.work import Work

__all__ = ["InvoiceCollection", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "invoice.wanted": collecting.wanted,
    "customer_invoice.created": invoicing.told,
    "customer_invoice.posted": invoicing.told,
    "customer_invoice.paid": invoicing.told,
    "customer_invoice.cancelled": invoicing.told,
}


def _advance(w: Work) -> None:
    """Do what is due now."""
    for paper in list(w.invoices):
        invoicing.pursue(w, paper)
    invoicing.finish(w)


class InvoiceCollection(Workflow[State, Work]):
    """The invoices of one customer, currency and day; its key is `invoices/<shop>/<customer>-<currency>-<day>`."""

    name = "invoice_collection"
    version = "1"
    triggers = frozenset({"invoice.wanted"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is about one order, or something else altogether."""
        return bool(event.key) and not event.key.startswith("invoices/")

    def due(self, w: Work, fact: Due) -> None:
        if fact.name == collecting.WINDOW:
            if w.ring(fact.name):
                collecting.gather(w)
            return
        super().due(w, fact)
