"""Checks find what the schema cannot see, all of it at once, and leave alone what is merely unusual."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from crossdock.canonical.checks import address_problems, problems
from crossdock.canonical.fulfilment import FulfilmentLine, PickConfirmation, PickedLine
from crossdock.canonical.order import SalesOrder
from crossdock.canonical.party import Address
from crossdock.canonical.phones import assigned_phone, normalise_phone
from crossdock.canonical.product import Product
from crossdock.canonical.values import Quantity

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WIEN = {"name": "Jo", "street": "Weg 1", "city": "Wien", "postal_code": "1010", "country": "AT"}


def order(**changes: Any) -> dict[str, Any]:
    money = {"amount": "10.00", "currency": "EUR"}
    return {
        "number": "1001",
        "placed_at": NOW,
        "customer": {"id": "7", "name": "ACME"},
        "ship_to": WIEN,
        "currency": "EUR",
        "lines": [{"number": n, "sku": "A", "quantity": {"value": "1"}, "unit_price": money} for n in ("1", "2")],
        "total": money,
        **changes,
    }


def codes(payload: Any) -> list[tuple[str, str]]:
    return [(one.path, one.code) for one in problems(payload)]


def test_a_good_order_has_no_problems() -> None:
    good = order(ship_to={**WIEN, "phone": "+43 1 58858", "email": "jo@example.at"}, bill_to={"country": "DE"})
    assert problems(SalesOrder.model_validate(good)) == []


def test_everything_is_reported_at_once_with_its_place() -> None:
    lines = order()["lines"]
    lines[1]["quantity"] = {"value": "1", "unit": "QQQ"}
    bad = order(
        lines=lines,
        ship_to={"country": "AT", "phone": "call me", "email": "jo at home", "postal_code": "101"},
        bill_to={"country": "ZZ"},
        customer={"id": "7", "name": "ACME", "phone": "12"},
        currency="XYZ",
    )
    for line in lines:
        line["unit_price"] = {"amount": "1", "currency": "XYZ"}
    bad["total"] = {"amount": "1", "currency": "XYZ"}
    found = codes(SalesOrder.model_validate(bad))
    assert set(found) == {
        ("currency", "currency.unknown"),
        ("total.currency", "currency.unknown"),
        ("lines[0].unit_price.currency", "currency.unknown"),
        ("lines[1].unit_price.currency", "currency.unknown"),
        ("lines[1].quantity.unit", "unit.unknown"),
        ("ship_to.phone", "phone.impossible"),
        ("ship_to.email", "email.impossible"),
        ("ship_to.postal_code", "address.postal_code"),
        ("ship_to.street", "address.incomplete"),
        ("ship_to.city", "address.incomplete"),
        ("bill_to.country", "country.unknown"),
        ("customer.phone", "phone.impossible"),
    }
    assert len(found) == len(set(found))


def test_faults_of_business_shape_are_named_together() -> None:
    wrong = order(shipping={"amount": "5", "currency": "USD"}, total={"amount": "5", "currency": "USD"})
    wrong["lines"][1] = {**wrong["lines"][0], "unit_price": {"amount": "1", "currency": "GBP"}}
    with pytest.raises(ValidationError) as caught:
        SalesOrder.model_validate(wrong)
    message = str(caught.value)
    for part in ("two lines carry the number '1'", "line 1: GBP", "total: USD", "shipping: USD"):
        assert part in message
    with pytest.raises(ValidationError) as caught:
        SalesOrder.model_validate({**order(), "placed_at": "2026-11-23T10:00:00", "currency": "euro", "lines": []})
    assert len(caught.value.errors()) == 3


@pytest.mark.parametrize(
    ("address", "missing"),
    [
        ({"country": "US", "street": "1 Main St", "city": "Springfield", "postal_code": "62701"}, ["region"]),
        ({"country": "US", "street": "1 Main St", "city": "Springfield", "postal_code": "62701", "region": "IL"}, []),
        ({"country": "HK", "street": "1 Queen's Road", "region": "HK"}, []),
        ({"country": "IE", "street": "1 Quay", "city": "Dublin"}, []),
        ({"country": "GB", "street": "1 Quay", "city": "London"}, ["postal_code"]),
        ({"country": "DE", "street": "Weg 1", "city": "Ulm", "postal_code": "D-89073"}, []),
        ({"country": "NL", "street": "Weg 1", "city": "Delft", "postal_code": "2611ab"}, []),
    ],
)
def test_each_country_asks_for_its_own(address: dict[str, str], missing: list[str]) -> None:
    found = address_problems(Address.model_validate(address), deliverable=True)
    assert [one.path for one in found] == missing


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("030 123456", "DE", "+4930123456"),
        ("+49 (0)30 123456", "", "+4930123456"),
        ("0049 30 123456", "DE", "+4930123456"),
        ("(212) 555-0100", "US", "+12125550100"),
        ("030 123456", "", None),
        ("123", "US", None),
        ("on request", "DE", None),
        ("", "DE", None),
    ],
)
def test_phones_become_e164(text: str, country: str, number: str | None) -> None:
    assert normalise_phone(text, country) == number


def test_an_unassigned_range_is_a_hint_only() -> None:
    assert normalise_phone("+1 212 055 0100") is not None
    assert not assigned_phone("+1 212 055 0100") and assigned_phone("+49 30 123456") and not assigned_phone("x")


def test_goods_and_packages() -> None:
    assert codes(Product(sku="A", hs_code="94.05", origin_country="QQ")) == [
        ("origin_country", "country.unknown"),
        ("hs_code", "hs_code.invalid"),
    ]
    assert codes(Product(sku="A", hs_code="9405.20", origin_country="DE")) == []
    packed = {"fulfilment_number": "F", "picked_at": NOW, "packages": [{"reference": "1", "sscc": "340123450000000001"}]}
    (problem,) = problems(PickConfirmation.model_validate(packed))
    assert (problem.path, problem.code) == ("packages[0].sscc", "sscc.invalid") and "should be" in problem.message


def test_quantities_that_cannot_be() -> None:
    with pytest.raises(ValidationError, match="below zero"):
        PickedLine(number="1", sku="A", quantity=Quantity(value=Decimal(-1)))
    assert PickedLine(number="1", sku="A", quantity=Quantity(value=Decimal(0))).quantity.value == 0
    with pytest.raises(ValidationError, match="not above zero"):
        FulfilmentLine(number="1", order_line="1", sku="A", quantity=Quantity(value=Decimal(0)))
