"""Business rules in CEL: exact amounts, times, absent fields, refusal with the rule's name, quick and bounded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.canonical.order import SalesOrder
from crossdock.core.errors import LandscapeInvalid, RuleViolated
from crossdock.landscape.expressions.values import encode_amount
from crossdock.landscape.models import Rule
from crossdock.landscape.rules import RuleBook, compile_rule


def order(**more: Any) -> SalesOrder:
    content: dict[str, Any] = {
        "number": "1001",
        "placed_at": "2026-01-31T09:15:00Z",
        "customer": {"id": "C1", "name": "Ada"},
        "ship_to": {"country": "DE", "city": "Berlin"},
        "currency": "EUR",
        "total": {"amount": "250.00", "currency": "EUR"},
        "lines": [
            {
                "number": str(n),
                "sku": f"SKU-{n}",
                "quantity": {"value": str(n)},
                "unit_price": {"amount": "10.00", "currency": "EUR"},
            }
            for n in (1, 2, 3)
        ],
    }
    return SalesOrder.model_validate(content | more)


def event(data: SalesOrder | None = None, source: str = "shop") -> Event:
    at = datetime(2026, 1, 31, 9, 16, 0, 250_000, tzinfo=UTC)
    return Event("e1", "order.placed", source, "order/shop/1001", data or order(), at)


def rule(require: str, when: str = "", **more: Any) -> Rule:
    return Rule.model_validate(
        {"name": "r", "events": ["order.placed"], "require": require, "when": when, "message": "No.", **more}
    )


def holds(require: str, data: SalesOrder | None = None) -> bool:
    found = RuleBook([rule(require)]).judge(event(data))
    assert not any(each.reason for each in found), found
    return not found


def problems(require: str, when: str = "") -> list[str]:
    return [each.problem.message for each in compile_rule(rule(require, when), "order.placed")[2]]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('order.total.amount >= decimal("250")', True),
        ('order.total.amount > decimal("250.00")', False),
        ('order.total.amount == decimal("250.0")', True),
        ("order.total.amount >= decimal('249.999999999999999999')", True),
        ('order.total.amount >= decimal("1000")', False),
        ('order.total.amount > decimal("-1")', True),
        ('order.total.amount == decimal( "2.5E2" )', True),
        ('order.lines.all(l, l.quantity.value <= decimal("3"))', True),
        ('order.lines.exists(l, l.quantity.value > decimal("3"))', False),
        ("order.lines[1].unit_price.amount == order.lines[0].unit_price.amount", True),
        ('order.lines.exists_one(l, l.sku == "SKU-2")', True),
        ('order.lines.filter(l, l.quantity.value > decimal("1")).size() == 2', True),
        ("size(order.lines) == 3", True),
        ('"DE" == order.ship_to.country', True),
        ('order.ship_to.country in ["DE", "AT"]', True),
        ('order.total.amount in [decimal("1"), decimal("250")]', True),
        ("!has(order.bill_to)", True),
        ('has(order.bill_to) && order.bill_to.country == "DE"', False),
        ('timestamp(order.placed_at) < timestamp("2026-02-01T00:00:00Z")', True),
        ('timestamp(event.occurred_at) - timestamp(order.placed_at) < duration("2m")', True),
        ('event.source == "shop" && event.type.startsWith("order.")', True),
        ('data.number == order.number && order.number.matches("^[0-9]+$")', True),
        ("order.prices_include_tax", False),
        ('order.currency == "USD" ? order.total.amount > decimal("9999") : true', True),
    ],
)
def test_what_rules_can_say(expression: str, expected: bool) -> None:
    assert problems(expression) == []
    assert holds(expression) is expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("order.total.amount >= 250", "no amount"),
        ('order.total.amount >= "250"', "no amount"),
        ("order.total.amount in [1, 2]", "no amount"),
        ('order.total.amount + order.total.amount > decimal("1")', "compared, nothing else"),
        ('string(order.total.amount) == "250"', "compared, nothing else"),
        ("double(order.total.amount) > 1.0", "compared, nothing else"),
        ("order.lines.all(l, l.quantity.value > 0)", "no amount"),
        ("order.lines.all(l, l.quantity > decimal('0'))", "no amount"),
        ('order.total.amount > decimal("abc")', "no decimal number"),
        ('order.total.amount > decimal("1e40")', "20 digits"),
        ("order.total.amount > decimal(order.number)", "in quotes"),
        ('order.totl.amount > decimal("1")', "no field 'totl'"),
        ("order.lines.all(l, l.skuu == 'x')", "no field 'skuu'"),
        ("order.lines.sku == 'x'", "is a list"),
        ("order.number.sku == 'x'", "has no field"),
        ("order.number.all(l, true)", "no list"),
        ('evnt.source == "x"', "no 'evnt'"),
        ('order.bill_to.country == "DE"', "may be absent"),
        ("order.lines.all(l, l.tax.amount > decimal('0'))", "may be absent"),
        ("has(order.number)", "always there"),
        ('order.placed_at < "2026"', "as text"),
        ('order.placed_at < timestamp("2026-01-01T00:00:00Z")', "as text"),
        ("order.number == 1001", "is compared with"),
        ("order.total", "no condition"),
        ("size(order.lines)", "no condition"),
        ('{"a": order.number}.a == "1"', "maps"),
        ("order.number ==", "Syntax error"),
        ("size(order.total.amount) > 1", "size"),
    ],
)
def test_what_rules_must_not_say_is_found_before_they_run(expression: str, words: str) -> None:
    found = problems(expression)
    assert any(words in each for each in found), found


def test_when_may_guard_what_require_reads() -> None:
    assert problems('order.bill_to.country == "DE"', "has(order.bill_to)") == []


def test_a_rule_is_only_for_its_events_sources_and_condition() -> None:
    strict = rule("false || order.number == ''", 'order.currency == "EUR"', sources=["shop"])
    assert [each.rule for each in RuleBook([strict]).judge(event())] == ["r"]
    assert RuleBook([strict]).judge(event(source="outlet")) == ()
    dollars = order(
        currency="USD",
        total={"amount": "1", "currency": "USD"},
        lines=[{"number": "1", "sku": "A", "quantity": {"value": "1"}, "unit_price": {"amount": "1", "currency": "USD"}}],
    )
    assert RuleBook([strict]).judge(event(dollars)) == ()
    assert RuleBook([strict.model_copy(update={"enabled": False})]).judge(event()) == ()
    other = Event("e", "order.cancelled", "shop", "k", order(), datetime.now(UTC))
    assert RuleBook([strict]).judge(other) == ()


def test_every_refusing_rule_is_named_and_warnings_go_on() -> None:
    book = RuleBook(
        [
            rule('order.total.amount > decimal("1000")', name="big", message="Too small.", owner="ops"),
            rule("size(order.lines) > 5", name="long", message="Too short."),
            rule('order.note != ""', name="noted", severity="warn"),
        ]
    )
    with pytest.raises(RuleViolated, match=r"rule 'big': Too small\.") as error:
        book.enforce(event())
    assert [each["rule"] for each in error.value.detail["rules"]] == ["big", "long"]
    assert error.value.detail["rules"][0]["owner"] == "ops"
    warned = RuleBook([rule('order.note != ""', name="noted", severity="warn")]).enforce(event())
    assert [each.rule for each in warned] == ["noted"]


@pytest.mark.parametrize(
    ("require", "data", "words"),
    [
        ("order.lines[7].sku != ''", {}, "index"),
        ('order.total.amount > decimal("1")', {"total": {"amount": "1" * 22, "currency": "EUR"}}, "20 digits"),
        ('order.total.amount > decimal("1")', {"total": {"amount": "0." + "1" * 19, "currency": "EUR"}}, "18 decimal places"),
        ("timestamp(order.note) > timestamp('2026-01-01T00:00:00Z')", {"note": "soon"}, ""),
    ],
)
def test_a_rule_that_cannot_judge_refuses_and_says_why(require, data, words) -> None:
    book = RuleBook([rule(require)])
    with pytest.raises(RuleViolated, match="could not be judged") as error:
        book.enforce(event(order(**data)))
    assert words in error.value.detail["rules"][0]["reason"]


def test_a_rule_cannot_keep_the_hub_busy() -> None:
    line = {"sku": "A", "quantity": {"value": "1"}, "unit_price": {"amount": "1", "currency": "EUR"}}
    large = order(lines=[{**line, "number": str(n)} for n in range(500)])
    book = RuleBook([rule("order.lines.all(a, order.lines.all(b, order.lines.all(c, a.sku == b.sku || b.sku == c.sku)))")])
    book.compile()
    started = time.perf_counter()
    [found] = book.judge(event(large))
    assert time.perf_counter() - started < 1
    assert "budget" in found.reason


def test_a_rule_that_does_not_compile_stops_the_book() -> None:
    with pytest.raises(LandscapeInvalid, match="'r', require"):
        RuleBook([rule("order.")]).compile()


def test_a_constant_inside_a_text_stays_text() -> None:
    assert holds("""order.note == 'decimal("5")' || order.total.amount > decimal("5")""")


def test_every_event_type_can_have_rules() -> None:
    for name in EVENT_PAYLOADS:
        each = Rule.model_validate({"name": "r", "events": [name], "require": 'event.type == "x"', "message": "m"})
        assert compile_rule(each, name)[2] == []


amounts = st.decimals(
    min_value=Decimal(-(10**20)) + 1, max_value=Decimal(10**20) - 1, places=2, allow_nan=False, allow_infinity=False
)


@given(amounts, amounts)
def test_presented_amounts_sort_like_numbers(one: Decimal, other: Decimal) -> None:
    assert (encode_amount(one) < encode_amount(other)) is (one < other)
    assert (encode_amount(one) == encode_amount(other)) is (one == other)


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=4), st.decimals(min_value=-(10**6), max_value=10**6, places=4))
def test_comparisons_in_rules_are_exact(total: Decimal, limit: Decimal) -> None:
    data = order(total={"amount": str(total), "currency": "EUR"})
    assert holds(f'order.total.amount >= decimal("{limit}")', data) is (total >= limit)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e30"), Decimal("1e-19")])
def test_amounts_beyond_the_limits_are_refused(value: Decimal) -> None:
    with pytest.raises(ValueError, match="amount in a rule"):
        encode_amount(value)


@given(st.text(alphabet="order.linestkuamvwh()[]{}<>=!&|?:,'\"+-*/ 0123456789", max_size=60))
def test_any_text_as_a_rule_gives_problems_not_exceptions(text: str) -> None:
    compile_rule(rule(text.strip() or "x"), "order.placed")
