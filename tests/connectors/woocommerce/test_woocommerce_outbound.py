"""What the hub tells a WooCommerce shop: shipments, notes, stock and cancellations, each once whatever goes wrong."""

from __future__ import annotations

import pytest
from woo_bench import fulfil, running, stock

from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.faults import Fault
from crossdock.simulators.woocommerce import WooCommerce


async def test_partial_shipments_are_shown_and_the_last_one_completes_the_order() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3)])
        for command in (
            fulfil(order, "SH-1", final=False),
            fulfil(order, "SH-1", final=False),
            fulfil(order, "SH-2"),
            fulfil(order, "SH-2"),
        ):
            assert isinstance(await one.deliver(command), Accepted)
        assert order["status"] == "completed"
        assert [effect.data["tracking"] for effect in shop.effects_of("fulfilment")] == [["T-SH-1"], ["T-SH-2"]]
        assert len(shop.effects_of("order_completed")) == 1
        assert [note["customer_note"] for note in shop.store.notes[order["id"]] if "on its way" in note["note"]] == [True, True]
        assert shop.doubled() == {}


async def test_a_shipment_half_shown_is_completed_and_nothing_is_said_twice() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3)])
        command = fulfil(order)
        shop.faults.script(Fault.ERROR_500, path="*/notes", method="POST")
        with pytest.raises(AnswerLost):
            await one.deliver(command)
        assert isinstance(await one.find_effect(command), EffectAbsent)
        shop.faults.script(Fault.RESET_AFTER, path="*/notes", method="POST")
        with pytest.raises(AnswerLost):
            await one.deliver(command)
        assert isinstance(await one.find_effect(command), EffectFound)
        assert len(shop.effects_of("fulfilment")) == len(shop.effects_of("note")) == 1


async def test_absence_proves_nothing_while_the_lost_request_may_be_under_way() -> None:
    shop = WooCommerce()
    async with running(shop, settle_seconds=3) as one:
        command = fulfil(shop.place_order([("XD-001", 1)]))
        shop.faults.script(Fault.ERROR_500, method="PUT")
        with pytest.raises(AnswerLost):
            await one.deliver(command)
        unclear = await one.find_effect(command)
        assert isinstance(unclear, EffectUnclear) and unclear.retry_after == 3
        one.context.clock.advance(3)  # type: ignore[attr-defined]
        assert isinstance(await one.find_effect(command), EffectAbsent)


async def test_the_order_is_found_by_its_number_where_numbers_are_not_ids() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)], number="EU-2026-17")
        shop.place_order([("XD-001", 1)], number="EU-2026-171")
        await one.deliver(fulfil(order, refs={}, order_number="EU-2026-17"))
        assert order["status"] == "completed"
        with pytest.raises(TargetRefused, match="does not know order 'EU-2026-99'"):
            await one.deliver(fulfil(order, refs={}, order_number="EU-2026-99"))


async def test_milestones_are_notes_and_only_the_important_ones_go_to_the_customer() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        codes = ["booked", "picked_up", "in_transit", "customs_held", "customs_cleared", "out_for_delivery", "attempted"]
        codes += ["delivered", "exception", "returning", "returned", "cancelled"]
        for minute, code in enumerate(codes):
            milestone = {"tracking_number": "T1", "code": code, "at": f"2026-03-05T08:{minute:02d}:00Z", "location": "Köln"}
            data = {"refs": {"woo-eu:order_id": str(order["id"])}, "shipment_number": "SH-1", "milestone": milestone}
            command = Command(f"m-{code}", "shop.milestone", "woo-eu", "order/woo-eu/1", data)
            await one.deliver(command)
            assert (await one.deliver(command)).repeated  # type: ignore[union-attr]
        told = {effect.data["note"].split(" (")[0] for effect in shop.effects_of("note") if effect.data["customer_note"]}
        assert told == {"Out for delivery", "Delivery attempted", "Delivered", "Delayed"}
        assert len(shop.effects_of("note")) == len(codes)


VARIED = [
    {"sku": "TEE-S", "parent": "Tee"},
    {"sku": "TEE-M", "parent": "Tee"},
    {"sku": "CAP", "price": "9"},
    {"sku": "SOCK", "price": "3"},
]


async def test_stock_of_simple_products_and_variations_goes_in_one_call_per_parent() -> None:
    shop = WooCommerce(catalogue=VARIED)
    async with running(shop) as one:
        outcomes = await one.deliver_many(
            [stock({"TEE-S": "4", "CAP": "7.9"}, "a"), stock({"TEE-M": "0", "NOT-SOLD-HERE": "1"}, "b"), stock({"CAP": "6"}, "c")]
        )
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert outcomes[1].ack == {"unknown": ["NOT-SOLD-HERE"]}  # type: ignore[union-attr]
        levels = {product["sku"]: product["stock_quantity"] for product in shop.store.products.values() if product["sku"]}
        assert levels == {"TEE-S": 4, "TEE-M": 0, "CAP": 6, "SOCK": 100}
        assert shop.requests == 5  # a and b: search, products, variations; c after a: search, products


async def test_a_repeated_stock_call_does_not_undo_a_sale_made_in_between() -> None:
    shop = WooCommerce(catalogue=VARIED)
    async with running(shop) as one:
        command = stock({"CAP": "7"})
        shop.faults.script(Fault.RESET_AFTER, path="*/products/batch")
        assert isinstance((await one.deliver_many([command]))[0], AnswerLost)
        cap = shop.store.products[shop.store.by_sku["CAP"]]
        cap["stock_quantity"] = 6  # a customer was quicker
        assert isinstance(await one.deliver(command), Accepted)
        assert cap["stock_quantity"] == 6
        await one.deliver(stock({"CAP": "9"}, "later"))
        assert cap["stock_quantity"] == 9


async def test_one_product_the_shop_refuses_is_its_own_commands_outcome() -> None:
    shop = WooCommerce(catalogue=VARIED)
    async with running(shop) as one:
        vanished = shop.store.by_sku["CAP"]
        listing = one._api.listed

        async def stale(path: str, **params: str):  # type: ignore[no-untyped-def]
            found = await listing(path, **params)
            shop.store.products.pop(vanished, None)  # deleted between search and batch
            return found

        one._api.listed = stale  # type: ignore[method-assign]
        bad, good = await one.deliver_many([stock({"CAP": "1"}, "a"), stock({"SOCK": "2"}, "b")])
        assert isinstance(bad, TargetRefused) and "Invalid ID" in bad.message
        assert isinstance(good, Accepted)


async def test_250_levels_go_in_calls_of_100() -> None:
    catalogue = [{"sku": f"S{number}", "price": "1.00"} for number in range(250)]
    shop = WooCommerce(catalogue=catalogue)
    async with running(shop) as one:
        assert isinstance(await one.deliver(stock({article["sku"]: "3" for article in catalogue})), Accepted)
        assert len(shop.effects_of("stock_set")) == 250
        assert shop.requests == 5 + 3


async def test_a_completed_order_is_not_cancelled_and_a_cancelled_one_stays_cancelled() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        data = {"refs": {"woo-eu:order_id": str(order["id"])}, "reason": "fraud"}
        command = Command("c-1", "order.cancel", "woo-eu", "order/woo-eu/1", data)
        assert (await one.deliver(command)).ack == {"state": "cancelled"}  # type: ignore[union-attr]
        assert (await one.deliver(command)).repeated  # type: ignore[union-attr]
        shop.store.update(order["id"], {"status": "completed"})
        with pytest.raises(TargetRefused, match="completed"):
            await one.deliver(command)
