"""The warehouse over the REST contract (connectors/wms_rest/openapi.yaml), with callbacks signed as Standard Webhooks says."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.contract import NDJSON, ContractSimulator, Refused, happened
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.server import json_response
from crossdock.simulators.wms.announcements import Announcements
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.model import Warehouse

API_KEY = "wms-demo-api-key"
CLIENT = ("wms-demo-client", "wms-demo-client-secret")
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"wms-demo-webhook-secret!").decode()


class Wms(ContractSimulator):
    """Accepts the API key, or tokens of its own token endpoint that live `token_seconds`."""

    name = "wms"
    statuses: ClassVar[Mapping[str, int]] = {
        "conflict": 409,
        "cancelled": 409,
        "outdated": 409,
        "too_late": 409,
        "unknown_fulfilment": 404,
        "unknown_receipt": 404,
        "unknown_return": 404,
    }

    def __init__(self, faults: FaultPlan | None = None, behaviour: Behaviour | None = None) -> None:
        super().__init__(faults, API_KEY, WEBHOOK_SECRET)
        self.client = CLIENT
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
            "receipts": len(self.warehouse.dock.receipts),
            "returns": len(self.warehouse.returns.known),
            "events": len(self.warehouse.log),
            "violations": self.warehouse.violations,
            "skus": len(self.warehouse.stock),
        }

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/oauth/token", self._token)
        app.router.add_get("/health", self.health)
        app.router.add_put("/fulfilments/{number}", self._release)
        app.router.add_get("/fulfilments/{number}", self._show)
        app.router.add_put("/fulfilments/{number}/cancellation", self._cancel)
        app.router.add_put("/{desk:receipts|returns}/{number}", self._expect)
        app.router.add_get("/{desk:receipts|returns}/{number}", self._show_announced)
        app.router.add_put("/{desk:receipts|returns}/{number}/cancellation", self._cancel_announced)
        app.router.add_get("/events", self._events)
        app.router.add_get("/inventory", self._inventory)
        app.router.add_post("/_sim/behaviour", self._behave)
        app.router.add_post("/_sim/stock", self._set_stock)
        app.router.add_post("/_sim/pick/{number}", self._pick)
        app.router.add_post("/_sim/receive/{number}", self._receive)
        app.router.add_post("/_sim/arrive", self._arrive)
        app.router.add_post("/_sim/return/{number}", self._take_back)
        app.router.add_post("/_sim/arrive_return", self._arrive_return)

    def fault_response(self, fault: Fault, request: web.Request) -> web.StreamResponse:
        if fault is Fault.EXPIRED:
            self._tokens.clear()
        return super().fault_response(fault, request)

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

    def knows(self, request: web.Request) -> bool:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return super().knows(request) or self._tokens.get(token, 0.0) > time.monotonic()

    async def _release(self, request: web.Request) -> web.Response:
        return await self.put(request, self.warehouse.release, "a fulfilment order")

    async def _show(self, request: web.Request) -> web.Response:
        return self.show(request, self.warehouse.fulfilments, "unknown_fulfilment")

    async def _cancel(self, request: web.Request) -> web.Response:
        return self.cancellation(request, self.warehouse.cancel)

    def _desk(self, request: web.Request) -> Announcements:
        return self.warehouse.returns if request.match_info["desk"] == "returns" else self.warehouse.dock

    async def _expect(self, request: web.Request) -> web.Response:
        return await self.put(request, self._desk(request).expect, "an announcement")

    async def _show_announced(self, request: web.Request) -> web.Response:
        desk = self._desk(request)
        return self.show(request, desk.known, f"unknown_{desk.what}", "announced")

    async def _cancel_announced(self, request: web.Request) -> web.Response:
        return self.cancellation(request, self._desk(request).cancel)

    async def _events(self, request: web.Request) -> web.Response:
        return self.read_on(request, self.warehouse.log)

    async def _inventory(self, request: web.Request) -> web.Response:
        self.refuse_stranger(request)
        limit, cursor = int(request.query.get("limit", 5000)), request.query.get("cursor", "")
        if not cursor:
            cursor = f"{next(self._numbers)}:0"
            self._pages[cursor.split(":")[0]] = sorted(self.warehouse.stock)
        page, start = cursor.split(":")[0], int(cursor.split(":")[1])
        keys = self._pages.get(page)
        if keys is None:
            return self.refuse(Refused("invalid", "this cursor is not valid any more"))
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
        return happened(request, self.warehouse.fulfilments, "received", self.warehouse.pick)

    async def _receive(self, request: web.Request) -> web.Response:
        return happened(request, self.warehouse.dock.receipts, "announced", self.warehouse.dock.receive)

    async def _arrive(self, request: web.Request) -> web.Response:
        """`{"order_number", "lines": [{"sku", "quantity", "order_line"?, "lot"?, "expiry"?}]}`: goods that nobody announced."""
        data = orjson.loads(await request.read())
        self.warehouse.dock.arrive(data["order_number"], data["lines"])
        return json_response({"ok": True})

    async def _take_back(self, request: web.Request) -> web.Response:
        return happened(request, self.warehouse.returns.known, "announced", self.warehouse.returns.receive)

    async def _arrive_return(self, request: web.Request) -> web.Response:
        """`{"order_number"?, "tracking_number"?, "lines": [{"sku", "quantity", "order_line"?, "grade"?}]}`: a parcel nobody announced."""
        data = orjson.loads(await request.read())
        self.warehouse.returns.arrive(data.get("order_number", ""), data["lines"], data.get("tracking_number", ""))
        return json_response({"ok": True})
