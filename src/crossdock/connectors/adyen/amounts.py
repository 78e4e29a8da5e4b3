"""Adyen's minor units (docs.adyen.com/development-resources/currency-codes): ISO 4217 but for four currencies."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.codes import MINOR_UNITS
from crossdock.canonical.values import Money
from crossdock.connectors.minor_units import to_minor

OTHER: Final = {"CLP": 2, "CVE": 0, "IDR": 0, "ISK": 2}
"""Where Adyen differs from ISO 4217."""


def digits(currency: str) -> int:
    """Decimals of a currency in Adyen's amounts."""
    return OTHER.get(currency, MINOR_UNITS.get(currency, 2))


def minor(money: Money) -> int:
    """An amount as Adyen's API takes it. Raises `AmountInexact`."""
    return to_minor(money, digits(money.currency))
