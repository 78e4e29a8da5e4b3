"""Freight tender: a load that is packed is offered to the carriers of the routing guide, one after the other, until one takes it or a person must."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.freight_tender import offering
from crossdock.processes.freight_tender.milestones import STAGES
from crossdock.processes.freight_tender.people import decided
from crossdock.processes.freight_tender.plan import plan
from crossdock.processes.freight_tender.requirements import requires
from crossdock.processes.freight_tender.settings import Settings
from crossdock.processes.freight_tender.settled import settled
from crossdock.processes.freight_tender.states import State, dump, load
from crossdock.processes.freight_tender.work import Work

__all__ = ["FreightTender", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "order.placed": offering.ordered,
    "order.changed": offering.ordered,
    "picking.completed": offering.picked,
    "tender.answered": offering.answered,
    "order.shipped": offering.shipped,
}


class FreightTender(Workflow[State, Work]):
    """The loads of one order."""

    name = "freight_tender"
    version = "1"
    triggers = frozenset({"order.placed"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, offering.pursue, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is about no sales order."""
        return bool(event.key) and not event.key.startswith("order/")

    def due(self, w: Work, fact: Due) -> None:
        head, _, n = fact.name.rpartition(":")
        if head == "timer:answer":
            if w.ring(fact.name):
                offering.silent(w, int(n))
            return
        super().due(w, fact)
