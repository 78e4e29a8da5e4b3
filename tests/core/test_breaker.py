"""The circuit breaker spares what is down and comes back by itself, except from a misconfiguration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.breaker import CLOSED, Breaker, BreakerPolicy

NOW = datetime(2026, 11, 23, tzinfo=UTC)
POLICY = BreakerPolicy(failures=3, pause=10, max_pause=35, probes=2)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def tripped() -> Breaker:
    breaker = CLOSED
    for _ in range(3):
        breaker = breaker.failed(NOW, POLICY)
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = CLOSED.failed(NOW, POLICY).failed(NOW, POLICY).succeeded(POLICY)
    assert breaker.failed(NOW, POLICY).failed(NOW, POLICY).allows(NOW)
    assert not tripped().allows(after(9.9))
    assert tripped().allows(after(10))
    assert tripped().next_allowed(NOW) == after(10)


def test_half_open_lets_only_the_probes_through() -> None:
    probing = tripped().started(after(10), POLICY)
    assert probing.phase == "half_open" and probing.allows(after(10))
    probing = probing.started(after(10), POLICY)
    assert not probing.allows(after(11))
    assert probing.succeeded(POLICY).phase == "half_open"
    assert probing.succeeded(POLICY).succeeded(POLICY) == CLOSED


def test_a_probe_that_never_reports_does_not_block_for_ever() -> None:
    probing = tripped().started(after(10), POLICY).started(after(10), POLICY)
    assert probing.next_allowed(after(11)) == after(45)
    assert probing.started(after(45), POLICY).allows(after(45))


def test_a_probe_that_was_not_made_or_told_nothing_is_made_again() -> None:
    probing = tripped().started(after(10), POLICY).started(after(10), POLICY)
    assert not probing.allows(after(11))
    assert probing.withdrawn(POLICY).allows(after(11))
    assert probing.withdrawn(POLICY).withdrawn(POLICY).withdrawn(POLICY).probing == POLICY.probes
    assert CLOSED.withdrawn(POLICY) == CLOSED and tripped().withdrawn(POLICY) == tripped()


def test_who_cannot_wait_gets_one_trial_call() -> None:
    hastened = tripped().hastened(after(2))
    assert hastened.allows(after(2))
    assert not hastened.started(after(2), POLICY).started(after(2), POLICY).allows(after(2))
    assert CLOSED.hastened(NOW) == CLOSED


def test_every_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker, at, pauses = tripped(), NOW, []
    for _ in range(4):
        assert breaker.until is not None
        pauses.append((breaker.until - at).total_seconds())
        at = breaker.until
        breaker = breaker.started(at, POLICY).failed(at, POLICY)
    assert pauses == [10, 20, 35, 35]


def test_retry_after_pauses_at_once_and_is_never_shortened() -> None:
    breaker = CLOSED.failed(NOW, POLICY, retry_after=60)
    assert not breaker.allows(after(59)) and breaker.allows(after(60))
    assert breaker.failed(after(1), POLICY, retry_after=90).until == after(91)
    assert breaker.failed(after(1), POLICY, retry_after=5).until == after(60)


def test_a_misconfigured_system_waits_for_its_owner() -> None:
    parked = CLOSED.misconfigured("key expired")
    assert not parked.allows(after(1e6)) and parked.next_allowed(NOW) is None
    assert parked.failed(NOW, POLICY) == parked == parked.succeeded(POLICY)
    assert parked.mended() == CLOSED


@given(st.lists(st.tuples(st.sampled_from(["call", "ok", "fail", "wait", "retry_after"]), st.floats(0, 40)), max_size=60))
def test_it_always_comes_back(steps: list[tuple[str, float]]) -> None:
    breaker, at = CLOSED, NOW
    for step, seconds in steps:
        at += timedelta(seconds=seconds)
        if step == "call" and breaker.allows(at):
            breaker = breaker.started(at, POLICY)
        elif step == "ok":
            breaker = breaker.succeeded(POLICY)
        elif step in {"fail", "retry_after"}:
            breaker = breaker.failed(at, POLICY, 5.0 if step == "retry_after" else None)
        assert breaker.phase in {"closed", "open", "half_open"}
        assert breaker.phase != "open" or (breaker.until is not None and breaker.until <= at + timedelta(seconds=35))
        assert breaker.phase != "half_open" or breaker.probing + breaker.passed <= POLICY.probes
