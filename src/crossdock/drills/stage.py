"""Where a drill takes place: simulated systems, a real hub as a process of its own, and its ledger to look into; knows no kind of trouble."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from crossdock.core.errors import Deferred
from crossdock.drills.hub_process import HubProcess
from crossdock.drills.landscape import copy_landscape
from crossdock.ledger import alerts
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.figures import OpenBusiness, open_business
from crossdock.ledger.store import Store

if TYPE_CHECKING:
    from crossdock.simulators.town import Town, Verdict

OTHERS: Final = frozenset(
    {
        "order_placed", "picked", "received", "returned", "stock_adjusted", "payment_captured", "return_asked", "purchase_created",
        "purchase_confirmed", "product_created",
    }
)  # fmt: skip
"""What happens in the simulated systems without the hub."""
PURCHASE_EVERY: Final = 4
"""After so many orders the distributor orders something of its supplier, where a drill is thorough."""
PATIENCE: Final[Mapping[str, float]] = {"timeout_delay": 0.8, "late_delay": 0.3, "linger_delay": 1.4, "retry_after": 1}


class CommandFailed(Deferred):
    """A command that a drill needs failed."""

    code = "drill.command_failed"
    hint = "What it said is in the message; call it by hand."


class Stage:
    """Use it with `async with`: everything is set up on free ports and in a temporary folder, and taken down again.

    On PostgreSQL (`ledger` is its URL) there are two workers; the first one is the one that dies.
    """

    def __init__(self, seed: int, ledger: str = "") -> None:
        self.seed = seed
        self.folder = Path(tempfile.mkdtemp(prefix="crossdock-drill-"))
        self.ledger = ledger or f"sqlite:///{(self.folder / 'var/ledger.sqlite3').absolute()}"
        workers = 2 if ledger.startswith("postgresql") else 1
        self.hubs = [HubProcess(self.folder, {}, log=f"hub-{number}.log") for number in range(workers)]
        self.town: Town = _town(seed)
        self.placed: dict[str, float] = {}
        """Orders with the time each was placed, in seconds since the epoch."""
        self._store: Store | None = None
        self._resending: asyncio.Task[int] | None = None

    async def __aenter__(self) -> Stage:
        try:
            copy_landscape(self.folder)
            await self.town.start()
            self.town.connect(self.hubs[-1].url)
            environment = {**self.town.environment(), "CROSSDOCK_LEDGER": self.ledger, "CROSSDOCK_WATCH_EVERY": "2"}
            for hub in self.hubs:
                hub.environment = environment
                await hub.start()
            self._open()
        except BaseException:
            await self._down()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._down()

    async def _down(self) -> None:
        # nothing of it is kept, so that nobody waits for an orderly end
        await asyncio.gather(*(hub.kill() for hub in self.hubs if hub.running))
        if self._resending is not None:
            self._resending.cancel()
        await self.town.stop()
        if self._store is not None:
            await asyncio.to_thread(self._store.close)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _open(self) -> None:
        self._store = Store(LedgerLocation.parse(self.ledger))

    async def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            await asyncio.to_thread(store.close)

    def place(self, *, thorough: bool = False) -> None:
        """A customer orders something; `thorough`: now and then the distributor does, too."""
        self.placed[self.town.place_order()] = time.time()
        if thorough and len(self.placed) % PURCHASE_EVERY == 0:
            self.town.buy()

    def trouble(self, systems: tuple[str, ...], rates: Mapping[str, float]) -> None:
        """Let these systems misbehave from now on."""
        from crossdock.simulators.faults import FaultPlan

        for name in systems:
            self.town.systems[name].faults = FaultPlan.of({"seed": self.seed, "rates": dict(rates), **PATIENCE})

    def mend(self, systems: tuple[str, ...]) -> None:
        """These systems are well again."""
        for name in systems:
            self.town.systems[name].faults.on = False

    async def kill_and_restart(self) -> tuple[float, float]:
        """kill -9 of the first worker, and what a supervisor does then; the time of death, and when another was started."""
        died = time.time()
        await self.hubs[0].kill()
        started = time.time()
        await self.hubs[0].start()
        return died, started

    async def kill_all(self) -> float:
        """kill -9 of every worker; the time of death."""
        died = time.time()
        await asyncio.gather(*(hub.kill() for hub in self.hubs))
        return died

    async def start_all(self) -> None:
        """Start every worker again."""
        for hub in self.hubs:
            await hub.start()

    async def call(self, *arguments: str) -> dict[str, Any]:
        """What a command says as JSON, called as a person calls it. Raises `CommandFailed`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", *arguments, "--landscape", str(self.folder), "--env", "demo", "--json",
            env={**os.environ, **self.hubs[0].environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, wrong = await process.communicate()
        if process.returncode:
            raise CommandFailed(
                f"crossdock {' '.join(arguments[:2])} ended with {process.returncode}: {(said or wrong).decode()[-300:]}"
            )
        return dict(orjson.loads(said))

    async def back_up(self) -> dict[str, Any]:
        """Take a backup amid the work."""
        return await self.call("backup", "--to", str(self.folder / "backups"))

    async def destroy_and_restore(self) -> dict[str, Any]:
        """The ledger is gone (on PostgreSQL: what is in the database does not count any more), and the backup is put back."""
        await self._close()
        path = LedgerLocation.parse(self.ledger).path
        if path is not None:
            for each in path.parent.glob(f"{path.name}*"):
                each.unlink()
        more = () if path is not None else ("--replace",)
        return await self.call("restore", "--from", str(self.folder / "backups"), *more)

    async def back_at_work(self) -> None:
        """The restored hub starts, and the partner that can only send is asked to send again, as the hub's own exception asks people to."""
        await self.start_all()
        self._open()
        self._resending = asyncio.create_task(self.town.acme.again())

    def send_again(self) -> int:
        """Every system that sends webhooks sends everything once more; how many that are."""
        return sum(system.webhooks.again() for system in self.town.systems.values())

    async def differing(self) -> list[str]:
        """Transactions whose recorded facts would lead to other decisions today."""
        found = []
        for name in list(self.placed):
            try:
                await self.call("replay", f"order/{name}")
            except CommandFailed:
                found.append(name)
        return found

    async def alerts(self) -> set[str]:
        """Identities of every alert there is or was."""
        assert self._store is not None
        kept = await asyncio.to_thread(self._store.read.run, lambda session: alerts.kept(session, 0))
        return {each.identity for each in kept}

    async def look(self) -> tuple[Verdict, OpenBusiness]:
        """What happened at the systems, and what the ledger says is open."""
        assert self._store is not None
        business = await asyncio.to_thread(self._store.read.run, open_business)
        return self.town.judge(), business

    def moved_since(self, moment: float, systems: tuple[str, ...] = ()) -> float | None:
        """When the hub first had an effect after `moment`, at any of these systems (all without names); None while it had none."""
        times = [
            effect.at
            for name, simulator in self.town.systems.items()
            if not systems or name in systems
            for effect in simulator.effects
            if effect.at > moment and effect.kind not in OTHERS and not effect.kind.startswith(("got_", "sent_"))
        ]
        return min(times, default=None)


def _town(seed: int) -> Town:
    # every command would wait for the simulators' libraries otherwise
    from crossdock.simulators.town import Town

    return Town(seed=seed)
