"""What the warehouse picked is not always what was asked for: in parts, short, too much, something else. A rule decides, or a person."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import Cast, Placed

pytestmark = pytest.mark.asyncio(loop_scope="session")

FLOWS = "flows/order-*.yaml"


def rule(text: str):  # type: ignore[no-untyped-def]
    """The orders' flows with another rule for picks."""
    return {FLOWS: lambda page: page.replace("settings:\n", f"settings:\n  picks: {text}\n", 1)}


async def test_an_order_picked_in_two_parts_is_two_shipments_and_a_back_order(cast: Cast) -> None:
    desk = cast.dock.desk
    # given a warehouse that picks in two parts
    cast.warehouse.behave("partial")
    order = cast.shopify.orders(("HP-006", 4), ("HP-007", 2))
    await cast.warehouse.gets(order.number)
    cast.warehouse.behave("full")
    # when the first part is picked
    await cast.warehouse.picks(order.number)
    first = await cast.carriers.booked(order)
    # then it leaves: Odoo ships the half and makes a back-order, the shop shows it
    await until(lambda: len(cast.shopify.shipments(order)) == 1, "the first part in the shop")
    done, waiting = await desk.transfers(order.number)
    assert (done["state"], done["carrier_tracking_ref"]) == ("done", first.waybill)
    assert sorted(done["moved"]) == [("HP-006", 2.0, ""), ("HP-007", 1.0, "")]
    assert waiting["backorder_id"][0] == done["id"]
    assert waiting["state"] not in ("done", "cancel")
    assert not await cast.finished(order)
    # when the rest is picked, then it is the second shipment of the same release
    await cast.warehouse.picks(order.number)
    second = await cast.carriers.booked(order, 2)
    assert second.waybill != first.waybill
    await cast.arrives(order)
    transfers = await desk.transfers(order.number)
    assert [(t["state"], t["carrier_tracking_ref"]) for t in transfers] == [("done", first.waybill), ("done", second.waybill)]
    assert await desk.lines(order.number) == {"HP-006": (4.0, 4.0), "HP-007": (2.0, 2.0)}
    assert [one.data["tracking"] for one in cast.shopify.shipments(order)] == [[first.waybill], [second.waybill]]
    assert len(cast.warehouse.releases_of(order.number)) == 1
    assert await cast.clerk.has_nothing(key=order.key)


async def test_what_was_short_is_released_again(cast: Cast) -> None:
    desk = cast.dock.desk
    # given the rule `backorder`, and a warehouse that finds one piece less than asked for
    cast.warehouse.behave("short")
    order = cast.outlet.orders(("HP-009", 3))
    await cast.warehouse.gets(order.number)
    cast.warehouse.behave("full")
    await cast.warehouse.picks(order.number)
    # then the rest, and only the rest, is released again
    rest = await cast.warehouse.gets(order.number, 2)
    assert [(line["sku"], line["quantity"]) for line in rest.order["lines"]] == [("HP-009", "1")]
    await cast.warehouse.picks(order.number, 2)
    await cast.carriers.booked(order, 2)
    await cast.arrives(order)
    assert await desk.lines(order.number) == {"HP-009": (3.0, 3.0)}
    assert [transfer["state"] for transfer in await desk.transfers(order.number)] == ["done", "done"]
    assert len(cast.outlet.shipments(order)) == 2
    assert await cast.clerk.has_nothing(key=order.key)


@pytest.mark.parametrize(("choice", "shipped"), [("accept", 3.0), ("ship_ordered", 2.0)])
async def test_more_than_asked_for_is_decided_by_a_person(cast: Cast, choice: str, shipped: float) -> None:
    # given a warehouse that picked three instead of two
    cast.warehouse.behave("over")
    order = cast.shopify.orders(("HP-010", 2))
    await cast.warehouse.picks(order.number)
    cast.warehouse.behave("full")
    # then nothing is booked before somebody decided
    parked = await cast.clerk.gets(key=order.key)
    assert (parked.code, parked.owner) == ("process.decision_needed", "operations")
    [issue] = parked.detail["issues"]
    assert (issue["kind"], issue["picked"], issue["asked"]) == ("over", "3", "2")
    assert sorted(parked.actions) == ["accept", "ship_ordered"]
    assert cast.carriers.bookings(order) == []
    # when the clerk decides, then that is what leaves
    await cast.clerk.decides(parked, choice)
    await cast.arrives(order)
    [transfer] = await cast.dock.desk.transfers(order.number)
    assert transfer["moved"] == [("HP-010", shipped, "")]
    assert (await cast.dock.desk.lines(order.number))["HP-010"][1] == shipped
    assert await cast.clerk.has_nothing(key=order.key)


async def bills_nothing_of(cast: Cast, order: Placed) -> None:
    """Odoo bills no article that it did not deliver: what the customer pays for another one is decided at finance."""
    await cast.carriers.booked(order)
    cast.carriers.moves(order, "picked_up")
    await cast.clerk.decides(await cast.clerk.gets("invoice.above_delivery", key=order.key), "leave")


async def test_something_else_than_asked_for_is_decided_by_a_person(cast: Cast) -> None:
    # given that Odoo knows the other article too
    await cast.dock.desk.has_product("HP-011-ALT")
    await cast.dock.desk.count("HP-011-ALT", 100)
    cast.warehouse.behave("substitute")
    order = cast.outlet.orders(("HP-011", 2))
    await cast.warehouse.picks(order.number)
    cast.warehouse.behave("full")
    # then a person sees what was picked instead
    parked = await cast.clerk.gets(key=order.key)
    [issue] = parked.detail["issues"]
    assert (issue["kind"], issue["sku"]) == ("substituted", "HP-011-ALT")
    assert cast.carriers.bookings(order) == []
    # when it may go, then Odoo ships what really went
    await cast.clerk.decides(parked, "accept")
    await bills_nothing_of(cast, order)
    await cast.arrives(order)
    [transfer] = await cast.dock.desk.transfers(order.number)
    assert transfer["moved"] == [("HP-011-ALT", 2.0, "")]
    assert await cast.clerk.has_nothing(key=order.key)


async def test_substitutes_go_back_and_the_right_thing_is_released_again(cast: Cast) -> None:
    cast.warehouse.behave("substitute")
    order = cast.shopify.orders(("HP-008", 1))
    await cast.warehouse.picks(order.number)
    cast.warehouse.behave("full")
    parked = await cast.clerk.gets(key=order.key)
    # when only what was ordered may leave
    await cast.clerk.decides(parked, "ship_ordered")
    # then it is asked for again
    again = await cast.warehouse.gets(order.number, 2)
    assert [(line["sku"], line["quantity"]) for line in again.order["lines"]] == [("HP-008", "1")]
    await cast.warehouse.picks(order.number, 2)
    await cast.arrives(order)
    assert await cast.dock.desk.lines(order.number) == {"HP-008": (1.0, 1.0)}
    assert len(cast.carriers.bookings(order)) == 1


async def test_a_warehouse_that_refuses_is_asked_again_or_the_order_is_dropped(cast: Cast) -> None:
    cast.warehouse.behave("refuse")
    first, second = cast.shopify.orders(("HP-002", 1)), cast.shopify.orders(("HP-002", 2))
    parked = [await cast.clerk.gets(key=order.key) for order in (first, second)]
    assert all("no capacity" in one.message for one in parked), [one.message for one in parked]
    cast.warehouse.behave("full")
    # when one is to be tried again and the other given up
    await cast.clerk.decides(parked[0], "release_again")
    await cast.clerk.decides(parked[1], "drop")
    # then the one is shipped
    await cast.warehouse.picks(first.number, 2)
    await cast.arrives(first)
    assert await cast.dock.desk.lines(first.number) == {"HP-002": (1.0, 1.0)}
    # and the other is cancelled in Odoo and in the shop
    await until(lambda: cast.finished(second), "the dropped order is finished")
    assert await cast.dock.desk.state(second.number) == "cancel"
    await until(lambda: cast.shopify.cancelled(second), "cancelled in the shop")
    assert len(cast.warehouse.releases_of(second.number)) == 1


async def test_rules_decide_without_a_person(opens: Opener) -> None:
    # given a flow that takes equivalents, tolerates a piece in ten, and forgets what is short
    cast = await opens(rule("{short: close_short, over: ask, over_tolerance_percent: 10, equivalents: {HP-005: [HP-005-ALT]}}"))
    desk = cast.dock.desk
    await desk.has_product("HP-005-ALT")
    await desk.count("HP-005-ALT", 100)
    cast.warehouse.behave("substitute")
    other = cast.shopify.orders(("HP-005", 2))
    await cast.warehouse.picks(other.number)
    cast.warehouse.behave("over")
    more = cast.shopify.orders(("HP-003", 10))
    await cast.warehouse.picks(more.number)
    cast.warehouse.behave("short")
    less = cast.outlet.orders(("HP-004", 3))
    await cast.warehouse.picks(less.number)
    # then all three leave as they were picked, and nobody was asked, but for what the customer pays for something else
    await bills_nothing_of(cast, other)
    for order in (other, more, less):
        await cast.arrives(order)
        assert len(cast.warehouse.releases_of(order.number)) == 1
        assert await cast.clerk.has_nothing(key=order.key)
    assert [t["moved"] for t in await desk.transfers(other.number)] == [[("HP-005-ALT", 2.0, "")]]
    assert [t["moved"] for t in await desk.transfers(more.number)] == [[("HP-003", 11.0, "")]]
    done = [t for t in await desk.transfers(less.number) if t["state"] != "cancel"]
    assert [(t["state"], t["moved"]) for t in done] == [("done", [("HP-004", 2.0, "")])]


@pytest.mark.parametrize("choice", ["backorder", "close_short", "cancel_remainder"])
async def test_what_is_short_is_decided_by_a_person_where_the_flow_says_so(opens: Opener, choice: str) -> None:
    cast = await opens(rule("{short: ask}"))
    cast.warehouse.behave("short")
    order = cast.shopify.orders(("HP-004", 3))
    await cast.warehouse.picks(order.number)
    cast.warehouse.behave("full")
    parked = await cast.clerk.gets(key=order.key)
    assert list(parked.detail["missing"].values()) == ["1"]
    # what was picked leaves meanwhile
    await cast.carriers.booked(order)
    assert len(cast.warehouse.released(order.number)) == 1
    await cast.clerk.decides(parked, choice)
    if choice == "backorder":
        await cast.warehouse.picks(order.number, 2)
        await cast.carriers.booked(order, 2)
    await cast.arrives(order)
    expected = {"backorder": (3.0, 3.0), "close_short": (3.0, 2.0), "cancel_remainder": (2.0, 2.0)}
    ordered, delivered = (await cast.dock.desk.lines(order.number))["HP-004"]
    assert delivered == expected[choice][1]
    if choice != "close_short":
        assert ordered == expected[choice][0]
    open_transfers = [t for t in await cast.dock.desk.transfers(order.number) if t["state"] not in ("done", "cancel")]
    assert open_transfers == []
    assert await cast.clerk.has_nothing(key=order.key)
    assert len(cast.warehouse.releases_of(order.number)) == (2 if choice == "backorder" else 1)
