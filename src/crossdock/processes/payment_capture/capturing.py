"""How much is due and of which authorisation it is taken: never more than left, never more than was authorised, never twice."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal

from crossdock.core.errors import DecisionNeeded
from crossdock.processes.frame.money import policy
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.payment_capture.states import Authorization, Take
from crossdock.processes.payment_capture.work import Work
from crossdock.processes.values import replace

_CENT = Decimal("0.01")


def pursue(w: Work) -> None:
    """Do what is due."""
    if w.order is None:
        return
    if w.complete and not w.consignments:
        _void(w)
    elif w.settings.capture != "never" and (w.complete or (w.settings.capture == "shipment" and w.consignments)):
        _capture(w)
    _finish(w)


def due(w: Work) -> Decimal:
    """What may be taken for what left: of the whole order its total, of a part the part of the total that its goods are, rounded down."""
    order: Json = w.order or {}
    if not order.get("total"):
        return ZERO
    total = Decimal(order["total"])
    lines = {number: (Decimal(quantity), Decimal(price)) for number, (quantity, price) in order["lines"].items()}
    left = {number: min(Decimal(w.left.get(number, "0")), quantity) for number, (quantity, _) in lines.items()}
    if all(left[number] >= quantity for number, (quantity, _) in lines.items()):
        return total
    whole = sum((quantity * price for quantity, price in lines.values()), ZERO)
    part = sum((left[number] * price for number, (_, price) in lines.items()), ZERO)
    return (total * part / whole).quantize(_CENT, ROUND_DOWN) if whole > 0 else ZERO


def taken(w: Work, one: Authorization) -> Decimal:
    """What was taken of an authorisation, or was asked for and may have been."""
    asked = sum((Decimal(take.amount) for take in w.takes if take.of == one.n), ZERO)
    return max(asked, Decimal(one.captured))


def _capture(w: Work) -> None:
    owed = due(w) - sum((taken(w, one) for one in w.authorizations), ZERO)
    if owed <= 0 or not w.authorizations:
        return
    w.reach("due")
    currency = str((w.order or {})["currency"])
    usable = [one for one in w.authorizations if not one.gone and not one.void and one.currency == currency]
    for one in usable:
        amount = min(owed, Decimal(one.amount) - taken(w, one))
        # a gateway that captures once releases the rest: what was taken in part is taken again only where parts are configured
        again = taken(w, one) > 0 and w.settings.capture != "shipment"
        if amount <= 0 or again:
            continue
        owed -= amount
        take = Take(len(w.takes) + 1, one.n, format(amount, "f"), w.cause, "asked")
        w.put(take)
        data: Json = {
            "payment_reference": one.payment,
            "amount": {"amount": take.amount, "currency": one.currency},
            "order_number": (w.order or {})["number"],
            "reason": "shipped",
            "justified_by": w.cause,
            "approved_by": policy(w.plan.context.flow, "capture"),
        }
        w.issue("payment.capture", one.system, str(take.n), data)
        w.expect_stage(
            "captured", 0, w.at, f"{take.amount} {one.currency} of order {data['order_number']} are taken", not_before=w.at
        )
    if owed > 0 and w.complete and "short" not in w.parked and "short" not in w.refs:
        words = f"{owed} {currency} of what was shipped are not covered by what the customer authorised"
        w.park("short", DecisionNeeded(words, missing=format(owed, "f"), currency=currency), "finance", ("acknowledge",))
        w.refs["short"] = format(owed, "f")


def _void(w: Work) -> None:
    """Nothing leaves: the money is the customer's again."""
    if not w.settings.void:
        return
    for one in list(w.authorizations):
        if one.gone or one.void or taken(w, one) > 0:
            continue
        w.put(replace(one, void="asked"))
        data: Json = {
            "payment_reference": one.payment,
            "order_number": (w.order or {})["number"],
            "reason": "requested_by_customer",
            "justified_by": w.cause,
            "approved_by": policy(w.plan.context.flow, "void"),
        }
        w.issue("payment.cancel", one.system, str(one.n), data)


def _finish(w: Work) -> None:
    if w.closed or not w.complete or w.asked or w.parked:
        return
    w.closed = "finished" if w.consignments else "cancelled"
    w.forget_all()
