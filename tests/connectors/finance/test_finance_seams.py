"""Journals reach the finance system once and balanced; what it says and what it has posted comes back."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from crossdock.connectors.finance.connector import FinanceConnector
from crossdock.connectors.finance.csvfiles import acknowledgements, columns, journal_file
from crossdock.connectors.finance.mapping import journal_body, journal_of
from crossdock.connectors.finance.options import ByCsv, FinanceOptions, JournalTransport
from crossdock.connectors.protocol import Question, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import JournalPeriodClosed, JournalRefused, JournalUnbalanced, PayloadMalformed, ValueMapMissing
from crossdock.simulators.finance import API_KEY, Finance
from crossdock.testing import DictValueMaps, ManualClock, make_context
from tests.connectors.finance.test_finance_conformance import journal, posting

MAPS = {"accounts": {"DEBTORS": "1200", "SALES": "8000", "TAX": "1700"}}


def command(number: str = "J-1", **changes: Any) -> Command:
    """A journal to post."""
    return Command(f"cmd-{number}", "journal.post", "ledger", "order/shop/1", posting(number, **changes))


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[tuple[FinanceConnector, Finance]]:
    system = Finance()
    endpoint = await system.start()
    context = make_context(
        FinanceConnector, system="ledger", endpoint=endpoint, secrets={"api_key": API_KEY}, clock=ManualClock()
    )
    yield FinanceConnector(context), system
    await system.stop()


async def test_a_journal_is_posted_once_acknowledged_and_found_again(desk: tuple[FinanceConnector, Finance]):
    connector, system = desk
    first = await connector.deliver(command())
    again = await connector.deliver(command())
    assert (first.ack["status"], first.repeated, again.repeated) == ("posted", False, True)
    assert len(system.effects_of("journal")) == 1
    page = await connector.poll("acknowledgements", {})
    (message,) = page.messages
    stored = StoredMessage(
        "1", "ledger", "acknowledgements", message.topic, message.body, message.content_type, {}, connector.context.clock.now()
    )
    (event,) = connector.normalize(stored)
    assert (event.data.number, event.data.verdict, event.data.posted_number) == ("J-1", "posted", first.ack["posted_number"])
    assert [(each.scheme, each.value) for each in event.references] == [("journal:ledger", "J-1")]
    told = await connector.ask(Question("journals.posted", {"from": "2026-03-01", "to": "2026-03-31"}))
    assert [(each["number"], each["total"], each["currency"]) for each in told["journals"]] == [("J-1", "121.00", "EUR")]


@pytest.mark.parametrize(
    ("prepare", "changes", "error"),
    [
        (lambda books: None, {"lines": [{"number": 1, "account": "1", "debit": {"amount": "5", "currency": "EUR"}},
                                        {"number": 2, "account": "2", "credit": {"amount": "4.99", "currency": "EUR"}}]}, JournalUnbalanced),
        (lambda books: books.unknown.add("8000"), {}, JournalRefused),
        (lambda books: books.closed.add("2026-03"), {}, JournalPeriodClosed),
    ],
)  # fmt: skip
async def test_what_cannot_be_posted_is_refused(
    desk: tuple[FinanceConnector, Finance], prepare: Any, changes: dict[str, Any], error: type[Exception]
):
    connector, system = desk
    prepare(system.books)
    with pytest.raises(error):
        await connector.deliver(command(**changes))
    assert not system.effects_of("journal")


async def test_the_same_number_with_other_content_is_refused(desk: tuple[FinanceConnector, Finance]):
    connector, system = desk
    await connector.deliver(command())
    with pytest.raises(JournalRefused, match="other content"):
        await connector.deliver(command(document_number="INV/2026/2"))
    assert len(system.effects_of("journal")) == 1


def options(**by: Any) -> FinanceOptions:
    """Options by files."""
    return FinanceOptions(
        by=ByCsv(transports={"files": JournalTransport(kind="sftp")}, **by), accounts="accounts", company="NL01"
    )


def test_a_file_has_a_row_a_posting_and_the_accounts_of_the_other_side():
    given = options(delimiter=";", decimal=",")
    body = journal_body(journal_of(command(description="=cmd()")), command(), given, DictValueMaps(MAPS))
    assert isinstance(given.by, ByCsv)
    rows = list(csv.DictReader(io.StringIO(journal_file(body, given.by).decode(), newline=""), delimiter=";"))
    assert tuple(rows[0]) == columns()
    assert [(each["account"], each["debit"], each["credit"]) for each in rows] == [
        ("DEBTORS", "121,00", ""), ("SALES", "", "100,00"), ("TAX", "", "21,00"),
    ]  # fmt: skip
    assert {(each["total"], each["company"], each["period"]) for each in rows} == {("121,00", "NL01", "2026-03")}


def test_an_account_without_a_counterpart_is_refused():
    with pytest.raises(ValueMapMissing):
        journal_body(journal_of(command()), command(), options(), DictValueMaps({"accounts": {"DEBTORS": "1200"}}))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"number;verdict\r\nJ-1;posted\r\n", "no column"),
        (b"number,verdict\r\nJ-1,posted\r\nJ-2,perhaps\r\n", "row 3"),
        (b"number,verdict\r\nJ-1\r\n", "row 2"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_wrong_file_of_acknowledgements_is_refused_with_its_row(body: bytes, words: str):
    with pytest.raises(PayloadMalformed, match=words):
        acknowledgements(body, ",", "ledger", ManualClock().now())


def test_the_contract_is_what_is_sent():
    contract = yaml.safe_load(
        (Path(__file__).parents[3] / "src/crossdock/connectors/finance/openapi.yaml").read_text(encoding="utf-8")
    )
    schema = contract["components"]["schemas"]
    body = journal_body(journal_of(command()), command(), FinanceOptions(), DictValueMaps({}))
    assert set(body) == set(schema["Journal"]["properties"])
    assert set(body["lines"][0]) == set(schema["Line"]["properties"])
    assert set(schema["Journal"]["properties"]["document"]["enum"]) == {
        "invoice", "credit_note", "payment", "refund", "accrual", "freight_bill", "payout", "bank", "other"
    }  # fmt: skip
    assert journal()["number"] == "J-INV-1"
