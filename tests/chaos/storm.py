"""A storm: orders cross a real hub while every simulated system misbehaves and workers are killed with -9 at random instants.

What came of it is counted at the simulated systems (`simulators.town`), not by the hub; of the hub's own ledger only what is still open,
what is with people and the audit chain are read.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from crossdock.cli.demo import PURCHASE_EVERY
from crossdock.drills.hub_process import HubProcess
from crossdock.drills.judging import apart, unbilled, undone, with_people
from crossdock.drills.landscape import copy_landscape
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.figures import open_business
from crossdock.ledger.session import Session
from crossdock.ledger.states import OPEN_DELIVERIES
from crossdock.ledger.store import Store
from crossdock.simulators.server import Effect
from crossdock.simulators.town import FAULTS, Town, Verdict
from tests.postgresql import OwnServer

RATES = {**FAULTS, "expired": 0.0004, "reset_later": 0.004}
"""All of the demo's, effects that happen when the hub has begun to ask about them, and credentials that are refused for a moment: that parks the system until a probe finds it well."""
WORST = frozenset(
    {
        "shipment_booked",
        "fulfilment",
        "milestone",
        "note",
        "fulfilment_released",
        "order_confirmed",
        "picking_validated",
        "got_850",
        "receipt_expected",
        "bill_created",
        "return_expected",
        "refund",
        "paper_created",
    }
)
"""Effects that must not happen again."""
PARTITIONS = 16
"""How many the demo landscape has."""
OPEN = ",".join(str(int(state)) for state in OPEN_DELIVERIES)


@dataclass
class Outcome:
    """What came of a storm."""

    ledger: str
    verdict: Verdict
    lost: tuple[str, ...]
    faults: dict[str, int]
    killed: int
    taken_over: Sequence[float]
    frozen: Sequence[float]
    struck: Sequence[str]
    outages: Sequence[float]
    seconds: float
    exceptions: dict[str, int]
    with_people: int
    open_deliveries: int
    difference: Decimal
    uncertain_open: int
    uncertain: int
    reconciled: int
    resent_blind: tuple[str, ...]
    told_twice: tuple[str, ...]
    forgotten: tuple[str, ...]
    audit: str
    breaks: int
    waiting: int
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def finance(self) -> dict[str, Any]:
        """What is wrong with the money, counted at the simulated systems; orders that are with people are left out."""
        return {
            "refunds_doubled": self.verdict.refunds_doubled,
            "invoices_before_ready": len(self.verdict.early_invoices),
            "difference": self.difference,
        }

    @property
    def good(self) -> bool:
        """Nothing lost, doubled, out of order, uncertain or stuck."""
        return not (
            self.lost
            or self.verdict.doubled
            or self.verdict.order_violations
            or any(self.finance.values())
            or self.uncertain_open
            or self.open_deliveries
            or self.waiting
            or self.resent_blind
            or self.told_twice
            or self.forgotten
            or self.breaks
        )

    def lines(self) -> list[str]:
        """The figures, to be printed."""
        took = f", partitions taken over after {seconds(self.taken_over)} s" if self.taken_over else ""
        return [
            f"{self.ledger}: {self.verdict.orders} orders, {self.verdict.delivered} delivered, {self.verdict.purchases} bought, "
            f"{self.verdict.bought} received and billed, {self.verdict.returns} given back, {self.with_people} with people, "
            f"{len(self.lost)} lost, {self.verdict.doubled} doubled, {self.verdict.order_violations} out of order, "
            f"{self.uncertain_open} uncertain open",
            f"  money: {', '.join(f'{name} {found}' for name, found in self.finance.items())}",
            f"  {sum(self.faults.values())} faults in {self.verdict.requests} requests, workers killed {self.killed} times{took}",
            *([f"  all killed in the instant of: {', '.join(self.struck)}"] if self.struck else []),
            *([f"  frozen and cut off, taken over after {seconds(self.frozen)} s"] if self.frozen else []),
            *([f"  database crashed, at work again {seconds(self.outages)} s after its start"] if self.outages else []),
            f"  {self.uncertain} deliveries were uncertain, questions asked about them {self.reconciled} times; {self.audit}; "
            f"{self.seconds:.0f} s",
            *(f"  {name}: {count} exceptions" for name, count in self.exceptions.items()),
            *(f"  {name}: {found}" for name, found in self.detail.items() if found),
        ]


class Storm:
    """One storm on one ledger. Several `workers` need PostgreSQL, whose `server`, when given, is crashed too; `seconds` goes on placing orders that long instead of a number."""

    def __init__(
        self,
        folder: Path,
        ledger: str,
        *,
        orders: int,
        blows: int,
        workers: int = 1,
        seed: int = 11,
        seconds: float = 0.0,
        rate: float = 25.0,
        server: OwnServer | None = None,
    ) -> None:
        self.folder, self.ledger, self.orders, self.seconds, self.rate, self.seed = folder, ledger, orders, seconds, rate, seed
        self.blows = blows
        self.server = server
        self.random = random.Random(seed)
        self.town = Town(seed=seed)
        self.hubs = [HubProcess(folder, {}, log=f"hub{number}.log") for number in range(workers)]
        self.taken_over: list[float] = []
        self.frozen: list[float] = []
        self.struck: list[str] = []
        self.outages: list[float] = []
        self.store: Store | None = None
        self.placed = self.begun = 0
        self.started = 0.0

    async def run(self, limit: float) -> Outcome:
        """Let it rage, wait until everything has come to its end, at most `limit` seconds, and count."""
        stormy_landscape(self.folder)
        await self.town.start()
        self.town.connect(self.hubs[0].url)
        self.started = time.monotonic()
        try:
            for hub in self.hubs:
                hub.environment = {**self.town.environment(), "CROSSDOCK_LEDGER": self.ledger}
                await hub.start()
            self.store = Store(LedgerLocation.parse(self.ledger))
            self.town.misbehave(RATES)
            async with asyncio.TaskGroup() as group:
                placing = group.create_task(self._place())
                group.create_task(self._strike(placing))
            await self._calm(limit)
            audit = await self._audit()
            return await asyncio.to_thread(self._outcome, audit)
        finally:
            for hub in self.hubs:
                await hub.stop()
            await self.town.stop()
            if self.store is not None:
                self.store.close()

    async def _place(self) -> None:
        """Place orders; of a given number a share with every blow, so that each finds orders on their way."""
        until = time.monotonic() + self.seconds
        while self.placed < self.orders or time.monotonic() < until:
            if self.seconds or self.placed < self.orders * (self.begun + 1) / (self.blows + 1):
                self.town.place_order()
                self.placed += 1
                if self.placed % PURCHASE_EVERY == 0:
                    self.town.buy()
            self.town.give_back()
            await asyncio.sleep(1.0 / self.rate)

    async def _strike(self, placing: asyncio.Task[None]) -> None:
        """One blow after the other, as long as orders are placed, and `blows` times."""
        done, blows = 0, [self._kill_one, self._cut_power, *([self._crash_ledger] if self.server else [])]
        while done < self.blows or (self.seconds and not placing.done()):
            await asyncio.sleep(self.random.uniform(0.5, 2.5))
            self.begun += 1
            await blows[done % len(blows)]()
            done += 1

    async def _kill_one(self) -> None:
        """Kill a worker at any instant, let the others go on alone for a moment, and start it again.

        Where there are others, one is frozen then: it is taken over, and goes on as if everything were still its own.
        """
        victim = self.random.choice(self.hubs)
        others = [hub for hub in self.hubs if hub is not victim]
        died = time.monotonic()
        await victim.kill()
        if others:
            self.town.connect(others[0].url)
            await self._until_taken_over(others)
            self.taken_over.append(time.monotonic() - died)
        await asyncio.sleep(self.random.uniform(0.0, 1.0))
        await victim.start()
        self.town.connect(victim.url)
        if others:
            await self._freeze(self.random.choice(self.hubs))

    async def _cut_power(self) -> None:
        """Kill all workers in the worst instant: when an effect has just become real in a system, and nobody has been answered yet."""
        happened: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        spared = iter(range(self.random.randrange(12)))

        def strike(effect: Effect) -> None:
            if effect.kind in WORST and not happened.done() and next(spared, None) is None:
                for hub in self.hubs:
                    os.kill(hub.pid, signal.SIGKILL)
                happened.set_result(effect.kind)

        for simulator in self.town.systems.values():
            simulator.on_effect = strike
        await asyncio.wait([happened], timeout=10)
        for simulator in self.town.systems.values():
            simulator.on_effect = None
        if happened.done():
            self.struck.append(happened.result())
        for hub in self.hubs:
            await hub.kill()
        await asyncio.sleep(self.random.uniform(0.0, 1.0))
        await asyncio.gather(*(hub.start() for hub in self.hubs))
        self.town.connect(self.hubs[0].url)

    async def _crash_ledger(self) -> None:
        """Crash the database server and start it again; the workers go on by themselves."""
        assert self.server is not None
        await self._until_taken_over(self.hubs)
        await asyncio.to_thread(self.server.stop)
        await asyncio.sleep(self.random.uniform(0.5, 2.0))
        await asyncio.to_thread(self.server.start)
        began = time.monotonic()
        await self._until_taken_over(self.hubs)
        self.outages.append(time.monotonic() - began)

    async def _freeze(self, victim: HubProcess) -> None:
        others = [hub for hub in self.hubs if hub is not victim]
        await self._until_taken_over(self.hubs)
        await asyncio.sleep(self.random.uniform(0.5, 2.0))
        began = time.monotonic()
        victim.freeze()
        try:
            self.town.connect(others[0].url)
            await asyncio.to_thread(cut_off, self.ledger, victim.pid)
            await self._until_taken_over(others)
            self.frozen.append(time.monotonic() - began)
            await asyncio.sleep(self.random.uniform(0.0, 1.0))
        finally:
            victim.thaw()
        await self._until_taken_over(self.hubs)

    async def _until_taken_over(self, alive: Sequence[HubProcess]) -> None:
        """Wait until the others say that every partition is worked on by one of them."""
        deadline = time.monotonic() + 30
        owned = [0]
        while time.monotonic() < deadline:
            owned = [await _owned(hub) for hub in alive]
            if sum(owned) == PARTITIONS:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"nobody took over the partitions: {owned}")

    async def _audit(self) -> dict[str, Any]:
        """What `crossdock audit verify` says, run as people run it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", "audit", "verify", "-L", str(self.folder), "--env", "demo", "--json",
            env={**os.environ, **self.hubs[0].environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, wrong = await process.communicate()
        assert process.returncode in (0, 1), wrong.decode()
        return dict(json.loads(said))

    async def _calm(self, limit: float) -> None:
        """Wait until every order arrived or is with a person and nothing is on its way, three looks in a row."""
        calm = 0
        while calm < 3 and time.monotonic() - self.started < limit:
            await asyncio.sleep(0.5)
            self.town.give_back()
            calm = calm + 1 if await asyncio.to_thread(self._settled) else 0

    def _settled(self) -> bool:
        assert self.store is not None
        figures = self.store.read.run(open_business)
        verdict = self.town.judge()
        money = unbilled(verdict, figures) or apart(verdict, figures)
        return not (figures.uncertain or undone(verdict, figures) or money or self.store.read.run(_open))

    def _outcome(self, audit: dict[str, Any]) -> Outcome:
        assert self.store is not None
        verdict, read = self.town.judge(), self.store.read.run
        figures = read(open_business)
        lost = tuple(undone(verdict, figures))
        # loaded before the ledger is asked: a transaction that stands still while modules load is ended by the server
        repeatable = _repeatable()
        resent = tuple(read(lambda session: _resent_blind(session, repeatable)))
        uncertain, reconciled = read(_reconciled)
        open_deliveries = read(_open)
        return Outcome(
            ledger=f"{self.store.location.vendor}, {len(self.hubs)} worker{'s' * (len(self.hubs) > 1)}, seed {self.seed}",
            verdict=verdict,
            lost=lost,
            faults={name: simulator.faults.injected.total() for name, simulator in self.town.systems.items()},
            killed=sum(hub.killed for hub in self.hubs),
            taken_over=self.taken_over,
            frozen=self.frozen,
            struck=self.struck,
            outages=self.outages,
            seconds=time.monotonic() - self.started,
            exceptions=figures.codes,
            with_people=with_people(figures),
            open_deliveries=open_deliveries,
            difference=sum(map(abs, (*unbilled(verdict, figures).values(), *apart(verdict, figures).values())), Decimal(0)),
            uncertain_open=figures.uncertain,
            uncertain=uncertain,
            reconciled=reconciled,
            resent_blind=resent,
            told_twice=tuple(_told_twice(self.town)),
            forgotten=tuple(read(lambda session: _forgotten(session, self.town))),
            audit=f"{audit['links']} audit links and {audit['compared']} payloads verified",
            breaks=len(audit["breaks"]) + (not audit["intact"]),
            waiting=len(read(_waiting)),
            detail={
                "lost": lost[:20],
                "doubled": verdict.doubles[:20],
                "violations": verdict.violations[:20],
                "refunds doubled": verdict.refunds_twice[:20],
                "billed too early": verdict.early_invoices[:20],
                "billed another sum": {order: str(by) for order, by in unbilled(verdict, figures).items()},
                "refunded another sum": {order: str(by) for order, by in apart(verdict, figures).items()},
                "resent without asking": resent[:20],
                "told twice": _told_twice(self.town)[:20],
                "acknowledged and forgotten": read(lambda session: _forgotten(session, self.town))[:20],
                "open": read(_still_open) if open_deliveries else (),
                "waiting": read(_waiting),
                "audit": () if audit["intact"] else ("not intact",),
                "broken": audit["breaks"][:20],
                "faults": dict(sum((simulator.faults.injected for simulator in self.town.systems.values()), Counter())),
            },
        )


@contextlib.contextmanager
def database(server: str) -> Iterator[str]:
    """A database of its own on a server, dropped afterwards."""
    import psycopg

    name = f"chaos{uuid.uuid4().hex[:10]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield f"{server}/{name}"
    finally:
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def stormy_landscape(folder: Path) -> None:
    """The demo's landscape for several workers, tried again soon: seven faults in a row must not take minutes."""
    copy_landscape(folder)
    binding = folder / "environments/demo.yaml"
    binding.write_text(binding.read_text().replace("kind: embedded", "kind: postgresql"))
    for flow in (folder / "flows").glob("*.yaml"):
        text = re.sub(r"first_delay: \w+", "first_delay: 1s", flow.read_text())
        flow.write_text(re.sub(r"max_delay: \w+", "max_delay: 4s", text))


def _told_twice(town: Town) -> list[str]:
    """What a customer of the outlet shop was told more than once."""
    told = Counter((str(effect.data["order"]), str(effect.data["note"])) for effect in town.woo.effects_of("note"))
    return [f"{order}: {note}" for (order, note), times in told.items() if times > 1]


def _forgotten(session: Session, town: Town) -> list[str]:
    """Webhooks whose sender was told that they are safe, and which the ledger does not have. A poll may make good for them, and hides it."""
    kept = {bytes(digest) for (digest,) in session.rows("SELECT content_hash FROM ledger_message")}
    return [
        f"{name} {hook.topic} {hook.id}"
        for name, simulator in town.systems.items()
        for hook in simulator.webhooks.log
        if hook.acknowledged and hashlib.sha256(hook.body).digest() not in kept
    ]


def cut_off(ledger: str, pid: int) -> None:
    """End the session in which a worker holds its partitions, as a network does that breaks."""
    import psycopg

    with psycopg.connect(**LedgerLocation.parse(ledger).conninfo(), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE %s", (f"crossdock %:{pid}",)
        )


def seconds(times: Sequence[float]) -> str:
    """Times for people."""
    return ", ".join(f"{each:.2f}" for each in times)


async def _owned(hub: HubProcess) -> int:
    """How many partitions a worker says it owns; 0 while it does not answer."""
    try:
        async with aiohttp.request("GET", f"{hub.url}/metrics", timeout=aiohttp.ClientTimeout(2)) as answer:
            found = re.search(r"^crossdock_partitions_owned(?:\{[^}]*\})? ([0-9.]+)", await answer.text(), re.MULTILINE)
    except (aiohttp.ClientError, TimeoutError):
        return 0
    assert found, f"/metrics answers {answer.status} without crossdock_partitions_owned"
    return int(float(found[1]))


def _open(session: Session) -> int:
    return int(session.rows(f"SELECT COUNT(*) FROM ledger_delivery WHERE state IN ({OPEN})")[0][0])


def _still_open(session: Session) -> list[tuple[Any, ...]]:
    return session.rows(f"SELECT command_id, state, attempts, next_at FROM ledger_delivery WHERE state IN ({OPEN}) LIMIT 20")


def _waiting(session: Session) -> list[tuple[Any, ...]]:
    """Events that wait for another that never came."""
    return session.rows(
        "SELECT type, source, key, stream, number, state, note, event_id FROM ledger_event WHERE state IN (4,5) LIMIT 20"
    )


def _reconciled(session: Session) -> tuple[int, int]:
    asked = session.rows("SELECT COUNT(DISTINCT delivery_id), COUNT(*) FROM ledger_attempt WHERE kind='reconcile'")
    return int(asked[0][0]), int(asked[0][1])


def _repeatable() -> frozenset[str]:
    """Commands that some connector repeats by construction."""
    from importlib.metadata import entry_points

    kinds = [point.load() for point in entry_points(group="crossdock.connectors")]
    return frozenset().union(*(kind.capabilities.repeatable for kind in kinds))


def _resent_blind(session: Session, repeatable: frozenset[str]) -> list[str]:
    """Deliveries sent again after an uncertain attempt without asking first, though repeating them is not safe by construction."""
    names: dict[int, str] = dict(session.rows("SELECT id, name FROM ledger_delivery"))
    found, before = [], (0, "", "")
    for delivery, kind, outcome in session.rows("SELECT delivery_id, kind, outcome FROM ledger_attempt ORDER BY delivery_id, id"):
        if before == (delivery, "deliver", "uncertain") and kind == "deliver" and names[delivery] not in repeatable:
            found.append(f"{names[delivery]} {delivery}")
        before = (delivery, kind, outcome)
    return found
