"""A ledger full of settled 1 KB orders, pruned: how much of the payloads' space goes back to the disk, and how fast.

    python -m benchmarks.ledger_pruning [--messages 10000]

The orders cross a real hub (HTTP in, eight steps, HTTP out). Then the hub is stopped, the clock is set two years ahead and retention runs.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.record import record
from benchmarks.throughput import free_port, landscape, process, send, until_delivered, wait_for
from crossdock.landscape.load import load
from crossdock.ledger.audit import verify
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.payloads import FileClaims
from crossdock.ledger.store import Store
from crossdock.pipeline.alone import prune_alone

PAYLOADS = (
    "SELECT SUM(COALESCE(LENGTH(body),0)+LENGTH(headers)) FROM ledger_message",
    "SELECT SUM(LENGTH(data)) FROM ledger_event",
    "SELECT SUM(LENGTH(data)+COALESCE(LENGTH(ack),0)) FROM ledger_delivery",
    "SELECT SUM(COALESCE(LENGTH(exchanges),0)) FROM ledger_attempt",
)


class Later:
    """The clock two years from now: everything the starter's policies keep for a time is over."""

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(days=730)


def fill(folder: Path, ledger: Path, count: int) -> None:
    """Let orders cross a hub until all are delivered."""
    port, sink = free_port(), free_port()
    url = f"sqlite:///{ledger}"
    key = landscape(folder, f"http://127.0.0.1:{sink}", url)
    with (
        process(sys.executable, "-m", "benchmarks.sink", str(sink)),
        process(sys.executable, "-m", "crossdock", "up", str(folder), "--port", str(port), env={"CROSSDOCK_LEDGER": url}),
    ):
        wait_for(f"http://127.0.0.1:{sink}/seen")
        wait_for(f"http://127.0.0.1:{port}/readyz")
        send(port, count, key)
        until_delivered(sink, count)
        time.sleep(2)


def payload_bytes(ledger: Path) -> int:
    """What all payloads weigh as they are stored."""
    database = sqlite3.connect(ledger)
    try:
        return sum(int(database.execute(query).fetchone()[0] or 0) for query in PAYLOADS)
    finally:
        database.close()


async def prune(folder: Path, ledger: Path) -> tuple[float, int]:
    """Seconds and rows of one run of retention; checks that the audit chain is whole afterwards."""
    store = Store(LedgerLocation.parse(f"sqlite:///{ledger}"))
    try:
        started = time.perf_counter()
        run = await prune_alone(load(folder), store, FileClaims(folder / "payloads"), Later(), "benchmark", lambda _run: None)
        seconds = time.perf_counter() - started
        checked = await store.read.do(verify)
        if checked.breaks:
            raise SystemExit(f"the audit chain does not hold: {checked.breaks[:3]}")
        return seconds, int(run.result["pruned"])
    finally:
        store.close()


def main() -> int:
    """Run it; exit code 1 when the goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    try:
        ledger = base / "ledger.sqlite3"
        fill(base / "landscape", ledger, given.messages)
        before, payloads = ledger.stat().st_size, payload_bytes(ledger)
        seconds, rows = asyncio.run(prune(base / "landscape", ledger))
        after = ledger.stat().st_size
    finally:
        shutil.rmtree(base, ignore_errors=True)
    result = record(
        "ledger_pruning_returned",
        before - after,
        "bytes",
        baseline=payloads,
        goal=0.9,
        on="ratio",
        before=before,
        after=after,
        messages=given.messages,
        rows_per_second=round(rows / seconds),
    )
    return 0 if result["met"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
