"""The Kafka engine: the consumer group says who owns which partition, the ledger's epoch fences, the ledger's offsets say from where."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from crossdock.core.errors import CrossdockError, LedgerUnavailable
from crossdock.engine.kafka.errors import BrokersUnavailable
from crossdock.engine.kafka.journal import Journal
from crossdock.engine.kafka.membership import Found, Membership
from crossdock.engine.kafka.place import Place
from crossdock.engine.kafka.topic import administration, ends, prepare
from crossdock.engine.protocol import Change
from crossdock.engine.seat import session, take_seat, worker_name
from crossdock.ledger.batch import OwnedPartition
from crossdock.ledger.offsets import offsets_of, taken_in_all
from crossdock.ledger.session import Row, Session
from crossdock.ledger.store import Store
from crossdock.ledger.work import claim_partitions

log = logging.getLogger("crossdock.kafka")

LAG_EVERY: Final = 1.0
"""Seconds between two looks at how much of the topic was not taken yet."""
SEAT_EVERY: Final = 2.0
"""Seconds between two looks whether the worker's number is still its own."""


class KafkaEngine:
    """Ownership by a consumer group with cooperative rebalancing; accepted messages wait in the topic until their owner takes them.

    A partition's offset moves in the transaction that holds what was taken and what follows from it. What the group itself is told
    of offsets is for people's tools only.
    """

    look_every = 0.1

    def __init__(self, store: Store, partitions: int, place: Place) -> None:
        self.node = 0
        self.wake: Callable[[], None] = lambda: None
        """Called on the event loop when there is something to take or to look at."""
        self._store = store
        self._count = partitions
        self._place = place
        self._journal = Journal(place)
        self._membership: Membership | None = None
        self._admin: Any = None
        self._seat: Any = None
        self._seated = 0.0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._offsets: dict[int, int] = {}
        self._seen = self._since = 0
        self._lagging: asyncio.Task[None] | None = None

    @property
    def topic(self) -> str:
        return self._place.topic

    @property
    def lag(self) -> int:
        """Messages in the topic that no worker has taken into the ledger: as last seen, and what was written here since."""
        return self._seen + self._since

    @property
    def trouble(self) -> CrossdockError | None:
        """What a person has to look at before a partition goes on."""
        return None if self._membership is None else self._membership.trouble

    async def _do(self, work: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)

    async def start(self) -> None:
        """Join the group. Raises `LedgerUnavailable`, `BrokersUnavailable`, `KafkaMissing` or `TopicUnfit`."""
        seconds = await self._do(prepare, self._place, self._count)
        self._admin = administration(self._place)
        await self._do(self._sit)
        loop = asyncio.get_running_loop()
        self._journal.start()
        self._membership = Membership(self._place, seconds, lambda: _from_thread(loop, self._woken))
        await self._do(self._membership.join)
        self._lagging = asyncio.create_task(self._watch_lag(), name="lag")

    def _woken(self) -> None:
        self.wake()

    def _sit(self) -> None:
        import psycopg

        try:
            if self._seat is not None and not self._seat.closed:
                self._seat.execute("SELECT 1")
                return
        except psycopg.Error:
            self._seat.close()
        try:
            self._seat = session(self._store.location)
            self.node = take_seat(self._seat)
        except psycopg.OperationalError as error:
            raise LedgerUnavailable(f"cannot join: {str(error).splitlines()[0]}") from None

    async def look(self) -> Change:
        """What the group changed. A partition is read from the offset the ledger has once its epoch is raised, not before."""
        assert self._membership is not None
        now = asyncio.get_running_loop().time()
        if now - self._seated > SEAT_EVERY:
            await self._do(self._sit)
            self._seated = now
        fresh, lost, asked = self._membership.changes()
        for partition in lost:
            self._offsets.pop(partition, None)
        gained: Sequence[OwnedPartition] = ()
        if fresh:
            try:
                gained = await self._claim(fresh)
            except BaseException:
                self._membership.unknown(fresh)
                raise
        return Change(gained=gained, lost=lost, asked=asked)

    async def _claim(self, partitions: Sequence[int]) -> Sequence[OwnedPartition]:
        assert self._membership is not None

        def claim(session: Session) -> tuple[list[OwnedPartition], dict[int, int]]:
            # the epoch first: from then on nobody else moves the offset
            return claim_partitions(session, partitions, worker_name()), offsets_of(session, self.topic, partitions)

        # who was cut off from the group and does not know it yet must not fence the new owners
        held = await self._store.work.do(lambda session: offsets_of(session, self.topic, partitions))
        if not await self._do(self._membership.confirm, held):
            self._membership.unknown(partitions)
            return []
        owned, offsets = await self._store.work.do(claim)
        self._offsets.update(offsets)
        self._membership.begin(offsets)
        return owned

    async def reclaim(self, partitions: Sequence[int]) -> Sequence[OwnedPartition]:
        """Raise the epochs of those the group still counts as ours. One that was cut off and does not know yet takes nothing back."""
        assert self._membership is not None
        mine = self._membership.mine(partitions)
        return await self._claim(mine) if mine else []

    async def release(self, partitions: Sequence[int]) -> None:
        assert self._membership is not None
        for partition in partitions:
            self._offsets.pop(partition, None)
        self._membership.release(partitions)

    # --- records ----------------------------------------------------------------------------------------

    async def append(self, rows: Sequence[Row], again: Mapping[int, Row]) -> None:
        """Write accepted messages to the topic; returns when every in-sync copy has them."""
        self._since += len(rows)
        await self._journal.append(rows, again)

    def take(self, partitions: Sequence[int], limit: int, size: int) -> list[Found]:
        """The next records of partitions of ours."""
        return [] if self._membership is None else self._membership.take(partitions, limit, size)

    def put_back(self, records: Sequence[Found]) -> None:
        """Records that were taken and not worked on."""
        if self._membership is not None:
            self._membership.put_back(records)

    @property
    def waiting(self) -> int:
        """Records read from the topic and not taken."""
        return 0 if self._membership is None else self._membership.waiting

    def moves(self, records: Sequence[Found]) -> dict[int, tuple[int, int]]:
        """From where to where the offsets move when these records are in the ledger."""
        found: dict[int, tuple[int, int]] = {}
        for record in records:
            before, _ = found.get(record.partition, (self._offsets.get(record.partition, 0), 0))
            found[record.partition] = before, record.offset + 1
        return found

    def moved(self, moves: Mapping[int, tuple[int, int]]) -> None:
        """These moves are committed."""
        self._offsets.update({p: after for p, (_, after) in moves.items() if p in self._offsets})

    async def _watch_lag(self) -> None:
        told: dict[int, int] = {}
        while True:
            try:
                last = await asyncio.to_thread(ends, self._admin, self.topic, self._count)
                taken = await self._store.read.do(lambda session: taken_in_all(session, self.topic))
                self._seen = sum(max(0, end - taken.get(partition, 0)) for partition, end in last.items())
                self._since = 0
                if self._offsets and self._offsets != told and self._membership is not None:
                    told = dict(self._offsets)
                    self._membership.tell(told)
            except (BrokersUnavailable, LedgerUnavailable) as error:
                log.warning("the lag is not known: %s", error.message)
            except CrossdockError:
                log.exception("the lag is not known")
            await asyncio.sleep(LAG_EVERY)

    async def close(self) -> None:
        """Leave the group at once; what was accepted is in the topic."""
        if self._lagging is not None:
            self._lagging.cancel()
        await self._journal.close()
        if self._membership is not None:
            await self._do(self._membership.leave)
        await self._do(self._stand_up)
        self._thread.shutdown()

    def _stand_up(self) -> None:
        if self._seat is not None:
            self._seat.close()


def _from_thread(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(call)
    except RuntimeError:
        return  # the loop has ended
