"""What the capacity review is made of, read from the ledger's own counts and the landscape; judges nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Final

from crossdock.landscape.landscape import Landscape
from crossdock.ledger import traffic
from crossdock.ledger.session import Session
from crossdock.monitoring.capacity import HOUR, PEAK_IN_HOUR, Hub, Resource, Review, review, system_capacity

DAY: Final = 86_400
MEASURED: Final = "capacity.json"
"""File in `var/` of the landscape in which `crossdock load --save` leaves what it measured."""


def measured(home: Path, partitions: int, workers: int = 1) -> Hub | None:
    """What `crossdock load --save` measured on this machine; None when it never ran."""
    file = home / "var" / MEASURED
    if not file.exists():
        return None
    found = json.loads(file.read_text(encoding="utf-8"))
    return Hub(float(found["cpu_seconds"]), float(found["accept_rate"]), workers, partitions)


def reviewed(
    session: Session,
    landscape: Landscape,
    now: datetime,
    hub: Hub | None,
    *,
    days: int = 56,
    ahead: float = 30,
    factor: float = 1.0,
) -> Review:
    """The review of the last `days` days for a peak `ahead` days from now."""
    end = int(now.timestamp())
    cells = traffic.hours(session, end - days * DAY, end, (traffic.RECEIVED, traffic.ATTEMPT))
    received: dict[int, float] = defaultdict(float)
    calls: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    spent: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    used: dict[str, set[str]] = defaultdict(set)
    for bucket, kinds in cells.items():
        for kind, cell in kinds.items():
            if kind.measure == traffic.RECEIVED:
                received[bucket] += cell.count
            elif kind.measure == traffic.ATTEMPT:
                calls[kind.system][bucket] += cell.count
                spent[kind.system][0] += cell.count
                spent[kind.system][1] += cell.total
                used[kind.flow].add(kind.system)
    systems = []
    for name, system in landscape.systems.items():
        count, micros = spent[name]
        limits = system.limits
        seconds = micros / count / 1e6 if count else None
        capacity, limit = system_capacity(
            None if limits.rate is None else float(limits.rate), limits.daily, limits.concurrency, seconds
        )
        busiest = max(calls[name].values(), default=0) / HOUR * PEAK_IN_HOUR
        systems.append(Resource("system", name, capacity, busiest, limit))
    daily: dict[int, float] = defaultdict(float)
    for bucket, came in received.items():
        daily[bucket // DAY] = max(daily[bucket // DAY], came / HOUR * PEAK_IN_HOUR)
    first = min(daily, default=0)
    # today is not over: its peak is still to come
    peaks = [daily.get(day, 0.0) for day in range(first, end // DAY)] if daily else []
    demand = max(received.values(), default=0) / HOUR * PEAK_IN_HOUR
    groups = {
        "flow": {name: sorted(used[name]) for name in landscape.flows if used[name]},
        "partner": {name: list(each.systems) for name, each in landscape.partners.items()},
    }
    return review(systems, hub, demand, peaks, ahead, factor, groups)
