"""Step seven, deliver: which commands may go out now, per key in order, per system within its limits; decides nothing about outcomes."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from crossdock.connectors.http import CallScope, current_call
from crossdock.core.breaker import CLOSED, Breaker
from crossdock.core.clock import Clock
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, ContentWithheld, CrossdockError, Deferred, Misconfigured, Rejected, Uncertain
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, Outcome
from crossdock.core.ratelimit import Bucket
from crossdock.ledger.states import DeliveryState
from crossdock.ledger.times import micros
from crossdock.pipeline.correlation import attempt_span, traceparent
from crossdock.pipeline.delivery import Delivery, Done
from crossdock.pipeline.filtering import outgoing
from crossdock.pipeline.runtime import Participant

_LARGEST_PLAN = 512
LAST_CHANCE = timedelta(seconds=60)
"""A command whose business deadline is so near is tried once more although its system counts as down, at most every `pause` of the circuit."""


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
    hastened: datetime | None = None
    """When a command that could not wait was last looked for."""


class Dispatcher:
    """Holds every open delivery of the owned partitions and sends what may go.

    `plan` chooses, the worker records the choice, `launch` sends: so the ledger always knows what may be under way.
    """

    def __init__(self, participants: Mapping[str, Participant], clock: Clock, wake: Callable[[], None]) -> None:
        self._lanes = {name: Lane(participant) for name, participant in participants.items()}
        self._held = dict.fromkeys(self._lanes, 0)
        self._clock = clock
        self._wake = wake
        self._done: deque[Done] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._deliveries: dict[int, Delivery] = {}
        self._deadlines: list[tuple[int, int]] = []
        self.refuses: Callable[[Command], CrossdockError | None] = lambda _command: None
        """Why a command must not leave now; asked before every call."""
        self.orphans: list[Delivery] = []
        """Open deliveries to systems the landscape does not have (any more); the worker hands them to a person."""

    @property
    def open(self) -> int:
        """Deliveries held."""
        return len(self._deliveries)

    def room(self, most: int) -> int:
        """How many more deliveries may be opened so that about `most` are held. What waits for systems that do not answer, or take only so
        many a second, counts for half of them at most, so that the others are told on; never are more than four times as many held."""
        held = waiting = 0
        for name, lane in self._lanes.items():
            slow = lane.parked or lane.breaker.phase != "closed" or lane.participant.rate is not None
            if slow:
                waiting += self._held[name]
            else:
                held += self._held[name]
        return min(most - held - min(waiting, most // 2), 4 * most - len(self._deliveries))

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

    def repeatable(self, command: Command) -> bool:
        """Whether sending this again is safe by construction."""
        lane = self._lanes.get(command.system)
        return lane is not None and command.name in lane.participant.connector.capabilities.repeatable

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Queue deliveries behind those of the same key and system; those to a system that is gone are `orphans`."""
        for delivery in deliveries:
            lane = self._lanes.get(delivery.command.system)
            if lane is None:
                self.orphans.append(delivery)
                continue
            self._deliveries[delivery.number] = delivery
            self._held[delivery.command.system] += 1
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
        self._held[delivery.command.system] -= 1
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
        for lane in self._lanes.values():
            if not lane.parked and lane.breaker.phase == "open":
                self._mature(lane, at)
                self._hasten(lane, now)
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

    def _hasten(self, lane: Lane, now: datetime) -> None:
        """Let one call through an open circuit, first in its lane, when its deadline does not leave time to wait."""
        until = lane.breaker.until
        if (
            until is None
            or until <= now
            or (lane.hastened and (now - lane.hastened).total_seconds() < lane.participant.breaker.pause)
        ):
            return
        lane.hastened = now
        for key in lane.ready:
            deadline = lane.queues[key][0].command.deadline if key in lane.queues else None
            if deadline is not None and now < deadline < min(until + LAST_CHANCE, now + LAST_CHANCE):
                lane.ready = {key: None, **lane.ready}
                lane.breaker = lane.breaker.hastened(now)
                return

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
            lane.breaker = lane.breaker.withdrawn(lane.participant.breaker)
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
        kind = "reconcile" if head.state is DeliveryState.UNCERTAIN else "deliver"
        question = head.questions + 1 if kind == "reconcile" else 0
        spans = [attempt_span(each.number, each.attempts, question) for each in group]
        scope = CallScope(traceparent(head.command.correlation, spans[0]), head.command.correlation)
        current_call.set(scope)
        started_at = self._clock.now()
        started = asyncio.get_running_loop().time()
        results = await self._permitted(lane, group, kind)
        seconds = asyncio.get_running_loop().time() - started
        lane.flying -= 1
        # at once, and whoever owns the deliveries by now: a circuit that waits for this call must not wait for ever
        self._learn(lane, results[0])
        for delivery, result, span in zip(group, results, spans, strict=True):
            if delivery.names:
                lane.writing.difference_update(delivery.names)
            # by identity: a partition that was lost and came back has the delivery anew, and asks what became of this attempt
            if self._deliveries.get(delivery.number) is delivery:
                self._done.append(Done(delivery, kind, result, started_at, seconds, scope.exchanges, span))
        self._wake()

    async def _permitted(self, lane: Lane, group: list[Delivery], kind: str) -> Sequence[Outcome | Effect]:
        """Call with those that may leave; asking what became of an effect is always allowed."""
        refused = [None if kind == "reconcile" else self.refuses(each.command) for each in group]
        if not any(refused):
            return await self._call(lane, group, kind)
        allowed = [each for each, why in zip(group, refused, strict=True) if why is None]
        answers = iter(await self._call(lane, allowed, kind) if allowed else ())
        return [next(answers) if why is None else why for why in refused]  # type: ignore[misc]

    async def _call(self, lane: Lane, group: list[Delivery], kind: str) -> Sequence[Outcome | Effect]:
        content = lane.participant.content
        if not content:
            return await self._tell(lane, [d.command for d in group], kind)
        # nothing leaves but what passed the filter; what cannot leave without withheld fields does not leave at all
        found = [outgoing(delivery, content).sent for delivery in group]
        told = [each for each in found if not isinstance(each, ContentWithheld)]
        answers = iter(await self._tell(lane, told, kind) if told else ())
        return [each if isinstance(each, ContentWithheld) else next(answers) for each in found]

    async def _tell(self, lane: Lane, group: Sequence[Command], kind: str) -> Sequence[Outcome | Effect]:
        connector = lane.participant.connector
        try:
            if kind == "reconcile":
                return [await connector.find_effect(group[0])]
            if len(group) == 1:
                return [await connector.deliver(group[0])]
            results = list(await connector.deliver_many(group))
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
        """Finished attempts, oldest first."""
        return [self._done.popleft() for _ in range(min(limit, len(self._done)))]

    def _learn(self, lane: Lane, result: Outcome | Effect) -> None:
        """What the answer to one call, however many commands it carried, says of the health of the system."""
        policy, now = lane.participant.breaker, self._clock.now()
        if isinstance(result, Accepted | Rejected | EffectFound | EffectAbsent):
            lane.breaker = lane.breaker.succeeded(policy)
        elif isinstance(result, Deferred):
            if result.code == "deliver.throttled" and lane.bucket is not None and lane.participant.rate is not None:
                lane.bucket = lane.bucket.blocked(now.timestamp(), result.retry_after or 1.0)
            if result.code in ("deliver.contended", "deliver.pending"):
                lane.breaker = lane.breaker.succeeded(policy)
            else:
                lane.breaker = lane.breaker.failed(now, policy, result.retry_after)
        elif isinstance(result, Uncertain):
            lane.breaker = lane.breaker.failed(now, policy)
        else:
            lane.breaker = lane.breaker.withdrawn(policy)

    def park(self, system: str, reason: str) -> bool:
        """Stop sending to a misconfigured system. True when it was not parked before."""
        lane = self._lanes[system]
        fresh = not lane.parked
        lane.parked = reason
        return fresh

    def parks(self, parked: Mapping[str, str]) -> None:
        """Follow the ledger: park and go on with systems as whichever worker last found them."""
        for name, lane in self._lanes.items():
            if name in parked:
                lane.parked = lane.parked or parked[name] or "parked"
            elif lane.parked:
                self.unpark(name)

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
