"""Journals: what a transaction moved in the books goes to a finance system as balanced journals, each once, and is followed until it is posted there.

A workflow of its own beside the others of the transaction: an outage of the finance system holds no invoice back, its accounts are said in
one place, and two finance systems are two flows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crossdock.core.process import Happened
from crossdock.processes.frame.workflow import Parts, Workflow
from crossdock.processes.journals import taking
from crossdock.processes.journals.milestones import STAGES
from crossdock.processes.journals.people import decided
from crossdock.processes.journals.plan import plan
from crossdock.processes.journals.posting import pursue
from crossdock.processes.journals.requirements import requires
from crossdock.processes.journals.settings import Settings
from crossdock.processes.journals.settled import settled
from crossdock.processes.journals.states import State, dump, load
from crossdock.processes.journals.work import Work

__all__ = ["Journals", "Settings", "State"]

_EVENTS: Final[dict[str, Callable[[Work, Happened], None]]] = {
    "customer_invoice.posted": taking.invoice,
    "customer_invoice.created": taking.withdrawn,
    "customer_invoice.cancelled": taking.withdrawn,
    "payment.captured": taking.captured,
    "refund.completed": taking.refunded,
    "refund.failed": taking.bounced,
    "chargeback.opened": taking.disputed,
    "chargeback.closed": taking.disputed,
    "freight.accrued": taking.accrued,
    "freight.billed": taking.billed,
    "payout.received": taking.paid_out,
    "journal.acknowledged": taking.acknowledged,
}


class Journals(Workflow[State, Work]):
    """The journals of one transaction: an order's, a carrier's invoice's, a payout's. See `docs/reference/journals.md`."""

    name = "journals"
    version = "1"
    triggers = frozenset(
        {
            "customer_invoice.posted", "payment.captured", "refund.completed", "chargeback.opened", "freight.accrued", "freight.billed",
            "payout.received",
        }
    )  # fmt: skip
    parts = Parts(State, Work, plan, _EVENTS, STAGES, Settings, requires, settled, decided, pursue, dump, load)
