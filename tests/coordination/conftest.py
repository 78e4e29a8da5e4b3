"""A region and a coordinator on ledgers of their own, and a way between them that can be cut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from crossdock.coordination.errors import CoordinatorAway, ReportRefused, ReportStale
from crossdock.coordination.keeping import Keeping
from crossdock.coordination.reporter import Reporter
from crossdock.core.clock import SystemClock
from crossdock.governance.signing import new_key, public_of
from crossdock.landscape.load import load
from crossdock.ledger import regions
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.regions import Heard
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.testing.contexts import ManualClock
from tests.landscape.conftest import write
from tests.ledgers import migrated_at

FILES = {
    "crossdock.yaml": "name: two\ncompany: Two Ltd\nregions: {eu: Europe, us: States}\nteams: {ops: {}}\n",
    "policies.yaml": "residency: {money: [eu]}\n",
    "systems/shop-eu.yaml": "kind: http_generic\nowner: ops\nregion: eu\n",
    "flows/orders-eu.yaml": "workflow: order_to_fulfilment\ntrigger: {events: [order.placed], sources: [shop-eu]}\n",
}


@dataclass
class Pair:
    """One region and its coordinator. `cut` takes the way between them away; `wire` has every byte that crossed, in both directions."""

    root: Path
    clock: ManualClock
    region: Store
    over: Store
    keeping: Keeping
    private: str
    cut: bool = False
    wire: list[bytes] = field(default_factory=list)
    alter: Callable[[bytes], bytes] = lambda data: data
    reporter: Reporter = field(init=False)

    def __post_init__(self) -> None:
        self.again()

    def again(self) -> None:
        """The region's hub begins anew on the same ledger."""
        landscape = load(self.root, "eu", variables={})
        self.reporter = Reporter(self.region, landscape, self.clock, lambda _partition: 1, self.private, self.post)

    async def post(self, data: bytes) -> bytes:
        if self.cut:
            raise CoordinatorAway
        data = self.alter(data)
        self.wire.append(data)
        try:
            statement = self.keeping.proven(data)
            numbers = Numbers(SystemClock(), 5)
            told = await self.over.work.do(lambda s: self.keeping.take(s, numbers, statement, micros(self.clock.now())))
            answer = self.keeping.answer(data, told)
        except (ReportRefused, ReportStale) as error:
            answer = self.keeping.refusal(data, error)
        self.wire.append(answer)
        return answer

    def steps(self, count: int = 1) -> None:
        """So many reports, one every half minute."""

        async def go() -> None:
            for _ in range(count):
                self.clock.advance(30)
                await self.reporter.step()

        self.run(go())

    def run(self, work: Awaitable[Any]) -> Any:
        async def main() -> Any:
            return await work

        return asyncio.run(main())

    @property
    def heard(self) -> Heard:
        [found] = self.over.read.run(regions.heard)
        return found

    @property
    def standing(self) -> regions.Reporting:
        found = self.region.read.run(regions.reporting)
        assert found is not None
        return found


@contextmanager
def paired(folder: Path, region_url: str, over_url: str) -> Iterator[Pair]:
    """A region and a coordinator on ledgers that are brought up to date."""
    private, over = new_key(), new_key()
    environment = f"region: eu\ncoordination: {{url: 'http://over.example', key: 'env:KEY', coordinator: '{public_of(over)}', every: 30s, keep: 6}}\n"
    root = write(folder / "landscape", {**FILES, "environments/eu.yaml": environment})
    stores = [Store(LedgerLocation.parse(url)) for url in (region_url, over_url)]
    found = Pair(root, ManualClock(), stores[0], stores[1], Keeping({"eu": public_of(private)}, over), private)
    try:
        yield found
    finally:
        for store in stores:
            store.close()


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    urls = [f"sqlite:///{migrated_at(tmp_path / name / 'ledger.sqlite3')}" for name in ("eu", "over")]
    with paired(tmp_path, *urls) as found:
        yield found
