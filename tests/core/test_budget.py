"""Retry budgets end with the business, not with a counter only, and never depend on chance."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.budget import Exhausted, Retry, RetryBudget
from crossdock.core.calendar import BusinessCalendar

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
NORTH = {"north": BusinessCalendar("Europe/Berlin", {d: (time(8), time(17)) for d in range(1, 6)}, cutoffs={"dhl": time(15, 30)})}


def test_waits_grow_up_to_the_longest() -> None:
    budget = RetryBudget(attempts=20, first_delay=5, max_delay=60)
    assert [budget.wait(n) for n in (1, 2, 3, 4, 5, 19)] == [5, 10, 20, 40, 60, 60]


def test_the_deadline_is_the_earliest_of_all() -> None:
    budget = RetryBudget(cutoff="north/dhl", within=timedelta(hours=1))
    assert budget.deadline(NOW, NORTH) == NOW + timedelta(minutes=30)
    assert budget.deadline(NOW, NORTH, NOW + timedelta(minutes=3)) == NOW + timedelta(minutes=3)
    assert RetryBudget(within=timedelta(hours=4), working="north").deadline(NOW, NORTH) == datetime(2026, 11, 24, 9, tzinfo=UTC)
    assert RetryBudget().deadline(NOW, NORTH) is None


def test_the_last_attempt_is_moved_before_the_deadline() -> None:
    budget = RetryBudget(attempts=9, first_delay=5, max_delay=900, jitter=0, margin=60)
    assert budget.next_attempt(NOW, 8, None, NOW + timedelta(minutes=5)) == Retry(NOW + timedelta(minutes=4), True)
    assert budget.attempts_left(NOW, 5, NOW + timedelta(seconds=100)) == 1
    assert budget.next_attempt(NOW, 5, None, NOW + timedelta(seconds=62)) == Exhausted("deadline")


def test_the_other_side_is_never_called_earlier_than_it_asked() -> None:
    budget = RetryBudget(jitter=0)
    assert budget.next_attempt(NOW, 1, 120.0) == Retry(NOW + timedelta(seconds=120))
    assert budget.next_attempt(NOW, 1, 1200.0, NOW + timedelta(minutes=15)) == Exhausted("wait")


def test_at_most_once_is_a_budget_too() -> None:
    assert RetryBudget(attempts=1).next_attempt(NOW, 1) == Exhausted("attempts")
    with pytest.raises(ValueError, match="at least one"):
        RetryBudget(attempts=0)


budgets = st.builds(
    RetryBudget,
    attempts=st.integers(1, 30),
    first_delay=st.floats(0.1, 60),
    max_delay=st.floats(60, 3600),
    factor=st.floats(1, 4),
    jitter=st.floats(0, 1),
    margin=st.floats(0, 300),
)


@given(budgets, st.integers(0, 7200), st.text(max_size=5), st.one_of(st.none(), st.floats(0, 4000)))
def test_a_run_of_failures_ends_in_time(budget: RetryBudget, seconds: int, seed: str, retry_after: float | None) -> None:
    deadline = NOW + timedelta(seconds=seconds)
    now, attempt, made = NOW, 1, 0
    while isinstance(verdict := budget.next_attempt(now, attempt, retry_after, deadline, seed), Retry):
        assert verdict == budget.next_attempt(now, attempt, retry_after, deadline, seed)
        assert verdict.at > now
        assert verdict.at <= deadline - timedelta(seconds=budget.margin)
        assert retry_after is None or verdict.at >= now + timedelta(seconds=retry_after)
        now, attempt, made = verdict.at, attempt + 1, made + 1
        assert made < budget.attempts
        if verdict.last:
            after = budget.next_attempt(now, attempt, retry_after, deadline, seed)
            assert isinstance(after, Exhausted)
    assert isinstance(verdict, Exhausted)


@given(budgets, st.integers(0, 7200), st.integers(1, 30))
def test_attempts_left_counts_what_would_be_made(budget: RetryBudget, seconds: int, attempt: int) -> None:
    deadline = NOW + timedelta(seconds=seconds)
    now, made, number = NOW, 0, attempt
    while isinstance(verdict := budget.next_attempt(now, number, None, deadline), Retry):
        now, made, number = verdict.at, made + 1, number + 1
    assert budget.attempts_left(NOW, attempt, deadline) == made


@pytest.mark.parametrize(
    ("decided", "van"),
    [
        (datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 24, 13, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), datetime(2026, 10, 25, 14, 30, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 28, 14, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 12, tzinfo=UTC), datetime(2026, 3, 29, 13, 30, tzinfo=UTC)),
    ],
)
def test_the_last_attempt_before_the_van_follows_the_change_of_the_clocks(decided: datetime, van: datetime) -> None:
    """An hour too late would be an order that is tried for an hour after the van has left."""
    calendars = {"north": BusinessCalendar("Europe/Berlin", cutoffs={"dhl": time(15, 30)})}
    budget = RetryBudget(attempts=1000, first_delay=60, max_delay=600, jitter=0, cutoff="north/dhl", margin=300)
    deadline = budget.deadline(decided, calendars)
    assert deadline == van
    now, last = decided, False
    for attempt in range(1, 1000):
        verdict = budget.next_attempt(now, attempt, deadline=deadline)
        if isinstance(verdict, Exhausted):
            break
        now, last = verdict.at, verdict.last
    assert last
    assert now == van - timedelta(seconds=300)


def test_a_budget_of_a_day_is_24_hours_also_when_the_wall_has_25() -> None:
    decided = datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert RetryBudget(within=timedelta(days=1)).deadline(decided, {}) == decided + timedelta(hours=24)


def test_working_time_over_the_change_of_the_clocks_is_time_that_passes() -> None:
    night = BusinessCalendar("Europe/Berlin", {6: (time(22), time(6))})
    budget = RetryBudget(within=timedelta(hours=9), working="night")
    assert budget.deadline(datetime(2026, 10, 24, 12, tzinfo=UTC), {"night": night}) == datetime(2026, 10, 25, 5, tzinfo=UTC)
