"""Change capture through the outbox of the add-on: told at once, once, deletions too; and without a hole where it comes, goes or has forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
from odoo_world import Refused, World
from test_odoo_capture import Feed, about, customer, entered, events

from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.simulators.odoo.models import outbox as simulated
from crossdock.testing.contexts import ManualClock

pytestmark = pytest.mark.outbox


async def reading(world: World, **options: Any) -> tuple[OdooConnector, Feed]:
    """A connector that has found the outbox, and a feed of orders that reads from it."""
    connector = world.connector(**options)
    feed = Feed(connector, "orders")
    await feed.new()
    if not connector.outbox.there:
        pytest.skip("this Odoo has no outbox: install odoo-addon/crossdock_outbox and put the hub's user into its group")
    assert isinstance(feed.cursor["outbox"], int)
    return connector, feed


async def test_creation_change_and_deletion_are_told_at_the_next_poll(world: World) -> None:
    connector, feed = await reading(world)
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    first = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert [event.type for event in events(connector, first)] == ["order.confirmed"]
    passes = feed.cursor["done"]
    assert await feed.new() == [], "and only once"
    (line,) = await world.rows("sale.order.line", [["order_id", "=", id_]], ["name"])
    await world.call("sale.order.line", "write", ids=[line["id"]], vals={"product_uom_qty": 5})
    (changed,) = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert json.loads(changed.body)["lines"][0]["quantity"] in ("5", "5.0")
    await world.call("sale.order", "action_cancel", ids=[id_])
    await world.call("sale.order", "unlink", key=world.admin_key, ids=[id_])
    (gone,) = [m for m in await feed.new() if json.loads(m.body)["id"] == id_]
    assert gone.topic == "deleted"
    assert feed.cursor["done"] == passes, "no window was read for any of this"


async def test_pages_are_told_whole_and_other_models_are_not_asked_for(world: World) -> None:
    connector, feed = await reading(world, page_size=3)
    transfers = Feed(connector, "transfers")
    await transfers.new()
    partner = await customer(world)
    _, product = await world.product(stock=100)
    ids = {await entered(world, (product, 1), partner=partner) for _ in range(7)}
    assert about(await feed.new(), ids) == ids
    told = await transfers.new()
    pickings = {r["id"] for r in await world.rows("stock.picking", [["sale_id", "in", sorted(ids)]], ["id"])}
    assert about(told, pickings) == pickings


async def test_what_was_forgotten_is_read_from_a_window(world: World) -> None:
    """A hub restored from a backup asks for what is pruned; an Odoo restored from one knows less than the hub."""
    odoo = world.control("forget")
    connector, feed = await reading(world)
    before = feed.cursor
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    await feed.new()
    await feed.new()  # acknowledges
    simulated.prune(odoo.store)
    restored = Feed(connector, "orders", before)
    assert about(await restored.new(), {id_}) == {id_}
    assert about(await restored.new(), {id_}) == set()
    ahead = Feed(connector, "orders", {**feed.cursor, "outbox": 10**9})
    again = await ahead.new()
    assert {m.dedupe_key for m in again} <= feed.known, "what is told again is recognised"
    next_ = await entered(world, (product, 1))
    assert about(await ahead.new(), {next_}) == {next_}


async def test_an_outbox_that_comes_and_goes_leaves_no_hole(world: World) -> None:
    odoo = world.control("uninstall a module")
    connector, feed = await reading(world)
    _, product = await world.product(stock=10)
    model = odoo.registry._models.pop(simulated.Outbox.name)
    first = await entered(world, (product, 1))
    assert about(await feed.new(), {first}) == {first}
    assert feed.cursor["outbox"] is None and connector.outbox.there is False
    odoo.registry._models[simulated.Outbox.name] = model
    second = await entered(world, (product, 1))
    assert about(await feed.new(), {second}) == {second}, "it is not looked for at every poll"
    fresh = world.connector()
    again = Feed(fresh, "orders", feed.cursor)
    again.known = feed.known
    third = await entered(world, (product, 1))
    assert about(await again.new(), {first, second, third}) == {third}
    assert fresh.outbox.there and isinstance(again.cursor["outbox"], int)


async def test_a_window_is_read_besides_as_often_as_the_landscape_says(world: World) -> None:
    clock = ManualClock()
    connector = world.connector(clock=clock)
    feed = Feed(connector, "orders")
    await feed.new()
    odoo = world.control("lose a row of its outbox")
    _, product = await world.product(stock=10)
    id_ = await entered(world, (product, 3))
    odoo.store.table(simulated.Outbox.name).rows.clear()
    assert about(await feed.new(), {id_}) == set()
    feed.cursor = {**feed.cursor, "swept": "2020-01-01 00:00:00"}
    assert about(await feed.new(), {id_}) == {id_}


async def test_it_is_used_only_where_it_may_be(world: World) -> None:
    odoo = world.control("change groups")
    never = world.connector(outbox="never")
    feed = Feed(never, "orders")
    await feed.new()
    assert feed.cursor["outbox"] is None and never.outbox.there is None
    for row in odoo.store.table("res.users").rows.values():
        row["group_ids"] = [group for group in row["group_ids"] if group != 60]
    odoo.registry._groups.clear()
    with pytest.raises(Refused, match="403"):
        await world.call("crossdock.outbox", "changes_after", reader="anybody")
    outside = world.connector()
    feed = Feed(outside, "orders")
    await feed.new()
    assert feed.cursor["outbox"] is None and outside.outbox.there is False
    probe = await outside.probe()
    assert probe.healthy and probe.detail["outbox"] is False
