"""The three-way match as arithmetic: never an error whatever an invoice says, and exact where it must be."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from purchase_bench import invoice, money, order

from crossdock.canonical.invoice import Invoice
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.processes.procurement_to_receipt.matching import Match, match
from crossdock.processes.procurement_to_receipt.settings import Matching

CENTS = st.integers(-10_000, 100_000).map(lambda cents: str(Decimal(cents) / 100))
PRICES = st.integers(1, 1_000_000).map(lambda parts: str(Decimal(parts) / 10_000))
PIECES = st.integers(1, 5_000)


def document(raw: dict[str, Any]) -> dict[str, Any]:
    return Invoice.model_validate(raw).model_dump(mode="json")


def ordered(*lines: tuple[str, str, str, str], **more: Any) -> dict[str, Any]:
    return PurchaseOrder.model_validate(order(*lines, **more)).model_dump(mode="json")


def judged(
    raw: dict[str, Any], bought: dict[str, Any], received: dict[str, int], billed: dict[str, int] | None = None, **rules: Any
) -> Match:
    here = {line: Decimal(quantity) for line, quantity in received.items()}
    before = {line: Decimal(quantity) for line, quantity in (billed or {}).items()}
    return match(document(raw), bought, here, before, Matching.model_validate(rules))


@settings(deadline=None, max_examples=150)
@given(st.lists(st.tuples(PIECES, PRICES), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_what_was_ordered_and_received_and_nothing_else_matches(lines: list[tuple[int, str]], chance: random.Random) -> None:
    bought = ordered(*((str(n), f"SKU-{n}", str(pieces), price) for n, (pieces, price) in enumerate(lines, 1)))
    billed = [(str(n), str(pieces), price) for n, (pieces, price) in enumerate(lines, 1)]
    chance.shuffle(billed)
    raw = invoice(*billed)
    for line in raw["lines"]:
        line["supplier_sku"] = ""
    found = judged(raw, bought, {str(n): pieces for n, (pieces, _) in enumerate(lines, 1)})
    assert found.issues == ()
    assert {one["order_line"]: Decimal(one["quantity"]["value"]) for one in found.lines} == {
        str(n): pieces for n, (pieces, _) in enumerate(lines, 1)
    }


@settings(deadline=None, max_examples=150)
@given(PIECES, PIECES, st.integers(0, 5_000), st.integers(0, 20))
def test_no_piece_beyond_stock_and_tolerance_is_billed(received: int, invoiced: int, before: int, percent: int) -> None:
    bought = ordered(("1", "BOLT-8", "5000", "2.50"))
    found = judged(invoice(("1", str(invoiced), "2.50")), bought, {"1": received}, {"1": before}, quantity_percent=str(percent))
    too_much = before + invoiced > received + Decimal(received * percent) / 100
    assert ({one["kind"] for one in found.issues} == {"quantity"}) is too_much
    assert found.lacks_goods is too_much


@settings(deadline=None, max_examples=150)
@given(PRICES, PRICES, st.integers(0, 30))
def test_no_price_beyond_tolerance_is_paid(agreed: str, asked: str, percent: int) -> None:
    bought = ordered(("1", "BOLT-8", "100", agreed))
    rules = {"price_percent": str(percent), "price_amount": "0", "total_amount": "1000000", "total_percent": "1000000"}
    found = judged(invoice(("1", "100", asked)), bought, {"1": 100}, **rules)
    dearer = Decimal(asked) - Decimal(agreed)
    assert any(one["kind"] == "price" for one in found.issues) is (dearer > Decimal(agreed) * percent / 100)


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_whatever_an_invoice_says_it_is_judged_and_shown(data: st.DataObject) -> None:
    draw = data.draw
    bought = ordered(("1", "BOLT-8", "100", "2.50"), ("2", "NUT-8", "40", "0"))
    lines = [
        {
            "number": str(n),
            "order_line": draw(st.sampled_from(["1", "2", "01", "7", ""])),
            "order_number": draw(st.sampled_from(["", "P00042", "P1"])),
            "sku": draw(st.sampled_from(["", "BOLT-8", "nut-8", "WASHER"])),
            "quantity": {"value": draw(CENTS), "unit": draw(st.sampled_from(["C62", "C62", "KGM"]))},
            "unit_price": money(draw(CENTS)),
            "price_base": draw(st.sampled_from([None, "100"])),
            "net_amount": money(draw(CENTS)),
            "tax_percent": draw(st.sampled_from([None, "19", "7", "0"])),
            "allowances": draw(st.sampled_from([[], [{"charge": False, "amount": money("1")}]])),
        }
        for n in range(1, draw(st.integers(1, 4)) + 1)
    ]
    raw = {
        **invoice(),
        "kind": draw(st.sampled_from(["invoice", "credit_note"])),
        "lines": lines,
        "allowances": draw(st.sampled_from([[], [{"charge": True, "amount": money("9.99")}]])),
        "taxes": draw(st.sampled_from([[], [{"taxable": money("1"), "tax": money("1")}]])),
        "payable": money(draw(CENTS)),
        "tax_total": draw(st.sampled_from([None, money("3")])),
    }
    found = judged(raw, bought, {"1": 50}, {"1": 10})
    assert found.arithmetic and all(isinstance(words, str) and words for words in found.arithmetic)
    assert len([words for words in found.arithmetic if words.startswith("! ")]) == len(found.issues)
    assert set(found.places.values()) <= {"1", "2"}


@pytest.mark.parametrize(
    ("more", "right"),
    [
        ({"prepaid": money("45.10"), "payable": money("300.00")}, True),
        ({"rounding": money("-0.10"), "payable": money("345.00")}, True),
        ({"line_total": money("290.00")}, True),
        ({"line_total": money("291.00")}, False),
        ({"charge_total": money("1.00")}, False),
        ({"tax_exclusive": money("280.00")}, False),
        ({"tax_total": money("55.20")}, False),
        ({"taxes": [], "tax_total": money("10"), "tax_inclusive": money("300"), "payable": money("300")}, True),
    ],
)
def test_sums_are_those_of_en_16931(more: dict[str, Any], right: bool) -> None:
    found = judged({**invoice(), **more}, ordered(), {"1": 100, "2": 40})
    assert (found.issues == ()) is right, found.issues


def test_a_line_allowance_counts_in_the_price() -> None:
    raw = invoice(("1", "100", "2.75"), ("2", "40", "1.00"))
    raw["lines"][0] |= {"allowances": [{"charge": False, "amount": money("25")}], "net_amount": money("250.00")}
    raw |= invoice() | {"lines": raw["lines"]}
    assert judged(raw, ordered(), {"1": 100, "2": 40}).issues == ()


def test_ordered_charges_may_be_charged() -> None:
    bought = ordered(allowances=[{"charge": True, "amount": money("15"), "reason": "freight"}])
    raw = invoice(allowances=[{"charge": True, "amount": money("15")}])
    assert judged(raw, bought, {"1": 100, "2": 40}).issues == ()
    raw = invoice(allowances=[{"charge": True, "amount": money("16")}])
    assert [one["kind"] for one in judged(raw, bought, {"1": 100, "2": 40}).issues] == ["charge"]
