"""What the order's own life means for returns: what was ordered and paid for, what left, when it was delivered, what was invoiced."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from crossdock.canonical.customer_invoice import CollectedInvoice, CustomerInvoice, CustomerInvoiceLine, InvoiceRequestLine
from crossdock.canonical.fulfilment import PickConfirmation
from crossdock.canonical.order import OrderConfirmation, SalesOrder
from crossdock.canonical.shipment import Milestone
from crossdock.core.process import Happened
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.returns.pricing import net_of, paid_for, plain
from crossdock.processes.returns.states import Payment
from crossdock.processes.returns.work import Work


def placed(w: Work, fact: Happened) -> None:
    """`order.placed`, `order.changed`: what was ordered and for how much."""
    if isinstance(fact.event.data, SalesOrder):
        _take(w, fact.document(), fact)


def confirmed(w: Work, fact: Happened) -> None:
    """`order.confirmed`: the ERP's names of the order, and the order itself where it was placed in the ERP."""
    data = fact.event.data
    if not isinstance(data, OrderConfirmation):
        return
    for reference in fact.event.references:
        w.refer(reference.scheme, reference.value)
    if data.order is not None and not w.known:
        _take(w, data.order.model_dump(mode="json"), fact)


def _take(w: Work, order: Json, fact: Happened) -> None:
    gross, shipping = paid_for(order)
    if not w.known:
        w.number, w.source = order["number"], fact.event.source
        for reference in fact.event.references:
            w.refer(reference.scheme, reference.value)
        w.refer("order:number", w.number)
    w.currency, w.total, w.shipping = order["currency"], order["total"]["amount"], plain(shipping)
    w.customer, w.ship_to = order["customer"], order["ship_to"]
    # a line that was taken off after a part of it had left keeps its price for the way back
    w.lines |= {
        line["number"]: {
            "sku": line["sku"],
            "name": line["name"],
            "quantity": line["quantity"]["value"],
            "unit": line["quantity"]["unit"],
            "gross": plain(gross[line["number"]]),
            "net": plain(net_of(line)),
        }
        for line in order["lines"]
    }
    if w.settings.refund_by == "shop" and order["payment_status"] == "paid" and not w.payments:
        paid = f"{w.source}:{w.number}"
        w.put(Payment(1, paid, w.source, w.source, w.currency, captures={paid: w.total}))


def picked(w: Work, fact: Happened) -> None:
    """`picking.completed`: what left the warehouse; counted once, never more than was ordered."""
    data = fact.event.data
    if not isinstance(data, PickConfirmation):
        return
    mark = f"{data.fulfilment_number}:{data.sequence}"
    if mark in w.picks:
        w.note(f"confirmation {mark} is known")
        return
    w.picks.append(mark)
    for line in data.lines:
        number = line.order_line or line.number
        w.shipped[number] = plain(Decimal(w.shipped.get(number, "0")) + line.quantity.value)
    w.shipped_at = max(w.shipped_at, data.picked_at.isoformat())


def delivered(w: Work, fact: Happened) -> None:
    """`shipment.delivered`: from here the customer's time runs; of several parcels the last counts."""
    if isinstance(fact.event.data, Milestone) and fact.event.data.code == "delivered":
        w.delivered_at = max(w.delivered_at, fact.event.data.at.isoformat())


def invoiced(w: Work, fact: Happened) -> None:
    """`customer_invoice.posted`: there is an invoice that a credit note can take back. It is told again with every payment, and counts once.

    What people credit by themselves in the ERP is not billed any more; the hub's own credit notes are known.
    """
    data = fact.event.data
    if not isinstance(data, CustomerInvoice) or data.number in w.invoices:
        return
    mine = {one.number for one in w.returns}
    if data.kind == "credit_note" and (data.wish in mine or data.return_number in mine):
        return
    w.invoices[data.number] = data.erp_id if data.kind == "invoice" else ""
    _named(w, fact)
    _bills(w, data.lines, 1 if data.kind == "invoice" else -1)


def collected(w: Work, fact: Happened) -> None:
    """`invoice.collected`: the order is billed on an invoice with others, which a credit note can take this order's share of back."""
    data = fact.event.data
    if isinstance(data, CollectedInvoice) and data.state == "posted" and data.number not in w.invoices:
        w.invoices[data.number] = data.erp_id
        _bills(w, data.lines, 1)


def _bills(w: Work, lines: Iterable[CustomerInvoiceLine | InvoiceRequestLine], sign: int) -> None:
    for line in lines:
        if line.order_line in w.lines and line.kind == "goods":
            w.billed[line.order_line] = plain(Decimal(w.billed.get(line.order_line, "0")) + sign * line.quantity.value)


def _named(w: Work, fact: Happened) -> None:
    """The order's id in the ERP from its invoice, where no confirmation told it; an invoice of several orders names none."""
    scheme = f"{w.plan.system('erp')}:order_id"
    ids = {reference.value for reference in fact.event.references if reference.scheme == scheme}
    if not w.erp_id and len(ids) == 1:
        w.refer(scheme, ids.pop())


def shipped_of(w: Work, line: str) -> Decimal:
    """What left of an order line, at most what was ordered."""
    if line not in w.lines:
        return ZERO
    return min(Decimal(w.shipped.get(line, "0")), Decimal(w.lines[line]["quantity"]))
