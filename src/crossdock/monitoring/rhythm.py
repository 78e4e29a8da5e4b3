"""The usual rhythm of a feed by hour of week, and whether it is silent or slow against it; robust statistics, pure.

What is learned is how old the newest message usually gets in each hour of the week: a feed that sends every minute by day and nothing by
night is silent after some minutes by day and never by night, one that sends a file at six is silent at seven. Median and median absolute
deviation let a holiday or an outage of one past week pass without widening what counts as usual.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

STEP: Final = 300
HOUR: Final = 3_600
WEEK: Final = 7 * 24
WEEKS: Final = 6
"""Weeks that are remembered: 12,096 steps a channel at most."""
SAMPLES: Final = 3
"""Weeks needed to know an hour of the week; before, the same hour of other days serves when there are `DAYS` of them."""
DAYS: Final = 5
SPREAD: Final = 1.4826
"""Makes the median absolute deviation comparable to a standard deviation."""
PATIENCE: Final = 1.5
"""Silence counts when it is so much longer than what is usual at its longest."""
SHORTEST: Final = 900.0
"""No silence below fifteen minutes is judged from what was learned."""
RARE: Final = 86_400.0
"""A feed that is usually silent for longer than a day has no rhythm to learn."""
SLOW_SHARE, SLOW_LEAST, SLOW_SPREAD = 0.4, 12.0, 3.0
"""Slow: below this share of the usual, where at least so many are usual, and further away than so many deviations."""


@dataclass(slots=True)
class Rhythm:
    """What is usual of one channel: per hour of the week the oldest age of the newest message and the count, one value a week."""

    zone: str = "UTC"
    ages: dict[int, list[float]] = field(default_factory=dict)
    counts: dict[int, list[float]] = field(default_factory=dict)

    def longest(self, at: datetime) -> float | None:
        """Seconds of silence that are still usual at this time; None when not enough is known or the feed has no rhythm."""
        samples = _samples(self.ages, _place(at, self.zone))
        if not samples or median(samples) > RARE:
            return None
        return max(SHORTEST, PATIENCE * _upper(samples))

    def usual(self, at: datetime) -> tuple[float, float] | None:
        """Messages usual in the hour up to `at`, and their deviation."""
        place = _place(at, self.zone)
        now, before = _samples(self.counts, place), _samples(self.counts, (place - 1) % WEEK)
        if not now or not before:
            return None
        share = (at.minute * 60 + at.second) / HOUR
        middle = median(now) * share + median(before) * (1 - share)
        return middle, _deviation(now) * share + _deviation(before) * (1 - share)

    def slow(self, at: datetime, received: int) -> float | None:
        """The usual number of messages when `received` in the last hour are too few; else None."""
        known = self.usual(at)
        if known is None:
            return None
        middle, deviation = known
        few = received < SLOW_SHARE * middle and received < middle - SLOW_SPREAD * deviation
        return middle if few and middle >= SLOW_LEAST else None


def learn(steps: Mapping[int, int], begin: int, end: int, zone: str = "UTC") -> Rhythm:
    """The rhythm of the messages in `steps` (start of five minutes, seconds since 1970: count) between `begin` and `end`."""
    rhythm = Rhythm(zone)
    if not steps:
        return rhythm
    first = max(begin, min(steps)) // HOUR * HOUR
    last_seen = min(steps)
    for hour in range(first, end // HOUR * HOUR, HOUR):
        oldest, total = 0.0, 0
        for step in range(hour, hour + HOUR, STEP):
            count = steps.get(step, 0)
            oldest = max(oldest, float(step - last_seen))
            if count:
                last_seen, total = step + STEP, total + count
        oldest = max(oldest, float(hour + HOUR - last_seen))
        place = _place(datetime.fromtimestamp(hour, UTC), zone)
        rhythm.ages.setdefault(place, []).append(oldest)
        rhythm.counts.setdefault(place, []).append(float(total))
    return rhythm


def _place(at: datetime, zone: str) -> int:
    """The hour of the week on the wall clock of the place."""
    local = at.astimezone(ZoneInfo(zone))
    return local.weekday() * 24 + local.hour


def _samples(known: Mapping[int, list[float]], place: int) -> list[float]:
    same = known.get(place, [])
    if len(same) >= SAMPLES:
        return same
    others = [value for day in range(7) for value in known.get(day * 24 + place % 24, ())]
    return others if len(others) >= DAYS else []


def _deviation(samples: list[float]) -> float:
    middle = median(samples)
    return SPREAD * median(abs(each - middle) for each in samples)


def _upper(samples: list[float]) -> float:
    return median(samples) + 3 * _deviation(samples)
