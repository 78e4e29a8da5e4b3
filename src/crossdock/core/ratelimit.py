"""Rate limit of one system: a token bucket whose state is one value; pure, the clock is passed in as seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `rate` calls a second on average and `burst` at once. A cost above `burst` can never be paid at once: it waits for
    a full bucket and leaves a debt.
    """

    rate: float
    burst: float = 1.0

    def __post_init__(self) -> None:
        if self.rate <= 0 or self.burst <= 0:
            raise ValueError("a rate limit and its burst are above zero")


@dataclass(frozen=True, slots=True)
class Bucket:
    """The tokens there were at `at` (seconds on any clock that never goes back); `blocked_until` is what the system itself asked for."""

    tokens: float
    at: float
    blocked_until: float = 0.0

    @classmethod
    def full(cls, limit: RateLimit, now: float) -> Bucket:
        """A bucket with a whole burst in it."""
        return cls(limit.burst, now)

    def available(self, limit: RateLimit, now: float) -> float:
        """The tokens there are at `now`."""
        return min(limit.burst, self.tokens + max(0.0, now - self.at) * limit.rate)

    def wait(self, limit: RateLimit, now: float, cost: float = 1.0) -> float:
        """Seconds until `cost` can be paid; 0 when it can be now."""
        missing = min(cost, limit.burst) - self.available(limit, now)
        blocked = self.blocked_until - now
        # A billionth of a token is rounding, not a reason to wait: without it a caller that waits exactly as told may starve.
        return max(missing / limit.rate if missing > 1e-9 else 0.0, blocked, 0.0)

    def take(self, limit: RateLimit, now: float, cost: float = 1.0) -> Bucket:
        """The bucket after a call of `cost` that `wait` allowed."""
        return Bucket(self.available(limit, now) - cost, max(now, self.at), self.blocked_until)

    def told(self, limit: RateLimit, now: float, remaining: float) -> Bucket:
        """The bucket after the system said how much is left: the smaller of both views counts."""
        return Bucket(min(remaining, self.available(limit, now)), max(now, self.at), self.blocked_until)

    def blocked(self, now: float, seconds: float) -> Bucket:
        """The bucket after the system asked to wait (`Retry-After`)."""
        return Bucket(self.tokens, self.at, max(self.blocked_until, now + seconds))
