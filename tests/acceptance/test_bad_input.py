"""Input that is wrong: each is refused or parked with a clear code, kept with its payload, and nothing is lost or doubled by it."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import orjson
import pytest

from crossdock.simulators.faults import FaultPlan
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_unknown_sku_waits_for_master_data_and_goes_on(cast: Cast) -> None:
    desk = cast.dock.desk
    sku = f"NEW-{cast.dock.unique}"
    cast.shopify.sells(sku, "20.00")
    order = cast.shopify.orders((sku, 1))
    # then a person is told which article Odoo does not know, and nothing was created
    parked = await cast.clerk.gets(key=order.key)
    assert sku in parked.message
    assert parked.owner == "integration"
    assert await desk.orders(order.number) == []
    # when it is put right in Odoo and tried again
    await desk.has_product(sku)
    await desk.count(sku, 10)
    await cast.clerk.retries(parked)
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    assert await desk.lines(order.number) == {sku: (1.0, 1.0)}
    assert await cast.clerk.has_nothing(key=order.key)


@pytest.mark.parametrize("choice", ["accept", "cancel"])
async def test_a_total_that_differs_in_odoo_is_parked_before_confirmation(cast: Cast, choice: str) -> None:
    desk = cast.dock.desk
    # given that Odoo makes something else of the order than the shop did
    async with desk.untaxed("HP-012"):
        order = cast.outlet.orders(("HP-012", 2))
        parked = await cast.clerk.gets(key=order.key)
    [difference] = [one for one in parked.detail["discrepancies"] if one["field"] == "total"]
    assert float(difference["expected"]) == float(order.total) != float(difference["found"])
    assert await desk.state(order.number) in ("draft", "sent")
    assert cast.warehouse.released(order.number) == []
    # when the clerk decides
    await cast.clerk.decides(parked, choice)
    if choice == "accept":
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
        assert await desk.lines(order.number) == {"HP-012": (2.0, 2.0)}
    else:
        await until(lambda: cast.finished(order), "the cancelled order is finished")
        assert await desk.state(order.number) == "cancel"
        assert cast.warehouse.released(order.number) == []
        await until(lambda: cast.outlet.cancelled(order), "cancelled in the shop")
    assert await cast.clerk.has_nothing(key=order.key)


@pytest.mark.parametrize("shop", ["shopify", "outlet"])
async def test_the_same_order_with_other_content_is_a_contradiction(cast: Cast, shop: str) -> None:
    shopper = cast.shopify if shop == "shopify" else cast.outlet
    order = shopper.orders(("HP-006", 1))
    await cast.warehouse.gets(order.number)
    # when another webhook says something else of the very same version of the order
    lie = orjson.loads(orjson.dumps(shopper.shop.store.find(order.number)))
    for address in ("shipping_address", "shipping"):
        if address in lie:
            lie[address]["city"] = "Bremen"
    shopper.tells("orders/updated" if shop == "shopify" else "order.updated", lie)
    # then a person has it, and the first goes its way
    conflict = await cast.clerk.gets(key=order.key)
    assert conflict.code == "sequence.content_conflict"
    await cast.warehouse.picks(order.number)
    assert cast.warehouse.released(order.number)[0].order["ship_to"]["city"] == "Hamburg"
    await cast.arrives(order)
    await cast.clerk.resolves(conflict)
    assert await cast.clerk.has_nothing(key=order.key)


async def test_the_same_message_with_other_content_is_kept_beside_the_first(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-006", 1))
    truth = orjson.loads(orjson.dumps(cast.shopify.shop.store.find(order.number)))
    # when one webhook id comes with two contents
    identity = {"X-Shopify-Webhook-Id": f"hook-{cast.dock.unique}"}
    for note in ("first", "second"):
        cast.shopify.tells("orders/updated", {**truth, "note": note, "updated_at": cast.shopify.shop.store.stamp()}, identity)
        await cast.shopify.shop.webhooks.drained()
    conflict = await until(lambda: cast.clerk.with_code("receive.conflict"), "the contradiction is told")
    kept = await cast.dock.rows("SELECT COUNT(*) FROM ledger_message WHERE id=?", conflict.subject_id)
    assert kept == [(1,)]
    await cast.clerk.resolves(conflict)
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)


@pytest.mark.parametrize(
    ("spoil", "stopped", "words"),
    [
        ({"quantity": 0}, "validate.schema", "quantity"),
        ({"quantity": -2}, "validate.schema", "quantity"),
        ({"currency": "XXQ"}, "validate.schema", "currency"),
        ({"currency": "JPY"}, "validate.rule", "price list"),
    ],
    ids=["none", "less than none", "no currency", "a currency without price list"],
)
async def test_an_order_that_cannot_be_meant_stops_at_the_hub(
    cast: Cast, spoil: dict[str, Any], stopped: str, words: str
) -> None:
    shop = cast.outlet.shop
    # given an order that the shop itself tells wrong
    made = orjson.loads(orjson.dumps(shop.store.place(cast.dock.town.random, [("HP-004", 1)])))
    if "quantity" in spoil:
        made["line_items"][0]["quantity"] = spoil["quantity"]
    else:
        made["currency"] = spoil["currency"]
    shop.store.orders.pop(made["id"])  # a later poll would not find it so
    cast.outlet.tells("order.created", made)
    # then a person is told what is wrong, with the message as it came
    told = await until(lambda: cast.clerk.with_code(stopped, str(made["number"])), f"{stopped} is told")
    assert words in f"{told.message} {told.detail}"
    code, payload = await cast.auditor.runs("exceptions", "show", cast.clerk.written(told), "--payload")
    assert code == 0, payload
    assert orjson.loads(payload) == made
    # and Odoo and the warehouse never hear of it
    assert await cast.dock.desk.orders(str(made["number"])) == []
    assert cast.warehouse.released(str(made["number"])) == []
    await cast.clerk.resolves(told)


async def test_a_shipment_for_an_order_never_seen_waits_and_is_told(opens: Opener) -> None:
    cast = await opens()
    # when the warehouse reports a pick nobody asked for
    stranger = {"fulfilment": "FO-nobody-1", "sequence": 1}
    cast.warehouse.reports("picking.completed", stranger)
    await until(lambda: cast.dock.rows("SELECT 1 FROM ledger_event WHERE type='picking.completed'"), "the event is kept")
    # then it waits a while for its order, which may be late
    assert await cast.clerk.has_nothing()
    cast.dock.clock.ahead += 700
    parked = await cast.clerk.gets("sequence.reference_unknown")
    assert "FO-nobody-1" in f"{parked.message} {parked.detail}"
    assert cast.dock.town.judge().effects.get("odoo:picking_validated", 0) == 0


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "code"),
    [
        ("/in/shopify-eu/webhooks", {"X-Shopify-Hmac-Sha256": "d3Jvbmc=", "X-Shopify-Topic": "orders/create"}, b"{}", 401,
         "receive.signature_invalid"),
        ("/in/nobody/webhooks", {}, b"{}", 404, "receive.unknown_system"),
        ("/in/wms-north/webhooks", {}, b"{}", 401, "receive.unauthenticated"),
        ("/in/woo-outlet/webhooks", {}, b"x" * 1_100_000, 413, "receive.too_large"),
    ],
    ids=["wrong signature", "unknown system", "no signature", "too large"],
)  # fmt: skip
async def test_strangers_are_refused_at_the_door(
    cast: Cast, path: str, headers: dict[str, str], body: bytes, status: int, code: str
) -> None:
    async with aiohttp.request("POST", cast.dock.url + path, data=body, headers=headers) as answer:
        said = await answer.json(content_type=None)
    assert (answer.status, said["code"]) == (status, code)
    assert said["hint"]
    told = await until(lambda: cast.clerk.with_code(code), f"{code} is kept")
    await cast.clerk.resolves(told)


async def test_every_webhook_twice_has_one_effect(cast: Cast) -> None:
    town = cast.dock.town
    # given shops and a warehouse that tell everything twice
    for name in ("shopify-eu", "woo-outlet", "wms-north"):
        town.systems[name].faults = FaultPlan.of({"rates": {"duplicate": 1.0}})
    try:
        orders = [cast.shopify.orders(("HP-002", 3)), cast.outlet.orders(("HP-003", 1), ("HP-004", 1))]
        for order in orders:
            await cast.warehouse.picks(order.number)
            await cast.arrives(order)
        sent = sum(system.webhooks.counts["delivered"] for system in town.systems.values())
        told = sum(system.webhooks.counts["queued"] for system in town.systems.values())
        assert sent > told
        for system in town.systems.values():
            await system.webhooks.drained()
    finally:
        for name in ("shopify-eu", "woo-outlet", "wms-north"):
            town.systems[name].faults = FaultPlan()
    # then everything happened once
    for order in orders:
        shopper = cast.shopify if order.shop == "shopify-eu" else cast.outlet
        assert len(await cast.dock.desk.orders(order.number)) == 1
        assert len(await cast.dock.desk.transfers(order.number)) == 1
        assert len(cast.warehouse.releases_of(order.number)) == len(cast.carriers.bookings(order)) == 1
        assert len(shopper.shipments(order)) == 1
        assert await cast.clerk.has_nothing(key=order.key)
    verdict = town.judge()
    assert (verdict.doubled, verdict.order_violations) == (0, 0), (verdict.doubles, verdict.violations)


async def test_a_lost_webhook_is_found_by_the_poll(cast: Cast) -> None:
    for shopper, topic in ((cast.shopify, "orders/*"), (cast.outlet, "order.*")):
        shopper.shop.faults = FaultPlan.of({"rules": [{"fault": "drop", "rate": 1.0, "path": topic}]})
    orders = [cast.shopify.orders(("HP-009", 1)), cast.outlet.orders(("HP-009", 2))]
    for order in orders:
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
    dropped = [s.shop.webhooks.counts["dropped"] for s in (cast.shopify, cast.outlet)]
    for shopper in (cast.shopify, cast.outlet):
        shopper.shop.faults = FaultPlan()
    assert all(dropped)
    assert re.match("FO-", cast.warehouse.released(orders[0].number)[0].number)
