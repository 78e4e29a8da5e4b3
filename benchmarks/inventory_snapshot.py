"""A 500,000-line inventory of the warehouse, read over HTTP by the connector and compared with the ERP's: seconds and resident memory.

The simulated warehouse runs in a process of its own; what is measured is this process: connector, staging, comparison.
    python -m benchmarks.inventory_snapshot [--lines 500000]
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence

import aiohttp

from benchmarks.record import record
from crossdock.connectors.protocol import StockLine
from crossdock.connectors.wms_rest.connector import WmsRestConnector
from crossdock.pipeline.snapshot import Progress, reconcile
from crossdock.simulators.wms.rest import API_KEY, WEBHOOK_SECRET
from crossdock.testing import make_context

GOAL_SECONDS, GOAL_MEGABYTES = 60, 300
EVERY = 100
"""One line in so many differs."""


async def erp(count: int) -> AsyncIterator[Sequence[StockLine]]:
    """The ERP's view: the same places, one in a hundred with another quantity."""
    for start in range(0, count, 5_000):
        yield [
            StockLine(f"SKU-{n:06d}", f"A-{n % 97:02d}", "", str(n % 1000 + (1 if n % EVERY == 0 else 0)))
            for n in range(start, min(start + 5_000, count))
        ]
        await asyncio.sleep(0)


async def measure(url: str, count: int) -> tuple[float, int]:
    """Seconds for reading and comparing, and the number of differences found."""
    async with aiohttp.ClientSession() as client, client.post(f"{url}/_sim/stock", json={"generate": count}) as answer:
        answer.raise_for_status()
    secrets = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    context = make_context(WmsRestConnector, system="wms", endpoint=url, secrets=secrets, timeout=60.0)
    last = Progress()

    def keep(progress: Progress) -> None:
        nonlocal last
        last = progress

    started = time.perf_counter()
    found = 0
    async for part in reconcile(WmsRestConnector(context).snapshot(), erp(count), progress=keep):
        found += len(part)
    seconds = time.perf_counter() - started
    await context.http.close()
    if (last.left_lines, last.right_lines, found) != (count, count, -(-count // EVERY)):
        raise SystemExit(f"wrong result: {last}, {found} differences")
    return seconds, found


def main() -> int:
    """Run it; exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    given = parser.parse_args()
    warehouse = subprocess.Popen([sys.executable, "-m", "crossdock.simulators.wms"], stdout=subprocess.PIPE, text=True)
    try:
        line = warehouse.stdout.readline() if warehouse.stdout else ""
        seconds, _ = asyncio.run(measure(line.split()[-1], given.lines))
    finally:
        warehouse.terminate()
        warehouse.wait(10)
    scale = 1 if sys.platform != "darwin" else 1024
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / scale
    results = [
        record("inventory_snapshot_seconds", seconds, "s", goal=GOAL_SECONDS, higher=False),
        record("inventory_snapshot_memory", megabytes, "MB", goal=GOAL_MEGABYTES, higher=False),
    ]
    return 0 if all(result["met"] for result in results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
