"""Orders of a Shopify shop on their way in: by webhook and by poll, the same version said in the same way; what is missed is found."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from shop_bench import connector, running

from crossdock.canonical.order import OrderCancellation, SalesOrder
from crossdock.connectors.protocol import Inbound, InboundRequest
from crossdock.core.errors import CredentialRefused, SignatureExpired, SignatureInvalid, Throttled, Unauthenticated
from crossdock.simulators.faults import Fault
from crossdock.simulators.shopify import Shopify
from tests.connectors.shop_scenes import Receiver, events_of, polled, stored


@pytest.mark.parametrize("included", [True, False], ids=["prices with tax", "prices without tax"])
async def test_webhook_and_poll_say_the_same_version_in_the_same_bytes(included: bool) -> None:
    shop = Shopify(taxes_included=included, bucket=(20_000, 1000))
    async with running(shop) as one, Receiver().listening(shop) as receiver:
        receiver.one = one
        shop.place_orders(12, seed=7)
        shop.place_order([("XD-001", 2)], note="Grüße — “quoted”", po_number="PO-7", customer=None)
        await shop.webhooks.drained()
        told = {(event.id, event.type): event for inbound in receiver.got for event in events_of(one, inbound)}
        messages, _ = await polled(one)
        found = {(event.id, event.type): event for inbound in messages for event in events_of(one, inbound)}
    assert len(found) == 13
    assert found.keys() == told.keys()  # create and update of one version are one event, and so is what the poll finds
    for key, event in found.items():
        assert event.data.model_dump_json() == told[key].data.model_dump_json()
        assert event.position == told[key].position


@pytest.mark.parametrize("included", [True, False], ids=["prices with tax", "prices without tax"])
async def test_the_lines_net_of_tax_with_freight_and_tax_are_the_total(included: bool) -> None:
    shop = Shopify(taxes_included=included)
    async with running(shop) as one:
        for order in shop.place_orders(40, seed=11):
            event = one._mapper.order_event(order, first=True)
            assert event is not None and isinstance(event.data, SalesOrder)
            data = event.data
            lines = sum(
                (
                    line.unit_price.amount * line.quantity.value - (line.discount.amount if line.discount else 0)
                    for line in data.lines
                ),
                Decimal(0),
            )
            assert data.shipping is not None and data.tax is not None
            assert abs(lines + data.shipping.amount + data.tax.amount - data.total.amount) < Decimal("0.005")
            for line, article in zip(data.lines, order["line_items"], strict=True):
                net = shop.store.articles[article["sku"]].price
                assert abs(line.unit_price.amount - net) <= Decimal("0.005")


async def test_a_missed_webhook_is_made_good_by_the_poll_and_an_outage_is_bridged() -> None:
    shop = Shopify(bucket=(20_000, 1000))
    async with running(shop) as one, Receiver().listening(shop) as receiver:
        receiver.one = one
        shop.faults.script(Fault.DROP, path="orders/create")
        shop.faults.script(Fault.DROP, path="orders/updated")
        order = shop.place_order([("XD-002", 1)])
        await shop.webhooks.drained()
        assert receiver.got == []
        messages, cursor = await polled(one)
        assert [events_of(one, inbound)[0].key for inbound in messages] == [f"order/shopify-eu/{order['order_number']}"]
        assert (await polled(one, cursor))[0] == []  # windows overlap, but a version is read once
        again, _ = await polled(one, {"since": cursor["since"]})
        assert {inbound.dedupe_key for inbound in again} == {inbound.dedupe_key for inbound in messages}
        before = shop.store.place(random.Random(1))
        before["updated_at"] = (datetime.now(UTC) - timedelta(minutes=4)).isoformat(timespec="seconds")  # became visible late
        assert len((await polled(one, cursor))[0]) == 1
        before["updated_at"] = (datetime.now(UTC) - timedelta(minutes=6)).isoformat(timespec="seconds")
        assert (await polled(one, cursor))[0] == []


async def test_orders_that_change_while_pages_are_turned_are_not_lost() -> None:
    shop = Shopify(bucket=(1e6, 1e6), echo_updates=False)
    async with running(shop) as one:
        orders = shop.place_orders(250, seed=1)
        for age, order in enumerate(reversed(orders)):
            order["updated_at"] = (datetime.now(UTC) - timedelta(seconds=600 + age)).isoformat(timespec="seconds")
        found, result = [], await one.poll("orders", {})
        pages = 1
        while result.more:
            found += result.messages
            for order in orders[:30]:
                shop.change_order(order["order_number"], [("XD-001", pages)])  # moves to the end of the list
            result = await one.poll("orders", result.cursor)
            pages += 1
        found += result.messages
        assert pages > 2
        assert len({event.key for inbound in found for event in events_of(one, inbound)}) == 250
        last = {event.key: event for inbound in found for event in events_of(one, inbound)}
        changed = last[f"order/shopify-eu/{orders[0]['order_number']}"].data
        assert isinstance(changed, SalesOrder) and changed.lines[-1].quantity.value == pages - 1


async def test_a_poll_reads_orders_of_many_lines_and_many_pages_below_the_cost_limit() -> None:
    catalogue = [{"sku": f"S{number}", "price": "1.00"} for number in range(130)]
    shop = Shopify(catalogue=catalogue, bucket=(100_000, 100_000))
    async with running(shop) as one:
        shop.place_order([(article["sku"], 1) for article in catalogue])
        shop.place_orders(15, seed=2)
        messages, _ = await polled(one)
        sizes = sorted(len(events_of(one, inbound)[0].data.lines) for inbound in messages)  # type: ignore[attr-defined]
    assert len(messages) == 16
    assert sizes[-1] == 130


async def test_shopify_repeats_a_webhook_under_the_same_identity_until_it_is_taken() -> None:
    shop = Shopify(echo_updates=False)
    async with running(shop) as one, Receiver().listening(shop) as receiver:
        receiver.one, receiver.refuse = one, 3
        shop.place_order(seed=1)
        await shop.webhooks.drained()
        shop.faults.script(Fault.DUPLICATE, path="orders/create")
        shop.place_order(seed=2)
        await shop.webhooks.drained()
    assert [hook.attempts for hook in shop.webhooks.log][:1] == [4]
    assert len(receiver.got) == 3
    assert len({inbound.dedupe_key for inbound in receiver.got}) == 2


async def test_versions_that_overtook_each_other_are_told_apart() -> None:
    shop = Shopify(echo_updates=False)
    async with running(shop) as one, Receiver().listening(shop) as receiver:
        receiver.one = one
        order = shop.place_order([("XD-001", 3)])
        shop.change_order(order["order_number"], [("XD-001", 1), ("XD-003", 2)])
        shop.cancel_order(order["order_number"], reason="customer")
        await shop.webhooks.drained()
        events = [event for inbound in receiver.got for event in events_of(one, inbound)]
    by_version = sorted({event.position.number: event for event in events if event.position}.items())
    first, second, last = (event for _, event in by_version)
    assert isinstance(first.data, SalesOrder) and isinstance(second.data, SalesOrder) and isinstance(last.data, OrderCancellation)
    assert [(line.sku, line.quantity.value) for line in second.data.lines] == [("XD-001", 1), ("XD-003", 2)]
    assert second.data.total.amount < first.data.total.amount
    assert last.type == "order.cancelled" and last.data.reason == "customer"


async def test_an_order_of_which_every_line_was_removed_is_cancelled() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3)])
        shop.change_order(order["order_number"], [])
        event = one._mapper.order_event(shop.store.find(order["order_number"]), first=False)
    assert event is not None and event.type == "order.cancelled"


async def test_two_shops_run_at_once_and_do_not_mix() -> None:
    eu, us = (
        Shopify(first_number=1001),
        Shopify(shop="us-shop.myshopify.com", first_number=9001, currency="USD", webhook_secret="other-secret"),
    )
    async with running(eu) as one, us.running():
        two = connector(us, "shopify-us", shop_domain="us-shop.myshopify.com")
        eu.place_orders(2, seed=1)
        us.place_orders(3, seed=1)
        assert {m.dedupe_key for m in (await polled(one))[0]}.isdisjoint({m.dedupe_key for m in (await polled(two))[0]})
        async with Receiver().listening(us) as receiver:
            receiver.one = two
            us.place_order(seed=5)
            await us.webhooks.drained()
            [first, *_] = receiver.got
            assert first.headers["x-shopify-shop-domain"] == "us-shop.myshopify.com"
            with pytest.raises(SignatureInvalid):
                one.receive(signed(us, b"{}"))
            with pytest.raises(Unauthenticated):
                two.receive(signed(us, b"{}", domain="somebody-else.myshopify.com"))
        await two.context.http.close()


def signed(shop: Shopify, body: bytes, at: datetime | None = None, domain: str = "") -> InboundRequest:
    headers = {name.lower(): value for name, value in shop.sign_webhook("1", "orders/create", body).items()}
    if at is not None:
        headers["x-shopify-triggered-at"] = at.isoformat()
    if domain:
        headers["x-shopify-shop-domain"] = domain
    return InboundRequest("webhook", headers, body, datetime.now(UTC))


def test_a_webhook_is_taken_as_long_as_shopify_repeats_it_and_no_longer() -> None:
    shop = Shopify()
    one = connector(shop)
    now = datetime.now(UTC)
    assert one.receive(signed(shop, b"{}", now - timedelta(hours=5)))
    for wrong in (now - timedelta(hours=7), now + timedelta(minutes=6)):
        with pytest.raises(SignatureExpired):
            one.receive(signed(shop, b"{}", wrong))


def test_two_secrets_are_good_while_one_replaces_the_other() -> None:
    old, new = Shopify(webhook_secret="the-old-secret"), Shopify(webhook_secret="the-new-secret")
    one = connector(new)
    with pytest.raises(SignatureInvalid):
        one.receive(signed(old, b"{}"))
    credentials = {**one.context.credentials, "webhook_secret_previous": "vault:previous"}
    one.context.secrets._values["vault:previous"] = "the-old-secret"  # type: ignore[attr-defined]
    object.__setattr__(one.context, "credentials", credentials)
    assert one.receive(signed(old, b"{}"))
    assert one.receive(signed(new, b"{}"))


async def test_test_orders_are_left_out_unless_wanted_and_skus_are_translated() -> None:
    shop = Shopify()
    async with running(shop, sku_map="skus") as one:
        order = shop.place_order([("XD-001", 1)], test=True)
        assert one._mapper.order_event(order, first=True) is None
        order["test"] = False
        event = one._mapper.order_event(order, first=True)
        assert event is not None and event.data.lines[0].sku == "PALLET-JACK"  # type: ignore[attr-defined]


async def test_an_empty_cost_bucket_says_when_to_come_back() -> None:
    shop = Shopify(bucket=(1000, 50))
    async with running(shop) as one:
        shop.place_orders(2, seed=1)
        shop.api.bucket.take(shop.api.bucket.available - 110)
        with pytest.raises(Throttled) as caught:
            await one.poll("orders", {})
        wait = caught.value.retry_after
        assert wait is not None
        assert 1 < wait < 1000 / 50  # the query needs some hundred points, fifty come back every second


async def test_a_backlog_dearer_than_the_bucket_comes_in_parts() -> None:
    shop = Shopify(bucket=(1000, 0.001))
    async with running(shop) as one:
        shop.place_orders(40, seed=1)
        keys: set[str] = set()
        cursor: Mapping[str, Any] = {}
        waits = 0
        while True:
            try:
                result = await one.poll("orders", cursor)
            except Throttled:
                waits += 1
                assert waits < 20, "the poll never gets through"
                shop.api.bucket.give(1000)  # the time it asks for has passed
                continue
            keys |= {inbound.dedupe_key for inbound in result.messages}
            cursor = result.cursor
            if not result.more:
                break
        assert len(keys) == 40
        assert waits > 1


async def test_a_query_dearer_than_the_limit_is_a_broken_contract_not_a_retry() -> None:
    shop = Shopify()
    async with running(shop, poll_page=50) as one:
        shop.place_orders(50, seed=1)
        with pytest.raises(Exception, match="exceeds the single query max cost") as caught:
            await one.poll("orders", {})
        assert caught.value.code == "deliver.contract_broken"  # type: ignore[attr-defined]


async def test_a_wrong_token_parks_the_channel() -> None:
    shop = Shopify()
    async with running(shop) as one:
        shop.access_token = "rotated"
        with pytest.raises(CredentialRefused):
            await one.poll("orders", {})


def test_a_deleted_order_is_cancelled_by_its_reference() -> None:
    one = connector(Shopify())
    [event] = one.normalize(stored(one, Inbound("orders/delete", "x", b'{"id": 42}')))
    assert event.key == "" and event.references[0].value == "42" and event.type == "order.cancelled"
