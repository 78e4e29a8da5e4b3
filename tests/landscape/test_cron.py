"""Batch schedules on a place's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.calendar import BusinessCalendar
from crossdock.landscape.cron import parse_cron

BERLIN = BusinessCalendar("Europe/Berlin", holidays=frozenset({date(2026, 12, 25)}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "now", "expected"),
    [
        ("30 2 * * *", "2026-06-01T00:00", "2026-06-01T00:30"),
        ("30 2 * * *", "2026-06-01T00:30", "2026-06-02T00:30"),
        ("30 2 * * *", "2026-12-24T12:00", "2026-12-26T01:30"),
        ("*/15 6-7 * * mon-fri", "2026-06-05T05:46", "2026-06-08T04:00"),
        ("0 0 1 * *", "2026-06-01T12:00", "2026-06-30T22:00"),
        ("0 0 29 2 *", "2026-06-01T00:00", "2028-02-28T23:00"),
        ("0 12 * * 7", "2026-06-01T00:00", "2026-06-07T10:00"),
        ("0 12 13 * fri", "2026-06-06T00:00", "2026-06-12T10:00"),
        ("30 2 * * *", "2026-03-28T12:00", "2026-03-29T01:30"),
    ],
)
def test_the_next_run(cron: str, now: str, expected: str) -> None:
    assert parse_cron(cron).next_after(at(now), BERLIN) == at(expected)


def test_without_a_calendar_in_utc() -> None:
    assert parse_cron("0 4 * * *").next_after(at("2026-06-01T04:00")) == at("2026-06-02T04:00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * * 13 *",
        "* * * * 8",
        "a * * * *",
        "5-1 * * * *",
        "*/0 * * * *",
        "*/x * * * *",
        "1, * * * *",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|five fields"):
        parse_cron(text)


def test_a_schedule_that_never_runs_says_so() -> None:
    with pytest.raises(ValueError, match="never"):
        parse_cron("0 0 30 2 *").next_after(at("2026-01-01T00:00"))


@given(st.integers(0, 59), st.integers(0, 23), st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)))
def test_a_run_is_later_and_nothing_is_left_out(minute: int, hour: int, now: datetime) -> None:
    cron, start = parse_cron(f"{minute} {hour} * * *"), now.replace(tzinfo=UTC)
    first = cron.next_after(start)
    second = cron.next_after(first)
    assert start < first < second
    assert (first - start).total_seconds() <= 86_400
    assert (second - first).total_seconds() == 86_400
