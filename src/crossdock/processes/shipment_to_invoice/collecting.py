"""An order's share of an invoice with other orders of its customer: handed over once, when its period is over; makes no invoice."""

from __future__ import annotations

from crossdock.canonical.events import Reference
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import Json
from crossdock.processes.shipment_to_invoice.states import Paper
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace

ORDER_KEY = "invoice:order"
"""Scheme of the reference by which a share says whose it is: the business key of its order."""


def across(w: Work) -> bool:
    """Whether invoices of this order are shared with others of its customer."""
    rule = w.rule()
    return rule.across and rule.per in {"day", "week", "month"} and bool(w.head()["customer_id"])


def shares(wish: str, key: str) -> bool:
    """Whether `wish` is the hub's number of a paper of the transaction `key`, which several orders share."""
    return bool(key and wish) and wish.rpartition("-")[0] == numbered("IV", key, 1).rpartition("-")[0]


def hand_over(w: Work, paper: Paper, request: Json) -> None:
    """`invoice.wanted`, to what collects the shares of this customer, in this currency, of this day."""
    head = w.head()
    day = w.plan.today(w.at).isoformat()
    key = f"invoices/{w.source}/{head['customer_id']}-{head['currency']}-{day}"
    w.put(replace(paper, create="asked", collected=key))
    references = (Reference(f"{w.erp}:order_id", w.erp_id), Reference(ORDER_KEY, w.state.key))
    document = {**request, "lines": [{**line, "order_number": head["number"]} for line in request["lines"]], "issue_date": day}
    w.emit("invoice.wanted", str(paper.n), w.erp, document, references, key=key)
    w.note(f"{paper.number} goes on an invoice with the customer's other orders")
