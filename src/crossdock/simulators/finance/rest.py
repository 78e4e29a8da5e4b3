"""The finance system over the REST contract (connectors/finance/openapi.yaml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from crossdock.simulators.contract import ContractSimulator
from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.finance.books import Books
from crossdock.simulators.server import json_response

API_KEY = "finance-demo-api-key"


class Finance(ContractSimulator):
    """Takes the API key. `POST /_sim/settle/{number}` posts a journal that waits (`later`), or refuses it with `?reason=`."""

    name = "finance"
    statuses: ClassVar[Mapping[str, int]] = {"conflict": 409, "unknown_journal": 404}

    def __init__(self, faults: FaultPlan | None = None, *, later: bool = False) -> None:
        super().__init__(faults, API_KEY)
        self.books = Books(
            lambda kind, key, data, idempotency: self.record(kind, key, data, idempotency_key=idempotency), later=later
        )

    def reset(self) -> None:
        self.books.reset()

    def state(self) -> Mapping[str, Any]:
        return {"journals": len(self.books.journals), "acknowledgements": len(self.books.feed)}

    def routes(self, app: web.Application) -> None:
        app.router.add_get("/health", self.health)
        app.router.add_put("/journals/{number}", self._put)
        app.router.add_get("/journals/{number}", self._get)
        app.router.add_get("/journals", self._list)
        app.router.add_get("/acknowledgements", self._feed)
        app.router.add_post("/_sim/settle/{number}", self._settle)

    async def _put(self, request: web.Request) -> web.Response:
        return await self.put(request, self.books.take, "a journal")

    async def _get(self, request: web.Request) -> web.Response:
        return self.show(request, self.books.journals, "unknown_journal")

    async def _list(self, request: web.Request) -> web.Response:
        self.refuse_stranger(request)
        return json_response({"journals": self.books.posted(request.query.get("from", ""), request.query.get("to", ""))})

    async def _feed(self, request: web.Request) -> web.Response:
        self.refuse_stranger(request)
        after, limit = int(request.query.get("after", "0")), int(request.query.get("limit", "100"))
        return json_response({"acknowledgements": [each for each in self.books.feed if each["seq"] > after][:limit]})

    async def _settle(self, request: web.Request) -> web.Response:
        self.books.settle(request.match_info["number"], request.query.get("reason", ""))
        return json_response({})
