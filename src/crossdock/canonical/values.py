"""Money, quantities and times as exact values; knows no business object."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer

from crossdock.canonical.base import Canonical


def _refuse_float(value: Any) -> Any:
    if isinstance(value, float):
        raise ValueError("binary floating point cannot carry an amount exactly; send a string or a decimal")
    return value


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without a zone is ambiguous; add an offset such as +00:00")
    return value.astimezone(UTC)


def _plain(value: Decimal) -> str:
    return format(value, "f")


ExactDecimal = Annotated[
    Decimal,
    # the constraint stands before the validator so that it is checked in Rust
    Field(max_digits=28, allow_inf_nan=False),
    BeforeValidator(_refuse_float),
    PlainSerializer(_plain, return_type=str, when_used="always"),
]
"""A decimal that refuses binary floats and is written as a plain string (no exponent)."""

UtcTime = Annotated[datetime, AfterValidator(_aware)]
"""A point in time; naive times are refused, aware ones are normalised to UTC."""

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 alphabetic code")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code")]
UnitCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,3}$", description="UN/ECE Recommendation 20 code")]


class Money(Canonical):
    """An amount in one currency (EN 16931 data type Amount)."""

    schema_name = "money"

    amount: ExactDecimal
    currency: CurrencyCode


class Quantity(Canonical):
    """A quantity in a UN/ECE Rec 20 unit; `C62` is one piece."""

    schema_name = "quantity"

    value: ExactDecimal
    unit: UnitCode = "C62"
