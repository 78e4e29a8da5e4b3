"""The workbench's pages on a large ledger: inbox, search, an exception, a bulk plan, board, standstill, dashboards, a transaction.

    python -m benchmarks.workbench_pages [--messages 1000000] [--open 100000] [--only sqlite|postgresql]

A ledger is filled as for `workbench_lists`, with as many open expectations as open exceptions; its traffic is counted as a hub does it,
then `crossdock workbench` is started on it and every page is asked for several times over HTTP by somebody signed in.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from importlib.resources import as_file, files
from pathlib import Path

from benchmarks.postgresql import server
from benchmarks.record import record
from benchmarks.workbench_lists import fill, tidy
from crossdock.core.clock import SystemClock
from crossdock.drills.hub_process import free_port
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.ids import Numbers
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.monitoring.counting import Counting

RUNS = 8
PAGES = (
    "/exceptions/", "/exceptions/?order=count", "/exceptions/?view=single", "/exceptions/?view=single&order=money",
    "/exceptions/?due=0&view=single&order=due", "/exceptions/?owner=finance&view=single&order=oldest",
    "/exceptions/search/?q=S4712", "/exceptions/search/?q=104711",
    "/board/", "/board/shipment/", "/board/cost/", "/board/alerts/", "/dashboards/?range=3h", "/dashboards/?range=24h",
    "/dashboards/?range=7d", "/dashboards/?range=30d", "/dashboards/flows/order-shopify-eu/?range=7d", "/transactions/",
    "/transactions/order/shop-eu/104711/", "/transactions/?q=S4712",
)  # fmt: skip
PLAN = "/jobs/plan/?action=retry&owner=ops"
"""A bulk retry of a quarter of what is open."""


def expect(session: Session, count: int, now: int) -> None:
    """Open expectations, the next due in a minute, the last in ten days."""
    if session.vendor == "sqlite":
        series = f"(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM s WHERE n<{count}) SELECT n FROM s) AS series"
        no = "0"
    else:
        series, no = f"generate_series(1::bigint,{count}) AS series(n)", "false"
    due = f"{now}+60000000+n*{10 * 86_400_000_000 // count}"
    stage = "CASE n%4 WHEN 0 THEN 'confirmed' WHEN 1 THEN 'released' WHEN 2 THEN 'picked:1' ELSE 'dispatched:1' END"
    session.execute(
        "INSERT INTO ledger_expectation (id,key,flow,name,partition,due,warn,warned,owner,description,silent,state,settled_at) "
        f"SELECT n, 'order/shop-eu/'||(100000+n), 'order-shopify-eu', {stage}, n%64, {due}, {due}-1200000000, {no}, 'operations', '', {no}, 0, "
        f"NULL FROM {series}"
    )


async def count_traffic(store: Store, folder: Path) -> float:
    """Count the whole history as the watch does; the seconds it took."""
    counting, clock = Counting(load(folder, "demo")), SystemClock()
    numbers, now = Numbers(clock, 1021), clock.now()
    started = time.perf_counter()
    before = -1
    while counting.mark != before:
        before = counting.mark or 0
        await counting.step(store, numbers, now, lambda _session: None)
    for _ in range(20):
        await store.work.do(lambda session: counting.tidy(session, numbers, now))
    return time.perf_counter() - started


def signed_in(url: str, first: str) -> urllib.request.OpenerDirector:
    """A browser's cookies after the first administrator was made; who may also see everything."""
    jar = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    for _ in range(200):
        try:
            page = opener.open(first).read().decode()
            break
        except urllib.error.URLError:
            time.sleep(0.1)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token is not None
    form = {
        "csrfmiddlewaretoken": token[1],
        "username": "root",
        "full_name": "Root",
        "email": "",
        "password": "harbour crane seven",
    }
    opener.open(first, urllib.parse.urlencode(form).encode())
    csrf = next(cookie.value for cookie in jar if cookie.name == "crossdock_csrf")
    body = json.dumps({"role": "operator"}).encode()
    asked = urllib.request.Request(
        f"{url}/api/accounts/people/root/roles", body, {"X-CSRFToken": csrf or "", "Content-Type": "application/json"}
    )
    opener.open(asked)
    return opener


def an_exception(opener: urllib.request.OpenerDirector, url: str) -> str:
    """The page of the first exception of the inbox."""
    with opener.open(f"{url}/exceptions/?view=single") as answer:
        found = re.search(r'href="(/exceptions/[0-9A-Z]{6,}/)"', answer.read().decode())
    assert found is not None, "the inbox is empty"
    return found[1]


def ask(opener: urllib.request.OpenerDirector, url: str, path: str) -> float:
    """Seconds until a page was there."""
    started = time.perf_counter()
    with opener.open(url + path) as answer:
        assert answer.status == 200, path
        answer.read()
    return time.perf_counter() - started


def measure(url: str, vendor: str, folder: Path, messages: int, stuck: int) -> bool:
    """Fill, count, start, ask; whether the goals were met."""
    location = LedgerLocation.parse(url)
    migrate(location)
    now = micros(SystemClock().now())
    store = Store(location)
    store.work.run(lambda session: fill(session, messages, stuck, now))
    store.work.run(lambda session: expect(session, stuck, now))
    tidy(location)
    seconds = asyncio.run(count_traffic(store, folder))
    print(f"{vendor}: six weeks of traffic counted in {seconds:.1f} s")
    store.close()
    process = subprocess.Popen(
        [sys.executable, "-m", "crossdock", "workbench", "--json", "--port", str(free_port()), "-L", str(folder), "--env", "demo"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "CROSSDOCK_LEDGER": url, "CROSSDOCK_SECRET_KEY": secrets.token_hex(32)},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said, told = "", {}
        while not told:
            line = process.stdout.readline()
            assert line, f"the workbench did not start: {said}"
            said += line
            with contextlib.suppress(json.JSONDecodeError):
                told = json.loads(said)
        assert "url" in told, told
        opener = signed_in(told["url"], told["first"])
        machine = [round(each, 2) for each in os.getloadavg()]
        each, colds = {}, {}
        for path in (*PAGES, an_exception(opener, told["url"]), PLAN):
            cold, *warm = [ask(opener, told["url"], path) for _ in range(RUNS)]
            each[path], colds[path] = round(min(warm) * 1000, 1), round(cold * 1000, 1)
            print(f"  {path}: {cold * 1000:.0f} ms, then {each[path]} ms")
    finally:
        process.terminate()
        process.wait(20)
    planned = record(
        f"workbench_plan_page_{vendor}", round(each.pop(PLAN) / 1000, 3), "s", goal=2, higher=False, planned=stuck // 4, messages=messages,
        open_exceptions=stuck, load=machine,
    )  # fmt: skip
    worst = max(each, key=lambda path: each[path])
    result = record(
        f"workbench_pages_{vendor}", each[worst], "ms", goal=300, higher=False, slowest=worst, each=each,
        first={path: seconds for path, seconds in colds.items() if path != PLAN}, messages=messages, open_exceptions=stuck,
        open_expectations=stuck, load=machine,
    )  # fmt: skip
    return bool(result["met"] and planned["met"])


def main() -> int:
    """Run it; exit code 1 when a goal was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--open", type=int, default=100_000)
    parser.add_argument("--only", choices=("sqlite", "postgresql"))
    given = parser.parse_args()
    met = True
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as base:
        folder = Path(base) / "landscape"
        with as_file(files("crossdock.landscape") / "demo") as source:
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
        if given.only != "postgresql":
            met = measure(f"sqlite:///{Path(base) / 'ledger.sqlite3'}", "sqlite", folder, given.messages, given.open) and met
        if given.only != "sqlite":
            with server() as databases:
                met = measure(databases("pages"), "postgresql", folder, given.messages, given.open) and met
    return 0 if met else 1


if __name__ == "__main__":
    raise SystemExit(main())
