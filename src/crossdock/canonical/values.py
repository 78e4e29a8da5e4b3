"""Money, quantities and times as exact values; knows no business object."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainSerializer, ValidatorFunctionWrapHandler, WrapValidator

from crossdock.canonical.base import Canonical
from crossdock.canonical.codes import MINOR_UNITS

_DIGITS = 28
_BOUND = 10**_DIGITS


def _exact(value: Any, validate: ValidatorFunctionWrapHandler) -> Decimal:
    """Refuse binary floats, and read the commonest forms without counting their digits one by one, which costs as much as all the rest."""
    kind = type(value)
    if kind is str:
        if len(value) <= _DIGITS and value.isascii() and value.replace(".", "", 1).isdigit():
            return Decimal(value)
    elif kind is Decimal:
        if len(digits := str(value)) <= _DIGITS and digits.replace(".", "", 1).isdigit():
            return value  # type: ignore[no-any-return]
    elif kind is int:
        if -_BOUND < value < _BOUND:
            return Decimal(value)
    elif isinstance(value, float):
        raise ValueError("binary floating point cannot carry an amount exactly; send a string or a decimal")
    return validate(value)  # type: ignore[no-any-return]


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time without a zone is ambiguous; add an offset such as +00:00")
    try:
        return value.astimezone(UTC)
    except OverflowError:  # the first or the last day there is, in another zone
        raise ValueError("is no time in UTC") from None


def _plain(value: Decimal) -> str:
    return format(value, "f")


ExactDecimal = Annotated[
    Decimal,
    # the constraint stands before the validator so that it is checked in Rust
    Field(max_digits=_DIGITS, allow_inf_nan=False),
    WrapValidator(_exact),
    PlainSerializer(_plain, return_type=str, when_used="always"),
]
"""A decimal that refuses binary floats and is written as a plain string (no exponent)."""

UtcTime = Annotated[datetime, AfterValidator(_aware)]
"""A point in time; naive times are refused, aware ones are normalised to UTC."""

Day = date
"""A calendar day as it stands on a paper (EN 16931 data type Date): issue, due and delivery dates, expiry. It is the day of the place named
with it; days are compared with days, never with points in time."""

CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 alphabetic code")]
CountryCode = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code")]
UnitCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,3}$", description="UN/ECE Recommendation 20 code")]


class UnlikeAmounts(ValueError):
    """Amounts in different currencies, or quantities in different units, cannot be added or compared."""


class Money(Canonical):
    """An amount in one currency (EN 16931 data type Amount). Arithmetic stays exact and in the currency."""

    schema_name = "money"

    amount: ExactDecimal
    currency: CurrencyCode

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Nothing, in a currency."""
        return cls(amount=Decimal(0), currency=currency)

    def __add__(self, other: Money) -> Money:
        return Money(amount=self.amount + self._same(other), currency=self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(amount=self.amount - self._same(other), currency=self.currency)

    def __neg__(self) -> Money:
        return Money(amount=-self.amount, currency=self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        if isinstance(factor, float):
            raise TypeError("multiply money with a decimal or a whole number, not with a binary float")
        return Money(amount=self.amount * factor, currency=self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def rounded(self) -> Money:
        """To the currency's minor unit (ISO 4217), halves away from zero as tax law and Odoo round."""
        unit = Decimal(1).scaleb(-MINOR_UNITS.get(self.currency, 2))
        return Money(amount=self.amount.quantize(unit, ROUND_HALF_UP), currency=self.currency)

    def differs(self, other: Money, tolerance: Decimal) -> bool:
        """Whether two amounts are further apart than `tolerance`."""
        return abs(self.amount - self._same(other)) > tolerance

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise UnlikeAmounts(f"{self.currency} and {other.currency} cannot be put together")
        return other.amount


class Quantity(Canonical):
    """A quantity in a UN/ECE Rec 20 unit; `C62` is one piece."""

    schema_name = "quantity"

    value: ExactDecimal
    unit: UnitCode = "C62"

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(value=self.value + self._same(other), unit=self.unit)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(value=self.value - self._same(other), unit=self.unit)

    def _same(self, other: Quantity) -> Decimal:
        if other.unit != self.unit:
            raise UnlikeAmounts(f"quantities in {self.unit} and {other.unit} cannot be put together")
        return other.value


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum of amounts, all in `currency`. Raises UnlikeAmounts for another one."""
    return sum(amounts, Money.zero(currency))
