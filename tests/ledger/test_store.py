"""Lanes: a connection that dies is an outage of one unit of work, and the next one opens another."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store

REFERENCE = ("id", "value", "scheme", "key")


@pytest.fixture
def pg_store(postgresql_url: str) -> Iterator[Store]:
    location = LedgerLocation.parse(postgresql_url)
    migrate(location)
    opened = Store(location)
    yield opened
    opened.close()


def terminate(url: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()"
        )


@pytest.mark.postgresql
def test_a_connection_terminated_between_two_units_of_work_is_replaced_and_nobody_notices(
    pg_store: Store, postgresql_url: str
) -> None:
    for lane in (pg_store.work, pg_store.read):
        assert lane.run(lambda s: s.rows("SELECT 1")) == [(1,)]
    terminate(postgresql_url)
    done = []
    for lane in (pg_store.work, pg_store.read):
        assert lane.run(lambda s: [done.append(1), s.rows("SELECT 2")][1]) == [(2,)]
    assert done == [1, 1]


@pytest.mark.postgresql
def test_a_connection_terminated_in_the_middle_leaves_nothing(pg_store: Store, postgresql_url: str) -> None:
    def work(session: Session) -> None:
        session.insert("ledger_reference", REFERENCE, [(1, "v", "s", "k")])
        terminate(postgresql_url)
        session.insert("ledger_reference", REFERENCE, [(2, "v", "s", "k2")])

    with pytest.raises(LedgerUnavailable) as caught:
        pg_store.work.run(work)
    assert "\n" not in caught.value.message
    assert pg_store.read.run(lambda s: s.rows("SELECT id FROM ledger_reference")) == []


def test_a_ledger_locked_for_too_long_is_an_outage_that_ends(tmp_path) -> None:
    location = LedgerLocation.parse(f"sqlite:///{tmp_path}/ledger.sqlite3")
    migrate(location)
    store = Store(location)
    other = sqlite3.connect(tmp_path / "ledger.sqlite3", isolation_level=None)
    try:
        store.work.run(lambda s: s.execute("PRAGMA busy_timeout=50"))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable, match="locked"):
            store.work.run(lambda s: s.rows("SELECT 1"))
        assert store.read.run(lambda s: s.rows("SELECT 1")) == [(1,)], "reading goes on"
        other.execute("ROLLBACK")
        assert store.work.run(lambda s: s.rows("SELECT 1")) == [(1,)]
    finally:
        other.close()
        store.close()


def test_a_full_disk_is_an_outage_that_ends(tmp_path) -> None:
    location = LedgerLocation.parse(f"sqlite:///{tmp_path}/ledger.sqlite3")
    migrate(location)
    store = Store(location)
    try:
        [(pages,)] = store.work.run(lambda s: s.rows("PRAGMA page_count"))
        store.work.run(lambda s: s.rows(f"PRAGMA max_page_count={pages}"))
        rows = [(n, "v" * 500, "s", f"k{n}") for n in range(2000)]
        with pytest.raises(LedgerUnavailable, match="full"):
            store.work.run(lambda s: s.insert("ledger_reference", REFERENCE, rows))
        assert store.read.run(lambda s: s.rows("SELECT id FROM ledger_reference")) == []
        store.work.run(lambda s: s.rows("PRAGMA max_page_count=1000000"))
        store.work.run(lambda s: s.insert("ledger_reference", REFERENCE, rows))
        assert store.read.run(lambda s: s.rows("SELECT COUNT(*) FROM ledger_reference")) == [(2000,)]
    finally:
        store.close()


def test_who_asks_cannot_write(store: Store) -> None:
    def write(session: Session) -> None:
        session.insert("ledger_reference", REFERENCE, [(1, "v", "s", "k")])

    with pytest.raises(Exception, match=r"(?i)read-?only"):
        store.read.run(write)
    assert store.read.run(lambda s: s.rows("SELECT id FROM ledger_reference")) == []
    store.work.run(write)
    assert store.read.run(lambda s: s.rows("SELECT id FROM ledger_reference")) == [(1,)]


def test_one_question_sees_one_moment(store: Store) -> None:
    """Else a verification beside a running hub compares heads and links of different moments, and finds a break that is none."""

    def ask(session: Session) -> tuple[object, object]:
        before = session.rows("SELECT id FROM ledger_reference")
        store.work.run(lambda s: s.insert("ledger_reference", REFERENCE, [(1, "v", "s", "k")]))
        return before, session.rows("SELECT id FROM ledger_reference")

    assert store.read.run(ask) == ([], [])
