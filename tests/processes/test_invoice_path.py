"""Invoices: made once, posted when the rule of their customer holds, with what they wait for in words."""

from __future__ import annotations

from typing import Any

import pytest
from invoice_bench import Bench, drafted, flow, placed

from crossdock.core.errors import AnswerLost, CrossdockError, TargetRefused, all_errors

MILESTONES = {
    "shipped": (),
    "dispatched": ("picked_up",),
    "delivered": ("picked_up", "delivered"),
    "proof": ("picked_up", "delivered"),
}


@pytest.mark.parametrize("ready", MILESTONES)
def test_it_is_posted_when_its_rule_holds_and_not_before(ready: str) -> None:
    bench = drafted(flow(ready))
    for code in MILESTONES[ready]:
        assert bench.count("invoice.post") == 0, code
        bench.milestone(code)
    if ready == "proof":
        assert bench.count("invoice.post") == 0
        bench.proof()
    bench.run()
    assert bench.names() == ["invoice.create", "invoice.post"]
    data = bench.last("invoice.post").data
    assert data["invoice_id"] == "81"
    assert data["justified_by"].startswith("e") or data["justified_by"].startswith("order/")
    assert data["approved_by"] == "policy:invoices/readiness"
    assert bench.state.closed == "finished"
    assert not bench.expected.get("invoice_ready:1")


def test_what_it_waits_for_is_said() -> None:
    bench = drafted(flow("proof"))
    assert bench.expected["invoice_ready:1"].description == "IV-shopify-eu.1001-1 waits for the delivery of SH-1"
    bench.milestone("delivered")
    assert bench.expected["invoice_ready:1"].description == "IV-shopify-eu.1001-1 waits for the proof of delivery of SH-1"
    assert [stage for stage, at in bench.process.milestones(bench.state) if at is None] == ["ready", "posted", "paid"]


def test_milestones_before_the_consignment_is_known_count_later() -> None:
    bench = placed()
    bench.milestone("picked_up")
    bench.shipped()
    bench.run()
    assert bench.count("invoice.post") == 1


def test_the_invoice_has_to_come_to_what_the_erp_made_of_the_order() -> None:
    """Its total was held against the shop's when the order was made; what a person accepted then is not asked for again."""
    bench = placed(flow("delivered", "order"))
    bench.confirmed("48.50")
    bench.shipped()
    bench.all_left(1)
    bench.milestone("delivered")
    [command] = bench.commands
    assert command.data["invoice_request"]["total"] == {"amount": "48.50", "currency": "EUR"}


def test_one_invoice_for_the_whole_order_once_all_of_it_left() -> None:
    bench = placed(flow("delivered", "order"))
    bench.shipped(("1", "LAMP", "2"))
    bench.milestone("delivered")
    assert bench.commands == []
    bench.shipped(("2", "CORD", "3"), n=2)
    bench.all_left(1, 2)
    [command] = bench.commands
    request = command.data["invoice_request"]
    assert [(line["order_line"], line["quantity"]["value"]) for line in request["lines"]] == [("1", "2"), ("2", "3")]
    assert request["total"] is None, "the ERP has not said yet what it made of the order"
    bench.run()
    assert bench.count("invoice.post") == 0
    bench.milestone("delivered", 2)
    bench.run()
    assert bench.count("invoice.post") == 1


def test_each_shipment_is_billed_with_its_own_lines_and_the_shipping_once() -> None:
    bench = placed(shipping={"amount": "4.90", "currency": "EUR"})
    bench.shipped(("1", "LAMP", "2"))
    bench.shipped(("2", "CORD", "3"), n=2)
    first, second = (one.data["invoice_request"] for one in bench.commands)
    assert [line["kind"] for line in first["lines"]] == ["goods", "freight"]
    assert [line["order_line"] for line in second["lines"]] == ["2"]
    assert first["total"] is None


def test_what_is_ready_in_a_period_is_billed_at_its_end() -> None:
    bench = placed(flow("dispatched", "month"))
    bench.shipped(("1", "LAMP", "2"))
    bench.shipped(("2", "CORD", "3"), n=2)
    bench.milestone("picked_up")
    bench.milestone("picked_up", 2)
    assert bench.commands == []
    due = bench.expected["timer:period"].due
    assert due.isoformat() == "2026-12-01T00:00:00+00:00"
    bench.due("timer:period", due)
    assert len(bench.last("invoice.create").data["invoice_request"]["lines"]) == 2
    bench.run()
    assert bench.count("invoice.post") == 1


def test_contradicting_milestones_go_to_a_person_and_nothing_is_posted() -> None:
    bench = drafted(flow("proof"))
    bench.proof(at="2026-11-20T10:00:00+00:00")
    bench.milestone("picked_up", at="2026-11-24T10:00:00+00:00")
    bench.run()
    assert bench.parked["milestones:1"].error.code == "freight.proof_before_pickup"
    assert bench.count("invoice.post") == 0
    bench.milestone("delivered", at="2026-11-25T10:00:00+00:00")
    assert bench.count("invoice.post") == 0
    bench.decide("milestones:1", "confirm")
    bench.run()
    assert bench.count("invoice.post") == 1


def test_an_amount_above_the_limit_is_allowed_by_a_person() -> None:
    bench = drafted(flow(rule={"approve_above": "49.99"}))
    bench.milestone("picked_up")
    assert bench.count("invoice.post") == 0
    bench.decide("approve:1", "approve")
    assert bench.last("invoice.post").data["approved_by"] == "person:anna"
    below = drafted(flow(rule={"approve_above": "50.00"}))
    below.milestone("picked_up")
    assert below.count("invoice.post") == 1


def test_a_draft_of_another_amount_waits_for_a_person() -> None:
    bench = placed()
    bench.shipped()
    bench.ack("invoice.create", total="49.00", discrepancies=[{"field": "total", "expected": "50.00", "found": "49.00"}])
    bench.milestone("picked_up")
    assert bench.count("invoice.post") == 0
    assert "49.00 instead of 50.00" in bench.says("invoice:1")
    bench.decide("invoice:1", "accept")
    assert bench.count("invoice.post") == 1


def test_a_closed_period_posts_nothing_until_a_person_names_another_day() -> None:
    bench = drafted()
    bench.milestone("picked_up")
    closed = next((kind for kind in all_errors() if "period" in kind.code), TargetRefused)
    bench.fail("invoice.post", closed("the period is locked until 2026-11-30"))
    assert "invoice.post:1" in bench.parked
    bench.decide("invoice.post:1", "another_day", date="2026-12-01")
    again = bench.last("invoice.post")
    assert again.data["issue_date"] == "2026-12-01"
    bench.ack("invoice.post")
    assert bench.state.papers[0].standing == "posted"


def test_people_post_in_the_erp_before_it_is_ready_and_finance_hears_of_it() -> None:
    bench = drafted(flow("delivered"))
    bench.invoice("posted")
    assert "waited for the delivery of SH-1" in bench.says("early_invoice:1")
    bench.milestone("delivered")
    assert bench.count("invoice.post") == 0


def test_an_invoice_people_made_stops_a_second_one() -> None:
    bench = placed(flow("dispatched", "order"))
    bench.shipped()
    bench.invoice("draft", wish="", erp_id="99")
    bench.all_left(1)
    assert bench.commands == []
    bench.decide("foreign", "theirs")
    bench.milestone("picked_up")
    assert bench.commands == []
    assert bench.state.closed == "finished"


def test_a_cancelled_invoice_is_made_again_only_when_a_person_says_so() -> None:
    bench = drafted()
    bench.milestone("picked_up")
    bench.run()
    bench.invoice("cancelled")
    assert bench.count("invoice.create") == 1
    bench.decide("cancelled:1", "again")
    assert bench.last("invoice.create").data["invoice_request"]["number"] == "IV-shopify-eu.1001-2"
    bench.run()
    assert bench.count("invoice.post") == 2


def test_the_payment_is_followed() -> None:
    bench = drafted(flow(finish="paid", expectations={"invoice_paid": "P14D"}))
    bench.milestone("picked_up")
    bench.run()
    assert "invoice_paid:1" in bench.expected and not bench.state.closed
    bench.invoice("paid")
    assert bench.state.closed == "finished"
    assert "invoice_paid:1" not in bench.expected


def test_expected_freight_is_accrued_once_when_its_price_is_known() -> None:
    bench = placed(flow(accrue_freight=True))
    bench.shipped()
    assert bench.count("freight.accrue") == 0
    quote = {"shipment_number": "SH-1", "amount": {"amount": "7.40", "currency": "EUR"}, "quoted_at": bench.now.isoformat()}
    bench.event("freight.quoted", quote, "carrier-dhl")
    bench.event("freight.quoted", quote, "carrier-dhl")
    assert bench.count("freight.accrue") == 1
    assert bench.last("freight.accrue").data["amount"] == {"amount": "7.40", "currency": "EUR"}


def quote(bench: Bench, amount: str = "7.40", number: str = "SH-1", **more: Any) -> None:
    document = {
        "shipment_number": number,
        "amount": {"amount": amount, "currency": "EUR"},
        "quoted_at": bench.now.isoformat(),
        **more,
    }
    bench.event("freight.quoted", document, "carrier-dhl")


def accruals(bench: Bench) -> list[tuple[str, bool]]:
    return [(one.data["amount"]["amount"], one.data["reverses"]) for one in bench.commands if one.name == "freight.accrue"]


def test_freight_is_accrued_at_the_booking_and_taken_out_when_it_is_billed() -> None:
    bench = placed(flow(accrue_freight=True, tells=True))
    bench.confirmed("50.00")
    quote(bench)
    assert accruals(bench) == [("7.40", False)] and not bench.state.consignments
    bench.ack("freight.accrue")
    bench.shipped(cost={"amount": "7.40", "currency": "EUR"})
    line = {"number": "1", "tracking_number": "T1", "amount": {"amount": "9.00", "currency": "EUR"}}
    bill = {
        "number": "R-1",
        "carrier": "dhl",
        "issue_date": "2026-11-30",
        "currency": "EUR",
        "lines": [line],
        "total": line["amount"],
    }
    bench.event("freight.billed", bill, "tms")
    bench.event("freight.billed", {**bill, "number": "R-2"}, "tms")
    bench.run()
    assert accruals(bench) == [("7.40", False), ("7.40", True)]
    told = [event.data for decision in bench.decisions for event in decision.emitted if event.type == "freight.accrued"]
    assert [one.state for one in told] == ["accrued", "released"]  # type: ignore[attr-defined]


def test_freight_of_a_booking_that_is_given_up_or_costs_something_else_is_taken_out() -> None:
    bench = placed(flow(accrue_freight=True))
    bench.confirmed("50.00")
    quote(bench)
    quote(bench, "8.10")
    assert accruals(bench) == [("7.40", False), ("8.10", False)]
    bench.run()
    assert accruals(bench)[2:] == [("7.40", True)]
    assert [one.data["turn"] for one in bench.commands if one.name == "freight.accrue"] == [1, 2, 1]
    bench.all_left()
    bench.run()
    assert accruals(bench)[3:] == [("8.10", True)]


@pytest.mark.parametrize("how", ["delivered", "proof"])
def test_what_arrived_before_its_goods_left_the_stock_releases_nothing_until_somebody_vouches(how: str) -> None:
    bench = placed(flow("delivered" if how == "delivered" else "proof"))
    bench.shipped()
    before = "2026-11-22T10:00:00+00:00"
    bench.milestone("delivered", at=before)
    if how == "proof":
        bench.proof(at=before)
    bench.run()
    assert bench.count("invoice.post") == 0
    assert bench.parked["milestones:1"].error.code == "freight.proof_before_pickup"
    bench.decide("milestones:1", "confirm")
    bench.run()
    assert bench.count("invoice.post") == 1


def test_an_order_of_which_nothing_left_is_over() -> None:
    bench = placed()
    bench.all_left()
    assert bench.state.closed == "cancelled"


@pytest.mark.parametrize("error", [TargetRefused("no"), AnswerLost("a person says that it did not happen")])
def test_a_failed_draft_stops_its_own_invoice_only(error: CrossdockError) -> None:
    bench = placed(flow(draft="shipped"))
    bench.shipped(("1", "LAMP", "2"))
    bench.fail("invoice.create", error)
    bench.shipped(("2", "CORD", "3"), n=2)
    bench.milestone("picked_up", 2)
    bench.run()
    assert bench.count("invoice.post") == 1
    bench.decide("invoice.create:1", "leave")
    assert bench.state.papers[0].standing == "left"
