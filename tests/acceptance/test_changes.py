"""Changes and cancellations at every stage of an order: what may still be done then is done, and what may not is told to a person."""

from __future__ import annotations

import pytest

from tests.acceptance.dock import until
from tests.acceptance.people import MANCHESTER, Cast, Placed, Shopper

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNKNOWN = "HP-404"
"""An article the shops sell and Odoo does not know, so that Odoo cannot take the order yet."""


async def stuck_before_odoo(cast: Cast, shopper: Shopper) -> Placed:
    """An order that Odoo cannot take as it is."""
    shopper.sells(UNKNOWN, "20.00")
    order = shopper.orders((UNKNOWN, 1), ("HP-004", 1))
    refused = await cast.clerk.gets(key=order.key)
    assert UNKNOWN in refused.message
    return order


# --- changes ------------------------------------------------------------------------------------------------------------


async def test_a_change_before_odoo_has_the_order_is_what_odoo_gets(cast: Cast) -> None:
    order = await stuck_before_odoo(cast, cast.shopify)
    # when the article is taken out of the order in the shop
    cast.shopify.changes(order, ("HP-004", 3))
    # then the order is created as it is now, and nobody is needed any more
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    assert await cast.dock.desk.lines(order.number) == {"HP-004": (3.0, 3.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_more_after_the_release_is_released_in_addition(cast: Cast) -> None:
    order = cast.outlet.orders(("HP-005", 2))
    await cast.warehouse.gets(order.number)
    # when the customer wants two more and another article
    cast.outlet.changes(order, ("HP-005", 4), ("HP-006", 1))
    # then only the difference is released, and Odoo has it all
    more = await cast.warehouse.gets(order.number, 2)
    assert sorted((line["sku"], line["quantity"]) for line in more.order["lines"]) == [("HP-005", "2"), ("HP-006", "1")]
    for release in (1, 2):
        await cast.warehouse.picks(order.number, release)
    await cast.carriers.booked(order, 2)
    await cast.arrives(order)
    assert await cast.dock.desk.lines(order.number) == {"HP-005": (4.0, 4.0), "HP-006": (1.0, 1.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_less_after_the_release_calls_the_warehouse_back_first(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-007", 5))
    first = await cast.warehouse.gets(order.number)
    # when the customer wants fewer
    cast.shopify.changes(order, ("HP-007", 2))
    # then the release is called back and a new one says what is wanted now
    again = await cast.warehouse.gets(order.number, 2)
    assert first.cancellation == "cancelled"
    assert [line["quantity"] for line in again.order["lines"]] == ["2"]
    await cast.warehouse.picks(order.number, 2)
    await cast.arrives(order)
    assert await cast.dock.desk.lines(order.number) == {"HP-007": (2.0, 2.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_less_than_was_picked_is_decided_by_a_person(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-008", 4))
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)
    # when the customer wants fewer than are packed
    cast.shopify.changes(order, ("HP-008", 1))
    parked = await cast.clerk.gets(key=order.key)
    assert "picked already" in parked.message
    assert sorted(parked.actions) == ["apply", "ignore"]
    # when the clerk lets it be
    await cast.clerk.decides(parked, "ignore")
    await cast.arrives(order)
    # then it left as it was, and the shop's updates do not ask again
    assert await cast.dock.desk.lines(order.number) == {"HP-008": (4.0, 4.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_a_change_after_the_delivery_is_told_to_a_person(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-009", 1))
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    cast.shopify.changes(order, ("HP-009", 2))
    parked = await cast.clerk.gets(key=order.key)
    assert "delivered" in parked.message
    assert parked.actions == ["acknowledge"]
    await cast.clerk.decides(parked, "acknowledge")
    await until(lambda: cast.finished(order), "finished again")
    assert len(cast.warehouse.releases_of(order.number)) == 1
    assert await cast.dock.desk.lines(order.number) == {"HP-009": (1.0, 1.0)}


async def test_an_order_changed_in_odoo_after_its_confirmation_reaches_the_warehouse(cast: Cast) -> None:
    desk = cast.dock.desk
    reference = f"PO-4712-{cast.dock.unique}"
    draft = await desk.enter_order(reference, {"HP-002": 10})
    await desk.confirm(draft)
    await cast.warehouse.gets(draft["name"])
    # when the order desk makes it fewer
    await desk.changes_line(reference, "HP-002", 6)
    # then the warehouse is called back and gets the smaller order, and nothing contradicts itself
    again = await cast.warehouse.gets(draft["name"], 2)
    assert [line["quantity"] for line in again.order["lines"]] == ["6"]
    await cast.warehouse.picks(draft["name"], 2)
    await cast.carriers.booked(f"SH-odoo.{draft['name']}-")
    cast.carriers.moves(f"SH-odoo.{draft['name']}-", "delivered")
    key = f"order/odoo/{draft['name']}"
    await until(lambda: cast.finished(key), "the order is finished")
    assert await desk.lines(reference) == {"HP-002": (6.0, 6.0)}
    assert await cast.clerk.has_nothing(key=key)


# --- cancellations ------------------------------------------------------------------------------------------------------


async def test_cancelled_before_odoo_has_it_nothing_is_made(cast: Cast) -> None:
    order = await stuck_before_odoo(cast, cast.outlet)
    cast.outlet.cancels(order)
    await until(lambda: cast.finished(order), "the cancelled order is finished")
    assert await cast.dock.desk.orders(order.number) == []
    assert cast.warehouse.released(order.number) == []
    assert await cast.clerk.has_nothing(key=order.key)


async def test_cancelled_in_odoo_before_the_release(cast: Cast) -> None:
    # given an order Odoo made something else of, so that it waits there unconfirmed
    async with cast.dock.desk.untaxed("HP-012"):
        order = cast.shopify.orders(("HP-012", 1))
        await cast.clerk.gets(key=order.key)
    # when the customer cancels
    cast.shopify.cancels(order)
    # then it is cancelled in Odoo, the warehouse never hears of it, and the clerk's question is gone
    await until(lambda: cast.finished(order), "the cancelled order is finished")
    assert await cast.dock.desk.state(order.number) == "cancel"
    assert cast.warehouse.released(order.number) == []
    assert await cast.clerk.has_nothing(key=order.key)


@pytest.mark.parametrize("who", ["shop", "odoo"])
async def test_cancelled_after_the_release_the_warehouse_is_stopped(cast: Cast, who: str) -> None:
    order = cast.shopify.orders(("HP-003", 2))
    fulfilment = await cast.warehouse.gets(order.number)
    # when the customer, or the order desk, cancels
    if who == "shop":
        cast.shopify.cancels(order)
    else:
        await cast.dock.desk.cancel(order.number)
    # then the warehouse stops, and whoever does not know yet is told
    await until(lambda: cast.finished(order), "the cancelled order is finished")
    assert fulfilment.cancellation == "cancelled"
    assert await cast.dock.desk.state(order.number) == "cancel"
    await until(lambda: cast.shopify.cancelled(order), "cancelled in the shop")
    assert cast.carriers.bookings(order) == []
    assert await cast.clerk.has_nothing(key=order.key)


@pytest.mark.parametrize("choice", ["goods_returned", "ship_anyway"])
async def test_cancelled_after_the_pick_a_person_says_what_becomes_of_the_goods(cast: Cast, choice: str) -> None:
    # given goods that are picked and whose parcel waits for customs papers
    desk = cast.dock.desk
    await desk.has_product("HP-PLAIN")
    await desk.count("HP-PLAIN", 100)
    cast.shopify.sells("HP-PLAIN", "30.00")
    order = cast.shopify.orders(("HP-PLAIN", 1), buyer=MANCHESTER)
    await cast.warehouse.picks(order.number)
    customs = await cast.clerk.gets(key=order.key)
    # when the customer cancels
    cast.shopify.cancels(order)
    parked = await until(lambda: cast.clerk.about(order, "goods_returned"), "the clerk is asked what becomes of the goods")
    assert "picked" in parked.message
    await cast.clerk.decides(parked, choice)
    if choice == "goods_returned":
        await until(lambda: cast.finished(order), "the cancelled order is finished")
        assert await desk.state(order.number) == "cancel"
        assert cast.carriers.bookings(order) == []
    else:
        # then it goes on where it was: papers, parcel, doorstep
        papers = {"hs_code": "3926.90", "origin_country": "DE", "weight_kg": "1"}
        await cast.clerk.decides(customs, "supply", products={"HP-PLAIN": papers})
        # the shop, where it is cancelled, shows no shipment any more: that is told once and left out
        refused = await until(lambda: cast.clerk.about(order, "skip"), "the shop does not take the shipment")
        await cast.clerk.decides(refused, "skip")
        await cast.arrives(order)
        assert await desk.lines(order.number) == {"HP-PLAIN": (1.0, 1.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_cancelled_after_it_left_in_odoo_is_refused_and_told(cast: Cast) -> None:
    order = cast.outlet.orders(("HP-010", 2))
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)
    await until(lambda: cast.outlet.shipments(order), "the shop shows the shipment")
    # when the customer cancels what has left
    cast.outlet.cancels(order)
    parked = await cast.clerk.gets(key=order.key)
    assert parked.code == "process.too_late"
    assert "ship_anyway" in parked.actions
    await cast.clerk.decides(parked, "ship_anyway")
    await cast.arrives(order)
    # then Odoo still says what is true
    assert await cast.dock.desk.state(order.number) == "sale"
    assert await cast.dock.desk.lines(order.number) == {"HP-010": (2.0, 2.0)}
    assert await cast.clerk.has_nothing(key=order.key)


async def test_cancelled_with_one_part_gone_the_rest_is_cancelled(cast: Cast) -> None:
    # given an order of which the first part left
    cast.warehouse.behave("partial")
    order = cast.shopify.orders(("HP-006", 4))
    await cast.warehouse.gets(order.number)
    cast.warehouse.behave("full")
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)
    await until(lambda: cast.shopify.shipments(order), "the first part is in the shop")
    # when the order desk cancels the rest by the customer's wish, told through the hub's question
    cast.shopify.cancels(order)
    parked = await cast.clerk.gets(key=order.key)
    assert "cancel_rest" in parked.actions
    await cast.clerk.decides(parked, "cancel_rest")
    await cast.arrives(order)
    # then Odoo has the order as small as what left
    assert await cast.dock.desk.lines(order.number) == {"HP-006": (2.0, 2.0)}
    assert len(cast.carriers.bookings(order)) == 1


async def test_cancelled_after_the_delivery_a_person_is_told(cast: Cast) -> None:
    order = cast.outlet.orders(("HP-011", 1))
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    cast.outlet.cancels(order)
    parked = await cast.clerk.gets(key=order.key)
    assert "delivered" in parked.message
    await cast.clerk.decides(parked, "acknowledge")
    assert await cast.dock.desk.state(order.number) == "sale"
    assert await cast.clerk.has_nothing(key=order.key)


async def test_what_the_warehouse_says_of_a_cancelled_order_changes_nothing(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-004", 1))
    fulfilment = await cast.warehouse.gets(order.number)
    cast.shopify.cancels(order)
    await until(lambda: cast.finished(order), "the cancelled order is finished")
    # when the warehouse picks it all the same
    cast.warehouse.picks_anyway(fulfilment)
    # then a person hears of goods that have no order, and nothing is booked or shipped
    parked = await cast.clerk.gets(key=order.key)
    assert fulfilment.number in parked.message
    assert parked.actions == ["acknowledge"]
    await cast.clerk.decides(parked, "acknowledge")
    assert cast.carriers.bookings(order) == []
    assert await cast.dock.desk.state(order.number) == "cancel"
    assert cast.shopify.shipments(order) == []
    assert await cast.clerk.has_nothing(key=order.key)
