"""The Kafka engine against the PostgreSQL engine, and two PostgreSQL workers against one, each pair in one run on one machine.

python -m benchmarks.engines [--messages 6000]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.postgresql import server as postgresql_server
from benchmarks.record import record
from benchmarks.throughput import ROOT, cpu_seconds, free_port, landscape, process, send, until_delivered, wait_for
from tests.kafka import KafkaAbsent, cluster

APPEND = """
import asyncio, sys, time
from crossdock.core.clock import SystemClock
from crossdock.connectors.protocol import Inbound
from crossdock.engine.kafka.engine import KafkaEngine
from crossdock.engine.kafka.journal import Journal
from crossdock.engine.kafka.place import Place
from crossdock.engine.kafka.topic import prepare
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.store import Store
from crossdock.pipeline.intake import IntakeBuffer
from benchmarks.sender import order

class Only:
    lag = waiting = 0
    def __init__(self, journal): self.append = journal.append

async def main(url, brokers, topic, count):
    location = LedgerLocation.parse(url)
    await asyncio.to_thread(migrate, location)
    store = Store(location)
    intake = IntakeBuffer(store.intake, Numbers(SystemClock()), None, SystemClock(), 16, high_water=10**9)
    if brokers:
        place = Place(brokers, topic)
        prepare(place, 16)
        journal = Journal(place)
        journal.start()
        intake.topic = Only(journal)
    bodies = [order(i) for i in range(count)]
    places = iter(range(count))
    async def sender():
        for i in places:
            await intake.submit("inbox", "orders", [Inbound("orders", f"B{i}", bodies[i])], "c")
    started, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(sender() for _ in range(1024)))
    print(count / (time.perf_counter() - started), (time.process_time() - used) / count * 1e6)
    store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
"""


def append(url: str, brokers: str, count: int) -> tuple[float, float]:
    """Messages made durable a second by 1,024 senders inside one process, without HTTP; and microseconds of its CPU for each."""
    command = [sys.executable, "-c", APPEND, url, brokers, f"b{uuid.uuid4().hex[:10]}", str(count)]
    said = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout.split()
    return float(said[0]), float(said[1])


def run(url: str, brokers: str, count: int, base: Path, workers: int = 1, accept_only: bool = False) -> dict[str, float]:
    """Hubs with one ledger; all messages are sent to the first one."""
    folder, sink = base / uuid.uuid4().hex[:8], free_port()
    key = landscape(folder, f"http://127.0.0.1:{sink}", url)
    if brokers:
        for environment in (folder / "environments").glob("*.yaml"):
            # the file's last block is the engine's
            head = environment.read_text().partition("\nengine:")[0]
            environment.write_text(f"{head}\nengine:\n  kind: kafka\n  brokers: '{brokers}'\n  topic: b{folder.name}\n")
    env = {"CROSSDOCK_LEDGER": url, "CROSSDOCK_SECRET_KEY": "x" * 40, "CROSSDOCK_MAPPERS": "0"}
    if accept_only:
        env["CROSSDOCK_IN_FLIGHT"] = "0"
    ports = [free_port() for _ in range(workers)]
    with ExitStack() as stack:
        stack.enter_context(process(sys.executable, "-m", "benchmarks.sink", str(sink)))
        wait_for(f"http://127.0.0.1:{sink}/seen")
        hubs = []
        for port in ports:
            hubs.append(
                stack.enter_context(process(sys.executable, "-m", "crossdock", "up", str(folder), "--port", str(port), env=env))
            )
            wait_for(f"http://127.0.0.1:{port}/readyz", 60)
        time.sleep(2)
        before = sum(cpu_seconds(hub.pid) for hub in hubs)
        report: dict[str, Any] = send(ports[0], count, key)
        if set(report["statuses"]) != {"202"}:
            raise SystemExit(f"not all accepted: {report['statuses']}")
        found = {"accepted": report["per_second"], "p99_ms": report["p99_ms"]}
        if not accept_only:
            seen = until_delivered(sink, count, 300)
            if seen["count"] != seen["distinct"]:
                raise SystemExit(f"doubled: {seen}")
            found["per_second"] = count / (seen["last"] - report["started"])
            found["cpu_us"] = (sum(cpu_seconds(hub.pid) for hub in hubs) - before) / count * 1e6
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=6_000)
    count = parser.parse_args().messages
    base = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    try:
        with postgresql_server() as databases, cluster(1) as brokers:
            number = iter(range(100))

            def fresh() -> str:
                return databases(f"engines_{os.getpid()}_{next(number)}")

            append(fresh(), brokers.addresses, count * 4)  # the Java machine compiles what it does often
            ours, cpu = append(fresh(), brokers.addresses, count * 4)
            theirs, their_cpu = append(fresh(), "", count * 4)
            record(
                "append_kafka",
                ours,
                "messages/s",
                baseline=theirs,
                goal=3,
                on="ratio",
                cpu_us=round(cpu, 1),
                baseline_cpu_us=round(their_cpu, 1),
            )
            door = run(fresh(), "", count * 2, base, accept_only=True)
            topic = run(fresh(), brokers.addresses, count * 2, base, accept_only=True)
            record(
                "accept_kafka",
                topic["accepted"],
                "messages/s",
                baseline=door["accepted"],
                goal=3,
                on="ratio",
                p99_ms=round(topic["p99_ms"], 1),
            )
            one = run(fresh(), "", count, base)
            through = run(fresh(), brokers.addresses, count, base)
            record(
                "end_to_end_kafka",
                through["per_second"],
                "messages/s",
                baseline=one["per_second"],
                goal=1,
                on="ratio",
                cpu_us=round(through["cpu_us"], 1),
            )
            two = run(fresh(), "", count, base, workers=2)
            record("two_postgresql_workers", two["per_second"], "messages/s", baseline=one["per_second"], goal=1.7, on="ratio",
                   cpu_us_one=round(one["cpu_us"], 1), cpu_us_two=round(two["cpu_us"], 1))  # fmt: skip
    except KafkaAbsent as reason:
        raise SystemExit(str(reason)) from None
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
