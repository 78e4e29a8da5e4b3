"""Amazon's own ways: what belongs to the seller, restricted data, rates, settlements, notifications."""

from __future__ import annotations

import asyncio
import copy
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.events import Event
from crossdock.connectors.amazon import notifications, settlements
from crossdock.connectors.amazon.connector import AmazonConnector
from crossdock.connectors.amazon.shipping import reference
from crossdock.connectors.amazon.throttle import SHARE, Throttle
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerPending,
    CrossdockError,
    DocumentUnknown,
    PayloadMalformed,
    Rejected,
    SchemaInvalid,
    TargetRefused,
    Throttled,
)
from crossdock.core.outcomes import Accepted
from crossdock.simulators.amazon import Amazon
from crossdock.testing import ManualClock, make_context
from tests.connectors.amazon.samples import ORDER, SECRETS, SETTLEMENT, SHIPMENT, eur, part
from tests.connectors.shop_scenes import connected

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def connector(amazon: Amazon | None = None, **options: Any) -> AmazonConnector:
    url = amazon.url if amazon and amazon.url else "http://127.0.0.1:9"
    given = {"seller_id": "A3TH9S8BH6GOGM", "marketplaces": ["A1PA6795UKMFR9"], "token_url": f"{url}/auth/o2/token", **options}
    maps = {"carriers": {"DHL_EKP": "DHL"}}
    return AmazonConnector(
        make_context(
            AmazonConnector,
            system="amazon-eu",
            endpoint=url,
            options=given,
            secrets=SECRETS,
            clock=ManualClock(),
            value_maps=maps,
        )
    )


@asynccontextmanager
async def running(amazon: Amazon, **options: Any) -> AsyncIterator[AmazonConnector]:
    async with amazon.running(), connected(connector(amazon, **options)) as one:
        yield one


def event_of(body: Mapping[str, Any] | bytes, topic: str = "sp-api/order", **options: Any) -> Event | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = StoredMessage("u", "amazon-eu", "orders", topic, raw, "application/json", {}, NOW)
    found = connector(**options).normalize(message)
    return found[0] if found else None


def order_of(body: Mapping[str, Any], **options: Any) -> Any:
    event = event_of(body, **options)
    assert event is not None
    return event.data


def sums(order: Any) -> Decimal:
    goods = sum(
        (each.unit_price.amount * each.quantity.value - (each.discount.amount if each.discount else 0) for each in order.lines),
        Decimal(0),
    )
    return goods + order.shipping.amount + order.tax.amount


# What belongs to the seller ---------------------------------------------------------------------------------------


def test_an_order_adds_up_to_the_cent() -> None:
    order = order_of(ORDER)
    assert order.total.amount == Decimal("46.48") == sums(order)
    assert (order.shipping.amount, order.tax.amount, order.lines[0].tax.amount) == (
        Decimal("5.90"),
        Decimal("7.42"),
        Decimal("6.30"),
    )
    assert order.requested_ship_date == datetime(2026, 3, 6, 22, 59, 59, tzinfo=UTC)
    assert {(each.scheme, each.value) for each in order.identifiers} == {
        ("amazon:order_id", "902-1106328-1059050"), ("po", "PO-9"), ("amazon:seller_order_id", "OWN-7")
    }  # fmt: skip


def test_prices_shown_with_tax_become_net_ones() -> None:
    shown = copy.deepcopy(ORDER)
    shown["orderItems"][0]["proceeds"]["breakdowns"] = [
        part("ITEM", "39.46"), part("SHIPPING", "7.02"), part("TAX", "7.42", item="6.30", shipping="1.12")
    ]  # fmt: skip
    order = order_of(shown, prices_include_tax=True)
    assert order.shipping.amount == Decimal("5.90")
    assert sums(order) == Decimal("46.48") == order.total.amount


def test_tax_that_amazon_pays_itself_is_not_the_sellers() -> None:
    shown = copy.deepcopy(ORDER)
    shown["orderItems"][0]["tax"] = {"taxCollections": [{"model": "MARKETPLACE_FACILITATOR"}]}
    order = order_of(shown)
    assert order.tax.amount == 0 and order.lines[0].tax is None
    assert order.total.amount == Decimal("39.06") == sums(order)


def test_cancelled_units_are_not_ordered_any_more() -> None:
    shown = copy.deepcopy(ORDER)
    shown["orderItems"].append(
        {
            **copy.deepcopy(ORDER["orderItems"][0]),
            "orderItemId": "2",
            "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 0},
        }
    )
    assert [each.number for each in order_of(shown).lines] == ["79039765272157"]
    shown["orderItems"].pop(0)
    event = event_of(shown)
    assert event is not None and event.type == "order.cancelled"


def test_every_wrong_field_is_named_and_a_missing_address_says_which_role_is_missing() -> None:
    wrong = copy.deepcopy(ORDER)
    del wrong["recipient"]
    wrong["orderItems"][0]["product"]["sellerSku"] = ""
    wrong["orderItems"][0]["proceeds"]["breakdowns"][0]["subtotal"]["amount"] = "a lot"
    wrong["createdTime"] = "yesterday"
    with pytest.raises(SchemaInvalid) as caught:
        event_of(wrong)
    told = {each["path"]: each["message"] for each in caught.value.detail["problems"]}
    assert set(told) >= {
        "recipient.deliveryAddress", "orderItems.0.product.sellerSku", "orderItems.0.proceeds.breakdowns.0.subtotal.amount", "createdTime"
    }  # fmt: skip
    assert "Direct-to-Consumer Shipping" in told["recipient.deliveryAddress"]


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["type", "subtotal", "amount", "breakdowns", "x"]), inner, max_size=3), max_leaves=8)  # fmt: skip


@given(st.sampled_from(sorted(ORDER)), JSON)
def test_whatever_stands_in_a_field_ends_in_an_event_or_a_refusal(field: str, value: Any) -> None:
    try:
        event_of({**ORDER, field: value})
    except Rejected:
        return


# Version 0 and restricted data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("included", [False, True])
async def test_both_versions_of_the_api_tell_the_same_order(included: bool) -> None:
    amazon = Amazon(prices_include_tax=included)
    async with running(amazon, orders_api="v0", prices_include_tax=included) as old:
        amazon.place_orders(6, seed=11)
        window = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
        by_old = await old.poll("orders", window)
        assert len(amazon.restricted) == 1  # a token that opens buyers' data for this search
        new = connector(amazon, prices_include_tax=included)
        by_new = await new.poll("orders", window)
        await new.context.http.close()
    for one, other in zip(by_old.messages, by_new.messages, strict=True):
        first, second = (order_of(json.loads(each.body), prices_include_tax=included) for each in (one, other))
        assert first == second
        assert abs(sums(second) - second.total.amount) <= Decimal("0.02") * len(second.lines)


async def test_a_revoked_token_is_renewed_once_and_the_call_made_again() -> None:
    amazon = Amazon()
    async with running(amazon) as one:
        amazon.place_order(seed=1)
        window = {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
        assert (await one.poll("orders", window)).messages
        amazon.faults.script("expired", path="/orders/*")
        assert (await one.poll("orders", window)).messages
        assert amazon.issued == 2


# Rates --------------------------------------------------------------------------------------------------------------


async def test_slow_operations_are_put_off_until_the_bucket_holds_a_token() -> None:
    clock = ManualClock()
    throttle = Throttle(5.0, clock)
    for _ in range(20):
        await throttle.turn("searchOrders")
    with pytest.raises(Throttled) as caught:
        await throttle.turn("searchOrders")
    assert caught.value.retry_after == pytest.approx(1 / 0.0056 / SHARE, abs=0.1)
    throttle.told("searchOrders", {"x-amzn-ratelimit-limit": "0.5"})  # this account is allowed more
    clock.advance(3)
    await throttle.turn("searchOrders")
    await throttle.turn("getOrder")  # each operation has its own bucket


async def test_what_amazon_says_about_the_rate_is_believed() -> None:
    throttle = Throttle(0.0, ManualClock())
    await throttle.turn("getOrder")
    assert throttle.refused("getOrder", None) == pytest.approx(2.0 / SHARE)
    assert throttle.refused("getOrder", 30.0) == pytest.approx(30.0)
    for rubbish in ("", "fast", "-1", "0", "1e9"):
        throttle.told("getOrder", {"x-amzn-ratelimit-limit": rubbish})
    assert throttle.refused("getOrder", None) == pytest.approx(30.0)


async def test_a_hundred_levels_go_out_at_the_rate_of_the_account_and_none_is_refused() -> None:
    catalogue = [{"sku": f"S-{number}", "name": "x", "price": "1"} for number in range(40)]
    amazon = Amazon(catalogue=catalogue, throttles=True, speed=20)
    async with running(amazon) as one:
        one.context.clock.now = lambda: datetime.now(UTC)  # type: ignore[method-assign]
        one._api._throttle.told("patchListingsItem", {"x-amzn-ratelimit-limit": "80"})
        levels = [
            {"sku": f"S-{n}", "location": "WH", "on_hand": {"value": "7"}, "counted_at": "2026-03-05T08:00:00Z"}
            for n in range(40)
        ]
        outcome = await one.deliver(
            Command("c", "shop.stock", "amazon-eu", "stock/x", {"levels": [*levels, {**levels[0], "sku": "NONE"}]})
        )
    assert outcome == Accepted({"unknown": ["NONE"]})
    assert set(amazon.store.levels.values()) == {7}


# Shipments and cancellations ------------------------------------------------------------------------------------------


def fulfil(order: Mapping[str, Any], **shipment: Any) -> Command:
    lines = [
        {"order_line": each["orderItemId"], "sku": "x", "quantity": str(each["quantityOrdered"])} for each in order["orderItems"]
    ]
    data = {"refs": {}, "order_number": order["orderId"], "shipment": {**SHIPMENT, **shipment}, "lines": lines, "final": True}
    return Command("c1", "shop.fulfil", "amazon-eu", "order/amazon-eu/1", data)


async def test_a_shipment_is_confirmed_once_and_names_the_carrier_as_amazon_does() -> None:
    amazon = Amazon()
    async with running(amazon, carrier_map="carriers") as one:
        order = amazon.place_order([("XD-001", 2)], seed=1)
        assert isinstance(await one.deliver(fulfil(order)), Accepted)
        again = await one.deliver(fulfil(order))
        assert isinstance(again, Accepted) and again.repeated
        [package] = order["packages"]
        assert (package["packageReferenceId"], package["trackingNumber"]) == (reference("SH-1"), "00340")
        assert order["fulfillment"]["fulfillmentStatus"] == "SHIPPED" and not amazon.doubled()
        with pytest.raises(TargetRefused, match="whole pieces"):
            await one.deliver(
                Command(
                    "c2",
                    "shop.fulfil",
                    "amazon-eu",
                    "k",
                    {**fulfil(order).data, "lines": [{"order_line": "1", "quantity": "1.5"}]},
                )
            )


async def test_a_cancellation_waits_for_amazon_and_is_sent_once() -> None:
    amazon = Amazon()
    async with running(amazon) as one:
        number = amazon.place_order([("XD-001", 2)], seed=1)["orderId"]
        work, amazon.store.work_feed = amazon.store.work_feed, lambda _content: None
        command = Command("c1", "order.cancel", "amazon-eu", "k", {"refs": {}, "order_number": number, "reason": "out of stock"})
        with pytest.raises(TargetRefused, match="not cancelled"):  # Amazon says it is done and did nothing
            await one.deliver(command)
        [feed] = amazon.store.feeds
        amazon.store.feeds[feed] = "IN_PROGRESS"
        with pytest.raises(AnswerPending):
            await one.deliver(command)
        work(amazon.documents["feed-1"])
        assert isinstance(await one.deliver(command), Accepted)
        assert len(amazon.store.feeds) == 1
        assert amazon.effects_of("order_cancelled")[0].data == {"reason": "NoInventory"}


# Settlements ----------------------------------------------------------------------------------------------------------


def test_a_settlement_is_a_payout_that_adds_up() -> None:
    event = event_of(Amazon().store.settle("111", SETTLEMENT)["content"], "settlement")
    assert event is not None
    payout: Any = event.data
    assert (event.type, payout.number, payout.currency) == ("payout.received", "111", "EUR")
    assert sum(each.amount.amount for each in payout.lines) == payout.total.amount == Decimal("-29.99")
    assert [each.kind for each in payout.lines] == ["sale", "tax", "fee", "refund", "fee", "reserve"]
    assert payout.lines[0].order_number == "902-1106328-1059050"
    assert (str(payout.period_start), str(payout.paid_on)) == ("2026-03-01", "2026-03-17")


def test_european_reports_write_commas_and_dots_and_the_payment_itself_is_no_line() -> None:
    head = "\t".join((*settlements.NEEDED, "deposit-date", "posted-date-time"))
    rows = ["9\t1.095,00\tEUR\t\t\t\t\t17.03.2026 10:00:00 UTC\t", "9\t\t\tOrder\tItemPrice\tPrincipal\t1100,00\t\t05.03.2026 16:00:01 UTC",
            "9\t\t\tOrder\tItemFees\tCommission\t-5,00\t\t", "9\t\t\tTransfer\tother-transaction\tTransfer\t-1095,00\t\t"]  # fmt: skip
    event = event_of("\r\n".join([head, *rows]).encode("cp1252"), "settlement")
    assert event is not None
    payout: Any = event.data
    assert payout.total.amount == Decimal("1095.00") == sum(each.amount.amount for each in payout.lines)
    assert payout.lines[0].at == datetime(2026, 3, 5, 16, 0, 1, tzinfo=UTC) and str(payout.paid_on) == "2026-03-17"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", PayloadMalformed),
        (b"settlement-id\tamount\r\n", PayloadMalformed),
        ("\t".join(settlements.NEEDED).encode(), PayloadMalformed),
        (("\t".join(settlements.NEEDED) + "\n9\t10\tEUR\t\t\t\t\n9\t\t\tOrder\tx\ty\tten\n9\t\tUSD\tOrder\tx\ty\t1\n8\t\t\tOrder\tx\ty\t1").encode(), SchemaInvalid),
        (("\t".join(settlements.NEEDED) + "\n9\t10\tEuro\t\t\t\t\n").encode(), SchemaInvalid),
    ],
)  # fmt: skip
def test_reports_that_cannot_be_believed_are_refused(body: bytes, error: type[CrossdockError]) -> None:
    with pytest.raises(error):
        event_of(body, "settlement")


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_of_a_report_are_an_answer(noise: bytes, headed: bool) -> None:
    head = ("\t".join(settlements.NEEDED) + "\n9\t10\tEUR\t\t\t\t\n").encode() if headed else b""
    try:
        event_of(head + noise, "settlement")
    except Rejected:
        return


async def test_reports_are_read_once_and_those_that_wait_for_the_rate_come_later() -> None:
    amazon = Amazon()
    async with running(amazon) as one:
        for number in range(17):
            amazon.store.settle(str(200 + number), SETTLEMENT)
        cursor: Mapping[str, Any] = {"since": "2020-01-01T00:00:00Z"}
        found: list[str] = []
        for _ in range(12):
            try:
                result = await one.poll("settlements", cursor)
            except Throttled as error:
                one.context.clock.advance((error.retry_after or 0) + 1)  # type: ignore[attr-defined]
                continue
            found += [each.dedupe_key for each in result.messages]
            cursor = result.cursor
        assert len(found) == len(set(found)) == 17


# Notifications ----------------------------------------------------------------------------------------------------------


def corpus() -> list[Path]:
    root = Path(os.environ.get("CROSSDOCK_CORPUS", Path(__file__).parents[4] / "shared/corpus"))
    return sorted((root / "webhooks/amazon-sp-api").glob("*.json"))


@pytest.mark.skipif(not corpus(), reason="the corpus of samples is not here (CROSSDOCK_CORPUS)")
def test_every_sample_is_taken_or_refused_with_a_reason() -> None:
    taken, refused = [], []
    for path in corpus():
        for body in (
            path.read_bytes(),
            json.dumps({"version": "0", "detail-type": "x", "detail": json.loads(path.read_bytes())}).encode(),
        ):
            try:
                taken.append(notifications.noticed(body))
            except DocumentUnknown as error:
                refused.append(error.message)
    assert set(taken) == {"ORDER_CHANGE", "TRANSACTION_UPDATE", "FEED_PROCESSING_FINISHED", "LISTINGS_ITEM_ISSUES_CHANGE"}
    assert len(taken) + len(refused) == 2 * len(corpus())
    assert all("subscriptions" in words for words in refused)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"NotificationType": 7}', b'{"NotificationType": "ORDER_CHANGE", "Payload": 1}']
)
def test_what_is_no_notification_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        notifications.noticed(body)


def test_windows_end_before_what_amazon_does_not_show_yet() -> None:
    one = connector()
    now = one.context.clock.now()
    cursor = {"since": (now - timedelta(seconds=60)).isoformat().replace("+00:00", "Z")}
    assert asyncio.run(one.poll("orders", cursor)).cursor == cursor  # nothing is asked for the last two minutes


def test_amounts_of_a_line_without_breakdown_come_from_its_price() -> None:
    shown = copy.deepcopy(ORDER)
    del shown["orderItems"][0]["proceeds"]
    shown["proceeds"]["grandTotal"] = eur("36.32")
    assert order_of(shown).lines[0].unit_price.amount == Decimal("18.16")
