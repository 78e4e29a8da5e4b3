"""Payment capture: what a customer authorised is taken when the goods left, once and never above it, and given up when nothing will leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.canonical.events import Event
from crossdock.core.process import FlowContext, Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.payment_capture import taking_in
from crossdock.processes.payment_capture.capturing import pursue
from crossdock.processes.payment_capture.milestones import STAGES
from crossdock.processes.payment_capture.people import decided
from crossdock.processes.payment_capture.plan import plan
from crossdock.processes.payment_capture.requirements import requires
from crossdock.processes.payment_capture.settings import Settings
from crossdock.processes.payment_capture.settled import settled
from crossdock.processes.payment_capture.states import State, dump, load
from crossdock.processes.payment_capture.work import Work

__all__ = ["PaymentCapture", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "order.placed": taking_in.ordered,
    "order.changed": taking_in.ordered,
    "shipment.shipped": taking_in.left,
    "order.shipped": taking_in.complete,
    "payment.authorized": taking_in.authorized,
    "payment.captured": taking_in.captured,
    "payment.cancelled": taking_in.given_up,
}


class PaymentCapture(Workflow[State, Work]):
    """The payments of one order. A capture whose outcome is not known is asked for at the gateway before anything else is done with it."""

    name = "payment_capture"
    version = "1"
    triggers = frozenset({"order.placed", "payment.authorized"})
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, pursue, dump, load)

    def elsewhere(self, event: Event, context: FlowContext) -> bool:
        """Whether the event is about no sales order."""
        return bool(event.key) and not event.key.startswith("order/")
