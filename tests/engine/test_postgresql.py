"""The PostgreSQL engine: workers share the partitions fairly, and what a lost session held is free at once."""

from __future__ import annotations

import asyncio
import threading

import psycopg
import pytest

from crossdock.core.errors import LedgerUnavailable
from crossdock.ledger import store
from crossdock.ledger.batch import fence
from crossdock.ledger.session import Session
from tests.engine.conftest import PARTITIONS, Cluster

pytestmark = pytest.mark.postgresql


def locks(url: str) -> dict[int, list[int]]:
    """Locked partitions of this ledger by the process of the session that holds them, as the server sees it. The server may have
    other ledgers, and hubs that work on them."""
    found: dict[int, list[int]] = {}
    with psycopg.connect(url) as connection:
        for pid, number in connection.execute(
            "SELECT pid, objid::int FROM pg_locks WHERE locktype='advisory' AND granted AND classid=%s "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            (0x43D1,),
        ):
            found.setdefault(pid, []).append(number)
    return found


def terminate(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)


async def test_two_and_three_share_fairly_and_each_partition_has_one_owner(pg_cluster: Cluster) -> None:
    await pg_cluster.join()
    await pg_cluster.settle(lambda: pg_cluster.shares() == [16])
    await pg_cluster.join()
    await pg_cluster.settle(lambda: pg_cluster.shares() == [8, 8])
    assert pg_cluster.whole()
    await pg_cluster.join()
    await pg_cluster.settle(lambda: sorted(pg_cluster.shares()) == [5, 5, 6])
    assert pg_cluster.whole()
    assert len({member.engine.node for member in pg_cluster.members}) == 3
    held = locks(pg_cluster.url)
    assert sorted(map(sorted, held.values())) == sorted(sorted(member.owned) for member in pg_cluster.members)


async def test_who_leaves_is_replaced_with_higher_epochs(pg_cluster: Cluster) -> None:
    first, second = await pg_cluster.join(), await pg_cluster.join()
    await pg_cluster.settle(lambda: pg_cluster.shares() == [8, 8])
    before = {p.id: p.epoch for p in second.owned.values()}
    await pg_cluster.leave(second)
    await pg_cluster.settle(lambda: pg_cluster.shares() == [16])
    assert all(first.owned[p].epoch > epoch for p, epoch in before.items())


async def test_a_killed_session_loses_everything_at_once_and_the_other_takes_over(pg_cluster: Cluster) -> None:
    first, second = await pg_cluster.join(), await pg_cluster.join()
    await pg_cluster.settle(lambda: pg_cluster.shares() == [8, 8])
    mine = set(first.owned)
    [pid] = [pid for pid, numbers in locks(pg_cluster.url).items() if set(numbers) == mine]
    terminate(pg_cluster.url, pid)
    assert set((await first.engine.look()).lost) == mine
    first.owned.clear()
    await second.look()
    assert len(second.owned) == PARTITIONS
    await pg_cluster.settle(lambda: sorted(pg_cluster.shares()) == [8, 8])
    assert pg_cluster.whole()


async def test_nobody_takes_a_number_that_a_worker_cut_off_for_a_moment_still_uses(pg_cluster: Cluster) -> None:
    """Record numbers are made without asking the database: the node number in them must not be given away while its maker lives."""
    first = await pg_cluster.join()
    await first.look()
    node = first.engine.node
    [pid] = locks(pg_cluster.url)
    terminate(pg_cluster.url, pid)
    newcomers = [await pg_cluster.join() for _ in range(3)]
    assert node not in {member.engine.node for member in newcomers}
    await first.look()
    await first.look()
    assert len({member.engine.node for member in pg_cluster.members}) == 4


async def test_a_partition_asked_for_stays_until_it_is_released(pg_cluster: Cluster) -> None:
    first = await pg_cluster.join()
    await first.look()
    second = await pg_cluster.join()
    change = await first.engine.look()
    assert len(change.asked) == 8
    await second.look()
    assert not second.owned
    assert not (await first.engine.look()).asked
    await first.engine.release(change.asked)
    await second.look()
    assert sorted(second.owned) == sorted(change.asked)


async def test_an_unreachable_server_is_no_end(pg_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await pg_cluster.join()
    await first.look()
    [pid] = locks(pg_cluster.url)
    terminate(pg_cluster.url, pid)
    good = type(first.store.location).conninfo

    def unreachable(location: object) -> dict[str, object]:
        return {**good(location), "port": 1}  # type: ignore[arg-type]

    monkeypatch.setattr(type(first.store.location), "conninfo", unreachable)
    assert len((await first.engine.look()).lost) == PARTITIONS
    assert not (await first.engine.look()).gained
    monkeypatch.undo()
    first.owned.clear()
    await first.look()
    assert len(first.owned) == PARTITIONS


async def test_one_that_was_cut_off_and_does_not_know_it_yet_takes_nothing_back(pg_cluster: Cluster) -> None:
    first, second = await pg_cluster.join(), await pg_cluster.join()
    await pg_cluster.settle(lambda: pg_cluster.shares() == [8, 8])
    mine = set(first.owned)
    [pid] = [pid for pid, numbers in locks(pg_cluster.url).items() if set(numbers) == mine]
    terminate(pg_cluster.url, pid)
    await second.look()
    assert len(second.owned) == PARTITIONS
    with pytest.raises(LedgerUnavailable):
        await first.engine.reclaim(sorted(mine))
    rows = await second.store.read.do(lambda session: session.rows("SELECT id, epoch FROM ledger_partition"))
    assert sorted(rows) == sorted((p.id, p.epoch) for p in second.owned.values())
    # and it knows now, although it was not a look that found it out: else nobody would work on what it believes to own
    assert set((await first.engine.look()).lost) == mine
    first.owned.clear()
    await pg_cluster.settle(lambda: sorted(pg_cluster.shares()) == [8, 8])
    assert pg_cluster.whole()


async def test_the_server_finds_out_within_seconds_that_a_machine_is_gone(pg_cluster: Cluster) -> None:
    member = await pg_cluster.join()
    held = member.engine._connection  # type: ignore[attr-defined]
    found = {name: held.execute(f"SHOW {name}").fetchone()[0] for name in ("tcp_keepalives_idle", "tcp_keepalives_count")}
    assert found == {"tcp_keepalives_idle": "2", "tcp_keepalives_count": "3"}


async def test_a_worker_that_froze_amid_a_transaction_keeps_nobody_from_its_partitions(
    pg_cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "FROZEN", 200)
    first = await pg_cluster.join()
    await first.look()
    frozen, thawed = threading.Event(), threading.Event()

    def standing_still(session: Session) -> None:
        fence(session, first.owned.values())
        frozen.set()
        thawed.wait(30)
        session.rows("SELECT 1")

    commit = asyncio.create_task(first.store.work.do(standing_still))
    await asyncio.to_thread(frozen.wait, 10)
    [pid] = locks(pg_cluster.url)
    terminate(pg_cluster.url, pid)
    second = await pg_cluster.join()
    async with asyncio.timeout(20):
        while len(second.owned) < PARTITIONS:
            await second.look()
    thawed.set()
    with pytest.raises(LedgerUnavailable):
        await commit
