"""A hub with one trading partner, a desk that takes whatever is routed to it, and a wire between hub and partner that tests hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson
import pytest

from crossdock.canonical.events import EVENT_PAYLOADS, Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.protocol import Capabilities, Inbound, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, Unauthenticated
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.edi.x12 import envelope as x12
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.transports.base import BaseTransport
from crossdock.transports.protocol import Collected, Incoming, Outgoing, Sent, TransportCapabilities
from tests.pipeline.conftest import Found, SteppedClock, call

PARTNER = """
title: Acme Stores
state: live
owner: ops
systems: [acme]
identifiers: [{scheme: "x12:zz", value: SENDER}, {scheme: "edifact:14", value: "4012345000009"}]
contacts: [{role: edi, email: edi@acme.example}]
transports: {wire: {kind: loopback}}
exchange:
  ours: [{scheme: "x12:zz", value: RECEIVER}, {scheme: "edifact:14", value: "5412345000013"}]
agreements:
  - {document: "850", direction: in, format: x12, version: "004010", options: {currency: USD, country: US}}
  - {document: "860", direction: in, format: x12, version: "004010", options: {currency: USD, country: US}}
  - {document: "855", direction: in, format: x12, version: "004010", options: {currency: USD, country: US}}
  - {document: "856", direction: in, format: x12, version: "004010", options: {currency: USD, country: US}}
  - {document: "810", direction: in, format: x12, version: "004010", options: {currency: USD, country: US}}
  - {document: "850", direction: out, format: x12, version: "004010", acknowledge_within: 1h}
  - {document: "860", direction: out, format: x12, version: "004010", acknowledge_within: 1h}
"""

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\n",
    "systems/acme.yaml": "kind: edi\nowner: ops\nlimits: {max_body: 64MB}\n",
    "systems/desk.yaml": "kind: test_desk\nowner: ops\nendpoint: http://127.0.0.1:1\n",
    "partners/acme.yaml": PARTNER,
    "ownership.yaml": (
        "entities: {}\nevents:\n"
        + "".join(
            f"  {event}: {{originates: [acme, desk]}}\n"
            for event in (
                "order.placed",
                "order.changed",
                "order.amended",
                "order.cancelled",
                "purchase_order.answered",
                "ship_notice.received",
                "supplier_invoice.received",
                "interchange.received",
                "document.sent",
                "document.acknowledged",
                "purchase_order.confirmed",
            )
        )
    ),
    "flows/edi.yaml": (
        "workflow: interchange\ntrigger: {events: [interchange.received, document.sent, document.acknowledged], sources: [acme]}\n"
        "roles: {partner: acme}\nexception_owner: ops\nconsequence: partners wait\n"
        "budgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
    "flows/sales.yaml": (
        "workflow: routing\ntrigger: {events: [order.placed, order.changed, order.amended, order.cancelled], sources: [acme]}\n"
        "roles: {partner: acme, target: desk}\nexception_owner: ops\nconsequence: late orders\n"
        "budgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
    "flows/buying.yaml": (
        "workflow: test_buying\ntrigger: {events: [purchase_order.confirmed, purchase_order.answered, ship_notice.received, document.acknowledged], "
        "sources: [desk]}\nroles: {erp: desk, supplier: acme}\nexception_owner: ops\nconsequence: late goods\n"
        "budgets: {default: {attempts: 4, first_delay: 1s, max_delay: 2s}}\n"
    ),
}


@dataclass
class Wire:
    """What went to the partner, and how its server answers next."""

    sent: list[Outgoing] = field(default_factory=list)
    problems: list[CrossdockError] = field(default_factory=list)
    lost_answers: int = 0
    """So many sends arrive although their answer is lost."""
    inbox: list[bytes] = field(default_factory=list)
    """What lies in the partner's out-box, for polls."""
    tells: bool = True
    """Whether the partner's server can say what arrived."""

    def bodies(self, kind: str = "") -> list[bytes]:
        return [each.body for each in self.sent if not kind or each.file_name.startswith(kind)]

    def segments(self, kind: str) -> list[list[str]]:
        """The segments of the last document of a kind that went out, envelope and all."""
        body = self.bodies(kind)[-1].decode("latin-1")
        return [segment.split("*") for segment in body.replace("\n", "").split("~") if segment]


def loopback(wire: Wire) -> type[BaseTransport]:
    class Loopback(BaseTransport):
        kind: ClassVar[str] = "loopback"
        capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(
            sends=True, receives=True, collects=True, finds=True
        )

        def receive(self, request: InboundRequest) -> Sequence[Incoming]:
            if request.headers.get("authorization") != "Bearer good":
                raise Unauthenticated
            return [Incoming(request.body, request.headers.get("x-id", "m"), request.headers.get("x-file", ""))]

        async def send(self, envelope: Outgoing) -> Sent:
            if wire.problems:
                problem = wire.problems.pop(0)
                if wire.lost_answers:
                    wire.lost_answers -= 1
                    wire.sent.append(envelope)
                raise problem
            wire.sent.append(envelope)
            return Sent({"status": "200"}, envelope.message_id)

        async def collect(self, cursor: Mapping[str, Any]) -> Collected:
            done = int(cursor.get("done", 0))
            found = wire.inbox[done : done + 2]
            messages = [Incoming(body, f"file-{done + n}", f"{done + n}.edi") for n, body in enumerate(found)]
            return Collected(messages, {"done": done + len(found)}, done + len(found) < len(wire.inbox))

        async def find(self, message_id: str) -> Effect:
            if not wire.tells:
                return EffectUnclear("this server cannot say", retry_after=0.05)
            return EffectFound({}) if any(each.message_id == message_id for each in wire.sent) else EffectAbsent()

    return Loopback


@dataclass
class Desk:
    """What was routed to the desk."""

    taken: list[Command] = field(default_factory=list)

    def documents(self, event: str) -> list[dict[str, Any]]:
        return [dict(c.data["document"]) for c in self.taken if c.data.get("event") == event]


def desk_connector(desk: Desk) -> type[BaseConnector]:
    class DeskConnector(BaseConnector):
        kind: ClassVar[str] = "test_desk"
        capabilities: ClassVar[Capabilities] = Capabilities(
            receives=True,
            topics=frozenset({"purchase"}),
            commands=frozenset({"document.send"}),
            repeatable=frozenset({"document.send"}),
        )

        def receive(self, request: InboundRequest) -> Sequence[Inbound]:
            return [Inbound("purchase", request.headers["x-id"], request.body)]

        def normalize(self, message: StoredMessage) -> Sequence[Event]:
            content = orjson.loads(message.body)
            order = EVENT_PAYLOADS["purchase_order.confirmed"].model_validate(content)
            return [
                Event(
                    f"po/{content['number']}", "purchase_order.confirmed", "desk", f"purchase/desk/{content['number']}", order,
                    datetime(2026, 11, 23, 8, tzinfo=UTC),
                )
            ]  # fmt: skip

        async def deliver(self, command: Command) -> Outcome:
            if all(command.id != each.id for each in desk.taken):
                desk.taken.append(command)
            return Accepted({})

    return DeskConnector


@dataclass
class Gateway:
    """A started hub between a partner and a desk."""

    hub: Hub
    wire: Wire
    desk: Desk
    clock: SteppedClock

    async def post(self, body: bytes, system: str = "acme", channel: str = "wire", **headers: str) -> tuple[int, dict[str, Any]]:
        given = {"authorization": "Bearer good", **{k.replace("_", "-"): v for k, v in headers.items()}}
        return await call(self.hub.door, "POST", f"/in/{system}/{channel}", body, given)

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> Any:
        async with asyncio.timeout(seconds):
            while not (found := condition()):
                await asyncio.sleep(0.01)
        return found

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return await self.hub.store.read.do(lambda s: s.rows(sql, args))

    async def until_rows(
        self, sql: str, expected: Callable[[list[tuple[Any, ...]]], bool] = bool, seconds: float = 20.0
    ) -> list[Any]:
        async with asyncio.timeout(seconds):
            while not expected(found := await self.rows(sql)):
                await asyncio.sleep(0.02)
        return found

    async def problems(self, count: int = 1) -> list[dict[str, Any]]:
        """Open exceptions, once there are so many: code, message, detail, key."""
        rows = await self.until_rows(
            "SELECT code, message, detail, key, slot FROM ledger_exception WHERE state<2 ORDER BY id",
            lambda found: len(found) >= count,
        )
        return [
            {"code": code, "message": message, "detail": orjson.loads(detail or "{}"), "key": key, "slot": slot}
            for code, message, detail, key, slot in rows
        ]

    async def notes(self) -> str:
        from crossdock.ledger.payloads import unpack

        rows = await self.rows("SELECT records FROM ledger_audit ORDER BY id")
        return b"\n".join(unpack(bytes(each[0])) for each in rows).decode("utf-8", "replace")


@pytest.fixture
def files() -> dict[str, str]:
    return dict(FILES)


@pytest.fixture
def gateway(files: dict[str, str], tmp_path: Path, ledger_url: str, monkeypatch: pytest.MonkeyPatch):
    """Starts hubs on the same ledger, one after the other."""
    from tests.edi_gateway.buying import TestBuying

    @asynccontextmanager
    async def starter(
        wire: Wire | None = None, desk: Desk | None = None, clock: SteppedClock | None = None, **settings: Any
    ) -> AsyncIterator[Gateway]:
        wire, desk, clock = wire or Wire(), desk or Desk(), clock or SteppedClock()
        root = tmp_path / "landscape"
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        loop = loopback(wire)
        monkeypatch.setattr("crossdock.connectors.carriage.transport_kind", lambda kind, of="": loop)
        chosen = PipelineSettings(
            **{"timers_every": 0.02, "idle": 0.02, "reconcile_first": 0.02, "grace": 2.0, "prune_every": 0.0, **settings}
        )
        connectors = {"edi": Found(EdiConnector), "test_desk": Found(desk_connector(desk))}
        import crossdock.pipeline.runtime as runtime

        real = runtime.found
        monkeypatch.setattr(
            runtime,
            "found",
            lambda group: {**real(group), **({"test_buying": Found(TestBuying)} if "processes" in group else {})},
        )
        hub = Hub(load(root), clock=clock, settings=chosen, location=LedgerLocation.parse(ledger_url), connectors=connectors)
        await hub.start()
        try:
            yield Gateway(hub, wire, desk, clock)
        finally:
            await hub.stop()

    return starter


def interchanges(body: bytes) -> list[Any]:
    """What is in bytes that went out, read with the library."""
    return x12.read(body)
