"""The way of a purchase order that goes well, whole and in parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from purchase_bench import KEY, PROCESS, Bench, agreed, flow, invoice, money, order, ordered, received, sent, shipped

from crossdock.canonical.events import Event
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice
from crossdock.core.errors import TargetRefused


def test_from_order_to_bill() -> None:
    bench = ordered()
    assert bench.names() == ["purchase_order.send"]
    bench.run()
    assert sorted(bench.expected) == ["acknowledged:1", "answered", "noticed"]
    bench.acknowledge("ISA1")
    bench.answer()
    assert sorted(bench.expected) == ["noticed"]
    bench.notice()
    assert list(bench.expected) == ["received:1"]
    bench.run()
    bench.receive()
    bench.run()
    assert list(bench.expected) == ["invoiced"]
    bench.invoice()
    bench.run()
    assert bench.names() == ["purchase_order.send", "receipt.expect", "receipt.validate", "bill.create"]
    assert PROCESS.finished(bench.state) and bench.state.closed == "finished" and not bench.parked and not bench.expected
    assert [name for name, at in PROCESS.milestones(bench.state) if at is None] == []
    times = [at for _, at in PROCESS.milestones(bench.state) if at is not None]
    assert times == sorted(times)


def test_what_systems_are_told() -> None:
    bench = received()
    bench.invoice()
    sending = bench.last("purchase_order.send").data
    assert sending["key"] == KEY and PurchaseOrder.model_validate(sending["purchase_order"]).revision == 0
    expected = ExpectedReceipt.model_validate(bench.last("receipt.expect").data["expected_receipt"])
    assert (expected.number, expected.version, expected.despatch_number) == ("RC-odoo.P00042-1", 1, "ASN-1")
    assert [(line.sku, line.lot, line.expiry) for line in expected.lines] == [
        ("BOLT-8", "L1", date(2028, 1, 31)),
        ("NUT-8", "L2", date(2028, 1, 31)),
    ]
    assert expected.units[0].sscc == "106141411234567897"
    validation = bench.last("receipt.validate").data
    receipt = ReceiptAdvice.model_validate(validation["receipt"])
    assert validation["erp_id"] == "17" and validation["close"] is False
    assert [(line.order_line, line.quantity.value, line.lot) for line in receipt.lines] == [("1", 100, "L1"), ("2", 40, "L2")]
    bill = bench.last("bill.create").data
    assert [line["order_line"] for line in bill["invoice"]["lines"]] == ["1", "2"] and bill["supplier_system"] == "acme-edi"
    assert "received 100, billed before 0, invoiced 100" in bill["matched"]
    schemes = {one.scheme for decision in bench.decisions for one in decision.references}
    assert {
        "purchase:order",
        "odoo:purchase_order_id",
        "edi:sent",
        "acme-edi:despatch",
        "sscc",
        "receipt",
        "acme-edi:invoice",
        "odoo:transfer",
    } <= schemes


def test_goods_are_expected_by_the_day_they_are_ordered_for() -> None:
    bench = sent()
    assert bench.expected["noticed"].due == datetime(2026, 12, 7, 11, 0, tzinfo=UTC)  # noon in Berlin
    bench.answer({"order_line": "1", "delivery_date": "2026-12-09"}, {"order_line": "2", "delivery_date": "2026-12-08"})
    assert bench.expected["noticed"].due == datetime(2026, 12, 8, 11, 0, tzinfo=UTC)
    bench.notice(("2", "40"))
    assert bench.expected["noticed"].due == datetime(2026, 12, 9, 11, 0, tzinfo=UTC)
    bench.notice(("1", "100"), number="ASN-2", sscc="")
    assert "noticed" not in bench.expected and {"received:1", "received:2"} <= set(bench.expected)


def test_what_is_ordered_for_today_is_not_late_at_once() -> None:
    bench = Bench(flow())
    document = order()
    for line in document["lines"]:
        line["delivery_date"] = "2026-11-23"
    bench.event("purchase_order.confirmed", document)
    bench.run()
    assert bench.expected["noticed"].due == bench.now + timedelta(hours=12)


def test_whatever_comes_late_is_told_and_heard_when_it_comes() -> None:
    bench = sent()
    for name in ("acknowledged:1", "answered", "noticed"):
        bench.due(name, bench.expected[name].due)
        assert name in bench.state.expected
    assert bench.answer().fulfilled == ("answered",)
    assert bench.acknowledge("ISA1").fulfilled == ("acknowledged:1",)


def test_two_deliveries_and_two_invoices() -> None:
    bench = agreed()
    bench.notice(("1", "60"))
    bench.run()
    bench.receive()
    bench.run()
    bench.invoice(("1", "60", "2.50"), number="R-1")
    bench.run()
    assert bench.state.closed == ""
    bench.notice(("1", "40"), ("2", "40"), number="ASN-2", sscc="")
    bench.run()
    bench.receive(number="GR-2")
    bench.run()
    bench.invoice(("1", "40", "2.50"), ("2", "40", "1.00"), number="R-2")
    bench.run()
    assert bench.state.closed == "finished" and bench.count("bill.create") == 2


def test_an_invoice_before_its_goods_waits() -> None:
    bench = shipped()
    bench.invoice()
    assert bench.count("bill.create") == 0 and not bench.parked and "matched:1" in bench.expected
    bench.receive()
    assert bench.count("bill.create") == 0, "the goods are not in stock before the ERP says so"
    bench.run()
    assert bench.count("bill.create") == 1 and bench.state.closed == "finished"


def test_an_invoice_whose_goods_never_come_goes_to_a_person() -> None:
    bench = shipped()
    bench.invoice()
    bench.due("matched:1", bench.expected["matched:1"].due)
    assert "received 0, billed before 0, invoiced 100: 100 more than received (tolerated 0)" in bench.says("invoice:1")
    bench.receive()
    bench.run()
    assert bench.count("bill.create") == 1 and not bench.parked


def test_papers_that_come_before_the_order_is_known_to_have_gone_out_count_then() -> None:
    bench = ordered()
    bench.answer({"order_line": "1", "delivery_date": "2026-12-08"})
    bench.acknowledge("ISA1")
    assert bench.count("purchase_order.update") == 0
    decision = bench.ack("purchase_order.send")
    assert bench.count("purchase_order.update") == 1
    assert "acknowledged:1" not in bench.expected and "answered" not in bench.expected
    assert any("accepted" in note for note in decision.notes)


def test_a_supplier_without_edi_habits_is_asked_for_nothing() -> None:
    quiet = flow(suppliers=[{"acknowledges": False, "answers": False, "notices": False, "invoices": False}])
    bench = sent(quiet)
    assert list(bench.expected) == ["received"], "goods are expected even of who announces nothing"
    bench.receive(("1", "60"), number="GR-0", expected_number="")
    assert list(bench.expected) == ["received"]
    bench.receive(("1", "40"), ("2", "40"), expected_number="")
    bench.run()
    assert bench.names() == ["purchase_order.send", "receipt.validate", "receipt.validate"] and bench.state.closed == "finished"


def test_goods_received_in_the_erp_are_in_stock_already() -> None:
    bench = sent(flow(received_by="erp"))
    bench.answer()
    bench.notice()
    bench.receive(("1", "100"), ("2", "40"), expected_number="")
    bench.invoice()
    assert bench.names() == ["purchase_order.send", "bill.create"]


def test_an_order_to_a_supplier_nobody_reaches_is_not_begun() -> None:
    context = flow(suppliers=[{"role": "supplier", "identifiers": [{"scheme": "gln", "value": "4012345000009"}]}])
    mine = ordered(context)
    assert mine.count("purchase_order.send") == 1
    foreign = Bench(flow(suppliers=[{"identifiers": [{"scheme": "vat", "value": "DE999999999"}]}]))
    told = mine.facts[0]
    assert isinstance(told.event, Event) and not PROCESS.elsewhere(told.event, context)
    assert PROCESS.elsewhere(told.event, foreign.context)


def test_what_is_about_another_transaction_is_not_waited_for() -> None:
    told = ordered().facts[0]
    sales = replace(told.event, type="order.cancelled", key="order/shopify-eu/1001")
    paired = replace(told.event, type="document.acknowledged", key="order/shopify-eu/1001")
    unknown = replace(told.event, type="receipt.completed", key="")
    assert [PROCESS.elsewhere(one, flow()) for one in (sales, paired, unknown)] == [True, True, False]


def test_suppliers_are_told_apart_by_their_identifiers() -> None:
    context = flow(
        {"supplier:acme": "acme-edi", "supplier:bolt": "bolt-portal"},
        suppliers=[
            {"role": "supplier:bolt", "identifiers": [{"scheme": "vat", "value": "DE999999999"}]},
            {"role": "supplier:acme", "identifiers": [{"scheme": "vat", "value": "DE123456788"}], "answers": False},
        ],
    )
    bench = sent(context)
    assert bench.last("purchase_order.send").system == "acme-edi" and "answered" not in bench.expected


def test_a_failed_send_stops_nothing_else_and_may_be_done_by_hand() -> None:
    bench = ordered()
    bench.fail("purchase_order.send", TargetRefused("no such partner"))
    assert bench.parked["purchase_order.send:1"].actions == ("done", "cancel")
    bench.decide("purchase_order.send:1", "done")
    assert not bench.parked and "answered" in bench.expected
    bench.answer()
    bench.notice()
    assert bench.count("receipt.expect") == 1


def test_an_invoice_of_goods_by_the_hundred() -> None:
    bench = Bench(flow())
    document = order(("1", "BOLT-8", "100", "2.50"))
    document["lines"][0] |= {"unit_price": money("250"), "price_base": "100"}
    bench.event("purchase_order.confirmed", document)
    bench.run()
    bench.receive(("1", "100"), expected_number="")
    bench.run()
    bench.event("supplier_invoice.received", invoice(("1", "100", "2.50")), "acme-edi")
    assert bench.count("bill.create") == 1


def test_services_are_billed_and_never_received() -> None:
    document = order()
    document["lines"][1]["identifiers"] = [{"scheme": "item_type", "value": "service"}]
    bench = Bench(flow())
    bench.event("purchase_order.confirmed", document)
    bench.run()
    bench.answer()
    bench.notice(("1", "100"))
    assert "noticed" not in bench.expected
    bench.run()
    bench.receive()
    bench.run()
    assert bench.state.closed == "" and "invoiced" in bench.expected
    bench.invoice()
    bench.run()
    assert bench.state.closed == "finished"
