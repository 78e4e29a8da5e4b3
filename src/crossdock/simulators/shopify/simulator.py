"""A Shopify shop on loopback: GraphQL Admin API, signed webhooks with Shopify's retries, shoppers on command."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response
from crossdock.simulators.shopify.api import Api
from crossdock.simulators.shopify.bucket import Bucket
from crossdock.simulators.shopify.store import Store
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article
from crossdock.simulators.web_shop import WebShop
from crossdock.simulators.webhooks import RetryPolicy, Subscription

RETRIES = (10.0, 60.0, 180.0, 600.0, 1200.0, 2400.0, 3600.0, 5400.0)
"""Eight retries over about four hours, exponentially spaced (Shopify, September 2024)."""


class Shopify(WebShop):
    """One shop. `hub_url` is where webhooks go; `retry_scale` shrinks the hours between their repetitions."""

    name: ClassVar[str] = "shopify"
    once: ClassVar[frozenset[str]] = frozenset({"fulfilment", "milestone"})
    store: Store

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        shop: str = "demo-shop.myshopify.com",
        access_token: str = "shpat_simulated",  # noqa: S107 - a simulator's token
        webhook_secret: str = "shopify-webhook-secret",  # noqa: S107
        hub_url: str = "",
        topics: str = "*",
        api_version: str = "2026-04",
        catalogue: Sequence[Article | Mapping[str, Any]] = DEFAULT_CATALOGUE,
        currency: str = "EUR",
        taxes_included: bool = True,
        tax_rate: str = "0.19",
        bucket: tuple[float, float] = (2000.0, 100.0),
        first_number: int = 1001,
        first_id: int = 5_000_000_000,
        locations: Sequence[str] = ("Hauptlager",),
        retry_scale: float = 0.001,
        cancel_delay: float = 0.0,
        echo_updates: bool = True,
    ) -> None:
        self.webhook_retry = RetryPolicy(RETRIES, retry_scale, timeout=5.0)
        self.webhook_concurrency = 4
        super().__init__(faults)
        self.shop = shop
        self.access_token = access_token
        self.webhook_secret = webhook_secret
        self.api_version = api_version
        self.cancel_delay = cancel_delay
        self.echo_updates = echo_updates
        self._bucket = bucket
        self._settings: dict[str, Any] = {
            "catalogue": [Article.of(one) for one in catalogue],
            "currency": currency,
            "taxes_included": taxes_included,
            "tax_rate": Decimal(tax_rate),
            "first_number": first_number,
            "first_id": first_id,
            "locations": locations,
        }
        if hub_url:
            self.webhooks.subscriptions = [Subscription(hub_url, topics)]
        self.reset()

    def reset(self) -> None:
        """An empty shop with its catalogue."""
        self.store = Store(self._told, **self._settings)
        info = {"id": "gid://shopify/Shop/1", "name": self.shop.partition(".")[0], "myshopifyDomain": self.shop}
        shop = {**info, "currencyCode": self.store.currency}
        self.api = Api(self.store, Bucket(*self._bucket), self._changed, self._run_later, shop)
        self.api.subscribed(lambda: [one.topics.upper().replace("/", "_") for one in self.webhooks.subscriptions])

    # Shoppers and staff ---------------------------------------------------------------------------------------

    def number_of(self, order: Mapping[str, Any]) -> str:
        """The number without the shop's prefix."""
        return str(order["order_number"])

    def announce_new(self, order: Mapping[str, Any]) -> None:
        """orders/create, and orders/updated where `echo_updates`: Shopify often sends both."""
        self._told_hub(order, "orders/create", *(["orders/updated"] if self.echo_updates else []))

    def announce_change(self, order: Mapping[str, Any]) -> None:
        """orders/updated."""
        self._told_hub(order, "orders/updated")

    def cancel_order(self, number: str | int, reason: str = "customer") -> dict[str, Any]:
        """Cancel the order. Sends orders/cancelled and orders/updated. Raises KeyError, Refused."""
        order = self.store.cancel(number, reason)
        self._told_hub(order, "orders/cancelled", "orders/updated")
        return order

    # Webhooks -------------------------------------------------------------------------------------------------

    def _told_hub(self, order: Mapping[str, Any], *topics: str) -> None:
        body, event = orjson.dumps(order), str(uuid.uuid4())
        for topic in topics:
            self.webhooks.send(topic, body, {"X-Shopify-Event-Id": event})

    def _changed(self, topic: str, order: Mapping[str, Any], fulfilment: Any) -> None:
        if fulfilment is not None:
            shown = {"id": fulfilment["id"], "order_id": order["id"], "status": "success", "name": fulfilment["name"]}
            self.webhooks.send(topic, orjson.dumps(shown), {"X-Shopify-Event-Id": str(uuid.uuid4())})
        else:
            self._told_hub(order, topic)

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        """Shopify's headers. The webhook id stays the same over all attempts, as does the time it was triggered."""
        signature = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).digest()
        return {
            "Content-Type": "application/json",
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": base64.b64encode(signature).decode(),
            "X-Shopify-Shop-Domain": self.shop,
            "X-Shopify-API-Version": self.api_version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Triggered-At": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }

    # HTTP -----------------------------------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """The GraphQL endpoint and the controls of this simulator."""
        app.router.add_post("/admin/api/{version}/graphql.json", self._graphql)
        self.controls(app)

    async def _graphql(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Shopify-Access-Token") != self.access_token:
            return self._unauthorized()
        try:
            answer = self.api.answer(await request.read())
        except ValueError:
            return json_response({"errors": {"query": "Required parameter missing or invalid"}}, 400)
        return json_response(answer, headers={"X-Shopify-API-Version": self.api_version})

    def _unauthorized(self) -> web.Response:
        return json_response({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Throttling is HTTP 200 with an empty bucket; an outage is HTML from the edge."""
        if fault is Fault.THROTTLE:
            answer = self.api.throttled(10)
            status = answer["extensions"]["cost"]["throttleStatus"]
            status["currentlyAvailable"] = 10 - self.faults.retry_after * status["restoreRate"]
            return json_response(answer)
        if fault is Fault.OUTAGE_503:
            return web.Response(text="<html><body>Service Unavailable</body></html>", status=503, content_type="text/html")
        if fault is Fault.EXPIRED:
            return self._unauthorized()
        return json_response({"errors": "Internal Server Error"}, 500)

    def _run_later(self, job: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self.cancel_delay, job)

    def state(self) -> Mapping[str, Any]:
        """Figures for GET /_sim/state."""
        return {
            "orders": len(self.store.orders),
            "fulfilments": len(self.store.fulfilments),
            "doubled": self.doubled(),
            "bucket": self.api.bucket.status(),
        }
