"""A simulated returns portal of a distributor: customers ask there, the hub's answers are shown there; knows no order's price."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.server import Simulator, json_response


class ReturnsPortal(Simulator):
    """Signs what it tells (`X-Signature`: hex HMAC-SHA256 of the body), lists what it told, and takes each answer once."""

    name: ClassVar[str] = "returns-portal"

    def __init__(self, *, token: str = "portal-token", secret: str = "portal-secret") -> None:  # noqa: S107 - a simulator's secrets
        super().__init__()
        self.token, self.secret = token, secret
        self._numbers = itertools.count(1)
        self.requests_made: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def ask(self, shop: str, order_number: str, lines: Sequence[tuple[str, str, int]], reason: str = "changed_mind") -> str:
        """A customer asks to give back `lines` (order line, SKU, pieces); returns the request's number. Sends the webhook."""
        number = f"RQ-{next(self._numbers):05d}"
        at = datetime.now(UTC).isoformat()
        told = {
            "type": "return",
            "id": number,
            "shop": shop,
            "order": order_number,
            "at": at,
            "items": [{"line": line, "sku": sku, "pieces": str(pieces), "reason": reason} for line, sku, pieces in lines],
        }
        self.requests_made.append(told)
        self.record("return_asked", number, {"shop": shop, "order": order_number, "items": told["items"]})
        self.webhooks.send("return", orjson.dumps(told))
        return number

    def sign_webhook(self, delivery_id: str, topic: str, body: bytes) -> Mapping[str, str]:
        proof = hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        return {"Content-Type": "application/json", "X-Signature": proof}

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/answers", self._answer)
        app.router.add_get("/answers", self._find)
        app.router.add_get("/returns", self._list)
        app.router.add_get("/health", self._health)

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return json_response({"error": "who are you?"}, 401)
        return None

    async def _answer(self, request: web.Request) -> web.Response:
        body = orjson.loads(await request.read())
        if (refused := self._refused(request)) is not None:
            return refused
        known = self.answers.get(str(body["id"]))
        if known is None:
            self.answers[str(body["id"])] = body
            key = f"{body['request']}/{body['status']}"
            self.record("return_answered", key, {"refund": body.get("refund")}, idempotency_key=str(body["id"]))
        return json_response({"id": body["id"]}, 201 if known is None else 208)

    async def _find(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        found = self.answers.get(request.query.get("id", ""))
        return json_response({"items": [{"id": found["id"]}] if found else []})

    async def _list(self, request: web.Request) -> web.Response:
        if (refused := self._refused(request)) is not None:
            return refused
        since = int(request.query.get("since") or 0)
        told = self.requests_made[since : since + 200]
        return json_response(
            {"returns": told, "until": str(since + len(told)), "more": since + len(told) < len(self.requests_made)}
        )

    async def _health(self, request: web.Request) -> web.Response:
        return self._refused(request) or json_response({"ok": True})
