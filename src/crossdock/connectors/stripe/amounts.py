"""Stripe's minor units (docs.stripe.com/currencies): which currencies have none or three, and what a charge must be a multiple of."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.values import Money
from crossdock.connectors.minor_units import to_minor

WHOLE: Final = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF")
)
"""Zero-decimal currencies: the amount is the number of whole units."""
THOUSANDTHS: Final = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))
"""Three-decimal currencies; for the card networks' sake the last digit must be zero."""
ISK_LIKE: Final = frozenset({"ISK", "UGX"})
"""Zero-decimal currencies that Stripe still writes with two decimals, which must be 00."""


def digits(currency: str) -> int:
    """Decimals of a currency in Stripe's amounts. HUF and TWD have two in charges and refunds (only manual payouts must be whole)."""
    if currency in WHOLE:
        return 0
    return 3 if currency in THOUSANDTHS else 2


def minor(money: Money) -> int:
    """An amount as Stripe's API takes it. Raises `AmountInexact`."""
    multiple = 10 if money.currency in THOUSANDTHS else 100 if money.currency in ISK_LIKE else 1
    return to_minor(money, digits(money.currency), multiple)
