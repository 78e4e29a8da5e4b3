"""The worker: owns partitions, takes work in micro-batches, commits each batch whole, then sends what may be sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError, Fenced, LedgerUnavailable
from crossdock.core.process import Settled
from crossdock.core.sequencing import StreamState
from crossdock.engine.protocol import Engine
from crossdock.ledger import work as ledger
from crossdock.ledger.batch import Batch, OwnedPartition
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.session import Row, Session
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import Delivery, Done, from_row, to_row
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.instances import InstanceCache
from crossdock.pipeline.instructions import Instructions
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.runtime import Runtime
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.settle import Settler
from crossdock.pipeline.tick import Tick
from crossdock.pipeline.validate import Validator
from crossdock.pipeline.work import EventWork
from crossdock.pipeline.work import from_row as event_from_row

log = logging.getLogger("crossdock.worker")

LARGE_AGAIN = 5.0
"""Seconds after which bodies kept outside are asked for again when their store was away."""
_SLICE = 12
"""Subjects worked on before the event loop gets a turn: senders are answered and calls are read meanwhile."""


@dataclass(slots=True)
class Taken:
    """What one look into the ledger found."""

    messages: list[ledger.TakenMessage] = field(default_factory=list)
    pending: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    expired: list[Row] = field(default_factory=list)
    due: list[Row] = field(default_factory=list)
    instructions: list[Row] = field(default_factory=list)
    scanned: bool = False
    """Waiting events were looked for."""

    def alone(self) -> None:
        """Keep one subject only: the next one is taken with the next batch."""
        first = self.messages[:1], self.pending[:1], self.waiting[:1]
        self.messages = first[0]
        self.pending = [] if self.messages else first[1]
        self.waiting = [] if self.messages or self.pending else first[2]

    def __bool__(self) -> bool:
        return bool(self.messages or self.pending or self.waiting or self.expired or self.due or self.instructions)


@dataclass(slots=True)
class Contribution:
    """What a part of the hub beside the pipeline (a batch run, retention) adds to the next micro-batch's transaction.

    `note` adds audit records, exceptions and the like to the batch, `store` writes its own tables; `done` ends with the commit.
    """

    partition: int
    note: Callable[[Batch], None]
    store: Callable[[Session], None]
    done: asyncio.Future[None]

    def ended(self, error: CrossdockError | None = None) -> None:
        """Tell whoever waits that it is committed, or why it is not."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


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
        self._engine = engine
        self._runtime = runtime
        self._validator = validator
        self._claims = claims
        self._numbers = numbers
        self._intake = intake
        self._clock = clock
        self._settings = settings
        self._meters = meters
        self._wake = intake.arrived
        self.dispatcher = Dispatcher(runtime.participants, clock, self._wake.set)
        self._cache = InstanceCache(settings.cache, runtime.landscape.partitions)
        self.owned: dict[int, OwnedPartition] = {}
        self._draining: set[int] = set()
        self._stopping = False
        self._looked = 0.0
        self._timers = 0.0
        self._rescan = True
        self._waited = 0
        self._someone_waits = True
        self._more = True
        self.batches = 0
        self._limit = settings.batch
        self._failures = 0
        self._poison: dict[int, str] = {}
        self.hint: Callable[[str], None] = lambda _system: None
        """Called with a system that said that a poll would find something."""
        self._reports: list[tuple[str, str, CrossdockError | None]] = []
        self._reported = self._reports
        self._contributions: list[Contribution] = []
        self._large_after = 0.0

    def report(self, system: str, slot: str, error: CrossdockError | None) -> None:
        """Something outside a delivery failed at a system (a poll, a probe), or with None is well again; told with the next batch."""
        self._reports.append((system, slot, error))
        self._wake.set()

    async def contribute(self, partition: int, note: Callable[[Batch], None], store: Callable[[Session], None]) -> None:
        """Let something be recorded in the next micro-batch's transaction, fenced and audited like everything else.

        Returns when it is committed. Raises `Fenced` or `LedgerUnavailable` when it is not; then nothing of it was written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._stopping or partition not in self.owned:
            raise Fenced(f"partition {partition} is not owned by this worker", partition=partition)
        self._contributions.append(Contribution(partition, note, store, done))
        self._wake.set()
        await done

    def _contributed(self, batch: Batch) -> list[Contribution]:
        """The contributions of this micro-batch, noted in it."""
        taken, self._contributions = self._contributions, []
        for each in taken:
            each.note(batch)
        return taken

    def _disown(self) -> None:
        """End the contributions to partitions this worker does not own any more."""
        for each in self._contributions:
            if each.partition not in self.owned:
                each.ended(Fenced(f"partition {each.partition} was lost", partition=each.partition))
        self._contributions = [each for each in self._contributions if each.partition in self.owned]

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
                await self._recover(pause=0.5)
                continue
            if not busy and not self._stopping:
                await self._sleep()

    async def _recover(self, pause: float = 0.0) -> None:
        """Forget what is in memory and read it again from the ledger under new epochs, as often as it takes.

        What was under way when the ledger went away counts as uncertain, like after a crash.
        """
        everything = range(self._runtime.landscape.partitions)
        while not self._stopping:
            await self._lose(self.owned)
            self._cache.drop()
            await asyncio.sleep(pause)
            try:
                await self._engine.look()
                self._numbers.move(self._engine.node)
                # also what was gained just before the ledger went away
                await self._gain(await self._engine.reclaim(everything))
            except (LedgerUnavailable, Fenced) as error:
                log.warning("ledger still unavailable: %s", error.message)
                pause = max(pause, 0.5)
            else:
                return

    async def _suspect(self, taken: Taken, error: Exception) -> None:
        """A micro-batch failed for a reason no step foresaw. Find the one subject that causes it by halving, and hand it to a person."""
        subjects = [m.id for m in taken.messages] + [row[0] for row in (*taken.pending, *taken.waiting)]
        log.exception("a micro-batch of %d subjects failed", len(subjects), exc_info=error)
        if len(subjects) == 1:
            self._poison[subjects[0]] = type(error).__name__
        elif not subjects:
            self._failures += 1
            if self._failures >= 5:
                raise error
        self._limit = max(1, len(subjects) // 4)
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
        await self._engine.close()
        self.owned.clear()
        self._disown()

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
        await self._look()
        if not self.owned:
            return False
        taken = await self._take()
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
            self._limit = min(self._settings.batch, self._limit * 2)
        return True

    # --- ownership --------------------------------------------------------------------------------------

    async def _look(self, force: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if not force and self._looked and now - self._looked < self._engine.look_every:
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

    async def _gain(self, gained: Sequence[OwnedPartition]) -> None:
        """Take partitions over: whatever was under way at the previous owner's death is uncertain now."""
        rows = await self._store.work.do(lambda s: ledger.open_deliveries(s, [p.id for p in gained]))
        now = micros(self._clock.now())
        deliveries = [from_row(row) for row in rows]
        for delivery in deliveries:
            if delivery.state is DeliveryState.SENDING:
                delivery.state, delivery.next_at = DeliveryState.UNCERTAIN, now + int(self._settings.reconcile_first * 1e6)
            elif delivery.state is DeliveryState.PARKED:
                delivery.state = DeliveryState.READY
            elif delivery.state is DeliveryState.READY and delivery.attempts == 0:
                # it may be repeatable and unmarked: the last call of a dead owner gets a moment to end at the target
                delivery.next_at = now + int(self._settings.reconcile_first * 1e6)
        # keys may have been looked up for events handed over to the previous owner, who has changed their instances since
        self._cache.drop([p.id for p in gained])
        for partition in gained:
            self.owned[partition.id] = partition
        self.dispatcher.add(deliveries)
        self._intake.backlog = await self._store.work.do(lambda s: ledger.backlog(s, list(self.owned)))
        self._more = self._rescan = True
        log.info("owns %d partitions, %d open deliveries", len(self.owned), self.dispatcher.open)

    async def _lose(self, lost: Iterable[int]) -> None:
        lost = list(lost)
        for partition in lost:
            self.owned.pop(partition, None)
            self._draining.discard(partition)
        self._disown()
        self.dispatcher.drop_partitions(lost)
        self._cache.drop(lost)
        if lost:
            log.warning("lost %d partitions", len(lost))

    async def _drain(self) -> None:
        """Give up partitions another worker should have, once none of their calls is under way."""
        ready = [p for p in self._draining if not self.dispatcher.busy(p)]
        if ready:
            await self._lose(ready)
            await self._engine.release(ready)

    async def _fenced(self) -> None:
        """Another worker took something over: forget it, and take back what is still ours with a new epoch."""
        before = list(self.owned)
        await self._lose(before)
        self._cache.drop()
        await self._gain(await self._engine.reclaim(before))

    # --- taking -----------------------------------------------------------------------------------------

    def _active(self) -> list[int]:
        return [p for p in self.owned if p not in self._draining]

    async def _take(self) -> Taken:
        loop_time = asyncio.get_running_loop().time()
        timers = loop_time - self._timers >= self._settings.timers_every
        room = self._settings.in_flight - self.dispatcher.open
        new_messages = room > 0 and (self._more or self._intake.backlog > 0 or timers)
        if not (timers or new_messages or self._rescan):
            return Taken()
        if timers:
            self._timers = loop_time
            self._observe()
        partitions, now = self._active(), micros(self._clock.now())
        limit = min(self._limit, max(room, 1))
        generation = self._intake.generation
        rescan, self._rescan = self._rescan or timers, False
        after = self._waited
        large = loop_time >= self._large_after

        def take(session: Session) -> Taken:
            taken = Taken()
            if new_messages:
                taken.messages = ledger.take_messages(session, partitions, limit, large=large)
            if rescan:
                taken.scanned = True
                taken.pending = ledger.take_events(session, partitions, self._limit)
                taken.waiting = ledger.take_waiting(session, partitions, after, min(500, self._limit * 4))
            if timers:
                taken.expired = ledger.take_expired(session, partitions, now, 500)
                taken.due = ledger.take_due(session, partitions, now, 500)
                taken.instructions = ledger.take_instructions(session, partitions, 500)
            return taken

        taken = await self._store.work.do(take)
        if self._limit == 1:
            taken.alone()
        if rescan:
            self._waited = taken.waiting[-1][0] if len(taken.waiting) >= min(500, self._limit * 4) else 0
        if new_messages:
            self._more = len(taken.messages) >= limit
            self._intake.taken(len(taken.messages), generation, empty=not self._more)
            self._meters.backlog.set(self._intake.backlog)
            if any(message.claim for message in taken.messages):
                taken.messages = await self._fetched(taken.messages, loop_time)
        return taken

    async def _fetched(self, messages: list[ledger.TakenMessage], now: float) -> list[ledger.TakenMessage]:
        """The messages with the bodies that are kept outside; fetched outside the transaction, because that may take its time.

        What cannot be fetched now is left in the ledger and tried again later, while small messages go on.
        """
        claims = self._claims
        found = await asyncio.to_thread(lambda: [ledger.with_body(m, claims) if m.claim else m for m in messages])
        if any(message.mark == ledger.AWAY for message in found):
            log.warning("bodies kept outside the ledger cannot be fetched; their messages wait")
            self._large_after = now + LARGE_AGAIN
        return [message for message in found if message.mark != ledger.AWAY]

    def _observe(self) -> None:
        for name, lane in self.dispatcher.lanes().items():
            self._meters.open_deliveries.labels(name).set(sum(map(len, lane.queues.values())))
            self._meters.breaker.labels(name).set(int(lane.breaker.phase != "closed" or bool(lane.parked)))

    # --- one batch --------------------------------------------------------------------------------------

    async def _commit_batch(self, taken: Taken, send: bool = True) -> None:
        tick = Tick(
            self._clock.now(),
            self._runtime,
            self._validator,
            self._cache,
            self._numbers,
            self.owns,
            self._settings,
            self._meters,
            self._poison,
        )
        settler = Settler(tick.batch, self._numbers, self._runtime, self.dispatcher, self._settings, self._meters)
        instructions = Instructions(tick, settler, self.dispatcher, self._runtime)
        dones = self.dispatcher.collect(self._settings.batch * 2)
        messages = taken.messages + await self._instructed(taken.instructions, instructions)
        normalized: list[EventWork] = []
        for start in range(0, len(messages), _SLICE):
            normalized += tick.normalize(messages[start : start + _SLICE])
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
        for start in range(0, len(works), _SLICE):
            tick.events(works[start : start + _SLICE])
            await asyncio.sleep(0)
        tick.expired(expired)
        tick.emitted()
        settler.tell(tick.decider.parked)
        fresh = tick.decider.deliveries
        self.dispatcher.add(fresh)
        groups = self.dispatcher.plan() if send and not self._stopping else []
        self._mark_sending(tick.batch, groups)
        tick.batch.deliveries = [to_row(d, command_identity(d.command.id)) for d in fresh]
        await self._commit(tick, settler, fresh, groups, self._contributed(tick.batch))
        if tick.handed_over or len(taken.pending) >= self._settings.batch or (tick.opened and self._someone_waits):
            self._rescan = True
        self._someone_waits = bool(taken.waiting) or tick.waits or (self._someone_waits and not taken.scanned)

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
                if delivery.state is DeliveryState.UNCERTAIN:
                    continue
                delivery.attempts += 1
                connector = self._runtime.participants[delivery.command.system].connector
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
    ) -> None:
        batch, owned = tick.batch, list(self.owned.values())
        loop = asyncio.get_running_loop()
        started = loop.time()

        def write(session: Session) -> dict[int, tuple[int, bytes]]:
            heads = batch.commit(session, owned)
            for each in contributions:
                each.store(session)
            return heads

        try:
            heads = await self._store.work.do(write)
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
            await self._fenced()
            return
        self._meters.committed(loop.time() - started)
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
        return await self._store.work.do(lambda session: instructions.read(session, rows, self._claims))

    async def _prefetch(
        self, tick: Tick, works: list[EventWork], deliveries: list[Delivery], due: list[Row], instructions: Instructions
    ) -> None:
        identities = [work.identity for work in works if not work.recorded]
        values = list({r.value for work in works if not work.event.key for r in work.event.references})
        keys = {delivery.command.key for delivery in deliveries}
        keys.update(row[1] for row in due)
        keys.update(instructions.keys)
        event_keys = {work.event.key for work in works if work.event.key}
        positioned = {work.event.key for work in works if work.event.key and work.event.position is not None}
        cache, flows, known = self._cache, self._runtime.flows, tick.known
        by_reference = [work for work in works if not work.event.key]

        def read(session: Session) -> None:
            if identities:
                known.identities = ledger.known_events(session, identities)
            if values:
                known.references = ledger.resolve_references(session, values)
                for work in by_reference:
                    for reference in work.event.references:
                        key = known.references.get((reference.scheme, reference.value))
                        if key:
                            event_keys.add(key)
                            if work.event.position is not None:
                                positioned.add(key)
            missing = cache.missing(keys | event_keys)
            if missing:
                cache.load(missing, ledger.instances_of(session, missing), flows)
            if positioned:
                wanted = list(positioned)
                for number, key, stream, position, digest in ledger.streams_of(session, wanted):
                    known.streams[key, stream] = (number, StreamState(position, bytes(digest).hex()))
                for row in ledger.take_held(session, wanted):
                    held = event_from_row(row)
                    assert held.event.position is not None
                    known.held.setdefault((held.event.key, held.event.position.stream), []).append(held)

        if identities or values or keys or event_keys:
            await self._store.work.do(read)


def _fact(delivery: Delivery, settled: Settled) -> tuple[Settled, str, str, int]:
    return settled, delivery.command.key, delivery.command.flow, delivery.number
