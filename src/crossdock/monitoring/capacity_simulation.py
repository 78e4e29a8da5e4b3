"""A hub as a queue of micro-batches and calls in flight, played through in steps of its batches: what so many workers carry; pure.

Checked against measurement: `crossdock load --mix peak-day` gives the CPU a message takes; what the simulation then says of slow targets and
of other rates is compared with real runs (`tests/monitoring/test_capacity.py`).
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

from crossdock.monitoring.capacity import Hub


@dataclass(frozen=True, slots=True)
class Target:
    """The systems effects go to, as one: calls at once and seconds each takes; calls a second, None when not limited."""

    concurrency: int
    seconds: float
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it: messages carried a second, how long half and 99 of 100 waited (seconds), and what bounded it."""

    carried: float
    p50: float
    p99: float
    bound: str


def play(hub: Hub, target: Target, rate: float, seconds: float = 20.0, batch: int = 200, effects: float = 1.0) -> Played:
    """Messages at an even `rate` for `seconds`. Each takes its share of a worker, then `effects` calls of the target.

    Workers take what has come, at most `batch` each, and need a hub's time for it; calls start when one of `concurrency` is free and not
    before the rate allows. Carried is what was done by the end of the time, so a backlog shows.
    """
    cost = 1 / hub.rate()
    whole = int(rate * seconds)
    lanes = [0.0] * target.concurrency
    heapq.heapify(lanes)
    done: list[float] = []
    waited: list[float] = []
    now, taken, next_call = 0.0, 0, 0.0
    while taken < whole and now < seconds:
        came = min(whole, int(now * rate) + 1)
        if came <= taken:
            now, came = max(now, taken / rate), taken + 1  # idle until the next one comes
        size = min(batch * hub.workers, came - taken)
        now += size * cost
        for place in range(taken, taken + size):
            at = now
            for _ in range(math.ceil(effects)):
                start = max(heapq.heappop(lanes), at, next_call)
                if target.rate:
                    next_call = start + 1 / target.rate
                at = start + target.seconds
                heapq.heappush(lanes, at)
            done.append(at)
            waited.append(at - place / rate)
        taken += size
    carried = sum(1 for each in done if each <= seconds) / seconds
    waited.sort()
    p50, p99 = (waited[min(len(waited) - 1, int(len(waited) * share))] if waited else 0.0 for share in (0.5, 0.99))
    return Played(carried, p50, p99, _bound(hub, target, rate, effects))


def _bound(hub: Hub, target: Target, rate: float, effects: float) -> str:
    limits = {"the rate asked for": rate, "the workers": hub.rate(), "the door": hub.accept_rate}
    if target.seconds > 0:
        limits["calls at once"] = target.concurrency / target.seconds / effects
    if target.rate:
        limits["the target's rate"] = target.rate / effects
    return min(limits, key=lambda each: limits[each])


def needed(hub: Hub, rate: float, room: float = 1.3, broker: float = 3.0) -> tuple[int, str]:
    """Workers and engine that carry `rate` with `room` to spare; 0 workers when no number of them does on one ledger.

    The universal scalability law ends at 1/shared workers' worth: beyond it the ledger has to be divided (one hub per region or company).
    `broker` is how many times more the door accepts with the engine kafka.
    """
    wanted = rate * room
    engine = "embedded" if wanted <= min(hub.rate(1), hub.accept_rate) else "postgresql"
    if wanted > hub.accept_rate:
        engine = "kafka" if wanted <= hub.accept_rate * broker else "kafka, divided"
    partitions = Hub(hub.cpu_seconds, hub.accept_rate, 1, 4096, hub.shared)
    for workers in range(1, 4097):
        if partitions.rate(workers) >= wanted:
            return workers, engine
    return 0, "divided ledgers"
