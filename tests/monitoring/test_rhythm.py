"""What is usual of a feed is learned by hour of week; holidays do not widen it, and a feed without rhythm is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crossdock.monitoring.rhythm import STEP, WEEKS, Rhythm, learn

BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
"""A Monday, midnight."""
END = BEGIN + timedelta(weeks=WEEKS)


def history(*, skip: set[int] = frozenset(), each: int = 10) -> dict[int, int]:  # type: ignore[assignment]
    """Messages every five minutes from 08:00 to 18:00 on working days; days in `skip` (counted from the start) without any."""
    steps: dict[int, int] = {}
    at = BEGIN
    while at < END:
        if at.weekday() < 5 and 8 <= at.hour < 18 and (at - BEGIN).days not in skip:
            steps[int(at.timestamp())] = each
        at += timedelta(seconds=STEP)
    return steps


def learned(steps: dict[int, int]) -> Rhythm:
    return learn(steps, int(BEGIN.timestamp()), int(END.timestamp()))


def at(weekday: int, hour: int, minute: int = 30) -> datetime:
    return END + timedelta(days=weekday, hours=hour, minutes=minute)


def test_silence_is_short_by_day_and_long_by_night_and_on_sundays() -> None:
    rhythm = learned(history())
    noon, night, sunday = (rhythm.longest(at(1, 12)), rhythm.longest(at(1, 3)), rhythm.longest(at(6, 12)))
    assert noon is not None
    assert noon <= 20 * 60
    assert night is not None
    assert night > 9 * 3600
    assert sunday is None, "nobody is asked on a Sunday why nothing comes"


def test_a_holiday_does_not_make_silence_usual() -> None:
    with_holiday, without = learned(history(skip={8})), learned(history())
    day, plain = with_holiday.longest(at(1, 12)), without.longest(at(1, 12))
    assert day is not None
    assert plain is not None
    assert day <= plain * 2


def test_too_few_weeks_say_nothing_and_other_days_help() -> None:
    steps = history()
    two_days = {step: n for step, n in steps.items() if step < BEGIN.timestamp() + 2 * 86_400}
    begin = int(BEGIN.timestamp())
    assert learn(two_days, begin, begin + 2 * 86_400).longest(at(1, 12)) is None
    five = learn({s: n for s, n in steps.items() if s < begin + 5 * 86_400}, begin, begin + 5 * 86_400)
    assert five.longest(at(2, 12)) is not None


def test_a_feed_that_speaks_once_a_month_is_not_judged() -> None:
    steps = {int(BEGIN.timestamp()): 1, int((BEGIN + timedelta(days=30)).timestamp()): 1}
    assert learned(steps).longest(at(1, 12)) is None


def test_a_daily_file_is_missed_an_hour_or_so_after_its_time() -> None:
    steps = {int((BEGIN + timedelta(days=day, hours=6)).timestamp()): 500 for day in range(7 * WEEKS)}
    usual = learned(steps).longest(at(2, 7, 0))
    assert usual is not None
    assert usual < 3 * 3600
    before = learned(steps).longest(at(2, 5, 30))
    assert before is not None
    assert before > 24 * 3600


def test_slow_is_far_below_the_usual_and_only_where_there_is_much() -> None:
    rhythm = learned(history(each=10))
    assert rhythm.slow(at(1, 12), 118) is None
    assert rhythm.slow(at(1, 12), 20) is not None
    assert rhythm.slow(at(6, 12), 0) is None
    assert learned(history(each=1)).slow(at(1, 12), 6) is None


def test_the_hour_is_that_of_the_place_also_when_clocks_change() -> None:
    steps = history()
    berlin = learn(steps, int(BEGIN.timestamp()), int(END.timestamp()), "Europe/Berlin")
    assert set(berlin.counts) == set(range(168))
