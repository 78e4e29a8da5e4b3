"""Times of day and days for batches, in cron's five fields, on a place's own clock; pure, the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crossdock.core.calendar import BusinessCalendar

FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))
DAYS = {"sun": 0, "mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6}
HORIZON = 366 * 8


@dataclass(frozen=True, slots=True)
class Cron:
    """A schedule of the form `minute hour day-of-month month day-of-week`; 0 and 7 are Sunday, names of days are allowed.

    As in POSIX crontab a day fits when day of month or day of week fits, if both are restricted.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def fits(self, day: date) -> bool:
        """Whether the schedule runs on this day."""
        if day.month not in self.months:
            return False
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return in_month or in_week if self.either_day else in_month and in_week

    def next_after(self, at: datetime, calendar: BusinessCalendar | None = None) -> datetime:
        """The next run (UTC) later than `at`, on the calendar's clock and not on its holidays; without a calendar in UTC.

        Raises ValueError when there is none within eight years. A time that the change to summer time skips runs an hour later.
        """
        zone = ZoneInfo(calendar.zone) if calendar else UTC
        day = at.astimezone(zone).date()
        for _ in range(HORIZON):
            if self.fits(day) and (calendar is None or day not in calendar.holidays):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        moment = datetime.combine(day, time(hour, minute), tzinfo=zone).astimezone(UTC)
                        if moment > at:
                            return moment
            day += timedelta(days=1)
        raise ValueError("this schedule never runs")


def parse_cron(text: str) -> Cron:
    """Parse five cron fields (`30 2 * * mon-fri`, `*/15 6-20 * * *`). Raises ValueError saying which field is wrong."""
    parts = text.split()
    if len(parts) != len(FIELDS):
        raise ValueError("a cron schedule has five fields: minute, hour, day of month, month, day of week")
    sets = [_field(part, name, low, high) for part, (name, low, high) in zip(parts, FIELDS, strict=True)]
    weekdays = frozenset(day % 7 for day in sets[4])
    return Cron(sets[0], sets[1], sets[2], sets[3], weekdays, parts[2] != "*" and parts[4] != "*")


def _field(text: str, name: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = low, 6 if name == "day of week" else high
        else:
            begin = _number(first, name, low, high)
            end = _number(last, name, low, high) if dash else (high if step else begin)
        if begin > end or (step and not (step.isdecimal() and int(step) > 0)):
            raise ValueError(f"{item!r} is no {name}")
        found.update(range(begin, end + 1, int(step) if step else 1))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int) -> int:
    value = DAYS.get(text.lower(), -1) if name == "day of week" and text.isalpha() else int(text) if text.isdecimal() else -1
    if not low <= value <= high:
        raise ValueError(f"{text!r} is no {name} ({low}-{high})")
    return value
