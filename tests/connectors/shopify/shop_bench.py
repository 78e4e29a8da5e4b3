"""What the Shopify tests share: a running simulated shop, a connector on it, and its commands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from crossdock.connectors.shopify.connector import ShopifyConnector
from crossdock.core.commands import Command
from crossdock.simulators.shopify import Shopify
from crossdock.testing import ManualClock, make_context
from tests.connectors.shop_scenes import SHIP_TO, connected, stock_command


def connector(shop: Shopify, system: str = "shopify-eu", **options: Any) -> ShopifyConnector:
    """A connector for a simulated shop (its context's HTTP client must be closed)."""
    return ShopifyConnector(
        make_context(
            ShopifyConnector,
            system=system,
            endpoint=shop.url or "http://127.0.0.1:9",
            options={"location": "1", "settle_seconds": 0, **options},
            secrets={"access_token": shop.access_token, "webhook_secret": shop.webhook_secret},
            clock=ManualClock(),
            value_maps={"skus": {"XD-001": "PALLET-JACK"}},
            timeout=10.0,
        )
    )


@asynccontextmanager
async def running(shop: Shopify, **options: Any) -> AsyncIterator[ShopifyConnector]:
    """The shop and a connector on it."""
    async with shop.running(), connected(connector(shop, **options)) as one:
        yield one


def fulfil(
    order: Mapping[str, Any], quantities: Mapping[str, int], tracking: str = "T1", number: str = "SH-1", **data: Any
) -> Command:
    """A `shop.fulfil` for SKUs of an order."""
    lines = [
        {"order_line": str(line["id"]), "sku": line["sku"], "quantity": str(quantities[line["sku"]])}
        for line in order["line_items"]
        if line["sku"] in quantities
    ]
    shipment = {"number": number, "order_number": "x", "ship_to": SHIP_TO, "carrier": "DHL", "tracking_number": tracking}
    refs = {"shopify-eu:order_id": str(order["id"])}
    content = {
        "refs": refs,
        "order_number": str(order["order_number"]),
        "shipment": shipment,
        "lines": lines,
        "final": True,
        **data,
    }
    return Command(f"cmd-{number}-{tracking}", "shop.fulfil", "shopify-eu", f"order/shopify-eu/{order['order_number']}", content)


def stock(levels: Mapping[str, str], command_id: str = "cmd-stock", location: str = "WH") -> Command:
    """A `shop.stock` command."""
    return stock_command("shopify-eu", levels, command_id, location)


async def wait_until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, at most five seconds."""
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen within five seconds"
        await asyncio.sleep(0.005)
