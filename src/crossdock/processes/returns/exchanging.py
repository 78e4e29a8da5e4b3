"""Goods instead of money: a new order without charge, or a person who sees to it."""

from __future__ import annotations

from decimal import Decimal

from crossdock.core.errors import DecisionNeeded
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.returns.pricing import plain
from crossdock.processes.returns.states import Return
from crossdock.processes.returns.work import Work
from crossdock.processes.values import replace


def exchange(w: Work, one: Return) -> None:
    """Begin the exchange: a new order, or a person."""
    wanted = [line for line in one.lines if line.get("wanted") == "exchange" and Decimal(line["quantity"]) > 0]
    if w.settings.exchanges == "ask":
        w.put(replace(one, exchange="asked"))
        error = DecisionNeeded(
            f"return {one.number}: the customer wants goods instead: {', '.join(_wants(line) for line in wanted)}",
            number=one.number, lines=[{"sku": line.get("exchange_sku") or line["sku"], "quantity": line["quantity"]} for line in wanted],
        )  # fmt: skip
        w.park(f"exchange:{one.n}", error, "service", ("done", "refund"))
        return
    w.put(replace(one, exchange="done"))
    _order(w, one, wanted)
    w.note(f"return {one.number} is exchanged: {', '.join(_wants(line) for line in wanted)}")


def _wants(line: Json) -> str:
    return f"{line['quantity']} of {line.get('exchange_sku') or line['sku']}"


def _order(w: Work, one: Return, wanted: list[Json]) -> None:
    """Tell the new order, free of charge; its number is the first order's with the return's."""
    role = w.settings.exchange_role
    system = w.plan.system(role) if role else w.source
    number = f"{w.number[:48]}-R{one.n}"
    nothing = {"amount": "0", "currency": w.currency}
    order = {
        "number": number,
        "placed_at": w.at,
        "customer": w.customer,
        "ship_to": w.ship_to,
        "currency": w.currency,
        "lines": [
            {
                "number": str(place),
                "sku": line.get("exchange_sku") or line["sku"],
                "quantity": {"value": line["quantity"], "unit": line["unit"]},
                "unit_price": nothing,
            }
            for place, line in enumerate(wanted, 1)
        ],
        "total": nothing,
        "payment_status": "paid",
        "note": f"exchange for return {one.number} of order {w.number}",
    }
    w.emit("order.placed", str(one.n), system, order, key=f"order/{system}/{number}")


def refund_instead(w: Work, one: Return) -> None:
    """A person says that the customer gets money for what was to be exchanged."""
    lines = tuple({**line, "wanted": "refund"} if line.get("wanted") == "exchange" else line for line in one.lines)
    more = sum((Decimal(line["amount"]) for line in one.lines if line.get("wanted") == "exchange"), ZERO)
    credit = "" if one.credit == "skipped" and not Decimal(one.amount) else one.credit
    w.put(
        replace(
            one,
            lines=lines,
            exchange="skipped",
            amount=plain(Decimal(one.amount) + more),
            due=plain(Decimal(one.due or "0") + more),
            credit=credit,
            register="",
        )
    )
