"""A small cache of what is read again and again (products, carriers, countries): bounded, and forgotten after a while."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from crossdock.core.clock import Clock

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """Keeps the latest `limit` entries for `minutes`; the oldest go first."""

    def __init__(self, clock: Clock, minutes: float, limit: int = 20_000) -> None:
        self._clock = clock
        self._life = timedelta(minutes=minutes)
        self._limit = limit
        self._entries: OrderedDict[K, tuple[datetime, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The entry, None when there is none or it is too old."""
        entry = self._entries.get(key)
        if entry is None or self._clock.now() >= entry[0]:
            return None
        return entry[1]

    def put(self, key: K, value: V) -> None:
        """Keep an entry."""
        self._entries[key] = (self._clock.now() + self._life, value)
        self._entries.move_to_end(key)
        while len(self._entries) > self._limit:
            self._entries.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
