"""`calendars.yaml`: when places work, in their own zone, and by when work must be handed over."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, RootModel, WithJsonSchema

from crossdock.core.calendar import BusinessCalendar
from crossdock.landscape.models.base import Name, Strict, Text

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "(" + "|".join(DAYS) + ")"
_SPAN = re.compile(rf"^{_DAY}(?:-{_DAY})?$")
_HOURS = re.compile(r"^(\d{2}:\d{2})\s*-\s*(\d{2}:\d{2})$")


def _clock(value: Any) -> time:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.match(r"^\d{2}:\d{2}$", value):
        raise ValueError("write a time of day as HH:MM, for example 15:30")
    return time.fromisoformat(value)


def _opening(value: Any) -> tuple[time, time]:
    match = _HOURS.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("write opening hours as HH:MM-HH:MM, for example 08:00-17:30")
    return time.fromisoformat(match[1]), time.fromisoformat(match[2])


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (OSError, ValueError, LookupError):
        raise ValueError(f"{value!r} is no IANA time zone; write for example Europe/Berlin") from None
    return value


def _written(value: tuple[time, time]) -> str:
    return f"{value[0]:%H:%M}-{value[1]:%H:%M}"


ClockTime = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: f"{value:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-2]\d:[0-5]\d$"}),
]
Opening = Annotated[
    tuple[time, time],
    BeforeValidator(_opening),
    PlainSerializer(_written, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-2]\d:[0-5]\d *- *[0-2]\d:[0-5]\d$"}),
]
DaySpan = Annotated[str, Field(pattern=_SPAN.pattern)]
Zone = Annotated[str, AfterValidator(_zone)]


def weekdays(spans: dict[str, tuple[time, time]]) -> dict[int, tuple[time, time]]:
    """Hours by ISO weekday of spans such as `mon-fri`; a later span goes before an earlier one."""
    hours: dict[int, tuple[time, time]] = {}
    for span, opening in spans.items():
        first, _, last = span.partition("-")
        begin, end = DAYS.index(first), DAYS.index(last or first)
        for offset in range((end - begin) % 7 + 1):
            hours[(begin + offset) % 7 + 1] = opening
    return hours


class Calendar(Strict):
    """The clock of one place: a warehouse, a carrier, an office."""

    title: Annotated[Text, Field(description="The place.")] = ""
    zone: Annotated[Zone, Field(description="IANA time zone, for example `Europe/Berlin`.")]
    hours: Annotated[
        dict[DaySpan, Opening],
        Field(
            description="Days (`mon-fri`, `sat`) and opening hours; `22:00-06:00` ends on the next day; empty: round the clock."
        ),
    ] = Field(default_factory=dict)
    holidays: Annotated[tuple[date, ...], Field(description="Days on which the place does not work.")] = ()
    cutoffs: Annotated[
        dict[Name, ClockTime], Field(description="Local times by which work must be handed over, by name (a carrier, a service).")
    ] = Field(default_factory=dict)

    def business(self) -> BusinessCalendar:
        """The calendar as the core computes with it."""
        return BusinessCalendar(self.zone, weekdays(self.hours), frozenset(self.holidays), dict(self.cutoffs))


class Calendars(RootModel[dict[Name, Calendar]]):
    """All calendars by name."""
