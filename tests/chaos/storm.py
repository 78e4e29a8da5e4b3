"""A storm: orders cross a real hub while every simulated system misbehaves and workers are killed with -9 at random instants.

What came of it is counted at the simulated systems (`simulators.town`), not by the hub; of the hub's own ledger only what is still open,
what is with people and the audit chain are read.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from crossdock.cli.demo import copy_landscape, figures_of
from crossdock.cli.hub_process import HubProcess
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.session import Session
from crossdock.ledger.states import OPEN_DELIVERIES
from crossdock.ledger.store import Store
from crossdock.simulators.town import FAULTS, Town, Verdict

RATES = {**{name: rate * 1.5 for name, rate in FAULTS.items()}, "expired": 0.0004}
"""More than in the demo, and credentials that are refused for a moment: that parks the system until a probe finds it well."""
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
    seconds: float
    exceptions: dict[str, int]
    with_people: int
    open_deliveries: int
    uncertain_open: int
    uncertain: int
    reconciled: int
    resent_blind: tuple[str, ...]
    told_twice: tuple[str, ...]
    audit: str
    breaks: int
    waiting: int
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Nothing lost, doubled, out of order, uncertain or stuck."""
        return not (
            self.lost
            or self.verdict.doubled
            or self.verdict.order_violations
            or self.uncertain_open
            or self.resent_blind
            or self.told_twice
            or self.breaks
        )

    def lines(self) -> list[str]:
        """The figures, to be printed."""
        took = f", partitions taken over after {', '.join(f'{s:.2f}' for s in self.taken_over)} s" if self.taken_over else ""
        return [
            f"{self.ledger}: {self.verdict.orders} orders, {self.verdict.delivered} delivered, {self.with_people} with people, "
            f"{len(self.lost)} lost, {self.verdict.doubled} doubled, {self.verdict.order_violations} out of order, "
            f"{self.uncertain_open} uncertain open",
            f"  {sum(self.faults.values())} faults in {self.verdict.requests} requests, workers killed {self.killed} times{took}",
            f"  {self.uncertain} deliveries were uncertain, questions asked about them {self.reconciled} times; {self.audit}; "
            f"{self.seconds:.0f} s",
            *(f"  {name}: {count} exceptions" for name, count in self.exceptions.items()),
            *(f"  {name}: {found}" for name, found in self.detail.items() if found),
        ]


class Storm:
    """One storm on one ledger. Several `workers` need PostgreSQL; `seconds` goes on placing orders that long instead of a number."""

    def __init__(
        self,
        folder: Path,
        ledger: str,
        *,
        orders: int,
        kills: int,
        workers: int = 1,
        seed: int = 11,
        seconds: float = 0.0,
        rate: float = 25.0,
    ) -> None:
        self.folder, self.ledger, self.orders, self.seconds, self.rate, self.seed = folder, ledger, orders, seconds, rate, seed
        self.kills = kills
        self.random = random.Random(seed)
        self.town = Town(seed=seed)
        self.hubs = [HubProcess(folder, {}, log=f"hub{number}.log") for number in range(workers)]
        self.taken_over: list[float] = []
        self.store: Store | None = None
        self.placed = 0
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
                group.create_task(self._kill(placing))
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
        until = time.monotonic() + self.seconds
        while self.placed < self.orders or time.monotonic() < until:
            self.town.place_order()
            self.placed += 1
            await asyncio.sleep(1.0 / self.rate)

    async def _kill(self, placing: asyncio.Task[None]) -> None:
        """Kill a worker, let the others go on alone for a moment, and start it again; as long as orders are placed, and `kills` times."""
        done = 0
        while done < self.kills or (self.seconds and not placing.done()):
            await asyncio.sleep(self.random.uniform(1.0, 6.0))
            victim = self.random.choice(self.hubs)
            died = time.monotonic()
            await victim.kill()
            done += 1
            others = [hub for hub in self.hubs if hub is not victim]
            if others:
                self.town.connect(others[0].url)
                await self._until_taken_over(others)
                self.taken_over.append(time.monotonic() - died)
            await asyncio.sleep(self.random.uniform(0.0, 1.0))
            await victim.start()
            self.town.connect(victim.url)

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
            calm = calm + 1 if await asyncio.to_thread(self._settled) else 0

    def _settled(self) -> bool:
        assert self.store is not None
        figures = self.store.read.run(figures_of)
        return not figures.uncertain and not figures.lost(self.town.judge()) and not self.store.read.run(_open)

    def _outcome(self, audit: dict[str, Any]) -> Outcome:
        assert self.store is not None
        verdict, read = self.town.judge(), self.store.read.run
        figures = read(figures_of)
        lost = tuple(figures.lost(verdict))
        uncertain, reconciled = read(_reconciled)
        open_deliveries = read(_open)
        return Outcome(
            ledger=f"{self.store.location.vendor}, {len(self.hubs)} worker{'s' * (len(self.hubs) > 1)}, seed {self.seed}",
            verdict=verdict,
            lost=lost,
            faults={name: simulator.faults.injected.total() for name, simulator in self.town.systems.items()},
            killed=sum(hub.killed for hub in self.hubs),
            taken_over=self.taken_over,
            seconds=time.monotonic() - self.started,
            exceptions=figures.codes,
            with_people=len(figures.excepted),
            open_deliveries=open_deliveries,
            uncertain_open=figures.uncertain,
            uncertain=uncertain,
            reconciled=reconciled,
            resent_blind=tuple(read(_resent_blind)),
            told_twice=tuple(_told_twice(self.town)),
            audit=f"{audit['links']} audit links and {audit['compared']} payloads verified",
            breaks=len(audit["breaks"]) + (not audit["intact"]),
            waiting=read(lambda s: s.rows("SELECT COUNT(*) FROM ledger_event WHERE state IN (4,5)"))[0][0],
            detail={
                "lost": lost[:20],
                "doubled": verdict.doubles[:20],
                "violations": verdict.violations[:20],
                "resent without asking": read(_resent_blind)[:20],
                "told twice": _told_twice(self.town)[:20],
                "open": read(_still_open) if open_deliveries else (),
                "broken": audit["breaks"][:20],
                "faults": dict(sum((simulator.faults.injected for simulator in self.town.systems.values()), Counter())),
            },
        )


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


def _reconciled(session: Session) -> tuple[int, int]:
    asked = session.rows("SELECT COUNT(DISTINCT delivery_id), COUNT(*) FROM ledger_attempt WHERE kind='reconcile'")
    return int(asked[0][0]), int(asked[0][1])


def _resent_blind(session: Session) -> list[str]:
    """Deliveries sent again after an uncertain attempt without asking first, though repeating them is not safe by construction."""
    from importlib.metadata import entry_points

    kinds = [point.load() for point in entry_points(group="crossdock.connectors")]
    repeatable = frozenset().union(*(kind.capabilities.repeatable for kind in kinds))
    names = dict(session.rows("SELECT id, name FROM ledger_delivery"))
    found, before = [], (0, "", "")
    for delivery, kind, outcome in session.rows("SELECT delivery_id, kind, outcome FROM ledger_attempt ORDER BY delivery_id, id"):
        if before == (delivery, "deliver", "uncertain") and kind == "deliver" and names[delivery] not in repeatable:
            found.append(f"{names[delivery]} {delivery}")
        before = (delivery, kind, outcome)
    return found
