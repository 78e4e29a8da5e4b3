"""A customer's portal on loopback: it checks the signature of every webhook (standardwebhooks.com) and takes each id once."""

from __future__ import annotations

import base64
import hmac
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import Simulator, json_response


class CustomerPortal(Simulator):
    """One portal; `told` are the webhooks it took, by their id."""

    name: ClassVar[str] = "customer_portal"

    def __init__(self, faults: FaultPlan | None = None, *, secret: str = "whsec_c2ltdWxhdGVkLXNlY3JldA==") -> None:  # noqa: S107
        super().__init__(faults)
        self.secret = secret
        self.told: dict[str, dict[str, Any]] = {}

    def routes(self, app: web.Application) -> None:
        """One address for all webhooks."""
        app.router.add_post("/", self._take)

    def reset(self) -> None:
        """Nothing was told."""
        self.told = {}

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        identity, stamp = (request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp"))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = hmac.digest(key, b"%b.%b.%b" % (identity.encode(), stamp.encode(), body), "sha256")
        expected = "v1," + base64.b64encode(digest).decode()
        if not hmac.compare_digest(expected, request.headers.get("webhook-signature", "")):
            return json_response({"error": "wrong signature"}, 401)
        content = orjson.loads(body)
        if content["data"]["return_number"] == "UNKNOWN":
            return json_response({"error": "no such return here"}, 422)
        if identity not in self.told:
            self.told[identity] = content
            self.record(content["type"], content["data"]["return_number"], content["data"], idempotency_key=identity)
        return json_response({"ok": True})
