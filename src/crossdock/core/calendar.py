"""Business time: working days, hours, holidays and cut-offs of a place in its own zone; pure values, no clock.

Durations are real (elapsed) time: on the day the clocks change a working day is an hour shorter or longer when the change falls
into its hours, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
HORIZON = 3660
"""Days looked ahead before a calendar counts as never working again."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When a place works. `hours` maps ISO weekday (1 = Monday) to opening and closing in the place's `zone`.

    Hours are half-open: at opening the place works, at closing it does not. A closing time that is not after the opening time is
    on the next day (a night shift; 00:00 to 00:00 is the whole day); the shift belongs to the day it opened. Without any hours
    the place works round the clock on every day that is no holiday. `cutoffs` maps a name (a carrier, a service level) to the local
    time by which work must be handed over.
    """

    zone: str = "UTC"
    hours: Mapping[int, tuple[time, time]] = field(default_factory=dict)
    holidays: frozenset[date] = frozenset()
    cutoffs: Mapping[str, time] = field(default_factory=dict)

    def local(self, at: datetime) -> datetime:
        """`at` on the wall clock of the place."""
        return at.astimezone(ZoneInfo(self.zone))

    def works_on(self, day: date) -> bool:
        """Whether the place works on this day; without any hours every day that is no holiday counts."""
        return day not in self.holidays and (not self.hours or day.isoweekday() in self.hours)

    def next_cutoff(self, name: str, at: datetime) -> datetime:
        """The next moment (UTC) at or after `at` when cut-off `name` falls on a working day.

        Raises KeyError for a cut-off the calendar does not know, ValueError when no working day is left.
        """
        clock = self.cutoffs[name]
        day = self.local(at).date()
        for _ in range(HORIZON):
            if self.works_on(day):
                moment = self._moment(day, clock)
                if moment >= at:
                    return moment
            day += DAY
        raise ValueError(f"no working day within ten years of {at:%Y-%m-%d} in this calendar")

    def intervals(self, at: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The working intervals [open, close) in UTC that end after `at`, in order, without overlap, for ten years."""
        day = self.local(at).date() - DAY
        before: datetime | None = None
        for _ in range(HORIZON):
            if self.works_on(day):
                opens, closes = self.hours[day.isoweekday()] if self.hours else (time(), time())
                start = self._moment(day, opens)
                end = self._moment(day if closes > opens else day + DAY, closes)
                if before is not None and start < before:
                    start = before
                if start < end:
                    before = end
                    if end > at:
                        yield start, end
            day += DAY

    def is_open(self, at: datetime) -> bool:
        """Whether the place works at this moment."""
        for start, _ in self.intervals(at):
            return start <= at
        return False

    def next_open(self, at: datetime) -> datetime:
        """The first working moment (UTC) at or after `at`. Raises ValueError when there is none."""
        for start, _ in self.intervals(at):
            return max(start, at.astimezone(UTC))
        raise ValueError(f"no working hours within ten years of {at:%Y-%m-%d} in this calendar")

    def add_working(self, at: datetime, duration: timedelta) -> datetime:
        """The earliest moment (UTC) by which `duration` of working time has passed since `at`.

        Work that fits exactly is done at closing time, not at the next opening. Zero or less is `at` itself. Raises ValueError when
        the calendar has not that much working time in ten years.
        """
        left = duration
        if left <= timedelta(0):
            return at.astimezone(UTC)
        for start, end in self.intervals(at):
            begin = max(start, at)
            if end - begin >= left:
                return (begin + left).astimezone(UTC)
            left -= end - begin
        raise ValueError(f"less than {duration} of working time within ten years of {at:%Y-%m-%d} in this calendar")

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time that passes from `start` to `end` (zero when `end` is not later)."""
        total = timedelta(0)
        for opens, closes in self.intervals(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def _moment(self, day: date, clock: time) -> datetime:
        return _moment(self.zone, day, clock)


@lru_cache(maxsize=8192)
def _moment(zone: str, day: date, clock: time) -> datetime:
    """A wall-clock time in UTC; remembered, because every deadline of a day asks for the same few moments.

    A time that the change to summer time skips is read with the offset before the change, one that occurs twice as its first
    occurrence (PEP 495, fold=0); so opening never comes after closing.
    """
    return datetime.combine(day, clock, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def cutoff_moment(calendars: Mapping[str, BusinessCalendar], name: str, at: datetime) -> datetime:
    """The next time cut-off `name`, written `calendar/cut-off`, falls at or after `at`.

    Raises KeyError for an unknown calendar or cut-off.
    """
    calendar, _, cutoff = name.partition("/")
    return calendars[calendar].next_cutoff(cutoff, at)
