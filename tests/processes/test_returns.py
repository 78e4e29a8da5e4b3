"""Returns: what may come back, who approves it, where the goods go, and what goes back of the money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from return_bench import TOTAL, Bench, flow, money, order

from crossdock.core.errors import TargetRefused
from crossdock.processes.returns import Settings
from crossdock.processes.returns.pricing import paid_for, part_of
from crossdock.processes.returns.requirements import requires


def bench(**settings: Any) -> Bench:
    return Bench(flow(**settings))


def test_a_return_goes_all_the_way() -> None:
    b = bench().bought()
    b.request()
    assert b.names() == ["return.label"]
    b.run()
    assert b.names()[1:] == ["return.answer", "return.expect"]
    answer = b.last("return.answer").data["return_answer"]
    assert (answer["status"], answer["tracking_number"], answer["label"]) == ("authorised", "BACK1", "cGRm")
    b.receive()
    b.run()
    moved = b.last("return.transfer").data["return_transfer"]["lines"]
    assert [(one["sku"], one["quantity"]["value"], one["destination"]) for one in moved] == [("BOLT-8", "1", "stock")]
    refund = b.last("payment.refund")
    assert (refund.system, refund.data["amount"], refund.data["payment_reference"]) == ("stripe", money("10.00"), "pi_1")
    assert refund.data["justified_by"] and refund.data["approved_by"] == "policy:returns/approval"
    order_of = [
        name for name in b.names() if name in {"return.transfer", "credit_note.create", "payment.refund", "payment.register"}
    ]
    assert order_of == ["return.transfer", "credit_note.create", "payment.refund", "payment.register"]
    assert b.standing() == "completed" and not b.expected and not b.parked
    assert b.process.finished(b.state)
    assert [name for name, at in b.process.milestones(b.state) if at] == list(b.process.stages)


def test_an_order_nobody_returns_anything_of_is_over_at_once_and_shows_no_stages() -> None:
    b = bench().bought()
    assert b.process.finished(b.state) and b.process.milestones(b.state) == () and not b.names() and not b.expected


def test_told_twice_it_is_one_return_one_receipt_one_refund() -> None:
    b = bench().bought()
    for _ in range(2):
        b.request()
    b.run()
    for _ in range(2):
        b.receive()
    b.run()
    b.gateway("refund.completed", "10.00", reference="re_1")
    b.receive()
    assert (len(b.state.returns), b.refunds(), b.count("return.transfer")) == (1, [Decimal(10)], 1)


@pytest.mark.parametrize(
    ("lines", "more", "settings", "words"),
    [
        ([("NUT", "1")], {}, {}, "is not in the order"),
        ([("BOLT-8", "4")], {}, {}, "4 asked for, 3 shipped"),
        ([("GLOVE", "1")], {}, {"eligibility": {"categories": [{"name": "hygiene", "skus": ["GLO*"], "returnable": False}]}}, "hygiene does not"),
        ([("BOLT-8", "1")], {}, {"eligibility": {"days": 1}}, "delivered 2 days ago, 1 are allowed"),
        ([("BOLT-8", "2")], {"wanted": "refund_without_return"}, {}, "20.00 EUR without the goods, 15 are allowed"),
        ([("BOLT-8", "1")], {"wanted": "exchange", "exchange_sku": "NUT"}, {}, "which may have another price"),
    ],
)  # fmt: skip
def test_what_the_policy_does_not_allow(lines: Any, more: dict[str, Any], settings: dict[str, Any], words: str) -> None:
    b = bench(**settings).bought()
    b.request(*lines, **more)
    if b.standing() == "held":
        assert words in b.says("return:1")
        b.decide("return:1", "refuse")
    assert b.standing() == "refused" and "return.label" not in b.names()
    assert b.last("return.answer").data["return_answer"]["status"] == "refused"
    strict = dict(settings.get("eligibility", {}), outside="refuse")
    c = bench(**{**settings, "eligibility": strict}).bought()
    c.request(*lines, **more)
    assert c.standing() == "refused" and not c.parked


def test_a_person_may_allow_what_the_policy_does_not() -> None:
    b = bench(eligibility={"days": 1}).bought()
    b.request()
    b.decide("return:1", "allow")
    assert b.standing() == "authorised" and b.state.returns[0].approved_by == "anna"


def test_the_sellers_doing_has_its_own_time_and_no_fee() -> None:
    fee = {"categories": [{"name": "opened", "skus": ["BOLT-*"], "days": 1, "fee_percent": "20"}]}
    b = bench(eligibility=fee).bought()
    b.request(reason="defective")
    assert b.state.returns[0].lines[0]["amount"] == "10.00"
    c = bench(eligibility={"categories": [{**fee["categories"][0], "days": 30}]}).bought()  # type: ignore[dict-item]
    c.request(("BOLT-8", "2"), number="R-1")
    c.request(("BOLT-8", "1"), number="R-2")
    assert [one.lines[0]["amount"] for one in c.state.returns] == ["16.00", "8.00"]


def test_nothing_shipped_nothing_back() -> None:
    b = bench().bought(deliver=False)
    b.request()
    assert b.standing() == "refused"


def test_four_eyes_above_a_limit() -> None:
    b = bench(approval={"person_above": "10", "two_above": "25"}).bought()
    b.request(("BOLT-8", "2"))
    assert "needs a person" in b.says("approval:1")
    b.decided_by("anna", "approval:1", "approve")
    assert b.standing() == "authorised" and b.state.returns[0].approved_by == "anna"
    b.request(("GLOVE", "1"), number="R-2")
    b.decided_by("anna", "approval:2", "approve")
    assert "somebody else must too" in b.says("approval:2")
    b.decided_by("anna", "approval:2", "approve")
    assert b.standing(2) == "held"
    b.decided_by("bert", "approval:2", "approve")
    assert b.standing(2) == "authorised" and b.state.returns[1].approved_by == "anna, bert"


def test_the_whole_order_brings_shipping_back_once() -> None:
    b = bench().bought()
    b.request(("BOLT-8", "3"), ("GLOVE", "1"))
    b.run()
    b.receive()
    b.run()
    assert b.refunds() == [Decimal("65.00")]


def test_less_came_and_it_is_worse_than_it_left() -> None:
    b = bench().bought()
    b.request(("BOLT-8", "2"))
    b.run()
    b.receive(("BOLT-8", "1", "scrap"), ("BOLT-8", "1", "missing"))
    assert "were not in the parcel" in b.says("graded:1") and "cannot be sold again (scrap)" in b.says("graded:1")
    assert b.last("return.transfer").data["return_transfer"]["lines"][0]["destination"] == "scrap"
    b.decide("graded:1", "only_fitting")
    b.run()
    assert b.standing() == "cancelled" and b.refunds() == []
    c = bench(bad_condition="pay").bought()
    c.request(("BOLT-8", "2"))
    c.run()
    c.receive(("BOLT-8", "1", "scrap"))
    c.run()
    assert c.refunds() == [Decimal("10.00")]


def test_another_article_came() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive(("NUT", "1", "wrong_item"))
    assert "which is not what was authorised" in b.says("graded:1") and b.count("return.transfer") == 0
    b.decide("graded:1", "all_authorised")
    b.run()
    assert b.refunds() == [Decimal("10.00")]


def test_in_parts_it_is_paid_when_the_last_came() -> None:
    b = bench().bought()
    b.request(("BOLT-8", "2"))
    b.run()
    b.receive(("BOLT-8", "1", "resaleable"), final=False)
    b.run()
    assert b.refunds() == []
    b.receive(("BOLT-8", "1", "resaleable"), number="WR-2", sequence=2)
    b.run()
    assert b.refunds() == [Decimal("20.00")] and b.count("return.transfer") == 2


def test_what_does_not_come_is_asked_for_and_not_paid() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.due("return_received:1")
    assert "have not come" in b.says("overdue:1")
    b.decide("overdue:1", "close")
    b.run()
    assert (
        b.standing() == "cancelled"
        and b.refunds() == []
        and b.last("return.cancel").data["return_number"] == "RT-shopify-eu.1001-1"
    )


def test_goods_nobody_authorised_wait_for_a_person() -> None:
    b = bench().bought()
    b.receive(("BOLT-8", "1", "resaleable"), ret="", order_number="1001", without_authorisation=True)
    assert "nobody expects" in b.says("unauthorised:1") and b.names() == []
    b.decide("unauthorised:1", "accept")
    b.run()
    assert b.refunds() == [Decimal("10.00")] and b.last("payment.refund").data["approved_by"] == "anna"
    c = bench().bought()
    c.receive(("BOLT-8", "1", "resaleable"), ret="", order_number="1001", without_authorisation=True)
    c.decide("unauthorised:1", "refuse")
    assert c.standing() == "refused" and c.names() == []


def test_a_parcel_without_its_number_is_known_when_one_is_waited_for() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive(("BOLT-8", "1", "resaleable"), ret="", order_number="1001", without_authorisation=True)
    b.run()
    assert len(b.state.returns) == 1 and b.refunds() == [Decimal("10.00")]


def test_a_refund_without_return_needs_no_goods() -> None:
    b = bench().bought()
    b.request(wanted="refund_without_return", reason="damaged")
    b.run()
    assert b.refunds() == [Decimal("10.00")] and not {"return.label", "return.expect", "return.transfer"} & set(b.names())


def test_an_exchange_becomes_an_order_without_charge() -> None:
    b = bench(exchanges="order").bought()
    b.request(wanted="exchange", reason="does_not_fit")
    b.run()
    b.receive()
    b.run()
    told = [event for decision in b.decisions for event in decision.emitted]
    assert [(one.type, one.key, one.source) for one in told] == [("order.placed", "order/shopify-eu/1001-R1", "shopify-eu")]
    assert b.refunds() == [] and b.standing() == "completed"
    c = bench().bought()
    c.request(wanted="exchange")
    c.run()
    c.receive()
    c.run()
    c.decide("exchange:1", "refund")
    c.run()
    assert c.refunds() == [Decimal("10.00")] and c.standing() == "completed"


def test_the_customer_keeps_the_goods() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.event("return.cancelled", {"number": "R-1", "cancelled_at": b.now.isoformat()})
    b.run()
    assert b.standing() == "cancelled" and b.count("return.cancel") == 1 and not b.expected
    c = bench().bought()
    c.request()
    c.run()
    c.receive()
    c.run()
    c.event("return.cancelled", {"number": "R-1", "cancelled_at": c.now.isoformat()})
    assert "after goods came" in c.says("late_cancel:1")


# --- money ----------------------------------------------------------------------------------------------------------------


def back(b: Bench, *lines: tuple[str, str]) -> Bench:
    """Lines are asked for and come back."""
    b.request(*lines)
    b.run()
    b.receive()
    b.run()
    return b


def test_never_more_than_was_captured() -> None:
    b = back(bench().bought(paid="5.00"))
    assert "10.00 EUR are due, 5.00 were captured, 0 went back: 5.00 are left" in b.says("refund:1") and b.refunds() == []
    b.decide("refund:1", "refund_rest")
    b.run()
    assert b.refunds() == [Decimal("5.00")] and b.standing() == "completed"


def test_a_capture_heard_of_later_needs_nobody() -> None:
    b = back(bench().bought(paid=""))
    assert b.parked["refund:1"].error.code == "payment.refund_above_capture"
    b.capture("65.00")
    b.run()
    assert b.refunds() == [Decimal("10.00")] and not b.parked


def test_what_was_refunded_in_the_gateways_pages_counts() -> None:
    b = bench().bought()
    b.gateway("refund.completed", "60.00")
    back(b)
    assert "60.00 went back: 5.00 are left" in b.says("refund:1")
    c = bench().bought()
    c.gateway("refund.completed", "1.00", refunded=money("60.00"))
    back(c)
    assert "5.00 are left" in c.says("refund:1") and c.refunds() == []


def test_nothing_goes_back_while_a_chargeback_is_open() -> None:
    b = bench().bought()
    b.dispute()
    back(b)
    assert b.parked["refund:1"].error.code == "payment.disputed" and b.refunds() == []
    b.dispute("chargeback.closed", outcome="won")
    b.run()
    assert b.refunds() == [Decimal("10.00")]
    c = bench().bought()
    c.dispute()
    back(c)
    c.dispute("chargeback.closed", outcome="lost")
    assert c.refunds() == [] and "refund:1" in c.parked


def test_foreign_currency_goes_to_a_person() -> None:
    b = bench().bought(paid="")
    b.capture("70.00", currency="USD")
    back(b)
    assert b.parked["refund:1"].error.code == "refund.foreign_currency" and b.refunds() == []
    b.decide("refund:1", "done", reference="cash desk 7")
    b.run()
    assert b.standing() == "completed" and b.refunds() == []


def test_several_payments_are_refunded_from_what_each_has_left() -> None:
    b = bench().bought(paid="20.00")
    b.capture("45.00", reference="pi_2")
    back(b, ("BOLT-8", "3"), ("GLOVE", "1"))
    assert sorted(b.refunds()) == [Decimal("20.00"), Decimal("45.00")]


def test_a_refund_that_bounces_is_tried_again_only_when_a_person_says_so() -> None:
    b = back(bench().bought())
    b.gateway("refund.failed", "10.00", reference="re_1", reason="account closed")
    assert "account closed" in b.says("bounced:1") and len(b.refunds()) == 1
    b.decide("bounced:1", "retry")
    b.run()
    assert b.refunds() == [Decimal("10.00")] * 2 and b.standing() == "completed"
    b.gateway("refund.failed", "10.00", reference="re_1")
    assert len(b.refunds()) == 2


def test_a_pending_refund_waits_for_the_gateway() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive()
    b.run("payment.refund")
    b.ack("payment.refund", status="pending")
    assert b.standing() == "settled" and "refunded:1" in b.expected
    b.gateway("refund.completed", "10.00", reference="re_1")
    b.run()
    assert b.standing() == "completed" and len(b.refunds()) == 1


def test_the_gateway_may_tell_before_it_answers() -> None:
    b = bench().bought(paid="15.00")
    b.request()
    b.run()
    b.receive()
    b.run("payment.refund")
    b.gateway("refund.completed", "10.00", reference="re_1")
    b.run()
    assert b.standing() == "completed"
    b.request(number="R-2")
    b.run()
    b.receive(number="WR-2")
    b.run()
    assert "10.00 went back: 5.00 are left" in b.says("refund:2"), "one refund told twice counts once"


def test_a_refused_refund_waits_and_is_never_made_twice() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive()
    b.run("payment.refund")
    made = b.last("payment.refund")
    b.fail("payment.refund", TargetRefused("no"))
    b.capture("65.00", reference="pi_1")
    assert len(b.refunds()) == 1
    b.decide("payment.refund:1", "close")
    assert b.standing() == "completed" and len(b.refunds()) == 1
    b.settle(made)
    assert "after it was given up" in b.says("bounced:1")


def test_money_no_gateway_took_goes_to_an_account_a_person_names() -> None:
    b = Bench(flow({"bank": "bank-file"})).bought(paid="")
    back(b)
    assert b.parked["refund:1"].actions[0] == "transfer"
    b.decide("refund:1", "transfer", creditor_name="Astrid Berg", creditor_iban="DE88370400440532013000")
    assert b.refunds() == [] and "refund:1" in b.parked, "wrong check digits"
    b.decide("refund:1", "transfer", creditor_name="Astrid Berg", creditor_iban="DE89 3704 0044 0532 0130 00")
    sent = b.last("refund.transfer")
    assert (sent.system, sent.data["approved_by"]) == ("bank-file", "anna")
    assert sent.data["credit_transfer"]["end_to_end_id"] == "RT-shopify-eu.1001-1-1"
    b.ack("refund.transfer", status="sent", reference="RT-shopify-eu.1001-1-1")
    assert b.standing() == "settled"
    b.event(
        "refund.completed",
        {"reference": "RT-shopify-eu.1001-1-1", "provider": "bank", "amount": money("10.00"), "at": b.now.isoformat()},
        "bank-file",
    )
    b.run()
    assert b.standing() == "completed" and b.count("refund.transfer") == 1 and b.count("payment.register") == 1
    c = Bench(flow({"bank": "bank-file"})).bought(paid="5.00")
    assert "transfer" not in back(c).parked["refund:1"].actions, "what a gateway took goes back there"


def test_what_came_by_transfer_goes_back_by_transfer_and_not_more_of_it() -> None:
    b = Bench(flow({"bank": "bank-file"})).bought(paid="")
    paid = {
        "reference": "T-1",
        "provider": "bank-file",
        "method": "bank_transfer",
        "amount": money("15.00"),
        "at": b.now.isoformat(),
    }
    b.event("payment.captured", paid, "bank-file")
    back(b)
    assert "paid by bank transfer" in b.says("refund:1") and b.refunds() == []
    account = {"creditor_name": "Astrid Berg", "creditor_iban": "DE89370400440532013000"}
    b.decide("refund:1", "transfer", **account)
    b.run()
    assert b.last("refund.transfer").data["payment_reference"] == "T-1" and b.standing() == "completed"
    b.request(number="R-2")
    b.run()
    b.receive(number="WR-2")
    b.run()
    b.decide("refund:2", "transfer", **account)
    assert b.count("refund.transfer") == 1 and "refund:2" in b.parked, "5.00 are left of what came"


def test_a_credit_note_of_another_amount_goes_to_a_person() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive()
    b.run("credit_note.create")
    b.ack("credit_note.create", total="9.90")
    b.run()
    assert "comes to 9.90, not to 10.00" in b.says("credit:1") and b.refunds() == [Decimal("10.00")]
    b.decide("credit:1", "acknowledge")
    assert b.standing() == "completed"


def test_what_the_erp_set_off_is_not_registered_again() -> None:
    b = bench().bought()
    b.request()
    b.run()
    b.receive()
    b.run("credit_note.create")
    b.ack("credit_note.create", residual="0.00")
    b.run()
    assert b.standing() == "completed" and b.count("payment.register") == 0 and b.refunds() == [Decimal("10.00")]


def test_without_an_invoice_there_is_nothing_to_credit() -> None:
    b = back(bench().bought(invoice=False))
    assert b.count("credit_note.create") == 0 and b.refunds() == [Decimal("10.00")]


def billing(b: Bench, pieces: str) -> dict[str, Any]:
    line = {"number": "1", "order_line": "1", "sku": "BOLT-8", "quantity": {"value": pieces}, "net_amount": money("1.00")}
    return {**b.invoice(), "lines": [line]}


def test_an_invoice_told_after_the_refund_is_credited_when_it_bills_what_came_back() -> None:
    b = back(bench().bought(invoice=False))
    assert b.standing() == "completed" and b.count("credit_note.create") == 0
    for _ in range(2):
        b.event("customer_invoice.posted", billing(b, "3"), "odoo")
    b.run()
    assert b.count("credit_note.create") == 1 and b.refunds() == [Decimal("10.00")] and b.standing() == "completed"
    c = back(bench().bought(invoice=False))
    c.event("customer_invoice.posted", billing(c, "2"), "odoo")
    assert c.count("credit_note.create") == 0 and c.standing() == "completed"


def test_the_invoice_names_the_order_where_no_confirmation_was_heard() -> None:
    b = bench()
    b.event("order.placed", order())
    b.capture(TOTAL)
    b.ship()
    b.event("customer_invoice.posted", b.invoice(), "odoo", ("odoo:order_id", "42"))
    back(b)
    assert b.last("return.transfer").data["erp_id"] == "42"
    several = bench()
    several.event("order.placed", order())
    several.ship()
    several.event("customer_invoice.posted", several.invoice(), "odoo", ("odoo:order_id", "42"), ("odoo:order_id", "43"))
    assert several.state.refs.get("odoo:order_id", "") == "", "an invoice of several orders names none of them"


def test_the_shop_may_be_the_gateway() -> None:
    b = bench(refund_by="shop")
    b.event("order.placed", order(payment_status="paid"))
    b.ship()
    back(b)
    assert (b.last("shop.refund").system, b.refunds()) == ("shopify-eu", [Decimal("10.00")])


def test_a_request_before_its_order_waits_for_it() -> None:
    b = bench()
    b.request()
    assert "nobody told of" in b.says("order")
    b.bought()
    b.run()
    assert not b.parked and len(b.state.returns) == 1


def test_what_is_asked_of_whom() -> None:
    roles = {"erp": "odoo", "wms": "w", "gateway:stripe": "stripe", "portal": "p", "carrier:dhl": "d"}
    found = requires(roles, Settings.model_validate({"way": {"carrier": "dhl"}}))
    assert found["gateway:stripe"] == {"payment.refund"} and found["carrier:dhl"] == {"return.label"}
    assert found["erp"] == {"return.transfer", "credit_note.create", "payment.register"} and found["portal"] == {"return.answer"}


# --- prices ---------------------------------------------------------------------------------------------------------------


def test_lines_and_shipping_are_together_what_was_paid() -> None:
    plus_tax = order(
        prices_include_tax=False, tax=money("12.35"), total=money("77.35"),
    )  # fmt: skip
    for each in plus_tax["lines"]:
        each |= {"discount": None, "tax": None}
    lines, shipping = paid_for(plus_tax)
    assert sum(lines.values()) + shipping == Decimal("77.35") and lines["1"] == Decimal("35.70")
    cheaper = order(total=money("30.00"), tax=None)
    for each in cheaper["lines"]:
        each |= {"discount": None, "tax": None}
    lines, shipping = paid_for(cheaper)
    assert (sum(lines.values()), shipping) == (Decimal("30.00"), 0)


@given(st.decimals("0.01", "9999", places=2), st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_all_parts_of_a_line_are_together_the_line(gross: Decimal, parts: list[int]) -> None:
    ordered, before, paid = Decimal(sum(parts)), Decimal(0), Decimal(0)
    for part in parts:
        amount = part_of(gross, ordered, before, paid, Decimal(part), "EUR")
        assert 0 <= amount <= gross - paid
        before, paid = before + part, paid + amount
    assert paid == gross
