"""Which partitions this worker owns, and what follows when it gains, gives up or loses some; who owns what is the engine's to decide."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence

from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable
from crossdock.engine.protocol import Engine
from crossdock.ledger import work as ledger
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.ids import Numbers
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.contributions import Contributions
from crossdock.pipeline.delivery import from_row
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.instances import InstanceCache
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.taking import Taking

log = logging.getLogger("crossdock.worker")


class Holding:
    """The owned partitions. Everything the worker keeps in memory of a partition comes and goes with it."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        dispatcher: Dispatcher,
        cache: InstanceCache,
        intake: IntakeBuffer,
        taking: Taking,
        contributions: Contributions,
        numbers: Numbers,
        clock: Clock,
        settings: PipelineSettings,
        meters: Meters,
        partitions: int,
    ) -> None:
        self.owned: dict[int, OwnedPartition] = {}
        self.trouble: CrossdockError | None = None
        """Why nothing is worked on, while the ledger is away."""
        self._store = store
        self._engine = engine
        self._dispatcher = dispatcher
        self._cache = cache
        self._intake = intake
        self._taking = taking
        self._contributions = contributions
        self._numbers = numbers
        self._clock = clock
        self._settings = settings
        self._meters = meters
        self._everything = range(partitions)
        self._draining: set[int] = set()
        self._looked = 0.0

    def active(self) -> list[int]:
        """The partitions new work is taken from: those that are about to be given up only finish."""
        return [p for p in self.owned if p not in self._draining]

    async def look(self) -> None:
        """Ask the engine, as often as it wants to be asked, and follow what it says."""
        now = asyncio.get_running_loop().time()
        if self._looked and now - self._looked < self._engine.look_every:
            return
        self._looked = now
        change = await self._engine.look()
        self._numbers.move(self._engine.node)
        if change.lost:
            await self._lose(change.lost)
        if change.gained:
            await self._gain(change.gained)
        self._draining.update(change.asked)
        if self._draining:
            await self._drain()
        self._meters.partitions.set(len(self.owned))

    async def fenced(self) -> None:
        """Another worker took something over: forget it, and take back what is still ours with a new epoch."""
        before = list(self.owned)
        await self._lose(before)
        self._cache.drop()
        await self._gain(await self._engine.reclaim(before))

    async def recover(self, stopping: Callable[[], bool], pause: float = 0.0) -> None:
        """Forget what is in memory and read it again from the ledger under new epochs, as often as it takes.

        What was under way when the ledger went away counts as uncertain, like after a crash.
        """
        while not stopping():
            await self._lose(self.owned)
            self._cache.drop()
            await asyncio.sleep(pause)
            try:
                await self._engine.look()
                self._numbers.move(self._engine.node)
                # also what was gained just before the ledger went away
                await self._gain(await self._engine.reclaim(self._everything))
            except (LedgerUnavailable, Fenced) as error:
                log.warning("ledger still unavailable: %s", error.message)
                self.trouble = error
                pause = max(pause, 0.5)
            else:
                self.trouble = None
                return

    async def close(self) -> None:
        """Give everything up."""
        await self._engine.close()
        self.owned.clear()
        self._contributions.disown(self.owned)

    async def _gain(self, gained: Sequence[OwnedPartition]) -> None:
        """Take partitions over: whatever was under way at the previous owner's death is uncertain now."""
        rows = await self._store.work.do(lambda s: ledger.open_deliveries(s, [p.id for p in gained]))
        now = micros(self._clock.now())
        deliveries = [from_row(row) for row in rows]
        for delivery in deliveries:
            if delivery.state is DeliveryState.SENDING:
                delivery.state, delivery.next_at = DeliveryState.UNCERTAIN, now + int(self._settings.reconcile_first * 1e6)
            elif delivery.state is DeliveryState.PARKED or (
                # after a restore everything is uncertain, also what is safe to repeat and need not be asked for
                delivery.state is DeliveryState.UNCERTAIN and self._dispatcher.repeatable(delivery.command)
            ):
                delivery.state = DeliveryState.READY
            elif delivery.state is DeliveryState.READY and delivery.attempts == 0:
                # it may be repeatable and unmarked: the last call of a dead owner gets a moment to end at the target
                delivery.next_at = now + int(self._settings.reconcile_first * 1e6)
        # keys may have been looked up for events handed over to the previous owner, who has changed their instances since
        self._cache.drop([p.id for p in gained])
        self._taking.forget()
        for partition in gained:
            self.owned[partition.id] = partition
        self._dispatcher.add(deliveries)
        self._intake.backlog = await self._store.work.do(lambda s: ledger.backlog(s, list(self.owned)))
        self._taking.everything()
        log.info("owns %d partitions, %d open deliveries", len(self.owned), self._dispatcher.open)

    async def _lose(self, lost: Iterable[int]) -> None:
        lost = list(lost)
        self._taking.forget()
        for partition in lost:
            self.owned.pop(partition, None)
            self._draining.discard(partition)
        self._contributions.disown(self.owned)
        self._dispatcher.drop_partitions(lost)
        self._cache.drop(lost)
        if lost:
            log.warning("lost %d partitions", len(lost))

    async def _drain(self) -> None:
        """Give up partitions another worker should have, once none of their calls is under way."""
        ready = [p for p in self._draining if not self._dispatcher.busy(p)]
        if ready:
            await self._lose(ready)
            await self._engine.release(ready)
