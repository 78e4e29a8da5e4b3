"""The token bucket never lets more through than the system allows, and whoever waits as told is served."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.ratelimit import Bucket, RateLimit

LIMIT = RateLimit(rate=2, burst=4)


def test_a_burst_then_the_rate() -> None:
    bucket = Bucket.full(LIMIT, 100.0)
    for _ in range(4):
        assert bucket.wait(LIMIT, 100.0) == 0
        bucket = bucket.take(LIMIT, 100.0)
    assert bucket.wait(LIMIT, 100.0) == 0.5
    assert bucket.wait(LIMIT, 100.5) == 0


def test_what_the_system_says_counts_when_it_is_less() -> None:
    bucket = Bucket.full(LIMIT, 0).told(LIMIT, 0, remaining=1)
    assert bucket.wait(LIMIT, 0, cost=2) == 0.5
    assert bucket.blocked(0, 30).wait(LIMIT, 10) == 20


def test_a_cost_above_the_burst_waits_for_a_full_bucket_and_leaves_a_debt() -> None:
    bucket = Bucket.full(LIMIT, 0)
    assert bucket.wait(LIMIT, 0, cost=10) == 0
    assert bucket.take(LIMIT, 0, cost=10).wait(LIMIT, 0) == 3.5


@given(
    st.floats(0.5, 100),
    st.floats(1, 20),
    st.lists(st.tuples(st.floats(0, 3), st.floats(0.1, 1)), min_size=1, max_size=80),
)
def test_never_more_than_burst_and_rate(rate: float, burst: float, calls: list[tuple[float, float]]) -> None:
    limit = RateLimit(rate, burst)
    bucket, now, spent = Bucket.full(limit, 0.0), 0.0, 0.0
    for pause, cost in calls:
        now += pause
        wait = bucket.wait(limit, now, cost)
        now += wait
        assert bucket.wait(limit, now, cost) <= 1e-6
        bucket = bucket.take(limit, now, cost)
        spent += cost
        assert spent <= burst + rate * now + 1e-6 * len(calls) * rate
