"""Record numbers: unique and rising, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.ledger.ids import Numbers, read, written
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.work import highest_number

START = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Hands:
    """A clock whose hands are moved by hand, also backwards."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


@given(st.lists(st.tuples(st.integers(-10_000_000, 10_000), st.integers(1, 40)), max_size=40))
def test_numbers_rise_also_when_the_clock_goes_back(moves: list[tuple[int, int]]) -> None:
    clock = Hands()
    numbers = Numbers(clock, node=5)
    made: list[int] = []
    for milliseconds, count in moves:
        clock.at += timedelta(milliseconds=milliseconds)
        made += [numbers.next() for _ in range(count)]
    assert made == sorted(set(made))
    assert all((number >> 12) & 0x3FF == 5 for number in made)


def test_more_than_a_millisecond_holds_are_still_unique() -> None:
    numbers = Numbers(Hands())
    made = [numbers.next() for _ in range(20_000)]
    assert made == sorted(set(made))


@given(st.integers(0, 5_000), st.integers(-86_400_000, 0), st.integers(1, 5_000))
def test_a_restart_with_the_clock_set_back_makes_no_number_twice(before: int, back: int, after: int) -> None:
    clock = Hands()
    first = Numbers(clock)
    made = [first.next() for _ in range(before)]
    clock.at += timedelta(milliseconds=back)
    second = Numbers(clock, 0, max(made, default=0))
    again = [second.next() for _ in range(after)]
    assert not set(made) & set(again)
    assert again == sorted(again)
    assert not made or again[0] > made[-1]


@given(st.integers(0, 1023), st.integers(0, 1023))
def test_two_nodes_never_make_the_same_number(one: int, other: int) -> None:
    clock = Hands()
    left, right = Numbers(clock, one), Numbers(clock, other)
    made = {left.next() for _ in range(100)} & {right.next() for _ in range(100)}
    assert bool(made) == (one == other)


def test_a_worker_that_gets_another_node_goes_on_rising() -> None:
    clock = Hands()
    numbers = Numbers(clock, 900)
    before = [numbers.next() for _ in range(10)]
    numbers.move(3)
    clock.at += timedelta(milliseconds=1)
    after = [numbers.next() for _ in range(10)]
    assert after[0] > before[-1]
    assert {(n >> 12) & 0x3FF for n in after} == {3}


@given(st.integers(0, 2**63 - 1))
def test_the_written_form_reads_back(number: int) -> None:
    assert read(written(number)) == number
    assert read(written(number).lower()) == number


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError):
        read("U!")


@pytest.mark.parametrize(
    ("table", "columns", "row"),
    [
        ("ledger_reference", ("id", "value", "scheme", "key"), (77 << 22, "v", "s", "k")),
        ("ledger_stream", ("id", "key", "stream", "partition", "number", "content_hash"), (77 << 22, "k", "s", 0, 1, b"")),
        ("ledger_cursor", ("id", "system", "channel", "cursor", "polled_at", "next_at"), (77 << 22, "s", "c", "{}", 0, 0)),
    ],
)
def test_every_table_counts_for_the_highest_number(
    store: Store, table: str, columns: tuple[str, ...], row: tuple[object, ...]
) -> None:
    def write(session: Session) -> int:
        session.insert(table, columns, [row])
        return highest_number(session)

    assert store.work.run(write) == 77 << 22
