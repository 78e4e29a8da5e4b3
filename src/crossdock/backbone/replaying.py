"""Tells a subscriber again what was taken since a time: asks the owners of the partitions, page by page, no faster than it is delivered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from crossdock.backbone.errors import NotReplayable
from crossdock.core.clock import Clock
from crossdock.landscape.landscape import Landscape
from crossdock.ledger import published
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros

HIGH_WATER: Final = 5_000
"""Open deliveries of a subscriber above which a replay waits."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What is told again: the events a subscriber is entitled to that were recorded from `since` up to `until`."""

    subscriber: str
    since: datetime
    until: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a replay is: events found so far, and the time of the newest."""

    asked: int
    at: int


def replay(
    store: Store,
    landscape: Landscape,
    wanted: Replay,
    author: str,
    clock: Clock,
    *,
    page: int = 500,
    name: str = "",
    wait: Callable[[float], None] = time.sleep,
) -> Iterator[Progress]:
    """Ask for every event, oldest first. The same `name` again goes on where it was: no event is told twice under one name.

    Entitlement is decided when it is told, by today's landscape. Raises `NotReplayable`.
    """
    subscriber = landscape.subscribers.get(wanted.subscriber)
    if subscriber is None or not subscriber.enabled:
        raise NotReplayable(f"there is no enabled subscriber {wanted.subscriber!r}", known=sorted(landscape.subscribers))
    types = sorted(
        {event for flow in subscriber.flows if flow in landscape.flows for event in landscape.flows[flow].trigger.events}
    )
    if subscriber.events:
        types = [each for each in types if each in subscriber.events]
    numbers = Numbers(clock, node=1023)
    name = name or f"{clock.now():%Y%m%dT%H%M%S}"
    position = 0
    asked = 0
    backlog = partial(published.open_deliveries, system=wanted.subscriber, most=HIGH_WATER)
    while True:
        while store.read.run(backlog) >= HIGH_WATER:
            wait(0.5)
        since = partial(
            published.events_since,
            since=micros(wanted.since), until=micros(wanted.until), after=position, types=types, limit=page,
        )  # fmt: skip
        found = store.read.run(since)
        if not found:
            return
        parts: dict[int, list[int]] = {}
        for number, _, partition in found:
            parts.setdefault(partition, []).append(number)
        about = {"subscriber": wanted.subscriber, "name": name, "reason": wanted.reason}
        at = micros(clock.now())
        store.work.run(partial(published.ask, numbers=numbers, events=parts, data=about, author=author, now=at))
        asked += len(found)
        position = found[-1][0]
        yield Progress(asked, found[-1][1])
