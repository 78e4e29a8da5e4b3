"""A warehouse and an Odoo with the same goods, and a landscape that compares them; both simulated on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import instruct, list_exceptions
from crossdock.ledger.runs import Run, ask, overview
from crossdock.ledger.store import Store
from crossdock.ledger.times import micros
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.pipeline.timetable import run_partition
from crossdock.simulators.odoo import Odoo
from crossdock.simulators.wms import Wms
from tests.pipeline.conftest import SteppedClock, call

FLOW = "comparison"
PARTITIONS = 4
QUICK: dict[str, Any] = {"timers_every": 0.02, "idle": 0.02, "reconcile_first": 0.02, "grace": 2.0}


@dataclass
class Goods:
    """Both sides of the stock and the landscape's folder."""

    odoo: Odoo
    wms: Wms
    root: Path
    ledger: str
    session: aiohttp.ClientSession
    clock: SteppedClock = field(default_factory=SteppedClock)

    async def control(self, path: str, body: dict[str, Any]) -> Any:
        async with self.session.post(f"{self.odoo.url}/_sim/{path}", json=body) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json())["result"]

    async def stock(self, count: int, quantity: int = 100) -> None:
        """So many products, as many of each at both sides."""
        names = [f"S-{number:04d}" for number in range(count)]
        products = [{"name": name, "default_code": name, "type": "consu", "is_storable": True} for name in names]
        call = {"model": "product.product", "method": "create", "arguments": {"vals_list": products}}
        ids = await self.control("call", call)
        quants = [{"product_id": id_, "location_id": 5, "inventory_quantity": quantity} for id_ in ids]
        made = {
            "model": "stock.quant",
            "method": "create",
            "arguments": {"vals_list": quants},
            "context": {"inventory_mode": True},
        }
        applied = await self.control("call", made)
        await self.control("call", {"model": "stock.quant", "method": "action_apply_inventory", "ids": applied})
        for name in names:
            self.count(name, quantity)

    def count(self, sku: str, quantity: int, location: str = "A-01") -> None:
        """The warehouse really has so many."""
        self.wms.warehouse.store((sku, location, ""), Decimal(quantity))

    def books(self) -> dict[str, Decimal]:
        """What Odoo has in WH/Stock, by SKU."""
        codes = {id_: row["default_code"] for id_, row in self.odoo.store.table("product.product").rows.items()}
        found: Counter[str] = Counter()
        for row in self.odoo.store.table("stock.quant").rows.values():
            if row["location_id"] == 5:
                found[codes[row["product_id"]]] += Decimal(str(row["quantity"]))  # type: ignore[assignment]
        return dict(found)  # type: ignore[arg-type]

    def corrections(self) -> Counter[str]:
        """How often the hub adjusted each SKU in Odoo."""
        codes = {id_: row["default_code"] for id_, row in self.odoo.store.table("product.product").rows.items()}
        moves = self.odoo.store.table("stock.move").rows.values()
        return Counter(codes[row["product_id"]] for row in moves if str(row.get("inventory_name") or "").startswith(FLOW))

    def write_landscape(self, every: str = "12h", **settings: Any) -> None:
        chosen = {"locations": {"*": "WH"}, "settle": "PT0.1S", **settings}
        files = {
            "crossdock.yaml": f"name: test\ncompany: Test Ltd\npartitions: {PARTITIONS}\nteams: {{ops: {{}}, floor: {{}}}}\n",
            "systems/odoo.yaml": (
                f"kind: odoo\nowner: ops\nendpoint: {self.odoo.url}\ncredentials: {{api_key: 'file:secrets/odoo-key'}}\n"
                f"options: {{database: {self.odoo.database}, warehouse: WH, sku_fields: [default_code]}}\nlimits: {{concurrency: 4}}\n"
            ),
            "systems/wms.yaml": (
                f"kind: wms_rest\nowner: ops\nendpoint: {self.wms.url}\n"
                "credentials: {api_key: 'file:secrets/wms-key', webhook_secret: 'file:secrets/wms-secret'}\noptions: {inventory_page: 50}\n"
            ),
            "ownership.yaml": (
                "entities: {inventory_level: {owner: wms}, stock_change: {owner: wms}}\n"
                "events: {stock.counted: {originates: [wms]}, stock.changed: {originates: [wms]}}\n"
            ),
            f"flows/{FLOW}.yaml": (
                f"workflow: inventory_snapshot\ntiming: batch\nschedule: {{every: {every}}}\ntrigger: {{events: [stock.counted]}}\n"
                f"roles: {{wms: wms, erp: odoo}}\nexception_owner: floor\nconsequence: wrong promises\nsettings: {json.dumps(chosen)}\n"
                "budgets: {default: {attempts: 3, first_delay: 1s, max_delay: 2s}}\n"
            ),
            "flows/movements.yaml": (
                "workflow: routing\ntrigger: {events: [stock.changed], sources: [wms]}\nroles: {wms: wms, erp: odoo}\nexception_owner: ops\n"
                "consequence: wrong promises\nbudgets: {default: {attempts: 3, first_delay: 1s, max_delay: 2s}}\n"
                "settings: {routes: [{to: [erp], command: stock.adjust}]}\n"
            ),
            "secrets/odoo-key": self.odoo.keys["hub"],
            "secrets/wms-key": self.wms.api_key,
            "secrets/wms-secret": self.wms.webhook_secret,
        }
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    @asynccontextmanager
    async def hub(self, **settings: Any) -> AsyncIterator[Hub]:
        """A hub in this process."""
        hub = Hub(
            load(self.root),
            clock=self.clock,
            settings=PipelineSettings(**{**QUICK, **settings}),
            location=LedgerLocation.parse(self.ledger),
        )
        await hub.start()
        try:
            yield hub
        finally:
            await hub.stop()

    async def told_by_warehouse(self, hub: Hub, sku: str, quantity: int) -> int:
        """The warehouse's webhook about a level; the hub's status."""
        level = {"sku": sku, "location": "WH", "on_hand": str(quantity)}
        event = {
            "seq": 1,
            "id": f"evt-{sku}",
            "type": "stock.changed",
            "occurred_at": "2026-11-23T10:00:00Z",
            "data": {"levels": [level]},
        }
        body = json.dumps(event).encode()
        headers = {name.lower(): value for name, value in self.wms.sign_webhook("1", "stock.changed", body).items()}
        status, _ = await call(hub.door, "POST", "/in/wms/webhooks", body, headers)
        return status

    async def ask(self, store: Store, **data: Any) -> None:
        """Ask for a run, as `crossdock run` does."""
        numbers, partition, at = Numbers(self.clock, 1023), run_partition(FLOW, PARTITIONS), micros(self.clock.now())
        await store.work.do(lambda s: ask(s, numbers, FLOW, partition, data, "test", at))

    async def retry(self, store: Store, **data: Any) -> None:
        """A person retries every open exception."""
        found, numbers, at = await store.read.do(list_exceptions), Numbers(self.clock, 1022), micros(self.clock.now())
        await store.work.do(lambda s: instruct(s, numbers, "retry", found, data, "ada", at))

    async def ended(self, store: Store, after: Run | None = None, seconds: float = 20.0) -> Run:
        """The next run that ends (after another one)."""
        async with asyncio.timeout(seconds):
            while True:
                for _, last in await store.read.do(overview):
                    if last is not None and last.flow == FLOW and (after is None or last.id > after.id):
                        return last
                await asyncio.sleep(0.02)

    async def until(self, hub: Hub, seconds: float = 10.0, **progress: Any) -> None:
        """Wait until the run says this of its progress."""
        async with asyncio.timeout(seconds):
            while not progress.items() <= hub.scheduler.progress(FLOW).items():
                await asyncio.sleep(0.01)

    async def compared(self, hub: Hub, after: Run | None = None, **data: Any) -> Run:
        """One run on demand, to its end."""
        await self.ask(hub.store, **data)
        return await self.ended(hub.store, after)


@asynccontextmanager
async def goods(root: Path, ledger: str) -> AsyncIterator[Goods]:
    """Start both systems."""
    odoo, wms = Odoo(), Wms()
    async with odoo.running(), wms.running(), aiohttp.ClientSession() as session:
        found = Goods(odoo, wms, root, ledger, session)
        found.write_landscape()
        yield found


class Process:
    """A hub process of its own, to be killed."""

    def __init__(self, root: Path, ledger: str) -> None:
        self.root, self.ledger = root, ledger
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        quick = {f"CROSSDOCK_{name.upper()}": str(value) for name, value in QUICK.items()}
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "crossdock", "up", str(self.root), "--port", str(port), "--ledger", self.ledger,
            env={**os.environ, **quick}, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def kill(self, how: int = signal.SIGKILL) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            await self.process.wait()
