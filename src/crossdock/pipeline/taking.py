"""Takes work out of the ledger for the next micro-batch, and the messages after it while that one is worked on; carries nothing out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crossdock.core.clock import Clock
from crossdock.core.errors import CrossdockError
from crossdock.ledger import work as ledger
from crossdock.ledger.figures import exceptions_by_code
from crossdock.ledger.payloads import ClaimStore
from crossdock.ledger.session import Row, Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.arriving import Arrivals, Arriving
from crossdock.pipeline.dispatcher import Dispatcher
from crossdock.pipeline.intake import IntakeBuffer
from crossdock.pipeline.mappers import Mappers
from crossdock.pipeline.observe import Meters
from crossdock.pipeline.prepare import Prepared, Preparer
from crossdock.pipeline.queues import Share
from crossdock.pipeline.settings import PipelineSettings

log = logging.getLogger("crossdock.worker")

LARGE_AGAIN = 5.0
"""Seconds after which bodies kept outside are asked for again when their store was away."""
AHEAD_FOR = 1.0
"""Seconds for which micro-batches may follow each other with messages taken ahead; then bodies kept outside get their turn."""
COUNT_AGAIN, COUNT_ANYWAY = 2.0, 30.0
"""Seconds after which open exceptions are counted again when some changed here, and in any case (another worker may have changed some)."""
LARGE = 524_288
"""Bytes from which a message is prepared beside the event loop."""
SPILL = 20_000
"""Messages of the topic waiting in the ledger for their partner's turn above which no more are fetched for that."""
SLICE = 12
"""Subjects worked on before the event loop gets a turn: senders are answered and calls are read meanwhile."""


@dataclass(slots=True)
class Taken:
    """What one look into the ledger found."""

    messages: list[ledger.TakenMessage] = field(default_factory=list)
    prepared: dict[int, Prepared] = field(default_factory=dict)
    """What was made of some of the messages already."""
    pending: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    expired: list[Row] = field(default_factory=list)
    due: list[Row] = field(default_factory=list)
    instructions: list[Row] = field(default_factory=list)
    open: dict[str, int] | None = None
    """Open exceptions by code, when they were counted."""
    parked: dict[str, str] | None = None
    """Parked systems with the reason, when they were looked for."""
    arrivals: Arrivals | None = None
    """Records of the topic that go into the ledger with this micro-batch."""
    scanned: bool = False
    """Waiting events were looked for."""

    def alone(self) -> None:
        """Keep one subject only: the next one is taken with the next batch."""
        first = self.messages[:1], self.pending[:1], self.waiting[:1]
        self.messages = first[0]
        self.pending = [] if self.messages else first[1]
        self.waiting = [] if self.messages or self.pending else first[2]

    def __bool__(self) -> bool:
        return bool(
            self.messages or self.pending or self.waiting or self.expired or self.due or self.instructions or self.arrivals
        )


@dataclass(slots=True)
class Ahead:
    """Messages of the next micro-batch, taken and prepared while the one before is being committed."""

    work: asyncio.Task[None] | None = None
    messages: list[ledger.TakenMessage] = field(default_factory=list)
    prepared: dict[int, Prepared] = field(default_factory=dict)
    arrivals: Arrivals | None = None


class Taking:
    """What to look for next, and how much of it: less after a failure nobody foresaw, until the one subject that causes it is found."""

    def __init__(
        self,
        store: Store,
        prepare: Preparer,
        dispatcher: Dispatcher,
        intake: IntakeBuffer,
        claims: ClaimStore,
        clock: Clock,
        settings: PipelineSettings,
        meters: Meters,
        queues: Sequence[Share] = (),
    ) -> None:
        self._queues = [(each.systems, each.weight) for each in queues] if len(queues) > 1 else []
        self.mappers: Mappers | None = None
        """Prepares messages beside this process while there is a backlog."""
        self.arriving: Arriving | None = None
        """Takes records of the topic, with an engine that has one."""
        self.poison: dict[int, str] = {}
        """Subjects that made a micro-batch fail, with the name of the failure."""
        self._store = store
        self._prepare = prepare
        self._dispatcher = dispatcher
        self._intake = intake
        self._claims = claims
        self._clock = clock
        self._settings = settings
        self._meters = meters
        self._ahead: Ahead | None = None
        self._regular = self._timers = self._counted = self._large_after = 0.0
        self._limit = settings.batch
        self._rescan = self._more = self._count = self._someone_waits = True
        self._waited = 0

    # --- what the last micro-batch says of the next one --------------------------------------------------

    def everything(self) -> None:
        """Partitions came: look for everything there is."""
        self._more = self._rescan = True

    def more(self) -> None:
        """The last micro-batch stored messages itself."""
        self._more = True

    def count(self) -> None:
        """The number of open exceptions changed."""
        self._count = True

    def learn(self, taken: Taken, *, opened: bool, waits: bool, handed_over: bool) -> None:
        """What a micro-batch that is committed means for waiting events: it opened transactions, lets some wait, handed some over."""
        if handed_over or len(taken.pending) >= self._settings.batch or (opened and self._someone_waits):
            self._rescan = True
        self._someone_waits = bool(taken.waiting) or waits or (self._someone_waits and not taken.scanned)

    def suspect(self, taken: Taken, error: Exception) -> bool:
        """A micro-batch failed for a reason no step foresaw: take less next time. False when it had no subject that could be the cause."""
        subjects = [m.id for m in taken.messages] + [row[0] for row in (*taken.pending, *taken.waiting)]
        log.exception("a micro-batch of %d subjects failed", len(subjects), exc_info=error)
        if len(subjects) == 1:
            self.poison[subjects[0]] = type(error).__name__
        self._limit = max(1, len(subjects) // 4)
        return bool(subjects)

    def trust(self) -> None:
        """A micro-batch went well: take more next time."""
        self._limit = min(self._settings.batch, self._limit * 2)

    # --- taking -----------------------------------------------------------------------------------------

    async def take(self, partitions: list[int]) -> Taken:
        """The work of the next micro-batch."""
        taken = await self._of_the_ledger(partitions)
        if self.arriving is None or taken.arrivals is not None or (self._limit == 1 and taken):
            return taken
        limit = min(self._limit, self._dispatcher.room(self._settings.in_flight)) - len(taken.messages)
        if limit > 0 and self.arriving.waiting:
            taken.arrivals, fresh = await self._arrived(partitions, limit)
            taken.messages = taken.messages + fresh
        return taken

    async def _arrived(self, partitions: list[int], limit: int) -> tuple[Arrivals, list[ledger.TakenMessage]]:
        """Records for the micro-batch. A topic knows no partner: where each has a share and there is more than one micro-batch takes,
        the messages go into the ledger first and are taken from there, each partner's share."""
        assert self.arriving is not None
        if (
            self._queues
            and self.arriving.waiting > limit
            and self._limit == self._settings.batch
            and self._intake.backlog < SPILL
        ):
            arrivals = self.arriving.take(partitions, limit * 4)
            await self.arriving.sorted(arrivals, direct=False)
            return arrivals, []
        arrivals = self.arriving.take(partitions, limit)
        return arrivals, await self.arriving.sorted(arrivals)

    async def _of_the_ledger(self, partitions: list[int]) -> Taken:
        ahead, self._ahead = self._ahead, None
        early = Taken()
        if ahead is not None and ahead.work is not None:
            await ahead.work
            early = Taken(messages=ahead.messages, prepared=ahead.prepared, arrivals=ahead.arrivals)
        loop_time = asyncio.get_running_loop().time()
        timers = loop_time - self._timers >= self._settings.timers_every
        room = self._dispatcher.room(self._settings.in_flight)
        new_messages = not early.messages and room > 0 and (self._more or self._intake.backlog > 0 or timers)
        if not (timers or new_messages or self._rescan):
            return early
        if timers:
            self._timers = loop_time
            self._observe()
        limit, generation = min(self._limit, max(room, 1)), self._intake.generation
        rescan, self._rescan = self._rescan or timers, False
        count = timers and loop_time - self._counted >= (COUNT_AGAIN if self._count else COUNT_ANYWAY)
        large = loop_time >= self._large_after
        taken = await self._store.look.do(self._looking(partitions, limit if new_messages else 0, large, rescan, timers, count))
        if early.messages:
            taken.messages, taken.prepared = early.messages, early.prepared
        taken.arrivals = early.arrivals
        if taken.open is not None:
            self._counted, self._count = loop_time, False
            self._meters.open_exceptions(taken.open)
        if taken.parked is not None:
            self._dispatcher.parks(taken.parked)
        if self._limit == 1:
            taken.alone()
        if rescan:
            self._waited = taken.waiting[-1][0] if len(taken.waiting) >= min(500, self._limit * 4) else 0
        if new_messages:
            self._regular = loop_time
            self._more = ledger.full(taken.messages, limit)
            self._intake.taken(len(taken.messages), generation, empty=not self._more)
            self._meters.backlog.set(self._intake.backlog)
            if any(message.claim for message in taken.messages):
                taken.messages = await self._fetched(taken.messages, loop_time)
        return taken

    def _looking(
        self, partitions: list[int], messages: int, large: bool, rescan: bool, timers: bool, count: bool
    ) -> Callable[[Session], Taken]:
        now, after, limit, queues = micros(self._clock.now()), self._waited, self._limit, self._queues

        def look(session: Session) -> Taken:
            taken = Taken()
            if messages:
                taken.messages = ledger.take_messages(session, partitions, messages, large=large, queues=queues)
            if rescan:
                taken.scanned = True
                taken.pending = ledger.take_events(session, partitions, limit)
                taken.waiting = ledger.take_waiting(session, partitions, after, min(500, limit * 4))
            if count:
                taken.open = exceptions_by_code(session)
            if timers:
                taken.expired = ledger.take_expired(session, partitions, now, 500)
                taken.due = ledger.take_due(session, partitions, now, 500)
                taken.instructions = ledger.take_instructions(session, partitions, 500)
                taken.parked = ledger.parked_systems(session)
            return taken

        return look

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
        for name, lane in self._dispatcher.lanes().items():
            self._meters.open_deliveries.labels(name).set(sum(map(len, lane.queues.values())))
            self._meters.breaker.labels(name).set(int(lane.breaker.phase != "closed" or bool(lane.parked)))

    async def prepared(self, message: ledger.TakenMessage) -> Prepared:
        """What comes of a message; a large one is prepared in a thread, so that senders are answered meanwhile."""
        if len(message.body) < LARGE:
            return self._prepare(message)
        return await asyncio.to_thread(self._prepare, message)

    # --- ahead ------------------------------------------------------------------------------------------

    def look_ahead(self, current: list[ledger.TakenMessage], partitions: list[int], arrivals: Arrivals | None = None) -> None:
        """Begin to take and prepare the messages after the current ones: nothing of it depends on what is being committed."""
        room = self._dispatcher.room(self._settings.in_flight)
        there = (
            self._more
            or self._intake.backlog > 0
            or (self.arriving is not None and self.arriving.waiting > 0 and not self._queues)
        )
        if self._limit < self._settings.batch or room <= 0 or not there:
            return
        if asyncio.get_running_loop().time() - self._regular > AHEAD_FOR:
            return
        under_way = {message.id for message in current}
        self._ahead = Ahead()
        self._ahead.work = asyncio.create_task(
            self._prepare_ahead(self._ahead, partitions, under_way, min(self._limit, room), arrivals), name="ahead"
        )

    async def _prepare_ahead(
        self, ahead: Ahead, partitions: list[int], under_way: set[int], limit: int, arrivals: Arrivals | None
    ) -> None:
        try:
            if self._more or self._intake.backlog > 0:
                await self._ahead_of_the_ledger(ahead, partitions, under_way, limit)
            if self.arriving is not None and self._ahead is ahead and len(ahead.messages) < limit and not self._queues:
                ahead.arrivals = self.arriving.take(partitions, limit - len(ahead.messages))
                ahead.messages = ahead.messages + await self.arriving.sorted(ahead.arrivals, arrivals)
        except CrossdockError:
            # the micro-batch meets the same and says so
            if self.arriving is not None and ahead.arrivals is not None and self._ahead is ahead:
                self.arriving.put_back(ahead.arrivals)
            ahead.messages, ahead.arrivals = [], None
            return
        if self._ahead is not ahead:
            return
        found = ahead.messages
        if self.mappers is not None:
            ahead.prepared = await self.mappers.prepare([message for message in found if message.id not in self.poison])
        for turn, message in enumerate(found):
            if message.id not in self.poison and message.id not in ahead.prepared:
                try:
                    ahead.prepared[message.id] = await self.prepared(message)
                except Exception:  # a defect: the micro-batch meets the same and finds the one that causes it
                    return
            if turn % SLICE == 0:
                await asyncio.sleep(0)

    async def _ahead_of_the_ledger(self, ahead: Ahead, partitions: list[int], under_way: set[int], limit: int) -> None:
        generation, wanted = self._intake.generation, limit + len(under_way)
        queues = self._queues
        rows = await self._store.look.do(lambda s: ledger.take_messages(s, partitions, wanted, large=False, queues=queues))
        if self._ahead is not ahead:
            return
        ahead.messages = [row for row in rows if row.id not in under_way][:limit]
        self._more = ledger.full(rows, wanted)
        self._intake.taken(len(ahead.messages), generation, empty=not self._more)

    def forget(self) -> None:
        """What was taken ahead is in the ledger or the topic still, and is taken again by whoever owns it now."""
        if self._ahead is not None:
            if self.arriving is not None and self._ahead.arrivals is not None:
                self.arriving.put_back(self._ahead.arrivals)
            self._ahead, self._more = None, True
