"""Business time: working days, hours, holidays and cut-offs of a place in its own zone; pure values, no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When a place works. `hours` maps ISO weekday (1 = Monday) to opening and closing in the place's `zone`.

    `cutoffs` maps a name (a carrier, a service level) to the local time by which work must be handed over.
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

        Raises KeyError for a cut-off the calendar does not know.
        """
        zone = ZoneInfo(self.zone)
        clock = self.cutoffs[name]
        day = self.local(at).date()
        for _ in range(400):
            if self.works_on(day):
                moment = datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
                if moment >= at:
                    return moment
            day += timedelta(days=1)
        raise ValueError(f"no working day within 400 days of {at:%Y-%m-%d} in this calendar")
