"""A WooCommerce shop on loopback: REST API v3, signed webhooks that are never repeated, shoppers on command."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article
from crossdock.simulators.web_shop import WebShop
from crossdock.simulators.webhooks import RetryPolicy, Subscription
from crossdock.simulators.woocommerce.store import Refused, Store

API = "/wp-json/wc/v3"


class WooCommerce(WebShop):
    """One shop. WooCommerce never repeats a webhook, and after more than `disable_after` failures in a row it switches it off
    (None: never), until somebody switches it on again. `disable_after` is 5 as at WooCommerce.
    """

    name: ClassVar[str] = "woocommerce"
    once: ClassVar[frozenset[str]] = frozenset({"fulfilment", "note"})
    store: Store

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        home: str = "https://shop.example/",
        consumer_key: str = "ck_simulated_key",
        consumer_secret: str = "cs_simulated_secret",  # noqa: S107 - a simulator's secret
        webhook_secret: str = "woocommerce-webhook-secret",  # noqa: S107
        hub_url: str = "",
        topics: str = "*",
        catalogue: Sequence[Article | Mapping[str, Any]] = DEFAULT_CATALOGUE,
        currency: str = "EUR",
        prices_include_tax: bool = False,
        tax_rate: str = "0.19",
        first_id: int = 700,
        shipment_field: str = "_crossdock_shipment_",
        disable_after: int | None = 5,
    ) -> None:
        self.webhook_retry = RetryPolicy((), timeout=60.0)
        self.webhook_concurrency = 4
        super().__init__(faults)
        self.home = home
        self.consumer_key = consumer_key
        self.consumer_secret = consumer_secret
        self.webhook_secret = webhook_secret
        self.disable_after = disable_after
        self.webhook_active = True
        self._settings: dict[str, Any] = {
            "catalogue": [Article.of(one) for one in catalogue],
            "currency": currency,
            "prices_include_tax": prices_include_tax,
            "tax_rate": Decimal(tax_rate),
            "first_id": first_id,
            "shipment_field": shipment_field,
            "home": home,
        }
        if hub_url:
            self.webhooks.subscriptions = [Subscription(hub_url, topics)]
        self.reset()

    def reset(self) -> None:
        """An empty shop with its catalogue, its webhook switched on."""
        self.store = Store(self._told, **self._settings)
        self.webhook_active = True

    # Shoppers and staff ---------------------------------------------------------------------------------------

    def number_of(self, order: Mapping[str, Any]) -> str:
        """The number; without a numbering plugin it is the id."""
        return str(order["number"])

    def announce_new(self, order: Mapping[str, Any]) -> None:
        """order.created."""
        self._told_hub(order, "order.created")

    def announce_change(self, order: Mapping[str, Any]) -> None:
        """order.updated."""
        self._told_hub(order, "order.updated")

    def set_status(self, number: str | int, status: str) -> dict[str, Any]:
        """The order's status changes (payment, staff). Sends order.updated. Raises KeyError, Refused."""
        order = self.store.update(self.store.find(number)["id"], {"status": status}, later=True)
        self._told_hub(order, "order.updated")
        return order

    def cancel_order(self, number: str | int, reason: str = "") -> dict[str, Any]:
        """Cancel the order. Sends order.updated. Raises KeyError, Refused."""
        order = self.store.find(number)
        if order["status"] in ("completed", "cancelled"):
            raise Refused("cannot_cancel", f"the order is {order['status']}", 409)
        return self.set_status(number, "cancelled")

    # Webhooks -------------------------------------------------------------------------------------------------

    def _told_hub(self, order: Mapping[str, Any], topic: str) -> None:
        if self._still_active():
            self.webhooks.send(topic, orjson.dumps(order))

    def _still_active(self) -> bool:
        """Whether the webhook is switched on: more than `disable_after` failures in a row switch it off, silently."""
        if self.disable_after is None or not self.webhook_active:
            return self.webhook_active
        failures = 0
        for hook in reversed(self.webhooks.log):
            if hook.attempts == 0:
                continue  # still on its way
            if hook.status is not None and 200 <= hook.status < 303:
                break
            failures += 1
            if failures > self.disable_after:
                self.webhook_active = False
                break
        return self.webhook_active

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        """WooCommerce's headers. The delivery id is a hash of webhook and second, so two orders of one second share it."""
        signature = hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).digest()
        resource, _, event = topic.partition(".")
        second = f"12{int(time.time())}".encode()
        return {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/9.9.5 Hookshot (WordPress/6.8)",
            "X-WC-Webhook-Source": self.home,
            "X-WC-Webhook-Topic": topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-WC-Webhook-ID": "12",
            "X-WC-Webhook-Delivery-ID": hashlib.md5(second, usedforsecurity=False).hexdigest(),
        }

    # HTTP -----------------------------------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """The REST API and the controls of this simulator."""
        add = app.router.add_route
        add("GET", f"{API}/orders", self._guarded(self._list_orders))
        add("GET", f"{API}/orders/{{id:\\d+}}", self._guarded(self._get_order))
        for method in ("PUT", "POST", "PATCH"):
            add(method, f"{API}/orders/{{id:\\d+}}", self._guarded(self._put_order))
        add("GET", f"{API}/orders/{{id:\\d+}}/notes", self._guarded(self._get_notes))
        add("POST", f"{API}/orders/{{id:\\d+}}/notes", self._guarded(self._post_note))
        add("GET", f"{API}/products", self._guarded(self._list_products))
        add("POST", f"{API}/products/batch", self._guarded(self._batch))
        add("POST", f"{API}/products/{{parent:\\d+}}/variations/batch", self._guarded(self._batch))
        add("GET", f"{API}/webhooks", self._guarded(self._list_webhooks))
        add("PUT", f"{API}/webhooks/12", self._guarded(self._put_webhook))
        self.controls(app)
        add("POST", "/_sim/orders/{number}/status", self._status)
        add("*", "/{rest:wp-json/.*}", self._no_route)

    def _guarded(self, act: Callable[[web.Request, Any], web.Response]) -> Callable[[web.Request], Any]:
        """A handler behind HTTP Basic, with WordPress's errors; the body is read as JSON."""
        pair = f"{self.consumer_key}:{self.consumer_secret}"

        async def handle(request: web.Request) -> web.Response:
            expected = f"Basic {base64.b64encode(pair.encode()).decode()}"
            if not hmac.compare_digest(request.headers.get("Authorization", ""), expected):
                return self._unauthorized()
            try:
                body = orjson.loads(await request.read() or b"{}")
                return act(request, body)
            except Refused as refused:
                return json_response(refused.error, refused.status)
            except (ValueError, KeyError, TypeError):
                error = {"code": "rest_invalid_json", "message": "Invalid JSON body passed.", "data": {"status": 400}}
                return json_response(error, 400)

        return handle

    def _unauthorized(self) -> web.Response:
        words = "Consumer key is invalid."
        return json_response({"code": "woocommerce_rest_authentication_error", "message": words, "data": {"status": 401}}, 401)

    async def _no_route(self, _request: web.Request) -> web.Response:
        words = "No route was found matching the URL and request method."
        return json_response({"code": "rest_no_route", "message": words, "data": {"status": 404}}, 404)

    def _list_orders(self, request: web.Request, _body: Any) -> web.Response:
        query = request.query
        found = list(self.store.orders.values())
        if "modified_after" in query:
            if query.get("dates_are_gmt") != "true":
                raise Refused("rest_invalid_param", "this simulator wants dates_are_gmt=true")
            found = [order for order in found if order["date_modified_gmt"] > query["modified_after"]]
        if "search" in query:
            found = [order for order in found if query["search"] in order["number"]]
        column = {"modified": "date_modified_gmt", "id": "id"}.get(query.get("orderby", "date"), "date_created_gmt")
        found.sort(key=lambda order: (order[column], order["id"]), reverse=query.get("order", "desc") == "desc")
        return self._page(request, found)

    def _page(self, request: web.Request, found: Sequence[Any]) -> web.Response:
        size, page = int(request.query.get("per_page", 10)), int(request.query.get("page", 1))
        if not 1 <= size <= 100:
            raise Refused("rest_invalid_param", "Invalid parameter(s): per_page")
        pages = max(1, -(-len(found) // size))
        headers = {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)}
        return json_response(found[(page - 1) * size : page * size], headers=headers)

    def _get_order(self, request: web.Request, _body: Any) -> web.Response:
        return json_response(self.store.order(int(request.match_info["id"])))

    def _put_order(self, request: web.Request, body: Any) -> web.Response:
        order = self.store.update(int(request.match_info["id"]), body)
        self._told_hub(order, "order.updated")
        return json_response(order)

    def _get_notes(self, request: web.Request, _body: Any) -> web.Response:
        number = int(request.match_info["id"])
        self.store.order(number)
        return json_response(self.store.notes[number])

    def _post_note(self, request: web.Request, body: Any) -> web.Response:
        number = int(request.match_info["id"])
        note = self.store.add_note(number, str(body.get("note", "")), bool(body.get("customer_note", False)))
        return json_response(note, 201)

    def _list_products(self, request: web.Request, _body: Any) -> web.Response:
        store = self.store
        if "sku" in request.query:  # then variations are found too
            skus = {sku.strip() for sku in request.query["sku"].split(",")}
            found = [store.products[store.by_sku[sku]] for sku in sorted(skus & store.by_sku.keys())]
        else:
            found = [product for product in store.products.values() if product["type"] != "variation"]
        if "_fields" in request.query:
            fields = request.query["_fields"].split(",")
            found = [{name: product[name] for name in fields if name in product} for product in found]
        return self._page(request, found)

    def _batch(self, request: web.Request, body: Any) -> web.Response:
        updates = body.get("update", [])
        if len(updates) > 100:
            words = "Unable to accept more than 100 items for this request."
            raise Refused("woocommerce_rest_request_entity_too_large", words, 413)
        parent, done = int(request.match_info.get("parent", 0)), []
        for update in updates:
            try:
                done.append(self.store.set_stock(int(update["id"]), update, parent))
            except Refused as refused:
                done.append({"id": update["id"], "error": refused.error})
        return json_response({"update": done})

    def _list_webhooks(self, request: web.Request, _body: Any) -> web.Response:
        status = "active" if self._still_active() else "disabled"
        shown = [
            {"id": 12, "name": f"Crossdock {one.topics}", "status": status, "topic": one.topics, "delivery_url": one.url}
            for one in self.webhooks.subscriptions
        ]
        return self._page(request, shown)

    def _put_webhook(self, _request: web.Request, body: Any) -> web.Response:
        self.webhook_secret = str(body.get("secret") or self.webhook_secret)
        if "status" in body:
            if body["status"] == "active":
                self.webhooks.clear()
            self.webhook_active = body["status"] == "active"
        return json_response({"id": 12, "status": "active" if self.webhook_active else "disabled"})

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Throttling comes from the hosting, an outage is WordPress in maintenance, a 500 its critical error."""
        if fault is Fault.THROTTLE:
            wait = max(1, round(self.faults.retry_after))
            return web.Response(text="Too Many Requests", status=429, headers={"Retry-After": str(wait)})
        if fault is Fault.OUTAGE_503:
            text = "<h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1>"
            return web.Response(text=text, status=503, content_type="text/html")
        if fault is Fault.EXPIRED:
            return self._unauthorized()
        words = "<p>There has been a critical error on this website.</p>"
        return json_response({"code": "internal_server_error", "message": words, "data": {"status": 500}}, 500)

    async def _status(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        return self.answered(lambda: self.set_status(request.match_info["number"], str(data["status"])))

    def state(self) -> Mapping[str, Any]:
        """Figures for GET /_sim/state."""
        return {"orders": len(self.store.orders), "doubled": self.doubled(), "webhook_active": self._still_active()}
