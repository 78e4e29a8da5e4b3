"""Weights in kilograms, exact by definition of the units, rounded to the gram; knows no document."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

_KILOGRAMS: Final[Mapping[str, Decimal]] = {
    "KGM": Decimal(1),
    "GRM": Decimal("0.001"),
    "MGM": Decimal("0.000001"),
    "TNE": Decimal(1000),
    "LBR": Decimal("0.45359237"),
    "ONZ": Decimal("0.028349523125"),
    "STN": Decimal("907.18474"),
    "LTN": Decimal("1016.0469088"),
    "CWA": Decimal("45.359237"),
}


def kilograms(value: Decimal, unit: str) -> Decimal | None:
    """A weight in kilograms, to the gram where it is converted; None for a unit (Rec 20) that is no weight."""
    factor = _KILOGRAMS.get(unit)
    if factor is None:
        return None
    return value if factor == 1 else (value * factor).quantize(Decimal("0.001"), ROUND_HALF_UP)
