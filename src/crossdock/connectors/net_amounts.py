"""A shop's prices as net amounts: it may show prices with tax, canonical prices never include it; knows no order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

MICRO: Final = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class NetLine:
    """One line without tax: unit_price * quantity - discount + tax is what the customer pays for it."""

    unit_price: Decimal
    discount: Decimal
    tax: Decimal


def per_unit(total: Decimal, quantity: Decimal) -> Decimal:
    """`total` divided by `quantity`, exact when it can be, else rounded to a millionth (far below the last cent of any line)."""
    unit = total / quantity
    return unit if unit * quantity == total else unit.quantize(MICRO, ROUND_HALF_EVEN)


def net_line(price: Decimal, quantity: Decimal, discount: Decimal, tax: Decimal, includes_tax: bool) -> NetLine:
    """The net amounts of a line whose unit `price` and `discount` include `tax` or not.

    Tax is taken out by the share the shop calculated for the line, not by its rate, so that the line's sum stays the shop's to the cent.
    """
    if not includes_tax:
        return NetLine(price, discount, tax)
    gross = price * quantity - discount
    if gross <= 0 or tax >= gross:
        return NetLine(price, discount, tax)
    net_discount = (discount * (gross - tax) / gross).quantize(MICRO, ROUND_HALF_EVEN)
    return NetLine(per_unit(gross - tax + net_discount, quantity), net_discount, tax)
