"""Returns customers ask for in a Shopify shop: found by poll, each told once on its order's key, whatever the webhook says."""

from __future__ import annotations

import pytest
from shop_bench import fulfil, running

from crossdock.canonical.returns import ReturnRequest
from crossdock.core.errors import SchemaInvalid
from crossdock.simulators.shopify import Shopify
from tests.connectors.shop_scenes import events_of


async def test_a_return_asked_for_in_the_shop_is_told_once_on_its_order() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 3)])
        assert (await one.poll("returns", {})).messages == []
        await one.deliver(fulfil(order, {"XD-001": 3}))
        asked = shop.store.ask_return(order["name"], [("XD-001", 2)], "SIZE_TOO_SMALL")
        result = await one.poll("returns", {})
        [message] = result.messages
        [event] = events_of(one, message)
        again = await one.poll("returns", result.cursor)
        assert [each.dedupe_key for each in again.messages] == [message.dedupe_key]  # windows overlap: the same message
        asked["status"] = "DECLINED"
        assert (await one.poll("returns", {})).messages == []
    assert (event.type, event.key) == ("return.requested", f"order/shopify-eu/{order['name'].lstrip('#')}")
    assert isinstance(event.data, ReturnRequest) and event.data.number == asked["name"].lstrip("#")
    [line] = event.data.lines
    item = order["line_items"][0]
    assert (line.order_line, line.sku, str(line.quantity.value), line.reason) == (str(item["id"]), "XD-001", "2", "does_not_fit")


async def test_a_return_whose_article_is_not_said_is_refused_with_the_field() -> None:
    shop = Shopify()
    async with running(shop) as one:
        order = shop.place_order([("XD-001", 1)])
        await one.deliver(fulfil(order, {"XD-001": 1}))
        shop.store.ask_return(order["name"], [("XD-001", 1)])
        [message] = (await one.poll("returns", {})).messages
        body = message.body.replace(b'"fulfillmentLineItem"', b'"unverified"')
        with pytest.raises(SchemaInvalid) as refused:
            events_of(one, type(message)(message.topic, "x", body))
    assert "fulfillmentLineItem" in str(refused.value.as_dict())
