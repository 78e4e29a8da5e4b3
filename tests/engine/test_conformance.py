"""What every engine promises, whatever mechanism is behind it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from crossdock.core.errors import Fenced
from crossdock.ledger.batch import Batch, OwnedPartition
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.pipeline.failures import Failure, record_failure
from tests.engine.conftest import PARTITIONS, Cluster, Ground

pytestmark = pytest.mark.slow


async def epochs(store: Store) -> dict[int, int]:
    return dict(await store.read.do(lambda s: s.rows("SELECT id, epoch FROM ledger_partition ORDER BY id")))


async def commit(store: Store, batch: Batch, owned: list[OwnedPartition]) -> dict[int, tuple[int, bytes]]:
    return await store.work.do(lambda session: batch.commit(session, owned))


def recorded(partition: int, number: int = 7) -> Batch:
    """A batch with an exception, an attempt and an audit record."""
    from crossdock.core.errors import TargetRefused

    batch = Batch(1_000_000)
    record_failure(batch, number, Failure(TargetRefused("no"), "deliver", "delivery", number, partition))
    batch.attempts.append((number, number, 1, "deliver", 1, 1, "accepted", "", "", None))
    return batch


async def test_alone_it_owns_every_partition_and_nothing_changes_afterwards(cluster: Cluster) -> None:
    member = await cluster.join()
    await cluster.settle(cluster.whole)
    assert sorted(member.owned) == list(range(PARTITIONS))
    assert {p.epoch for p in member.owned.values()} == {1}
    change = await member.engine.look()
    assert (list(change.gained), list(change.lost), list(change.asked)) == ([], [], [])
    assert await epochs(member.store) == dict.fromkeys(range(PARTITIONS), 1)


async def test_whoever_comes_after_has_a_higher_epoch_and_goes_on_with_the_chain(cluster: Cluster) -> None:
    first = await cluster.join()
    await cluster.settle(cluster.whole)
    heads = await commit(first.store, recorded(3), list(first.owned.values()))
    await cluster.leave(first)
    second = await cluster.join()
    await cluster.settle(cluster.whole)
    assert {p.epoch for p in second.owned.values()} == {2}
    assert (second.owned[3].seq, second.owned[3].hash) == heads[3]


async def test_who_lost_a_partition_cannot_commit_and_nothing_of_the_batch_is_written(cluster: Cluster) -> None:
    member = await cluster.join()
    await cluster.settle(cluster.whole)
    old = list(member.owned.values())
    new = await member.engine.reclaim([5])
    assert new[0].epoch > old[5].epoch
    for batch in (recorded(5), both()):
        with pytest.raises(Fenced):
            await commit(member.store, batch, old)
    assert await _counts(member.store) == (0, 0, 0)
    await commit(member.store, recorded(5), [*old[:5], *new, *old[6:]])
    assert await _counts(member.store) == (1, 1, 1)


def both() -> Batch:
    batch = recorded(2)
    batch.record(5, "pipeline:message:taken", 1)
    return batch


async def test_a_batch_that_only_marks_deliveries_is_fenced_too(cluster: Cluster) -> None:
    """What goes out with a commit must not go out when another worker has the partition, also when the batch has nothing to audit."""
    member = await cluster.join()
    await cluster.settle(cluster.whole)
    old = list(member.owned.values())
    await member.engine.reclaim([5])
    batch = Batch(1_000_000)
    batch.delivery_states[1] = (1, 1, 1, 0, None, None)
    with pytest.raises(Fenced):
        await commit(member.store, batch, old)


async def test_a_commit_and_a_take_over_never_overlap(cluster: Cluster) -> None:
    """Either the commit is through before the partition changes hands, or it fails: hundreds of both at once."""
    member = await cluster.join()
    store = Store(member.store.location)
    await cluster.settle(cluster.whole)
    held = dict(member.owned)
    fenced = committed = 0
    try:

        async def take() -> None:
            from crossdock.ledger.work import claim_partitions

            for _ in range(30):
                await store.work.do(lambda session: claim_partitions(session, [5], "other"))
                await asyncio.sleep(0)

        taking = asyncio.create_task(take())
        number = 100
        while not taking.done():
            number += 1
            batch = recorded(5, number)
            try:
                heads = await commit(member.store, batch, list(held.values()))
            except Fenced:
                fenced += 1
                [held[5]] = await member.engine.reclaim([5])
            else:
                committed += 1
                held[5].seq, held[5].hash = heads[5]
        await taking
    finally:
        store.close()
    assert await _counts(member.store) == (committed, committed, committed)
    assert fenced


async def _counts(store: Store) -> tuple[int, int, int]:
    def read(session: Session) -> tuple[int, int, int]:
        tables = ("ledger_exception", "ledger_attempt", "ledger_audit")
        a, b, c = (session.rows(f"SELECT COUNT(*) FROM {table}")[0][0] for table in tables)
        return a, b, c

    return await store.read.do(read)


async def test_after_being_fenced_it_takes_back_what_is_still_its_own(cluster: Cluster) -> None:
    member = await cluster.join()
    await cluster.settle(cluster.whole)
    again = await member.engine.reclaim([1, 2])
    assert [(p.id, p.epoch) for p in again] == [(1, 2), (2, 2)]
    assert await member.engine.reclaim([]) == []


async def test_killing_a_worker_process_hands_its_partitions_over_within_five_seconds(
    ground: Ground, landscape_folder: Path, worker_process
) -> None:
    """The next one on the same machine with the embedded engine, the one that is already there with the others."""
    if ground.brokers:
        environment = landscape_folder / "environments" / "development.yaml"
        environment.parent.mkdir()
        environment.write_text(f"engine: {{kind: kafka, brokers: '{ground.brokers}', topic: {ground.topic}}}\n")
    first = await worker_process(ground.url, landscape_folder)
    await first.until(lambda said: said.get("owned") == 4)
    loop = asyncio.get_running_loop()
    if ground.url.startswith("sqlite"):
        second = await worker_process(ground.url, landscape_folder)
        assert (await second.until(lambda said: "refused" in said))["refused"] == "engine.ledger_in_use"
        await first.kill()
        third = await worker_process(ground.url, landscape_folder)
        await third.until(lambda said: said.get("owned") == 4)
        return
    second = await worker_process(ground.url, landscape_folder)
    await second.until(lambda said: said.get("owned") == 2)
    await first.until(lambda said: said.get("owned") == 2)
    assert first.said["node"] != second.said["node"]
    await first.kill()
    killed = loop.time()
    await second.until(lambda said: said.get("owned") == 4)
    taken_over = loop.time() - killed
    print(f"taken over after {taken_over:.2f} s")
    assert taken_over < 5
