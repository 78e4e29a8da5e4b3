"""The primary dies and a real streaming replica is promoted: what is lost is stated, synchronous and asynchronous, and workers go on by themselves."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from crossdock.core.errors import Fenced, LedgerUnavailable
from crossdock.engine.postgresql import PostgresqlEngine
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.store import Store
from tests.engine.conftest import PARTITIONS, Member
from tests.postgresql import OwnServer, own_server

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


class Replica(OwnServer):
    """A streaming standby of another server."""

    def __init__(self, primary: OwnServer) -> None:
        self._like(primary)
        source = f"host=127.0.0.1 port={primary.port} user=postgres application_name=standby"
        self._run("pg_basebackup", "-D", str(self._base / "data"), "-R", "-X", "stream", "-c", "fast", "-d", source)

    def _like(self, primary: OwnServer) -> None:
        self._binaries = primary._binaries
        self._user = primary._user
        self._options = ""
        self.port = 0
        import shutil
        import tempfile

        self._base = Path(tempfile.mkdtemp(prefix="cdpg", dir="/tmp"))
        if self._user:
            shutil.chown(self._base, "postgres", "postgres")
        self._options = (
            f"-c listen_addresses=127.0.0.1 -k {self._base} -c fsync=off -c max_connections=200 -c shared_buffers=32MB"
        )

    def promote(self) -> None:
        self._run("pg_ctl", "-D", str(self._base / "data"), "-w", "promote")


def until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def pair() -> Iterator[tuple[OwnServer, Replica]]:
    with own_server() as primary:
        if primary is None:
            pytest.skip("no PostgreSQL of our own: install it to test a fail-over")
        migrate(LedgerLocation.parse(f"{primary.url}/postgres"))
        replica = Replica(primary)
        try:
            replica.start()
            until(lambda: bool(ask(primary, "SELECT 1 FROM pg_stat_replication WHERE state='streaming'")))
            yield primary, replica
        finally:
            replica.remove()


def ask(server: OwnServer, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        return connection.execute(sql).fetchall()  # type: ignore[call-overload, no-any-return]


def do(server: OwnServer, *statements: str) -> None:
    with psycopg.connect(f"{server.url}/postgres", autocommit=True) as connection:
        for each in statements:
            connection.execute(each)  # type: ignore[call-overload]


@pytest.mark.parametrize("synchronous", [True, False], ids=["synchronous", "asynchronous"])
async def test_a_promoted_replica_is_found_and_what_it_had_not_received_is_all_that_is_lost(
    pair: tuple[OwnServer, Replica], synchronous: bool
) -> None:
    primary, replica = pair
    if synchronous:
        do(primary, "ALTER SYSTEM SET synchronous_standby_names='standby'", "SELECT pg_reload_conf()")
        until(lambda: ask(primary, "SELECT sync_state FROM pg_stat_replication") == [("sync",)])
    url = (
        f"postgresql:///postgres?host=127.0.0.1,127.0.0.1&port={primary.port},{replica.port}&user=postgres"
        "&target_session_attrs=read-write"
    )
    location = LedgerLocation.parse(url)
    store = Store(location)
    member = Member(PostgresqlEngine(store, PARTITIONS), store)
    try:
        await member.engine.start()
        await member.look()
        assert len(member.owned) == PARTITIONS
        before = {p.epoch for p in member.owned.values()}
        insert = "INSERT INTO ledger_system (system, parked, reason, since) VALUES (?, true, '', 0)"
        acknowledged = 0
        for number in range(20):
            if number == 15 and not synchronous:
                # the replica falls behind: what is committed from here on never reaches it
                until(lambda: ask(replica, "SELECT COUNT(*) FROM ledger_system") == [(15,)])
                do(primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
                do(replica, "ALTER SYSTEM SET primary_conninfo=''", "SELECT pg_reload_conf()")
                until(lambda: not ask(replica, "SELECT 1 FROM pg_stat_wal_receiver"))
            await store.work.do(lambda s, n=number: s.execute(insert, (f"s{n:02}",)))  # type: ignore[misc]
            acknowledged += 1
        primary.stop()
        replica.promote()
        if synchronous:
            assert (
                not ask(replica, "SHOW synchronous_standby_names")[0][0]
                or do(replica, "ALTER SYSTEM SET synchronous_standby_names=''", "SELECT pg_reload_conf()") is None
            )
        started = time.monotonic()
        while not member.owned or {p.epoch for p in member.owned.values()} == before or len(member.owned) < PARTITIONS:
            assert time.monotonic() - started < 60
            with contextlib.suppress(LedgerUnavailable, Fenced):
                await member.look()
        lost = acknowledged - int(ask(replica, "SELECT COUNT(*) FROM ledger_system")[0][0])  # type: ignore[call-overload]
        print(
            f"lost {lost} of {acknowledged} acknowledged transactions; partitions owned again after {time.monotonic() - started:.2f} s"
        )
        assert lost == (0 if synchronous else 5)
        assert min(p.epoch for p in member.owned.values()) > max(before)
    finally:
        with contextlib.suppress(Exception):
            await member.engine.close()
        store.close()
