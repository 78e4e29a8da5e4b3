"""Amounts in whole minor units, as payment gateways count them, to and from exact money; how many digits a currency has is the gateway's to say."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from crossdock.canonical.values import Money
from crossdock.connectors.document import Node
from crossdock.core.errors import AmountInexact

LARGEST: Final = 10**18
"""No amount of a gateway has more digits than fit 64 bits."""


def to_minor(money: Money, digits: int, multiple: int = 1) -> int:
    """`money` in units of 10^-digits, by whole numbers only. `multiple`: the gateway takes multiples of this many units.

    Raises `AmountInexact` when it does not come out whole: nothing is rounded here.
    """
    sign, figures, exponent = money.amount.as_tuple()
    whole = int("".join(map(str, figures)) or "0")
    shift = int(exponent) + digits
    units, rest = (int(whole * 10**shift), 0) if shift >= 0 else divmod(whole, int(10**-shift))
    if rest or units % multiple:
        smallest = Decimal((0, (1,), -digits)) * multiple
        message = f"{money.amount} {money.currency} is no multiple of {smallest:f} {money.currency}"
        raise AmountInexact(message, amount=str(money.amount), currency=money.currency, smallest=format(smallest, "f"))
    return -units if sign else units


def from_minor(units: int, currency: str, digits: int) -> Money:
    """The money that `units` of 10^-digits are."""
    sign, figures = (1, -units) if units < 0 else (0, units)
    return Money(amount=Decimal((sign, tuple(map(int, str(figures))), -digits)), currency=currency)


def money_at(node: Node, key: str, currency: str, digits: Callable[[str], int]) -> Money | None:
    """The amount in a field of minor units; a problem (and None) when it is no whole number, or the currency is none."""
    value = node.raw(key)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= LARGEST:
        node.wrong(key, "must be a whole number of minor units")
        return None
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        return None
    return from_minor(value, currency, digits(currency))


def currency_at(node: Node, key: str = "currency") -> str:
    """A currency code in upper case; a problem (and an empty one) when it is none."""
    code = node.text(key, required=True, limit=3).upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        node.wrong(key, "must be a currency code (ISO 4217)")
        return ""
    return code
