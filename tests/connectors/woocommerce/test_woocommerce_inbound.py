"""Orders of a WooCommerce shop on their way in: by webhook and by poll, once, when they are orders; what is missed is found."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from woo_bench import connector, running

from crossdock.canonical.order import OrderCancellation, SalesOrder
from crossdock.connectors.protocol import InboundRequest
from crossdock.core.errors import (
    ContractBroken,
    CredentialRefused,
    EndpointGone,
    PermissionRefused,
    SignatureExpired,
    SignatureInvalid,
    TargetUnavailable,
    Unauthenticated,
)
from crossdock.simulators.faults import Fault
from crossdock.simulators.woocommerce import WooCommerce
from tests.connectors.shop_scenes import Receiver, events_of, polled


async def test_webhook_and_poll_bring_the_same_message() -> None:
    shop = WooCommerce()
    async with running(shop) as one, Receiver(one).listening(shop) as receiver:
        shop.place_orders(12, seed=7)
        await shop.webhooks.drained()
        messages, _ = await polled(one)
    assert len(messages) == 12
    assert {inbound.dedupe_key for inbound in messages} == {inbound.dedupe_key for inbound in receiver.got}


async def test_orders_of_one_second_share_a_delivery_id_and_are_still_two_messages() -> None:
    shop = WooCommerce()
    async with running(shop) as one, Receiver(one).listening(shop) as receiver:
        for _ in range(20):
            shop.place_order(seed=1)
        await shop.webhooks.drained()
    assert len({headers["x-wc-webhook-delivery-id"] for headers in receiver.headers}) < 20
    assert len({inbound.dedupe_key for inbound in receiver.got}) == 20


async def test_what_webhooks_lose_the_poll_brings_and_a_switched_off_webhook_is_told() -> None:
    shop = WooCommerce()
    async with running(shop) as one, Receiver(one).listening(shop) as receiver:
        receiver.refuse = 6
        for _ in range(6):
            shop.place_order(seed=1)
            await shop.webhooks.drained()
        shop.place_order(seed=2)  # the webhook is off now, nobody is told
        await shop.webhooks.drained()
        assert receiver.got == []
        probe = await one.probe()
        assert probe.healthy and probe.detail["webhooks_off"] and "switched off" in probe.message
        messages, _ = await polled(one)
        assert len(messages) == 7
        await one._api.write("PUT", "webhooks/12", {"status": "active"})
        assert (await one.probe()).detail["webhooks_off"] == []
        shop.place_order(seed=3)
        await shop.webhooks.drained()
        assert len(receiver.got) == 1


async def test_a_crowd_of_orders_in_one_second_is_read_through_pages() -> None:
    shop = WooCommerce()
    async with running(shop, poll_page=4) as one:
        second = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
        for order in shop.place_orders(30, seed=1):
            order["date_modified_gmt"] = second.isoformat()
        shop.place_order(seed=2)["date_modified_gmt"] = (second + timedelta(seconds=1)).isoformat()
        messages, cursor = await polled(one)
        assert len({inbound.dedupe_key for inbound in messages}) == 31
        again, _ = await polled(one, cursor)
        assert {inbound.dedupe_key for inbound in again} == {inbound.dedupe_key for inbound in messages}


async def test_orders_that_change_while_pages_are_turned_are_not_lost() -> None:
    shop = WooCommerce()
    async with running(shop, poll_page=3) as one:
        orders = shop.place_orders(12, seed=1)
        start = datetime.now(UTC).replace(microsecond=0, tzinfo=None) - timedelta(seconds=100)
        for age, order in enumerate(orders):
            order["date_modified_gmt"] = (start + timedelta(seconds=age)).isoformat()
        found, result = [], await one.poll("orders", {})
        turned = 0
        while True:
            found += result.messages
            if not result.more:
                break
            if turned < 6:  # the first orders move to the end: numbered pages would skip some
                shop.change_order(orders[turned]["number"], [("XD-001", 2)])
                turned += 1
            result = await one.poll("orders", result.cursor)
        keys = {event.key for inbound in found for event in events_of(one, inbound)}
    assert len(keys) == 12


async def test_an_order_is_told_once_it_is_paid_or_payable_later_and_an_abandoned_checkout_never() -> None:
    shop = WooCommerce()
    async with running(shop) as one, Receiver(one).listening(shop) as receiver:
        unpaid = shop.place_order(seed=1, status="pending", payment_method="stripe", date_paid_gmt=None)
        shop.set_status(unpaid["number"], "cancelled")
        late = shop.place_order(seed=2, status="pending", payment_method="stripe", date_paid_gmt=None)
        shop.set_status(late["number"], "processing")
        transfer = shop.place_order(seed=3, status="on-hold", payment_method="bacs", date_paid_gmt=None)
        shop.cancel_order(transfer["number"])
        await shop.webhooks.drained()
        told = [(event.key, event.type) for inbound in receiver.got for event in events_of(one, inbound)]
    assert sorted(told) == sorted(
        [
            (f"order/woo-eu/{late['number']}", "order.placed"),
            (f"order/woo-eu/{transfer['number']}", "order.placed"),
            (f"order/woo-eu/{transfer['number']}", "order.cancelled"),
        ]
    )


async def test_a_change_long_after_the_payment_is_a_change_and_soon_after_it_may_be_the_first_we_hear() -> None:
    shop = WooCommerce()
    one = connector(shop)
    order = shop.store.place(random.Random(1), [("XD-001", 1)])
    soon = one._mapper.order_event(order, first=False)
    paid = datetime.fromisoformat(order["date_created_gmt"])
    order["date_modified_gmt"] = (paid + timedelta(minutes=16)).isoformat()
    later = one._mapper.order_event(order, first=False)
    assert soon is not None and later is not None
    assert (soon.type, later.type) == ("order.placed", "order.changed")
    assert isinstance(later.data, SalesOrder) and later.position is not None and soon.position is not None
    assert later.position.number > soon.position.number


async def test_a_refund_before_shipping_cancels_and_after_completion_does_not() -> None:
    shop = WooCommerce()
    one = connector(shop)
    order = shop.store.place(random.Random(1), [("XD-001", 1)], status="refunded", date_paid_gmt="2026-03-04T09:00:00")
    event = one._mapper.order_event(order, first=False)
    assert event is not None and isinstance(event.data, OrderCancellation)
    order["date_completed_gmt"] = "2026-03-05T09:00:00"
    assert one._mapper.order_event(order, first=False) is None


def test_the_lines_with_freight_and_tax_are_the_total() -> None:
    shop = WooCommerce()
    one = connector(shop)
    rng = random.Random(5)
    for _ in range(40):
        order = shop.store.place(rng)
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
        assert lines + data.shipping.amount + data.tax.amount == data.total.amount


def test_fees_become_a_line_under_the_sku_the_landscape_names_and_are_refused_without_one() -> None:
    shop = WooCommerce()
    order = shop.store.place(random.Random(1), [("XD-001", 1)])
    order["fee_lines"] = [{"id": 9, "name": "Gift &amp; wrap", "total": "2.50", "total_tax": "0.48"}]
    with pytest.raises(Exception, match=r"fee_lines\.0\.total"):
        connector(shop)._mapper.order_event(order, first=True)
    event = connector(shop, fee_sku="FEE")._mapper.order_event(order, first=True)
    assert event is not None and isinstance(event.data, SalesOrder)
    assert [(line.sku, line.name, str(line.unit_price.amount)) for line in event.data.lines][1:] == [
        ("FEE", "Gift & wrap", "2.50")
    ]


def test_value_maps_translate_skus_and_services_and_the_vat_number_is_found() -> None:
    shop = WooCommerce()
    one = connector(shop, sku_map="skus", service_level_map="services")
    order = shop.store.place(
        random.Random(1), [("XD-001", 1)], meta_data=[{"id": 1, "key": "_billing_vat", "value": "DE123456789"}]
    )
    order["shipping_lines"][0]["method_id"] = "flat_rate"
    event = one._mapper.order_event(order, first=True)
    assert event is not None and isinstance(event.data, SalesOrder)
    assert (event.data.lines[0].sku, event.data.service_level, event.data.customer.vat) == ("PALLET-JACK", "STD", "DE123456789")
    order["shipping_lines"][0]["method_id"] = "unheard_of"
    with pytest.raises(Exception, match="unheard_of"):
        one._mapper.order_event(order, first=True)


def test_a_blank_shipping_address_means_the_billing_address() -> None:
    shop = WooCommerce()
    order = shop.store.place(random.Random(1), [("XD-001", 1)])
    order["shipping"] = dict.fromkeys(order["shipping"], "")
    event = connector(shop)._mapper.order_event(order, first=True)
    assert event is not None and isinstance(event.data, SalesOrder)
    assert event.data.ship_to.city == order["billing"]["city"]


def request(shop: WooCommerce, body: bytes, **changes: str) -> InboundRequest:
    headers = {name.lower(): value for name, value in shop.sign_webhook("1", "order.created", body).items()}
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return InboundRequest("webhook", headers, body, datetime.now(UTC))


def test_the_ping_is_answered_and_kept_out() -> None:
    one = connector(WooCommerce())
    now = datetime.now(UTC)
    assert one.receive(InboundRequest("webhook", {}, b"webhook_id=12", now)) == ()
    for body in (b"webhook_id=12&x=1", b'{"id": 1}', b""):
        with pytest.raises(Unauthenticated):
            one.receive(InboundRequest("webhook", {}, body, now))


def test_signature_source_and_age_are_checked() -> None:
    shop = WooCommerce()
    body = b'{"id": 1, "date_modified_gmt": "2026-03-04T09:00:00"}'
    one = connector(shop)
    assert one.receive(request(shop, body))
    with pytest.raises(SignatureInvalid):
        one.receive(request(WooCommerce(webhook_secret="another-secret"), body))
    strict = connector(shop, source="https://other.example", max_age_seconds=3600)
    with pytest.raises(Unauthenticated, match=r"other\.example"):
        strict.receive(request(shop, body))
    with pytest.raises(SignatureExpired):
        strict.receive(request(shop, body, x_wc_webhook_source="https://other.example/"))
    fresh = f'{{"date_modified_gmt": "{datetime.now(UTC).replace(tzinfo=None).isoformat()}"}}'.encode()
    assert strict.receive(request(shop, fresh, x_wc_webhook_source="https://other.example/"))


async def test_answers_that_are_no_api_are_told_apart() -> None:
    shop = WooCommerce()
    async with running(shop) as one:
        with pytest.raises(EndpointGone):
            await one._api.get("no-such-route")
        wrong = connector(shop, api_path="/elsewhere")
        with pytest.raises(EndpointGone):
            await wrong.poll("orders", {})
        await wrong.context.http.close()
        shop.faults.script(Fault.MALFORMED)
        with pytest.raises(TargetUnavailable):
            await one.poll("orders", {})
        with pytest.raises(ContractBroken):
            await one._api.one("orders")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("woocommerce_rest_authentication_error", 401, CredentialRefused),
        ("woocommerce_rest_cannot_view", 401, PermissionRefused),
        ("woocommerce_rest_cannot_edit", 403, PermissionRefused),
        ("", 403, PermissionRefused),
        ("", 301, EndpointGone),
    ],
)
def test_a_missing_permission_is_not_a_wrong_key(code: str, status: int, error: type[Exception]) -> None:
    from crossdock.connectors.http import HttpAnswer
    from crossdock.connectors.woocommerce.errors import judged

    body = f'{{"code": "{code}", "message": "Sorry"}}'.encode() if code else b"<html>"
    kind = "application/json" if code else "text/html"
    with pytest.raises(error):
        judged(HttpAnswer(status, {"content-type": kind}, body), False, datetime.now(UTC))
