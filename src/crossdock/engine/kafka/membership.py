"""The worker's place in the consumer group and the records of its partitions, in a thread of their own; touches no ledger."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.core.errors import CrossdockError
from crossdock.engine.kafka.errors import RecordsGone
from crossdock.engine.kafka.place import Place

log = logging.getLogger("crossdock.kafka")

ROOM: Final = 4_000
"""Records held in memory above which fetching pauses."""
DRAIN: Final = 8.0
"""Seconds a worker has to finish with partitions another one should have."""
FROZEN: Final = 20.0
"""Seconds without a look of the worker after which its partitions go to others: a process that hangs must not keep them."""
ANSWER: Final = 10.0
"""Seconds to wait for the group's word whether this worker is a member."""
TURN: Final = 0.05
"""Seconds between two looks at what the engine asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record of a partition of ours. `run` counts how often the partition was begun, so that old records are told from new ones."""

    partition: int
    offset: int
    value: bytes
    run: int


@dataclass(slots=True)
class Holdings:
    """What the group gave this worker, and what the worker has to be told of it. Guarded by the membership's lock."""

    assigned: set[int] = field(default_factory=set)
    fresh: set[int] = field(default_factory=set)
    """Assigned, and the worker does not know yet."""
    told: set[int] = field(default_factory=set)
    """Assigned, and the worker knows."""
    wanted: set[int] = field(default_factory=set)
    """Told, and to be given up."""
    asked: set[int] = field(default_factory=set)
    """Those of them the worker was asked for."""
    lost: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Question:
    """Whether the group still counts this worker in."""

    offsets: dict[int, int]
    yes: bool = False
    answered: threading.Event = field(default_factory=threading.Event)


class Membership:
    """Membership in the group. The thread polls; the engine asks and tells. `wake` is called from the thread."""

    def __init__(self, place: Place, session: float, wake: Callable[[], None]) -> None:
        self._place = place
        self._session = session
        self._wake = wake
        self._changed = threading.Condition()
        self._held = Holdings()
        self._runs: dict[int, int] = {}
        self._starts: dict[int, int] = {}
        self._flowing: dict[int, int] = {}
        self._buffers: dict[int, deque[Found]] = {}
        self._count = 0
        self._turn = 0
        self._looked = time.monotonic()
        self._leaving = self._rebalancing = False
        self._questions: deque[Question] = deque()
        self._report: dict[int, int] = {}
        self._consumer: Any = None
        self._paused = False
        self._thread: threading.Thread | None = None
        self.trouble: CrossdockError | None = None
        """Why a partition cannot be taken; a person has to look at it."""

    def join(self) -> None:
        """Begin to ask for partitions."""
        from confluent_kafka import Consumer

        options = self._place.options()
        self._consumer = Consumer(
            {
                **options,
                "group.id": self._place.topic,
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": int(self._session * 1000),
                "heartbeat.interval.ms": max(100, int(self._session * 100)),
                "max.poll.interval.ms": max(int((DRAIN + 7) * 1000), int(self._session * 1000)),
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "error",
                "isolation.level": "read_committed",
                "socket.timeout.ms": 6_000,
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 16_384,
                "fetch.message.max.bytes": 1_048_576,
                "topic.metadata.refresh.interval.ms": 5_000,
            }
        )
        self._consumer.subscribe([self._place.topic], on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost)
        self._thread = threading.Thread(target=self._serve, name="kafka", daemon=True)
        self._thread.start()

    # --- what the engine asks and tells -----------------------------------------------------------------

    def changes(self) -> tuple[list[int], list[int], list[int]]:
        """What is new since the last call: partitions given, lost, and asked for."""
        with self._changed:
            self._looked = time.monotonic()
            held = self._held
            fresh, lost, asked = sorted(held.fresh), sorted(held.lost), sorted(held.wanted - held.asked)
            held.told |= held.fresh
            held.asked |= held.wanted
            held.fresh, held.lost = set(), set()
            return fresh, lost, asked

    def unknown(self, partitions: Iterable[int]) -> None:
        """The engine could not tell the worker: these are new again with the next call."""
        with self._changed:
            back = {p for p in partitions if p in self._held.told}
            self._held.told -= back
            self._held.fresh |= back & self._held.assigned

    def mine(self, partitions: Sequence[int]) -> list[int]:
        """Those the worker knows to be its own. What it was asked for, it is asked for again."""
        with self._changed:
            found = [p for p in partitions if p in self._held.told]
            self._held.asked.difference_update(found)
            return found

    def begin(self, offsets: Mapping[int, int]) -> None:
        """Read these partitions from these offsets on; what was read of them before is forgotten."""
        with self._changed:
            for partition, offset in offsets.items():
                if partition in self._held.told:
                    self._forget(partition)
                    self._starts[partition] = offset

    def release(self, partitions: Iterable[int]) -> None:
        """The worker has finished with these."""
        with self._changed:
            for partition in partitions:
                self._forget(partition)
                self._held.told.discard(partition)
                if partition in self._held.wanted:
                    self._held.wanted.discard(partition)
                    self._held.asked.discard(partition)
            self._changed.notify_all()

    def take(self, partitions: Sequence[int], limit: int, size: int) -> list[Found]:
        """The next records, in order within each partition; each partition gets its turn."""
        found: list[Found] = []
        with self._changed:
            waiting = [self._buffers[p] for p in partitions if self._buffers.get(p)]
            share = max(1, limit // max(1, len(waiting)))
            self._turn += 1
            for turn in range(len(waiting)):
                buffer = waiting[(turn + self._turn) % len(waiting)]
                for _ in range(min(share, len(buffer), limit - len(found))):
                    if size <= 0:
                        break
                    found.append(buffer.popleft())
                    size -= len(found[-1].value)
            self._count -= len(found)
        return found

    def put_back(self, records: Sequence[Found]) -> None:
        """These were not worked on after all."""
        with self._changed:
            for record in reversed(records):
                if self._runs.get(record.partition) == record.run and record.partition in self._held.told:
                    self._buffers.setdefault(record.partition, deque()).appendleft(record)
                    self._count += 1

    @property
    def waiting(self) -> int:
        """Records read and not taken."""
        return self._count

    def confirm(self, offsets: Mapping[int, int]) -> bool:
        """Whether the group still counts this worker in. Blocks; asked of the thread, whose client lets one call at a time through."""
        question = Question(dict(offsets))
        with self._changed:
            if self._rebalancing:
                # it is a member still, and is told of what it loses
                return True
            self._questions.append(question)
        question.answered.wait(ANSWER)
        return question.yes

    def tell(self, offsets: Mapping[int, int]) -> None:
        """Let whoever watches the group know how far the ledger is; nothing depends on it."""
        self._report = dict(offsets)

    def leave(self) -> None:
        """Give everything up at once. Blocks."""
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(15.0)

    # --- the thread -------------------------------------------------------------------------------------

    def _serve(self) -> None:
        while not self._leaving:
            try:
                self._once()
            except Exception as error:
                log.exception("the group's thread stumbled: %s", type(error).__name__)
                time.sleep(TURN)
        try:
            self._consumer.close()
        except Exception as error:
            log.warning("the group was left without a word: %s", type(error).__name__)

    def _answer(self) -> None:
        """Say of offsets what the ledger has: the group refuses that to who is no member any more."""
        from confluent_kafka import KafkaError, KafkaException, TopicPartition

        while self._questions:
            question = self._questions.popleft()
            places = [TopicPartition(self._place.topic, p, offset) for p, offset in question.offsets.items()]
            try:
                self._consumer.commit(offsets=places, asynchronous=False)
                question.yes = True
            except KafkaException as error:
                question.yes = bool(error.args[0].code() == KafkaError.REBALANCE_IN_PROGRESS)
            finally:
                question.answered.set()
        report, self._report = self._report, {}
        if report:
            places = [TopicPartition(self._place.topic, p, offset) for p, offset in report.items()]
            self._consumer.commit(offsets=places, asynchronous=True)

    def _once(self) -> None:
        if time.monotonic() - self._looked > FROZEN:
            # nobody polls any more: the group gives the partitions to others
            time.sleep(TURN)
            return
        self._answer()
        self._start()
        self._throttle()
        first = self._consumer.poll(TURN)
        if first is None:
            return
        self._keep([first, *self._consumer.consume(1_000, 0)])

    def _start(self) -> None:
        from confluent_kafka import TopicPartition

        with self._changed:
            starts, self._starts = self._starts, {}
            running = [p for p in starts if p in self._flowing]
            starts = {p: offset for p, offset in starts.items() if p in self._held.assigned}
            for partition in running:
                del self._flowing[partition]
        topic = self._place.topic
        if running:
            self._consumer.incremental_unassign([TopicPartition(topic, p) for p in running])
        if starts:
            self._consumer.incremental_assign([TopicPartition(topic, p, offset) for p, offset in starts.items()])
            with self._changed:
                self._flowing.update(starts)
                if self._paused:
                    self._consumer.pause([TopicPartition(topic, p) for p in starts])

    def _throttle(self) -> None:
        from confluent_kafka import TopicPartition

        places = [TopicPartition(self._place.topic, p) for p in self._flowing]
        if not self._paused and self._count > ROOM:
            self._paused = True
            self._consumer.pause(places)
        elif self._paused and self._count < ROOM // 2:
            self._paused = False
            self._consumer.resume(places)

    def _keep(self, messages: list[Any]) -> None:
        with self._changed:
            for message in messages:
                error, partition = message.error(), message.partition()
                if error is not None:
                    self._failed(error, partition)
                    continue
                offset = message.offset()
                # offsets may be skipped (a producer's retries leave none, but a log may have been cleaned), they never go back
                if partition in self._starts or partition not in self._flowing or offset < self._flowing[partition]:
                    continue
                self._flowing[partition] = offset + 1
                value = message.value() or b""
                self._buffers.setdefault(partition, deque()).append(
                    Found(partition, offset, value, self._runs.setdefault(partition, 0))
                )
                self._count += 1
        self._wake()

    def _failed(self, error: Any, partition: int) -> None:
        from confluent_kafka import KafkaError

        if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
            if partition in self._flowing and partition not in self._starts:
                at = self._flowing[partition]
                self.trouble = RecordsGone(
                    f"partition {partition} of {self._place.topic} has no record {at}", partition=partition, offset=at
                )
                log.error("%s", self.trouble.message)
        elif error.code() != KafkaError._PARTITION_EOF:
            log.warning("kafka: %s", error.name())

    def _forget(self, partition: int) -> None:
        self._count -= len(self._buffers.pop(partition, ()))
        self._runs[partition] = self._runs.get(partition, 0) + 1
        self._starts.pop(partition, None)

    # --- what the group says; called in the thread --------------------------------------------------------

    def _on_assign(self, consumer: Any, places: Sequence[Any]) -> None:
        numbers = {place.partition for place in places}
        # nothing is fetched before the ledger has said from where
        consumer.incremental_assign([])
        with self._changed:
            self._held.assigned |= numbers
            self._held.fresh |= numbers
            self._held.lost -= numbers
        self._wake()

    def _on_revoke(self, consumer: Any, places: Sequence[Any]) -> None:
        numbers = {place.partition for place in places}
        with self._changed:
            self._held.fresh -= numbers
            self._held.wanted |= numbers & self._held.told
            self._rebalancing = True
            while self._questions:
                question = self._questions.popleft()
                question.yes = True
                question.answered.set()
        self._wake()
        with self._changed:
            self._changed.wait_for(lambda: self._leaving or not self._held.wanted & numbers, DRAIN)
            self._rebalancing = False
        self._gone(consumer, numbers)

    def _on_lost(self, consumer: Any, places: Sequence[Any]) -> None:
        self._gone(consumer, {place.partition for place in places})

    def _gone(self, consumer: Any, numbers: set[int]) -> None:
        from confluent_kafka import TopicPartition

        with self._changed:
            held = self._held
            held.lost |= numbers & held.told
            for name in ("assigned", "fresh", "told", "wanted", "asked"):
                getattr(held, name).difference_update(numbers)
            flowing = [p for p in numbers if self._flowing.pop(p, None) is not None]
            for partition in numbers:
                self._forget(partition)
        consumer.incremental_unassign([TopicPartition(self._place.topic, p) for p in flowing])
        self._wake()
