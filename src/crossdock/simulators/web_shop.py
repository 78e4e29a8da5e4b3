"""What simulated web shops have in common: shoppers and staff, the controls under /_sim/, the count of doubled effects; knows no API."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import orjson
from aiohttp import web

from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.shop_store import Lines, Refused, ShopStore
from crossdock.simulators.shoppers import Article


class WebShop(Simulator, ABC):
    """One shop. A subclass sets `store` in `reset`, and `once`: the kinds of effects of which each key may happen only once."""

    once: ClassVar[frozenset[str]] = frozenset()
    store: ShopStore

    @abstractmethod
    def number_of(self, order: Mapping[str, Any]) -> str:
        """The order's number, as its customer knows it."""

    @abstractmethod
    def announce_new(self, order: Mapping[str, Any]) -> None:
        """Send the webhooks of a new order."""

    @abstractmethod
    def announce_change(self, order: Mapping[str, Any]) -> None:
        """Send the webhook of an order that was edited."""

    @abstractmethod
    def cancel_order(self, number: str | int, reason: str = "") -> dict[str, Any]:
        """Cancel the order and send its webhooks. Raises KeyError, Refused."""

    # Shoppers and staff ---------------------------------------------------------------------------------------

    def place_order(self, lines: Lines | None = None, *, seed: int | None = None, **fields: Any) -> dict[str, Any]:
        """A customer orders: given `(sku, quantity)` lines or a random basket; `fields` overwrite the payload's. Sends webhooks."""
        order = self.store.place(random.Random(seed), lines, **fields)
        self.announce_new(order)
        return order

    def place_orders(self, count: int, seed: int = 0) -> list[dict[str, Any]]:
        """Several random orders, the same ones under the same seed."""
        rng = random.Random(seed)
        return [self.place_order(seed=rng.randrange(1 << 30)) for _ in range(count)]

    def change_order(self, number: str | int, lines: Lines, **fields: Any) -> dict[str, Any]:
        """Staff edit the order to hold exactly these lines. Sends the webhook of a change. Raises KeyError."""
        order = self.store.change(number, lines, **fields)
        self.announce_change(order)
        return order

    def stock_catalogue(self, catalogue: Sequence[Article | Mapping[str, Any]]) -> None:
        """Sell these articles too."""
        self.store.stock_catalogue(catalogue)

    def doubled(self) -> dict[str, int]:
        """Effects that happened more than once though they may not (`once`)."""
        counts = Counter((effect.kind, effect.key) for effect in self.effects if effect.kind in self.once)
        return {f"{kind} {key}": count for (kind, key), count in counts.items() if count > 1}

    def _told(self, kind: str, key: str, data: Mapping[str, Any], idempotency_key: str) -> None:
        self.record(kind, key, data, idempotency_key=idempotency_key)

    # Controls -------------------------------------------------------------------------------------------------

    def controls(self, app: web.Application) -> None:
        """Register what a test or a person may tell this shop to do."""
        app.router.add_post("/_sim/orders", self._place)
        app.router.add_post("/_sim/orders/{number}/change", self._change)
        app.router.add_post("/_sim/orders/{number}/cancel", self._cancel)
        app.router.add_get("/_sim/orders/{number}", self._show)
        app.router.add_post("/_sim/catalogue", self._catalogue)

    async def _place(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read() or b"{}")
        try:
            if data.get("catalogue"):
                self.stock_catalogue(data["catalogue"])
            if data.get("lines"):
                orders = [self.place_order(data["lines"], seed=data.get("seed"), **data.get("fields", {}))]
            else:
                orders = self.place_orders(int(data.get("count", 1)), int(data.get("seed", 0)))
        except (KeyError, ValueError, TypeError) as problem:
            return json_response({"error": str(problem)}, 400)
        return json_response({"orders": [self.number_of(order) for order in orders]}, 201)

    async def _change(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read())
        return self.answered(lambda: self.change_order(request.match_info["number"], data["lines"], **data.get("fields", {})))

    async def _cancel(self, request: web.Request) -> web.Response:
        data = orjson.loads(await request.read() or b"{}")
        given = {"reason": data["reason"]} if "reason" in data else {}
        return self.answered(lambda: self.cancel_order(request.match_info["number"], **given))

    async def _show(self, request: web.Request) -> web.Response:
        return self.answered(lambda: self.store.find(request.match_info["number"]))

    async def _catalogue(self, request: web.Request) -> web.Response:
        self.stock_catalogue(orjson.loads(await request.read()))
        return json_response({"articles": len(self.store.articles)})

    def answered(self, act: Callable[[], Mapping[str, Any]]) -> web.Response:
        """The answer of a control: what `act` gives, 404 for an unknown order, the shop's refusal."""
        try:
            return json_response(act())
        except KeyError as problem:
            return json_response({"error": str(problem)}, 404)
        except Refused as problem:
            return json_response({"error": str(problem)}, problem.status)
