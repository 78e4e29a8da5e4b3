"""Which shares go on which invoice, each on one and only one; asks nothing of any system."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.customer_invoice import InvoiceRequest
from crossdock.core.process import Happened
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.invoice_collection.states import Paper, Share
from crossdock.processes.invoice_collection.work import Work
from crossdock.processes.shipment_to_invoice.collecting import ORDER_KEY
from crossdock.processes.values import replace

WINDOW: Final = "timer:window"


def wanted(w: Work, fact: Happened) -> None:
    """`invoice.wanted`: an order's share, once, whatever is told again."""
    event, data = fact.event, fact.event.data
    if not isinstance(data, InvoiceRequest):
        return
    if any(one.request["number"] == data.number for one in w.shares):
        w.note(f"{data.number} is known")
        return
    names = {one.scheme: one.value for one in event.references}
    w.erp, w.currency = event.source, data.currency
    w.closed = ""
    w.put(
        Share(
            len(w.shares) + 1,
            fact.document(),
            names.get(ORDER_KEY, ""),
            names.get(f"{event.source}:order_id", ""),
            event.id,
        )
    )
    w.reach("wanted")
    if WINDOW not in w.expected:
        w.timer(WINDOW, w.at + w.settings.window)


def gather(w: Work) -> None:
    """The window is over: what came in it goes on one invoice."""
    free = [one for one in w.shares if not one.paper]
    if free:
        paper(w, free)


def paper(w: Work, shares: list[Share]) -> None:
    """One invoice for these shares."""
    n = len(w.invoices) + 1
    made = Paper(n, numbered("IV", w.state.key, n), tuple(one.n for one in shares))
    w.put(made)
    for one in shares:
        w.put(replace(one, paper=n))
    orders = ", ".join(one.request["order_number"] for one in shares)
    w.expect_stage("posted", n, w.at, f"{made.number} of {orders} is posted", not_before=w.at)
    w.note(f"{made.number} bills {orders}")
