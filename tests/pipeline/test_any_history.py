"""Whatever happens in whatever order: events come twice, late and early, the target fails in every way, the hub is killed and started again.

Whole hubs on one ledger, one after the other; what the depot got is compared with what the shop said, not with what the hub believes.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.canonical.events import Event, Position
from crossdock.canonical.order import OrderCancellation
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import Capabilities, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, Contended, CredentialRefused, TargetUnavailable, Throttled
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.ledger.audit import verify
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import FILES, Found, ShopConnector, SteppedClock, call, order_body

WORLD = {
    **FILES,
    "ownership.yaml": (
        "entities: {order: {owner: shop}}\n"
        "events: {order.placed: {originates: [shop]}, order.changed: {originates: [shop]}, order.cancelled: {originates: [shop]}}\n"
    ),
    "systems/depot.yaml": FILES["systems/depot.yaml"] + "breaker: {failures: 3, pause: 5s, max_pause: 1m}\n",
    "flows/orders.yaml": (
        "workflow: routing\ntrigger: {events: [order.placed, order.changed, order.cancelled], sources: [shop]}\n"
        "roles: {shop: shop, target: depot}\nexception_owner: ops\nconsequence: late orders\n"
        "budgets: {default: {attempts: 100, first_delay: 1s, max_delay: 2s}}\n"
    ),
}
ORDERS, VERSIONS = 3, 4
SETTINGS = PipelineSettings(
    timers_every=0.01, idle=0.01, reconcile_first=0.01, reconcile_longest=1.0, reconcile_tell=1000, probe_every=0.02, grace=0.5,
    gap_patience=1e6, reference_patience=1e6,
)  # fmt: skip


class Shop(ShopConnector):
    """Counts the versions of an order without gaps; the last one may be a cancellation."""

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        said = json.loads(message.body)
        if said.get("cancelled"):
            number, version = str(said["number"]), int(said["version"])
            data = OrderCancellation(number=number, cancelled_at="2026-11-23T09:00:00Z")
            position = Position("shop/order", version, contiguous=True)
            key = f"order/{self.context.system}/{number}"
            return [
                Event(f"{number}:{version}", "order.cancelled", self.context.system, key, data, data.cancelled_at, (), position)
            ]
        return super().normalize(message)


@dataclass
class Depot:
    """What happened there, in order, and how it fails next."""

    effects: list[str] = field(default_factory=list)
    """Command ids, one for each effect."""
    troubles: list[str] = field(default_factory=list)
    asked: int = 0
    silent: asyncio.Event | None = None
    """Set to an event: the next call has its effect, sets the event, and gets no answer."""

    def happen(self, command: Command) -> Accepted:
        self.effects.append(command.id)
        return Accepted({})


TROUBLES: dict[str, Callable[[Depot, Command], Outcome]] = {}


def trouble(function: Callable[[Depot, Command], Outcome]) -> Callable[[Depot, Command], Outcome]:
    TROUBLES[function.__name__] = function
    return function


@trouble
def down(depot: Depot, command: Command) -> Outcome:
    raise TargetUnavailable("down")


@trouble
def throttled(depot: Depot, command: Command) -> Outcome:
    raise Throttled("slow down", retry_after=2.0)


@trouble
def contended(depot: Depot, command: Command) -> Outcome:
    raise Contended("lost a race")


@trouble
def refused(depot: Depot, command: Command) -> Outcome:
    raise CredentialRefused("expired")


@trouble
def lost_before(depot: Depot, command: Command) -> Outcome:
    raise AnswerLost("no answer")


@trouble
def lost_after(depot: Depot, command: Command) -> Outcome:
    depot.happen(command)
    raise AnswerLost("no answer")


@trouble
def broken_after(depot: Depot, command: Command) -> Outcome:
    depot.happen(command)
    raise ZeroDivisionError("a defect of the connector")


def depot_connector(depot: Depot) -> type[BaseConnector]:
    class DepotConnector(BaseConnector):
        kind: ClassVar[str] = "test_depot"
        capabilities: ClassVar[Capabilities] = Capabilities(commands=frozenset({"document.send"}))

        async def deliver(self, command: Command) -> Outcome:
            if depot.silent is not None:
                # the effect happens, and no answer comes for as long as the hub lives
                depot.happen(command)
                depot.silent.set()
                await asyncio.Event().wait()
            name = depot.troubles.pop(0) if depot.troubles else ""
            await asyncio.sleep(0)
            return TROUBLES[name](depot, command) if name else depot.happen(command)

        async def find_effect(self, command: Command) -> Effect:
            depot.asked += 1
            if depot.asked % 5 == 0:
                return EffectUnclear("cannot tell at the moment")
            return EffectFound({}) if command.id in depot.effects else EffectAbsent()

    return DepotConnector


class House:
    """The hub's machine: the hub on it is started, stopped and killed; its ledger stays."""

    def __init__(self, landscape: Landscape, ledger: Path) -> None:
        self.landscape = landscape
        self.location = LedgerLocation.parse(f"sqlite:///{ledger}")
        self.depot = Depot()
        self.clock = SteppedClock()
        self.sent: set[bytes] = set()
        self.hub: Hub

    async def start(self) -> None:
        connectors = {"test_shop": Found(Shop), "test_depot": Found(depot_connector(self.depot))}
        self.hub = Hub(self.landscape, clock=self.clock, settings=SETTINGS, location=self.location, connectors=connectors)
        await self.hub.start()

    async def stop(self) -> None:
        await self.hub.stop()

    async def die(self) -> None:
        """What a process leaves behind that ends in the middle of whatever it did: what it committed, and nothing else."""
        worker = self.hub.worker
        await _end(self.hub._tasks)
        await _end(list(worker.dispatcher._tasks))
        await worker._holding._engine.close()
        await self.hub.runtime.close()
        await asyncio.to_thread(self.hub.store.close)

    async def power_cut(self, body: bytes) -> None:
        """Send, and die in the instant in which something has had its effect and nobody knows."""
        self.depot.silent = asyncio.Event()
        await self.send(body)
        try:
            await asyncio.wait_for(self.depot.silent.wait(), 0.05)  # maybe nothing is to be done now
        except TimeoutError:
            pass
        await self.die()
        self.depot.silent = None
        await self.start()

    async def send(self, body: bytes) -> None:
        status, _ = await call(self.hub.door, "POST", "/in/shop/orders", body, {"x-signature": "good"})
        assert status == (200 if body in self.sent else 202)
        self.sent.add(body)

    async def settle(self) -> None:
        """Let everything come to its end, as fast as the clock can be moved."""
        async with asyncio.timeout(20):
            while True:
                self.clock.offset += 1.0
                await asyncio.sleep(0.01)
                if not await self.open():
                    return

    async def open(self) -> list[tuple[Any, ...]]:
        """What is still to be done."""
        read = self.hub.store.read
        return await read.do(
            lambda s: (
                s.rows("SELECT command_id, state FROM ledger_delivery WHERE state<10")
                + s.rows("SELECT id, state FROM ledger_message WHERE state=0")
                + s.rows("SELECT event_id, state FROM ledger_event WHERE state IN (0,4,5)")
            )
        )


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        # `asyncio.wait_for` of Python 3.11 may swallow one when its time is up in the same instant
        await asyncio.wait(left, timeout=0.05)


def said(what: tuple[int, int], cancelled: frozenset[int]) -> bytes:
    """What the shop says of (order, version): placed, changed, or, of those it has `cancelled`, that this is the end."""
    order, version = what
    if order in cancelled and version == VERSIONS:
        return json.dumps({"cancelled": True, "number": str(order), "version": version}).encode()
    return json.dumps({**json.loads(order_body(str(order), version)), "contiguous": True}).encode()


VERSION = st.tuples(st.integers(1, ORDERS), st.integers(1, VERSIONS))
STEPS = st.one_of(
    st.tuples(st.just("send"), VERSION),
    st.tuples(st.just("tell_again"), VERSION),
    st.tuples(st.just("power_cut"), VERSION),
    st.tuples(st.sampled_from(sorted(TROUBLES)), st.integers(1, 3)),
    st.tuples(st.just("later"), st.floats(0.1, 5.0)),
    st.tuples(st.sampled_from(["stop", "die", "moment", "well_again"]), st.none()),
)


async def live(house: House, steps: list[tuple[str, Any]], cancelled: frozenset[int]) -> None:
    """Live through a history, then let the shop say what it has not said yet and everything come to its end."""
    await house.start()
    for name, what in steps:
        if name in TROUBLES:
            house.depot.troubles += [name] * what
        elif name == "send":
            await house.send(said(what, cancelled))
        elif name == "tell_again":
            # the same fact as another message: as a poll finds what a webhook has told
            await house.send(said(what, cancelled) + b" ")
        elif name == "power_cut":
            await house.power_cut(said(what, cancelled))
        elif name == "later":
            house.clock.offset += what
            await asyncio.sleep(0.005)
        elif name == "moment":
            await asyncio.sleep(0.02)
        elif name == "well_again":
            house.depot.troubles.clear()
        else:
            await (house.stop() if name == "stop" else house.die())
            await house.start()
    for order in range(1, ORDERS + 1):
        for version in range(1, VERSIONS + 1):
            if (body := said((order, version), cancelled)) not in house.sent:
                await house.send(body)
    await house.settle()


def judge(house: House, audit: Any, exceptions: list[tuple[Any, ...]]) -> None:
    happened: dict[str, list[int]] = defaultdict(list)
    for command in house.depot.effects:
        order, version = command.rsplit(":", 2)[-2:]
        happened[order].append(int(version))
    assert dict(happened) == {str(order): list(range(1, VERSIONS + 1)) for order in range(1, ORDERS + 1)}
    assert not audit.breaks
    assert exceptions == []


@pytest.fixture(scope="module")
def blank() -> Iterator[tuple[Landscape, Path]]:
    """A landscape, and a ledger nothing has happened in yet, to be copied."""
    with tempfile.TemporaryDirectory(prefix="history-") as folder, pytest.MonkeyPatch.context() as patch:
        for name, text in WORLD.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        ledger = Path(folder) / "ledger.sqlite3"
        migrate(LedgerLocation.parse(f"sqlite:///{ledger}"))
        patch.setattr("crossdock.pipeline.hub.migrate", lambda _location: None)  # half of the time of a start, and done
        yield load(Path(folder)), ledger


@settings(max_examples=20)
@given(st.lists(STEPS, max_size=15), st.frozensets(st.integers(1, ORDERS)))
def test_every_version_has_its_effect_once_and_in_order(
    blank: tuple[Landscape, Path], steps: list[tuple[str, Any]], cancelled: frozenset[int]
) -> None:
    async def history(house: House) -> None:
        await live(house, steps, cancelled)
        try:
            read = house.hub.store.read
            audit = await read.do(lambda session: verify(session))
            exceptions = await read.do(lambda session: session.rows("SELECT code, key FROM ledger_exception WHERE state<2"))
        finally:
            await house.stop()
        judge(house, audit, exceptions)

    landscape, ledger = blank
    with tempfile.TemporaryDirectory(prefix="history-") as folder:
        asyncio.run(history(House(landscape, Path(shutil.copy(ledger, folder)))))
