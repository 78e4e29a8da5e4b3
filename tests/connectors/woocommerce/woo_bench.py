"""What the WooCommerce tests share: a running simulated shop, a connector on it, and its commands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from crossdock.connectors.woocommerce.connector import WooCommerceConnector
from crossdock.core.commands import Command
from crossdock.simulators.woocommerce import WooCommerce
from crossdock.testing import ManualClock, make_context
from tests.connectors.shop_scenes import SHIP_TO, connected, stock_command


def connector(shop: WooCommerce, system: str = "woo-eu", **options: Any) -> WooCommerceConnector:
    """A connector for a simulated shop (its context's HTTP client must be closed)."""
    return WooCommerceConnector(
        make_context(
            WooCommerceConnector,
            system=system,
            endpoint=shop.url or "http://127.0.0.1:9",
            options={"settle_seconds": 0, **options},
            secrets={
                "consumer_key": shop.consumer_key,
                "consumer_secret": shop.consumer_secret,
                "webhook_secret": shop.webhook_secret,
            },
            clock=ManualClock(),
            value_maps={"skus": {"XD-001": "PALLET-JACK"}, "services": {"flat_rate": "STD"}},
            timeout=10.0,
        )
    )


@asynccontextmanager
async def running(shop: WooCommerce, **options: Any) -> AsyncIterator[WooCommerceConnector]:
    """The shop and a connector on it."""
    async with shop.running(), connected(connector(shop, **options)) as one:
        yield one


def fulfil(order: Mapping[str, Any], number: str = "SH-1", **data: Any) -> Command:
    """A `shop.fulfil` for the whole order."""
    lines = [
        {"order_line": str(line["id"]), "sku": line["sku"], "quantity": str(line["quantity"])} for line in order["line_items"]
    ]
    shipment = {"number": number, "order_number": "x", "ship_to": SHIP_TO, "carrier": "DHL", "tracking_number": f"T-{number}"}
    content = {"refs": {"woo-eu:order_id": str(order["id"])}, "shipment": shipment, "lines": lines, "final": True, **data}
    return Command(f"cmd-{number}", "shop.fulfil", "woo-eu", f"order/woo-eu/{order['number']}", content)


def stock(levels: Mapping[str, str], command_id: str = "cmd-stock") -> Command:
    """A `shop.stock` command."""
    return stock_command("woo-eu", levels, command_id)
