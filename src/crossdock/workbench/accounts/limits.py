"""How many requests a key may make a minute, and how many wrong keys an address may try; counted in this process."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from crossdock.workbench.api_problem import Problem
from crossdock.workbench.recording import record

WRONG: Final = 20
"""Wrong keys from one address a minute; then it waits."""
KNOWN: Final = 50_000
"""Addresses and keys remembered; the oldest are forgotten first."""


class Buckets:
    """Token buckets by name: each refills within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, per_minute: int, cost: float = 1.0) -> float:
        """Take one; 0 when there was one, else the seconds until there is."""
        now = self._clock()
        with self._lock:
            tokens, at = self._known.pop(name, (float(per_minute), now))
            tokens = min(float(per_minute), tokens + (now - at) * per_minute / 60.0)
            wait = 0.0 if tokens >= max(cost, 1.0) else (1.0 - tokens) * 60.0 / per_minute
            self._known[name] = (tokens - cost if not wait else tokens, now)
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return wait


_spent = Buckets()
_wrong = Buckets()


def _later(wait: float, title: str) -> Problem:
    seconds = str(max(1, int(wait + 0.999)))
    return Problem(429, "api.too_many", title, "Wait as long as Retry-After says.", {"Retry-After": seconds})


def spend(prefix: str, rate: int) -> None:
    """One request of a key. Raises `Problem` 429 when its minute is used up."""
    wait = _spent.take(prefix, rate)
    if wait:
        raise _later(wait, "This key made too many requests.")


def guessing(address: str) -> None:
    """Raises `Problem` 429 when this address tried too many wrong keys; before any key is looked at."""
    wait = _wrong.take(address, WRONG, 0.0)
    if wait:
        raise _later(wait, "Too many wrong keys from this address.")


def guessed(address: str, why: str, prefix: str) -> None:
    """An address showed a key that opens nothing."""
    _wrong.take(address, WRONG)
    record("workbench:key:refused", "nobody", address=address, why=why, key=prefix)
