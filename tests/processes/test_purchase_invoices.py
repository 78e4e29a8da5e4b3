"""The three-way match: what becomes a bill by itself, what a person decides with the arithmetic before them, and what is paid once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from purchase_bench import Bench, agreed, flow, invoice, money, received, shipped

from crossdock.core.errors import TargetRefused


def billed(bench: Bench) -> Bench:
    bench.invoice()
    bench.run()
    return bench


@pytest.mark.parametrize(
    ("lines", "more", "words"),
    [
        ((("1", "100", "2.60"), ("2", "40", "1.00")), {}, "price 2.6, agreed 2.5: 0.1 (4 %) too much (tolerated 0.005)"),
        ((("1", "101", "2.50"), ("2", "40", "1.00")), {}, "received 100, billed before 0, invoiced 101: 1 more than received (tolerated 0)"),
        ((), {"currency": "EUR", "tax": "7"}, "tax 7 %, ordered with 19 %"),
        ((), {"payable": money("400")}, "payable: the invoice says 400, the amount with tax less what was paid make 345.1"),
        ((), {"taxes": [{"percent": "19", "taxable": money("290"), "tax": money("50")}]}, "tax 19 % of 290 is 55.1, the invoice says 50"),
        ((), {"taxes": [{"percent": "19", "taxable": money("200"), "tax": money("38")}]}, "200 is taxed, and 290 is invoiced"),
        ((), {"seller": {"vat": "DE999999999"}}, "invoiced by VAT number DE999999999, ordered from DE123456788"),
        ((), {"order_number": "P00099"}, "the invoice names order P00099"),
        ((), {"allowances": [{"charge": True, "amount": money("15"), "reason": "freight"}]}, "charges less allowances: 15, ordered 0: 15 too much"),
        ((("1", "100", "2.50"), ("2", "40", "1.00"), ("9", "1", "15")), {}, "charges less allowances: 15, ordered 0: 15 too much"),
    ],
)  # fmt: skip
def test_what_does_not_match_is_shown_with_its_arithmetic(lines: Any, more: dict[str, Any], words: str) -> None:
    bench = received()
    bench.invoice(*lines, **more)
    assert words in bench.says("invoice:1")
    assert bench.count("bill.create") == 0 and bench.parked["invoice:1"].actions == ("accept", "refuse")
    assert bench.parked["invoice:1"].error.detail["arithmetic"]
    bench.decide("invoice:1", "accept")
    assert bench.count("bill.create") == 1 and not bench.parked


@pytest.mark.parametrize(
    ("rules", "lines", "more"),
    [
        ({"price_percent": "5"}, (("1", "100", "2.51"), ("2", "40", "1.00")), {}),
        ({"quantity_percent": "2"}, (("1", "101", "2.50"), ("2", "40", "1.00")), {}),
        ({"charges_amount": "20"}, (), {"allowances": [{"charge": True, "amount": money("15")}]}),
        ({}, (("1", "100", "2.40"), ("2", "40", "1.00")), {}),
        ({}, (), {"allowances": [{"charge": False, "amount": money("15"), "reason": "early payment"}]}),
    ],
)
def test_within_tolerance_it_becomes_a_bill(rules: dict[str, str], lines: Any, more: dict[str, Any]) -> None:
    bench = received(flow(matching=rules))
    bench.invoice(*lines, **more)
    assert not bench.parked and bench.count("bill.create") == 1


def test_many_small_amounts_together_are_too_much() -> None:
    bench = received(flow(matching={"price_percent": "5", "total_amount": "5"}))
    bench.invoice(("1", "100", "2.60"), ("2", "40", "1.00"))
    assert "goods: invoiced 300, at agreed prices 290: 10 too much (tolerated 5)" in bench.says("invoice:1")


def test_another_currency_is_not_calculated() -> None:
    bench = received()
    document = json.loads(json.dumps(invoice(), default=str).replace('"EUR"', '"USD"'))
    bench.event("supplier_invoice.received", document, "acme-edi")
    assert bench.says("invoice:1") == "invoice R-900 does not match: invoiced in USD, ordered in EUR"


def test_the_supplier_bills_a_part_and_the_rest_and_nothing_more() -> None:
    bench = received()
    bench.invoice(("1", "60", "2.50"), number="R-1")
    bench.invoice(("1", "40", "2.50"), ("2", "40", "1.00"), number="R-2")
    bench.invoice(("2", "40", "1.00"), number="R-3")
    assert bench.count("bill.create") == 2
    assert "received 40, billed before 40, invoiced 40: 40 more than received" in bench.says("invoice:3")


def test_the_same_invoice_again_is_one() -> None:
    bench = billed(received())
    bench.invoice()
    bench.invoice(number="r-900")
    assert bench.count("bill.create") == 1


def test_another_invoice_under_the_same_number_after_the_bill() -> None:
    bench = billed(received())
    bench.invoice(("1", "50", "2.50"))
    assert "comes again with other content after it was billed" in bench.says("late_invoice:1")
    assert bench.count("bill.create") == 1
    bench.decide("late_invoice:1", "acknowledge")
    assert not bench.parked and bench.count("bill.create") == 1


def test_a_corrected_invoice_replaces_one_nobody_billed() -> None:
    bench = received()
    bench.invoice(("1", "100", "2.70"), ("2", "40", "1.00"))
    decision = bench.invoice()
    assert not bench.parked and bench.count("bill.create") == 1
    assert any("line 1: price 2.5 instead of 2.7" in note for note in decision.notes)
    assert bench.last("bill.create").data["invoice"]["payable"]["amount"] == "345.10"


def test_an_invoice_taken_back_is_not_billed() -> None:
    bench = shipped()
    bench.invoice()
    bench.invoice(purpose="cancellation")
    bench.receive()
    bench.run()
    assert bench.count("bill.create") == 0 and not bench.parked
    bench.invoice()
    assert "as it was before the supplier took it back" in bench.says("late_invoice:1") and bench.count("bill.create") == 0
    bench.invoice(due_date="2027-01-01")
    assert bench.count("bill.create") == 1


def test_a_refused_invoice_may_come_corrected() -> None:
    bench = received()
    bench.invoice(("1", "100", "2.70"), ("2", "40", "1.00"))
    bench.decide("invoice:1", "refuse")
    assert not bench.parked and bench.count("bill.create") == 0
    bench.invoice()
    assert bench.count("bill.create") == 1


def test_a_credit_note_for_damaged_goods_becomes_a_refund() -> None:
    bench = billed(received())
    bench.invoice(("1", "5", "2.50"), number="C-1", kind="credit_note", type_code="381", preceding_number="R-900")
    assert not bench.parked and bench.count("bill.create") == 2
    assert bench.last("bill.create").data["invoice"]["kind"] == "credit_note"
    bench.run()
    bench.invoice(("1", "5", "2.50"), number="R-901")
    assert bench.count("bill.create") == 3, "what was credited may be billed again"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((("1", "101", "2.50"),), "billed 100, credited 101: 1 more than was billed"),
        ((("1", "100", "0.10"),), "the credit is for a price, not for goods"),
    ],
)
def test_a_credit_note_that_does_not_fit_is_for_a_person(lines: Any, words: str) -> None:
    bench = billed(received())
    bench.invoice(*lines, number="C-1", kind="credit_note")
    assert words in bench.says("invoice:2")


def test_a_credit_for_a_price_takes_no_goods_back() -> None:
    bench = billed(received())
    bench.invoice(("1", "100", "0.10"), number="C-1", kind="credit_note")
    bench.decide("invoice:2", "accept")
    bench.run()
    bench.invoice(("1", "1", "2.50"), number="R-902")
    assert "received 100, billed before 100, invoiced 1" in bench.says("invoice:3")


def test_a_person_may_look_at_every_credit_note() -> None:
    bench = billed(received(flow(matching={"credit_notes": "ask"})))
    bench.invoice(("1", "5", "2.50"), number="C-1", kind="credit_note")
    assert "invoice:2" in bench.parked


def test_a_bill_with_another_total_is_told() -> None:
    bench = received()
    bench.invoice()
    bench.ack("bill.create", total="300.00")
    assert "300.00 EUR instead of 345.1 EUR" in bench.says("bill:1")


def test_a_bill_the_erp_refused_may_be_done_by_hand_or_refused() -> None:
    bench = received()
    bench.invoice()
    bench.fail("bill.create", TargetRefused("period is closed"))
    assert bench.parked["bill.create:1"].actions == ("done", "refuse")
    command = bench.last("bill.create")
    bench.decide("bill.create:1", "refuse")
    assert not bench.parked
    bench.settle(command)
    assert "after it was refused" in bench.says("bill:1")


def test_goods_by_parts_let_a_waiting_invoice_through() -> None:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.run()
    bench.receive()
    bench.run()
    bench.invoice()
    assert "invoice:1" in bench.parked, "nobody announced the rest, and a part is here: a person looks"
    bench.notice(("1", "40"), ("2", "40"), number="ASN-2", sscc="")
    assert "invoice:1" not in bench.parked
    bench.run()
    bench.receive(number="GR-2")
    bench.run()
    assert bench.count("bill.create") == 1 and not bench.parked


def test_who_decides_on_an_invoice_reads_what_was_billed_meanwhile() -> None:
    bench = received()
    bench.invoice(("1", "100", "3.00"), number="R-1")
    assert "price 3, agreed 2.5" in bench.says("invoice:1") and "more than received" not in bench.says("invoice:1")
    bench.invoice(("1", "100", "2.50"), number="R-2")
    assert "received 100, billed before 100, invoiced 100: 100 more than received" in bench.says("invoice:1")
