"""What the Shopify tests share: a running simulated shop, a connector on it, and a receiver for its webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from crossdock.canonical.events import Event
from crossdock.connectors.protocol import Inbound, InboundRequest, StoredMessage
from crossdock.connectors.shopify.connector import ShopifyConnector
from crossdock.core.commands import Command
from crossdock.simulators.shopify import Shopify
from crossdock.simulators.webhooks import Subscription
from crossdock.testing import ManualClock, make_context

SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


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
    async with shop.running():
        one = connector(shop, **options)
        try:
            yield one
        finally:
            await one.context.http.close()


def stored(inbound: Inbound, at: datetime | None = None) -> StoredMessage:
    """A message as it lies in the ledger."""
    return StoredMessage(
        "m-1", "shopify-eu", "webhook", inbound.topic, inbound.body, "application/json", {}, at or datetime.now(UTC)
    )


def events_of(one: ShopifyConnector, inbound: Inbound) -> list[Event]:
    """What a message becomes."""
    return list(one.normalize(stored(inbound)))


async def polled(one: ShopifyConnector, cursor: Mapping[str, Any] | None = None) -> tuple[list[Inbound], Mapping[str, Any]]:
    """Poll to the end of the window."""
    messages: list[Inbound] = []
    result = await one.poll("orders", cursor or {})
    messages += result.messages
    while result.more:
        result = await one.poll("orders", result.cursor)
        messages += result.messages
    return messages, result.cursor


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
    data = [
        {"sku": sku, "location": location, "on_hand": {"value": value}, "counted_at": "2026-03-05T08:00:00Z"}
        for sku, value in levels.items()
    ]
    return Command(command_id, "shop.stock", "shopify-eu", "stock/shopify-eu/x", {"refs": {}, "levels": data})


async def wait_until(condition: Callable[[], Any]) -> None:
    """Wait for a condition, at most five seconds."""
    deadline = asyncio.get_running_loop().time() + 5
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen within five seconds"
        await asyncio.sleep(0.005)


class Receiver:
    """What the hub's receive endpoint is for the shop's webhooks: verifies with the connector, can refuse on command."""

    def __init__(self) -> None:
        self.one: ShopifyConnector | None = None
        self.got: list[Inbound] = []
        self.refuse = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer 200 for an authentic webhook."""
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        assert self.one is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got += self.one.receive(InboundRequest("webhook", headers, await request.read(), datetime.now(UTC)))
        return web.Response()

    @asynccontextmanager
    async def listening(self, *shops: Shopify) -> AsyncIterator[Receiver]:
        """Listen, and have the shops send their webhooks here."""
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for shop in shops:
            shop.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")]
        try:
            yield self
        finally:
            await runner.cleanup()
