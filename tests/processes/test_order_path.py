"""The way of an order that goes well, whole and in parts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from order_bench import KEY, PROCESS, START, Bench, booked, flow, order, placed, released

from crossdock.canonical.events import Event
from crossdock.canonical.fulfilment import FulfilmentOrder, PickConfirmation
from crossdock.canonical.order import OrderCancellation, OrderConfirmation, SalesOrder
from crossdock.canonical.shipment import Milestone, Shipment
from crossdock.core.process import FlowContext
from crossdock.processes.order_to_fulfilment import OrderToFulfilment


def test_from_shop_to_door() -> None:
    bench = placed()
    bench.run()
    assert bench.names() == ["order.create", "order.confirm", "fulfilment.release"]
    bench.pick()
    bench.run()
    assert bench.names()[3:] == ["shipment.book", "transfer.validate", "shipment.track", "shop.fulfil"]
    bench.milestone("picked_up")
    bench.milestone("in_transit")
    bench.milestone("delivered")
    bench.run()
    assert bench.names()[7:] == ["transfer.track", "shop.milestone", "transfer.track"]
    assert PROCESS.finished(bench.state) and not bench.parked and not bench.expected
    assert [name for name, at in PROCESS.milestones(bench.state) if at is None] == []
    times = [at for _, at in PROCESS.milestones(bench.state) if at is not None]
    assert times == sorted(times) and times[0] == START


def test_documents_fit_the_canonical_model() -> None:
    bench = booked()
    bench.run()
    bench.milestone("delivered")
    created = bench.last("order.create")
    assert created.data["key"] == KEY and SalesOrder.model_validate(created.data["order"]).number == "1001"
    instruction = FulfilmentOrder.model_validate(bench.last("fulfilment.release").data["fulfilment"])
    assert (instruction.number, instruction.warehouse, instruction.carrier) == ("FO-shopify-eu.1001-1", "NORTH", "dhl")
    assert instruction.ship_by == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert bench.last("fulfilment.release").deadline == instruction.ship_by
    booking = Shipment.model_validate(bench.last("shipment.book").data["shipment"])
    assert booking.number == "SH-shopify-eu.1001-1" and booking.customs == ()
    transfer = bench.last("transfer.validate").data
    assert transfer["lines"] == {"1": "91", "2": "92"} and transfer["close_short"] is False
    assert PickConfirmation.model_validate(transfer["confirmation"]).final
    assert Shipment.model_validate(transfer["shipment"]).tracking_number == "T-SH-shopify-eu.1001-1"
    shop = bench.last("shop.fulfil").data
    assert shop["lines"] == [
        {"order_line": "1", "sku": "LAMP", "quantity": "2"},
        {"order_line": "2", "sku": "CORD", "quantity": "3"},
    ]
    assert shop["final"] is True
    assert Milestone.model_validate(bench.last("shop.milestone").data["milestone"]).code == "delivered"
    for scheme in ("shopify-eu:order", "odoo:order_id", "odoo:order", "fulfilment", "shipment", "tracking", "odoo:transfer"):
        assert scheme in bench.last("shop.milestone").data["refs"], scheme
    registered = {one.scheme for decision in bench.decisions for one in decision.references}
    assert {"fulfilment", "shipment", "tracking", "shopify-eu:order", "odoo:order_id"} <= registered


def test_numbers_are_unique_over_shops() -> None:
    other = Bench(key="order/woo/1001")
    other.event("order.placed", order(), "woo")
    other.run()
    mine = released().last("fulfilment.release").data["fulfilment"]["number"]
    assert other.last("fulfilment.release").data["fulfilment"]["number"] != mine


def test_an_order_of_the_erp_starts_at_the_warehouse() -> None:
    bench = Bench(key="order/odoo/S00042")
    confirmed = {
        "number": "S00042",
        "erp_number": "S00042",
        "confirmed_at": START.isoformat(),
        "order": order(number="S00042"),
    }
    bench.event("order.confirmed", confirmed, "odoo", ("odoo:order_id", "7"))
    bench.run()
    bench.pick()
    bench.run()
    bench.milestone("delivered")
    bench.run()
    assert bench.names() == [
        "fulfilment.release", "shipment.book", "transfer.validate", "shipment.track", "transfer.track",
    ]  # fmt: skip
    assert bench.last("transfer.validate").data["erp_id"] == "7"
    assert PROCESS.finished(bench.state)


def test_several_shipments_are_validated_one_after_the_other() -> None:
    bench = released()
    bench.pick(("1", "LAMP", "2"), final=False)
    bench.pick(("2", "CORD", "3"), sequence=2)
    assert bench.count("shipment.book") == 2
    bench.settle(bench.commands[-1])
    assert bench.count("transfer.validate") == 0
    bench.settle(bench.commands[-3] if bench.commands[-3].name == "shipment.book" else bench.commands[3])
    assert bench.count("transfer.validate") == 1
    bench.ack("transfer.validate")
    assert bench.count("transfer.validate") == 2
    assert bench.last("shop.fulfil").data["final"] is False
    bench.run()
    assert bench.last("shop.fulfil").data["final"] is True


def test_what_comes_early_is_kept() -> None:
    bench = placed()
    bench.run("fulfilment.release")
    bench.pick(("2", "CORD", "3"), sequence=2)
    bench.pick(("1", "LAMP", "2"), sequence=1, final=False)
    assert bench.count("shipment.book") == 2
    bench.milestone("picked_up", "T-SH-shopify-eu.1001-1")
    assert bench.state.early
    bench.run()
    bench.milestone("delivered", "T-SH-shopify-eu.1001-1")
    bench.milestone("delivered", "T-SH-shopify-eu.1001-2")
    bench.run()
    assert not bench.state.early and PROCESS.finished(bench.state)
    assert [one.status for one in bench.state.shipments] == ["delivered", "delivered"]


def test_a_milestone_waits_until_shop_and_erp_know_of_the_parcel() -> None:
    bench = booked()
    bench.milestone("delivered")
    assert bench.count("shop.milestone") == bench.count("transfer.track") == 0
    bench.ack("transfer.validate")
    assert bench.count("transfer.track") == 1 and bench.count("shop.milestone") == 0
    bench.ack("shop.fulfil")
    assert bench.count("shop.milestone") == 1


def test_everything_twice_changes_nothing() -> None:
    once, twice = booked(), Bench()
    for fact in once.facts:
        twice.fact(fact)
        before = twice.state
        decision = twice.fact(fact)
        assert decision.state is before and not decision.commands
    assert twice.state == once.state and twice.commands == once.commands


def test_expectations_follow_the_order_with_the_business_clock() -> None:
    bench = placed()
    assert bench.expected["confirmed"].due == bench.now + timedelta(hours=1)
    bench.run("fulfilment.release")
    assert list(bench.expected) == ["released"] and bench.expected["released"].owner == "orders-team"
    bench.run()
    assert list(bench.expected) == ["picked:1"]
    # One day of working time from Monday 09:01 Berlin, in days of nine hours: two days and six hours later.
    assert bench.expected["picked:1"].due == datetime(2026, 11, 25, 14, 1, 15, tzinfo=UTC)
    bench.pick()
    assert list(bench.expected) == ["booked:1"]
    late = bench.due("booked:1")
    assert "booked:1 is late" in late.notes
    assert bench.ack("shipment.book").fulfilled == ("booked:1",)
    assert list(bench.expected) == ["dispatched:1"]
    bench.milestone("in_transit")
    assert list(bench.expected) == ["delivered:1"]


def test_a_warehouse_that_books_itself_tells_the_tracking_number() -> None:
    bench = released(flow(booked_by="warehouse"))
    bench.pick()
    assert bench.count("shipment.book") == 0
    told = {
        "number": "their-9",
        "order_number": "1001",
        "fulfilment_number": bench.state.fulfilments[0].number,
        "carrier": "dhl",
        "tracking_number": "JJD1",
        "ship_to": order()["ship_to"],
    }
    bench.event("shipment.dispatched", told, "wms-north")
    assert bench.state.shipments[0].status == "dispatched"
    bench.run()
    assert bench.last("shop.fulfil").data["shipment"]["tracking_number"] == "JJD1"
    assert bench.last("shipment.track").system == "karrio"


@pytest.mark.parametrize("paid", [True, False])
def test_release_waits_for_payment_and_for_the_erp_when_told_so(paid: bool) -> None:
    bench = placed(flow(release_when_paid=True, release="released"), payment_status="paid" if paid else "pending")
    bench.run()
    assert bench.count("fulfilment.release") == 0
    bench.event("order.released", {"number": "1001", "erp_number": "S00042", "confirmed_at": START.isoformat()}, "odoo")
    assert bench.count("fulfilment.release") == int(paid)
    bench.event("order.changed", order(payment_status="paid"))
    assert bench.count("fulfilment.release") == 1 and bench.count("order.change") == 0


def test_release_waits_for_the_requested_date() -> None:
    wanted = START + timedelta(days=7)
    bench = placed(flow(release_lead="P2D"), requested_ship_date=wanted.isoformat())
    bench.run()
    assert bench.count("fulfilment.release") == 0
    timer = bench.expected["timer:release"]
    assert timer.silent and timer.due == wanted - timedelta(days=2)
    bench.due("timer:release", timer.due)
    assert (
        bench.last("fulfilment.release").data["fulfilment"]["ship_by"] == datetime(2026, 11, 30, 14, 30, tzinfo=UTC).isoformat()
    )


def test_a_parcel_without_tracking_number_counts_as_delivered_in_the_end() -> None:
    bench = released(flow(booked_by="warehouse"))
    bench.pick()
    told = {
        "number": "x",
        "order_number": "1001",
        "fulfilment_number": bench.state.fulfilments[0].number,
        "ship_to": order()["ship_to"],
    }
    bench.event("shipment.dispatched", told, "wms-north")
    bench.run()
    assert not PROCESS.finished(bench.state)
    assert bench.due("delivered:1").fulfilled == ("delivered:1",)
    assert PROCESS.finished(bench.state)


def test_what_the_erp_tells_of_orders_of_shops_nobody_began_here_is_of_another_hub() -> None:
    context = FlowContext("orders", {"erp": "odoo", "shop": "shop"})
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    confirmed = OrderConfirmation(number="1001", erp_number="S1", confirmed_at=at)
    cancelled = OrderCancellation(number="1001", cancelled_at=at)

    def elsewhere(kind: str, source: str, key: str, data: OrderConfirmation | OrderCancellation) -> bool:
        return OrderToFulfilment().elsewhere(Event("e", kind, source, key, data, at), context)

    assert elsewhere("order.confirmed", "odoo", "order/shop/1001", confirmed)
    assert elsewhere("order.cancelled", "odoo", "order/shop/1001", cancelled)
    assert not elsewhere("order.cancelled", "shop", "order/shop/1001", cancelled), "the shop's own, however early"
    assert not elsewhere("order.confirmed", "odoo", "order/odoo/S1", confirmed), "the ERP's own"
    assert not elsewhere("order.cancelled", "crm", "order/shop/1001", cancelled), "whoever else may cancel"
    assert not elsewhere("order.cancelled", "odoo", "", cancelled), "by reference: it may be any"


def test_milestones_that_contradict_each_other_are_a_persons_until_they_are_settled() -> None:
    bench = booked()
    bench.run()
    bench.milestone("delivered")
    assert "milestones:1" not in bench.parked
    bench.now += timedelta(days=3)
    bench.milestone("out_for_delivery")
    assert bench.parked["milestones:1"].error.code == "freight.milestones_contradict"
    bench.decide("milestones:1", "acknowledge")
    assert "milestones:1" not in bench.parked
