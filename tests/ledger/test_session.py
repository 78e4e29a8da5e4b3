"""The statements of a session give the same on both dialects."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.ledger.session import Session
from crossdock.ledger.store import Store

REFERENCE = ("id", "value", "scheme", "key")
EXCEPTION = ("identity", "state", "occurrences", "message")


def references(session: Session) -> list[tuple[Any, ...]]:
    return session.rows("SELECT id, value, scheme, key FROM ledger_reference ORDER BY id")


def test_insert_and_membership_with_many_values(store: Store) -> None:
    rows = [(n, f"v{n % 7}", "s", f"k{n}") for n in range(1, 2501)]

    def work(session: Session) -> None:
        assert session.insert("ledger_reference", REFERENCE, rows) == []
        assert session.insert("ledger_reference", REFERENCE, []) == []
        wanted = list(range(0, 5000, 2))
        found = session.rows_in("SELECT id FROM ledger_reference WHERE id {in}", wanted)
        assert sorted(n for (n,) in found) == [n for n in wanted if 1 <= n <= 2500]
        limited = session.rows_in(
            "SELECT id FROM ledger_reference WHERE scheme=? AND value {in} ORDER BY id LIMIT 3", ["v1", "v2"], ("s",)
        )
        assert [n for (n,) in limited] == [1, 2, 8]
        assert session.rows_in("SELECT id FROM ledger_reference WHERE id {in}", []) == []

    store.work.run(work)


@pytest.mark.parametrize("count", [1, 3, 300])
def test_insert_that_ignores_tells_which_are_new(store: Store, count: int) -> None:
    def cursor(number: int, name: str) -> tuple[Any, ...]:
        return (number, "", b"%016d" % number, name)

    def row(number: int, identity: int) -> tuple[Any, ...]:
        return (
            number,
            1,
            0,
            identity.to_bytes(16, "big"),
            str(identity),
            "k",
            "order.placed",
            "shop",
            "order/1",
            "",
            None,
            False,
            "",
            b"{}",
            b"d",
            1,
            1,
            "",
            1,
            None,
            "",
        )

    from crossdock.ledger.batch import EVENT_COLUMNS

    def work(session: Session) -> None:
        first = [row(n, n) for n in range(1, count + 1)]
        assert session.insert("ledger_event", EVENT_COLUMNS, first, ignore="identity") == list(range(1, count + 1))
        again = [row(1000 + n, n) for n in range(1, count + 2)]
        assert session.insert("ledger_event", EVENT_COLUMNS, again, ignore="identity") == [1000 + count + 1]
        twice = [row(2001, 9000), row(2002, 9000), row(2003, 9001)]
        assert sorted(session.insert("ledger_event", EVENT_COLUMNS, twice, ignore="identity")) == [2001, 2003]

    store.work.run(work)


def test_update_by_several_columns_and_a_condition(store: Store) -> None:
    def work(session: Session) -> None:
        session.insert("ledger_reference", REFERENCE, [(n, "v", "s", f"k{n}") for n in range(1, 6)])
        session.update("ledger_reference", ("value", "scheme"), [(2, "changed", "other"), (99, "nobody", "x")])
        session.update("ledger_reference", ("value",), [("s", "k3", "both")], match=("scheme", "key"))
        session.update("ledger_reference", ("value",), [(1, "not"), (5, "yes")], only="id>3")
        session.update("ledger_reference", ("value",), [])
        assert references(session) == [
            (1, "v", "s", "k1"), (2, "changed", "other", "k2"), (3, "both", "s", "k3"), (4, "v", "s", "k4"), (5, "yes", "s", "k5"),
        ]  # fmt: skip

    store.work.run(work)


def test_of_several_updates_of_one_row_the_last_counts(store: Store) -> None:
    def work(session: Session) -> None:
        # a table so large that its index is used: which row wins in a join depends on how it is carried out
        session.insert("ledger_reference", REFERENCE, [(n, "v", "s", f"k{n}") for n in range(1, 5_001)])
        session.execute("ANALYZE ledger_reference")
        session.update("ledger_reference", ("value",), [(1, "first"), (2, "only"), (1, "then"), (1, "last")])
        session.update("ledger_reference", ("value",), [("s", "k3", "first"), ("s", "k3", "last")], match=("scheme", "key"))
        assert references(session)[:3] == [(1, "last", "s", "k1"), (2, "only", "s", "k2"), (3, "last", "s", "k3")]

    store.work.run(work)


def test_update_with_missing_values_and_bytes(store: Store) -> None:
    from crossdock.ledger.batch import DELIVERY_COLUMNS

    row = (1, b"i" * 16, "c", "n", "s", "f", "k", 0, "default", b"{}", 0, 0, 0, None, 1, None, None, "", 0)

    def work(session: Session) -> list[tuple[Any, ...]]:
        session.insert("ledger_delivery", DELIVERY_COLUMNS, [row])
        columns = ("state", "attempts", "next_at", "settled_at", "ack")
        session.update("ledger_delivery", columns, [(1, 10, 2, 0, 77, b"\x00\xff")])
        return session.rows("SELECT state, attempts, next_at, settled_at, ack, deadline FROM ledger_delivery")

    [(state, attempts, next_at, settled, ack, deadline)] = store.work.run(work)
    assert (state, attempts, next_at, settled, bytes(ack), deadline) == (10, 2, 0, 77, b"\x00\xff", None)


def test_upsert_overwrites_counts_and_leaves_alone(store: Store) -> None:
    from crossdock.ledger.batch import EXCEPTION_COLUMNS

    def row(number: int, identity: bytes, message: str) -> tuple[Any, ...]:
        return (
            number, identity, b"f" * 16, "code", "rejected", "deliver", "sys", "flow", "key", 0, "delivery", 1, "", "ops", message, "{}",
            0, 1, 5, 6, None, "", "", "", "",
        )  # fmt: skip

    def work(session: Session) -> None:
        for round_ in range(3):
            rows = [row(round_ * 10 + 1, b"a" * 16, f"again {round_}"), row(round_ * 10 + 2, bytes([round_]) * 16, "new")]
            session.upsert("ledger_exception", EXCEPTION_COLUMNS, rows, ("identity",), ("message", "occurrences"))
        found = session.rows("SELECT id, occurrences, message FROM ledger_exception ORDER BY id")
        assert found == [(1, 3, "again 2"), (2, 1, "new"), (12, 1, "new"), (22, 1, "new")]
        session.upsert("ledger_reference", REFERENCE, [(1, "v", "s", "k")], ("value", "scheme", "key"), ())
        session.upsert("ledger_reference", REFERENCE, [(2, "v", "s", "k"), (3, "v", "s", "k2")], ("value", "scheme", "key"), ())
        assert references(session) == [(1, "v", "s", "k"), (3, "v", "s", "k2")]

    store.work.run(work)


def test_execute_counts_rows_and_percent_signs_are_text(store: Store) -> None:
    def work(session: Session) -> None:
        session.insert("ledger_reference", REFERENCE, [(1, "100%", "s", "a/b"), (2, "?", "s", "a/c")])
        assert session.rows("SELECT id FROM ledger_reference WHERE key LIKE ? AND value=?", ("%/b", "100%")) == [(1,)]
        assert session.execute("UPDATE ledger_reference SET scheme=? WHERE id<?", ("x", 9)) == 2
        assert session.execute("DELETE FROM ledger_reference WHERE value=?", ("?",)) == 1

    store.work.run(work)


def test_a_unit_of_work_is_written_whole_or_not_at_all(store: Store) -> None:
    def half(session: Session) -> None:
        session.insert("ledger_reference", REFERENCE, [(1, "v", "s", "k")])
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        store.work.run(half)
    assert store.work.run(references) == []
    store.work.run(lambda session: session.insert("ledger_reference", REFERENCE, [(2, "v", "s", "k")]))
    assert store.read.run(references) == [(2, "v", "s", "k")]


def test_a_wrong_statement_is_a_defect_and_no_outage(store: Store) -> None:
    from crossdock.core.errors import LedgerUnavailable

    with pytest.raises(Exception) as caught:
        store.work.run(lambda session: session.rows("SELECT nothing FROM nowhere"))
    assert not isinstance(caught.value, LedgerUnavailable)
    assert store.work.run(lambda session: session.rows("SELECT 1")) == [(1,)]


def test_reading_never_writes(store: Store) -> None:
    if store.vendor == "sqlite":
        with pytest.raises(Exception, match=r"readonly|read-only|query_only|cannot"):
            store.read.run(lambda session: session.execute("DELETE FROM ledger_reference"))
    assert store.read.run(references) == []


@pytest.mark.parametrize("text", ["", "Ærøskøbing 北 🚚", "a'b\"c\\d;--", "line\nbreak\ttab"])
def test_text_is_kept_as_it_is(store: Store, text: str) -> None:
    store.work.run(lambda session: session.insert("ledger_reference", REFERENCE, [(1, text, "s", text)]))
    assert store.read.run(references) == [(1, text, "s", text)]
    assert store.read.run(lambda session: session.rows_in("SELECT id FROM ledger_reference WHERE value {in}", [text])) == [(1,)]


def test_a_column_may_be_matched_and_changed(store: Store) -> None:
    store.work.run(
        lambda s: s.insert(
            "ledger_partition",
            ("id", "epoch", "owner", "audit_seq", "audit_hash"),
            [(901, 1, "", 4, b"a" * 32), (902, 1, "", 7, b"b" * 32)],
        )
    )
    rows = [(901, 4, 5, b"c" * 32), (902, 6, 8, b"d" * 32)]
    touched = store.work.run(lambda s: s.update("ledger_partition", ("audit_seq", "audit_hash"), rows, match=("id", "audit_seq")))
    assert touched == 1
    found = store.read.run(lambda s: s.rows("SELECT id, audit_seq FROM ledger_partition WHERE id>900 ORDER BY id"))
    assert [tuple(row) for row in found] == [(901, 5), (902, 7)]
