"""Business time stays right over time zones, changes of the clocks, night shifts and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.core.calendar import BusinessCalendar, cutoff_moment

WEEK = {day: (time(8), time(17)) for day in range(1, 6)}
BERLIN = BusinessCalendar("Europe/Berlin", WEEK, frozenset({date(2026, 12, 25)}), {"dhl": time(15, 30)})


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_hours_are_half_open() -> None:
    assert BERLIN.is_open(utc(2026, 11, 23, 7))
    assert not BERLIN.is_open(utc(2026, 11, 23, 6, 59))
    assert not BERLIN.is_open(utc(2026, 11, 23, 16))
    assert BERLIN.next_open(utc(2026, 11, 23, 16)) == utc(2026, 11, 24, 7)


def test_work_that_fits_exactly_ends_at_closing() -> None:
    assert BERLIN.add_working(utc(2026, 11, 23, 14), timedelta(hours=2)) == utc(2026, 11, 23, 16)
    assert BERLIN.add_working(utc(2026, 11, 23, 14), timedelta(hours=3)) == utc(2026, 11, 24, 8)


def test_weekend_and_holiday_are_skipped() -> None:
    assert BERLIN.add_working(utc(2026, 12, 24, 15), timedelta(hours=2)) == utc(2026, 12, 28, 8)


def test_cutoff_follows_the_wall_clock_over_the_change_of_clocks() -> None:
    assert BERLIN.next_cutoff("dhl", utc(2026, 3, 27, 14, 30)) == utc(2026, 3, 27, 14, 30)
    assert BERLIN.next_cutoff("dhl", utc(2026, 3, 27, 14, 30, 1)) == utc(2026, 3, 30, 13, 30)
    assert cutoff_moment({"north": BERLIN}, "north/dhl", utc(2026, 12, 24, 16)) == utc(2026, 12, 28, 14, 30)
    with pytest.raises(KeyError):
        cutoff_moment({"north": BERLIN}, "north/ups", utc(2026, 1, 1))


def test_a_night_with_25_hours_has_one_more_hour_of_work() -> None:
    night = BusinessCalendar("Europe/Berlin", {6: (time(22), time(6))})
    assert night.working_between(utc(2026, 10, 24), utc(2026, 10, 26)) == timedelta(hours=9)
    assert night.working_between(utc(2026, 3, 28), utc(2026, 3, 30)) == timedelta(hours=7)


def test_a_night_shift_belongs_to_the_day_it_opened() -> None:
    night = BusinessCalendar("UTC", {1: (time(22), time(6))})
    assert night.is_open(utc(2026, 11, 24, 5, 59))
    assert not night.is_open(utc(2026, 11, 23, 5))


def test_a_place_that_never_works_says_so() -> None:
    never = BusinessCalendar("UTC", {}, frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(4000)))
    with pytest.raises(ValueError, match="ten years"):
        never.add_working(utc(2026, 1, 2), timedelta(hours=1))
    with pytest.raises(ValueError, match="ten years"):
        BusinessCalendar("UTC", {}, never.holidays, {"x": time(9)}).next_cutoff("x", utc(2026, 1, 2))


zones = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago", "Africa/Casablanca"]
)
clocks = st.times().map(lambda value: value.replace(microsecond=0))


def _long_enough(hours: dict[int, tuple[time, time]]) -> bool:
    """At least half an hour a week, so that ninety hours of work fit into ten years."""
    minutes = [(closes.hour - opens.hour) * 60 + closes.minute - opens.minute for opens, closes in hours.values()]
    return any(one % 1440 >= 30 for one in minutes)


calendars = st.builds(
    BusinessCalendar,
    zones,
    st.dictionaries(st.integers(1, 7), st.tuples(clocks, clocks), min_size=1, max_size=7).filter(_long_enough),
    st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
    st.dictionaries(st.just("c"), clocks, min_size=1),
)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda value: value.replace(tzinfo=UTC, microsecond=0))
durations = st.integers(1, 90 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@given(calendars, moments, durations)
@settings(max_examples=150, deadline=None)
def test_exactly_the_duration_is_worked_and_no_earlier_moment_would_do(
    calendar: BusinessCalendar, at: datetime, duration: timedelta
) -> None:
    done = calendar.add_working(at, duration)
    assert calendar.working_between(at, done) == duration
    assert calendar.working_between(at, done - timedelta(seconds=1)) < duration


@given(calendars, moments, durations, durations)
@settings(max_examples=100, deadline=None)
def test_working_time_adds_up(calendar: BusinessCalendar, at: datetime, first: timedelta, second: timedelta) -> None:
    assert calendar.add_working(calendar.add_working(at, first), second) == calendar.add_working(at, first + second)


@given(calendars, moments)
@settings(max_examples=150, deadline=None)
def test_the_next_opening_is_open_and_nothing_before_it(calendar: BusinessCalendar, at: datetime) -> None:
    opens = calendar.next_open(at)
    assert opens >= at
    assert calendar.is_open(opens)
    assert calendar.is_open(at) == (opens == at)
    assert calendar.working_between(at, opens) == timedelta(0)


@given(calendars, moments)
@settings(max_examples=100, deadline=None)
def test_the_next_cutoff_is_a_working_day_and_the_first(calendar: BusinessCalendar, at: datetime) -> None:
    moment = calendar.next_cutoff("c", at)
    assert moment >= at
    assert calendar.next_cutoff("c", moment) == moment
    assert calendar.next_cutoff("c", at + (moment - at) / 2) == moment


@pytest.mark.parametrize(
    ("zone", "cutoff", "before", "moment"),
    [
        # the Friday before, the day itself, and the Monday after: 15:30 on the wall, whatever UTC says
        ("Europe/Berlin", time(15, 30), utc(2026, 10, 23, 10), utc(2026, 10, 23, 13, 30)),
        ("Europe/Berlin", time(15, 30), utc(2026, 10, 25, 10), utc(2026, 10, 25, 14, 30)),
        ("Europe/Berlin", time(15, 30), utc(2026, 10, 26, 10), utc(2026, 10, 26, 14, 30)),
        # a time the clocks skip is read with the offset before: an hour later on the wall
        ("Europe/Berlin", time(2, 30), utc(2026, 3, 29, 0), utc(2026, 3, 29, 1, 30)),
        # a time that comes twice is its first occurrence: too early by an hour is safe, too late would miss the carrier
        ("Europe/Berlin", time(2, 30), utc(2026, 10, 25, 0), utc(2026, 10, 25, 0, 30)),
        ("America/New_York", time(1, 30), utc(2026, 11, 1, 5), utc(2026, 11, 1, 5, 30)),
        # the first occurrence is over: the next one is tomorrow's
        ("America/New_York", time(1, 30), utc(2026, 11, 1, 5, 31), utc(2026, 11, 2, 6, 30)),
    ],
)
def test_a_cutoff_on_the_day_the_clocks_change(zone: str, cutoff: time, before: datetime, moment: datetime) -> None:
    carrier = BusinessCalendar(zone, cutoffs={"van": cutoff})
    assert carrier.next_cutoff("van", before) == moment
