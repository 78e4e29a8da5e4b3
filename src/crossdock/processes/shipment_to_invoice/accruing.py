"""Freight that is expected: booked in the ERP when the carrier is booked, and taken out again when it is billed or the booking is given up.

It decides nothing about invoices.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from crossdock.canonical.freight import FreightInvoice, FreightQuote
from crossdock.canonical.shipment import Shipment
from crossdock.core.process import Happened
from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import Json, Step
from crossdock.processes.shipment_to_invoice.states import Booking
from crossdock.processes.shipment_to_invoice.work import Work
from crossdock.processes.values import replace


def quoted(w: Work, fact: Happened) -> None:
    """`freight.quoted`: what a consignment will cost, from its booking or the answer to a tender, often before its goods leave the stock."""
    data = fact.event.data
    if not isinstance(data, FreightQuote):
        return
    charges: dict[str, Decimal] = {}
    for one in data.charges:
        if one.amount.currency == data.amount.currency:
            charges[one.kind] = charges.get(one.kind, Decimal(0)) + one.amount.amount
    written = {kind: format(amount, "f") for kind, amount in charges.items()}
    weight = "" if data.weight_kg is None else format(data.weight_kg, "f")
    cost = {"amount": format(data.amount.amount, "f"), "currency": data.amount.currency}
    book(w, data.shipment_number, data.carrier, cost, fact.event.id, written, data.zone, weight)


def told(w: Work, fact: Happened) -> None:
    """`shipment.booked`: a warehouse or a carrier may say the price with it."""
    data = fact.event.data
    if isinstance(data, Shipment) and data.cost is not None:
        cost = {"amount": format(data.cost.amount, "f"), "currency": data.cost.currency}
        book(w, data.number, data.carrier, cost, fact.event.id)


def book(
    w: Work, number: str, carrier: str, cost: Json, cause: str, charges: Json | None = None, zone: str = "", weight: str = ""
) -> None:
    """A price is known. Of a booking that was changed the earlier price is expected no more."""
    known = booking(w, number)
    if known is not None:
        if Decimal(known.cost["amount"]) == Decimal(cost["amount"]) and known.cost["currency"] == cost["currency"]:
            # the same price told again, perhaps with more detail
            more = replace(known, carrier=known.carrier or carrier, charges=known.charges or charges or {}, zone=known.zone or zone,
                           weight_kg=known.weight_kg or weight)  # fmt: skip
            if more != known:
                w.put(more)
            return
        w.put(replace(known, gone=True))
        w.note(f"{number} costs {cost['amount']} {cost['currency']}, not {known.cost['amount']} {known.cost['currency']}")
    turn = 1 + sum(one.number == number for one in w.bookings)
    w.put(Booking(len(w.bookings) + 1, number, cost, cause, carrier, charges or {}, zone, weight, turn))


def booking(w: Work, number: str) -> Booking | None:
    """The booking of a consignment that stands."""
    return next((one for one in w.bookings if one.number == number and not one.gone), None)


def billed(w: Work, fact: Happened) -> None:
    """`freight.billed`: a carrier's invoice is a bill now, so what was expected of its consignments is expected no more."""
    invoice = fact.event.data
    if not isinstance(invoice, FreightInvoice) or invoice.kind != "invoice":
        return
    for one in w.consignments:
        names = {one.number, one.waybill, *one.tracking} - {""}
        if any(names & {line.waybill, line.tracking_number, line.shipment_number} for line in invoice.lines):
            give_up(w, one.number)


def give_up(w: Work, number: str) -> None:
    """The freight of a consignment is expected no more."""
    known = booking(w, number)
    if known is not None and not known.settled:
        w.put(replace(known, settled=True))


def pursue(w: Work, n: int) -> None:
    """Book what is expected once, and take it out once."""
    if not w.settings.accrue_freight or not w.erp:
        return
    one = w.bookings[n]
    over = one.gone or one.settled
    if not one.accrual and not over and Decimal(one.cost["amount"]) > 0:
        _ask(w, replace(one, accrual="asked"), "booking", one.cause, reverses=False)
    elif one.accrual == "done" and over and not one.back:
        _ask(w, replace(one, back="asked"), "back", w.cause or one.cause, reverses=True)


def accepted(w: Work, n: int, turn: str, ack: Mapping[str, Any]) -> None:
    """The entry is in the ERP's books."""
    one = mark(w, n, turn, "done")
    entry = str(ack.get("move_number") or "")
    if turn == "back":
        w.note(f"the freight of {one.number} is expected no more")
    else:
        one = replace(one, entry=entry)
        w.put(one)
    if not w.settings.tells:
        return
    document = {
        "shipment_number": one.number,
        "order_number": w.order["number"] if w.order else "",
        "carrier": one.carrier,
        "amount": one.cost,
        "state": "released" if turn == "back" else "accrued",
        "booked_on": w.plan.today(w.at).isoformat(),
        "entry": entry,
    }
    w.emit("freight.accrued", f"{n}.{turn}", w.erp, document)


def mark(w: Work, n: int, turn: str, step: Step) -> Booking:
    """How far booking (`booking`) or taking out (`back`) is."""
    one = w.bookings[n - 1]
    one = replace(one, back=step) if turn == "back" else replace(one, accrual=step)
    w.put(one)
    return one


def _ask(w: Work, one: Booking, turn: str, cause: str, *, reverses: bool) -> None:
    w.put(one)
    data: Json = {
        "shipment_number": one.number,
        "order_number": w.order["number"] if w.order else "",
        "carrier": one.carrier,
        "amount": one.cost,
        "booked_on": w.plan.today(w.at).isoformat(),
        "turn": one.turn,
        "reverses": reverses,
        "justified_by": cause,
        "approved_by": policy(w.plan.context.flow, "accrue_freight"),
    }
    w.issue("freight.accrue", w.erp, f"{one.n}.{turn}", data)
