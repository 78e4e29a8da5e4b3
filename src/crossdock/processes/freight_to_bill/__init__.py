"""Freight to bill: a carrier's invoice, judged charge by charge by the orders it is about, becomes a bill in the ERP once, or goes to a person.

The orders' instances of `shipment_to_invoice` know what was agreed at the booking; they are asked with `freight.claimed` and answer with
`freight.audited`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.freight_to_bill import auditing, booking
from crossdock.processes.freight_to_bill.milestones import STAGES
from crossdock.processes.freight_to_bill.people import decided
from crossdock.processes.freight_to_bill.plan import plan
from crossdock.processes.freight_to_bill.requirements import requires
from crossdock.processes.freight_to_bill.settings import Settings
from crossdock.processes.freight_to_bill.settled import settled
from crossdock.processes.freight_to_bill.states import State, dump, load
from crossdock.processes.freight_to_bill.work import Work

__all__ = ["FreightToBill", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "freight_invoice.received": auditing.received,
    "freight.audited": auditing.answered,
}


def _advance(w: Work) -> None:
    """Do what is due now."""
    auditing.pursue(w)
    booking.pursue(w)


class FreightToBill(Workflow[State, Work]):
    """The process of one invoice of a carrier; its key is `freight/<carrier>/<number>`. See `docs/reference/shipment-to-invoice.md`."""

    name = "freight_to_bill"
    version = "1"
    triggers = frozenset({"freight_invoice.received"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is about another kind of transaction."""
        return bool(event.key) and not event.key.startswith("freight/")

    def due(self, w: Work, fact: Due) -> None:
        if fact.name == auditing.PATIENCE:
            w.overdue = w.ring(fact.name) or w.overdue
            return
        super().due(w, fact)
