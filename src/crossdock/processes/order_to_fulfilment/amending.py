"""Amendments: a change that lists only what changes, laid over the version before it; issues no commands."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from crossdock.processes.frame.states import Json

_TERMS: Final = ("ship_to", "requested_ship_date", "service_level", "note")
_NEEDED: Final = ("sku", "quantity", "unit_price")


def laid_over(order: Json, change: Json) -> tuple[Json, list[str]]:
    """The whole order as the amendment makes it, and what it leaves open; with anything open it must not come into force.

    Facts of a line the amendment does not state stay. Without a stated total the old one moves by what the lines are worth more or less.
    """
    before = {line["number"]: line for line in order["lines"]}
    lines = {number: line for number, line in before.items() if number not in change["removed"]}
    open_ = [
        f"line {number} is taken back, but the order has none of that number"
        for number in change["removed"]
        if number not in before
    ]
    for line in change["lines"]:
        stated = {name: value for name, value in line.items() if value not in (None, "", [])}
        known = lines.get(line["number"])
        if known is None:
            missing = [name.replace("_", " ") for name in _NEEDED if name not in stated]
            if missing:
                open_.append(f"line {line['number']} is new, but says nothing of its {' and '.join(missing)}")
                continue
            known = {"name": "", "discount": None, "tax": None, "identifiers": []}
        elif stated.get("sku", known["sku"]) != known["sku"]:
            stated.setdefault("name", "")
        lines[line["number"]] = {**known, **stated}
    whole = {**order, **{name: change[name] for name in _TERMS if change.get(name)}, "lines": list(lines.values())}
    whole["total"] = change.get("total") or _moved(order, sum(map(_worth, lines.values()), Decimal(0)))
    currencies = {line["unit_price"]["currency"] for line in lines.values()} | {whole["total"]["currency"]}
    if currencies - {order["currency"]}:
        open_.append(
            f"it states amounts in {', '.join(sorted(currencies - {order['currency']}))}, the order is in {order['currency']}"
        )
    return whole, open_


def _moved(order: Json, worth: Decimal) -> Json:
    total = Decimal(order["total"]["amount"])
    moved = total + worth - sum(map(_worth, order["lines"]), Decimal(0))
    exponent = total.as_tuple().exponent
    cent = Decimal(1).scaleb(min(-2, exponent) if isinstance(exponent, int) else -2)
    return {**order["total"], "amount": str(moved.quantize(cent, ROUND_HALF_UP))}


def _worth(line: Json) -> Decimal:
    discount = Decimal(line["discount"]["amount"]) if line.get("discount") else Decimal(0)
    return Decimal(line["quantity"]["value"]) * Decimal(line["unit_price"]["amount"]) - discount
