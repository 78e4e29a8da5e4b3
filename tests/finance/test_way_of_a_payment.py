"""From the bank's statement to the invoice in the books: over a real SFTP server and a running hub, registered once, the unclear for a person."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from crossdock.canonical.customer_invoice import CustomerInvoice
from crossdock.canonical.events import Event, Reference
from crossdock.connectors.bank_file.connector import BankFileConnector
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import Capabilities, Inbound, InboundRequest, StoredMessage
from crossdock.core.clock import SystemClock
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, Outcome
from crossdock.finance.matching.items import Terms
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import Numbers
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.matching import matched, take
from crossdock.pipeline.settings import PipelineSettings
from crossdock.simulators.bank import PASSWORD, BankSftp
from tests.pipeline.conftest import Found, call

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\n",
    "systems/books.yaml": "kind: test_books\nowner: ops\nendpoint: http://127.0.0.1:1\n",
    "systems/bank.yaml": (
        "kind: bank_file\nowner: ops\nendpoint: ENDPOINT\ncredentials: {files-password: 'env:BANK_PASSWORD'}\npolls: [{channel: files, every: 1s}]\n"
        "options:\n  debtor: {name: Test Ltd, iban: NL91ABNA0417164300}\n  transports:\n    files:\n      kind: sftp\n"
        "      options: {username: crossdock, auth: password, host_keys: ['HOSTKEY'], send_to: /in, collect_from: [/out]}\n"
    ),
    "ownership.yaml": (
        "entities: {customer_invoice: {owner: books}, bank_statement: {owner: bank}, payment: {owner: bank}}\n"
        "events: {customer_invoice.posted: {originates: [books]}, statement.received: {originates: [bank]}, payment.captured: {originates: [bank]}}\n"
    ),
    "flows/receipts.yaml": (
        "workflow: bank_payment\ntrigger: {events: [payment.captured, statement.received], sources: [bank]}\nroles: {bank: bank, erp: books}\n"
        "exception_owner: ops\nconsequence: customers are dunned for what they paid\n"
    ),
}


@dataclass
class Books:
    """The ERP: it tells invoices and takes payments."""

    registered: list[dict[str, Any]] = field(default_factory=list)


def books_connector(books: Books) -> type[BaseConnector]:
    class BooksConnector(BaseConnector):
        kind: ClassVar[str] = "test_books"
        capabilities: ClassVar[Capabilities] = Capabilities(
            commands=frozenset({"payment.register"}), topics=frozenset({"invoice"}), receives=True
        )

        def receive(self, request: InboundRequest) -> Sequence[Inbound]:
            return [Inbound("invoice", request.body.decode(), request.body)]

        def normalize(self, message: StoredMessage) -> Sequence[Event]:
            paper = CustomerInvoice.model_validate_json(message.body)
            references = (Reference("books:invoice_id", paper.erp_id), Reference("invoice", paper.number))
            key = f"order/shop/{paper.order_number}"
            return [Event(f"{paper.erp_id}/{paper.at}", "customer_invoice.posted", "books", key, paper, paper.at, references)]

        async def deliver(self, command: Command) -> Outcome:
            books.registered.append(dict(command.data))
            return Accepted({"payment_id": "1", "residual": "0", "payment_state": "paid"})

        async def find_effect(self, command: Command) -> Effect:
            return EffectAbsent()

    return BooksConnector


def invoice(number: int, amount: str) -> bytes:
    money = {"amount": amount, "currency": "EUR"}
    return CustomerInvoice.model_validate(
        {"number": f"INV/2026/{number}", "erp_id": str(number), "order_number": str(number), "state": "posted", "currency": "EUR", "amount": money,
         "residual": money, "issue_date": date(2026, 3, 1), "at": datetime(2026, 3, 1, tzinfo=UTC), "customer": {"name": "Ada Byron"}}
    ).model_dump_json().encode()  # fmt: skip


@asynccontextmanager
async def running(root: Path, bank: BankSftp, endpoint: str, books: Books) -> AsyncIterator[Hub]:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("ENDPOINT", endpoint).replace("HOSTKEY", bank.host_key_line))
    connectors = {"test_books": Found(books_connector(books)), "bank_file": Found(BankFileConnector)}
    chosen = PipelineSettings(timers_every=0.02, idle=0.02, reconcile_first=0.02, grace=2.0, prune_every=0.0)
    location = LedgerLocation.parse(f"sqlite:///{root}/ledger.sqlite3")
    hub = Hub(load(root), clock=SystemClock(), settings=chosen, location=location, connectors=connectors)
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()


async def until(hub: Hub, sql: str, count: int) -> list[Any]:
    """The rows of a query as soon as there are so many."""
    async with asyncio.timeout(15):
        while len(rows := await hub.store.read.do(lambda session: session.rows(sql))) < count:
            await asyncio.sleep(0.02)
    return rows


@pytest.mark.parametrize("flow", [True, False], ids=["with a flow", "without a flow"])
async def test_another_content_under_the_identity_of_a_statement_is_for_a_person(
    flow: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_PASSWORD", PASSWORD)
    if not flow:
        monkeypatch.delitem(FILES, "flows/receipts.yaml")
    bank = BankSftp()
    endpoint = await bank.start()
    try:
        async with running(tmp_path, bank, endpoint, Books()) as hub:
            bank.pay_in(2000, "Ada Byron", text="INV/2026/7")
            name = bank.end_of_day()
            body = (bank.root / "out" / name).read_bytes()
            await until(hub, "SELECT id FROM ledger_event WHERE type='statement.received' AND state NOT IN (0)", 1)
            bank.put("out/same.xml", body.replace(b"<Ustrd>INV/2026/7<", b"<Ustrd>INV/2026/7 <"))
            bank.put("out/other.xml", body.replace(b"20.00<", b"21.00<").replace(b"10020.00", b"10021.00"))
            (problem,) = await until(hub, "SELECT code, detail FROM ledger_exception WHERE state=0", 1)
            rows = await hub.store.read.do(
                lambda session: session.rows("SELECT state FROM ledger_event WHERE type='statement.received'")
            )
    finally:
        await bank.stop()
    assert problem[0] == "sequence.content_conflict"
    assert sum(state not in (3, 6) for (state,) in rows) == 1


async def test_what_is_certain_is_registered_once_and_the_rest_is_for_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BANK_PASSWORD", PASSWORD)
    bank, books = BankSftp(), Books()
    endpoint = await bank.start()
    try:
        async with running(tmp_path, bank, endpoint, books) as hub:
            for number, amount in ((7, "20.00"), (8, "30.00"), (9, "12.00")):
                status, _ = await call(hub.door, "POST", "/in/books/invoices", invoice(number, amount), {})
                assert status == 202
            bank.pay_in(5000, "A BYRON", text="INV/2026/7 and INV/2026/8")
            bank.pay_in(1200, "ADA BYRON", text="as agreed")
            bank.end_of_day()
            await until(hub, "SELECT id FROM ledger_event WHERE type='statement.received'", 1)
            await until(hub, "SELECT id FROM ledger_event WHERE type='customer_invoice.posted'", 3)

            def match(session: Any) -> int:
                found = matched(session, date(2026, 1, 1), Terms())
                return take(session, found, Numbers(SystemClock(), 1022), 4, datetime.now(UTC))

            assert await hub.store.work.do(match) == 2
            assert await hub.store.work.do(match) == 0
            await until(hub, "SELECT id FROM ledger_delivery WHERE state=10", 2)
            (problem,) = await until(hub, "SELECT code, message, detail FROM ledger_exception WHERE state=0", 1)
    finally:
        await bank.stop()
    assert sorted((each["invoice_id"], each["amount"]["amount"]) for each in books.registered) == [("7", "20.00"), ("8", "30.00")]
    assert all(each["justified_by"] and each["approved_by"] == "policy:receipts/matching" for each in books.registered)
    assert problem[0] == "bank.payment_unclear"
    assert '"INV/2026/9"' in problem[2]
