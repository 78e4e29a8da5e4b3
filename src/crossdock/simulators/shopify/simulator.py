"""A Shopify shop on loopback: GraphQL Admin API, signed webhooks with Shopify's retries, shoppers on command."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.shopify.api import Api
from crossdock.simulators.shopify.bucket import Bucket
from crossdock.simulators.shopify.store import Refused, Store
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article
from crossdock.simulators.webhooks import RetryPolicy, Subscription

RETRIES = (10.0, 60.0, 180.0, 600.0, 1200.0, 2400.0, 3600.0, 5400.0)
"""Eight retries over about four hours, exponentially spaced (Shopify, September 2024)."""


class Shopify(Simulator):
    """One shop. `hub_url` is where webhooks go; `retry_scale` shrinks the hours between their repetitions."""

    name: ClassVar[str] = "shopify"

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

    def _told(self, kind: str, key: str, data: Mapping[str, Any], idempotency_key: str) -> None:
        self.record(kind, key, data, idempotency_key=idempotency_key)

    # Shoppers and staff ---------------------------------------------------------------------------------------

    def place_order(
        self, lines: Sequence[tuple[str, int] | Mapping[str, Any]] | None = None, *, seed: int | None = None, **fields: Any
    ) -> dict[str, Any]:
        """A customer orders: given `(sku, quantity)` lines or a random basket; `fields` overwrite the payload's. Sends orders/create."""
        order = self.store.place(random.Random(seed), lines, **fields)
        self._told_hub(order, "orders/create", *(["orders/updated"] if self.echo_updates else []))
        return order

    def place_orders(self, count: int, seed: int = 0) -> list[dict[str, Any]]:
        """Several random orders, the same ones under the same seed."""
        rng = random.Random(seed)
        return [self.place_order(seed=rng.randrange(1 << 30)) for _ in range(count)]

    def change_order(
        self, number: str | int, lines: Sequence[tuple[str, int] | Mapping[str, Any]], **fields: Any
    ) -> dict[str, Any]:
        """Staff edit the order to hold exactly these lines. Sends orders/updated. Raises KeyError."""
        order = self.store.change(number, lines, **fields)
        self._told_hub(order, "orders/updated")
        return order

    def cancel_order(self, number: str | int, reason: str = "customer") -> dict[str, Any]:
        """Cancel the order. Sends orders/cancelled and orders/updated. Raises KeyError, Refused."""
        order = self.store.cancel(number, reason)
        self._told_hub(order, "orders/cancelled", "orders/updated")
        return order

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None:
        """Sell these articles too."""
        self.store.stock_catalogue(catalogue)

    def doubled(self) -> dict[str, int]:
        """Effects that happened more than once: the same shipment fulfilled twice, the same milestone shown twice."""
        counts = Counter((effect.kind, effect.key) for effect in self.effects if effect.kind in ("fulfilment", "milestone"))
        return {f"{kind} {key}": count for (kind, key), count in counts.items() if count > 1}

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
        app.router.add_post("/_sim/orders", self._place)
        app.router.add_post("/_sim/orders/{number}/change", self._change)
        app.router.add_post("/_sim/orders/{number}/cancel", self._cancel)
        app.router.add_post("/_sim/catalogue", self._catalogue)
        app.router.add_get("/_sim/orders/{number}", self._show)

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

    async def _place(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read() or b"{}")
        try:
            if data.get("catalogue"):
                self.stock_catalogue(data["catalogue"])
            if data.get("lines"):
                orders = [self.place_order(data["lines"], seed=data.get("seed"), **data.get("fields", {}))]
            else:
                orders = self.place_orders(int(data.get("count", 1)), int(data.get("seed", 0)))
        except (KeyError, ValueError, TypeError) as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"orders": [str(order["order_number"]) for order in orders]}, 201)

    async def _change(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        return self._answered(lambda: self.change_order(request.match_info["number"], data["lines"], **data.get("fields", {})))

    async def _cancel(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read() or b"{}")
        return self._answered(lambda: self.cancel_order(request.match_info["number"], data.get("reason", "customer")))

    async def _show(self, request: web.Request) -> web.Response:
        return self._answered(lambda: self.store.find(request.match_info["number"]))

    def _answered(self, act: Callable[[], Mapping[str, Any]]) -> web.Response:
        try:
            return json_response(act())
        except KeyError as problem:
            return json_response({"error": str(problem)}, 404)
        except Refused as problem:
            return json_response({"error": str(problem)}, 409)

    async def _catalogue(self, request: web.Request) -> web.Response:
        self.stock_catalogue(orjson.loads(await request.read()))
        return json_response({"articles": len(self.store.articles)})

    def state(self) -> Mapping[str, Any]:
        """Figures for GET /_sim/state."""
        return {
            "orders": len(self.store.orders),
            "fulfilments": len(self.store.fulfilments),
            "doubled": self.doubled(),
            "bucket": self.api.bucket.status(),
        }
