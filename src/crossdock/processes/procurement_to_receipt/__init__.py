"""Procurement to receipt: from a purchase order confirmed in the ERP to goods in stock and a draft bill, across ERP, supplier and warehouse.

`decide` takes what a fact says into the state and then does what is due (`_advance`), whatever the order in which facts come: a fact
that comes early is kept and counts when its time has come, one that comes twice changes nothing, a paper that another version replaced
takes no effect, and a failure stops its own branch only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.procurement_to_receipt import acknowledging, answering, invoicing, noticing, receiving, telling
from crossdock.processes.procurement_to_receipt.finishing import finish
from crossdock.processes.procurement_to_receipt.milestones import STAGES
from crossdock.processes.procurement_to_receipt.people import decided
from crossdock.processes.procurement_to_receipt.plan import plan
from crossdock.processes.procurement_to_receipt.requirements import requires
from crossdock.processes.procurement_to_receipt.settings import Settings
from crossdock.processes.procurement_to_receipt.settled import settled
from crossdock.processes.procurement_to_receipt.states import State, dump, load
from crossdock.processes.procurement_to_receipt.work import Work

__all__ = ["ProcurementToReceipt", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "purchase_order.confirmed": telling.confirmed,
    "purchase_order.changed": telling.changed,
    "purchase_order.cancelled": telling.cancelled,
    "order.cancelled": telling.cancelled_here,
    "purchase_order.answered": answering.answered,
    "document.acknowledged": acknowledging.acknowledged,
    "ship_notice.received": noticing.noticed,
    "receipt.completed": receiving.completed,
    "supplier_invoice.received": invoicing.received,
}
ROOM: Final = "purchase/"
_OF_THE_ORDER: Final = frozenset({"purchase_order.confirmed", "purchase_order.changed", "purchase_order.cancelled"})


def _advance(w: Work) -> None:
    """Do what is due now."""
    if w.order is None:
        return
    telling.pursue(w)
    answering.retry_early(w)
    if w.agreed is None and not w.closed:
        return
    noticing.pursue(w)
    receiving.pursue(w)
    invoicing.pursue(w)
    finish(w)


class ProcurementToReceipt(Workflow[State, Work]):
    """The process of one purchase order. See `docs/reference/procurement-to-receipt.md` for its rules, slots, actions and expectations."""

    name = "procurement_to_receipt"
    version = "1"
    triggers = frozenset({"purchase_order.confirmed"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is none of this workflow's: about another kind of transaction, or about an order to a supplier the hub does not
        reach: that one is written, mailed or phoned as before, and nothing is waited for.
        """
        if event.type == "order.cancelled" or (event.key and not event.key.startswith(ROOM)):
            return True
        order = event.data
        return (
            event.type in _OF_THE_ORDER
            and isinstance(order, PurchaseOrder)
            and plan(context).supplier_of(order.model_dump(mode="json")) is None
        )

    def happened(self, w: Work, fact: Happened) -> None:
        if w.order is None and fact.event.type in _EVENTS and fact.event.type not in _OF_THE_ORDER:
            error = DecisionNeeded(f"{fact.event.type} from {fact.event.source} came for an order nobody placed")
            w.park("order", error, "buyer", ("acknowledge",))
        else:
            super().happened(w, fact)

    def due(self, w: Work, fact: Due) -> None:
        super().due(w, fact)
        stage, _, n = fact.name.partition(":")
        if stage == "matched" and n.isdecimal() and fact.name in w.expected:
            invoicing.late(w, int(n))

    def finished(self, state: State) -> bool:
        """Whether it is over: a paper that came after the end (another invoice, a late receipt) is dealt with first."""
        return bool(state.closed) and not state.asked and not state.parked and not state.expected
