"""Ship notices and receipts that do not fit: more, less, something else, damaged, unannounced, corrected, taken back."""

from __future__ import annotations

import pytest
from purchase_bench import agreed, flow, order, received, sent, shipped

from crossdock.core.errors import TargetRefused


def test_more_than_ordered_is_for_a_buyer() -> None:
    bench = agreed()
    bench.notice(("1", "110"), ("2", "40"))
    assert "line 1: 100 ordered, 0 announced or received before, 110 shipped now: 10 too many (tolerated 0)" in bench.says(
        "notice:1"
    )
    assert bench.parked["notice:1"].actions == ("accept", "expect_ordered", "refuse") and bench.count("receipt.expect") == 0
    bench.decide("notice:1", "expect_ordered")
    lines = bench.last("receipt.expect").data["expected_receipt"]["lines"]
    assert [line["quantity"]["value"] for line in lines] == ["100", "40"]


def test_more_within_tolerance_is_expected() -> None:
    bench = agreed(flow(notices={"over_percent": "10"}, receipts={"over_percent": "10"}))
    bench.notice(("1", "110"), ("2", "40"))
    bench.run()
    bench.receive()
    assert not bench.parked and bench.count("receipt.validate") == 1


def test_a_second_notice_counts_what_the_first_announced() -> None:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.notice(("1", "60"), number="ASN-2", sscc="")
    assert "60 announced or received before, 60 shipped now: 20 too many" in bench.says("notice:2")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"order_line": "", "supplier_sku": "X-1"}, "X-1 is not in the order"),
        ({"order_line": "1", "supplier_sku": "X-1"}, "line 1: X-1 instead of BOLT-8"),
        ({"order_line": "1", "quantity": {"value": "1", "unit": "KGM"}}, "line 1: in KGM instead of C62"),
    ],
)
def test_something_else_is_for_a_buyer(line: dict[str, object], words: str) -> None:
    bench = agreed()
    bench.notice(lines=[{"number": "1", "quantity": {"value": "1"}, **line}])
    assert words in bench.says("notice:1")
    bench.decide("notice:1", "refuse")
    assert bench.count("receipt.expect") == 0 and not bench.parked


def test_a_notice_for_a_closed_line() -> None:
    bench = sent()
    bench.answer({"order_line": "2", "answer": "refused"})
    bench.decide("answer", "accept")
    bench.notice()
    assert "line 2 (NUT-8) is cancelled, and 40 are shipped" in bench.says("notice:1")


def test_the_same_package_in_two_notices() -> None:
    bench = agreed()
    bench.notice(("1", "50"))
    bench.notice(("1", "50"), number="ASN-2")
    assert "package 106141411234567897 is in ship notice ASN-1 already" in bench.says("notice:2")


def test_items_are_found_without_line_numbers() -> None:
    bench = agreed()
    bench.notice(lines=[{"number": "1", "supplier_sku": "a-bolt-8", "quantity": {"value": "100"}}])
    assert bench.last("receipt.expect").data["expected_receipt"]["lines"][0]["order_line"] == "1"


def test_a_corrected_notice_replaces_the_earlier_one() -> None:
    bench = shipped()
    decision = bench.notice(("1", "90"), ("2", "40"), purpose="replacement")
    expected = bench.last("receipt.expect").data["expected_receipt"]
    assert (expected["number"], expected["version"]) == ("RC-odoo.P00042-1", 2)
    assert expected["lines"][0]["quantity"]["value"] == "90"
    assert any("line 1: 90 instead of 100" in note for note in decision.notes)
    bench.run()
    bench.receive()
    assert not bench.parked


def test_a_correction_under_another_number_says_what_it_replaces() -> None:
    bench = shipped()
    bench.notice(("1", "90"), ("2", "40"), number="ASN-1B", replaces="ASN-1", sscc="")
    assert bench.last("receipt.expect").data["expected_receipt"]["version"] == 2 and not bench.parked


def test_a_superseded_notice_that_comes_again_takes_no_effect() -> None:
    bench = shipped()
    first = next(
        one.event.data.model_dump(mode="json")
        for one in bench.facts
        if getattr(one, "event", None) and one.event.type == "ship_notice.received"
    )
    bench.notice(("1", "90"), ("2", "40"))
    bench.run()
    decision = bench.event("ship_notice.received", first, "acme-edi")
    assert not decision.commands and any("changes nothing" in note for note in decision.notes)
    assert bench.state.notices[0].lines[0]["quantity"]["value"] == "90"


def test_an_older_version_that_comes_late_takes_no_effect() -> None:
    bench = agreed()
    bench.notice(("1", "90"), ("2", "40"), sequence=2)
    bench.run()
    decision = bench.notice(("1", "100"), ("2", "40"), sequence=1)
    assert not decision.commands and bench.state.notices[0].lines[0]["quantity"]["value"] == "90"


def test_a_correction_while_the_warehouse_is_told_follows() -> None:
    bench = agreed()
    bench.notice()
    bench.notice(("1", "90"), ("2", "40"))
    assert bench.count("receipt.expect") == 1
    bench.run()
    assert [one.data["expected_receipt"]["version"] for one in bench.commands if one.name == "receipt.expect"] == [1, 2]


def test_a_correction_after_the_goods_came_is_for_a_buyer() -> None:
    bench = received()
    decision = bench.notice(("1", "90"), ("2", "40"))
    assert not decision.commands and "after its goods were received: line 1: 90 instead of 100" in bench.says("late_notice:1")


def test_a_notice_taken_back_is_expected_no_more() -> None:
    bench = shipped()
    bench.notice(purpose="cancellation")
    bench.run()
    assert bench.names()[-1] == "receipt.cancel" and "received:1" not in bench.expected and "noticed" in bench.expected
    bench.notice(number="ASN-2", sscc="")
    bench.run()
    bench.receive()
    assert not bench.parked


def test_a_notice_taken_back_and_sent_again_is_expected_again() -> None:
    bench = shipped()
    bench.notice(purpose="cancellation")
    bench.notice(("1", "90"))
    bench.run()
    assert [name for name in bench.names() if name.startswith("receipt")] == [
        "receipt.expect",
        "receipt.cancel",
        "receipt.expect",
    ]
    assert bench.last("receipt.expect").data["expected_receipt"]["version"] == 2


def test_goods_come_though_the_warehouse_refused_to_expect_them() -> None:
    bench = agreed()
    bench.notice()
    bench.fail("receipt.expect", TargetRefused("dock closed"))
    expected = bench.last("receipt.expect").data["expected_receipt"]["number"]
    bench.receive(("1", "100"), ("2", "40"), expected_number=expected)
    assert not bench.parked and bench.count("receipt.validate") == 1


# --- receipts --------------------------------------------------------------------------------------------------------------------


def test_over_received_is_for_a_person() -> None:
    bench = shipped()
    bench.receive(("1", "105"), ("2", "40"))
    assert "line 1: 100 ordered, 0 received before, 105 now: 5 too many (tolerated 0)" in bench.says("receipt:1")
    assert bench.count("receipt.validate") == 0
    bench.decide("receipt:1", "receive_ordered")
    lines = bench.last("receipt.validate").data["receipt"]["lines"]
    assert [line["quantity"]["value"] for line in lines] == ["100", "40"]


def test_over_received_may_be_accepted() -> None:
    bench = shipped()
    bench.receive(("1", "105"), ("2", "40"))
    bench.decide("receipt:1", "accept")
    assert bench.last("receipt.validate").data["receipt"]["lines"][0]["quantity"]["value"] == "105"


def test_short_waits_for_the_rest() -> None:
    bench = shipped()
    decision = bench.receive(("1", "80"), ("2", "40"))
    assert any("line 1: 100 announced, 80 received, 20 missing" in note for note in decision.notes)
    assert bench.last("receipt.validate").data["close"] is False and not bench.parked
    bench.run()
    bench.notice(("1", "20"), number="ASN-2", sscc="")
    bench.run()
    bench.receive(number="GR-2")
    bench.run()
    bench.invoice()
    bench.run()
    assert bench.state.closed == "finished"


def test_short_may_close_the_line() -> None:
    bench = shipped(flow(receipts={"short": "close"}))
    bench.receive(("1", "80"), ("2", "40"))
    assert bench.last("receipt.validate").data["close"] is True
    bench.run()
    bench.invoice(("1", "80", "2.50"), ("2", "40", "1.00"))
    bench.run()
    assert bench.state.closed == "finished"


@pytest.mark.parametrize(("action", "close"), [("wait", False), ("close", True)])
def test_short_may_ask(action: str, close: bool) -> None:
    bench = shipped(flow(receipts={"short": "ask"}))
    bench.receive(("1", "80"), ("2", "40"))
    assert "line 1: 20 missing" in bench.says("short:1") and bench.count("receipt.validate") == 0
    bench.decide("short:1", action)
    assert bench.last("receipt.validate").data["close"] is close


def test_partial_receipts_of_one_delivery_are_no_shortage() -> None:
    bench = shipped(flow(receipts={"short": "ask"}))
    bench.receive(("1", "60"), final=False, sequence=1)
    bench.run()
    bench.receive(("1", "40"), ("2", "40"), sequence=2)
    bench.run()
    assert not bench.parked and bench.count("receipt.validate") == 2


def test_damaged_goods_are_told_and_rejected_ones_do_not_stay() -> None:
    bench = shipped()
    bench.receive(("1", "95"), ("1", "3", "damaged"), ("1", "2", "rejected"), ("2", "40"))
    assert "line 1: 3 of BOLT-8 damaged; line 1: 2 of BOLT-8 rejected" in bench.says("damaged:1")
    lines = bench.last("receipt.validate").data["receipt"]["lines"]
    assert [(line["quantity"]["value"], line["condition"]) for line in lines] == [
        ("95", "good"),
        ("3", "damaged"),
        ("40", "good"),
    ]
    bench.run()
    bench.invoice()
    assert "received 95, billed before 0, invoiced 100: 5 more than received" in bench.says("invoice:1")


def test_goods_nobody_announced_are_taken_or_asked_about() -> None:
    bench = agreed()
    bench.receive(("1", "100"), expected_number="")
    assert bench.count("receipt.validate") == 1
    bench = agreed(flow(receipts={"unannounced": "ask"}))
    bench.receive(("1", "100"), expected_number="")
    assert "no ship notice announced the goods" in bench.says("receipt:1")


def test_what_was_never_ordered_is_left_out() -> None:
    bench = shipped()
    bench.receive(("1", "100"), ("2", "40"), ("9", "3"))
    assert "3 of SKU-9, which is not in the order" in bench.says("receipt:1")
    bench.decide("receipt:1", "accept")
    assert [line["order_line"] for line in bench.last("receipt.validate").data["receipt"]["lines"]] == ["1", "2"]


def test_the_same_receipt_twice_is_one() -> None:
    bench = shipped()
    bench.receive()
    bench.receive()
    bench.run()
    assert bench.count("receipt.validate") == 1 and not bench.parked


def test_a_receipt_corrected_before_it_is_in_stock_is_replaced() -> None:
    bench = shipped()
    bench.receive(("1", "105"), ("2", "40"))
    decision = bench.receive(("1", "100"), ("2", "40"))
    assert not bench.parked and any("line 1: 100 instead of 105" in note for note in decision.notes)
    assert bench.count("receipt.validate") == 1


def test_a_receipt_corrected_afterwards_is_for_a_person() -> None:
    bench = received()
    bench.receive(("1", "90"), ("2", "40"))
    assert "after it was validated in the ERP: line 1: 90 instead of 100" in bench.says("late_receipt:1")
    assert bench.count("receipt.validate") == 1


def test_receipts_are_validated_one_after_the_other() -> None:
    bench = shipped()
    bench.receive(("1", "60"), final=False, sequence=1)
    bench.receive(("1", "40"), ("2", "40"), sequence=2)
    assert bench.count("receipt.validate") == 1
    bench.run()
    assert bench.count("receipt.validate") == 2


def test_lots_are_taken_from_the_notice_only_when_there_is_one() -> None:
    bench = agreed()
    lines = [
        {"number": str(n), "order_line": "1", "quantity": {"value": "50"}, "lot": lot} for n, lot in enumerate(("LA", "LB"), 1)
    ]
    bench.notice(lines=lines)
    bench.run()
    bench.receive(("1", "100"))
    assert bench.last("receipt.validate").data["receipt"]["lines"][0].get("lot", "") == ""


def test_a_change_in_the_order_after_the_receipt_stays_possible_for_what_is_open() -> None:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.run()
    bench.receive()
    bench.run()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "60", "2.50"), ("2", "NUT-8", "40", "1.00")))
    assert bench.count("purchase_order.change") == 1 and not bench.parked


def test_what_was_damaged_may_be_sent_again() -> None:
    bench = shipped(flow(receipts={"damaged": "note"}))
    bench.receive(("1", "95"), ("1", "5", "damaged"), ("2", "40"))
    bench.run()
    bench.notice(("1", "5"), number="ASN-2", sscc="")
    assert not bench.parked and bench.count("receipt.expect") == 2


def test_a_supplier_that_counts_lines_in_its_own_way_is_understood_by_the_item() -> None:
    bench = agreed()
    lines = [
        {"number": "1", "order_line": "1", "supplier_sku": "A-NUT-8", "quantity": {"value": "40"}},
        {"number": "2", "order_line": "2", "supplier_sku": "A-BOLT-8", "quantity": {"value": "100"}},
    ]
    bench.notice(lines=lines)
    expected = bench.last("receipt.expect").data["expected_receipt"]["lines"]
    assert [(line["order_line"], line["sku"], line["quantity"]["value"]) for line in expected] == [
        ("2", "NUT-8", "40"),
        ("1", "BOLT-8", "100"),
    ]


def test_a_notice_nobody_expected_is_passed_on_all_the_same() -> None:
    bench = agreed(flow(suppliers=[{"notices": False}]))
    assert list(bench.expected) == ["received"]
    bench.notice()
    assert bench.count("receipt.expect") == 1


def test_what_people_received_in_the_erp_is_in_stock_there_already() -> None:
    bench = shipped()
    line = {"number": "1", "order_line": "1", "quantity": {"value": "105"}}
    bench.event(
        "receipt.completed",
        {"number": "WH/IN/7", "order_number": "P00042", "received_at": bench.now.isoformat(), "lines": [line]},
    )
    assert bench.parked["receipt:1"].actions == ("accept",)
    bench.decide("receipt:1", "accept")
    assert bench.count("receipt.validate") == 0
    bench.invoice(("1", "105", "2.50"))
    assert bench.count("bill.create") == 1
