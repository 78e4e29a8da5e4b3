"""Transactions under way at a promotion finish by the bundle they began with, as far as its systems are still there."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crossdock.core.clock import SystemClock
from crossdock.core.partition import partition_of
from crossdock.landscape import demo
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.landscape.secrets import SecretReferences
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.batch import Batch
from crossdock.ledger.ids import Numbers
from crossdock.ledger.times import micros
from crossdock.pipeline.decide import Decider
from crossdock.pipeline.instances import InstanceCache
from crossdock.pipeline.runtime import Runtime, build

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
FLOW, KEY = "order-woo-outlet", "order/woo-outlet/1"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Landscape, Landscape]:
    """The demonstration's landscape as it was, and with another retry budget."""
    found = []
    for name, change in (("old", ("attempts: 20", "attempts: 20")), ("new", ("attempts: 20", "attempts: 3"))):
        folder = tmp_path_factory.mktemp(name) / "landscape"
        shutil.copytree(Path(demo.__file__).parent, folder)
        file = folder / f"flows/{FLOW}.yaml"
        assert change[0] in file.read_text()
        file.write_text(file.read_text().replace(*change))
        found.append(load(folder))
    return found[0], found[1]


def runtime(landscape: Landscape, *earlier: Landscape) -> Runtime:
    tables = CodeTables(landscape.value_maps)
    return build(landscape, SecretReferences(landscape.root), tables, SystemClock(), earlier=earlier)


def row(found: Runtime, bundle: str, *, finished: bool = False) -> tuple[Any, ...]:
    process = found.flows[FLOW].process
    state = process.dump(process.initial(KEY))
    return (1, KEY, FLOW, f"{process.name}/{process.version}", state, 0, "", bundle, finished)


def instance(found: Runtime, rows: tuple[Any, ...]) -> Any:
    cache = InstanceCache(10, 16, found.bundle, found.begun)
    cache.load([KEY], [rows], found.flows)
    return cache.of(KEY)[FLOW]


def test_what_is_under_way_finishes_by_what_it_began_with(bundles: tuple[Landscape, Landscape]) -> None:
    old, new = bundles
    found = runtime(new, old)
    begun = old.bundle_id[:16]
    one = instance(found, row(found, begun))
    assert (one.flow.budgets["default"].attempts, one.bundle) == (20, begun)
    assert found.flows[FLOW].budgets["default"].attempts == 3
    batch = Batch(micros(NOW))
    Decider(batch, Numbers(SystemClock()), 16, found.bundle)._store(one, partition_of(KEY, 16))
    assert batch.instances[KEY, FLOW][-1] == begun, "and it is recorded with that bundle to its end"


def test_what_is_over_and_what_nobody_knows_any_more_goes_by_the_present_one(bundles: tuple[Landscape, Landscape]) -> None:
    old, new = bundles
    found = runtime(new, old)
    for rows in (row(found, old.bundle_id[:16], finished=True), row(found, "0" * 16), row(found, new.bundle_id[:16])):
        one = instance(found, rows)
        assert (one.flow.budgets["default"].attempts, one.bundle) == (3, found.bundle)


def test_a_flow_of_a_system_that_is_gone_is_migrated(bundles: tuple[Landscape, Landscape], tmp_path: Path) -> None:
    old, _ = bundles
    folder = tmp_path / "landscape"
    shutil.copytree(old.root, folder)
    for each in (
        *folder.glob("flows/*.yaml"),
        *folder.glob("*.yaml"),
        *folder.glob("environments/*.yaml"),
        *folder.glob("partners/*.yaml"),
    ):
        each.write_text(each.read_text().replace("carrier-ups", "carrier-third"))
    (folder / "systems/carrier-ups.yaml").rename(folder / "systems/carrier-third.yaml")
    found = runtime(load(folder), old)
    one = instance(found, row(found, old.bundle_id[:16]))
    assert one.bundle == found.bundle
    assert "carrier-third" in one.flow.context.roles.values()
