"""One trial: orders cross hubs that are killed while every simulated system misbehaves; the oracle and the ledger say what became of them."""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from crossdock.cli.demo import Figures, copy_landscape, figures_of
from crossdock.cli.hub_process import HubProcess
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.simulators.town import Town, Verdict

PARTITIONS = 16
"""How many the demo landscape has."""


@dataclass(slots=True)
class Outcome:
    """What came of one trial; `line` is its row in the log."""

    name: str
    seed: int
    verdict: Verdict
    figures: Figures
    kills: int
    seconds: float
    faults: int
    asked: int
    """How often a target was asked whether an uncertain effect had happened."""
    audit: dict[str, Any]
    told_twice: list[str]
    takeovers: list[float] = field(default_factory=list)
    """Seconds from each kill until the other hub owned every partition."""

    @property
    def broken(self) -> dict[str, object]:
        """Every promise that was not kept, with what shows it; empty when all were."""
        verdict, figures = self.verdict, self.figures
        found = {
            "lost": figures.lost(verdict),
            "doubled": [*verdict.doubles, *self.told_twice],
            "out of order": verdict.violations,
            "uncertain": figures.uncertain,
            "audit": self.audit["breaks"] or not self.audit["intact"],
        }
        return {promise: shown for promise, shown in found.items() if shown}

    def line(self) -> str:
        """The figures in one line."""
        verdict, figures = self.verdict, self.figures
        text = (
            f"{self.name} seed {self.seed}: {verdict.orders} orders, {verdict.delivered} delivered, {len(figures.lost(verdict))} lost, "
            f"{verdict.doubled + len(self.told_twice)} doubled, {verdict.order_violations} out of order, {figures.uncertain} uncertain, "
            f"{figures.exceptions} with people; {self.faults} faults, {self.kills} kills, {self.asked} effects asked for; "
            f"audit {'intact' if self.audit['intact'] else 'BROKEN'} ({self.audit['records']} records); {self.seconds:.0f} s"
        )
        if self.takeovers:
            text += f"; taken over in {', '.join(f'{s:.2f}' for s in self.takeovers)} s"
        return text


class Trial:
    """The simulated town, and `hubs` hubs on one ledger. `async with` starts and stops all of it."""

    def __init__(self, name: str, folder: Path, ledger: str, *, seed: int, orders: int, hubs: int = 1) -> None:
        self.name, self.folder, self.ledger, self.seed, self.orders = name, folder, ledger, seed, orders
        self.random = random.Random(seed)
        self.town = Town(seed=seed)
        self.hubs = [HubProcess(folder, {}, log=f"hub-{number}.log") for number in range(1, hubs + 1)]
        self.takeovers: list[float] = []

    async def __aenter__(self) -> Trial:
        chaotic_landscape(self.folder)
        await self.town.start()
        environment = {**self.town.environment(), "CROSSDOCK_LEDGER": self.ledger}
        try:
            for hub in self.hubs:
                hub.environment = environment
                await hub.start()
            self.town.connect(self.hubs[0].url)
            self.store = Store(LedgerLocation.parse(self.ledger))
            self.town.misbehave()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self.store.close()
        await self._end()

    async def _end(self) -> None:
        for hub in self.hubs:
            await hub.stop()
        await self.town.stop()

    async def run(self, trouble: Callable[[], Awaitable[None]], *, within: float) -> Outcome:
        """Let customers order all along while `trouble` happens; wait until all settled, at most `within` seconds; count."""
        started = time.monotonic()
        placing = asyncio.create_task(self._customers())
        try:
            await trouble()
            await placing
            calm = 0
            while calm < 3 and time.monotonic() - started < within:
                await asyncio.sleep(0.3)
                calm = calm + 1 if self._settled() else 0
        finally:
            placing.cancel()
        seconds = time.monotonic() - started
        asked = self.store.read.run(_asked)
        # counted after a clean stop: what a hub still had in hand then must not double anything either
        for hub in self.hubs:
            await hub.stop()
        return Outcome(
            self.name, self.seed, self.town.judge(), self._figures(), sum(hub.killed for hub in self.hubs), seconds,
            sum(simulator.faults.injected.total() for simulator in self.town.systems.values()), asked, await self._audit(),
            told_twice(self.town), self.takeovers,
        )  # fmt: skip

    async def _customers(self) -> None:
        for _ in range(self.orders):
            self.town.place_order()
            await asyncio.sleep(8.0 / self.orders)

    def _figures(self) -> Figures:
        return self.store.read.run(figures_of)

    def _settled(self) -> bool:
        figures = self._figures()
        return not figures.uncertain and not figures.lost(self.town.judge())

    async def _audit(self) -> dict[str, Any]:
        """What `crossdock audit verify` says, run as people run it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", "audit", "verify", "-L", str(self.folder), "--env", "demo", "--json",
            env={**os.environ, **self.hubs[0].environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, wrong = await process.communicate()
        assert process.returncode in (0, 1), wrong.decode()
        return dict(json.loads(said))

    # --- trouble ----------------------------------------------------------------------------------------

    async def kill_again_and_again(self, times: int) -> None:
        """kill -9 at random instants, and start again after another random while; one kill in three during the start itself."""
        [hub] = self.hubs
        for _ in range(times):
            await asyncio.sleep(self.random.uniform(0.5, 2.5))
            await hub.kill()
            await asyncio.sleep(self.random.uniform(0.0, 0.5))
            await hub.start()

    async def hand_over(self, times: int) -> None:
        """kill -9 the hub that gets the webhooks, watch the other take over, start it again; then the other way round."""
        first, second = self.hubs
        for _ in range(times):
            await _until(lambda a=first, b=second: _share_work(a, b), 20, "both hubs own partitions")
            await asyncio.sleep(self.random.uniform(0.5, 2.0))
            await first.kill()
            died = time.monotonic()
            self.town.connect(second.url)
            await _until(lambda hub=second: _owns_all(hub), 30, "the other hub owns every partition")
            self.takeovers.append(time.monotonic() - died)
            await asyncio.sleep(self.random.uniform(0.0, 1.0))
            await first.start()
            first, second = second, first


def chaotic_landscape(folder: Path) -> None:
    """The demo's landscape, with several workers allowed and the first retries soon, so that a trial ends soon."""
    copy_landscape(folder)
    head = folder / "environments/demo.yaml"
    head.write_text(head.read_text().replace("kind: embedded", "kind: postgresql"))
    for flow in (folder / "flows").glob("*.yaml"):
        text = re.sub(r"first_delay: \w+", "first_delay: 1s", flow.read_text())
        flow.write_text(re.sub(r"max_delay: \w+", "max_delay: 4s", text))


def told_twice(town: Town) -> list[str]:
    """Notes a customer of the outlet shop got more than once."""
    seen: set[tuple[str, str]] = set()
    found = []
    for effect in town.woo.effects_of("note"):
        note = (str(effect.data["order"]), str(effect.data["note"]))
        if note in seen:
            found.append(f"woo-outlet order {note[0]} noted twice: {note[1]}")
        seen.add(note)
    return found


def _asked(session: Session) -> int:
    return int(session.rows("SELECT COUNT(*) FROM ledger_attempt WHERE kind='reconcile'")[0][0])


async def _owned(hub: HubProcess) -> int:
    """How many partitions a hub says it owns; 0 while it does not answer."""
    try:
        async with aiohttp.request("GET", f"{hub.url}/metrics", timeout=aiohttp.ClientTimeout(2)) as answer:
            found = re.search(r"^crossdock_partitions_owned(?:\{[^}]*\})? ([0-9.]+)", await answer.text(), re.MULTILINE)
    except (aiohttp.ClientError, TimeoutError):
        return 0
    assert found, f"/metrics answers {answer.status} without crossdock_partitions_owned"
    return int(float(found[1]))


async def _owns_all(hub: HubProcess) -> bool:
    return await _owned(hub) == PARTITIONS


async def _share_work(one: HubProcess, other: HubProcess) -> bool:
    shares = await _owned(one), await _owned(other)
    return min(shares) >= PARTITIONS // 2 and sum(shares) == PARTITIONS


async def _until(condition: Callable[[], Awaitable[bool]], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if await condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"within {seconds} s not seen: {what}")
