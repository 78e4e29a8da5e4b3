"""The rule that closes sign-in: soon for one name from one address, late for a name from everywhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.security.lockout import RULES, closed_until, subjects

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


def ago(*minutes: float) -> list[datetime]:
    return [NOW - timedelta(minutes=each) for each in minutes]


def test_five_within_a_quarter_of_an_hour_close_it_until_the_first_is_that_old() -> None:
    assert closed_until({"pair": ago(14, 9, 8, 2)}, NOW) is None
    assert closed_until({"pair": ago(14, 9, 8, 2, 1)}, NOW) == NOW + timedelta(minutes=1)
    assert closed_until({"pair": ago(16, 9, 8, 2, 1)}, NOW) is None


def test_a_stranger_who_fails_elsewhere_does_not_lock_somebody_out() -> None:
    elsewhere = {"pair": [], "name": ago(*([1] * 40)), "address": []}
    assert closed_until(elsewhere, NOW) is None


@given(st.dictionaries(st.sampled_from(sorted(RULES)), st.lists(st.floats(-5, 200), max_size=120)))
def test_it_is_closed_only_for_as_long_as_its_window(failures: dict[str, list[float]]) -> None:
    times = {kind: ago(*minutes) for kind, minutes in failures.items()}
    until = closed_until(times, NOW)
    if until is not None:
        assert until > NOW - timedelta(minutes=0)
        assert until <= NOW + timedelta(minutes=5) + max(rule.window for rule in RULES.values())
        # and then it opens: what was failed by now is forgotten
        assert closed_until(times, NOW + timedelta(minutes=5) + max(rule.window for rule in RULES.values())) is None


def test_names_are_the_same_whatever_their_capitals() -> None:
    assert subjects(" Kim ", "1.2.3.4") == subjects("kim", "1.2.3.4")
