"""What the WooCommerce tests share: a running simulated shop, a connector on it, and a receiver for its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from crossdock.canonical.events import Event
from crossdock.connectors.protocol import Inbound, InboundRequest, StoredMessage
from crossdock.connectors.woocommerce.connector import WooCommerceConnector
from crossdock.core.commands import Command
from crossdock.simulators.webhooks import Subscription
from crossdock.simulators.woocommerce import WooCommerce
from crossdock.testing import ManualClock, make_context

SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


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
    async with shop.running():
        one = connector(shop, **options)
        try:
            yield one
        finally:
            await one.context.http.close()


def events_of(one: WooCommerceConnector, inbound: Inbound) -> list[Event]:
    """What a message becomes."""
    now = datetime.now(UTC)
    return list(
        one.normalize(StoredMessage("m-1", "woo-eu", "webhook", inbound.topic, inbound.body, "application/json", {}, now))
    )


async def polled(one: WooCommerceConnector, cursor: Mapping[str, Any] | None = None) -> tuple[list[Inbound], Mapping[str, Any]]:
    """Poll until there is no more."""
    result = await one.poll("orders", cursor or {})
    messages = list(result.messages)
    for _ in range(200):
        if not result.more:
            return messages, result.cursor
        result = await one.poll("orders", result.cursor)
        messages += result.messages
    raise AssertionError("the poll never ends")


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
    data = [
        {"sku": sku, "location": "WH", "on_hand": {"value": value}, "counted_at": "2026-03-05T08:00:00Z"}
        for sku, value in levels.items()
    ]
    return Command(command_id, "shop.stock", "woo-eu", "stock/woo-eu/x", {"refs": {}, "levels": data})


class Receiver:
    """What the hub's receive endpoint is for the shop's webhooks: verifies with the connector, can refuse on command."""

    def __init__(self, one: WooCommerceConnector) -> None:
        self.one = one
        self.got: list[Inbound] = []
        self.deliveries: list[str] = []
        self.refuse = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer 200 for an authentic webhook."""
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.deliveries.append(headers["x-wc-webhook-delivery-id"])
        self.got += self.one.receive(InboundRequest("webhook", headers, await request.read(), datetime.now(UTC)))
        return web.Response()

    @asynccontextmanager
    async def listening(self, shop: WooCommerce) -> AsyncIterator[Receiver]:
        """Listen, and have the shop send its webhooks here."""
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        shop.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")]
        try:
            yield self
        finally:
            await runner.cleanup()
