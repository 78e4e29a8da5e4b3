"""Accepting: the same message is one message, changed content is kept beside the first, whatever arrives together."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.core.clock import SystemClock
from crossdock.ledger.ids import Numbers, written
from crossdock.ledger.intake import Accepted, Intake, accept
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from tests.ledger.test_audit import message_row

NUMBERS = Numbers(SystemClock())
KEYS = count(1)


def row(key: str, body: bytes) -> tuple[Any, ...]:
    return message_row(NUMBERS, key, body, 0)


def kept(session: Session) -> list[tuple[str, bytes, str]]:
    return [(k, bytes(b), m) for k, b, m in session.rows("SELECT dedupe_key, body, mapping FROM ledger_message ORDER BY id")]


def test_new_again_and_changed(store: Store) -> None:
    first = row("a", b"one")
    assert store.intake.run(lambda s: accept(s, [first])) == [Accepted(first[0], Intake.NEW)]
    again, other, changed = row("a", b"one"), row("b", b"two"), row("a", b"ONE")
    assert store.intake.run(lambda s: accept(s, [again, other, changed])) == [
        Accepted(first[0], Intake.DUPLICATE), Accepted(other[0], Intake.NEW), Accepted(changed[0], Intake.CONFLICT),
    ]  # fmt: skip
    assert store.read.run(kept) == [("a", b"one", ""), ("b", b"two", ""), ("a", b"ONE", f"conflict:{written(first[0])}")]


def test_the_same_message_twice_in_one_commit(store: Store) -> None:
    rows = [row("a", b"one"), row("a", b"one"), row("a", b"two"), row("b", b"x")]
    answers = store.intake.run(lambda s: accept(s, rows))
    assert [a.intake for a in answers] == [Intake.NEW, Intake.DUPLICATE, Intake.CONFLICT, Intake.NEW]
    assert answers[1].number == rows[0][0]
    assert len(store.read.run(kept)) == 3


def test_the_same_conflict_again_is_the_same_message(store: Store) -> None:
    store.intake.run(lambda s: accept(s, [row("a", b"one")]))
    conflict = row("a", b"two")
    together = [conflict, row("a", b"two"), row("a", b"three")]
    answers = store.intake.run(lambda s: accept(s, together))
    assert [a.number for a in answers] == [conflict[0], conflict[0], together[2][0]]
    later = store.intake.run(lambda s: accept(s, [row("a", b"two")]))
    assert later == [Accepted(conflict[0], Intake.CONFLICT)]
    assert [body for _, body, _ in store.read.run(kept)] == [b"one", b"two", b"three"]


def test_the_same_key_of_another_channel_is_another_message(store: Store) -> None:
    from crossdock.ledger.intake import COLUMNS, DEDUPE, dedupe_digest

    one = row("a", b"one")
    other = list(row("a", b"one"))
    other[COLUMNS.index("channel")], other[DEDUPE] = "returns", dedupe_digest("shop", "returns", "a")
    assert [a.intake for a in store.intake.run(lambda s: accept(s, [one, tuple(other)]))] == [Intake.NEW, Intake.NEW]


def test_system_channel_and_key_do_not_run_into_each_other() -> None:
    from crossdock.ledger.intake import dedupe_digest

    assert len({dedupe_digest(*parts) for parts in (("a", "b", "c"), ("ab", "", "c"), ("a", "bc", ""), ("", "ab", "c"))}) == 4


@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([b"1", b"2", b"3"])), min_size=1, max_size=8), max_size=5)
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_commits_in_any_order_keep_each_content_once(store: Store, commits: list[list[tuple[str, bytes]]]) -> None:
    """Every (key, content) is kept exactly once; the first content of a key is the message, others are conflicts with it."""
    prefix = f"{next(KEYS)}/"
    first: dict[str, bytes] = {}
    seen: dict[tuple[str, bytes], int] = {}
    for commit in commits:
        rows = [row(prefix + key, body) for key, body in commit]
        answers = store.intake.run(lambda s, rows=rows: accept(s, rows))  # type: ignore[misc]
        for (key, body), answer in zip(commit, answers, strict=True):
            new = (key, body) not in seen
            seen.setdefault((key, body), answer.number)
            assert answer.number == seen[key, body]
            if first.setdefault(key, body) == body:
                assert answer.intake is (Intake.NEW if new else Intake.DUPLICATE)
            else:
                assert answer.intake is Intake.CONFLICT
    found = [(k.removeprefix(prefix), b) for k, b, _ in store.read.run(kept) if k.startswith(prefix)]
    assert sorted(found) == sorted(seen)


async def test_two_senders_at_once_make_one_message(store: Store) -> None:
    """On PostgreSQL both commits are open at the same time: the second waits for the first and finds its message."""
    others = [store, Store(store.location) if store.vendor == "postgresql" else store]
    try:
        async with asyncio.timeout(30):
            answers = await asyncio.gather(
                *(each.intake.do(lambda s: accept(s, [row(f"k{i}", b"x") for i in range(200)])) for each in others)
            )
    finally:
        if others[1] is not store:
            others[1].close()
    numbers = {i: {answer[i].number for answer in answers} for i in range(200)}
    assert all(len(found) == 1 for found in numbers.values())
    assert sorted(a.intake for answer in answers for a in answer) == [Intake.NEW] * 200 + [Intake.DUPLICATE] * 200
