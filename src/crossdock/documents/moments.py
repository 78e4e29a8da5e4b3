"""Dates and times as X12 and EDIFACT write them, with their qualifying formats and zones, to UTC and back; knows no segment.

A date without a time is the first instant of that day in the agreement's zone, because it belongs to somebody's calendar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_US: Final[Mapping[str, str]] = {
    "E": "America/New_York",
    "C": "America/Chicago",
    "M": "America/Denver",
    "P": "America/Los_Angeles",
    "A": "America/Anchorage",
    "H": "Pacific/Honolulu",
    "T": "America/Halifax",
    "N": "America/St_Johns",
}
_STANDARD: Final[Mapping[str, float]] = {"E": -5, "C": -6, "M": -7, "P": -8, "A": -9, "H": -10, "T": -4, "N": -3.5}

# ISO 8601 patterns of data element 2379 in use: what strptime needs, and whether a time of day is in it.
_FORMATS: Final[Mapping[str, tuple[str, bool]]] = {
    "2": ("%d%m%y", False),
    "101": ("%y%m%d", False),
    "102": ("%Y%m%d", False),
    "201": ("%y%m%d%H%M", True),
    "203": ("%Y%m%d%H%M", True),
    "204": ("%Y%m%d%H%M%S", True),
    "610": ("%Y%m", False),
    "718": ("%Y%m%d", False),
    "719": ("%Y%m%d%H%M", True),
}
_OFFSET: Final = re.compile(r"^(\d{12})([+-]\d{4})$")
_NAMED: Final = re.compile(r"^(\d{12}|\d{14})([A-Z]{1,3})$")


@lru_cache(maxsize=64)
def zone_of(name: str) -> ZoneInfo:
    """A time zone by its name, kept."""
    return ZoneInfo(name)


def x12_zone(code: str, default: tzinfo) -> tzinfo:
    """The zone of a time code (data element 623): `ET`, `ES`, `ED`, `UT`, `GM`, `LT`, `05` (ISO 8601 hours). Raises ValueError for another."""
    if code in ("", "LT", "ZZ"):
        return default
    if code in ("UT", "GM", "UC"):
        return UTC
    if code.isdigit() and 1 <= int(code) <= 24:
        number = int(code)
        # 01 to 12 are hours before, 13 to 24 hours after UTC (13 = -12 ... 24 = -01), as ISO 8601 was put into X12
        return timezone(timedelta(hours=number if number <= 12 else number - 25))
    if len(code) == 2 and code[0] in _US:
        if code[1] == "T":
            return zone_of(_US[code[0]])
        if code[1] in "SD":
            return timezone(timedelta(hours=_STANDARD[code[0]] + (code[1] == "D")))
    raise ValueError(f"time code {code!r} is not known")


@lru_cache(maxsize=4096)
def x12_moment(day: str, time: str, zone: str, default: str) -> datetime:
    """A moment from CCYYMMDD or YYMMDD, HHMM[SS[DD]] (or nothing) and time code. Raises ValueError with words for a person."""
    if len(day) not in (6, 8) or not day.isdecimal() or (time and (len(time) < 4 or not time.isdecimal())):
        raise ValueError(f"{day + (' ' + time if time else '')!r} is not a date (CCYYMMDD) and time (HHMM)")
    local = zone_of(default)
    try:
        stamp = datetime.strptime(day, "%Y%m%d" if len(day) == 8 else "%y%m%d")  # noqa: DTZ007
        if time:
            hundredths = int(time[6:8].ljust(2, "0")) if len(time) > 6 else 0
            seconds = int(time[4:6]) if len(time) >= 6 else 0
            stamp = stamp.replace(hour=int(time[:2]), minute=int(time[2:4]), second=seconds, microsecond=hundredths * 10_000)
    except ValueError:
        raise ValueError(f"{day + (' ' + time if time else '')!r} is not a date and time that exists") from None
    return _utc(stamp.replace(tzinfo=x12_zone(zone, local) if time else local))


@lru_cache(maxsize=4096)
def edifact_moment(value: str, form: str, default: str) -> datetime:
    """A moment from DTM C507: value and its format (data element 2379). Of a period, its beginning. Raises ValueError."""
    local = zone_of(default)
    try:
        if form in ("205", "303", "304"):
            return _utc(_zoned(value, local))
        if form == "616":
            return _utc(datetime.combine(date.fromisocalendar(int(value[:4]), int(value[4:6]), 1), datetime.min.time(), local))
        pattern, _ = _FORMATS[form or "102"]
        if form in ("718", "719"):
            value = value.split("-", 1)[0][: 8 if form == "718" else 12]
        if not value.isdecimal():
            raise ValueError
        return _utc(datetime.strptime(value, pattern).replace(tzinfo=local))
    except KeyError:
        raise ValueError(f"date format {form!r} is not known") from None
    except ValueError:
        raise ValueError(f"{value!r} is not a date in format {form or '102'}") from None


def _zoned(value: str, local: tzinfo) -> datetime:
    if found := _OFFSET.match(value):
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%z")
    if found := _NAMED.match(value):
        zone = UTC if found[2] in ("UTC", "GMT", "Z") else local
        return datetime.strptime(found[1], "%Y%m%d%H%M" if len(found[1]) == 12 else "%Y%m%d%H%M%S").replace(tzinfo=zone)
    raise ValueError(value)


def _utc(moment: datetime) -> datetime:
    if not 1900 <= moment.year <= 9000:
        raise ValueError("not a time anything happens at")
    return moment.astimezone(UTC)


def x12_date(moment: datetime, zone: str) -> str:
    """CCYYMMDD of the day that a moment belongs to in the agreement's zone."""
    return moment.astimezone(zone_of(zone)).strftime("%Y%m%d")


def x12_time(moment: datetime, zone: str) -> str:
    """HHMM, or HHMMSS where there are seconds, in the agreement's zone."""
    local = moment.astimezone(zone_of(zone))
    return local.strftime("%H%M%S" if local.second else "%H%M")


def edifact_date(moment: datetime, zone: str) -> tuple[str, str]:
    """Value and format of DTM: 102 for the beginning of a day in the agreement's zone, 203 or 204 for a time in it."""
    local = moment.astimezone(zone_of(zone))
    if local.second:
        return local.strftime("%Y%m%d%H%M%S"), "204"
    if local.hour or local.minute:
        return local.strftime("%Y%m%d%H%M"), "203"
    return local.strftime("%Y%m%d"), "102"
