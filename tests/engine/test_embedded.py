"""The embedded engine: one process has a ledger, and a second one is told so."""

from __future__ import annotations

import pytest

from crossdock.engine.embedded import LedgerInUse
from tests.engine.conftest import PARTITIONS, Cluster, Ground
from tests.ledgers import migrated_at


@pytest.fixture
def ground(tmp_path) -> Ground:
    return Ground(f"sqlite:///{migrated_at(tmp_path / 'ledger.sqlite3')}")


async def test_a_second_one_is_refused_until_the_first_has_left(cluster: Cluster) -> None:
    first = await cluster.join()
    await first.look()
    with pytest.raises(LedgerInUse, match=r"ledger\.sqlite3 is in use"):
        await cluster.join()
    await cluster.leave(first)
    second = await cluster.join()
    await second.look()
    assert len(second.owned) == PARTITIONS


async def test_a_refused_one_leaves_the_first_alone(cluster: Cluster) -> None:
    first = await cluster.join()
    await first.look()
    with pytest.raises(LedgerInUse):
        await cluster.join()
    assert {p.epoch for p in await first.engine.reclaim([0, 1])} == {2}
