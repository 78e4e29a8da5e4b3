"""One run of retention without a running hub: owns the ledger for its duration and leaves the same records behind; accepts no message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crossdock.core.clock import Clock
from crossdock.core.errors import Fenced
from crossdock.engine.embedded import EmbeddedEngine
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.engine.protocol import Engine
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import runs
from crossdock.ledger.batch import Batch, OwnedPartition
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.runs import Run
from crossdock.ledger.session import Session
from crossdock.ledger.states import RunState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.ledger.work import highest_number
from crossdock.pipeline.pruning import Pruning, retention_plan
from crossdock.pipeline.timetable import RETENTION


@dataclass(slots=True)
class _Recorder:
    """Commits what the run records at once, fenced and chained like a worker does."""

    run: Run
    owned: dict[int, OwnedPartition]
    store: Store
    clock: Clock
    watch: Callable[[Run], None]

    def note(self, **progress: Any) -> None:
        self.run.progress.update(progress)

    async def record(self, note: Callable[[Batch], None], store: Callable[[Session], None]) -> None:
        batch = Batch(micros(self.clock.now()))
        note(batch)

        def commit(session: Session) -> dict[int, tuple[int, bytes]]:
            heads = batch.commit(session, self.owned.values())
            store(session)
            runs.save(session, self.run)
            return heads

        for partition, (seq, digest) in (await self.store.work.do(commit)).items():
            self.owned[partition].seq, self.owned[partition].hash = seq, digest
        self.watch(self.run)


async def prune_alone(
    landscape: Landscape, store: Store, claims: ClaimStore, clock: Clock, author: str, watch: Callable[[Run], None]
) -> Run:
    """Remove what is due; `watch` is shown every step. Raises `LedgerInUse` or `Fenced` when hubs own the ledger."""
    engine: Engine = (EmbeddedEngine if store.vendor == "sqlite" else PostgresqlEngine)(store, landscape.partitions)
    await engine.start()
    try:
        if isinstance(engine, PostgresqlEngine) and not await engine.alone():
            raise Fenced("hubs are running; they prune by themselves")
        owned = {each.id: each for each in (await engine.look()).gained}
        if not owned:
            raise Fenced("running hubs own every partition; they prune by themselves")
        numbers = Numbers(clock, engine.node, await store.work.do(highest_number))
        partition, at = min(owned), micros(clock.now())
        run = Run(numbers.next(), RETENTION, RunState.RUNNING, at, at, None, partition, owned[partition].epoch, author, {}, {})
        recorder = _Recorder(run, owned, store, clock, watch)
        pruning = Pruning(retention_plan(landscape), store, claims, clock, share=1.0)
        await recorder.record(_said(run, "started"), lambda _session: None)
        run.result = dict(await pruning(recorder))
        run.state, run.ended_at = RunState.DONE, micros(clock.now())
        await recorder.record(_said(run, "done"), lambda _session: None)
        return run
    finally:
        await engine.close()


def _said(run: Run, action: str) -> Callable[[Batch], None]:
    detail = {"run": written(run.id), "by": run.author, **run.result}
    return lambda batch: batch.record(run.partition, f"run:{run.flow}:{action}", run.id, run.flow, "", detail)
