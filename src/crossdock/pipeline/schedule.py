"""Batch flows: run when they are due, by the one worker that owns them, once after a downtime, and never half twice; knows no workflow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import time_ns
from typing import TYPE_CHECKING, Any, Final

import orjson

from crossdock.connectors.http import CallScope, current_call
from crossdock.core.budget import Exhausted
from crossdock.core.clock import Clock
from crossdock.core.errors import (
    BudgetExhausted,
    CrossdockError,
    Deferred,
    Fenced,
    LedgerUnavailable,
    ProcessFailed,
    RunInterrupted,
    Uncertain,
)
from crossdock.ledger import runs
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import written
from crossdock.ledger.intake import dedupe_digest
from crossdock.ledger.payloads import unpack
from crossdock.ledger.runs import Run
from crossdock.ledger.session import Session
from crossdock.ledger.states import RunState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros, moment
from crossdock.pipeline.correlation import new_correlation, receipt_span, traceparent
from crossdock.pipeline.failures import Failure, exception_identity, record_failure, settle_failure
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.ongoing import PAUSE, Contribute, Ongoing, Unkept, Work, channel, chunk_key
from crossdock.pipeline.timetable import Timetable

if TYPE_CHECKING:
    from crossdock.pipeline.telemetry import Telemetry

log = logging.getLogger("crossdock.schedule")

INTERRUPTIONS: Final = 3
"""After so many runs in a row that did not survive, a person is told and the next regular time is waited for."""
SETTLE_AT_ONCE: Final = 20
"""Chunks whose fate is asked for in one look."""
WRITE_PROGRESS: Final = 1.0


@dataclass(slots=True)
class _Batch:
    """One batch flow as this worker has it."""

    table: Timetable
    work: Work
    run: Run | None = None
    ongoing: Ongoing | None = None
    task: asyncio.Task[None] | None = None
    look_at: float = 0.0
    ending: bool = field(default=False)


class Scheduler:
    """Runs every batch flow whose partition this worker owns."""

    def __init__(
        self,
        store: Store,
        intake: IntakeBuffer,
        clock: Clock,
        epoch: Callable[[int], int | None],
        contribute: Contribute,
        meters: Meters,
        work: Mapping[Timetable, Work],
        every: float = 0.5,
    ) -> None:
        self._store = store
        self._intake = intake
        self._clock = clock
        self._epoch = epoch
        self._contribute = contribute
        self._meters = meters
        self._every = every
        self._batches = {table.flow: _Batch(table, each) for table, each in work.items()}
        self._partitions = sorted({table.partition for table in work})
        self._stopping = asyncio.Event()
        self.telemetry: Telemetry | None = None

    def progress(self, flow: str) -> Mapping[str, Any]:
        """How far the current run of a batch flow is, as this worker knows it; empty when it knows none."""
        batch = self._batches.get(flow)
        return dict(batch.run.progress) if batch is not None and batch.run is not None else {}

    async def run(self) -> None:
        """Run batches until `stop`."""
        while not self._stopping.is_set():
            try:
                await self._step()
            except LedgerUnavailable as error:
                log.warning("batches wait for the ledger: %s", error.code)
                self._forget()
            try:
                await asyncio.wait_for(self._stopping.wait(), max(PAUSE, self._every))
            except TimeoutError:
                continue

    async def stop(self) -> None:
        """End `run`; runs under way are interrupted, the next owner deals with them."""
        self._stopping.set()
        tasks = [batch.task for batch in self._batches.values() if batch.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _forget(self) -> None:
        for batch in self._batches.values():
            if batch.task is None:
                batch.run = None

    async def _step(self) -> None:
        owned = [p for p in self._partitions if self._epoch(p) is not None]
        if owned:
            for request in await self._store.read.do(lambda s: runs.asked(s, owned)):
                await self._guarded(self._requested(request))
        for batch in self._batches.values():
            await self._guarded(self._look(batch))

    async def _guarded(self, step: Awaitable[None]) -> None:
        try:
            await step
        except Fenced:
            self._forget()

    # --- one batch ----------------------------------------------------------------------------------------

    async def _look(self, batch: _Batch) -> None:
        epoch = self._epoch(batch.table.partition)
        if batch.task is not None:
            if epoch is None or (batch.run is not None and batch.run.epoch != epoch):
                batch.task.cancel()
            elif batch.ongoing is not None and batch.ongoing.dirty:
                await self._write_progress(batch, batch.ongoing)
            return
        if epoch is None:
            batch.run = None
            return
        if batch.run is None:
            await self._load(batch)
        run = batch.run
        if run is None:
            await self._plan(batch, None)
        elif run.state is RunState.PLANNED:
            await self._planned(batch, run, epoch)
        elif run.state is RunState.RUNNING:
            await self._interrupted(batch, run)
        elif asyncio.get_running_loop().time() >= batch.look_at:
            await self._settling(batch, run)

    async def _load(self, batch: _Batch) -> None:
        flow, partition = batch.table.flow, batch.table.partition
        found = await self._store.read.do(lambda s: [run for run in runs.open_runs(s, [partition]) if run.flow == flow])
        batch.run = found[0] if found else None

    async def _plan(self, batch: _Batch, due_at: int | None, **progress: Any) -> None:
        """Plan the next run: at `due_at`, else when the timetable says."""
        run = self._next_run(batch.table, due_at, progress)
        await self._store.work.do(lambda s: runs.save(s, run))
        batch.run = run

    def _next_run(self, table: Timetable, due_at: int | None, progress: Mapping[str, Any]) -> Run:
        due = micros(table.next_after(self._clock.now())) if due_at is None else due_at
        kept = {"schedule": table.written, **progress}
        return Run(self._intake.next_number(), table.flow, RunState.PLANNED, due, None, None, table.partition, 0, "", kept, {})

    async def _planned(self, batch: _Batch, run: Run, epoch: int) -> None:
        now = self._clock.now()
        if run.progress.get("schedule") != batch.table.written and not run.author:
            run.due_at = micros(batch.table.next_after(now))
            run.progress["schedule"] = batch.table.written
            await self._store.work.do(lambda s: runs.save(s, run))
        if run.due_at > micros(now):
            return
        run.state, run.started_at, run.epoch = RunState.RUNNING, micros(now), epoch
        run.progress = {"schedule": batch.table.written, "phase": "starting"} | {
            name: run.progress[name] for name in ("attempts", "believe", "interruptions", "first_due") if name in run.progress
        }
        run.progress["attempts"] = int(run.progress.get("attempts", 0)) + 1
        run.progress.setdefault("first_due", run.due_at)
        try:
            await self._change(run, "started", {"due": run.due_at, "by": run.author or "schedule"})
        except CrossdockError:
            batch.run = None
            raise
        log.info("run %s of %s started", written(run.id), run.flow)
        batch.ongoing = Ongoing(run, batch.table, new_correlation(), self._store, self._intake, self._contribute)
        batch.task = asyncio.create_task(self._carry_out(batch, batch.ongoing), name=f"run {run.flow}")

    async def _change(
        self, run: Run, action: str, detail: Mapping[str, Any], *more: Callable[[Batch], None], then: Run | None = None
    ) -> None:
        """Write a run's new state, with the audit record and whatever follows from it."""

        def note(batch: Batch) -> None:
            batch.record(run.partition, f"run:{run.flow}:{action}", run.id, run.flow, "", {"run": written(run.id), **detail})
            for each in more:
                each(batch)

        def store(session: Session) -> None:
            runs.save(session, run)
            if then is not None:
                runs.save(session, then)

        await self._contribute(run.partition, note, store)

    async def _write_progress(self, batch: _Batch, ongoing: Ongoing) -> None:
        now = asyncio.get_running_loop().time()
        if now < batch.look_at:
            return
        batch.look_at = now + WRITE_PROGRESS
        ongoing.dirty = False
        self._meters.run_progress(ongoing.run.flow, ongoing.run.progress)
        await self._store.work.do(lambda s: runs.note_progress(s, ongoing.run))

    # --- a run under way ------------------------------------------------------------------------------------

    async def _carry_out(self, batch: _Batch, ongoing: Ongoing) -> None:
        current_call.set(
            CallScope(traceparent(ongoing.correlation, receipt_span(ongoing.correlation)), ongoing.correlation, Unkept())
        )
        began = time_ns()
        try:
            result = await batch.work(ongoing)
            await self._done(batch, ongoing.run, result)
        except asyncio.CancelledError:
            batch.run = None
            raise
        except (Fenced, LedgerUnavailable):
            batch.run = None  # read again when this worker may write again
        except (Deferred, Uncertain) as error:
            await self._ended(batch, self._again(batch, ongoing.run, error))
        except CrossdockError as error:
            await self._ended(batch, self._failed(batch, ongoing.run, error))
        except Exception as error:
            log.exception("run of %s failed", ongoing.run.flow)
            failure = ProcessFailed(f"the run failed: {type(error).__name__}", flow=ongoing.run.flow)
            await self._ended(batch, self._failed(batch, ongoing.run, failure))
        finally:
            batch.task = batch.ongoing = None
            if self.telemetry is not None:
                self.telemetry.ran(ongoing.run.flow, ongoing.correlation, began, ongoing.run.state.name.lower())

    async def _ended(self, batch: _Batch, ending: Awaitable[None]) -> None:
        try:
            await ending
        except (Fenced, LedgerUnavailable):
            batch.run = None

    async def _done(self, batch: _Batch, run: Run, result: Mapping[str, Any]) -> None:
        run.result = dict(result)
        if run.progress.get("chunks"):
            run.state = RunState.SETTLING
            run.progress["phase"] = "settling"
            await self._change(run, "told", {"chunks": run.progress["chunks"], "told": run.progress.get("told", 0)})
        else:
            await self._finish(batch, run, RunState.DONE)

    async def _again(self, batch: _Batch, run: Run, error: Deferred | Uncertain) -> None:
        """Something was away: the same run tries once more within the flow's budget."""
        now = self._clock.now()
        attempts = int(run.progress.get("attempts", 1))
        deadline = batch.table.deadline(moment(int(run.progress["first_due"])))
        verdict = batch.table.budget.next_attempt(now, attempts, getattr(error, "retry_after", None), deadline, str(run.id))
        if isinstance(verdict, Exhausted):
            exhausted = BudgetExhausted(f"the run could not be done in time; last answer: {error.message}", last=error.code)
            await self._failed(batch, run, exhausted)
            return
        run.state, run.due_at = RunState.PLANNED, micros(verdict.at)
        run.progress |= {"phase": "deferred", "waits_for": error.code}
        log.info("run %s of %s waits: %s", written(run.id), run.flow, error.code)
        await self._change(run, "deferred", {"code": error.code, "until": run.due_at})

    async def _failed(self, batch: _Batch, run: Run, error: CrossdockError) -> None:
        run.result = {**run.result, "error": {"code": error.code, "message": error.message, "hint": error.hint}}
        await self._finish(batch, run, RunState.FAILED, error)

    async def _interrupted(self, batch: _Batch, run: Run) -> None:
        """A worker died during this run. What it told is settled first; then everything is compared anew, so nothing is half done."""
        run.progress["interrupted"] = True
        run.state = RunState.SETTLING
        log.warning("run %s of %s was interrupted", written(run.id), run.flow)
        try:
            await self._change(run, "interrupted", {"told": run.progress.get("told", 0)})
        except CrossdockError:
            batch.run = None
            raise

    # --- settling -------------------------------------------------------------------------------------------

    async def _settling(self, batch: _Batch, run: Run) -> None:
        """Wait for everything the run told to come to an end, chunk by chunk; then close the run."""
        progress = run.progress
        chunks, settled = int(progress.get("chunks", 0)), int(progress.get("settled", 0))
        for _ in range(SETTLE_AT_ONCE):
            if settled >= chunks:
                break
            digest = dedupe_digest(str(progress["system"]), channel(run), chunk_key(run, settled))
            fate = await self._store.read.do(lambda s, digest=digest: runs.fate(s, [digest]))  # type: ignore[misc]
            if fate.open:
                break
            settled += 1
            for name, count in _counted(fate).items():
                progress[name] = int(progress.get(name, 0)) + count
        if settled != progress.get("settled", 0):
            progress["settled"] = settled
            self._meters.run_progress(run.flow, progress)
            await self._store.work.do(lambda s: runs.note_progress(s, run))
        if settled < chunks:
            batch.look_at = asyncio.get_running_loop().time() + self._every
            return
        run.result |= {name: progress[name] for name in SETTLED if name in progress}
        await self._finish(batch, run, RunState.INTERRUPTED if progress.get("interrupted") else RunState.DONE)

    async def _finish(self, batch: _Batch, run: Run, state: RunState, error: CrossdockError | None = None) -> None:
        """Close a run and plan the next one, in one transaction."""
        before = run.state
        run.state, run.ended_at = state, micros(self._clock.now())
        run.progress["phase"] = state.name.lower()
        due, kept = None, {}
        if state is RunState.INTERRUPTED:
            count = int(run.progress.get("interruptions", 0)) + 1
            if count < INTERRUPTIONS:
                due, kept = run.ended_at, {"interruptions": count, "believe": bool(run.progress.get("believe"))}
            else:
                error = RunInterrupted(f"{run.flow}: {count} runs in a row were interrupted", flow=run.flow)
        then = self._next_run(batch.table, due, kept)

        def consequence(changes: Batch) -> None:
            if error is not None:
                failure = Failure(error, "run", "run", 0, run.partition, flow=run.flow, slot=run.flow, owner=batch.table.owner)
                record_failure(changes, self._intake.next_number(), failure)
                self._meters.exception(error.code)
            elif state is RunState.DONE:
                settle_failure(changes, exception_identity("run", 0, run.flow), "a later run went through")

        try:
            await self._change(run, state.name.lower(), run.result, consequence, then=then)
        except CrossdockError:
            run.state = before
            batch.run = None
            raise
        batch.run = then
        self._meters.run_ended(run.flow, state.name.lower(), run.ended_at / 1e6)
        log.info("run %s of %s: %s", written(run.id), run.flow, state.name.lower())

    # --- on request -----------------------------------------------------------------------------------------

    async def _requested(self, request: runs.Asked) -> None:
        batch = self._batches.get(request.flow)
        if batch is None:
            result: dict[str, Any] = {"done": False, "why": f"{request.flow!r} is no batch flow of this landscape"}
            now = micros(self._clock.now())
            await self._store.work.do(lambda s: runs.answer(s, request.number, result, now))
            return
        if batch.run is None and batch.task is None:
            await self._load(batch)
        run = batch.run or self._next_run(batch.table, None, {})
        joined = run.state is not RunState.PLANNED
        if not joined:
            run.due_at, run.author = micros(self._clock.now()), request.author
            run.progress["believe"] = bool(request.data.get("believe"))
        result = {"done": True, "run": written(run.id), "joined": joined}
        at = micros(self._clock.now())

        def note(changes: Batch) -> None:
            detail = {"by": request.author, "asked": request.data, "result": result}
            changes.record(run.partition, "person:run:asked", run.id, run.flow, "", detail)

        def store(session: Session) -> None:
            if not joined:
                runs.save(session, run)
            runs.answer(session, request.number, result, at)

        try:
            await self._contribute(run.partition, note, store)
        except CrossdockError:
            batch.run = None if batch.task is None else batch.run
            raise
        batch.run = run


SETTLED: Final = ("accepted", "adjusted", "unchanged", "with_people", "withdrawn")
"""What is counted of everything a run told, once it settled."""


def _counted(fate: runs.Fate) -> dict[str, int]:
    adjusted = 0
    for ack in fate.acks or ():
        adjusted += bool(orjson.loads(unpack(ack)).get("adjusted", 1))
    return {
        "accepted": fate.accepted,
        "adjusted": adjusted,
        "unchanged": fate.accepted - adjusted,
        "with_people": fate.failed + fate.refused,
        "withdrawn": fate.withdrawn,
    }
