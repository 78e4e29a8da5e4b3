"""What the tests of all payment gateways share: money commands, messages as they lie in the ledger, a receiver of webhooks, the corpus."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from crossdock.canonical.events import Event
from crossdock.connectors.gateway import GatewayConnector
from crossdock.connectors.protocol import Inbound, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.simulators.server import Simulator
from crossdock.simulators.webhooks import Subscription


def order_to(name: str, payment: str, amount: str = "", currency: str = "EUR", id_: str = "", **data: Any) -> Command:
    """A money command as processes issue it."""
    content: dict[str, Any] = {
        "payment_reference": payment,
        "order_number": "1001",
        "justified_by": "e-1",
        "approved_by": "policy:p",
        **data,
    }
    if amount:
        content["amount"] = {"amount": amount, "currency": currency}
    return Command(id_ or f"order/shop/1001:{name}:{amount}", name, "gateway", "order/shop/1001", content)


def stored(one: GatewayConnector, topic: str, body: bytes, content_type: str = "application/json") -> StoredMessage:
    """A message as it lies in the ledger."""
    return StoredMessage("m-1", one.context.system, "webhook", topic, body, content_type, {}, datetime.now(UTC))


def events_of(one: GatewayConnector, inbound: Inbound) -> list[Event]:
    """What a message becomes."""
    return list(one.normalize(stored(one, inbound.topic, inbound.body, inbound.content_type)))


def arrived(one: GatewayConnector, headers: Mapping[str, str], body: bytes, at: datetime | None = None) -> list[Inbound]:
    """The messages of a webhook."""
    return list(one.receive(InboundRequest("webhook", headers, body, at or datetime.now(UTC))))


def samples(gateway: str) -> list[Path]:
    """The webhooks of a gateway that others published; none where the corpus is not at hand."""
    corpus = Path(os.environ.get("CROSSDOCK_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
    return sorted((corpus / "webhooks" / gateway).glob("*.json"))


class Hub:
    """The hub's receive endpoint for one connector: messages once by their identity, events once by theirs."""

    def __init__(self, one: GatewayConnector) -> None:
        self.one = one
        self.messages: dict[str, Inbound] = {}
        self.told: list[Event] = []
        self.events: dict[str, Event] = {}
        self.refused: list[CrossdockError] = []
        self.down = 0

    def take(self, found: Inbound) -> None:
        """Take one message, webhook or polled. An event told again must be the same to the last byte."""
        if found.dedupe_key in self.messages:
            return
        self.messages[found.dedupe_key] = found
        for event in events_of(self.one, found):
            self.told.append(event)
            before = self.events.setdefault(event.id, event)
            assert before.data == event.data, f"{event.id} told twice with different content"

    def of(self, kind: str) -> list[Any]:
        """The payloads of all events of one type."""
        return [event.data for event in self.events.values() if event.type == kind]

    async def _post(self, request: web.Request) -> web.Response:
        if self.down:
            self.down -= 1
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = InboundRequest("webhook", headers, await request.read(), datetime.now(UTC))
        try:
            found = self.one.receive(asked)
        except CrossdockError as error:
            self.refused.append(error)
            return web.Response(status=401)
        for each in found:
            self.take(each)
        reply = self.one.reply(asked, found, ["new"] * len(found))
        return web.Response(status=reply.status, body=reply.body) if reply is not None else web.Response()

    @asynccontextmanager
    async def listening(self, simulator: Simulator) -> AsyncIterator[Hub]:
        """Listen, and have the gateway send its webhooks here."""
        app = web.Application()
        app.router.add_post("/hook", self._post)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        simulator.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{runner.addresses[0][1]}/hook")]
        try:
            yield self
        finally:
            await runner.cleanup()
