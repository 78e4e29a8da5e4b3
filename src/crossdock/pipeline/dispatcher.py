"""Step seven, deliver: which commands may go out now, per key in order, per system within its limits; decides nothing about outcomes."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crossdock.connectors.http import CallScope, current_call
from crossdock.core.breaker import CLOSED, Breaker
from crossdock.core.clock import Clock
from crossdock.core.errors import AnswerLost, CrossdockError, Deferred, Misconfigured, Rejected, Uncertain
from crossdock.core.outcomes import Accepted, Outcome
from crossdock.core.ratelimit import Bucket
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.times import micros
from crossdock.pipeline.correlation import traceparent
from crossdock.pipeline.delivery import Delivery, Done
from crossdock.pipeline.runtime import Participant

_LARGEST_PLAN = 512


@dataclass(slots=True)
class Lane:
    """One system's deliveries: a queue per key of which only the head may go, and the system's limits."""

    participant: Participant
    queues: dict[str, deque[Delivery]] = field(default_factory=dict)
    ready: dict[str, None] = field(default_factory=dict)
    later: list[tuple[int, int, str]] = field(default_factory=list)
    writing: set[str] = field(default_factory=set)
    flying: int = 0
    bucket: Bucket | None = None
    breaker: Breaker = CLOSED
    parked: str = ""


class Dispatcher:
    """Holds every open delivery of the owned partitions and sends what may go.

    `plan` chooses, the worker records the choice, `launch` sends: so the ledger always knows what may be under way.
    """

    def __init__(self, participants: Mapping[str, Participant], clock: Clock, wake: Callable[[], None]) -> None:
        self._lanes = {name: Lane(participant) for name, participant in participants.items()}
        self._clock = clock
        self._wake = wake
        self._done: deque[Done] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._deliveries: dict[int, Delivery] = {}
        self._deadlines: list[tuple[int, int]] = []
        self.orphans: list[Delivery] = []
        """Open deliveries to systems the landscape does not have (any more); the worker hands them to a person."""

    @property
    def open(self) -> int:
        """Deliveries held."""
        return len(self._deliveries)

    @property
    def finished(self) -> int:
        """Attempts that ended and were not collected yet."""
        return len(self._done)

    def lanes(self) -> Mapping[str, Lane]:
        """The lanes by system, to look at."""
        return self._lanes

    def get(self, number: int) -> Delivery | None:
        """An open delivery by its ledger number."""
        return self._deliveries.get(number)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Queue deliveries behind those of the same key and system; those to a system that is gone are `orphans`."""
        for delivery in deliveries:
            lane = self._lanes.get(delivery.command.system)
            if lane is None:
                self.orphans.append(delivery)
                continue
            self._deliveries[delivery.number] = delivery
            if delivery.command.deadline is not None:
                heapq.heappush(self._deadlines, (micros(delivery.command.deadline), delivery.number))
            queue = lane.queues.setdefault(delivery.command.key, deque())
            queue.append(delivery)
            if len(queue) == 1:
                self._arm(lane, delivery)

    def _arm(self, lane: Lane, head: Delivery) -> None:
        if head.busy:
            return
        if head.next_at > micros(self._clock.now()):
            heapq.heappush(lane.later, (head.next_at, head.number, head.command.key))
        else:
            lane.ready[head.command.key] = None

    def again(self, delivery: Delivery) -> None:
        """A delivery whose attempt ended and which stays open goes on at its `next_at`."""
        delivery.busy = False
        lane = self._lanes[delivery.command.system]
        queue = lane.queues.get(delivery.command.key)
        if queue and queue[0] is delivery:
            self._arm(lane, delivery)

    def remove(self, delivery: Delivery) -> None:
        """A delivery settled: the next one of its key may go."""
        if self._deliveries.pop(delivery.number, None) is None:
            return
        lane = self._lanes[delivery.command.system]
        key = delivery.command.key
        queue = lane.queues.get(key)
        if queue is None:
            return
        head = bool(queue) and queue[0] is delivery
        queue.remove(delivery)
        if not queue:
            del lane.queues[key]
            lane.ready.pop(key, None)
        elif head:
            lane.ready.pop(key, None)
            self._arm(lane, queue[0])

    def drop_partitions(self, partitions: Iterable[int]) -> None:
        """Forget everything of partitions another worker owns now; attempts under way are not collected."""
        lost = set(partitions)
        for delivery in [d for d in self._deliveries.values() if d.partition in lost]:
            self.remove(delivery)
        self._done = deque(done for done in self._done if self._deliveries.get(done.delivery.number) is done.delivery)

    def busy(self, partition: int) -> bool:
        """Whether a call of this partition is under way."""
        return any(d.busy and d.partition == partition for d in self._deliveries.values())

    def startable(self) -> bool:
        """Whether `plan` may find something to start."""
        now = self._clock.now()
        at, seconds = micros(now), now.timestamp()
        return any(
            not lane.parked and (lane.ready or (lane.later and lane.later[0][0] <= at)) and self._may_start(lane, now, seconds)
            for lane in self._lanes.values()
        )

    def overdue(self) -> list[Delivery]:
        """Deliveries that wait, not under way and not uncertain, although their business deadline has passed."""
        now = micros(self._clock.now())
        found: list[Delivery] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, number = heapq.heappop(self._deadlines)
            delivery = self._deliveries.get(number)
            if delivery is None or delivery.command.deadline is None:
                continue
            if delivery.busy or delivery.state is DeliveryState.UNCERTAIN:
                heapq.heappush(self._deadlines, (now + 1_000_000, number))
                continue
            found.append(delivery)
        return found

    def next_at(self) -> int | None:
        """When the earliest waiting delivery may go, in microseconds; None when none waits for a time."""
        times = [lane.later[0][0] for lane in self._lanes.values() if lane.later and not lane.parked]
        now = self._clock.now()
        for lane in self._lanes.values():
            if lane.ready and not lane.parked and lane.flying == 0:
                allowed = lane.breaker.next_allowed(now)
                wait = (
                    0.0
                    if lane.bucket is None or lane.participant.rate is None
                    else lane.bucket.wait(lane.participant.rate, now.timestamp())
                )
                if allowed is not None:
                    times.append(max(micros(allowed), micros(now) + int(wait * 1e6)))
        return min(times, default=None)

    # --- choosing ---------------------------------------------------------------------------------------

    def plan(self) -> list[list[Delivery]]:
        """Groups of deliveries that may start now; a group travels in one call. Marks them busy; `launch` must follow."""
        now = self._clock.now()
        groups: list[list[Delivery]] = []
        for lane in self._lanes.values():
            if lane.later:
                self._mature(lane, micros(now))
            if lane.ready and not lane.parked:
                groups += self._plan_lane(lane, now)
        return groups

    def _mature(self, lane: Lane, now: int) -> None:
        while lane.later and lane.later[0][0] <= now:
            _, number, key = heapq.heappop(lane.later)
            queue = lane.queues.get(key)
            if queue and queue[0].number == number and not queue[0].busy and queue[0].next_at <= now:
                lane.ready[key] = None

    def _plan_lane(self, lane: Lane, now: datetime) -> list[list[Delivery]]:
        connector = lane.participant.connector
        largest = connector.capabilities.batch
        groups: list[list[Delivery]] = []
        open_groups: dict[str, list[Delivery]] = {}
        seconds = now.timestamp()
        for key in list(lane.ready):
            queue = lane.queues.get(key)
            if not queue:
                lane.ready.pop(key, None)
                continue
            head = queue[0]
            if head.busy or head.state >= DeliveryState.ACCEPTED:
                # under way, or settled by this very micro-batch: a person's word or a deadline comes before another attempt
                lane.ready.pop(key, None)
                continue
            reconcile = head.state is DeliveryState.UNCERTAIN
            batch_key = "" if largest == 1 or reconcile else connector.batch_key(head.command)
            group = open_groups.get(batch_key) if batch_key else None
            if group is None and not self._may_start(lane, now, seconds):
                break
            names = head.names
            if names is None:
                names = head.names = tuple(connector.serial(head.command))
            if names and not lane.writing.isdisjoint(names):
                continue
            if names:
                lane.writing.update(names)
            lane.ready.pop(key, None)
            head.busy = True
            if group is not None:
                group.append(head)
                if len(group) >= largest:
                    del open_groups[batch_key]
                continue
            lane.flying += 1
            if lane.participant.rate is not None and lane.bucket is not None:
                lane.bucket = lane.bucket.take(lane.participant.rate, seconds)
            lane.breaker = lane.breaker.started(now, lane.participant.breaker)
            group = [head]
            groups.append(group)
            if batch_key:
                open_groups[batch_key] = group
            if len(groups) >= _LARGEST_PLAN:
                break
        return groups

    def _may_start(self, lane: Lane, now: datetime, seconds: float) -> bool:
        if lane.flying >= lane.participant.concurrency or not lane.breaker.allows(now):
            return False
        rate = lane.participant.rate
        if rate is None:
            return True
        if lane.bucket is None:
            lane.bucket = Bucket.full(rate, seconds)
        return lane.bucket.wait(rate, seconds) <= 0

    def unplan(self, group: Sequence[Delivery], *, whole: bool = True) -> None:
        """Deliveries of a planned group that are not sent after all: what the plan took is given back; `whole` with the call itself."""
        lane = self._lanes[group[0].command.system]
        if whole:
            lane.flying -= 1
        for delivery in group:
            delivery.busy = False
            lane.writing.difference_update(delivery.names or ())

    # --- sending ----------------------------------------------------------------------------------------

    def launch(self, groups: Iterable[list[Delivery]]) -> None:
        """Send planned groups; outcomes are collected by `collect`."""
        for group in groups:
            task = asyncio.create_task(self._send(group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _send(self, group: list[Delivery]) -> None:
        lane = self._lanes[group[0].command.system]
        head = group[0]
        scope = CallScope(traceparent(head.command.correlation, head.number), head.command.correlation)
        current_call.set(scope)
        started_at = self._clock.now()
        started = asyncio.get_running_loop().time()
        kind = "reconcile" if head.state is DeliveryState.UNCERTAIN else "deliver"
        results = await self._call(lane, group, kind)
        seconds = asyncio.get_running_loop().time() - started
        lane.flying -= 1
        for delivery, result in zip(group, results, strict=True):
            if delivery.names:
                lane.writing.difference_update(delivery.names)
            # by identity: a partition that was lost and came back has the delivery anew, and asks what became of this attempt
            if self._deliveries.get(delivery.number) is delivery:
                self._done.append(Done(delivery, kind, result, started_at, seconds, scope.exchanges, delivery is head))
        self._wake()

    async def _call(self, lane: Lane, group: list[Delivery], kind: str) -> list[Outcome]:
        connector = lane.participant.connector
        try:
            if kind == "reconcile":
                return [await connector.find_effect(group[0].command)]  # type: ignore[list-item]
            if len(group) == 1:
                return [await connector.deliver(group[0].command)]
            results = list(await connector.deliver_many([d.command for d in group]))
            if len(results) != len(group):
                return [AnswerLost("the connector answered for another number of commands")] * len(group)
            return results
        except (Rejected, Deferred, Uncertain, Misconfigured) as error:
            return [error] * len(group)
        except CrossdockError as error:
            return [AnswerLost(error.message)] * len(group)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            return [AnswerLost(f"the connector failed: {type(error).__name__}")] * len(group)

    def collect(self, limit: int) -> list[Done]:
        """Finished attempts, oldest first; their outcomes also move breaker and rate limit of the system."""
        now = self._clock.now()
        collected: list[Done] = []
        while self._done and len(collected) < limit:
            done = self._done.popleft()
            if done.first:
                self._learn(self._lanes[done.delivery.command.system], done, now)
            collected.append(done)
        return collected

    def _learn(self, lane: Lane, done: Done, now: datetime) -> None:
        policy = lane.participant.breaker
        result = done.result
        if isinstance(result, Deferred):
            if result.code == "deliver.throttled" and lane.bucket is not None and lane.participant.rate is not None:
                lane.bucket = lane.bucket.blocked(now.timestamp(), result.retry_after or 1.0)
            if result.code not in ("deliver.contended", "deliver.pending"):
                lane.breaker = lane.breaker.failed(now, policy, result.retry_after)
        elif isinstance(result, Uncertain):
            lane.breaker = lane.breaker.failed(now, policy)
        elif isinstance(result, Accepted | Rejected):
            lane.breaker = lane.breaker.succeeded(policy)

    def park(self, system: str, reason: str) -> bool:
        """Stop sending to a misconfigured system. True when it was not parked before."""
        lane = self._lanes[system]
        fresh = not lane.parked
        lane.parked = reason
        return fresh

    def unpark(self, system: str) -> None:
        """Go on with a system whose owner mended it."""
        lane = self._lanes[system]
        lane.parked = ""
        lane.breaker = lane.breaker.mended()

    async def close(self, grace: float = 10.0) -> None:
        """Let attempts under way end within `grace` seconds; later ones are cancelled and become uncertain."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
