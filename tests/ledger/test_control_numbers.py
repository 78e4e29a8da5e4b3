"""Control numbers are given once, in order, the same again to the same command, on both dialects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from crossdock.ledger.control_numbers import command_of, give
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store


def test_each_command_has_one_number_and_each_scope_counts_for_itself(store: Store) -> None:
    asked = [("a", "c1"), ("a", "c2"), ("a", "c1"), ("b", "c1")]
    given = [store.work.run(lambda s, n=n, e=e: give(s, n + 1, *e, 100 + n)) for n, e in enumerate(asked)]
    assert given == [(1, 100), (2, 101), (1, 100), (1, 103)], "the same command keeps its number and its moment"
    assert store.read.run(lambda s: command_of(s, "a", 2)) == "c2"
    assert store.read.run(lambda s: command_of(s, "a", 3)) == ""


def test_a_relation_taken_over_from_another_system_goes_on_counting(store: Store) -> None:
    assert store.work.run(lambda s: give(s, 1, "x", "c1", 5, first=4711))[0] == 4711
    assert store.work.run(lambda s: give(s, 2, "x", "c2", 5, first=4711))[0] == 4712
    assert store.work.run(lambda s: give(s, 3, "x", "c3", 5, first=9000))[0] == 9000, "it may be raised later"


def test_two_workers_at_once_get_different_numbers(location: LedgerLocation, store: Store) -> None:
    other = Store(location)

    def take(lane: Store, start: int) -> list[int]:
        return [lane.work.run(lambda s, n=n: give(s, start + n, "z", f"{start}-{n}", 1))[0] for n in range(40)]

    try:
        with ThreadPoolExecutor(2) as pool:
            one, two = pool.map(take, (store, other), (1000, 2000))
    finally:
        other.close()
    assert sorted(one + two) == list(range(1, 81))
