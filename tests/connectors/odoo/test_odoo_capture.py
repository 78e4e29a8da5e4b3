"""Change capture: nothing a naive cursor misses is missed, nothing is told twice, deletions are found."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from odoo_world import LOADING, World, accepted, attempt

from crossdock.canonical.events import Event
from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.connectors.protocol import Inbound, StoredMessage
from crossdock.core.errors import LandscapeInvalid, TargetUnavailable
from crossdock.testing.contexts import ManualClock


class Feed:
    """The hub's side of one channel: keeps the cursor, recognises what it was told before."""

    def __init__(self, connector: OdooConnector, channel: str, cursor: Mapping[str, Any] | None = None) -> None:
        self.connector = connector
        self.channel = channel
        self.cursor: Mapping[str, Any] = cursor or {}
        self.known: set[str] = set()
        self.calls = 0

    async def new(self) -> list[Inbound]:
        """What a whole pass brings that was not told before."""
        fresh, more = [], True
        while more:
            result = await self.connector.poll(self.channel, self.cursor)
            self.calls += 1
            self.cursor = json.loads(json.dumps(dict(result.cursor)))
            fresh += [message for message in result.messages if message.dedupe_key not in self.known]
            self.known |= {message.dedupe_key for message in result.messages}
            more = result.more
        return fresh


def events(connector: OdooConnector, messages: list[Inbound]) -> list[Event]:
    stored = [
        StoredMessage("m", "odoo", "orders", m.topic, m.body, m.content_type, m.headers, connector.context.clock.now())
        for m in messages
    ]
    return [event for message in stored for event in connector.normalize(message)]


def about(messages: list[Inbound], ids: set[int]) -> set[int]:
    """The records of `ids` that messages speak of."""
    return {json.loads(m.body)["id"] for m in messages} & ids


async def customer(world: World) -> int:
    made = await world.load(
        "res.partner", ["id", "name", "country_id/id"], [[f"{world.prefix}.c", f"Cust {world.prefix}", "base.de"]]
    )
    return made["ids"][0]


async def entered(world: World, *lines: tuple[int, float], partner: int = 0, confirm: bool = True) -> int:
    """An order a person entered in Odoo."""
    partner = partner or await customer(world)
    values = {
        "partner_id": partner,
        "order_line": [[0, 0, {"product_id": product, "product_uom_qty": quantity}] for product, quantity in lines],
    }
    (id_,) = await world.call("sale.order", "create", vals_list=[values])
    if confirm:
        await world.call("sale.order", "action_confirm", ids=[id_])
    return id_


# Orders -------------------------------------------------------------------------------------------------------


async def test_an_order_entered_in_odoo_is_told_whole_when_it_is_confirmed(world: World) -> None:
    connector = world.connector()
    feed = Feed(connector, "orders")
    sku, product = await world.product(stock=10, barcode=f"B{world.prefix}")
    await feed.new()
    id_ = await entered(world, (product, 3), confirm=False)
    assert about(await feed.new(), {id_}) == set(), "a quotation is nobody's business"
    await world.call("sale.order", "action_confirm", ids=[id_])
    messages = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert len(messages) == 1
    (event, *rest) = events(connector, messages)
    (row,) = await world.rows("sale.order", [["id", "=", id_]], ["name", "amount_total", "partner_id"])
    assert event.type == "order.confirmed" and event.key == f"order/odoo/{row['name']}" and rest == []
    order = event.data.order  # type: ignore[attr-defined]
    assert (order.number, order.currency, str(order.total.amount)) == (row["name"], "USD", f"{row['amount_total']:.2f}")
    assert order.customer.id == str(row["partner_id"][0]) and order.ship_to.country == "DE"
    (line,) = order.lines
    assert (line.sku, str(line.quantity.value), line.quantity.unit, str(line.unit_price.amount)) == (sku, "3", "C62", "10.00")
    assert ("odoo:order_id", str(id_)) in {(r.scheme, r.value) for r in event.references}
    assert await feed.new() == []


async def test_an_order_the_hub_made_is_told_in_short(world: World) -> None:
    connector = world.connector()
    feed = Feed(connector, "orders")
    await feed.new()
    sku, _ = await world.product(stock=10)
    sale = await world.sold(connector, (sku, "3", "10"))
    messages = [m for m in await feed.new() if json.loads(m.body)["id"] == int(sale.erp_id)]
    (event,) = events(connector, messages)
    assert event.type == "order.confirmed" and event.key == f"order/shop/{sale.order['number']}"
    assert event.data.order is None and event.data.erp_number == sale.erp_number  # type: ignore[attr-defined]


@pytest.mark.parametrize("hub", [True, False], ids=["of the hub", "of Odoo"])
async def test_a_confirmation_that_says_something_else_after_a_change_is_another_event(world: World, hub: bool) -> None:
    """The same identity with other content would be a contradiction that a person has to solve."""
    connector = world.connector()
    feed = Feed(connector, "orders")
    sku, product = await world.product(stock=10)
    id_ = int((await world.sold(connector, (sku, "3", "10"))).erp_id) if hub else await entered(world, (product, 3))
    told = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    await asyncio.sleep(1.1)  # write_date shows whole seconds
    (line,) = await world.rows("sale.order.line", [["order_id", "=", id_]], ["name"])
    await world.call("sale.order.line", "write", ids=[line["id"]], vals={"product_uom_qty": 2})
    again = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    confirmations = [event for event in events(connector, [*told, *again]) if event.type == "order.confirmed"]
    assert len(confirmations) == 2
    assert len({event.id for event in confirmations}) == 2
    assert [event.id for event in events(connector, told)] == [confirmations[0].id], "the same document is the same event"


async def test_a_change_in_the_second_of_the_confirmation_is_told(world: World) -> None:
    """Odoo's times are whole seconds; an automation that changes an order right after its confirmation must not be overlooked."""
    connector = world.connector()
    feed = Feed(connector, "orders")
    await feed.new()
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3), confirm=False)
    await asyncio.sleep(1.05 - time.time() % 1.0)  # the beginning of a second
    await world.call("sale.order", "action_confirm", ids=[id_])
    first = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    (line,) = await world.rows("sale.order.line", [["order_id", "=", id_]], ["name"])
    await world.call("sale.order.line", "write", ids=[line["id"]], vals={"product_uom_qty": 2})
    again = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert [event.type for event in events(connector, first)] == ["order.confirmed"]
    (changed,) = [event for event in events(connector, again) if event.type == "order.changed"]
    assert changed.data.lines[0].quantity.value == 2  # type: ignore[attr-defined]


async def test_a_line_changed_without_the_order_is_told(world: World) -> None:
    """Line edits bump the order only when an amount changes; the lines have a channel of their own."""
    connector = world.connector()
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    orders, lines = Feed(connector, "orders"), Feed(connector, "order_lines")
    await orders.new(), await lines.new()
    (line,) = await world.rows("sale.order.line", [["order_id", "=", id_]], ["name"])
    await asyncio.sleep(1.1)  # write_date shows whole seconds
    await world.call("sale.order.line", "write", ids=[line["id"]], vals={"name": f"Engraved {world.prefix}"})
    assert about(await orders.new(), {id_}) == set()
    found = events(connector, [m for m in await lines.new() if json.loads(m.body)["id"] == id_])
    assert [event.type for event in found] == ["order.confirmed", "order.changed"]
    assert found[1].data.lines[0].name == f"Engraved {world.prefix}"  # type: ignore[attr-defined]
    assert found[1].position is not None and found[1].position.number > 0


async def test_what_people_change_on_orders_of_the_hub_is_told_when_wanted(world: World) -> None:
    """And what the hub itself changed is not told back."""
    connector = world.connector(report_edits=True)
    sku, _ = await world.product(stock=10)
    feeds = [Feed(connector, "orders"), Feed(connector, "order_lines"), Feed(world.connector(), "order_lines")]
    for feed in feeds:
        await feed.new()
    sale = await world.sold(connector, (sku, "3", "10"))
    await asyncio.sleep(1.1)  # write_date shows whole seconds
    change = {**sale.order, "lines": [{**sale.order["lines"][0], "quantity": {"value": "4"}}]}
    accepted(
        await attempt(
            connector, world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=change, previous=sale.order)
        )
    )
    own = [m for feed in feeds[:2] for m in await feed.new() if json.loads(m.body)["id"] == int(sale.erp_id)]
    assert own and {event.type for event in events(connector, own)} == {"order.confirmed"}
    await asyncio.sleep(1.1)
    edit = {"order_line": [[1, int(sale.lines["1"]), {"product_uom_qty": 7}]]}
    await world.call("sale.order", "write", key=world.admin_key, ids=[int(sale.erp_id)], vals=edit)
    found = [m for feed in feeds[:2] for m in await feed.new() if json.loads(m.body)["id"] == int(sale.erp_id)]
    changed = {event.id: event for event in events(connector, found) if event.type == "order.changed"}
    (event,) = changed.values()
    assert event.key == f"order/shop/{sale.order['number']}"
    (line,) = event.data.lines  # type: ignore[attr-defined]
    assert (line.number, str(line.quantity.value), event.data.number) == (sale.lines["1"], "7", sale.order["number"])  # type: ignore[attr-defined]
    assert about(await feeds[2].new(), {int(sale.erp_id)}) == set()


async def test_changed_and_changed_back_is_told_both_times(world: World) -> None:
    connector = world.connector()
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    feed = Feed(connector, "orders")
    await feed.new()
    (line,) = await world.rows("sale.order.line", [["order_id", "=", id_]], ["name"])
    seen = []
    for quantity in (5, 3, 5):
        await world.call("sale.order.line", "write", ids=[line["id"]], vals={"product_uom_qty": quantity})
        seen += [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert [int(float(json.loads(m.body)["lines"][0]["quantity"])) for m in seen] == [5, 3, 5]
    numbers = [int(m.headers["as-of"]) for m in seen]
    assert numbers == sorted(set(numbers))


async def test_a_write_that_changes_nothing_is_not_told(world: World) -> None:
    connector = world.connector()
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    feed = Feed(connector, "orders")
    await feed.new()
    await asyncio.sleep(1.1)  # write_date shows whole seconds
    await world.call("sale.order", "write", ids=[id_], vals={"client_order_ref": False})
    assert about(await feed.new(), {id_}) == set()


async def test_a_cancellation_in_odoo_is_told(world: World) -> None:
    connector = world.connector()
    sku, product = await world.product(stock=10)
    sale = await world.sold(connector, (sku, "3", "10"))
    id_, quotation = await entered(world, (product, 3)), await entered(world, (product, 3), confirm=False)
    feed = Feed(connector, "orders")
    await feed.new()
    await world.call("sale.order", "action_cancel", ids=[id_, quotation, int(sale.erp_id)])
    found = events(connector, [m for m in await feed.new() if json.loads(m.body)["id"] in (id_, quotation, int(sale.erp_id))])
    assert {event.type for event in found} == {"order.cancelled"} and len(found) == 2, "a quotation given up is nobody's business"
    assert f"order/shop/{sale.order['number']}" in {event.key for event in found}


async def test_a_deleted_order_is_found_by_comparing_ids(world: World) -> None:
    """A deletion leaves nothing that a cursor could see."""
    connector = world.connector(deletions_every_minutes=1)
    sku, _ = await world.product(stock=10)
    order = world.order((sku, "1", "10"))
    id_ = int(accepted(await attempt(connector, world.create(order))).ack["erp_id"])
    feed = Feed(connector, "orders")
    await feed.new()
    await world.call("sale.order", "action_cancel", ids=[id_])
    await world.call("sale.order", "unlink", key=world.admin_key, ids=[id_])
    feed.cursor = {**feed.cursor, "checked": "2026-01-01 00:00:00"}
    (event,) = events(connector, [m for m in await feed.new() if json.loads(m.body)["id"] == id_])
    assert event.type == "order.cancelled" and event.key == "" and event.data.reason == "deleted in Odoo"  # type: ignore[attr-defined]
    assert ("odoo:order_id", str(id_)) in {(r.scheme, r.value) for r in event.references}
    feed.cursor = {**feed.cursor, "checked": "2026-01-01 00:00:00"}
    assert about(await feed.new(), {id_}) == set()


# What a naive cursor misses -----------------------------------------------------------------------------------


class Naive:
    """The cursor everybody writes first: `write_date > last`, ordered by it."""

    def __init__(self, world: World, since: str) -> None:
        self.world = world
        self.since = since
        self.found: set[int] = set()

    async def poll(self) -> None:
        rows = await self.world.call(
            "sale.order", "search_read", domain=[["write_date", ">", self.since]], fields=["write_date"], order="write_date,id"
        )
        self.found |= {row["id"] for row in rows}
        self.since = max([self.since, *(row["write_date"] for row in rows)])


async def test_a_long_transaction_is_not_missed(world: World) -> None:
    """Orders of one slow load appear seconds after later, shorter writes were seen, with an older write_date and lower ids."""
    _, product = await world.product()
    partner = await customer(world)
    connector = world.connector(page_size=100)
    feed = Feed(connector, "orders")
    await feed.new()
    server_now = (await connector.client.now()).strftime("%Y-%m-%d %H:%M:%S")
    naive = Naive(world, server_now)
    count = 250 if world.real else 120
    columns = [
        "id",
        "partner_id/.id",
        "state",
        "client_order_ref",
        "order_line/id",
        "order_line/product_id/.id",
        "order_line/product_uom_qty",
    ]
    rows = [
        [f"{world.prefix}.slow{n}", str(partner), "sale", f"{world.prefix}-slow", f"{world.prefix}.slow{n}_1", str(product), "1"]
        for n in range(count)
    ]
    found: set[int] = set()
    if world.real:
        slow = asyncio.create_task(world.load("sale.order", columns, rows))
    else:
        held = [{"partner_id": partner, "state": "sale", "client_order_ref": f"{world.prefix}-slow"} for _ in range(count)]
        body = {"model": "sale.order", "vals_list": held, "seconds": 3.0}
        slow = asyncio.create_task(_post(world, "hold", body))
    await asyncio.sleep(1.2)
    overtaking, started = 0, time.monotonic()
    while not await visible(world, f"{world.prefix}-slow"):
        assert time.monotonic() - started < 110
        made = {
            "partner_id": partner,
            "state": "sale",
            "client_order_ref": f"{world.prefix}-quick",
            "order_line": [[0, 0, {"product_id": product}]],
        }
        await world.call("sale.order", "create", vals_list=[made])
        overtaking += 1
        await naive.poll()
        found |= {json.loads(m.body)["id"] for m in await feed.new()}
        await asyncio.sleep(0.5)
    await slow
    for _ in range(60):
        there = {
            r["id"]
            for r in await world.rows(
                "sale.order", [["client_order_ref", "in", [f"{world.prefix}-slow", f"{world.prefix}-quick"]]], ["id"]
            )
        }
        if len(there) == count + overtaking:
            break
        await asyncio.sleep(0.1)
    await naive.poll()
    found |= {json.loads(m.body)["id"] for m in await feed.new()}
    assert len(there) == count + overtaking and overtaking >= 2
    missed = there - naive.found
    print(f"naive cursor missed {len(missed)} of {len(there)}; the connector missed {len(there - found)}")
    assert len(missed) >= count, "the naive cursor should have missed the slow transaction, or this test shows nothing"
    assert there <= found


async def visible(world: World, reference: str) -> bool:
    return bool(await world.call("sale.order", "search", domain=[["client_order_ref", "=", reference]], limit=1))


async def _post(world: World, what: str, body: Mapping[str, Any]) -> Any:
    async with world.session.post(f"{world.url}/_sim/{what}", json=body) as answer:
        assert answer.status == 200, await answer.text()
        return (await answer.json())["result"]


async def test_rows_that_appear_late_or_in_the_same_second_are_not_missed(world: World) -> None:
    world.control("show rows late")
    _, _product = await world.product()
    partner = await customer(world)
    connector = world.connector()
    feed = Feed(connector, "orders")
    await feed.new()
    expected: set[int] = set()
    for age in (0, 1, 10, 60, 600, 880):
        made = [{"partner_id": partner, "state": "sale"} for _ in range(3)]
        expected |= set(await _post(world, "late", {"model": "sale.order", "vals_list": made, "age": age}))
        assert about(await feed.new(), expected) >= set(sorted(expected)[-3:])
    older = set(
        await _post(world, "late", {"model": "sale.order", "vals_list": [{"partner_id": partner, "state": "sale"}], "age": 7200})
    )
    there = older if connector.outbox.there else set()
    assert about(await feed.new(), older) == there, "two hours are beyond the hot window, not beyond an outbox"
    feed.cursor = {**feed.cursor, "swept": "2026-01-01 00:00:00"}
    assert about(await feed.new(), older) == older, "the daily sweep finds it"


async def test_a_poll_after_hours_of_silence_misses_nothing(world: World) -> None:
    world.control("wait for hours")
    _, _product = await world.product()
    partner = await customer(world)
    connector = world.connector()
    feed = Feed(connector, "orders")
    await feed.new()
    old = feed.cursor
    done = await connector.client.now()
    from datetime import timedelta

    feed.cursor = {**old, "done": (done - timedelta(hours=5)).strftime("%Y-%m-%d %H:%M:%S")}
    made = [{"partner_id": partner, "state": "sale"}]
    late = set(await _post(world, "late", {"model": "sale.order", "vals_list": made, "age": 4 * 3600}))
    assert about(await feed.new(), late) == late


async def test_more_rows_than_a_page_are_walked_by_id(world: World) -> None:
    _, product = await world.product()
    partner = await customer(world)
    connector = world.connector(page_size=7)
    feed = Feed(connector, "orders")
    await feed.new()
    made = [{"partner_id": partner, "state": "sale", "order_line": [[0, 0, {"product_id": product}]]} for _ in range(30)]
    ids = set(await world.call("sale.order", "create", vals_list=made))
    feed.calls = 0
    assert about(await feed.new(), ids) == ids and feed.calls >= 5


async def test_a_pass_broken_off_goes_on_where_it_was(world: World) -> None:
    simulator = world.control("lose its database")
    partner = await customer(world)
    connector = world.connector(page_size=5)
    feed = Feed(connector, "orders")
    await feed.new()
    ids = set(await world.call("sale.order", "create", vals_list=[{"partner_id": partner, "state": "sale"} for _ in range(12)]))
    first = await connector.poll("orders", feed.cursor)
    simulator.database_up = False
    with pytest.raises(TargetUnavailable):
        await connector.poll("orders", first.cursor)
    simulator.database_up = True
    feed.cursor = first.cursor
    assert about(list(first.messages), ids) | about(await feed.new(), ids) == ids


# Transfers, stock, products -----------------------------------------------------------------------------------


async def test_a_transfer_validated_by_people_is_a_completed_picking(world: World) -> None:
    sku, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    connector = world.connector(picks_in_odoo=True)
    feed = Feed(connector, "transfers")
    await feed.new()
    (picking,) = await world.rows("stock.picking", [["sale_id", "=", id_]], ["name"])
    await world.call("stock.picking", "button_validate", ids=[picking["id"]], context={"skip_backorder": True, "skip_sms": True})
    messages = [m for m in await feed.new() if json.loads(m.body)["id"] == picking["id"]]
    (event,) = events(connector, messages)
    assert event.type == "picking.completed" and event.data.fulfilment_number == picking["name"]  # type: ignore[attr-defined]
    (line,) = event.data.lines  # type: ignore[attr-defined]
    assert (line.sku, str(line.quantity.value)) == (sku, "3")
    assert events(world.connector(), messages) == [], "where a warehouse system picks, Odoo does not tell"


async def test_a_transfer_the_hub_validated_is_not_told_back(world: World) -> None:
    connector = world.connector(picks_in_odoo=True)
    feed = Feed(connector, "transfers")
    await feed.new()
    sku, _ = await world.product(stock=10)
    sale = await world.sold(connector, (sku, "3", "10"))
    ack = accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "3"}))).ack
    messages = [m for m in await feed.new() if json.loads(m.body)["id"] == int(ack["transfer_id"])]
    assert messages and json.loads(messages[-1].body)["by_hub"] and events(connector, messages) == []


@pytest.mark.parametrize("channel", ["moves", "quants"])
async def test_stock_that_moves_is_told_as_sums(world: World, channel: str) -> None:
    """Stock changes do not touch the product; quants come several to a place, and a move tells of quants that were merged away."""
    connector = world.connector()
    sku, _product = await world.product(stock=10)
    feed = Feed(connector, channel)
    await feed.new()
    sale = await world.sold(connector, (sku, "6", "10"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "4"})))
    if world.simulator is not None and channel == "quants":
        async with world.session.post(f"{world.url}/_sim/stock", json={"sku": sku, "quantity": 6, "rows": 3}) as answer:
            assert answer.status == 200
    found = [e for e in events(connector, await feed.new()) if e.key == f"stock/odoo/{sku}"]
    assert {event.type for event in found} == {"stock.changed"}
    (level,) = found[-1].data.levels  # type: ignore[attr-defined]
    free = await connector.ask(_available(sku))
    assert (level.location, str(level.on_hand.value), str(level.available.value)) == ("WH", "6", free["lines"][0]["available"])
    assert [e for e in events(connector, await feed.new()) if e.key == f"stock/odoo/{sku}"] == []
    count = {"sku": sku, "location": "WH", "on_hand": {"value": "0"}, "counted_at": "2026-11-23T10:00:00+00:00"}
    accepted(await attempt(connector, world.command("stock.adjust", levels=[count], reference="empty")))
    found = [e for e in events(connector, await feed.new()) if e.key == f"stock/odoo/{sku}"]
    assert str(found[-1].data.levels[0].on_hand.value) == "0"  # type: ignore[attr-defined]


def _available(sku: str):  # type: ignore[no-untyped-def]
    from crossdock.connectors.protocol import Question

    return Question("stock.available", {"lines": [{"sku": sku, "quantity": "1"}], "warehouse": "WH"})


async def test_products_are_told_archived_ones_too(world: World) -> None:
    connector = world.connector()
    feed = Feed(connector, "products")
    await feed.new()
    sku, product = await world.product(barcode="4006381333931" if world.simulator else "", price=12.5)
    (event,) = [e for e in events(connector, await feed.new()) if e.key == f"product/{sku}"]
    assert event.data.active and str(event.data.price.amount) == "12.50"  # type: ignore[attr-defined]
    if world.simulator:
        assert event.data.identifiers[0].scheme == "gtin"  # type: ignore[attr-defined]
    await world.call("product.product", "write", ids=[product], vals={"active": False})
    (event,) = [e for e in events(connector, await feed.new()) if e.key == f"product/{sku}"]
    assert event.data.active is False  # type: ignore[attr-defined]


# Identities ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["orders", "order_lines", "transfers", "moves", "quants", "products"])
async def test_the_same_cursor_gives_the_same_messages(world: World, channel: str) -> None:
    """A crash between poll and commit: the hub polls again from the old cursor and recognises everything."""
    connector = world.connector()
    cursor = (await connector.poll(channel, {})).cursor
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    (picking,) = await world.rows("stock.picking", [["sale_id", "=", id_]], ["name"])
    await world.call("stock.picking", "button_validate", ids=[picking["id"]], context={"skip_backorder": True, "skip_sms": True})
    one, two = Feed(connector, channel, cursor), Feed(world.connector(), channel, cursor)
    first, second = await one.new(), await two.new()
    own = {id_, picking["id"], product}  # somebody else may write in a shared database
    told = [{m.dedupe_key: m.body for m in found if _subject(m) in own} for found in (first, second)]
    assert told[0] and told[0] == told[1]


def _subject(message: Inbound) -> int:
    document = json.loads(message.body)
    return document.get("id") or document["product_id"]


async def test_an_unknown_channel_is_named_with_those_there_are(world: World) -> None:
    with pytest.raises(LandscapeInvalid, match="order_lines"):
        await world.connector().poll("journals", {})


async def test_the_servers_clock_counts_not_the_hubs(world: World) -> None:
    """A hub whose clock is a day ahead still asks for the right window."""
    clock = ManualClock()
    clock.advance(days=1)
    connector = world.connector(clock=clock)
    feed = Feed(connector, "orders")
    await feed.new()
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    assert about(await feed.new(), {id_}) == {id_}


async def test_rows_of_other_companies_are_not_told(world: World) -> None:
    """Without the allowed company a search spans all companies of the user."""
    connector = world.connector()
    await connector.client.company()
    assert LOADING["allowed_company_ids"] == [1]
    (other,) = await world.call("res.company", "create", key=world.admin_key, vals_list=[{"name": f"Other {world.prefix}"}])
    users = await world.rows("res.users", [["login", "=", world.login]], ["company_ids"], key=world.admin_key)
    await world.call("res.users", "write", key=world.admin_key, ids=[users[0]["id"]], vals={"company_ids": [[4, other]]})
    try:
        feed = Feed(connector, "orders")
        await feed.new()
        partner = await customer(world)
        values = {"partner_id": partner, "company_id": other, "state": "sale"}
        (id_,) = await world.call("sale.order", "create", vals_list=[values], context={"allowed_company_ids": [other, 1]})
        assert about(await feed.new(), {id_}) == set()
        theirs = Feed(world.connector(company_id=other), "orders")
        assert about(await theirs.new(), {id_}) == {id_}
    finally:
        await world.call("res.users", "write", key=world.admin_key, ids=[users[0]["id"]], vals={"company_ids": [[3, other]]})
