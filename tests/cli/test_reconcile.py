"""`crossdock reconcile`: the ledger's records and a finance system's own list make the proof; exit code 1 when anything differs."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from crossdock.ledger.batch import DELIVERY_COLUMNS, EVENT_COLUMNS
from crossdock.ledger.database import LedgerLocation, migrate
from crossdock.ledger.payloads import pack
from crossdock.ledger.states import DeliveryState, EventState
from crossdock.ledger.store import Store
from crossdock.ledger.traffic import number_at
from crossdock.simulators.finance import API_KEY, Finance
from crossdock.simulators.threaded import Threaded

FILES = {
    "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\nteams: {ops: {}}\n",
    "ownership.yaml": "{}\n",
}
MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
EUR = {"amount": "20.00", "currency": "EUR"}
PAID = {"reference": "ch_1", "original_reference": "pi_1", "provider": "stripe", "amount": EUR, "at": "2026-03-02T09:00:00Z"}
BACK = {"reference": "re_1", "payment_reference": "pi_1", "provider": "stripe", "amount": EUR, "at": "2026-03-02T10:00:00Z"}
FREIGHT = {
    "number": "F-1",
    "carrier": "ups",
    "issue_date": "2026-03-02",
    "currency": "EUR",
    "total": EUR,
    "lines": [{"number": "1", "amount": EUR}],
}
JOURNAL = {
    "number": "J-1", "document": "invoice", "posting_date": "2026-03-02", "currency": "EUR", "justified_by": "e", "total": "20.00",
    "lines": [{"number": 1, "account": "1", "debit": EUR}, {"number": 2, "account": "2", "credit": EUR}],
}  # fmt: skip


class Books:
    """A landscape with a ledger to write records into."""

    def __init__(self, root: Path, endpoint: str) -> None:
        self.root = root
        for name, text in FILES.items():
            (root / name).write_text(text, encoding="utf-8")
        (root / "systems").mkdir()
        system = f"kind: finance\ntitle: Ledger\nowner: ops\nendpoint: {endpoint}\ntrust: internal\ncredentials: {{api_key: 'env:FINANCE_KEY'}}\n"
        (root / "systems" / "books.yaml").write_text(system, encoding="utf-8")
        (root / "var").mkdir()
        location = LedgerLocation.parse(f"sqlite:///{root}/var/ledger.sqlite3")
        migrate(location)
        self.store = Store(location)
        self.count = 0

    def event(self, kind: str, data: dict[str, Any], key: str = "order/shop/1") -> None:
        at, identity = int(MOMENT.timestamp() * 1e6), self._next()
        row = (number_at(at) + self.count, 0, 0, identity, f"e{self.count}", key, kind, "stripe", "x/1.0", "", None, False, "", pack(orjson.dumps(data)),
               identity, at, at, "", int(EventState.APPLIED), None, "")  # fmt: skip
        self.store.work.run(lambda session: session.insert("ledger_event", EVENT_COLUMNS, [row]))

    def delivery(self, name: str, system: str, data: dict[str, Any], ack: dict[str, Any]) -> None:
        at, identity = int(MOMENT.timestamp() * 1e6), self._next()
        row = (number_at(at) + self.count, identity, f"c{self.count}", name, system, "f", "order/shop/1", 0, "", pack(orjson.dumps(data)),
               int(DeliveryState.ACCEPTED), 1, 0, None, at, at, pack(orjson.dumps(ack)), "", None)  # fmt: skip
        self.store.work.run(lambda session: session.insert("ledger_delivery", DELIVERY_COLUMNS, [row]))

    def _next(self) -> bytes:
        self.count += 1
        return hashlib.blake2b(str(self.count).encode(), digest_size=16).digest()

    def run(self, *words: str) -> tuple[int, Any]:
        from crossdock.cli.main import app
        from docs.generator.cli import commands

        commands()  # mounts them
        answer = CliRunner().invoke(app, ["reconcile", *words, "-L", str(self.root), "--json"])
        return answer.exit_code, json.loads(answer.stdout)


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FINANCE_KEY", API_KEY)
    monkeypatch.delenv("CROSSDOCK_LEDGER", raising=False)
    system = Finance()
    with Threaded(system) as endpoint:
        made = Books(tmp_path, endpoint)
        made.system = system  # type: ignore[attr-defined]
        yield made
        made.store.close()


def post(books: Any, total: str = "20.00") -> None:
    """The journal is posted at both sides."""
    body = {**JOURNAL, "total": total, "lines": [{"account": "1", "debit": "20.00"}, {"account": "2", "credit": "20.00"}]}
    books.system.books.take(body, "k")
    books.delivery("journal.post", "books", {"journal": JOURNAL}, {"status": "posted"})


def test_what_agrees_everywhere_is_exit_code_0(books: Any):
    books.event("payment.captured", PAID)
    books.event("refund.completed", BACK)
    books.delivery("payment.refund", "stripe", {"payment_reference": "pi_1", "amount": EUR}, {"reference": "re_1", "amount": EUR})
    post(books)
    code, found = books.run("finance", "--day", "2026-03-20")
    assert (code, found["agrees"], found["differences"], found["asked"]) == (0, True, [], {"books": 1})
    assert {each["check"]: each["agreed"] for each in found["checks"]}["refunds"] == 1


def test_every_difference_is_listed_and_is_exit_code_1(books: Any, tmp_path: Path):
    books.event("payment.captured", PAID)
    books.event("refund.completed", BACK)
    books.event("refund.completed", {**BACK, "reference": "re_2", "amount": {"amount": "5.00", "currency": "EUR"}})
    post(books, total="19.00")
    code, found = books.run("finance", "--day", "2026-03-20", "--csv", str(tmp_path / "d.csv"), "--pdf", str(tmp_path / "d.pdf"))
    assert (code, found["agrees"]) == (1, False)
    assert sorted({each["code"] for each in found["differences"]}) == [
        "journal.amount", "order.unsettled", "refund.above_capture", "refund.unknown"
    ]  # fmt: skip
    assert (tmp_path / "d.csv").read_text(encoding="utf-8-sig").count("\n") == 1 + len(found["differences"])
    assert (tmp_path / "d.pdf").read_bytes().startswith(b"%PDF-")


def test_a_finance_system_that_does_not_answer_is_named(books: Any):
    books.system.api_key = "another"
    code, found = books.run("finance", "--day", "2026-03-20")
    assert (code, list(found["silent"])) == (0, ["books"])


def test_carriers_are_settled_for_a_period(books: Any):
    books.event("freight_invoice.received", FREIGHT, key="")
    code, found = books.run("carriers", "--from", "2026-03-01", "--to", "2026-03-31")
    (ups,) = found
    assert (code, ups["carrier"], ups["unmatched"], ups["invoices"][0]["standing"]) == (
        0,
        "ups",
        {"count": 1, "billed": "20.00"},
        "unmatched",
    )


def test_a_wrong_day_says_what_is_wanted(books: Any):
    code, found = books.run("finance", "--day", "yesterday")
    assert code == 2
    assert "2026-03-31" in found["error"]["message"]


INVOICE = {
    "number": "INV/2026/7", "erp_id": "7", "state": "posted", "currency": "EUR", "amount": EUR, "residual": EUR, "issue_date": "2026-03-01",
    "order_number": "1", "at": "2026-03-01T09:00:00Z", "customer": {"name": "Ada Byron"},
}  # fmt: skip


def entry(reference: str, amount: str, remittance: str) -> dict[str, Any]:
    return {
        "reference": reference,
        "value_date": "2026-03-02",
        "amount": {"amount": amount, "currency": "EUR"},
        "direction": "credit",
        "remittance": remittance,
    }


def test_payments_are_matched_shown_with_reasons_and_taken_once(books: Any):
    books.event("customer_invoice.posted", INVOICE)
    statement = {"identity": "S1", "iban": "NL91ABNA0417164300", "currency": "EUR", "to_date": "2026-03-02",
                 "entries": [entry("B1", "20.00", "INV/2026/7 thanks"), entry("B2", "3.00", "who am I")]}  # fmt: skip
    books.event("statement.received", statement, key="bank/b/x")
    code, found = books.run("bank", "--days", "3000")
    paid, unknown = found
    assert (code, paid["verdict"], paid["score"], paid["taken"]) == (0, "matched", 75, False)
    assert [each["code"] for each in paid["reasons"]] == ["number", "amount"]
    assert (paid["pays"][0]["invoice_id"], paid["pays"][0]["key"], unknown["verdict"]) == ("7", "order/shop/1", "unmatched")
    assert len(books.run("bank", "--days", "3000", "--register")[1]) == 2
    assert books.run("bank", "--days", "3000", "--register") == (0, [])
    rows = books.store.read.run(lambda session: session.rows("SELECT system, channel, topic FROM ledger_message"))
    assert rows == [("stripe", "matching", "payment")] * 2


def test_what_was_paid_too_much_is_not_registered(books: Any):
    books.event("customer_invoice.posted", INVOICE)
    statement = {"identity": "S1", "iban": "NL91ABNA0417164300", "currency": "EUR", "to_date": "2026-03-02", "entries": [
        {**entry("B1", "20.03", "INV/2026/7"), "counterparty_name": "A. Ada Byron"}]}  # fmt: skip
    books.event("statement.received", statement, key="bank/b/x")
    _, (paid,) = books.run("bank", "--days", "3000")
    assert (paid["verdict"], paid["score"], paid["pays"][0]["amount"], paid["pays"][0]["difference"]) == (
        "matched",
        75,
        "20.00",
        "-0.03",
    )
