"""What the customer paid for the lines of an order, with tax, and what of it goes back for a part; exact to the cent, knows no state."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from crossdock.canonical.codes import MINOR_UNITS
from crossdock.processes.frame.states import ZERO, Json


def plain(value: Decimal) -> str:
    """A decimal without exponent."""
    return format(value, "f")


def rounded(amount: Decimal, currency: str) -> Decimal:
    """To the currency's minor unit (ISO 4217), halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-MINOR_UNITS.get(currency, 2)), ROUND_HALF_UP)


def paid_for(order: Json) -> tuple[dict[str, Decimal], Decimal]:
    """What the customer paid for each line, and for everything else (shipping): together exactly the order's total.

    A line comes to quantity times price (without tax, whatever the shop shows) less its discount, plus its tax; where lines state no tax, the
    order's is shared out by value. When
    the lines come to more than the total, a discount on the whole order is shared out the same way.
    """
    currency, total = order["currency"], _amount(order["total"])
    net = {line["number"]: net_of(line) for line in order["lines"]}
    gross = dict(net)
    if any(line["tax"] for line in order["lines"]):
        for line in order["lines"]:
            gross[line["number"]] += _amount(line["tax"])
    elif order["tax"]:
        base = sum(net.values(), ZERO) + _amount(order["shipping"])
        rate = _amount(order["tax"]) / base if base > 0 else ZERO
        gross = {number: value + value * rate for number, value in net.items()}
    gross = {number: rounded(max(value, ZERO), currency) for number, value in gross.items()}
    goods = sum(gross.values(), ZERO)
    if goods > total:
        gross = shared(gross, max(total, ZERO), currency)
        goods = sum(gross.values(), ZERO)
    return gross, max(total - goods, ZERO)


def net_of(line: Json) -> Decimal:
    """What a line comes to without tax."""
    return Decimal(line["quantity"]["value"]) * _amount(line["unit_price"]) - _amount(line["discount"])


def shared(values: dict[str, Decimal], total: Decimal, currency: str) -> dict[str, Decimal]:
    """`total` shared out by `values`, to the cent: what is left over by rounding falls on the last that has any."""
    whole = sum(values.values(), ZERO)
    found: dict[str, Decimal] = {}
    left, rest = total, whole
    for name, value in values.items():
        part = rounded(left * value / rest, currency) if rest > 0 else ZERO
        found[name] = part
        left, rest = left - part, rest - value
    return found


def part_of(gross: Decimal, ordered: Decimal, before: Decimal, paid_before: Decimal, quantity: Decimal, currency: str) -> Decimal:
    """What goes back for `quantity` of a line of which `before` were given back for `paid_before`: all parts together are the whole line."""
    if ordered <= 0 or quantity <= 0:
        return ZERO
    if before + quantity >= ordered:
        return max(gross - paid_before, ZERO)
    up_to = rounded(gross * (before + quantity) / ordered, currency) - rounded(gross * before / ordered, currency)
    return max(min(up_to, gross - paid_before), ZERO)


def _amount(money: Any) -> Decimal:
    return Decimal(money["amount"]) if money else ZERO
