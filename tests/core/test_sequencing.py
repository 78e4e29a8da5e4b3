"""Sequencing: whatever order, repetition or hole events come in, a stream is applied once, in order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.events import Position
from crossdock.core.sequencing import (
    Apply,
    Conflict,
    Duplicate,
    Held,
    Hold,
    Stale,
    StreamState,
    content_digest,
    give_up,
    place,
    release,
)

A, B = content_digest(b"a"), content_digest(b"b")


def at(number: int, contiguous: bool = False) -> Position:
    return Position("shop/order/1", number, contiguous)


@pytest.mark.parametrize(
    ("last", "position", "digest", "verdict"),
    [
        (None, at(7), A, Apply()),
        (None, at(1, True), A, Apply()),
        (None, at(3, True), A, Hold(range(1, 3))),
        (StreamState(4, A), at(9), B, Apply()),
        (StreamState(4, A), at(4), A, Duplicate()),
        (StreamState(4, A), at(4), B, Conflict(A)),
        (StreamState(4, A), at(3), B, Stale(4)),
        (StreamState(4, A), at(5, True), B, Apply()),
        (StreamState(4, A), at(8, True), B, Hold(range(5, 8))),
        (StreamState(4, ""), at(4, True), B, Stale(4)),
    ],
)
def test_place(last: StreamState | None, position: Position, digest: str, verdict: object) -> None:
    assert place(last, position, digest) == verdict


def test_a_running_counter_may_start_anywhere() -> None:
    assert place(None, at(5000, True), A, start=None) == Apply()


def test_state_survives_json() -> None:
    assert StreamState.from_json(StreamState(4, A).as_json()) == StreamState(4, A)


def test_giving_up_a_gap_applies_what_waits_and_makes_the_missing_stale() -> None:
    held = [Held(5, A, "e5"), Held(4, A, "e4"), Held(8, A, "e8")]
    released = give_up(StreamState(1, B), held)
    assert [one.uid for one in released.apply] == ["e4", "e5"]
    assert [one.uid for one in released.waiting] == ["e8"]
    assert released.missing == range(6, 8)
    assert place(released.state, at(2, True), A) == Stale(5)
    with pytest.raises(ValueError, match="no held event"):
        give_up(StreamState(9, A), held)


def test_held_twice_with_other_content_is_a_conflict() -> None:
    released = release(StreamState(1, A), [Held(2, A, "first"), Held(2, A, "again"), Held(2, B, "other")])
    assert [one.uid for one in released.apply] == ["first"]
    assert [one.uid for one in released.duplicate] == ["again"]
    assert [one.uid for one in released.conflict] == ["other"]


def run(numbers: list[int]) -> tuple[list[int], list[Held]]:
    """Feed a contiguous stream the way the pipeline does: place, keep held ones, release after each applied."""
    state: StreamState | None = None
    held: list[Held] = []
    applied: list[int] = []
    for index, number in enumerate(numbers):
        digest = content_digest(str(number).encode())
        verdict = place(state, at(number, True), digest)
        if isinstance(verdict, Hold):
            held.append(Held(number, digest, str(index)))
        elif isinstance(verdict, Apply):
            applied.append(number)
            released = release(StreamState(number, digest), held)
            applied += [one.number for one in released.apply]
            state, held = released.state, list(released.waiting)
            assert not released.conflict
        else:
            assert not isinstance(verdict, Conflict)
    return applied, held


@given(st.lists(st.integers(1, 12), max_size=40))
def test_contiguous_streams_are_applied_once_in_order(numbers: list[int]) -> None:
    applied, held = run(numbers)
    complete = 0
    while complete + 1 in numbers:
        complete += 1
    assert applied == list(range(1, complete + 1))
    assert {one.number for one in held} == {number for number in numbers if number > complete}


@given(st.lists(st.integers(1, 12), max_size=40))
def test_versions_only_grow(numbers: list[int]) -> None:
    state: StreamState | None = None
    applied: list[int] = []
    for number in numbers:
        if place(state, at(number), A) == Apply():
            applied.append(number)
            state = StreamState(number, A)
    assert applied == sorted(set(applied))
    assert not numbers or applied[-1] == max(numbers)
