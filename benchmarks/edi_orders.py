"""From one interchange to canonical events in the ledger: 10,000 purchase orders of 20 lines through a whole hub.

    python -m benchmarks.edi_orders [--orders 10000] [--ledger postgresql://...]

The clock runs from the POST until the last order is an event in the ledger: accepted, split, judged by envelope and guide, mapped, validated,
authorized, sequenced, committed, and the 997 written. The hub is the real one, with its mapping process, in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.record import record

LINES = 20
GOAL = 60.0

FILES = {
    "crossdock.yaml": "name: bench\ncompany: Bench Ltd\nteams: {ops: {}}\n",
    "systems/acme.yaml": (
        "kind: edi\nowner: ops\nendpoint: http://127.0.0.1:9/edi\nlimits: {max_body: 256MB}\n"
        "credentials: {main-inbound_token: env:BENCH_TOKEN}\n"
    ),
    "partners/acme.yaml": (
        "title: Acme\nstate: live\nowner: ops\nsystems: [acme]\nidentifiers: [{scheme: 'x12:zz', value: SENDER}]\n"
        "exchange: {ours: [{scheme: 'x12:zz', value: RECEIVER}]}\ntransports: {main: {kind: https, options: {accept: token}}}\n"
        "agreements:\n  - {document: '850', direction: in, format: x12, version: '004010', options: {currency: USD, country: US}}\n"
    ),
    "ownership.yaml": (
        "entities: {order: {owner: acme}, interchange: {owner: acme}}\n"
        "events: {order.placed: {originates: [acme]}, interchange.received: {originates: [acme]}}\n"
    ),
    "flows/edi.yaml": (
        "workflow: interchange\ntrigger: {events: [interchange.received], sources: [acme]}\nroles: {partner: acme}\n"
        "exception_owner: ops\nconsequence: partners wait\nbudgets: {default: {attempts: 2, first_delay: 1m}}\n"
    ),
}


def interchange(orders: int) -> bytes:
    """One interchange of so many 850s of 20 lines."""
    out = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'SENDER':15}*ZZ*{'RECEIVER':15}*260105*1200*U*00401*000000001*0*P*>",
        "GS*PO*SENDER*RECEIVER*20260105*1200*1*X*004010",
    ]
    for order in range(1, orders + 1):
        body = [
            f"BEG*00*SA*PO-{order:06d}**20260105", "CUR*BY*USD", "REF*DP*038", "DTM*002*20260112", "N1*ST*STORE 12*92*0012",
            "N3*1 MAIN STREET", "N4*SPRINGFIELD*IL*62701*US",
        ]  # fmt: skip
        for line in range(1, LINES + 1):
            body += [f"PO1*{line}*{line}*EA*{line}.25**VN*SKU-{line:04d}*UP*0{line:011d}", f"PID*F****ARTICLE NUMBER {line}"]
        body.append(f"CTT*{LINES}")
        out += [f"ST*850*{order:06d}", *body, f"SE*{len(body) + 2}*{order:06d}"]
    out += [f"GE*{orders}*1", "IEA*1*000000001"]
    return ("~\n".join(out) + "~\n").encode()


async def measure(orders: int, ledger: str) -> dict[str, Any]:
    """Run it once in this process."""
    import os

    from crossdock.landscape.load import load
    from crossdock.ledger.database import LedgerLocation
    from crossdock.pipeline.hub import Hub

    os.environ["BENCH_TOKEN"] = "bench"
    body = interchange(orders)
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as place:
        root = Path(place)
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        location = LedgerLocation.parse(ledger or f"sqlite:///{root}/ledger.sqlite3")
        hub = Hub(load(root), location=location)
        await hub.start()
        began = time.perf_counter()
        status = await _post(hub, body)
        accepted = time.perf_counter() - began
        assert status == 202, status
        counts: dict[str, int] = {}
        while counts.get("order.placed", 0) < orders:
            await asyncio.sleep(0.25)
            rows = await hub.store.read.do(lambda s: s.rows("SELECT type, COUNT(*) FROM ledger_event GROUP BY type"))
            counts = dict(rows)
            if time.perf_counter() - began > 900:
                break
        seconds = time.perf_counter() - began
        problems = await hub.store.read.do(lambda s: s.rows("SELECT code, message FROM ledger_exception LIMIT 3"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with contextlib.suppress(Exception):
            await hub.stop()
    cpu = sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "seconds": seconds, "accepted": accepted, "events": counts, "bytes": len(body), "peak_mb": peak, "cpu": cpu,
        "problems": [list(map(str, row)) for row in problems],
    }  # fmt: skip


async def _post(hub: Any, body: bytes) -> int:
    sent: list[dict[str, Any]] = []
    parts = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    messages = [{"type": "http.request", "body": part, "more_body": number < len(parts)} for number, part in enumerate(parts, 1)]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/in/acme/main", "query_string": b"", "client": ("127.0.0.1", 1),
        "headers": [(b"authorization", b"Bearer bench"), (b"content-type", b"application/EDI-X12"), (b"content-length", str(len(body)).encode())],
    }  # fmt: skip
    await hub.door(scope, receive, send)
    return int(sent[0]["status"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--ledger", default="")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(asyncio.run(measure(options.orders, options.ledger))))
        return
    command = [
        sys.executable,
        "-m",
        "benchmarks.edi_orders",
        "--inside",
        "--orders",
        str(options.orders),
        "--ledger",
        options.ledger,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-4000:])
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["events"].get("order.placed") == options.orders, found
    print(json.dumps(found, indent=1))
    vendor = "postgresql" if options.ledger.startswith("postgres") else "sqlite"
    record(
        f"edi_orders_{vendor}", found["seconds"], "s", goal=GOAL, higher=False, orders=options.orders, lines=LINES,
        megabytes=round(found["bytes"] / 1e6, 1), accepted_seconds=round(found["accepted"], 2), peak_mb=round(found["peak_mb"]),
        cpu_seconds=round(found["cpu"], 1),
    )  # fmt: skip


if __name__ == "__main__":
    main()
