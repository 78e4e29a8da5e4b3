"""The lists of a simulated Stripe account, newest first, with Stripe's filters; knows no HTTP server."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from aiohttp import web

from crossdock.simulators.stripe.errors import Refused, missing
from crossdock.simulators.stripe.objects import Json
from crossdock.simulators.stripe.store import Store


class Lists:
    """Answers to list requests. `pending` says to how many endpoints an event has not been delivered."""

    def __init__(self, store: Store, pending: Callable[[str], int]) -> None:
        self.store = store
        self._pending = pending

    def refunds(self, request: web.Request, params: dict[str, Any], _key: str) -> Any:
        """Refunds, of one payment or all."""
        of = params.get("payment_intent")
        if of is not None:
            self.store.intent(of)
        return self._page(request, self.store.refunds, params, lambda one: of in (None, one["payment_intent"]))

    def payouts(self, request: web.Request, params: dict[str, Any], _key: str) -> Any:
        """Payouts of a status."""
        status = params.get("status")
        return self._page(request, self.store.payouts, params, lambda one: status in (None, one["status"]))

    def transactions(self, request: web.Request, params: dict[str, Any], _key: str) -> Any:
        """Movements of the balance, of one automatic payout or all."""
        of = params.get("payout")
        if of is not None:
            payout = self.store.payouts.get(of)
            if payout is None:
                raise missing("payout", of, "payout")
            if not payout["automatic"]:
                words = "Balance transaction history can only be filtered on automatic transfers, not manual."
                raise Refused(400, words, param="payout")
        page = self._page(request, self.store.transactions, params, lambda one: of in (None, self.store.paid_out.get(one["id"])))
        if "data.source" in params.get("expand", ()):
            page["data"] = [self.store.expanded(one) for one in page["data"]]
        return page

    def events(self, request: web.Request, params: dict[str, Any], _key: str) -> Any:
        """Events by type and by whether they were delivered."""
        types, delivered = params.get("types"), params.get("delivery_success")
        if types and len(types) > 20:
            raise Refused(400, "You can only filter on up to 20 types.", param="types")

        def wanted(one: Json) -> bool:
            return (not types or one["type"] in types) and (
                delivered is None or (delivered == "true") == (not self._pending(one["id"]))
            )

        page = self._page(request, self.store.events, params, wanted)
        page["data"] = [{**one, "pending_webhooks": self._pending(one["id"])} for one in page["data"]]
        return page

    def _page(self, request: web.Request, every: dict[str, Json], params: dict[str, Any], wanted: Callable[[Json], bool]) -> Json:
        """Newest first, as all lists of Stripe are; `created[gte]`, `limit` and `starting_after` as Stripe takes them."""
        since, limit = int((params.get("created") or {}).get("gte", 0)), int(params.get("limit", 10))
        if not 1 <= limit <= 100:
            raise Refused(400, "Invalid integer: limit must be between 1 and 100", "parameter_invalid_integer", param="limit")
        after = params.get("starting_after")
        if after is not None and after not in every:
            raise missing("object", after, "starting_after")
        newest = iter(reversed(every.values()))
        if after is not None:
            next(one for one in newest if one["id"] == after)
        found = list(islice((one for one in newest if one["created"] >= since and wanted(one)), limit + 1))
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit, "url": request.path}
