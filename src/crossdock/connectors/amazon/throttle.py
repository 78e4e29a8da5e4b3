"""Amazon's rate limits: a token bucket per operation, with the rate Amazon tells in its answers; knows no operation's meaning.

Each operation of an account has a rate (requests a second) and a burst. Fast ones are waited for; slow ones (a search every three minutes)
put the call off, so that nothing stands in the way of the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crossdock.core.clock import Clock
from crossdock.core.errors import Throttled

HEADER: Final = "x-amzn-ratelimit-limit"
USUAL: Final[Mapping[str, tuple[float, int]]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "getOrders": (0.0167, 20),
    "getOrderItems": (0.5, 30),
    "confirmShipment": (2.0, 10),
    "patchListingsItem": (5.0, 5),
    "getReports": (0.0222, 10),
    "getReportDocument": (0.0167, 15),
    "createRestrictedDataToken": (1.0, 10),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2.0, 15),
    "getMarketplaceParticipations": (0.016, 15),
}
"""Default rate and burst of the operations used here, as Amazon's reference states them."""

SHARE: Final = 0.95
"""How much of a rate is used: at the whole of it, a request that was quick on its way would come too early."""


@dataclass(slots=True)
class Bucket:
    """What is left of one operation's allowance. `rate` tokens a second, at most `burst`."""

    rate: float
    burst: int
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until a request may be sent, 0 when it may be now."""
        self.tokens = min(float(self.burst), self.tokens + (now - self.at) * self.rate)
        self.at = now
        return 0.0 if self.tokens >= 1 else (1 - self.tokens) / self.rate


class Throttle:
    """The buckets of one seller account."""

    def __init__(self, patience: float, clock: Clock) -> None:
        self._patience = patience
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def _time(self) -> float:
        return self._clock.now().timestamp()

    def _bucket(self, operation: str) -> Bucket:
        if operation not in self._buckets:
            rate, burst = USUAL[operation]
            self._buckets[operation] = Bucket(rate * SHARE, burst, float(burst), self._time())
        return self._buckets[operation]

    async def turn(self, operation: str) -> None:
        """Take a token, waiting for a short time. Raises `Throttled` with the wait when it would be long."""
        bucket = self._bucket(operation)
        wait = bucket.wait(self._time())
        if wait > self._patience:
            raise Throttled(f"the allowance of {operation} is used up", retry_after=round(wait, 1), operation=operation)
        bucket.tokens -= 1  # taken at once, so that those who wait stand in a row
        if wait:
            await asyncio.sleep(wait)

    def told(self, operation: str, headers: Mapping[str, str]) -> None:
        """Amazon says which rate applies to this account."""
        try:
            rate = float(headers.get(HEADER, ""))
        except ValueError:
            return
        if 0 < rate < 1000:
            self._bucket(operation).rate = rate * SHARE

    def refused(self, operation: str, wait: float | None) -> float:
        """Amazon refused for the rate (429): the bucket is empty after all. The seconds until it holds a token, `wait` when Amazon said so."""
        bucket = self._bucket(operation)
        bucket.wait(self._time())
        bucket.tokens = min(0.0, bucket.tokens) if wait is None else 1 - wait * bucket.rate
        return bucket.wait(self._time())
