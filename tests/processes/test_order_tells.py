"""What order to fulfilment tells other workflows: each consignment whose goods left the stock, and when that was all of it."""

from __future__ import annotations

from typing import Any

from order_bench import Bench, booked, flow, placed

from crossdock.canonical.events import Event
from crossdock.canonical.freight import FreightQuote
from crossdock.canonical.order import OrderShipped
from crossdock.canonical.shipment import Shipment


def told(bench: Bench, kind: str) -> list[Event]:
    return [event for decision in bench.decisions for event in decision.emitted if event.type == kind]


def shipped(bench: Bench) -> list[Any]:
    return [event.data for event in told(bench, "shipment.shipped")]


def test_nothing_is_told_where_nobody_asked_for_it() -> None:
    bench = booked()
    bench.run()
    assert not any(decision.emitted for decision in bench.decisions)


def test_a_consignment_is_told_once_its_goods_left_the_stock_with_its_names_in_the_erp() -> None:
    bench = booked(flow(tells=True))
    assert told(bench, "shipment.shipped") == []
    bench.run()
    [event] = told(bench, "shipment.shipped")
    assert isinstance(event.data, Shipment)
    assert (event.source, event.key) == ("odoo", bench.key)
    assert {(one.scheme, one.value) for one in event.references} >= {("odoo:order_id", "7"), ("odoo:transfer_id", "31")}
    assert [(line.order_line, str(line.quantity.value)) for line in event.data.lines] == [("1", "2"), ("2", "3")]
    [end] = told(bench, "order.shipped")
    assert isinstance(end.data, OrderShipped) and end.data.shipments == (event.data.number,)
    bench.milestone("delivered")
    bench.run()
    assert len(told(bench, "shipment.shipped")) == len(told(bench, "order.shipped")) == 1


def test_the_end_is_told_when_the_last_part_left() -> None:
    bench = placed(flow(tells=True))
    bench.run()
    bench.pick(("1", "LAMP", "2"), final=False)
    bench.run()
    assert len(shipped(bench)) == 1 and told(bench, "order.shipped") == []
    bench.pick(("2", "CORD", "3"), sequence=2)
    bench.run()
    [end] = told(bench, "order.shipped")
    assert isinstance(end.data, OrderShipped) and len(end.data.shipments) == 2


def test_an_order_cancelled_before_anything_left_is_told_as_over() -> None:
    bench = placed(flow(tells=True))
    bench.ack("order.create")
    bench.event("order.cancelled", {"number": "1001", "reason": "changed mind", "cancelled_at": bench.now.isoformat()})
    bench.run()
    [end] = told(bench, "order.shipped")
    assert isinstance(end.data, OrderShipped) and end.data.shipments == ()


def test_what_the_carrier_asks_is_told_with_it() -> None:
    bench = placed(flow(tells=True))
    bench.run()
    bench.pick()
    bench.ack("shipment.book", cost={"amount": "7.40", "currency": "EUR"})
    bench.run()
    assert str(shipped(bench)[0].cost.amount) == "7.40"


def test_what_the_carrier_asks_is_told_at_the_booking() -> None:
    bench = placed(flow(tells=True, quotes=True))
    bench.run()
    bench.pick()
    bench.ack("shipment.book", cost={"amount": "7.40", "currency": "EUR"}, zone="3")
    [event] = told(bench, "freight.quoted")
    assert isinstance(event.data, FreightQuote)
    assert (str(event.data.amount.amount), event.data.zone, event.key) == ("7.40", "3", bench.key)
    assert told(bench, "shipment.shipped") == []
