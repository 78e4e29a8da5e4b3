"""The TMS over the REST contract, with callbacks signed as Standard Webhooks says."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.contract import NDJSON, ContractSimulator, happened
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import json_response
from crossdock.simulators.tms.model import Behaviour, Office

API_KEY = "tms-demo-api-key"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"tms-demo-webhook-secret!").decode()


class Tms(ContractSimulator):
    """`office` is what happens in it; `POST /_sim/answer/{number}`, `/_sim/milestone`, `/_sim/pod` and `/_sim/bill` make it happen."""

    name = "tms"
    statuses: ClassVar[Mapping[str, int]] = {"conflict": 409, "answered": 409, "cancelled": 409, "unknown_tender": 404}

    def __init__(self, faults: FaultPlan | None = None, behaviour: Behaviour | None = None) -> None:
        super().__init__(faults, API_KEY, WEBHOOK_SECRET)
        self.office = Office(
            behaviour or Behaviour(),
            lambda kind, key, data, idempotency: self.record(kind, key, data, idempotency_key=idempotency),
            lambda event, body: self.webhooks.send(event["type"], body),
        )

    def reset(self) -> None:
        self.office.reset()

    async def stop(self) -> None:
        self.office.stop()
        await super().stop()

    def state(self) -> Mapping[str, Any]:
        return {"tenders": len(self.office.offers), "events": len(self.office.log), "violations": self.office.violations}

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/health", self.health)
        app.router.add_put("/tenders/{number}", self._offer)
        app.router.add_get("/tenders/{number}", self._show)
        app.router.add_put("/tenders/{number}/cancellation", self._cancel)
        app.router.add_get("/events", self._events)
        app.router.add_get("/milestones", self._scans)
        app.router.add_post("/_sim/answer/{number}", self._answer)
        app.router.add_post("/_sim/milestone", self._milestone)
        app.router.add_post("/_sim/pod", self._pod)
        app.router.add_post("/_sim/bill", self._bill)

    async def _offer(self, request: web.Request) -> web.Response:
        return await self.put(request, self.office.offer, "a tender")

    async def _show(self, request: web.Request) -> web.Response:
        return self.show(request, self.office.offers, "unknown_tender")

    async def _cancel(self, request: web.Request) -> web.Response:
        return self.cancellation(request, self.office.cancel)

    async def _events(self, request: web.Request) -> web.Response:
        return self.read_on(request, self.office.log)

    async def _scans(self, request: web.Request) -> web.Response:
        self.refuse_stranger(request)
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 2000))
        return web.Response(body=self.office.scanned(after, limit), content_type=NDJSON)

    async def _answer(self, request: web.Request) -> web.Response:
        return happened(request, self.office.offers, "received", self.office.answer)

    async def _milestone(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        self.office.milestone(**{**data, "at": datetime.fromisoformat(data["at"])})
        return json_response({"ok": True})

    async def _pod(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        document = base64.b64decode(data.pop("document", ""))
        self.office.proof(**{**data, "at": datetime.fromisoformat(data["at"]), "document": document})
        return json_response({"ok": True})

    async def _bill(self, request: web.Request) -> web.Response:
        self.office.bill(orjson.loads(await request.read()))
        return json_response({"ok": True})
