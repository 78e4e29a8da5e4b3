"""The base of simulators of Crossdock's own REST contracts: key, documents put by number, events to read on, callbacks signed. Knows no document.

The contracts are `openapi.yaml` beside the connectors; callbacks are signed as Standard Webhooks 1.0.0 says.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import InvalidOperation
from typing import Any, ClassVar, Protocol

import orjson
from aiohttp import web

from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.webhooks import RetryPolicy

NDJSON = "application/x-ndjson"


class Refused(Exception):
    """The system will not do it; `code` is one of its contract's."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Kept(Protocol):
    """A document as the system keeps it."""

    def as_json(self) -> Mapping[str, Any]:
        """What the contract shows of it."""
        ...


class ContractSimulator(Simulator):
    """Set `statuses`: the HTTP status of each code that is not 422. Callbacks are repeated as Standard Webhooks recommends, faster."""

    statuses: ClassVar[Mapping[str, int]]
    webhook_retry = RetryPolicy(delays=(5, 300, 1800, 7200, 18_000, 36_000), scale=0.001)
    webhook_concurrency = 4

    def __init__(self, faults: FaultPlan | None, api_key: str, webhook_secret: str = "") -> None:
        super().__init__(faults)
        self.api_key, self.webhook_secret = api_key, webhook_secret

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

    def knows(self, request: web.Request) -> bool:
        """Whether the sender may ask."""
        return request.headers.get("X-API-Key") == self.api_key

    def refuse_stranger(self, request: web.Request) -> None:
        """Raises 401 for a sender that is not known."""
        if not self.knows(request):
            raise web.HTTPUnauthorized(text='{"title": "unauthorized"}', content_type="application/json")

    def refuse(self, refused: Refused) -> web.Response:
        """A problem (RFC 9457) with the contract's code."""
        status = self.statuses.get(refused.code, 422)
        told = {"code": refused.code, "title": refused.code.replace("_", " "), "status": status, "detail": str(refused)}
        return web.Response(body=orjson.dumps(told), status=status, content_type="application/problem+json")

    async def health(self, request: web.Request) -> web.Response:
        """GET /health."""
        self.refuse_stranger(request)
        return json_response({"version": "1.0"})

    async def put(self, request: web.Request, take: Callable[[Any, str], tuple[Kept, bool]], what: str) -> web.Response:
        """PUT of a document under its number: 201 when it is new, 200 when it was there."""
        self.refuse_stranger(request)
        try:
            document = orjson.loads(await request.read())
            if document["number"] != request.match_info["number"]:
                raise Refused("invalid", "the number in the URL is another")
            taken, new = take(document, request.headers.get("Idempotency-Key", ""))
        except Refused as refused:
            return self.refuse(refused)
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, InvalidOperation):
            return self.refuse(Refused("invalid", f"not {what}"))
        return json_response(taken.as_json(), 201 if new else 200)

    def show(self, request: web.Request, known: Mapping[str, Kept], unknown: str, never: str = "received") -> web.Response:
        """GET of a document by its number."""
        self.refuse_stranger(request)
        found = known.get(request.match_info["number"])
        return self.refuse(Refused(unknown, f"never {never}")) if found is None else json_response(found.as_json())

    def cancellation(self, request: web.Request, cancel: Callable[[str, str], str]) -> web.Response:
        """PUT of a document's cancellation: what became of it."""
        self.refuse_stranger(request)
        try:
            status = cancel(request.match_info["number"], request.headers.get("Idempotency-Key", ""))
        except Refused as refused:
            return self.refuse(refused)
        return json_response({"status": status})

    def read_on(self, request: web.Request, log: Sequence[bytes]) -> web.Response:
        """GET of the lines after a number of them."""
        self.refuse_stranger(request)
        after, limit = int(request.query.get("after", 0)), int(request.query.get("limit", 500))
        return web.Response(body=b"".join(line + b"\n" for line in log[after : after + limit]), content_type=NDJSON)


def happened(request: web.Request, known: Mapping[str, Any], never: str, happen: Callable[[str], None]) -> web.Response:
    """A control: let what is known by the number in the path happen."""
    number = request.match_info["number"]
    if number not in known:
        return json_response({"error": f"{number} was never {never}"}, 404)
    happen(number)
    return json_response({"ok": True})
