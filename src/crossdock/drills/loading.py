"""A load on a hub of its own: a publisher that signs its calls, a target that counts, and the hub between them as a process; judges by what arrived."""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

from crossdock.connectors.contracts.standard_webhooks import sign
from crossdock.drills.hub_process import HubProcess
from crossdock.monitoring.load import Sent, schedule

KEY = b"load generator, no secret at all"
SENDERS = 32
FILES = {
    "crossdock.yaml": "name: load\ncompany: Load Ltd\nteams: {ops: {}}\n",
    "environments/demo.yaml": "{}\n",
    "systems/shop.yaml": "kind: event_webhook\nowner: ops\ntrust: internal\ncredentials: {webhook_secret: env:LOAD_SECRET}\n",
    "systems/target.yaml": (
        "kind: http\nowner: ops\ntrust: internal\nendpoint: TARGET\nlimits: {concurrency: CONCURRENCY}\n"
        "options: {commands: {document.send: {path: /take, body_from: document, headers: {X-Version: '{@key}'}}}}\n"
    ),
    "ownership.yaml": "entities: {order: {owner: shop}}\nevents: {order.placed: {originates: [shop]}, order.changed: {originates: [shop]}}\n",
    "flows/orders.yaml": (
        "workflow: routing\ntrigger: {events: [order.placed, order.changed], sources: [shop]}\nroles: {shop: shop, target: target}\n"
        "exception_owner: ops\nconsequence: this is a load and costs nobody anything\nbudgets: {default: {attempts: 20, until: {within: 1h}}}\n"
    ),
}


def run(mix: str, rate: float, seconds: float, latency: float, concurrency: int) -> dict[str, Any]:
    """One load; the figures. Times are seconds unless their name says otherwise."""
    return runs(concurrency, [(mix, rate, seconds, latency)])[0]


def runs(
    concurrency: int, loads: Sequence[tuple[str, float, float, float]], ledger: Callable[[Path], object] | None = None
) -> list[dict[str, Any]]:
    """Loads (mix, rate, seconds, latency of the target) one after the other on one hub; the figures of each.

    Every load has orders of its own. `ledger` may put a ledger that is up to date at the path it is given, so that none has to be made.
    """
    with tempfile.TemporaryDirectory(prefix="crossdock-load-") as folder:
        if ledger is not None:
            ledger(Path(folder) / "var" / "ledger.sqlite3")
        return asyncio.run(_runs(Path(folder), concurrency, loads))


def _number(load: int, sent: Sent) -> str:
    """Number of an order: each load of a hub has its own."""
    return f"{load}{sent.order:07d}" if load else f"{sent.order:07d}"


def _body(number: str, sent: Sent) -> bytes:
    lines = [
        {
            "number": str(place), "sku": f"SKU-{(sent.order * 7 + place) % 5000}", "quantity": {"value": "2"},
            "unit_price": {"amount": "9.50", "currency": "EUR"},
        }
        for place in range(1, sent.lines + 1)
    ]  # fmt: skip
    order = {
        "number": number, "placed_at": "2026-01-01T08:00:00Z", "customer": {"id": "C1", "name": "Acme"}, "currency": "EUR", "lines": lines,
        "ship_to": {"name": "Acme", "street": "Main St 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        "total": {"amount": f"{19 * sent.lines}.00", "currency": "EUR"}, "note": str(sent.version),
    }  # fmt: skip
    return orjson.dumps(
        {
            "specversion": "1.0", "id": f"{number}.{sent.version}", "source": "shop", "type": "order.placed" if sent.version == 1 else "order.changed",
            "subject": f"order/shop/{number}", "time": "2026-01-01T08:00:00Z", "sequence": str(sent.version), "data": order,
        }
    )  # fmt: skip


async def _runs(folder: Path, concurrency: int, loads: Sequence[tuple[str, float, float, float]]) -> list[dict[str, Any]]:
    took: list[tuple[str, int, float]] = []
    slow = [0.0]

    async def take(request: web.Request) -> web.Response:
        found = orjson.loads(await request.read())
        if slow[0]:
            await asyncio.sleep(slow[0])
        took.append((found["number"], int(found["note"]), time.monotonic()))
        return web.json_response({})

    application = web.Application(client_max_size=2**24)
    application.router.add_post("/take", take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("TARGET", f"http://127.0.0.1:{port}").replace("CONCURRENCY", str(concurrency)))
    secret = "whsec_" + base64.b64encode(KEY).decode()
    hub = HubProcess(folder, {"LOAD_SECRET": secret})
    figures = []
    try:
        await hub.start()
        for place, (mix, rate, seconds, latency) in enumerate(loads):
            slow[0] = latency
            took.clear()
            figures.append(await _measured(hub, place, mix, rate, seconds, took))
        return figures
    finally:
        await hub.stop()
        await runner.cleanup()


async def _measured(
    hub: HubProcess, load: int, mix: str, rate: float, seconds: float, took: list[tuple[str, int, float]]
) -> dict[str, Any]:
    plan: Iterator[Sent] = schedule(mix, rate or 3000.0, seconds)
    accepted: list[tuple[str, int, float, float]] = []
    refused: Counter[int] = Counter()
    numbers = count()
    # as a publisher does: the next word about an order leaves when the one before was taken, however late this machine is
    turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
    begun, cpu = time.monotonic(), _cpu(hub.pid)
    ends = begun + seconds

    async def sender(http: ClientSession) -> None:
        for sent in plan:
            if rate:
                await asyncio.sleep(max(0.0, begun + sent.at - time.monotonic()))
            elif time.monotonic() > ends:
                return
            number, stamp = _number(load, sent), str(int(datetime.now(UTC).timestamp()))
            body, identity = _body(number, sent), f"m{load}.{next(numbers)}"
            headers = {
                "content-type": "application/cloudevents+json", "webhook-id": identity, "webhook-timestamp": stamp,
                "webhook-signature": sign(KEY, identity, stamp, body),
            }  # fmt: skip
            async with turns[number]:
                await send(http, number, sent.version, body, headers)

    async def send(http: ClientSession, number: str, version: int, body: bytes, headers: dict[str, str]) -> None:
        while True:
            at = time.monotonic()
            async with http.post(f"{hub.url}/in/shop/events", data=body, headers=headers) as answer:
                await answer.read()
            if answer.status in (200, 202):
                accepted.append((number, version, at, time.monotonic()))
                return
            refused[answer.status] += 1
            await asyncio.sleep(0.2)

    async with ClientSession(connector=TCPConnector(limit=SENDERS), timeout=ClientTimeout(total=60)) as http:
        await asyncio.gather(*(sender(http) for _ in range(SENDERS)))
    sent_for = time.monotonic() - begun
    last, wait_until = len(took), time.monotonic() + 60
    while len(took) < len(accepted) and time.monotonic() < wait_until:
        await asyncio.sleep(0.05)
        if len(took) > last:
            last, wait_until = len(took), time.monotonic() + 60
    whole = (max(at for _, _, at in took) if took else time.monotonic()) - begun
    spent = _cpu(hub.pid) - cpu
    arrived = {(number, version): at for number, version, at in reversed(took)}
    newest: Counter[str] = Counter()
    for number, version in arrived:
        newest[number] = max(newest[number], version)
    waits = sorted(arrived[number, version] - at for number, version, at, _ in accepted if (number, version) in arrived)
    answers = sorted(done - at for _, _, at, done in accepted)
    return {
        "mix": mix,
        "messages": len(accepted),
        "lost": sum(1 for number, version, *_ in accepted if (number, version) not in arrived and newest[number] < version),
        "superseded": sum(1 for number, version, *_ in accepted if (number, version) not in arrived and newest[number] > version),
        "doubled": len(took) - len(arrived),
        "order_violations": _out_of_order(took),
        "asked_to_wait": sum(refused.values()),
        "accepted_per_second": round(len(accepted) / sent_for, 1),
        "carried_per_second": round(len(took) / whole, 1),
        "accept_p50_ms": _at(answers, 0.5),
        "accept_p99_ms": _at(answers, 0.99),
        "effect_p50_ms": _at(waits, 0.5),
        "effect_p99_ms": _at(waits, 0.99),
        "cpu_ms_per_message": round(spent / max(1, len(took)) * 1000, 4),
    }


def _at(values: list[float], share: float) -> float:
    return round(values[min(len(values) - 1, int(len(values) * share))] * 1000, 1) if values else 0.0


def _out_of_order(took: list[tuple[str, int, float]]) -> int:
    newest: dict[str, int] = {}
    wrong = 0
    for number, version, _ in took:
        wrong += version < newest.get(number, 0)
        newest[number] = max(version, newest.get(number, 0))
    return wrong


def _cpu(pid: int) -> float:
    """CPU seconds a process and those it began and that live have used; 0 where the system does not say."""
    spent = 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    for each in _family(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent += (int(fields[11]) + int(fields[12])) / ticks
    return spent


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        children = []
    return [pid, *(each for child in children for each in _family(int(child)))]
