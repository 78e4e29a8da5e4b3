"""Exchange rates a caller knows, used both ways; invents none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from crossdock.canonical.values import Money


@dataclass(frozen=True, slots=True)
class Converted:
    """An amount in another currency, rounded to its minor unit, and the rate in words."""

    amount: Decimal
    words: str


class Rates:
    """`rates`: "EUR/USD" -> how many dollars a euro is. A rate of zero or less is none."""

    def __init__(self, rates: Mapping[str, Decimal]) -> None:
        self._rates = {pair.upper(): rate for pair, rate in rates.items() if rate > 0}

    def convert(self, amount: Decimal, source: str, target: str) -> Converted | None:
        """The amount in `target`; None when neither the rate nor its inverse is known."""
        if source == target:
            return Converted(amount, "1")
        there, back = self._rates.get(f"{source}/{target}"), self._rates.get(f"{target}/{source}")
        if there is not None:
            made, words = amount * there, f"{there} {target} for 1 {source}"
        elif back is not None:
            made, words = amount / back, f"{back} {source} for 1 {target}"
        else:
            return None
        return Converted(Money(amount=round(made, 10), currency=target).rounded().amount, words)
