"""A purchase order's way to the portal and the supplier's answer back through all eight steps, in a running hub."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.portal.connector import PortalConnector
from crossdock.connectors.protocol import Capabilities, Inbound, InboundRequest, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted, Outcome
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.people import list_exceptions
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.pipeline.conftest import Found, call
from tests.workbench.conftest import Browser, Workbench, start_workbench, stop
from tests.workbench.scene import hidden
from tests.workbench.test_portal import order

FILES = {
    "crossdock.yaml": "name: test\ncompany: Harbour & Pine\npartitions: 4\nteams: {buying: {}}\n",
    "systems/erp.yaml": "kind: test_erp\nowner: buying\nendpoint: http://127.0.0.1:1\n",
    "systems/portal-acme.yaml": 'kind: portal\ntitle: Acme\nowner: buying\ntrust: partner\noptions: {gs1_prefix: "4012345"}\n',
    "systems/portal-bolt.yaml": "kind: portal\ntitle: Bolt\nowner: buying\ntrust: partner\n",
    "ownership.yaml": (
        "entities: {purchase_order: {owner: erp}}\n"
        "events:\n  purchase_order.confirmed: {originates: [erp]}\n  purchase_order.changed: {originates: [erp]}\n"
        "  purchase_order.cancelled: {originates: [erp]}\n  purchase_order.answered: {originates: [portal-acme, portal-bolt]}\n"
        "  receipt.completed: {originates: [erp]}\n  ship_notice.received: {originates: [portal-acme, portal-bolt]}\n  supplier_invoice.received: {originates: [portal-acme, portal-bolt]}\n"
    ),
    "flows/buying.yaml": (
        "workflow: procurement_to_receipt\npattern: orchestrated\ntiming: realtime\nconsequence: assembly stops\nexception_owner: buying\n"
        "trigger:\n  events: [purchase_order.confirmed, purchase_order.changed, purchase_order.cancelled, purchase_order.answered,"
        " ship_notice.received, receipt.completed, supplier_invoice.received]\n  sources: [erp]\n"
        "roles: {erp: erp, supplier: portal-acme}\n"
        "settings:\n  suppliers: [{role: supplier, acknowledges: false}]\n  received_by: erp\n"
    ),
}


def erp_connector(done: list[Command]) -> type[BaseConnector]:
    """An ERP that tells its purchase orders and keeps what it is asked to write."""

    class ErpConnector(BaseConnector):
        kind: ClassVar[str] = "test_erp"
        capabilities: ClassVar[Capabilities] = Capabilities(
            commands=frozenset({"purchase_order.update", "bill.create", "receipt.validate"}),
            receives=True,
            topics=frozenset({"purchase", "receipt"}),
        )

        def receive(self, request: InboundRequest) -> Sequence[Inbound]:
            return [Inbound("receipt" if request.channel == "receipts" else "purchase", request.body.decode(), request.body)]

        def normalize(self, message: StoredMessage) -> Sequence[Event]:
            if message.topic == "receipt":
                came = ReceiptAdvice.model_validate_json(message.body)
                leads = (Reference("purchase:order", came.order_number),)
                return [Event(came.number, "receipt.completed", self.context.system, "", came, came.received_at, leads)]
            paper = PurchaseOrder.model_validate_json(message.body)
            return [
                Event(
                    id=f"{paper.number}:{paper.revision}",
                    type="purchase_order.changed" if paper.revision else "purchase_order.confirmed",
                    source=self.context.system,
                    key=f"purchase/{self.context.system}/{paper.number}",
                    data=paper,
                    occurred_at=datetime(2026, 5, 1, tzinfo=UTC),
                    references=(Reference("purchase:order", paper.number),),
                    position=Position(f"{self.context.system}/purchase", paper.revision + 1),
                )
            ]

        async def deliver(self, command: Command) -> Outcome:
            done.append(command)
            return Accepted({})

    return ErpConnector


@asynccontextmanager
async def running(root: Path, done: list[Command]) -> AsyncIterator[tuple[Hub, Workbench]]:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    settings = PipelineSettings(timers_every=0.05, idle=0.02, watch_every=0.0)
    connectors = {"test_erp": Found(erp_connector(done)), "portal": Found(PortalConnector)}
    location = LedgerLocation("sqlite", root / "var/ledger.sqlite3")
    hub = Hub(load(root), settings=settings, location=location, connectors=connectors)
    await hub.start()
    try:
        bench = await asyncio.to_thread(start_workbench, root)
        try:
            await asyncio.to_thread(bench.begin)
            yield hub, bench
        finally:
            await asyncio.to_thread(stop, bench)
    finally:
        await hub.stop()


async def until(found: Callable[[], Any], seconds: float = 30.0) -> Any:
    async with asyncio.timeout(seconds):
        while not (value := await asyncio.to_thread(found)):
            await asyncio.sleep(0.05)
    return value


async def posts(browser: Browser, path: str, **typed: Any) -> None:
    def post() -> None:
        answer = browser.post(path, {**hidden(browser.get(path).text), **typed})
        assert answer.status_code == 302, answer.text[:3000]

    await asyncio.to_thread(post)


async def test_an_order_reaches_the_supplier_and_the_answer_the_buyer(tmp_path: Path) -> None:
    done: list[Command] = []
    async with running(tmp_path, done) as (hub, bench):
        status, said = await call(hub.door, "POST", "/in/erp/orders", json.dumps(order("P00012")).encode(), {})
        assert status == 202, said
        _name, acme = await asyncio.to_thread(lambda: bench.person("supplier", systems=["portal-acme"]))
        _name, bolt = await asyncio.to_thread(lambda: bench.person("supplier", systems=["portal-bolt"]))
        await until(lambda: "P00012" in acme.get("/portal/").text)
        assert "P00012" not in (await asyncio.to_thread(bolt.get, "/portal/")).text
        assert (await asyncio.to_thread(bolt.get, "/portal/orders/portal-bolt/P00012/")).status_code == 404

        await posts(
            acme,
            "/portal/answer/portal-acme/P00012/",
            **{"answer-0": "changed", "delivery_date-0": "2026-05-21", "answer-1": "accepted"},
        )
        await until(lambda: [each for each in done if each.name == "purchase_order.update"])
        shipped = {
            "number": "LS-1", "rows": "1", "packages": "1", "do": "send", "line-0": "1", "quantity-0": "100", "package-0": "1", "p_package-0": "1",
        }  # fmt: skip
        await posts(acme, "/portal/ship/portal-acme/P00012/", **shipped)
        kinds = {"purchase_order.answered", "ship_notice.received"}
        await until(
            lambda: (
                kinds <= {kind for (kind,) in bench.rows("SELECT type FROM ledger_event WHERE source='portal-acme' AND state=1")}
            )
        )
        await until(lambda: "taken" in acme.get("/portal/orders/portal-acme/P00012/").text)
        assert await hub.store.read.do(list_exceptions) == []
        recorded = bench.rows("SELECT count(*) FROM ledger_instruction WHERE data LIKE '%portal:paper:sent%'")
        assert recorded == [(2,)]


async def test_an_invoice_of_the_portal_is_matched_three_ways_like_any_other(tmp_path: Path) -> None:
    done: list[Command] = []
    receipt = {
        "number": "WE-1", "order_number": "P00012", "received_at": "2026-05-20T09:00:00Z", "final": False,
        "lines": [{"number": "1", "order_line": "1", "sku": "BOLT-M8", "quantity": {"value": "100", "unit": "C62"}}],
    }  # fmt: skip
    typed = {"issue_date": "2026-05-21", "quantity-1": "", "tax_percent-0": "19"}
    async with running(tmp_path, done) as (hub, bench):
        await call(hub.door, "POST", "/in/erp/orders", json.dumps(order("P00012")).encode(), {})
        _name, acme = await asyncio.to_thread(lambda: bench.person("supplier", systems=["portal-acme"]))
        await until(lambda: "P00012" in acme.get("/portal/").text)
        await posts(acme, "/portal/answer/portal-acme/P00012/", **{"answer-0": "accepted", "answer-1": "accepted"})
        assert (await call(hub.door, "POST", "/in/erp/receipts", json.dumps(receipt).encode(), {}))[0] == 202

        dear = {**typed, "number": "R-1", "quantity-0": "100", "unit_price-0": "0.20", "total": "23.80"}
        await posts(acme, "/portal/invoice/portal-acme/P00012/", **dear)
        await until(lambda: bench.rows("SELECT 1 FROM ledger_event WHERE type='supplier_invoice.received' AND state=1"))
        found = await until(lambda: bench.rows("SELECT code, message, detail FROM ledger_exception WHERE state<2"))
        assert len(found) == 1
        assert "0.2" in found[0][1] + found[0][2] and "0.12" in found[0][1] + found[0][2], "the arithmetic is shown"
        assert not [each for each in done if each.name == "bill.create"]

        await posts(
            acme, "/portal/invoice/portal-acme/P00012/", **{**dear, "number": "R-2", "unit_price-0": "0.12", "total": "14.28"}
        )
        bills = await until(lambda: [each for each in done if each.name == "bill.create"])
        assert [each.data["invoice"]["number"] for each in bills] == ["R-2"]
