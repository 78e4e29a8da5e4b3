"""A landscape with a third system: a bureau that reports what it knows only by its own numbers, is polled, follows, and answers questions."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.fulfilment import FulfilmentStatus
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.http import current_call
from crossdock.connectors.protocol import Capabilities, Inbound, InboundRequest, PollResult, Probe, Question, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SignatureInvalid
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, Outcome
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import FILES, Depot, Found, Running, ShopConnector, SteppedClock

STOCK = """
pattern: direct
timing: realtime
consequence: a customer waits
roles: {{shop: shop, source: bureau}}
trigger: {{sources: [shop]}}
direct:
  question: stock.available
  to: source
  time_limit: 300ms
  fallback: {fallback}
exception_owner: ops
"""

WORLD = {
    **FILES,
    "systems/bureau.yaml": (
        "kind: test_bureau\nowner: ops\nendpoint: http://127.0.0.1:1\npolls: [{channel: reports, every: 1s}]\n"
    ),
    "ownership.yaml": (
        "entities: {order: {owner: shop}, fulfilment_status: {owner: bureau}}\n"
        "events:\n  order.placed: {originates: [shop]}\n  order.changed: {originates: [shop]}\n"
        "  fulfilment.status: {originates: [bureau]}\n"
    ),
    "flows/orders.yaml": (
        "workflow: routing\ntrigger: {events: [order.placed, order.changed, fulfilment.status], sources: [shop]}\n"
        "roles: {shop: shop, target: depot, reports: bureau}\nexception_owner: ops\nconsequence: late orders\n"
        "budgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
    "flows/stock-refuse.yaml": STOCK.format(fallback="{mode: refuse, reason: wrong stock is sold}"),
    "flows/stock-assume.yaml": STOCK.format(
        fallback='{mode: assume, reason: enough for most, answer: {lines: [], as_of: "2026-11-23T08:00:00Z"}}'
    ),
    "flows/stock-last.yaml": STOCK.format(fallback="{mode: last_known, max_age: 15m, reason: stock moves slowly}"),
}


def report(number: str, status: str = "accepted", uid: str = "", count: int = 0) -> bytes:
    """What the bureau says of an order it knows as `number`; with `count` it is the so many-th it says of it."""
    return json.dumps({"uid": uid or f"r-{number}-{status}", "number": number, "status": status, "count": count}).encode()


@dataclass
class Bureau:
    """What the bureau has to say, and what it was asked; shared with its connector."""

    reports: list[bytes] = field(default_factory=list)
    failures: list[CrossdockError] = field(default_factory=list)
    polled: list[dict[str, Any]] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """When set to an event, polls wait for it after they have read."""
    answers: list[Any] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)


def bureau_connector(bureau: Bureau) -> type[BaseConnector]:
    class BureauConnector(BaseConnector):
        kind: ClassVar[str] = "test_bureau"
        capabilities: ClassVar[Capabilities] = Capabilities(
            receives=True, polls=True, topics=frozenset({"report"}), questions=frozenset({"stock.available"})
        )

        def receive(self, request: InboundRequest) -> Sequence[Inbound]:
            if request.headers.get("x-signature") != "good":
                raise SignatureInvalid
            return [_inbound(request.body)]

        def normalize(self, message: StoredMessage) -> Sequence[Event]:
            said = json.loads(message.body)
            data = FulfilmentStatus(fulfilment_number=said["number"], status=said["status"], at="2026-11-23T08:00:00Z")  # type: ignore[arg-type]
            reference = Reference("depot:order", said["number"])
            position = Position(f"bureau/{said['number']}", said["count"], contiguous=True) if said.get("count") else None
            return [Event(said["uid"], "fulfilment.status", self.context.system, "", data, data.at, (reference,), position)]

        async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
            bureau.polled.append(dict(cursor))
            if bureau.failures:
                raise bureau.failures.pop(0)
            start = int(cursor.get("next", 0))
            found = bureau.reports[start : start + 2]
            if bureau.gate is not None:
                await bureau.gate.wait()
            return PollResult([_inbound(body) for body in found], {"next": start + len(found)}, more=len(found) == 2)

        async def ask(self, question: Question) -> Mapping[str, Any]:
            call = current_call.get(None)
            bureau.traces.append(call.traceparent if call else "")
            answer = bureau.answers.pop(0)
            if isinstance(answer, float):
                await asyncio.sleep(answer)
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        async def probe(self) -> Probe:
            return Probe(healthy=True)

    return BureauConnector


def _inbound(body: bytes) -> Inbound:
    return Inbound("report", str(json.loads(body).get("uid", "")), body)


@dataclass
class Tracing(Depot):
    """A depot that also notes under which trace it was called."""

    traces: list[str] = field(default_factory=list)


def tracing_depot(depot: Tracing) -> type[BaseConnector]:
    class TracingDepot(BaseConnector):
        kind: ClassVar[str] = "test_depot"
        capabilities: ClassVar[Capabilities] = Capabilities(commands=frozenset({"document.send"}))

        async def deliver(self, command: Command) -> Outcome:
            call = current_call.get(None)
            depot.traces.append(call.traceparent if call else "")
            depot.taken.append((command.id, command.key))
            return Accepted({"references": [["depot:order", f"D-{command.data['document']['number']}"]]})

        async def find_effect(self, command: Command) -> Effect:
            return EffectFound({}) if any(one == command.id for one, _ in depot.taken) else EffectAbsent()

    return TracingDepot


@dataclass
class World(Running):
    """A running hub in this landscape."""

    bureau: Bureau = field(default_factory=Bureau)


@asynccontextmanager
async def world(
    root: Path, ledger_url: str, bureau: Bureau | None = None, depot: Tracing | None = None, **settings: Any
) -> AsyncIterator[World]:
    """Start a hub in this landscape."""
    for name, text in WORLD.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    bureau, depot, clock = bureau or Bureau(), depot or Tracing(), SteppedClock()
    chosen = PipelineSettings(**{"timers_every": 0.02, "idle": 0.02, "reconcile_first": 0.02, "grace": 2.0, **settings})
    connectors = {
        "test_shop": Found(ShopConnector), "test_depot": Found(tracing_depot(depot)), "test_bureau": Found(bureau_connector(bureau)),
    }  # fmt: skip
    hub = Hub(load(root), clock=clock, settings=chosen, location=LedgerLocation.parse(ledger_url), connectors=connectors)
    await hub.start()
    try:
        yield World(hub, depot, clock, bureau)
    finally:
        await hub.stop()
