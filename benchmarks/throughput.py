"""End to end and accept: the hub against the hand-written loop in the same run, on SQLite and PostgreSQL; ledger growth and idle cost too.

python -m benchmarks.throughput [--ledger sqlite|postgresql|both] [--messages 12000]
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.postgresql import server as postgresql_server
from benchmarks.record import record

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.loads(answer.read())


def wait_for(url: str, seconds: float = 20.0) -> float:
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return time.perf_counter() - started
    raise SystemExit(f"{url} did not answer")


@contextmanager
def process(*command: str, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(command, env={**os.environ, **(env or {})}, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def landscape(folder: Path, target: str, ledger: str) -> str:
    """A landscape of one sender and one target, as `crossdock init` writes it, without the target's rate limit."""
    subprocess.run([sys.executable, "-m", "crossdock", "init", str(folder)], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    receiver = folder / "systems/receiver.yaml"
    text = receiver.read_text().split("limits:")[0]
    receiver.write_text(text + "limits:\n  concurrency: 200\n")
    for environment in (folder / "environments").glob("*.yaml"):
        lines = [
            f"  receiver: {target}" if line.strip().startswith("receiver:") else line
            for line in environment.read_text().splitlines()
        ]
        environment.write_text("\n".join(lines) + "\n")
    key = secrets.token_hex(16)
    (folder / "secrets/inbox-api-key").write_text(key)
    return key


def send(
    port: int, count: int, key: str = "", path: str = "/in/inbox/orders", rate: float = 0.0, first: int = 0
) -> dict[str, Any]:
    command = [
        sys.executable,
        "-m",
        "benchmarks.sender",
        str(port),
        "--count",
        str(count),
        "--path",
        path,
        "--rate",
        str(rate),
        "--first",
        str(first),
    ]
    if key:
        command += ["--key", key]
    if rate:
        command += ["--connections", "8"]
    found = subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return json.loads(found.stdout)  # type: ignore[no-any-return]


def until_delivered(sink: int, count: int, seconds: float = 120.0) -> dict[str, Any]:
    deadline = time.time() + seconds
    while time.time() < deadline:
        seen = get(f"http://127.0.0.1:{sink}/seen")
        if seen["distinct"] >= count:
            return seen  # type: ignore[no-any-return]
        time.sleep(0.1)
    raise SystemExit(f"only {seen} of {count} delivered")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def reference(url: str, count: int, accept_only: bool) -> float:
    port, sink = free_port(), free_port()
    mode = "accept" if accept_only else "full"
    with (
        process(sys.executable, "-m", "benchmarks.sink", str(sink)),
        process(sys.executable, "-m", "benchmarks.reference_loop", str(port), url, f"http://127.0.0.1:{sink}/orders", mode),
    ):
        wait_for(f"http://127.0.0.1:{sink}/seen")
        time.sleep(1.0)
        report = send(port, count)
        return report["per_second"] if accept_only else count / (until_delivered(sink, count)["last"] - report["started"])


def hub(url: str, count: int, accept_only: bool, folder: Path, size: Callable[[], int] | None = None) -> dict[str, float]:
    """One run of the hub. With `size`, as many messages again are sent, to see what a ledger that is in use grows by."""
    port, sink = free_port(), free_port()
    key = landscape(folder, f"http://127.0.0.1:{sink}", url)
    env = {"CROSSDOCK_LEDGER": url}
    if accept_only:
        env["CROSSDOCK_IN_FLIGHT"] = "0"
    with (
        process(sys.executable, "-m", "benchmarks.sink", str(sink)),
        process(sys.executable, "-m", "crossdock", "up", str(folder), "--port", str(port), env=env) as running,
    ):
        wait_for(f"http://127.0.0.1:{sink}/seen")
        ready = wait_for(f"http://127.0.0.1:{port}/readyz")
        found: dict[str, float] = {"ready": ready}
        if not accept_only:
            time.sleep(1)
            before = cpu_seconds(running.pid)
            time.sleep(5)
            found["idle_cpu"] = (cpu_seconds(running.pid) - before) / 5 * 100
            found["idle_mb"] = resident_mb(running.pid)
            calm = send(port, 500, key, rate=50, first=9_000_000)
            times = get(f"http://127.0.0.1:{sink}/times")
            found["calm_p99_ms"] = calm["p99_ms"]
            found["calm_seen"] = len(times)
            count += 500
        report = send(port, count - (0 if accept_only else 500), key)
        if set(report["statuses"]) != {"202"}:
            raise SystemExit(f"not all accepted: {report['statuses']}")
        found["accepted"] = report["per_second"]
        found["accept_p99_ms"] = report["p99_ms"]
        if not accept_only:
            seen = until_delivered(sink, count)
            if seen["count"] != seen["distinct"]:
                raise SystemExit(f"doubled: {seen}")
            found["per_second"] = (count - 500) / (seen["last"] - report["started"])
            found["loaded_mb"] = resident_mb(running.pid)
            if size is not None:
                before = size()
                send(port, count, key, first=5_000_000)
                until_delivered(sink, count * 2)
                found["growth"] = (size() - before) / count
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--messages", type=int, default=20_000)
    args = parser.parse_args()
    kinds = ("sqlite", "postgresql") if args.ledger == "both" else (args.ledger,)
    base = Path(tempfile.mkdtemp(prefix="crossdock-bench-"))
    try:
        with postgresql_server() if "postgresql" in kinds else _nothing() as databases:
            for kind in kinds:
                run(kind, args.messages, base, databases)
    finally:
        shutil.rmtree(base, ignore_errors=True)


@contextmanager
def _nothing() -> Iterator[Any]:
    yield None


def run(kind: str, count: int, base: Path, databases: Any) -> None:
    def fresh(name: str) -> str:
        return f"sqlite:///{base}/{kind}-{name}.sqlite3" if kind == "sqlite" else databases(f"{name}_{os.getpid()}")

    yardstick = reference(fresh("reference"), count, accept_only=False)
    full = fresh("hub")
    # PostgreSQL uses the space of old row versions again once they are vacuumed, so growth is what comes on top in the second half
    ours = hub(full, count, False, base / f"{kind}-hub", None if kind == "sqlite" else lambda: databases.size(full))
    record(f"end_to_end_{kind}", ours["per_second"], "messages/s", baseline=yardstick, goal=0.5, on="ratio")
    record(f"calm_p99_{kind}", ours["calm_p99_ms"], "ms", goal=50, higher=False)
    record(f"start_to_ready_{kind}", ours["ready"], "s", goal=2, higher=False)
    record(f"idle_memory_{kind}", ours["idle_mb"], "MB", goal=150, higher=False)
    record(f"idle_cpu_{kind}", ours["idle_cpu"], "%", goal=1, higher=False)
    if kind == "sqlite":
        size = sum(path.stat().st_size for path in base.glob("sqlite-hub.sqlite3*"))
        record("ledger_growth_sqlite", size / (count + 500), "bytes/message", goal=4096, higher=False)
    else:
        record("ledger_growth_postgresql", ours["growth"], "bytes/message", goal=4096, higher=False)
    accept_base = reference(fresh("reference_accept"), count * 2, accept_only=True)
    accept = hub(fresh("accept"), count * 2, True, base / f"{kind}-accept")
    record(
        f"accept_{kind}",
        accept["accepted"],
        "messages/s",
        baseline=accept_base,
        goal=8000,
        p99_ms=round(accept["accept_p99_ms"], 1),
    )


if __name__ == "__main__":
    main()
