"""The controls under /_sim/ are the same for all simulated web shops, so that a landscape can be driven from outside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from crossdock.simulators.shopify import Shopify
from crossdock.simulators.web_shop import WebShop
from crossdock.simulators.woocommerce import WooCommerce


class Desk:
    """A running shop, spoken to by HTTP."""

    def __init__(self, shop: WebShop, session: aiohttp.ClientSession) -> None:
        self.shop = shop
        self._session = session

    async def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        async with self._session.post(f"{self.shop.url}/_sim/{path}", json=body or {}) as answer:
            return answer.status, await answer.json()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(f"{self.shop.url}/_sim/{path}") as answer:
            return answer.status, await answer.json()


@pytest.fixture(params=[Shopify, WooCommerce], ids=lambda kind: kind.name)
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    shop = request.param()
    async with shop.running(), aiohttp.ClientSession() as session:
        yield Desk(shop, session)


async def test_an_order_is_placed_changed_shown_and_cancelled_once(desk: Desk) -> None:
    status, placed = await desk.post("orders", {"lines": [["XD-001", 2]], "seed": 4})
    assert status == 201
    [number] = placed["orders"]
    status, changed = await desk.post(f"orders/{number}/change", {"lines": [["XD-001", 3]]})
    assert status == 200 and desk.shop.number_of(changed) == number
    assert (await desk.get(f"orders/{number}")) == (200, changed)
    assert (await desk.post(f"orders/{number}/cancel", {"reason": "fraud"}))[0] == 200
    status, refused = await desk.post(f"orders/{number}/cancel")
    assert status == 409 and refused["error"]
    assert [effect.kind for effect in desk.shop.effects] == ["order_placed", "order_changed", "order_cancelled"]


async def test_the_same_seed_gives_the_same_orders_and_what_makes_no_sense_is_refused(desk: Desk) -> None:
    for _ in range(2):
        status, placed = await desk.post("orders", {"count": 3, "seed": 7})
        assert status == 201 and len(placed["orders"]) == 3
    skus = [[item["sku"] for item in order["line_items"]] for order in desk.shop.store.orders.values()]  # type: ignore[attr-defined]
    assert len(skus) == 6 and skus[:3] == skus[3:]
    assert (await desk.post("orders", {"lines": [["NOT-SOLD", 1]]}))[0] == 400
    assert (await desk.get("orders/nobody"))[0] == 404
    assert (await desk.post("orders/nobody/cancel"))[0] == 404


async def test_more_articles_can_be_sold(desk: Desk) -> None:
    before = len(desk.shop.store.articles)
    article = {"sku": "NEW-1", "name": "New", "price": "3.00"}
    assert await desk.post("catalogue", [article]) == (200, {"articles": before + 1})
    assert (await desk.post("orders", {"lines": [["NEW-1", 1]]}))[0] == 201


async def test_only_what_may_happen_once_counts_as_doubled(desk: Desk) -> None:
    desk.shop.record("fulfilment", "1/SH-1")
    assert desk.shop.doubled() == {}
    for kind in ("fulfilment", "stock_set"):
        desk.shop.record(kind, "1/SH-1")
        desk.shop.record(kind, "1/SH-1")
    assert desk.shop.doubled() == {"fulfilment 1/SH-1": 3}
