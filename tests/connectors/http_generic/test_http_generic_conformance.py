"""The generic HTTP connector, configured for a made-up system, through the public conformance suite."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.connectors.http_generic.connector import HttpConnector
from crossdock.connectors.http_generic.options import HttpOptions
from crossdock.simulators.server import Simulator, json_response
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    MessageSample,
    PollSample,
    QuestionSample,
    RequestSample,
    SimulatorTarget,
    Target,
)

KEY = "legacy-api-key-1"
OPTIONS: dict[str, Any] = {
    "auth": {"kind": "api_key", "header": "X-Key"},
    "channels": {
        "orders": {
            "auth": {
                "kind": "hmac",
                "header": "X-Signature",
                "part": "v1",
                "timestamp": {"part": "t"},
                "signed": "{timestamp}.{body}",
            },
            "topic": {"path": "kind"},
            "dedupe": {"paths": ["no", "rev"]},
        },
    },
    "documents": {
        "order": {
            "event": "order.placed",
            "key": "order/{@system}/{no}",
            "id": "{no}/{rev}",
            "references": [{"scheme": "{@system}:order", "value": "{no}"}],
            "occurred_at": {"from": "when", "as": {"date": {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}}},
            "position": {"stream": "{@system}/order/{no}", "number": "rev"},
            "fields": {
                "number": "no",
                "placed_at": {"from": "when", "as": {"date": {"format": "%d.%m.%Y %H:%M", "zone": "Europe/Berlin"}}},
                "customer.id": "buyer.id",
                "customer.name": {"concat": {"of": ["buyer.first", "buyer.last"]}},
                "ship_to.country": {"from": "buyer.country", "as": "country"},
                "currency": {"const": "EUR"},
                "total.amount": {"from": "sum", "as": {"decimal": {"mark": ",", "group": "."}}},
                "total.currency": {"const": "EUR"},
                "lines": {
                    "each": "rows",
                    "fields": {
                        "number": "#",
                        "sku": "art",
                        "quantity.value": {"from": "qty", "as": "decimal"},
                        "unit_price.amount": {"from": "cents", "as": {"shift": -2}},
                        "unit_price.currency": {"const": "EUR"},
                    },
                },
            },
        },
    },
    "commands": {
        "document.send": {
            "path": "/api/documents",
            "idempotency_header": "Idempotency-Key",
            "body": {"ref": "@id", "type": "event", "doc": "document"},
            "message": "error",
            "ack": {"answer": "id"},
            "find_effect": {
                "path": "/api/documents",
                "query": {"ref": "@id"},
                "found": {"path": "hits.0", "present": True},
                "ack": {"answer": "hits.0.id"},
            },
            "batch": {
                "max": 10,
                "path": "/api/documents/bulk",
                "at": "items",
                "answers": "results",
                "match": "ref",
                "success_when": {"path": "ok", "equals": True},
                "message": "error",
            },
        },
        "stock.adjust": {
            "method": "PUT",
            "path": "/api/stock/{levels.0.sku}",
            "idempotency_header": "Idempotency-Key",
            "body": {"qty": {"from": "levels.0.on_hand.value", "as": "number"}},
            "message": "error",
            "repeatable": True,
            "ack": {"adjusted": {"from": "qty", "as": "text"}},
            "serial": ["product/{levels.0.sku}"],
        },
    },
    "questions": {
        "stock.available": {
            "method": "POST",
            "path": "/api/available",
            "body": {"skus": {"each": "lines", "value": "sku"}},
            "answer": {
                "lines": {
                    "each": "stock",
                    "fields": {"sku": "sku", "available": {"from": "free", "as": "text"}, "enough": "enough"},
                },
                "as_of": "at",
            },
        },
    },
    "polls": {
        "changes": {
            "path": "/api/changes",
            "query": {"after": "@cursor.after"},
            "start": {"after": 0},
            "split": "orders",
            "topic": {"path": "kind"},
            "dedupe": {"paths": ["no", "rev"]},
            "cursor": {"after": "last"},
            "more": {"path": "more", "equals": True},
        },
    },
    "probe": {"path": "/api/health", "success": [200]},
}


class Configured(HttpConnector):
    """The made-up system, with what it can do declared on the class as the suite wants it."""

    capabilities = HttpOptions.model_validate(OPTIONS).capabilities()


def order(number: str = "A-17", rev: int = 1) -> dict[str, Any]:
    rows = [{"art": "LAMP", "qty": 2, "cents": 1250}, {"art": "GLUE", "qty": "1.5", "cents": 399}]
    buyer = {"id": 7, "first": "Ada", "last": "Byron", "country": "Germany"}
    return {
        "kind": "order",
        "no": number,
        "rev": rev,
        "when": "04.03.2026 11:00",
        "buyer": buyer,
        "sum": "1.030,99",
        "rows": rows,
    }


class Legacy(Simulator):
    """A system with ideas of its own."""

    name = "legacy"

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, dict[str, Any]] = {}
        self.changes: list[dict[str, Any]] = []

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/api/documents", self.create)
        app.router.add_get("/api/documents", self.search)
        app.router.add_post("/api/documents/bulk", self.bulk)
        app.router.add_put("/api/stock/{sku}", self.stock)
        app.router.add_post("/api/available", self.available)
        app.router.add_get("/api/changes", self.changed)
        app.router.add_get("/api/health", self.health)

    def check(self, request: web.Request) -> None:
        if request.headers.get("X-Key") != KEY:
            raise web.HTTPUnauthorized

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["doc"].get("bad"):
            return {"ref": body["ref"], "ok": False, "error": "Feld 'bad' unerwünscht"}
        made = self.documents.setdefault(body["ref"], {"id": f"D{len(self.documents) + 1}", "ref": body["ref"], "ok": True})
        self.record("document", body["ref"], body, idempotency_key=body["ref"])
        return made

    async def create(self, request: web.Request) -> web.Response:
        self.check(request)
        made = self.take(await request.json())
        return json_response(made, 201 if made["ok"] else 422)

    async def bulk(self, request: web.Request) -> web.Response:
        self.check(request)
        return json_response({"results": [self.take(body) for body in reversed((await request.json())["items"])]})

    async def search(self, request: web.Request) -> web.Response:
        self.check(request)
        found = self.documents.get(request.query["ref"])
        return json_response({"hits": [found] if found else []})

    async def stock(self, request: web.Request) -> web.Response:
        self.check(request)
        body = orjson.loads(await request.read())
        if body["qty"] < 0:
            return json_response({"error": "negative stock"}, 422)
        key = request.headers["Idempotency-Key"]
        if not any(effect.idempotency_key == key for effect in self.effects):
            self.record("stock", request.match_info["sku"], body, idempotency_key=key)
        return web.Response(body=b'{"qty": %b}' % orjson.dumps(body["qty"]), content_type="application/json")

    async def available(self, request: web.Request) -> web.Response:
        self.check(request)
        skus = (await request.json())["skus"]
        stock = [{"sku": sku, "free": 12.5, "enough": True} for sku in skus]
        return json_response({"stock": stock, "at": "2026-03-04T10:00:00Z"})

    async def changed(self, request: web.Request) -> web.Response:
        self.check(request)
        after = int(request.query["after"])
        page = self.changes[after : after + 2]
        return json_response({"orders": page, "last": after + len(page), "more": after + 2 < len(self.changes)})

    async def health(self, request: web.Request) -> web.Response:
        self.check(request)
        return json_response({"ok": True})


class TestHttp(ConnectorConformance):
    connector = Configured
    system = "legacy"
    options: ClassVar[Mapping[str, Any]] = OPTIONS
    secrets: ClassVar[Mapping[str, str]] = {"api_key": KEY, "webhook_secret": "legacy-webhook-secret"}

    def target(self) -> Target:
        return SimulatorTarget(Legacy())

    def commands(self) -> Sequence[CommandSample]:
        levels = [
            {
                "sku": "LAMP 1/2",
                "location": "WH",
                "on_hand": {"value": "12.50", "unit": "C62"},
                "counted_at": "2026-03-04T10:00:00Z",
            }
        ]
        negative = [{**levels[0], "on_hand": {"value": "-1", "unit": "C62"}}]
        return [
            CommandSample(
                "document.send",
                {"event": "order.placed", "document": {"number": "1001"}},
                path="/api/documents*",
                method="POST",
                ack=("answer",),
                refused={"document": {"bad": 1}},
                refused_words="unerwünscht",
            ),
            CommandSample(
                "stock.adjust",
                {"levels": levels, "reference": "count"},
                path="/api/stock/*",
                method="PUT",
                ack=("adjusted",),
                refused={"levels": negative},
                refused_words="negative stock",
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("orders", orjson.dumps(order()), ["order"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        stamp = str(int(at.timestamp()))
        digest = hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
        return {"x-signature": f"t={stamp},v1={digest}"}

    def messages(self) -> Sequence[MessageSample]:
        return [MessageSample("order", orjson.dumps(order()), ["order.placed"])]

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        return [[MessageSample("order", orjson.dumps(order(rev=rev)), ["order.placed"]) for rev in (1, 2, 3)]]

    def questions(self) -> Sequence[QuestionSample]:
        return [
            QuestionSample(
                "stock.available", {"lines": [{"sku": "LAMP", "quantity": "3"}]}, ("lines", "as_of"), path="/api/available"
            )
        ]

    def polls(self) -> Sequence[PollSample]:
        async def changed(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.changes = [order(f"A-{number}") for number in range(5)]
            return {}

        return [PollSample("changes", ("order",), prepare=changed, path="/api/changes")]
