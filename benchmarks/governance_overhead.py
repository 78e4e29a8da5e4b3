"""What authorization, content filter and audit cost of the pipeline's CPU time, as a ratio within one run: orders cross a whole hub.

CPU seconds of the threads that do it are set against those of the whole process, so that what else the machine does does not count.
Limit: 15 %.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, thread_time
from typing import Any

from benchmarks.record import record
from crossdock.landscape.load import load
from crossdock.ledger import batch as batches
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline import dispatcher, worker
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.validate import Validator
from tests.pipeline.conftest import FILES, Depot, Found, ShopConnector, call, depot_connector, order_body

LIMIT = 0.15
POLICIES = "data_classes:\n  contact: {fields: [order.customer.email, order.customer.phone, order.lines.name]}\n"


class Counted:
    """CPU seconds spent in what it wraps."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def wrap(self, name: str, holder: Any, attribute: str) -> None:
        """Count calls of `holder.attribute` under `name`."""
        inner: Callable[..., Any] = getattr(holder, attribute)

        def counted(*given: Any, **named: Any) -> Any:
            began = thread_time()
            try:
                return inner(*given, **named)
            finally:
                self.seconds[name] = self.seconds.get(name, 0.0) + thread_time() - began

        setattr(holder, attribute, counted)


async def measured(orders: int, folder: Path) -> tuple[dict[str, float], float, float]:
    """Shares of the CPU time by part, the whole CPU time and the wall time, in seconds."""
    for name, text in {**FILES, "policies.yaml": POLICIES}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text + ("may_see: []\n" if name == "systems/depot.yaml" else ""))
    counted = Counted()
    counted.wrap("authorization", Validator, "_authorize")
    counted.wrap("content filter", worker, "_note_withheld")
    counted.wrap("content filter", dispatcher, "outgoing")
    counted.wrap("audit", batches, "build_link")
    counted.wrap("audit", batches, "rows_of")
    counted.wrap("audit", batches, "remember")
    counted.wrap("audit", batches.Batch, "record")
    depot = Depot()
    hub = Hub(
        load(folder),
        settings=PipelineSettings(mappers=0, watch_every=0.0, prune_every=0.0),
        location=LedgerLocation.parse(f"sqlite:///{folder}/ledger.sqlite3"),
        connectors={"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(depot))},
    )
    await hub.start()
    try:
        bodies = [
            order_body(f"{n}", customer={"id": "C", "name": "Ada", "email": "ada@example.com", "phone": "+4930123456"})
            for n in range(orders)
        ]
        began, clock = process_time(), perf_counter()
        for start in range(0, orders, 200):
            await asyncio.gather(
                *(
                    call(hub.door, "POST", "/in/shop/orders", each, {"x-signature": "good"})
                    for each in bodies[start : start + 200]
                )
            )
        while len(depot.taken) < orders:  # noqa: ASYNC110 - the depot is a plain list
            await asyncio.sleep(0.01)
        whole, wall = process_time() - began, perf_counter() - clock
    finally:
        await hub.stop()
    return {name: seconds / whole for name, seconds in counted.seconds.items()}, whole, wall


def main() -> None:
    """Keep the shares; exit code 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3_000)
    orders = parser.parse_args().orders
    with tempfile.TemporaryDirectory(prefix="governance-") as folder:
        shares, cpu, wall = asyncio.run(measured(orders, Path(folder)))
    kept = record(
        "governance_overhead",
        sum(shares.values()),
        "share of CPU time",
        goal=LIMIT,
        higher=False,
        shares={name: round(share, 4) for name, share in sorted(shares.items())},
        orders=orders,
        cpu_us_per_order=round(cpu / orders * 1e6),
        wall_us_per_order=round(wall / orders * 1e6),
    )
    raise SystemExit(not kept["met"])


if __name__ == "__main__":
    main()
