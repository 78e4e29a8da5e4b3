"""The way that goes well: from the cart to the doorstep, through every system once and in order."""

from __future__ import annotations

import base64
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.dock import until
from tests.acceptance.people import HAMBURG, LYON, Buyer, Cast, Shopper

pytestmark = pytest.mark.asyncio(loop_scope="session")


def shop_of(cast: Cast, name: str) -> Shopper:
    return cast.shopify if name == "shopify" else cast.outlet


@pytest.mark.parametrize("shop", ["shopify", "outlet"])
async def test_an_order_of_a_shop_goes_all_the_way(cast: Cast, shop: str) -> None:
    shopper, desk, warehouse = shop_of(cast, shop), cast.dock.desk, cast.warehouse
    # when a customer orders two things
    order = shopper.orders(("HP-004", 2), ("HP-010", 3))

    # then the order is in Odoo once, confirmed, at the price the customer saw, under the hub's own ids on order and lines
    fulfilment = await warehouse.gets(order.number)
    made = await desk.order(order.number)
    assert made["state"] == "sale"
    assert made["currency_id"][1] == "EUR"
    assert Decimal(str(made["amount_total"])) == pytest.approx(Decimal(order.total), abs=Decimal("0.02"))
    assert await desk.external_ids("sale.order", [made["id"]]) == [f"crossdock.order/1/{order.shop}/{order.number}"]
    line_ids = await desk.external_ids("sale.order.line", made["order_line"])
    assert len(line_ids) == len(made["order_line"]) == 3, "two articles and the freight"
    assert all(one.startswith(f"crossdock.order_line/1/{order.shop}/{order.number}/") for one in line_ids)

    # and it is at the warehouse once, with everything needed to pick it before the carrier's cut-off, and no prices
    assert {line["sku"]: line["quantity"] for line in fulfilment.order["lines"]} == {"HP-004": "2", "HP-010": "3"}
    assert fulfilment.order["ship_to"]["street"] == "Am Sandtorkai 12"
    ship_by = datetime.fromisoformat(fulfilment.order["ship_by"])
    assert ship_by.astimezone(ZoneInfo("Europe/Berlin")).strftime("%H:%M") == "15:30"
    assert ship_by > cast.dock.clock.now()
    assert "price" not in str(fulfilment.order)
    assert cast.carriers.bookings(order) == []

    # when the warehouse has picked and packed it
    await warehouse.picks(order.number)

    # then DHL has it once, for our reference, and the label that DHL printed is kept
    parcel = await cast.carriers.booked(order)
    await until(lambda: shopper.shipments(order), "the shop shows the shipment")
    story = await cast.story(order.key)
    [booked] = [step["ack"] for step in story if step["step"] == "command" and step["what"] == "shipment.book"]
    assert booked["waybill"] == parcel.waybill
    assert parcel.waybill.encode() in base64.b64decode(booked["label"])
    assert booked["label_format"] == "ZPL"

    # and Odoo's transfer says what left, with the tracking number; and the customer can follow it
    [transfer] = await desk.transfers(order.number)
    assert (transfer["state"], transfer["carrier_tracking_ref"]) == ("done", parcel.waybill)
    assert sorted(transfer["moved"]) == [("HP-004", 2.0, ""), ("HP-010", 3.0, "")]
    assert await desk.lines(order.number) == {"HP-004": (2.0, 2.0), "HP-010": (3.0, 3.0)}
    [shown] = shopper.shipments(order)
    assert shown.data["tracking"] == [parcel.waybill]

    # when the parcel travels and arrives
    for step in ("picked_up", "out_for_delivery", "delivered"):
        cast.carriers.moves(order, step)

    # then the customer knows, Odoo has the milestones, and nothing is left to do or to decide
    await until(lambda: shopper.told_of_delivery(order), "the customer knows that it arrived")
    await until(lambda: cast.finished(order), "the order is finished")
    notes = await desk.notes(transfer)
    assert notes.count(": picked up:") == notes.count(": delivered:") == 1
    assert await cast.clerk.has_nothing(key=order.key)
    assert len(warehouse.releases_of(order.number)) == len(cast.carriers.bookings(order)) == len(shopper.shipments(order)) == 1
    assert len(await desk.orders(order.number)) == 1


@pytest.mark.parametrize(("buyer", "carrier"), [(HAMBURG, "dhl_express"), (LYON, "ups")])
async def test_the_carrier_is_chosen_by_where_the_parcel_goes(cast: Cast, buyer: Buyer, carrier: str) -> None:
    order = cast.shopify.orders(("HP-005", 1), buyer=buyer)
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)
    [(system, parcel)] = cast.carriers.bookings(order)
    assert system.name == carrier
    await cast.arrives(order)
    [transfer] = await cast.dock.desk.transfers(order.number)
    assert transfer["carrier_tracking_ref"] == parcel.waybill


async def test_an_order_entered_and_confirmed_in_odoo_goes_all_the_way(cast: Cast) -> None:
    # given a business customer who ordered by phone
    desk = cast.dock.desk
    reference = f"PO-4711-{cast.dock.unique}"
    draft = await desk.enter_order(reference, {"HP-002": 40, "HP-008": 5})
    # a draft is nobody's business
    assert cast.warehouse.released(draft["name"]) == []

    # when the order desk confirms it
    await desk.confirm(draft)

    # then the warehouse gets it once, it is shipped, and Odoo's own transfer is validated
    await cast.warehouse.picks(draft["name"])
    key = f"order/odoo/{draft['name']}"
    parcel = await cast.carriers.booked(f"SH-odoo.{draft['name']}-")
    cast.carriers.moves(f"SH-odoo.{draft['name']}-", "delivered")
    await until(lambda: cast.finished(key), "the order is finished")
    [transfer] = await desk.transfers(reference)
    assert (transfer["state"], transfer["carrier_tracking_ref"]) == ("done", parcel.waybill)
    assert await desk.lines(reference) == {"HP-002": (40.0, 40.0), "HP-008": (5.0, 5.0)}
    assert len(cast.warehouse.releases_of(draft["name"])) == 1
    assert len(await desk.orders(reference)) == 1, "nothing was created for it"
    assert await cast.clerk.has_nothing(key=key)


async def test_what_is_tracked_by_lot_leaves_odoo_by_lot(cast: Cast) -> None:
    # given an article that Odoo and the warehouse keep by lot
    desk = cast.dock.desk
    await desk.has_product("LOT-77", tracking="lot")
    await desk.count("LOT-77", 50, lot="LOT-77-L1")
    cast.outlet.sells("LOT-77", "12.00")
    # when one is ordered, picked and shipped
    order = cast.outlet.orders(("LOT-77", 3))
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    # then Odoo knows from which lot
    [transfer] = await desk.transfers(order.number)
    assert transfer["moved"] == [("LOT-77", 3.0, "LOT-77-L1")]


async def test_a_customer_may_order_again_and_again(cast: Cast) -> None:
    orders = [cast.shopify.orders(("HP-003", number)) for number in range(1, 6)]
    for order in orders:
        await cast.warehouse.picks(order.number)
    for number, order in enumerate(orders, 1):
        await cast.arrives(order)
        assert await cast.dock.desk.lines(order.number) == {"HP-003": (float(number), float(number))}
