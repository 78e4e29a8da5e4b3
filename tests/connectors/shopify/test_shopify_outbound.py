"""What the hub tells a Shopify shop: shipments, tracking events, stock and cancellations, each once whatever goes wrong."""

from __future__ import annotations

import pytest
from shop_bench import fulfil, running, stock, wait_until

from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, Contended, TargetRefused, ValueMapMissing
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear
from crossdock.simulators.faults import Fault
from crossdock.simulators.shopify import Shopify


async def test_partial_shipments_add_up_and_the_same_one_again_changes_nothing() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3), ("XD-004", 1)])
        first = fulfil(order, {"XD-001": 2}, "T1", "SH-1")
        second = fulfil(order, {"XD-001": 1, "XD-004": 1}, "T2", "SH-2")
        for command in (first, first, second, second):
            assert isinstance(await one.deliver(command), Accepted)
        assert [effect.data["lines"] for effect in shop.effects_of("fulfilment")] == [
            [{"sku": "XD-001", "quantity": 2}],
            [{"sku": "XD-001", "quantity": 1}, {"sku": "XD-004", "quantity": 1}],
        ]
        assert order["fulfillment_status"] == "fulfilled"
        with pytest.raises(TargetRefused, match="fewer pieces left"):
            await one.deliver(fulfil(order, {"XD-001": 1}, "T3", "SH-3"))
        assert shop.doubled() == {}


async def test_a_shipment_without_tracking_number_is_known_by_the_hubs_number() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 4)])
        command = fulfil(order, {"XD-001": 2}, tracking="", number="SH-77")
        assert isinstance(await one.find_effect(command), EffectAbsent)
        await one.deliver(command)
        assert isinstance(await one.find_effect(command), EffectFound)
        assert isinstance(await one.find_effect(fulfil(order, {"XD-001": 2}, tracking="", number="SH-78")), EffectAbsent)


async def test_lines_from_two_locations_become_two_fulfilments_and_a_half_done_one_is_completed() -> None:
    shop = Shopify(locations=("Hamburg", "Lyon"))
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3), ("XD-002", 1), ("XD-003", 2)])
        command = fulfil(order, {"XD-001": 1, "XD-002": 1, "XD-003": 1})  # pieces of the same lines are left for another shipment
        shop.faults.script(Fault.ERROR_500, contains="fulfillmentCreate(", skip=1)
        with pytest.raises(AnswerLost):
            await one.deliver(command)
        assert len(shop.effects_of("fulfilment")) == 1
        assert isinstance(await one.find_effect(command), EffectAbsent)  # the other half is missing; sending again adds only that
        outcome = await one.deliver(command)
        assert isinstance(outcome, Accepted)
        assert len(shop.effects_of("fulfilment")) == 2
        assert outcome.ack["fulfilment_id"].count("gid://") == 2
        shipped = sorted(line["quantity"] for effect in shop.effects_of("fulfilment") for line in effect.data["lines"])
        assert shipped == [1, 1, 1]
        assert isinstance(await one.find_effect(command), EffectFound)
        assert shop.doubled() == {}


async def test_an_order_of_hundred_lines_and_a_fulfilment_order_of_several_pages() -> None:
    catalogue = [{"sku": f"S{number}", "price": "1.00"} for number in range(101)]
    shop = Shopify(catalogue=catalogue, bucket=(50_000, 1000))
    async with running(shop) as one:
        order = shop.place_order([(article["sku"], 2) for article in catalogue])
        command = fulfil(order, {article["sku"]: 2 for article in catalogue})
        await one.deliver(command)
        assert len(shop.effects_of("fulfilment")[0].data["lines"]) == 101
        assert isinstance(await one.find_effect(command), EffectFound)


async def test_held_orders_and_odd_quantities_are_refused_with_the_reason() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3)])
        shop.store.plans[order["id"]][0]["status"] = "ON_HOLD"
        with pytest.raises(TargetRefused, match="holds back") as caught:
            await one.deliver(fulfil(order, {"XD-001": 1}))
        assert caught.value.detail["fulfillment_orders"] == ["ON_HOLD"]
        command = fulfil(order, {"XD-001": 1})
        command.data["lines"][0]["quantity"] = "1.5"
        with pytest.raises(TargetRefused, match="whole pieces"):
            await one.deliver(command)


async def test_more_shipped_than_ordered_is_shown_as_far_as_the_shop_can() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3), ("XD-004", 1)])
        command = fulfil(order, {"XD-001": 4, "XD-004": 1})
        outcome = await one.deliver(command)
        assert isinstance(outcome, Accepted)
        assert outcome.ack["over"] == {str(order["line_items"][0]["id"]): 1}
        assert isinstance(await one.find_effect(command), EffectFound)
        assert (await one.deliver(command)).repeated  # type: ignore[union-attr]
        assert len(shop.effects_of("fulfilment")) == 1


async def test_the_order_is_found_by_its_number_when_its_id_is_not_known() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        command = fulfil(order, {"XD-001": 1}, refs={})
        await one.deliver(command)
        assert len(shop.effects_of("fulfilment")) == 1
        with pytest.raises(TargetRefused, match="does not know order '4711'"):
            await one.deliver(fulfil(order, {"XD-001": 1}, refs={}, order_number="4711"))


async def test_absence_proves_nothing_while_the_lost_request_may_be_under_way() -> None:
    shop = Shopify()
    async with running(shop, settle_seconds=3) as one:
        order = shop.place_order([("XD-001", 1)])
        command = fulfil(order, {"XD-001": 1})
        shop.faults.script(Fault.RESET_BEFORE, contains="fulfillmentCreate(")
        with pytest.raises(AnswerLost):
            await one.deliver(command)
        unclear = await one.find_effect(command)
        assert isinstance(unclear, EffectUnclear) and unclear.retry_after == 3
        one.context.clock.advance(3)  # type: ignore[attr-defined]
        assert isinstance(await one.find_effect(command), EffectAbsent)


async def test_one_call_carries_the_stock_of_many_commands_and_unknown_skus_are_named() -> None:
    shop = Shopify()
    async with running(shop) as one:
        outcomes = await one.deliver_many(
            [
                stock({"XD-001": "7", "XD-002": "-2"}, "a"),
                stock({"XD-003": "5.9", "NOT-SOLD-HERE": "1"}, "b"),
                stock({"XD-001": "8"}, "c"),
            ]
        )
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert outcomes[1].ack == {"unknown": ["NOT-SOLD-HERE"]}  # type: ignore[union-attr]
        set_to = [(effect.key, effect.data["quantity"]) for effect in shop.effects_of("stock_set")]
        assert set_to == [("XD-001", 7), ("XD-002", -2), ("XD-003", 5), ("XD-001", 8)]
        assert shop.requests == 3  # one search, one call for a and b, one for c, which must come after a


async def test_a_repeated_stock_call_does_not_undo_a_sale_made_in_between() -> None:
    shop = Shopify()
    async with running(shop) as one:
        command = stock({"XD-001": "7"})
        shop.faults.script(Fault.RESET_AFTER, contains="inventorySetQuantities(")
        assert isinstance((await one.deliver_many([command]))[0], AnswerLost)
        variant = shop.store.variants["XD-001"]
        shop.store.stock[variant, 1] = 6  # a customer was quicker
        assert isinstance(await one.deliver(command), Accepted)
        assert shop.store.stock[variant, 1] == 6


async def test_one_bad_level_does_not_hold_up_the_others_in_its_call() -> None:
    shop = Shopify()
    async with running(shop, location="", locations={"WH": "1", "OLD": "99"}) as one:
        good, bad, unmapped = stock({"XD-001": "7"}, "a"), stock({"XD-002": "1"}, "b", "OLD"), stock({"XD-003": "1"}, "c", "NEW")
        outcomes = await one.deliver_many([good, bad, unmapped])
        assert isinstance(outcomes[0], Accepted)
        assert isinstance(outcomes[1], TargetRefused) and "location" in outcomes[1].message
        assert isinstance(outcomes[2], ValueMapMissing) and outcomes[2].detail["value"] == "NEW"


async def test_lots_of_one_sku_are_added_up() -> None:
    shop = Shopify()
    async with running(shop) as one:
        command = stock({"XD-001": "7"})
        command.data["levels"].append({**command.data["levels"][0], "lot": "L2", "on_hand": {"value": "4"}})
        await one.deliver(command)
        assert [effect.data["quantity"] for effect in shop.effects_of("stock_set")] == [11]


async def test_five_hundred_levels_go_in_calls_of_250() -> None:
    catalogue = [{"sku": f"S{number}", "price": "1.00"} for number in range(500)]
    shop = Shopify(catalogue=catalogue, bucket=(50_000, 1000))
    async with running(shop) as one:
        outcome = await one.deliver(stock({article["sku"]: "3" for article in catalogue}))
        assert isinstance(outcome, Accepted)
        assert len(shop.effects_of("stock_set")) == 500


def cancel(order_id: int) -> Command:
    return Command(
        "cmd-cancel",
        "order.cancel",
        "shopify-eu",
        "order/shopify-eu/1",
        {"refs": {"shopify-eu:order_id": str(order_id)}, "reason": "fraud"},
    )


async def test_a_cancellation_is_a_job_that_is_waited_for() -> None:
    shop = Shopify(cancel_delay=0.15)
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        with pytest.raises(Exception, match="queued the cancellation") as caught:
            await one.deliver(cancel(order["id"]))
        assert caught.value.family == "deferred"  # type: ignore[attr-defined]
        await wait_until(lambda: order["cancelled_at"])
        assert await one.deliver(cancel(order["id"])) == Accepted({"state": "cancelled"}, repeated=True)
        assert order["cancel_reason"] == "fraud"


async def test_a_shipped_order_is_not_cancelled() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        await one.deliver(fulfil(order, {"XD-001": 1}))
        with pytest.raises(TargetRefused, match="has been fulfilled"):
            await one.deliver(cancel(order["id"]))


async def test_every_milestone_has_its_event_and_each_is_shown_once() -> None:
    shop = Shopify(bucket=(50_000, 1000))
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        await one.deliver(fulfil(order, {"XD-001": 1}, "T1", "SH-1"))
        codes = ["booked", "picked_up", "in_transit", "customs_held", "customs_cleared", "out_for_delivery", "attempted"]
        codes += ["delivered", "exception", "returning", "returned", "cancelled"]
        for minute, code in enumerate(codes):
            milestone = {"tracking_number": "T1", "code": code, "at": f"2026-03-05T08:{minute:02d}:00.5Z"}
            data = {"refs": {"shopify-eu:order_id": str(order["id"])}, "shipment_number": "SH-1", "milestone": milestone}
            command = Command(f"m-{code}", "shop.milestone", "shopify-eu", "order/shopify-eu/1", data)
            assert isinstance(await one.find_effect(command), EffectAbsent)
            await one.deliver(command)
            assert isinstance(await one.find_effect(command), EffectFound)
            assert (await one.deliver(command)).repeated  # type: ignore[union-attr]
        assert len(shop.effects_of("milestone")) == len(codes)
        assert shop.doubled() == {}


async def test_an_order_that_changes_while_its_lines_are_read_is_read_again_later() -> None:
    catalogue = [{"sku": f"S{number}", "price": "1.00"} for number in range(30)]
    shop = Shopify(catalogue=catalogue)
    async with running(shop) as one:
        order = shop.place_order([(article["sku"], 1) for article in catalogue])
        call = one._api.call

        async def meddling(document, **variables):  # type: ignore[no-untyped-def]
            answer = await call(document, **variables)
            if document.field == "nodes":
                shop.change_order(order["order_number"], [("S1", 1)])
            return answer

        one._api.call = meddling  # type: ignore[method-assign]
        with pytest.raises(Contended):
            await one.poll("orders", {})
