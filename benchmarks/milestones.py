"""Tracking milestones in bulk: a million scans, of which 5 % matter, polled from a TMS and taken into the transactions they concern.

    python -m benchmarks.milestones [--messages 1000000] [--ledger postgresql://...]

One parcel in eight is the company's own; each is scanned ten times, four of which say something new (picked up, on its way, out for delivery,
delivered). The clock runs from the first poll until the last page is worked on and the last of the company's parcels counts as delivered. The hub
is the real one, with its mapping process; the TMS serves its pages from a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.record import record

GOAL = 300.0
MESSAGES = 1_000_000
STEPS = ("picked_up", *["in_transit"] * 7, "out_for_delivery", "delivered")
NEW = 4
OURS = 8
START = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(hours=62)
"""So that nothing is late: an alert for every parcel is another benchmark."""
FLOW = "invoices"

FILES = {
    "crossdock.yaml": "name: bench\ncompany: Bench Ltd\nteams: {ops: {}}\n",
    "systems/tms.yaml": (
        "kind: tms\nowner: ops\nendpoint: ENDPOINT\ncredentials: {api_key: env:BENCH_TOKEN, webhook_secret: env:BENCH_TOKEN}\n"
        "polls: [{channel: milestones, every: 1s}]\n"
    ),
    "systems/erp.yaml": "kind: http\nowner: ops\nendpoint: http://127.0.0.1:9/erp\n",
    "systems/shop.yaml": "kind: http\nowner: ops\nendpoint: http://127.0.0.1:9/shop\n",
    "ownership.yaml": (
        "entities: {milestone: {owner: tms}}\n"
        "events: {shipment.milestone: {originates: [tms]}, shipment.delivered: {originates: [tms]}}\n"
    ),
    f"flows/{FLOW}.yaml": (
        "workflow: shipment_to_invoice\ntrigger: {events: [shipment.milestone, shipment.delivered], sources: [tms]}\n"
        "roles: {erp: erp, shop: shop}\nexception_owner: ops\nconsequence: invoices leave late\n"
        "settings: {readiness: [{ready: proof}]}\nbudgets: {default: {attempts: 2, first_delay: 1m}}\n"
    ),
}
PLACE = {"name": "Jo", "street": "Weg 1", "city": "Wien", "postal_code": "1010", "country": "AT"}


def scan(number: int, parcels: int) -> bytes:
    """The scan of this number (from 0): all parcels' first, then all their second, as a carrier's days go by."""
    step, parcel = divmod(number, parcels)
    at = START + timedelta(hours=7 * step, seconds=parcel % 3600)
    return (
        f'{{"seq":{number + 1},"tracking_number":"T{parcel:09d}","code":"{STEPS[step]}","at":"{at.isoformat()}",'
        f'"location":"Depot {parcel % 97}, DE","description":"{STEPS[step]}","carrier":"acme"}}\n'
    ).encode()


async def serve(messages: int) -> None:
    """The TMS: pages made as they are asked for, once the clock runs; prints its port."""
    from aiohttp import web

    parcels = messages // len(STEPS)
    opened = asyncio.Event()

    async def page(request: web.Request) -> web.Response:
        await opened.wait()
        after, limit = int(request.query["after"]), int(request.query["limit"])
        body = b"".join(scan(number, parcels) for number in range(after, min(after + limit, parcels * len(STEPS))))
        return web.Response(body=body, content_type="application/x-ndjson")

    app = web.Application()
    app.router.add_get("/milestones", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    opened.set()
    await asyncio.Event().wait()


def shipped(key: str, number: str, tracking: str, flow: Any) -> bytes:
    """The state of an order whose one parcel has left the stock."""
    from crossdock.canonical.events import EVENT_PAYLOADS, Event
    from crossdock.core.process import Happened

    amount = {"amount": "20.00", "currency": "EUR"}
    line = {
        "number": "1",
        "sku": "LAMP",
        "name": "Lamp",
        "quantity": {"value": "2"},
        "unit_price": {"amount": "10.00", "currency": "EUR"},
    }
    facts = {
        "order.placed": {
            "number": number, "placed_at": START.isoformat(), "customer": {"id": "7", "name": "ACME"}, "ship_to": PLACE,
            "currency": "EUR", "lines": [line], "total": amount, "payment_status": "paid",
        },
        "shipment.shipped": {
            "number": f"SH-{number}", "order_number": number, "carrier": "acme", "ship_to": PLACE, "tracking_number": tracking,
            "lines": [{"number": "1", "order_line": "1", "sku": "LAMP", "quantity": {"value": "2"}}],
        },
    }  # fmt: skip
    state = flow.process.initial(key)
    for kind, data in facts.items():
        event = Event(f"{kind}/{number}", kind, "erp", key, EVENT_PAYLOADS[kind].model_validate(data), START)
        state = flow.process.decide(state, Happened(event, START), flow.context).state
    written: bytes = flow.process.dump(state)
    return written


def seeding(hub: Any, parcels: int) -> Any:
    """Writes the company's transactions into the ledger: what their own workflows would have done before."""
    from crossdock.core.partition import partition_of
    from crossdock.ledger.batch import INSTANCE_COLUMNS
    from crossdock.ledger.payloads import pack
    from crossdock.ledger.times import micros

    flow, count = hub.runtime.flows[FLOW], hub.landscape.partitions
    form = shipped("order/shop/000000000", "000000000", "T000000000", flow)
    at = micros(START)

    def write(session: Any) -> None:
        rows, names = [], []
        for place, parcel in enumerate(range(0, parcels, OURS), start=1):
            key, state = f"order/shop/{parcel:09d}", form.replace(b"000000000", f"{parcel:09d}".encode())
            partition = partition_of(key, count)
            process = f"{flow.process.name}/{flow.process.version}"
            rows.append((place, key, FLOW, partition, process, pack(state), "shipped", False, at, at, f"{parcel:032x}", ""))
            names.append((place, f"T{parcel:09d}", "tracking", key))
            if len(rows) == 1000:
                session.insert("ledger_instance", INSTANCE_COLUMNS, rows)
                session.insert("ledger_reference", ("id", "value", "scheme", "key"), names)
                rows, names = [], []
        session.insert("ledger_instance", INSTANCE_COLUMNS, rows)
        session.insert("ledger_reference", ("id", "value", "scheme", "key"), names)

    return write


async def measure(messages: int, ledger: str) -> dict[str, Any]:
    """Run it once in this process."""
    from crossdock.landscape.load import load
    from crossdock.ledger.database import LedgerLocation
    from crossdock.pipeline.hub import Hub

    os.environ["BENCH_TOKEN"] = "whsec_" + "YmVuY2htYXJrLXNlY3JldA=="
    parcels = messages // len(STEPS)
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.milestones",
        "--serve",
        "--messages",
        str(messages),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        port = int(await server.stdout.readline())
        with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as place:
            root = Path(place)
            for name, text in FILES.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(
                    text.replace("ENDPOINT", "http://127.0.0.1:9" if name != "systems/tms.yaml" else f"http://127.0.0.1:{port}")
                )
            location = LedgerLocation.parse(ledger or f"sqlite:///{root}/ledger.sqlite3")
            hub = Hub(load(root), location=location)
            await hub.start()
            await hub.store.work.do(seeding(hub, parcels))
            began = time.perf_counter()
            server.stdin.write(b"begin\n")
            found = await _followed(hub, parcels, began)
            found["seconds"] = time.perf_counter() - began
            found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            with contextlib.suppress(Exception):
                await hub.stop()
    finally:
        server.terminate()
        await server.wait()
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    found["cpu"] = sum(each.ru_utime + each.ru_stime for each in usage)
    return found


async def _followed(hub: Any, parcels: int, began: float, limit: float = 1800.0) -> dict[str, Any]:
    """Wait until every page was worked on; what became of the scans."""
    ours, found = len(range(0, parcels, OURS)), {}
    while time.perf_counter() - began < limit:
        await asyncio.sleep(0.25)
        rows = await hub.store.read.do(lambda s: s.rows("SELECT type, COUNT(*) FROM ledger_event GROUP BY type"))
        found = {"events": dict(rows)}
        if found["events"].get("shipment.delivered", 0) >= ours:
            break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    parser.add_argument("--ledger", default="")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.messages))
        return
    if options.inside:
        print(json.dumps(asyncio.run(measure(options.messages, options.ledger))))
        return
    command = [
        sys.executable,
        "-m",
        "benchmarks.milestones",
        "--inside",
        "--messages",
        str(options.messages),
        "--ledger",
        options.ledger,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-4000:])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    print(json.dumps(found, indent=1))
    told, parcels = options.messages, options.messages // len(STEPS)
    matter = len(range(0, parcels, OURS)) * NEW
    assert sum(found["events"].values()) == matter, (found, matter)
    if told < MESSAGES:
        return  # a small run shows that it works; only the whole one is a figure
    vendor = "postgresql" if options.ledger.startswith("postgres") else "sqlite"
    record(
        f"milestones_{vendor}", found["seconds"], "s", goal=GOAL, higher=False, messages=told, matter=matter,
        peak_mb=round(found["peak_mb"]), cpu_seconds=round(found["cpu"], 1),
    )  # fmt: skip


if __name__ == "__main__":
    main()
