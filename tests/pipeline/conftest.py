"""A hub in this process with a small landscape of its own: a shop that sends, a warehouse that takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.order import SalesOrder
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import Capabilities, Inbound, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, PayloadMalformed, SignatureInvalid
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, Outcome
from crossdock.landscape.load import load
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\n",
    "systems/shop.yaml": "kind: test_shop\nowner: ops\nendpoint: http://127.0.0.1:1\n",
    "systems/depot.yaml": "kind: test_depot\nowner: ops\nendpoint: http://127.0.0.1:1\nlimits: {concurrency: 64}\n",
    "ownership.yaml": "entities: {order: {owner: shop}}\nevents: {order.placed: {originates: [shop]}, order.changed: {originates: [shop]}}\n",
    "flows/orders.yaml": (
        "workflow: routing\ntrigger: {events: [order.placed, order.changed], sources: [shop]}\nroles: {shop: shop, target: depot}\n"
        "exception_owner: ops\nconsequence: late orders\nbudgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
}


def order_body(number: str, version: int = 1, sku: str = "A", **changes: Any) -> bytes:
    """The shop's wire format: a canonical order with its version."""
    order = {
        "number": number,
        "placed_at": "2026-11-23T08:00:00Z",
        "customer": {"id": "C1", "name": "Acme"},
        "ship_to": {"name": "Acme", "street": "Main St 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        "currency": "EUR",
        "lines": [
            {"number": "1", "sku": sku, "quantity": {"value": "2"}, "unit_price": {"amount": "9.50", "currency": "EUR"}},
        ],
        "total": {"amount": "19.00", "currency": "EUR"},
        **changes,
    }
    return json.dumps({"version": version, "order": order}).encode()


class ShopConnector(BaseConnector):
    """Sends orders signed with a fixed word."""

    kind: ClassVar[str] = "test_shop"
    capabilities: ClassVar[Capabilities] = Capabilities(receives=True, topics=frozenset({"order", "bundle"}))

    def receive(self, request: InboundRequest) -> Sequence[Inbound]:
        if request.headers.get("x-signature") != "good":
            raise SignatureInvalid
        key = request.headers.get("x-id") or request.body.decode("utf-8", "replace")
        return [Inbound(request.headers.get("x-topic", "order"), key, request.body)]

    def split(self, message: StoredMessage) -> Sequence[Inbound]:
        """A bundle carries orders, one a line."""
        if message.topic != "bundle":
            return ()
        return [Inbound("order", line.decode("utf-8", "replace"), line) for line in message.body.splitlines()]

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        if message.topic == "bundle":
            return ()
        try:
            content = json.loads(message.body, parse_float=Decimal)
        except ValueError:
            raise PayloadMalformed("not JSON") from None
        order = SalesOrder.model_validate(content["order"])
        version = int(content["version"])
        key = f"order/{content.get('for', self.context.system)}/{order.number}"
        return [
            Event(
                id=f"{order.number}:{version}",
                type="order.placed" if version == 1 else "order.changed",
                source=self.context.system,
                key=key,
                data=order,
                occurred_at=order.placed_at,
                references=(Reference(f"{self.context.system}:order", order.number),),
                position=Position(f"{self.context.system}/order", version, contiguous=bool(content.get("contiguous"))),
            )
        ]


@dataclass
class Depot:
    """What the warehouse took, and what it does next; shared with its connector."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    papers: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Business key and document of each command, in the order in which they came."""
    answers: list[Outcome | Callable[[Command], Outcome]] = field(default_factory=list)
    always: Outcome | None = None

    def counts(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for command_id, _ in self.taken:
            found[command_id] = found.get(command_id, 0) + 1
        return found


def depot_connector(depot: Depot) -> type[BaseConnector]:
    class DepotConnector(BaseConnector):
        kind: ClassVar[str] = "test_depot"
        capabilities: ClassVar[Capabilities] = Capabilities(commands=frozenset({"document.send"}))

        async def deliver(self, command: Command) -> Outcome:
            answer = depot.answers.pop(0) if depot.answers else depot.always
            if callable(answer) and not isinstance(answer, CrossdockError):
                return answer(command)
            if isinstance(answer, CrossdockError):
                raise answer
            depot.taken.append((command.id, command.key))
            depot.papers.append((command.key, command.data["document"]))
            return Accepted({"references": [["depot:order", f"D-{command.data['document']['number']}"]]})

        async def find_effect(self, command: Command) -> Effect:
            if any(command_id == command.id for command_id, _ in depot.taken):
                return EffectFound({"found": True})
            return EffectAbsent()

    return DepotConnector


@dataclass
class Found:
    """Stands in for an entry point."""

    value: Any

    def load(self) -> Any:
        return self.value


class SteppedClock:
    """A clock that tests move; it also moves a little by itself so that waits end."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(datetime.now(UTC).timestamp() + self.offset, UTC)


@dataclass
class Running:
    """A started hub with helpers to talk to it."""

    hub: Hub
    depot: Depot
    clock: SteppedClock

    @property
    def last(self) -> dict[str, str]:
        """Headers of the last answer."""
        return _last

    async def post(
        self, body: bytes, system: str = "shop", channel: str = "orders", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a message through the ASGI door."""
        given = {"x-signature": "good", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await call(self.hub.door, "POST", f"/in/{system}/{channel}", body, given)

    async def until(self, condition: Callable[[], bool], seconds: float = 10.0) -> None:
        """Wait for a condition; fails when it does not come true in time."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.01)

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return await self.hub.store.read.do(lambda s: s.rows(sql, args))

    async def until_rows(self, sql: str, expected: Callable[[list[tuple[Any, ...]]], bool], seconds: float = 10.0) -> list[Any]:
        async with asyncio.timeout(seconds):
            while not expected(found := await self.rows(sql)):
                await asyncio.sleep(0.02)
        return found


_last: dict[str, str] = {}


async def call(door: Any, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
    }
    await door(scope, receive, send)
    _last.clear()
    _last.update({k.decode().lower(): v.decode() for k, v in sent[0]["headers"]})
    text = b"".join(m.get("body", b"") for m in sent)
    plain = _last.get("content-type") == "text/plain" or not text.startswith((b"{", b"["))
    return sent[0]["status"], {"text": text.decode()} if plain else json.loads(text)


@pytest.fixture
def landscape_folder(tmp_path: Path) -> Path:
    root = tmp_path / "landscape"
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
def start(landscape_folder: Path, ledger_url: str):
    """Starts hubs on the same ledger, one after the other or side by side."""
    from crossdock.ledger.database import LedgerLocation

    @asynccontextmanager
    async def starter(depot: Depot | None = None, **settings: Any) -> AsyncIterator[Running]:
        depot, clock = depot or Depot(), SteppedClock()
        chosen = PipelineSettings(
            **{"timers_every": 0.02, "idle": 0.02, "reconcile_first": 0.02, "grace": 2.0, "prune_every": 0.0, **settings}
        )
        connectors = {"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(depot))}
        hub = Hub(
            load(landscape_folder),
            clock=clock,
            settings=chosen,
            location=LedgerLocation.parse(ledger_url),
            connectors=connectors,
        )
        await hub.start()
        try:
            yield Running(hub, depot, clock)
        finally:
            await hub.stop()

    return starter
