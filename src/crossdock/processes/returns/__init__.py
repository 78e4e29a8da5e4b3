"""Returns: from a customer's wish to give something back to exactly one refund of the right amount, with the stock where the goods are.

One instance knows an order: what was shipped, delivered and paid for, and every return of it. `decide` takes what a fact says into the
state and then does what is due (`_advance`), whatever the order in which facts come. What goes back is held against what was captured
and has not gone back yet, over all returns of the order together.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderConfirmation
from crossdock.core.process import Due, FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.returns import ordering, paying, preparing, receiving, requesting, settling
from crossdock.processes.returns.milestones import STAGES
from crossdock.processes.returns.people import decided
from crossdock.processes.returns.plan import plan
from crossdock.processes.returns.requirements import requires
from crossdock.processes.returns.settings import Settings
from crossdock.processes.returns.settled import settled
from crossdock.processes.returns.states import State, dump, load
from crossdock.processes.returns.work import Work

__all__ = ["Returns", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "order.placed": ordering.placed,
    "order.changed": ordering.placed,
    "order.confirmed": ordering.confirmed,
    "picking.completed": ordering.picked,
    "shipment.delivered": ordering.delivered,
    "customer_invoice.posted": ordering.invoiced,
    "invoice.collected": ordering.collected,
    "payment.captured": paying.captured,
    "refund.completed": paying.refunded,
    "refund.failed": paying.failed,
    "chargeback.opened": paying.disputed,
    "chargeback.closed": paying.dispute_over,
    "return.requested": requesting.requested,
    "return.cancelled": requesting.cancelled,
    "return.received": receiving.received,
}
_TOLD_BY_ERP: Final = frozenset({"order.confirmed", "order.changed", "picking.completed"})


def _advance(w: Work) -> None:
    """Do what is due now."""
    requesting.retry_early(w)
    requesting.pursue(w)
    preparing.pursue(w)
    receiving.pursue(w)
    settling.pursue(w)


class Returns(Workflow[State, Work]):
    """The returns of one order. See `docs/reference/returns.md` for its rules, slots, actions and expectations."""

    name = "returns"
    version = "1"
    triggers = frozenset({"order.placed", "order.confirmed", "return.requested"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, _advance, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the ERP tells of an order that a hub brought there from a shop: of those carried out here there is an instance."""
        origin = event.key.split("/", 2)[1:2]
        if event.source != context.roles.get("erp") or event.source in origin or len(event.key.split("/", 2)) < 3:
            return False
        return event.type in _TOLD_BY_ERP and not (isinstance(event.data, OrderConfirmation) and event.data.order is not None)

    def due(self, w: Work, fact: Due) -> None:
        super().due(w, fact)
        stage, _, n = fact.name.partition(":")
        if stage == "return_received" and n.isdecimal() and 0 < int(n) <= len(w.returns) and fact.name in w.expected:
            receiving.overdue(w, int(n))

    def milestones(self, state: State) -> tuple[tuple[str, datetime | None], ...]:
        """The stages of the returns of an order; none while nobody wants to give anything back."""
        return super().milestones(state) if state.returns or state.early else ()

    def finished(self, state: State) -> bool:
        """Whether nothing is to be done: most orders never come back, and one whose return is over may come back again."""
        running = any(one.standing not in {"refused", "cancelled", "completed"} for one in state.returns)
        return not (running or state.asked or state.parked or state.early)
