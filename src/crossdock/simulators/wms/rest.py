"""The warehouse over the REST contract (connectors/wms_rest/openapi.yaml), with callbacks signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import hmac
import itertools
import time
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.webhooks import RetryPolicy
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.model import Refused, Warehouse

API_KEY = "wms-demo-api-key"
CLIENT = ("wms-demo-client", "wms-demo-client-secret")
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"wms-demo-webhook-secret!").decode()
STATUS = {"conflict": 409, "cancelled": 409, "unknown_fulfilment": 404}
NDJSON = "application/x-ndjson"


class Wms(Simulator):
    """Accepts the API key, or tokens of its own token endpoint that live `token_seconds`."""

    name = "wms"
    webhook_retry = RetryPolicy(delays=(5, 300, 1800, 7200, 18_000, 36_000), scale=0.001)
    webhook_concurrency = 4

    def __init__(self, faults: FaultPlan | None = None, behaviour: Behaviour | None = None) -> None:
        super().__init__(faults)
        self.api_key, self.client, self.webhook_secret = API_KEY, CLIENT, WEBHOOK_SECRET
        self.token_seconds = 3600
        self.token_requests = 0
        self._tokens: dict[str, float] = {}
        self._pages: dict[str, list[tuple[str, str, str]]] = {}
        self._numbers = itertools.count(1)
        self.warehouse = Warehouse(
            behaviour or Behaviour(),
            lambda kind, key, data, idempotency: self.record(kind, key, data, idempotency_key=idempotency),
            lambda event, body: self.webhooks.send(event["type"], body),
        )

    def reset(self) -> None:
        self.warehouse.reset()
        self._tokens.clear()
        self._pages.clear()

    async def stop(self) -> None:
        self.warehouse.stop()
        await super().stop()

    def state(self) -> Mapping[str, Any]:
        return {
            "fulfilments": len(self.warehouse.fulfilments),
            "events": len(self.warehouse.log),
            "violations": self.warehouse.violations,
            "skus": len(self.warehouse.stock),
        }

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get("/health", self._health)
        app.router.add_put("/fulfilments/{number}", self._release)
        app.router.add_get("/fulfilments/{number}", self._show)
        app.router.add_put("/fulfilments/{number}/cancellation", self._cancel)
        app.router.add_get("/events", self._events)
        app.router.add_get("/inventory", self._inventory)
        app.router.add_post("/_sim/behaviour", self._behave)
        app.router.add_post("/_sim/stock", self._set_stock)
        app.router.add_post("/_sim/pick/{number}", self._pick)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault is Fault.EXPIRED:
            self._tokens.clear()
        return super().fault_response(fault, request)

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        identity, stamp = orjson.loads(body)["id"], str(int(time.time()))
        key = base64.b64decode(self.webhook_secret.removeprefix("whsec_"))
        digest = hmac.digest(key, f"{identity}.{stamp}.".encode() + body, "sha256")
        return {
            "Content-Type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": stamp,
            "webhook-signature": "v1," + base64.b64encode(digest).decode(),
        }

    # The contract ------------------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        basic = base64.b64encode(":".join(self.client).encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}" or form.get("grant_type") != "client_credentials":
            return json_response({"error": "invalid_client"}, 401)
        self.token_requests += 1
        token = f"token-{next(self._numbers)}-{base64.b32encode(str(id(form)).encode()).decode().rstrip('=')}"
        self._tokens[token] = time.monotonic() + self.token_seconds
        return json_response({"access_token": token, "token_type": "Bearer", "expires_in": self.token_seconds})

    def _refuse_stranger(self, request: web.Request) -> None:
        if request.headers.get("X-API-Key") == self.api_key:
            return
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(token, 0.0) <= time.monotonic():
            raise web.HTTPUnauthorized(text='{"title": "unauthorized"}', content_type="application/json")

    async def _health(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        return json_response({"version": "1.0"})

    async def _release(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        try:
            order = orjson.loads(await request.read())
            if order["number"] != request.match_info["number"]:
                raise Refused("invalid", "the number in the URL is another")
            taken, new = self.warehouse.release(order, request.headers.get("Idempotency-Key", ""))
        except Refused as problem:
            return _problem(problem)
        except (orjson.JSONDecodeError, KeyError, TypeError, InvalidOperation):
            return _problem(Refused("invalid", "not a fulfilment order"))
        return json_response(taken.as_json(), 201 if new else 200)

    async def _show(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        known = self.warehouse.fulfilments.get(request.match_info["number"])
        return _problem(Refused("unknown_fulfilment", "never received")) if known is None else json_response(known.as_json())

    async def _cancel(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        try:
            status = self.warehouse.cancel(request.match_info["number"], request.headers.get("Idempotency-Key", ""))
        except Refused as problem:
            return _problem(problem)
        return json_response({"status": status})

    async def _events(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 500))
        lines = self.warehouse.log[after : after + limit]
        return web.Response(body=b"".join(line + b"\n" for line in lines), content_type=NDJSON)

    async def _inventory(self, request: web.Request) -> web.Response:
        self._refuse_stranger(request)
        limit, cursor = int(request.query.get("limit", 5000)), request.query.get("cursor", "")
        if not cursor:
            cursor = f"{next(self._numbers)}:0"
            self._pages[cursor.split(":")[0]] = sorted(self.warehouse.stock)
        page, start = cursor.split(":")[0], int(cursor.split(":")[1])
        keys = self._pages.get(page)
        if keys is None:
            return _problem(Refused("invalid", "this cursor is not valid any more"))
        part, following = keys[start : start + limit], start + limit
        more = following < len(keys)
        if not more:
            self._pages.pop(page)
        rows = [
            orjson.dumps({"sku": sku, "location": place, "lot": lot, "quantity": str(self.warehouse.stock[(sku, place, lot)])})
            for sku, place, lot in part
        ]
        rows.append(orjson.dumps({"next": f"{page}:{following}" if more else None, "lines": len(part)}))
        return web.Response(body=b"\n".join(rows) + b"\n", content_type=NDJSON)

    # Control -----------------------------------------------------------------------------------------------

    async def _behave(self, request: web.Request) -> web.Response:
        try:
            self.warehouse.behaviour = Behaviour.of(orjson.loads(await request.read()))
        except (ValueError, TypeError) as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"ok": True})

    async def _set_stock(self, request: web.Request) -> web.Response:
        """`{"levels": [{"sku", "on_hand", "location"?, "lot"?}], "tell": true}`, or `{"generate": n}` for a big warehouse."""
        data = orjson.loads(await request.read())
        for number in range(int(data.get("generate", 0))):
            place = (f"SKU-{number:06d}", f"A-{number % 97:02d}", "")
            self.warehouse.store(place, Decimal(number % 1000))
        for level in data.get("levels", []):
            location, lot, tell = level.get("location", "A-01"), level.get("lot", ""), bool(data.get("tell", True))
            self.warehouse.count(level["sku"], Decimal(level["on_hand"]), location, lot, tell)
        return json_response({"ok": True, "lines": len(self.warehouse.stock)})

    async def _pick(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        if number not in self.warehouse.fulfilments:
            return json_response({"error": f"{number} was never received"}, 404)
        self.warehouse.pick(number)
        return json_response({"ok": True})


def _problem(refused: Refused) -> web.Response:
    return json_response({"code": refused.code, "title": refused.code, "detail": str(refused)}, STATUS.get(refused.code, 422))
