"""Amendments: a change that lists only what changes takes effect on the newest version, and never as if it were the whole."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from order_bench import Bench, order, placed, released

from crossdock.processes.order_to_fulfilment.amending import laid_over

EUR = "EUR"


def amend(bench: Bench, *lines: dict[str, Any], removed: tuple[str, ...] = (), **changes: Any) -> None:
    data = {"number": "1001", "amended_at": bench.now.isoformat(), "lines": lines, "removed": removed, **changes}
    bench.event("order.amended", data, "shopify-eu")


def line(number: str, quantity: str, **more: Any) -> dict[str, Any]:
    return {"number": number, "quantity": {"value": quantity}, **more}


def quantities(bench: Bench) -> dict[str, str]:
    return {each["number"]: each["quantity"]["value"] for each in bench.last("order.change").data["order"]["lines"]}


def test_what_is_not_named_stays() -> None:
    bench = released()
    amend(bench, line("1", "4"))
    bench.run()
    assert quantities(bench) == {"1": "4", "2": "3"}


def test_lines_come_and_go() -> None:
    bench = placed()
    bench.ack("order.create")
    amend(bench, line("3", "5", sku="BULB", unit_price={"amount": "1.00", "currency": EUR}), removed=("2",))
    bench.run()
    assert quantities(bench) == {"1": "2", "3": "5"}


def test_two_amendments_add_up() -> None:
    bench = placed()
    amend(bench, line("1", "4"))
    amend(bench, line("2", "9"))
    bench.ack("order.create")
    bench.run()
    assert quantities(bench) == {"1": "4", "2": "9"}


def test_an_amendment_before_its_order_is_kept() -> None:
    bench = Bench()
    bench.event("order.cancelled", {"number": "1001", "cancelled_at": bench.now.isoformat(), "lines": ["9"]}, "shopify-eu")
    amend(bench, line("1", "7"))
    bench.event("order.placed", order())
    bench.run()
    made = bench.last("order.create").data["order"]["lines"]
    assert {each["number"]: each["quantity"]["value"] for each in made} == {"1": "7", "2": "3"}


def test_what_is_left_open_is_for_a_person_and_the_order_goes_on_as_it_was() -> None:
    bench = released()
    amend(bench, line("1", "4"), line("3", "5", sku="BULB"), removed=("8",))
    bench.run()
    [error] = [bench.parked["amendment"].error]
    assert "line 3 is new, but says nothing of its unit price" in error.message
    assert "line 8 is taken back" in error.message
    assert bench.count("order.change") == 0
    bench.decide("amendment", "acknowledge")
    assert "amendment" not in bench.parked


def test_taking_back_every_line_cancels_the_order() -> None:
    bench = placed()
    bench.ack("order.create")
    amend(bench, removed=("1", "2"))
    bench.run()
    assert bench.count("order.cancel") >= 1


WHOLE = order()


@given(
    st.lists(st.tuples(st.sampled_from(["1", "2"]), st.integers(1, 999)), min_size=1, max_size=2, unique_by=lambda pair: pair[0])
)
def test_the_total_moves_by_what_the_lines_are_worth(changes: list[tuple[str, int]]) -> None:
    change = {"lines": [line(number, str(quantity)) for number, quantity in changes], "removed": []}
    whole, open_ = laid_over(WHOLE, change)
    assert open_ == []
    before = {each["number"]: each for each in WHOLE["lines"]}
    worth = sum(
        (Decimal(quantity) - Decimal(before[number]["quantity"]["value"])) * Decimal(before[number]["unit_price"]["amount"])
        for number, quantity in changes
    )
    assert Decimal(whole["total"]["amount"]) - Decimal(WHOLE["total"]["amount"]) == worth
    assert [each["number"] for each in whole["lines"]] == [each["number"] for each in WHOLE["lines"]]


def test_another_currency_is_left_open() -> None:
    change = {"lines": [line("1", "2", unit_price={"amount": "1", "currency": "USD"})], "removed": []}
    _, open_ = laid_over(WHOLE, change)
    assert open_ == ["it states amounts in USD, the order is in EUR"]
