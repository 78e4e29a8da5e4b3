"""Two hundred signed-in browsers that watch the dashboards live, against the same pipeline without anybody looking.

    python -m benchmarks.workbench_live [--browsers 200] [--messages 12000] [--rounds 3]

The hub and its workbench run on one core; sender, target and browsers on the others. In each round the same messages cross once with nobody
looking and once with all browsers connected, in turn; the medians are compared. Needs a machine with two cores or more.

What counts is the share of the core that watching takes: the processor time of hub, mapping process and workbench beyond what the same
messages take with nobody looking, per second. A pipeline that has the core to itself loses as much. Other work on the machine disturbs
this little, rates a lot; they are recorded beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from benchmarks.record import record
from benchmarks.throughput import free_port, landscape, process, send, until_delivered, wait_for

PASSWORD = "harbour crane seven"


def cookies_of(url: str, first: str) -> str:
    """Make the first administrator, who may see the board; the session's cookies."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = ""
    for _ in range(200):
        try:
            page = opener.open(first).read().decode()
            break
        except urllib.error.URLError:
            time.sleep(0.1)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None, "the workbench did not answer"
    form = {"csrfmiddlewaretoken": token[1], "username": "root", "full_name": "Root", "email": "", "password": PASSWORD}
    opener.open(first, urllib.parse.urlencode(form).encode())
    opener.open(f"{url}/board/")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


class Browsers:
    """Many browsers that show the dashboards: each holds its stream open and comes back when it ends."""

    def __init__(self, port: int, cookies: str) -> None:
        self._port, self._cookies = port, cookies
        self._tasks: list[asyncio.Task[None]] = []
        self.events = self.connected = self.refused = 0

    async def open(self, count: int) -> None:
        """Connect them and wait until each has been sent something."""
        self._tasks = [asyncio.create_task(self._watch()) for _ in range(count)]
        deadline = time.monotonic() + 60
        while self.connected < count:
            if time.monotonic() > deadline:
                raise SystemExit(
                    f"{self.connected} of {count} browsers connected, {self.refused} times refused, {self.events} events"
                )
            await asyncio.sleep(0.1)

    async def _watch(self) -> None:
        while True:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
            writer.write(
                f"GET /dashboards/live/?range=3h HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nAccept: text/event-stream\r\nCookie: {self._cookies}\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n", 1)[0]:  # busy: a browser comes again
                self.refused += 1
                writer.close()
                await asyncio.sleep(1.0)
                continue
            self.connected += 1
            while line := await reader.readline():
                self.events += line.startswith(b"event: part")
            writer.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def processor_seconds(root: int) -> float:
    """Processor time of a process and all its descendants that live, user and system (proc(5))."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)], ticks[int(entry.name)] = int(stat[1]), int(stat[11]) + int(stat[12])
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


def crossed(port: int, sink: int, key: str, messages: int, before: int) -> float:
    """Messages per second from the first one sent to the last one delivered."""
    report = send(port, messages, key, first=10_000_000 + before)
    seen = until_delivered(sink, before + messages)
    return float(messages / (seen["last"] - report["started"]))


async def measure(
    browsers: int, messages: int, rounds: int, base: Path
) -> tuple[list[float], list[float], list[list[float]], float]:
    """Rates without and with browsers; milliseconds of processor time a message without and with them, and the seconds the latter took;
    how many events a browser got a second."""
    port, sink = free_port(), free_port()
    key = landscape(base / "hub", f"http://127.0.0.1:{sink}", f"sqlite:///{base}/ledger.sqlite3")
    env = {"CROSSDOCK_LEDGER": f"sqlite:///{base}/ledger.sqlite3"}
    pin = ["taskset", "-c", "0"] if shutil.which("taskset") and (os.cpu_count() or 1) > 1 else []
    if pin:
        os.sched_setaffinity(0, set(range(1, os.cpu_count() or 2)))
    alone, watched, events, seconds = [], [], 0, 0.0
    log = (base / "hub.log").open("wb")
    hub = await asyncio.create_subprocess_exec(
        *pin, sys.executable, "-m", "crossdock", "up", str(base / "hub"), "--port", str(port), env={**os.environ, **env}, stdout=log,
    )  # fmt: skip
    try:
        with process(sys.executable, "-m", "benchmarks.sink", str(sink)):
            wait_for(f"http://127.0.0.1:{sink}/seen", 120)
            wait_for(f"http://127.0.0.1:{port}/readyz", 120)
            said = None
            while said is None:
                said = re.search(r"https?://\S+/account/first/\S+", (base / "hub.log").read_text())
                await asyncio.sleep(0.1)
            cookies = await asyncio.to_thread(cookies_of, f"http://127.0.0.1:{port}", said[0])
            total = 0
            await asyncio.to_thread(crossed, port, sink, key, 2_000, total)
            total += 2_000
            cost: list[list[float]] = [[], [], []]
            for _ in range(rounds):
                spent = processor_seconds(hub.pid)
                alone.append(await asyncio.to_thread(crossed, port, sink, key, messages, total))
                cost[0].append((processor_seconds(hub.pid) - spent) / messages * 1000)
                total += messages
                watching = Browsers(port, cookies)
                await watching.open(browsers)
                began, before, spent = time.monotonic(), watching.events, processor_seconds(hub.pid)
                watched.append(await asyncio.to_thread(crossed, port, sink, key, messages, total))
                cost[1].append((processor_seconds(hub.pid) - spent) / messages * 1000)
                total += messages
                cost[2].append(time.monotonic() - began)
                events, seconds = events + watching.events - before, seconds + time.monotonic() - began
                await watching.close()
                print(
                    f"  alone {alone[-1]:.0f}/s {cost[0][-1]:.3f} ms, with {browsers} browsers {watched[-1]:.0f}/s {cost[1][-1]:.3f} ms",
                    flush=True,
                )
    finally:
        hub.terminate()
        await hub.wait()
        log.close()
    return alone, watched, cost, events / seconds / browsers if seconds else 0.0


def main() -> int:
    """Run it; exit code 1 when the goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=200)
    parser.add_argument("--messages", type=int, default=12_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as folder:
        load = os.getloadavg()[0]
        alone, watched, cost, rate = asyncio.run(measure(given.browsers, given.messages, given.rounds, Path(folder)))
    without, with_ = statistics.median(alone), statistics.median(watched)
    quiet, busy = (statistics.median(each) for each in cost[:2])
    shares = [(more - less) * given.messages / 1000 / took for less, more, took in zip(*cost, strict=True)]
    slower = max(0.0, statistics.median(shares)) * 100
    result = record(
        "workbench_live_sqlite", slower, "% slower", goal=10, higher=False, browsers=given.browsers, alone=round(without, 1),
        watched=round(with_, 1), milliseconds_alone=round(quiet, 3), milliseconds_watched=round(busy, 3), load_before=round(load, 2),
        events_per_browser_and_second=round(rate, 3),
    )  # fmt: skip
    return 0 if result["met"] else 1


if __name__ == "__main__":
    raise SystemExit(main())
