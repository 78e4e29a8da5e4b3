"""Amazon's Selling Partner API on loopback for one seller account: tokens, rate limits, orders, listings, feeds, reports."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.amazon import orders
from crossdock.simulators.amazon.store import Refused, Store
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response
from crossdock.simulators.shoppers import DEFAULT_CATALOGUE, Article
from crossdock.simulators.web_shop import WebShop

RATES: Mapping[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getOrders": (0.0167, 20),
    "getOrderItems": (0.5, 30),
    "confirmShipment": (2.0, 10),
    "patchListingsItem": (5.0, 5),
    "getReports": (0.0222, 10),
    "getReportDocument": (0.0167, 15),
    "createRestrictedDataToken": (1.0, 10),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2.0, 15),
    "getMarketplaceParticipations": (0.016, 15),
}
Act = Callable[[web.Request, Any], web.StreamResponse]


class Amazon(WebShop):
    """One account. `throttles` makes it count requests and answer 429 as Amazon does, at `speed` times Amazon's rates."""

    name: ClassVar[str] = "amazon"
    once: ClassVar[frozenset[str]] = frozenset({"fulfilment"})
    store: Store

    def __init__(
        self,
        faults: FaultPlan | None = None,
        *,
        seller_id: str = "A3TH9S8BH6GOGM",
        marketplace: str = "A1PA6795UKMFR9",
        client_id: str = "amzn1.application-oa2-client.simulated",
        client_secret: str = "amzn1.oa2-cs.v1.simulated",  # noqa: S107 - a simulator's secret
        refresh_token: str = "Atzr|simulated-refresh-token",  # noqa: S107
        catalogue: Sequence[Article | Mapping[str, Any]] = DEFAULT_CATALOGUE,
        currency: str = "EUR",
        prices_include_tax: bool = False,
        tax_rate: str = "0.19",
        throttles: bool = False,
        speed: float = 1.0,
        page: int = 100,
    ) -> None:
        super().__init__(faults)
        self.seller_id, self.marketplace = seller_id, marketplace
        self.client_id, self.client_secret, self.refresh_token = client_id, client_secret, refresh_token
        self.throttles, self.speed, self.page = throttles, speed, page
        self._settings: dict[str, Any] = {
            "catalogue": [Article.of(one) for one in catalogue],
            "currency": currency,
            "included": prices_include_tax,
            "rate": Decimal(tax_rate),
            "marketplace": marketplace,
        }
        self.reset()

    def reset(self) -> None:
        """An account without orders."""
        self.store = Store(self._told, **self._settings)
        self.issued = 0
        self.restricted: set[str] = set()
        self.documents: dict[str, bytes] = {}
        self._buckets: dict[str, tuple[float, float]] = {}

    # Buyers ---------------------------------------------------------------------------------------------------

    def number_of(self, order: Mapping[str, Any]) -> str:
        """The number buyers know."""
        return str(order["orderId"])

    def announce_new(self, order: Mapping[str, Any]) -> None:
        """Amazon sends no webhooks."""

    def announce_change(self, order: Mapping[str, Any]) -> None:
        """Amazon sends no webhooks."""

    def cancel_order(self, number: str | int, reason: str = "Buyer canceled") -> dict[str, Any]:
        """The buyer cancels. Raises KeyError, Refused."""
        return self.store.cancel(self.store.find(number)["orderId"], reason, "BUYER")

    # HTTP -----------------------------------------------------------------------------------------------------

    def routes(self, app: web.Application) -> None:
        """The API and the controls of this simulator."""
        add = app.router.add_route
        add("POST", "/auth/o2/token", self._token)
        add("GET", "/orders/2026-01-01/orders", self._guarded("searchOrders", self._search))
        add("GET", "/orders/2026-01-01/orders/{number}", self._guarded("getOrder", self._order))
        add("GET", "/orders/v0/orders", self._guarded("getOrders", self._old_orders))
        add("GET", "/orders/v0/orders/{number}/orderItems", self._guarded("getOrderItems", self._old_items))
        add("POST", "/orders/v0/orders/{number}/shipmentConfirmation", self._guarded("confirmShipment", self._confirm))
        add("PATCH", "/listings/2021-08-01/items/{seller}/{sku}", self._guarded("patchListingsItem", self._patch))
        add("POST", "/tokens/2021-03-01/restrictedDataToken", self._guarded("createRestrictedDataToken", self._restricted))
        add("GET", "/reports/2021-06-30/reports", self._guarded("getReports", self._reports))
        add("GET", "/reports/2021-06-30/documents/{document}", self._guarded("getReportDocument", self._report_document))
        add("POST", "/feeds/2021-06-30/documents", self._guarded("createFeedDocument", self._feed_document))
        add("POST", "/feeds/2021-06-30/feeds", self._guarded("createFeed", self._feed))
        add("GET", "/feeds/2021-06-30/feeds/{feed}", self._guarded("getFeed", self._feed_state))
        add("GET", "/sellers/v1/marketplaceParticipations", self._guarded("getMarketplaceParticipations", self._participations))
        add("GET", "/_documents/{name}", self._fetch)
        add("PUT", "/_documents/{name}", self._put)
        self.controls(app)
        add("POST", "/_sim/settlements", self._settle)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        given = tuple(str(form.get(name)) for name in ("grant_type", "client_id", "client_secret", "refresh_token"))
        if given != ("refresh_token", self.client_id, self.client_secret, self.refresh_token):
            return json_response(
                {"error": "invalid_grant", "error_description": "The request has an invalid grant parameter"}, 400
            )
        self.issued += 1
        return json_response({"access_token": f"Atza|{self.issued}", "token_type": "bearer", "expires_in": 3600})

    def _guarded(self, operation: str, act: Act) -> Callable[[web.Request], Any]:
        """A handler behind token and rate, with Amazon's errors; the body is read as JSON."""

        async def handle(request: web.Request) -> web.StreamResponse:
            token = request.headers.get("x-amz-access-token", "")
            if token not in self.restricted and not (token.startswith("Atza|") and 0 < int(token[5:] or 0) <= self.issued):
                return self._unauthorized()
            rate, burst = RATES[operation]
            if self.throttles and not self._taken(operation, rate * self.speed, burst):
                return self._too_many(None)
            try:
                answer = act(request, orjson.loads(await request.read() or b"{}"))
            except Refused as refused:
                answer = json_response(refused.body, refused.status)
            except (ValueError, KeyError, TypeError) as problem:
                answer = json_response({"errors": [{"code": "InvalidInput", "message": f"Invalid input: {problem}"}]}, 400)
            answer.headers["x-amzn-RateLimit-Limit"] = str(rate * self.speed)
            return answer

        return handle

    def _taken(self, operation: str, rate: float, burst: int) -> bool:
        now = time.monotonic()
        tokens, at = self._buckets.get(operation, (float(burst), now))
        tokens = min(float(burst), tokens + (now - at) * rate)
        self._buckets[operation] = (tokens - 1 if tokens >= 1 else tokens, now)
        return tokens >= 1

    @staticmethod
    def _unauthorized() -> web.Response:
        details = "The access token you provided is revoked, malformed or invalid."
        error = {"code": "Unauthorized", "message": "Access to requested resource is denied.", "details": details}
        return json_response({"errors": [error]}, 403)

    @staticmethod
    def _too_many(wait: float | None) -> web.Response:
        error = {"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource.", "details": ""}
        return json_response({"errors": [error]}, 429, {} if wait is None else {"Retry-After": str(max(1, round(wait)))})

    # Orders ---------------------------------------------------------------------------------------------------

    def _window(self, after: str, before: str, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        found = sorted(self.store.orders.values(), key=lambda one: (one["lastUpdatedTime"], one["orderId"]))
        found = [one for one in found if after <= one["lastUpdatedTime"] <= before]
        start = int(token or 0)
        following = start + self.page
        return found[start:following], str(following) if following < len(found) else None

    def _search(self, request: web.Request, _body: Any) -> web.Response:
        query = request.query
        if not query.get("marketplaceIds"):
            raise Refused("InvalidInput", "marketplaceIds is missing")
        data = set(query.get("includedData", "").split(","))
        found, following = self._window(query["lastUpdatedAfter"], query["lastUpdatedBefore"], query.get("paginationToken"))
        answer: dict[str, Any] = {
            "orders": [orders.shown(one, data) for one in found],
            "lastUpdatedBefore": query["lastUpdatedBefore"],
        }
        return json_response(answer | ({"pagination": {"nextToken": following}} if following else {}))

    def _order(self, request: web.Request, _body: Any) -> web.Response:
        order = self.store.known(request.match_info["number"])
        return json_response({"order": orders.shown(order, set(request.query.get("includedData", "").split(",")))})

    def _old_orders(self, request: web.Request, _body: Any) -> web.Response:
        query, restricted = request.query, request.headers["x-amz-access-token"] in self.restricted
        found, following = self._window(query["LastUpdatedAfter"], query["LastUpdatedBefore"], query.get("NextToken"))
        payload: dict[str, Any] = {"Orders": [orders.old_order(one, restricted) for one in found]}
        return json_response({"payload": payload | ({"NextToken": following} if following else {})})

    def _old_items(self, request: web.Request, _body: Any) -> web.Response:
        order = self.store.known(request.match_info["number"])
        return json_response(
            {"payload": {"AmazonOrderId": order["orderId"], "OrderItems": [orders.old_item(one) for one in order["orderItems"]]}}
        )

    def _restricted(self, _request: web.Request, body: Any) -> web.Response:
        if not body["restrictedResources"]:
            raise Refused("InvalidInput", "restrictedResources is empty")
        token = f"Atz.sprdt|{len(self.restricted) + 1}"
        self.restricted.add(token)
        return json_response({"restrictedDataToken": token, "expiresIn": 3600})

    def _confirm(self, request: web.Request, body: Any) -> web.Response:
        if body["marketplaceId"] != self.marketplace:
            raise Refused("InvalidInput", "The marketplace is not that of the order.")
        self.store.confirm(request.match_info["number"], body["packageDetail"])
        return web.Response(status=204)

    # Listings, feeds, reports -----------------------------------------------------------------------------------

    def _patch(self, request: web.Request, body: Any) -> web.Response:
        sku = request.match_info["sku"]
        if request.match_info["seller"] != self.seller_id:
            raise Refused("InvalidInput", "The seller is not the token's.", 403)
        [patch] = body["patches"]
        quantity = patch["value"][0]["quantity"]
        if not isinstance(quantity, int) or not 0 <= quantity < 10**9:
            issue = {
                "code": "90117",
                "message": "The quantity is out of range.",
                "severity": "ERROR",
                "categories": ["INVALID_ATTRIBUTE"],
            }
            return json_response({"sku": sku, "status": "INVALID", "submissionId": "s1", "issues": [issue]})
        self.store.set_level(sku, quantity)
        return json_response({"sku": sku, "status": "ACCEPTED", "submissionId": "s1", "issues": []})

    def _feed_document(self, _request: web.Request, _body: Any) -> web.Response:
        name = f"feed-{len(self.documents) + 1}"
        self.documents[name] = b""
        return json_response({"feedDocumentId": name, "url": f"{self.url}/_documents/{name}"}, 201)

    def _feed(self, _request: web.Request, body: Any) -> web.Response:
        self.store.work_feed(self.documents[body["inputFeedDocumentId"]])
        feed = f"{23_492_394 + len(self.store.feeds)}"
        self.store.feeds[feed] = "DONE"
        return json_response({"feedId": feed}, 202)

    def _feed_state(self, request: web.Request, _body: Any) -> web.Response:
        feed = request.match_info["feed"]
        if feed not in self.store.feeds:
            raise Refused("NotFound", "There is no such feed.", 404)
        return json_response(
            {"feedId": feed, "feedType": "POST_ORDER_ACKNOWLEDGEMENT_DATA", "processingStatus": self.store.feeds[feed]}
        )

    def _reports(self, request: web.Request, _body: Any) -> web.Response:
        since, start, size = request.query.get("createdSince", ""), int(request.query.get("nextToken", 0)), 10
        found = [
            {k: v for k, v in one.items() if k != "content"} for one in self.store.reports.values() if one["createdTime"] >= since
        ]
        following = {"nextToken": str(start + size)} if len(found) > start + size else {}
        return json_response({"reports": found[start : start + size], **following})

    def _report_document(self, request: web.Request, _body: Any) -> web.Response:
        document = request.match_info["document"]
        report = next((one for one in self.store.reports.values() if one["reportDocumentId"] == document), None)
        if report is None:
            raise Refused("NotFound", "There is no such document.", 404)
        self.documents[document] = gzip.compress(report["content"], mtime=0)
        return json_response(
            {"reportDocumentId": document, "url": f"{self.url}/_documents/{document}", "compressionAlgorithm": "GZIP"}
        )

    def _participations(self, _request: web.Request, _body: Any) -> web.Response:
        return json_response({"payload": [{"marketplace": {"id": self.marketplace}, "participation": {"isParticipating": True}}]})

    async def _fetch(self, request: web.Request) -> web.Response:
        return web.Response(body=self.documents[request.match_info["name"]], content_type="application/octet-stream")

    async def _put(self, request: web.Request) -> web.Response:
        self.documents[request.match_info["name"]] = await request.read()
        return web.Response()

    async def _settle(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        return json_response({"reportId": self.store.settle(str(data["number"]), data["rows"])["reportId"]}, 201)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        """Amazon's own shape of errors."""
        if fault is Fault.THROTTLE:
            return self._too_many(self.faults.retry_after)
        if fault is Fault.EXPIRED:
            return self._unauthorized()
        code = "ServiceUnavailable" if fault is Fault.OUTAGE_503 else "InternalFailure"
        error = {"code": code, "message": "We encountered an internal error. Please try again.", "details": ""}
        return json_response({"errors": [error]}, 503 if fault is Fault.OUTAGE_503 else 500)

    def state(self) -> Mapping[str, Any]:
        """Figures for GET /_sim/state."""
        return {"orders": len(self.store.orders), "doubled": self.doubled(), "levels": self.store.levels}
