"""What invoicing takes from the order and its events: who the customer is, what was ordered, and when all of it left; issues nothing."""

from __future__ import annotations

from typing import Any

from crossdock.canonical.order import OrderConfirmation, OrderShipped, SalesOrder
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.shipment_to_invoice.accruing import give_up
from crossdock.processes.shipment_to_invoice.states import Consignment
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace


def placed(w: Work, fact: Happened) -> None:
    """`order.placed`, `order.changed`: the order as it is now."""
    if isinstance(fact.event.data, SalesOrder):
        if fact.event.type == "order.placed" or not w.source:
            w.source = fact.event.source
        if w.order is None or fact.event.source == w.source:
            _take(w, fact.document())


def confirmed(w: Work, fact: Happened) -> None:
    """`order.confirmed`: what the ERP made of it, and its id there."""
    data = fact.event.data
    if not isinstance(data, OrderConfirmation):
        return
    for reference in fact.event.references:
        if reference.scheme == f"{fact.event.source}:order_id":
            w.erp, w.erp_id = fact.event.source, reference.value
    if data.order is not None and w.order is None:
        w.source = fact.event.source
        _take(w, fact.document()["order"])
    if data.total is None or w.order is None or w.order.get("changed"):
        return
    if data.total.currency == w.order["currency"]:
        # what the ERP made of the order was judged when it was made; its invoice has to come to the same
        w.order = {**w.order, "total": format(data.total.amount, "f")}


def shipped(w: Work, fact: Happened) -> None:
    """`order.shipped`: nothing more of it will be shipped."""
    if isinstance(fact.event.data, OrderShipped):
        w.complete = fact.event.data.shipments
        w.note("nothing more of the order will be shipped")
        for one in [one for one in w.consignments if one.number not in w.complete]:
            _dropped(w, one)
        for booked in [one for one in w.bookings if one.number not in w.complete]:
            give_up(w, booked.number)


def _dropped(w: Work, one: Consignment) -> None:
    """A consignment will not be shipped after all: an invoice with nothing but it is not made, one that is there is a person's."""
    w.put(replace(one, left_out=True, invoice=0 if one.invoice and w.invoices[one.invoice - 1].create == "" else one.invoice))
    for stage in ("picked_up", "departed", "cleared", "delivered", "proof"):
        w.forget(stage, one.n)
    if not one.invoice:
        return
    paper = w.invoices[one.invoice - 1]
    if paper.create == "":
        rest = tuple(n for n in paper.consignments if n != one.n)
        w.put(replace(paper, consignments=rest or paper.consignments, standing=paper.standing if rest else "left"))
        if not rest:
            w.forget("invoice_ready", paper.n)
            w.forget("invoice_posted", paper.n)
    elif paper.standing in {"open", "posted"}:
        words = f"{one.number} is not shipped after all, and {paper.invoice_number or paper.number} bills it"
        w.park(
            f"dropped:{paper.n}",
            DecisionNeeded(words, invoice=paper.invoice_number, shipment=one.number),
            "accounting",
            ("acknowledge",),
        )


def _take(w: Work, order: Json) -> None:
    customer, shipping = order["customer"], order.get("shipping")
    told: Any = order.get("total")
    said = str(told["amount"]) if told else ""
    # what it comes to is the ERP's word: it was held against the shop's when the order was made, and a person may have accepted another sum.
    # of an order that was changed meanwhile nobody knows whether the ERP's word is about the old or the new
    changed = w.order is not None and (bool(w.order.get("changed")) or w.order["said"] != said)
    total = "" if w.order is None or changed else w.order["total"]
    w.order = {
        "number": order["number"],
        "currency": order["currency"],
        "customer_id": str(customer.get("id") or ""),
        "customer_name": str(customer.get("name") or ""),
        "customer": [{"scheme": one["scheme"], "value": one["value"]} for one in customer.get("identifiers", ())],
        "country": order["ship_to"]["country"],
        "said": said,
        "changed": changed,
        "total": total,
        "shipping": shipping["amount"] if shipping else "",
        "lines": {line["number"]: [line["sku"], line["quantity"]["value"], line["quantity"]["unit"]] for line in order["lines"]},
    }
    w.reach("ordered")
