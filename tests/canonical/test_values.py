"""Money and quantities are exact and only meet their own kind."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crossdock.canonical.codes import COUNTRIES, CURRENCIES, MINOR_UNITS
from crossdock.canonical.values import Money, Quantity, UnlikeAmounts, total

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=4)


def eur(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


@given(amounts, amounts)
def test_sums_are_exact(one: Decimal, other: Decimal) -> None:
    first, second = Money(amount=one, currency="EUR"), Money(amount=other, currency="EUR")
    assert (first + second).amount == one + other
    assert first + second - second == first
    negative = -first
    assert -negative == first
    assert Money.model_validate_json(first.model_dump_json()) == first


def test_unlike_amounts_do_not_meet() -> None:
    usd = Money(amount=Decimal(1), currency="USD")
    for operation in (
        lambda: eur("1") + usd,
        lambda: eur("1") - usd,
        lambda: eur("1") < usd,
        lambda: total([eur("1"), usd], "EUR"),
    ):
        with pytest.raises(UnlikeAmounts, match="cannot be put together"):
            operation()
    with pytest.raises(UnlikeAmounts):
        Quantity(value=Decimal(1), unit="C62") + Quantity(value=Decimal(1), unit="KGM")


def test_floats_are_refused_everywhere() -> None:
    with pytest.raises(TypeError):
        eur("1") * 0.1  # type: ignore[operator]
    with pytest.raises(ValidationError, match="binary floating point"):
        Money.model_validate({"amount": 0.1, "currency": "EUR"})


def test_rounding_follows_the_currency() -> None:
    assert eur("1.005").rounded().amount == Decimal("1.01")
    assert eur("-1.005").rounded().amount == Decimal("-1.01")
    assert Money(amount=Decimal("99.5"), currency="JPY").rounded().amount == Decimal(100)
    assert Money(amount=Decimal("1.0005"), currency="KWD").rounded().amount == Decimal("1.001")
    assert (eur("1.10") * 3).amount == (3 * eur("1.10")).amount == Decimal("3.30")
    assert total([eur("1"), eur("2")], "EUR") == eur("3") and total([], "EUR").amount == 0
    assert eur("10").differs(eur("10.03"), Decimal("0.02")) and not eur("10").differs(eur("10.02"), Decimal("0.02"))


def test_the_code_lists_are_those_of_iso() -> None:
    import pycountry

    assert {"XK"} | {one.alpha_2 for one in pycountry.countries} == COUNTRIES
    nothing_is_bought_for = {"XTS", "XXX"}
    assert {one.alpha_3 for one in pycountry.currencies} - nothing_is_bought_for == CURRENCIES
    assert set(MINOR_UNITS) <= CURRENCIES
