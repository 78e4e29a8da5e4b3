"""What events say of an order's payments: what was ordered, what left, what gateways hold and took; asks for nothing."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.order import OrderShipped, SalesOrder
from crossdock.canonical.payment import Payment
from crossdock.canonical.shipment import Shipment
from crossdock.core.process import Happened
from crossdock.processes.payment_capture.states import Authorization
from crossdock.processes.payment_capture.work import Work
from crossdock.processes.values import replace


def ordered(w: Work, fact: Happened) -> None:
    """`order.placed`, `order.changed`: what the order comes to."""
    order = fact.event.data
    if not isinstance(order, SalesOrder):
        return
    w.order = {
        "number": order.number,
        "currency": order.currency,
        "total": format(order.total.amount, "f") if order.total is not None else "",
        "lines": {
            line.number: [format(line.quantity.value, "f"), format(line.unit_price.amount, "f") if line.unit_price else "0"]
            for line in order.lines
        },
    }


def left(w: Work, fact: Happened) -> None:
    """`shipment.shipped`: goods left the stock."""
    shipment = fact.event.data
    if not isinstance(shipment, Shipment) or shipment.number in w.consignments:
        return
    w.consignments.append(shipment.number)
    w.cause = fact.event.id
    for line in shipment.lines:
        w.left[line.order_line] = format(Decimal(w.left.get(line.order_line, "0")) + line.quantity.value, "f")


def complete(w: Work, fact: Happened) -> None:
    """`order.shipped`: nothing more will leave."""
    if isinstance(fact.event.data, OrderShipped):
        w.complete = True
        w.cause = w.cause or fact.event.id


def authorized(w: Work, fact: Happened) -> None:
    """`payment.authorized`: a gateway holds money for this order."""
    told = fact.event.data
    if not isinstance(told, Payment) or fact.event.source not in w.plan.gateways():
        return
    w.reach("authorized")
    w.closed = ""
    known = _known(w, fact.event.source, told.payment)
    amount = format(told.amount.amount, "f")
    if known is None:
        n = len(w.authorizations) + 1
        w.put(Authorization(n, fact.event.source, told.payment, amount, told.amount.currency))
    elif not known.gone and Decimal(known.captured) == 0 and not any(one.of == known.n for one in w.takes):
        w.put(replace(known, amount=amount))


def captured(w: Work, fact: Happened) -> None:
    """`payment.captured`: money was taken, by this flow or by somebody else."""
    told = fact.event.data
    if not isinstance(told, Payment) or fact.event.source not in w.plan.gateways():
        return
    known = _known(w, fact.event.source, told.payment)
    amount = told.amount.amount
    if known is None:
        n = len(w.authorizations) + 1
        known = Authorization(n, fact.event.source, told.payment, format(amount, "f"), told.amount.currency)
    if fact.event.id in known.seen:
        return
    taken = told.captured.amount if told.captured is not None else Decimal(known.captured) + amount
    taken = max(taken, Decimal(known.captured))
    w.put(
        replace(
            known,
            captured=format(taken, "f"),
            amount=format(max(taken, Decimal(known.amount)), "f"),
            seen=(*known.seen, fact.event.id),
        )
    )
    w.reach("captured")


def given_up(w: Work, fact: Happened) -> None:
    """`payment.cancelled`: nothing can be taken of this payment any more."""
    told = fact.event.data
    if isinstance(told, Payment) and (known := _known(w, fact.event.source, told.payment)) is not None:
        w.put(replace(known, gone=True))


def _known(w: Work, system: str, payment: str) -> Authorization | None:
    return next((one for one in w.authorizations if (one.system, one.payment) == (system, payment)), None)
