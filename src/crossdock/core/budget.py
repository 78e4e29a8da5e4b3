"""Retry budgets: how often and until which business moment an effect is tried; pure, clock and seed are passed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal

from crossdock.core.calendar import BusinessCalendar, cutoff_moment

OnExhausted = Literal["exception", "page"]


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `at`. `last` says that it is the last safe attempt: when it fails too, a person gets it."""

    at: datetime
    last: bool = False


@dataclass(frozen=True, slots=True)
class Exhausted:
    """No further attempt: `attempts` were used up, the business `deadline` is too near, or the other side asked to `wait` beyond it."""

    reason: Literal["attempts", "deadline", "wait"]


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """How long and how often an effect is tried before a person gets it.

    `attempts` counts the first one too. Waits grow from `first_delay` by `factor` up to `max_delay` (seconds), each prolonged by up to
    `jitter` of itself so that many commands do not come back at the same moment. `cutoff` (`calendar/cut-off`) and `within` are the
    business moment after which trying is useless, the earlier one counts; with `working` the time `within` is working time of that
    calendar. The last attempt starts at least `margin` seconds before that moment: late enough to be the best use of the time left,
    early enough that its answer, or a person, still matters. `on_exhausted`: an exception for the owner, or also a page.
    """

    attempts: int = 12
    first_delay: float = 5.0
    max_delay: float = 900.0
    factor: float = 2.0
    jitter: float = 0.2
    cutoff: str = ""
    within: timedelta | None = None
    working: str = ""
    margin: float = 60.0
    on_exhausted: OnExhausted = "exception"

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise ValueError("a retry budget has at least one attempt")
        if not 0 < self.first_delay <= self.max_delay or self.factor < 1 or self.jitter < 0 or self.margin < 0:
            raise ValueError("a retry budget's waits are positive and do not shrink")

    def deadline(
        self, decided_at: datetime, calendars: Mapping[str, BusinessCalendar], command: datetime | None = None
    ) -> datetime | None:
        """The business moment after which an effect decided at `decided_at` is useless: the earliest of cut-off, `within` and the
        command's own deadline; None when only attempts bound it. Raises KeyError for an unknown calendar or cut-off.
        """
        moments = [] if command is None else [command]
        if self.cutoff:
            moments.append(cutoff_moment(calendars, self.cutoff, decided_at))
        if self.within is not None:
            if self.working:
                moments.append(calendars[self.working].add_working(decided_at, self.within))
            else:
                moments.append(decided_at + self.within)
        return min(moments, default=None)

    def wait(self, attempt: int) -> float:
        """Seconds to wait after attempt number `attempt` (1 is the first), before jitter."""
        growth = self.factor ** min(attempt - 1, 64)
        return min(self.max_delay, self.first_delay * growth)

    def next_attempt(
        self,
        now: datetime,
        attempt: int,
        retry_after: float | None = None,
        deadline: datetime | None = None,
        seed: str = "",
    ) -> Retry | Exhausted:
        """What follows when attempt number `attempt` (1 is the first) failed at `now`.

        `retry_after` is what the other side asked for in seconds: never tried earlier. `deadline` is from `deadline()`; no attempt
        is placed later than `margin` before it. `seed` is the command's id: the same command waits the same times on every machine.
        """
        if attempt >= self.attempts:
            return Exhausted("attempts")
        wait = self.wait(attempt)
        if retry_after is not None:
            wait = max(wait, retry_after)
        at = now + timedelta(seconds=wait * (1 + self.jitter * _fraction(seed, attempt)))
        last = attempt + 1 >= self.attempts
        if deadline is None:
            return Retry(at, last)
        latest = deadline - timedelta(seconds=self.margin)
        if at < latest:
            return Retry(at, last or at + timedelta(seconds=self.first_delay) > latest)
        earliest = now + timedelta(seconds=max(self.first_delay, retry_after or 0.0))
        if earliest > latest:
            return Exhausted(
                "wait" if retry_after is not None and now + timedelta(seconds=self.first_delay) <= latest else "deadline"
            )
        return Retry(latest, True)

    def attempts_left(
        self, now: datetime, attempt: int, deadline: datetime | None = None, retry_after: float | None = None
    ) -> int:
        """How many safe attempts remain after attempt number `attempt` failed at `now` (`1`: one safe attempt left).

        Counted without jitter, so it may be one too low by the jitter, never too high by a whole back-off.
        """
        left = 0
        while attempt < self.attempts:
            if deadline is None:
                return left + self.attempts - attempt
            verdict = self.next_attempt(now, attempt, retry_after, deadline)
            if isinstance(verdict, Exhausted):
                break
            left, attempt, now, retry_after = left + 1, attempt + 1, verdict.at, None
        return left


def _fraction(seed: str, attempt: int) -> float:
    """A number in [0, 1) that depends on nothing but `seed` and `attempt`; none without a seed."""
    if not seed:
        return 0.0
    return int.from_bytes(blake2b(f"{seed}#{attempt}".encode(), digest_size=6).digest()) / 2**48
