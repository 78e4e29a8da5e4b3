"""The worker: works in micro-batches on the partitions it owns, commits each batch whole, then sends what may be sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from time import time_ns
from typing import TYPE_CHECKING

from crossdock.connectors.protocol import Inbound
from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable
from crossdock.core.process import Settled
from crossdock.engine.protocol import Engine
from crossdock.ledger import work as ledger
from crossdock.ledger.batch import Batch, OwnedPartition
from crossdock.ledger.closing import closed
from crossdock.ledger.ids import Numbers
from crossdock.ledger.intake import accept
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.arriving import Arrivals, Arriving
from crossdock.pipeline.contributions import Contribution, Contributions
from crossdock.pipeline.correlation import new_correlation
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import Delivery, Done, to_row
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.filtering import outgoing
from crossdock.pipeline.holding import Holding
from crossdock.pipeline.instances import InstanceCache
from crossdock.pipeline.instructions import Instructions
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.mappers import Mappers
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.permission import Permission
from crossdock.pipeline.prefetch import reading
from crossdock.pipeline.prepare import Preparer
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.settle import Settler
from crossdock.pipeline.taking import SLICE, Taken, Taking
from crossdock.pipeline.telling import tell
from crossdock.pipeline.tick import Tick
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.work import from_row as event_from_row
from crossdock.security.content_filter import ContentFilter

if TYPE_CHECKING:
    from crossdock.pipeline.telemetry import Telemetry

log = logging.getLogger("crossdock.worker")


class Worker:
    """One worker process's pipeline. `run` until `stop`."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        runtime: Runtime,
        validator: Validator,
        claims: ClaimStore,
        numbers: Numbers,
        intake: IntakeBuffer,
        clock: Clock,
        settings: PipelineSettings,
        meters: Meters,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._validator = validator
        self._claims = claims
        self._numbers = numbers
        self._intake = intake
        self._clock = clock
        self._settings = settings
        self._meters = meters
        self._wake = intake.arrived
        partitions = runtime.landscape.partitions
        connectors = {name: each.connector for name, each in runtime.participants.items()}
        self.dispatcher = Dispatcher(runtime.participants, clock, self._wake.set)
        self.dispatcher.refuses = Permission(runtime.standing, validator.ownership).refusal
        self._cache = InstanceCache(settings.cache, partitions, runtime.bundle, runtime.begun)
        self._contributions = Contributions()
        prepare = Preparer(connectors, validator, partitions, numbers.next)
        self._taking = Taking(store, prepare, self.dispatcher, intake, claims, clock, settings, meters, runtime.queues)
        if intake.topic is not None:
            self._taking.arriving = Arriving(intake.topic, store, numbers, clock)
        self._holding = Holding(
            store, engine, self.dispatcher, self._cache, intake, self._taking, self._contributions,
            numbers, clock, settings, meters, partitions,
        )  # fmt: skip
        self._stopping = False
        self.batches = 0
        self._failures = 0
        self.hint: Callable[[str], None] = lambda _system: None
        """Called with a system that said that a poll would find something."""
        self._reports: list[tuple[str, str, CrossdockError | None]] = []
        self._reported = self._reports
        self.telemetry: Telemetry | None = None

    @property
    def owned(self) -> dict[int, OwnedPartition]:
        """The partitions this worker owns now."""
        return self._holding.owned

    @property
    def trouble(self) -> CrossdockError | None:
        """Why nothing is worked on, while the ledger is away."""
        return self._holding.trouble

    @property
    def mappers(self) -> Mappers | None:
        """Prepares messages beside this process while there is a backlog."""
        return self._taking.mappers

    @mappers.setter
    def mappers(self, mappers: Mappers) -> None:
        self._taking.mappers = mappers

    def report(self, system: str, slot: str, error: CrossdockError | None) -> None:
        """Something outside a delivery failed at a system (a poll, a probe), or with None is well again; told with the next batch."""
        self._reports.append((system, slot, error))
        self._wake.set()

    async def contribute(self, partition: int, note: Callable[[Batch], None], store: Callable[[Session], None]) -> None:
        """Let something be recorded in the next micro-batch's transaction, fenced and audited like everything else.

        Returns when it is committed. Raises `Fenced` or `LedgerUnavailable` when it is not; then nothing of it was written.
        """
        if self._stopping or partition not in self.owned:
            raise Fenced(f"partition {partition} is not owned by this worker", partition=partition)
        done = self._contributions.add(partition, note, store)
        self._wake.set()
        await done

    def owns(self, partition: int) -> bool:
        """Whether this worker owns a partition now."""
        return partition in self.owned

    def epoch(self, partition: int) -> int | None:
        """The epoch under which this worker owns a partition; None when it does not."""
        owned = self.owned.get(partition)
        return None if owned is None else owned.epoch

    async def run(self) -> None:
        """Work until `stop`; survives a ledger that is away for a while."""
        while not self._stopping:
            try:
                busy = await self.step()
            except LedgerUnavailable as error:
                log.warning("ledger unavailable: %s", error.message)
                self._holding.trouble = error
                await self._recover(pause=0.5)
                continue
            if not busy and not self._stopping:
                await self._sleep()

    async def _recover(self, pause: float) -> None:
        await self._holding.recover(lambda: self._stopping, pause)

    async def _suspect(self, taken: Taken, error: Exception) -> None:
        """A micro-batch failed for a reason no step foresaw. Find the one subject that causes it by halving, and hand it to a person."""
        if not self._taking.suspect(taken, error):
            self._failures += 1
            if self._failures >= 5:
                raise error
        await self._recover(pause=0.05)

    def stop(self) -> None:
        """End `run` after the micro-batch under way."""
        self._stopping = True
        self._wake.set()

    async def close(self) -> None:
        """After `run` ended: let calls under way end, record their outcomes, give the partitions up."""
        await self.dispatcher.close(self._settings.grace)
        while self.dispatcher.finished and self.owned:
            try:
                await self._commit_batch(Taken(), send=False)
            except LedgerUnavailable:
                break
        await self._holding.close()

    async def _sleep(self) -> None:
        wait = self._settings.idle
        next_at = self.dispatcher.next_at()
        if next_at is not None:
            wait = min(wait, max(0.001, (next_at - micros(self._clock.now())) / 1e6))
        try:
            await asyncio.wait_for(self._wake.wait(), wait)
        except TimeoutError:
            pass

    async def step(self) -> bool:
        """One micro-batch. False when there was nothing to do."""
        self._wake.clear()
        await self._holding.look()
        if not self.owned:
            return False
        taken = await self._taking.take(self._holding.active())
        planned = self.dispatcher.finished or taken or self._reports or self._contributions or self.dispatcher.orphans
        if not planned and not self.dispatcher.startable():
            return False
        try:
            await self._commit_batch(taken)
        except (LedgerUnavailable, Fenced):
            raise
        except Exception as error:
            await self._suspect(taken, error)
        else:
            self._failures = 0
            self._taking.trust()
        return True

    # --- one batch --------------------------------------------------------------------------------------

    async def _commit_batch(self, taken: Taken, send: bool = True) -> None:
        tick = Tick(
            self._clock.now(),
            self._runtime,
            self._cache,
            self._numbers,
            self.owns,
            self._settings,
            self._meters,
            self._taking.poison,
        )
        settler = Settler(tick.batch, self._numbers, self._runtime, self.dispatcher, self._settings, self._meters)
        instructions = Instructions(tick, settler, self.dispatcher, self._runtime, self._validator)
        dones = self.dispatcher.collect(self._settings.batch * 2)
        messages = taken.messages + await self._instructed(taken.instructions, instructions)
        normalized: list[EventWork] = []
        for turn, message in enumerate(messages):
            prepared = taken.prepared.get(message.id)
            normalized += tick.normalize(message, prepared or await self._taking.prepared(message))
            if prepared is None and turn % SLICE == 0:
                await asyncio.sleep(0)
        expired = [event_from_row(row) for row in taken.expired]
        late = {work.number for work in expired}
        works = [
            *(event_from_row(row) for row in taken.pending),
            *instructions.events,
            *(event_from_row(row) for row in taken.waiting if row[0] not in late),
            *normalized,
        ]
        overdue = self.dispatcher.overdue()
        orphans, self.dispatcher.orphans = [d for d in self.dispatcher.orphans if d.partition in self.owned], []
        await self._prefetch(tick, works, [*(d.delivery for d in dones), *overdue, *orphans], taken.due, instructions)
        facts = self._judge(settler, dones)
        for delivery in overdue:
            facts.append(_fact(delivery, settler.overdue(delivery)))
        for delivery in orphans:
            facts.append(_fact(delivery, settler.orphaned(delivery)))
        facts += instructions.run()
        self._reported, self._reports = self._reports, []
        for system, slot, error in self._reported:
            settler.report(system, slot, error, next(iter(self.owned)))
        tick.settled(facts)
        tick.due(taken.due)
        for start in range(0, len(works), SLICE):
            tick.events(works[start : start + SLICE])
            await asyncio.sleep(0)
        tick.expired(expired)
        tick.emitted()
        settler.tell(tick.decider.parked)
        fresh = tick.decider.deliveries
        for delivery in fresh:
            if self._runtime.asks_first(delivery.command, tick.batch.at):
                delivery.state = DeliveryState.UNCERTAIN
        self.dispatcher.add(fresh)
        groups = self.dispatcher.plan() if send and not self._stopping else []
        self._mark_sending(tick.batch, groups)
        tick.batch.deliveries = [to_row(d, command_identity(d.command.id)) for d in fresh]
        began = time_ns() if self.telemetry is not None else 0
        arrivals, again = await self._arrivals([*tick.parts, *settler.told])
        contributions = self._contributions.take(tick.batch)
        await self._commit(tick, settler, fresh, groups, contributions, messages, arrivals, again, taken.arrivals)
        if self.telemetry is not None:
            self._trace(self.telemetry, began, tick.batch, messages, dones)
        self._taking.learn(taken, opened=tick.opened, waits=tick.waits, handed_over=bool(tick.handed_over))

    async def _arrivals(self, found: list[tuple[str, str, Inbound]]) -> tuple[list[Row], dict[int, Row]]:
        """The rows of messages that came with others or with acknowledgements; each begins a transaction of its own."""
        claims = await self._intake.keep([each[2] for each in found])
        rows = [self._intake.row(*each, new_correlation(), claim=claim) for each, claim in zip(found, claims, strict=True)]
        return rows, self._intake.repeats(found, rows)

    def _trace(
        self, telemetry: Telemetry, began: int, batch: Batch, messages: list[ledger.TakenMessage], dones: list[Done]
    ) -> None:
        figures = {
            "messages": len(messages),
            "events": len(batch.events),
            "deliveries": len(batch.deliveries),
            "attempts": len(dones),
            "exceptions": len(batch.exceptions),
        }
        telemetry.batch(began, [message.correlation for message in messages], figures)
        for done in dones:
            telemetry.attempt(done)

    def _judge(self, settler: Settler, dones: Iterable[Done]) -> list[tuple[Settled, str, str, int]]:
        facts = []
        for done in dones:
            fact = settler.judge(done)
            if fact is not None:
                facts.append(_fact(done.delivery, fact))
        return facts

    def _mark_sending(self, batch: Batch, groups: list[list[Delivery]]) -> None:
        """Record which deliveries go out with this commit. What is repeatable needs no mark: sending it again is safe."""
        for group in groups:
            for delivery in group:
                participant = self._runtime.participants[delivery.command.system]
                connector = participant.connector
                if participant.content:
                    _note_withheld(batch, delivery, participant.content)
                if delivery.state is DeliveryState.UNCERTAIN:
                    continue
                delivery.attempts += 1
                if delivery.command.name not in connector.capabilities.repeatable:
                    delivery.state = DeliveryState.SENDING
                else:
                    delivery.state = DeliveryState.READY
                if not delivery.fresh and delivery.state is DeliveryState.SENDING:
                    row = (delivery.number, int(delivery.state), delivery.attempts, 0, None, None)
                    batch.delivery_states[delivery.number] = row

    async def _commit(
        self,
        tick: Tick,
        settler: Settler,
        fresh: list[Delivery],
        groups: list[list[Delivery]],
        contributions: list[Contribution],
        messages: list[ledger.TakenMessage],
        arrivals: list[Row],
        again: dict[int, Row],
        records: Arrivals | None,
    ) -> None:
        batch, owned = tick.batch, list(self.owned.values())
        loop = asyncio.get_running_loop()
        started = loop.time()

        def write(session: Session) -> dict[int, tuple[int, bytes]]:
            if records:
                records.store(session, batch, owned)
            heads = batch.commit(session, owned)
            for each in contributions:
                each.store(session)
            if arrivals:
                accept(session, arrivals, again)
            return heads

        written = self._store.work.begin(write)
        if not self._stopping:
            self._taking.look_ahead(messages, self._holding.active(), records)
        try:
            heads = await written
        except BaseException as error:
            # nothing of this micro-batch was written: give back what it took
            for group in groups:
                self.dispatcher.unplan(group)
            self._reports = self._reported + self._reports
            for each in contributions:
                each.ended(error if isinstance(error, CrossdockError) else LedgerUnavailable("the micro-batch failed"))
            if not isinstance(error, Fenced):
                raise
            log.warning("fenced: another worker owns one of these partitions")
            await self._holding.fenced()
            return
        self._meters.committed(loop.time() - started)
        if records and (later := records.stored()):
            self._intake.stored(later)
            self._taking.more()
        if arrivals:
            self._intake.stored(len(arrivals))
            self._taking.more()
        tell(batch)
        if batch.exceptions or batch.exception_states:
            self._taking.count()
        for each in contributions:
            each.ended()
        for partition, (seq, digest) in heads.items():
            holder = self.owned.get(partition)
            if holder is not None:
                holder.seq, holder.hash = seq, digest
        for delivery in settler.closed:
            self.dispatcher.remove(delivery)
        for delivery in settler.reopened:
            self.dispatcher.again(delivery)
        known = {d.number for d in fresh if d.number not in batch.inserted} if batch.deliveries else set()
        for delivery in fresh:
            delivery.fresh = False
            if delivery.number in known:
                delivery.busy = False
        sending = [[d for d in group if d.number not in known] for group in groups]
        for group, left in zip(groups, sending, strict=True):
            if len(left) < len(group):
                self.dispatcher.unplan([d for d in group if d.number in known], whole=not left)
        for delivery in [d for d in fresh if d.number in known]:
            self.dispatcher.remove(delivery)
        self.dispatcher.launch([group for group in sending if group])
        for system in tick.hints:
            self.hint(system)
        self._cache.trim()
        self.batches += 1

    async def _instructed(self, rows: list[Row], instructions: Instructions) -> list[ledger.TakenMessage]:
        if not rows:
            return []
        again = await self._store.work.do(lambda session: instructions.read(session, rows, self._claims))
        return again + instructions.mend()

    async def _prefetch(
        self, tick: Tick, works: list[EventWork], deliveries: list[Delivery], due: list[Row], instructions: Instructions
    ) -> None:
        keys = {delivery.command.key for delivery in deliveries}
        keys.update(row[1] for row in due)
        keys.update(instructions.keys)
        read = reading(works, keys, tick.known, self._cache, self._runtime.flows, self._validator)
        if read is not None:
            await self._store.look.do(read)
        asked = self._runtime.finalizers.asked(due)
        if asked:
            tick.known.closed = await self._store.look.do(lambda session: closed(session, asked))


def _note_withheld(batch: Batch, delivery: Delivery, content: ContentFilter) -> None:
    """Record by name what the content filter takes out of a command, once for each version of it."""
    known = delivery.outgoing
    found = outgoing(delivery, content)
    if found.withheld and found is not known:
        detail = {"system": delivery.command.system, "fields": list(found.withheld)}
        batch.record(delivery.partition, "pipeline:delivery:withheld", delivery.number, delivery.command.key, "", detail)


def _fact(delivery: Delivery, settled: Settled) -> tuple[Settled, str, str, int]:
    return settled, delivery.command.key, delivery.command.flow, delivery.number
