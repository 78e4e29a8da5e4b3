"""What the tests of all web shops share: a receiver of webhooks, the poll to its end, messages as they lie in the ledger, commands."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web

from crossdock.canonical.events import Event
from crossdock.connectors.protocol import Inbound, InboundRequest, StoredMessage
from crossdock.connectors.web_shop import WebShopConnector
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.simulators.web_shop import WebShop
from crossdock.simulators.webhooks import Subscription

C = TypeVar("C", bound=WebShopConnector)

SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


@asynccontextmanager
async def connected(one: C) -> AsyncIterator[C]:
    """The connector, its HTTP client closed afterwards."""
    try:
        yield one
    finally:
        await one.context.http.close()


def stored(one: WebShopConnector, inbound: Inbound, at: datetime | None = None) -> StoredMessage:
    """A message as it lies in the ledger."""
    system, now = one.context.system, at or datetime.now(UTC)
    return StoredMessage("m-1", system, "webhook", inbound.topic, inbound.body, "application/json", {}, now)


def events_of(one: WebShopConnector, inbound: Inbound) -> list[Event]:
    """What a message becomes."""
    return list(one.normalize(stored(one, inbound)))


def meets(one: WebShopConnector, topic: str, value: Any) -> list[Event]:
    """What a document becomes: events, or none when it is refused with an error of the tree that can be written down."""
    body = json.dumps(value).encode("utf-8", "surrogatepass")
    try:
        return events_of(one, Inbound(topic, "x", body))
    except CrossdockError as error:
        json.dumps(error.as_dict())
        return []


async def polled(one: WebShopConnector, cursor: Mapping[str, Any] | None = None) -> tuple[list[Inbound], Mapping[str, Any]]:
    """Poll until there is no more."""
    result = await one.poll("orders", cursor or {})
    messages = list(result.messages)
    for _ in range(200):
        if not result.more:
            return messages, result.cursor
        result = await one.poll("orders", result.cursor)
        messages += result.messages
    raise AssertionError("the poll never ends")


def stock_command(system: str, levels: Mapping[str, str], command_id: str = "cmd-stock", location: str = "WH") -> Command:
    """A `shop.stock` command."""
    data = [
        {"sku": sku, "location": location, "on_hand": {"value": value}, "counted_at": "2026-03-05T08:00:00Z"}
        for sku, value in levels.items()
    ]
    return Command(command_id, "shop.stock", system, f"stock/{system}/x", {"refs": {}, "levels": data})


def samples(shop: str) -> Path:
    """The folder of a shop's webhooks that others published; it is not there where the corpus is not at hand."""
    corpus = Path(os.environ.get("CROSSDOCK_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
    return corpus / "webhooks" / shop


class Receiver:
    """What the hub's receive endpoint is for a shop's webhooks: verifies with the connector, can refuse on command."""

    def __init__(self, one: WebShopConnector | None = None) -> None:
        self.one = one
        self.got: list[Inbound] = []
        self.headers: list[Mapping[str, str]] = []
        self.refuse = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer 200 for an authentic webhook."""
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        assert self.one is not None
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.headers.append(headers)
        self.got += self.one.receive(InboundRequest("webhook", headers, await request.read(), datetime.now(UTC)))
        return web.Response()

    @asynccontextmanager
    async def listening(self, *shops: WebShop) -> AsyncIterator[Receiver]:
        """Listen, and have the shops send their webhooks here."""
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for shop in shops:
            shop.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")]
        try:
            yield self
        finally:
            await runner.cleanup()
