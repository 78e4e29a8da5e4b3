"""What the supplier may confirm by itself, what a buyer decides, and which version of which paper counts."""

from __future__ import annotations

import pytest
from purchase_bench import Bench, agreed, flow, money, order, sent, shipped

from crossdock.core.errors import TargetRefused


def test_within_tolerance_the_erp_is_told_and_nobody_is_asked() -> None:
    bench = sent(flow(answers={"price_percent": "2"}))
    bench.answer(
        {"order_line": "1", "unit_price": money("2.55"), "delivery_date": "2026-12-09", "quantity": {"value": "100"}},
        {"order_line": "2", "answer": "accepted"},
        supplier_order_number="SO-7",
    )
    assert not bench.parked
    update = bench.last("purchase_order.update").data
    assert update["erp_id"] == "17" and update["purchase_order"]["supplier_order_number"] == "SO-7"
    (line, other), (before, same) = update["purchase_order"]["lines"], update["previous_purchase_order"]["lines"]
    assert (line["unit_price"]["amount"], line["delivery_date"]) == ("2.55", "2026-12-09")
    assert (before["unit_price"]["amount"], before["delivery_date"]) == ("2.50", "2026-12-07") and other == same


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"unit_price": money("2.60")}, "line 1: price 2.6 instead of 2.5, 0.1 more, 4 % (tolerated 0.05)"),
        ({"delivery_date": "2026-12-10"}, "line 1: delivery 2026-12-10 instead of 2026-12-07, 3 days late (tolerated 2)"),
        ({"delivery_date": "2026-12-01"}, "line 1: delivery 2026-12-01 instead of 2026-12-07, 6 days early (tolerated 3)"),
        ({"quantity": {"value": "80"}}, "line 1: 80 instead of 100, 20 less (tolerated 0)"),
        ({"quantity": {"value": "120"}}, "line 1: 120 instead of 100, 20 more (tolerated 0)"),
        ({"answer": "refused", "reason": "sold out"}, "line 1 (BOLT-8) is refused: sold out"),
        ({"answer": "backordered"}, "line 1 (BOLT-8) is back-ordered without a day"),
        ({"sku": "BOLT-9", "quantity": {"value": "100"}}, "line 1: BOLT-9 instead of BOLT-8"),
        ({"quantity": {"value": "1", "unit": "KGM"}}, "line 1: in KGM instead of C62"),
    ],
)
def test_beyond_tolerance_a_buyer_reads_the_arithmetic(line: dict[str, object], words: str) -> None:
    bench = sent(flow(answers={"price_percent": "2"}))
    bench.answer({"order_line": "1", **line})
    assert words in bench.says("answer")
    assert bench.parked["answer"].actions == ("accept", "insist", "cancel")
    assert bench.count("purchase_order.update") == 0


def test_a_lower_price_is_taken() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("2.40")})
    assert not bench.parked and bench.count("purchase_order.update") == 1


def test_a_line_split_over_two_days_counts_once() -> None:
    bench = sent()
    bench.answer(
        {"order_line": "1", "quantity": {"value": "60"}, "delivery_date": "2026-12-07"},
        {"order_line": "1", "answer": "backordered", "quantity": {"value": "40"}, "delivery_date": "2026-12-09"},
    )
    assert not bench.parked
    line = bench.last("purchase_order.update").data["purchase_order"]["lines"][0]
    assert line["delivery_date"] == "2026-12-09" and line["quantity"]["value"] == "100"


def test_what_is_not_in_the_order_is_asked_about() -> None:
    bench = sent()
    bench.answer({"sku": "WASHER", "quantity": {"value": "10"}})
    assert "WASHER is not in the order" in bench.says("answer")


def test_the_buyer_accepts() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("3.00")}, {"order_line": "2", "answer": "refused"})
    bench.decide("answer", "accept")
    assert not bench.parked
    lines = {line["number"]: line for line in bench.last("purchase_order.update").data["purchase_order"]["lines"]}
    assert lines["1"]["unit_price"]["amount"] == "3" and lines["2"]["status"] == "cancelled"
    bench.run()
    bench.notice(("1", "100"))
    bench.run()
    bench.receive()
    bench.run()
    bench.invoice(("1", "100", "3.00"))
    bench.run()
    assert bench.state.closed == "finished"


def test_the_buyer_insists_and_the_supplier_gets_the_order_again() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("3.00")})
    bench.decide("answer", "insist")
    again = bench.last("purchase_order.change").data
    assert again["purchase_order"]["revision"] == 1
    assert again["purchase_order"]["lines"] == again["previous_purchase_order"]["lines"]
    bench.run()
    bench.answer(number="OC-2")
    assert not bench.parked and "answered" not in bench.expected


def test_the_buyer_cancels() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("3.00")})
    bench.decide("answer", "cancel")
    bench.run()
    assert bench.names()[-1] == "purchase_order.cancel" and bench.state.closed == "cancelled" and not bench.parked


def test_a_newer_answer_replaces_one_nobody_decided_on() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "unit_price": money("3.00")})
    decision = bench.answer(number="OC-2")
    assert not bench.parked and "answer" in decision.unparked
    assert any("OC-2 replaces OC-1" in note for note in decision.notes)


def test_an_older_answer_that_comes_late_changes_nothing() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-08"}, number="OC-2")
    decision = bench.answer({"order_line": "1", "unit_price": money("9")}, number="OC-1", answered_at="2026-11-20T08:00:00Z")
    assert not bench.parked and not decision.commands
    assert [one.standing for one in bench.state.answers] == ["in_force", "superseded"]


def test_an_answer_to_an_earlier_version_of_the_order_changes_nothing() -> None:
    bench = sent()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "120", "2.50"), ("2", "NUT-8", "40", "1.00")))
    bench.run()
    decision = bench.answer({"order_line": "1", "quantity": {"value": "100"}}, order_revision=0)
    assert not bench.parked and not decision.commands and "answered" in bench.expected
    bench.answer(number="OC-2", order_revision=1)
    assert "answered" not in bench.expected


def test_the_same_answer_twice_is_one() -> None:
    bench = sent()
    line = {"order_line": "1", "delivery_date": "2026-12-08"}
    bench.answer(line)
    decision = bench.answer(line)
    assert bench.count("purchase_order.update") == 1 and not decision.commands


def test_tolerance_does_not_creep() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-09"})
    bench.answer({"order_line": "1", "delivery_date": "2026-12-11"}, number="OC-2")
    assert "4 days late" in bench.says("answer")


def test_an_answer_may_be_taken_back_to_what_was_ordered() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-09"})
    bench.run()
    bench.answer(number="OC-2")
    line = bench.last("purchase_order.update").data["purchase_order"]["lines"][0]
    assert line["delivery_date"] == "2026-12-07"


def test_looking_at_it_is_no_answer() -> None:
    bench = sent()
    bench.answer(verdict="acknowledged")
    assert "answered" in bench.expected


def test_a_refusal_without_lines_refuses_all() -> None:
    bench = sent()
    bench.answer(verdict="refused", reason="account blocked")
    assert "line 1 (BOLT-8) is refused: account blocked; line 2" in bench.says("answer")


# --- what the ERP changes ------------------------------------------------------------------------------------------------------


def test_a_change_before_the_order_went_out_is_sent_instead() -> None:
    bench = Bench(flow())
    bench.event("purchase_order.confirmed", order())
    bench.fail("purchase_order.send", TargetRefused("no"))
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "50", "2.50")))
    assert bench.names() == ["purchase_order.send", "purchase_order.send"] and not bench.parked
    numbers = [(line["number"], line["status"]) for line in bench.last("purchase_order.send").data["purchase_order"]["lines"]]
    assert ("1", "open") in numbers
    bench.run()
    assert "purchase_order.change" not in bench.names()


def test_a_change_goes_to_the_supplier_with_what_it_had() -> None:
    bench = agreed()
    decision = bench.event("purchase_order.changed", order(("1", "BOLT-8", "150", "2.50"), ("3", "WASHER", "5", "1")))
    data = bench.last("purchase_order.change").data
    lines = {line["number"]: line for line in data["purchase_order"]["lines"]}
    assert data["purchase_order"]["revision"] == 1 and data["previous_purchase_order"]["revision"] == 0
    assert lines["1"]["quantity"]["value"] == "150" and lines["2"]["status"] == "cancelled" and "3" in lines
    assert any("line 1: quantity 150 instead of 100" in note for note in decision.notes)
    bench.run()
    assert {"answered", "acknowledged:2"} <= set(bench.expected)


def test_two_changes_while_one_is_on_its_way_become_one() -> None:
    bench = agreed()
    for quantity in ("150", "160", "170"):
        bench.event("purchase_order.changed", order(("1", "BOLT-8", quantity, "2.50"), ("2", "NUT-8", "40", "1.00")))
    bench.run()
    told = [
        one.data["purchase_order"]["lines"][0]["quantity"]["value"]
        for one in bench.commands
        if one.name == "purchase_order.change"
    ]
    assert told == ["150", "170"]


def test_what_the_hub_wrote_to_the_erp_is_no_wish_of_the_buyer() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-09"}, supplier_order_number="SO-7")
    bench.run()
    echo = order()
    echo["lines"][0]["delivery_date"] = "2026-12-09"
    decision = bench.event("purchase_order.changed", echo)
    assert bench.count("purchase_order.change") == 0 and not decision.commands


def test_an_unrelated_change_does_not_take_back_what_was_confirmed() -> None:
    bench = sent()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-09"})  # the ERP was not told yet
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "100", "2.50"), ("2", "NUT-8", "60", "1.00")))
    told = bench.last("purchase_order.change").data["purchase_order"]["lines"]
    assert told[0]["delivery_date"] == "2026-12-09" and told[1]["quantity"]["value"] == "60"


def test_less_than_was_shipped_is_for_a_buyer() -> None:
    bench = shipped()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "30", "2.50"), ("2", "NUT-8", "40", "1.00")))
    assert "line 1 is to be 30, and 100 left the supplier" in bench.says("change")
    assert bench.count("purchase_order.change") == 0
    bench.decide("change", "ignore")
    assert not bench.parked and bench.count("purchase_order.change") == 0


def test_more_after_shipping_goes_to_the_supplier() -> None:
    bench = shipped()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "130", "2.50"), ("2", "NUT-8", "40", "1.00")))
    assert bench.count("purchase_order.change") == 1 and not bench.parked


def test_a_buyer_may_tell_it_all_the_same() -> None:
    bench = shipped()
    bench.event("purchase_order.changed", order(("1", "BOLT-8", "30", "2.50"), ("2", "NUT-8", "40", "1.00")))
    bench.decide("change", "tell")
    assert bench.count("purchase_order.change") == 1 and not bench.parked


# --- taking it back ---------------------------------------------------------------------------------------------------------------


def test_cancelled_before_it_went_out() -> None:
    bench = Bench(flow())
    bench.event("purchase_order.confirmed", order())
    bench.fail("purchase_order.send", TargetRefused("no"))
    bench.event("purchase_order.cancelled", order(reason="not needed"))
    assert bench.names() == ["purchase_order.send"] and bench.state.closed == "cancelled" and not bench.parked


def test_cancelled_in_the_workbench() -> None:
    bench = agreed()
    cancellation = {"number": "P00042", "reason": "budget", "cancelled_at": "2026-11-24T08:00:00Z"}
    bench.event("order.cancelled", cancellation, "hub")
    assert bench.last("purchase_order.cancel").data["reason"] == "budget"


def test_cancelled_while_it_goes_out_is_told_afterwards() -> None:
    bench = Bench(flow())
    bench.event("purchase_order.confirmed", order())
    bench.event("purchase_order.cancelled", order(reason="not needed"))
    assert bench.names() == ["purchase_order.send"]
    bench.run()
    assert bench.names() == ["purchase_order.send", "purchase_order.cancel"] and bench.state.closed == "cancelled"
    assert not bench.expected and not bench.parked
    assert bench.last("purchase_order.cancel").data["reason"] == "not needed"


def test_an_order_confirmed_again_after_it_was_cancelled_is_for_a_buyer() -> None:
    bench = agreed()
    bench.event("purchase_order.cancelled", order())
    bench.run()
    bench.event("purchase_order.confirmed", order())
    assert "confirms the order again after it was cancelled" in bench.says("late_change")
    assert bench.count("purchase_order.send") == 1


def test_the_supplier_does_not_accept_the_cancellation() -> None:
    bench = agreed()
    bench.event("purchase_order.cancelled", order())
    bench.run()
    bench.answer(number="OC-9", verdict="refused", reason="already made")
    assert "already made" in bench.says("late_cancel")


def test_goods_for_a_cancelled_order_are_for_a_buyer() -> None:
    bench = agreed()
    bench.event("purchase_order.cancelled", order())
    bench.run()
    bench.notice()
    bench.receive(("1", "100"), expected_number="")
    bench.invoice()
    assert {"late_notice:1", "late_receipt:1", "invoice:1"} <= set(bench.parked)
    assert not {"receipt.expect", "receipt.validate", "bill.create"} & set(bench.names())


def test_cancelled_when_goods_are_on_their_way() -> None:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.run()
    bench.event("purchase_order.cancelled", order())
    assert bench.parked["cancel"].actions == ("cancel_rest", "receive_anyway")
    bench.decide("cancel", "cancel_rest")
    bench.run()
    lines = {line["number"]: line for line in bench.last("purchase_order.change").data["purchase_order"]["lines"]}
    assert lines["1"]["quantity"]["value"] == "60" and lines["2"]["status"] == "cancelled"
    bench.receive()
    bench.run()
    bench.invoice(("1", "60", "2.50"))
    bench.run()
    assert bench.state.closed == "finished" and not bench.parked


def test_received_although_cancelled() -> None:
    bench = shipped()
    bench.event("purchase_order.cancelled", order())
    bench.decide("cancel", "receive_anyway")
    bench.receive()
    bench.run()
    assert bench.count("receipt.validate") == 1 and bench.count("purchase_order.cancel") == 0


# --- functional acknowledgements --------------------------------------------------------------------------------------------------


def test_a_refused_order_may_be_sent_again() -> None:
    bench = sent()
    finding = {"code": "7", "segment": "PO1", "segment_position": 9, "element": "4", "message": "invalid code value"}
    bench.acknowledge("ISA1", "rejected", findings=[finding])
    assert "PO1 4 7 invalid code value" in bench.says("acknowledgement:1")
    assert "acknowledged:1" not in bench.expected
    bench.decide("acknowledgement:1", "resend")
    assert bench.count("purchase_order.change") == 1 and not bench.parked


def test_a_receipt_of_the_envelope_is_no_acknowledgement_of_the_order() -> None:
    bench = sent()
    bench.acknowledge("ISA1", standard="MDN", level="transport")
    bench.acknowledge("ISA1", standard="TA1", level="interchange")
    assert "acknowledged:1" in bench.expected
    bench.acknowledge("ISA1", standard="999", level="document")
    assert "acknowledged:1" not in bench.expected


def test_an_acknowledgement_of_nothing_is_noted() -> None:
    bench = agreed()
    decision = bench.acknowledge("ISA777", "rejected")
    assert not bench.parked and any("nothing that is known" in note for note in decision.notes)
