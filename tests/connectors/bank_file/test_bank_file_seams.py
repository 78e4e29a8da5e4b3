"""A refund's transfer and the bank's word of it, over a real SFTP server; nothing is paid twice, and a file twice is one message."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio

from crossdock.connectors.bank_file.connector import BankFileConnector
from crossdock.connectors.protocol import Inbound, StoredMessage
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, StatementRefused, StatusUnclear, TransferImpossible
from crossdock.core.outcomes import EffectAbsent, EffectFound
from crossdock.simulators.bank import PASSWORD, BankSftp
from crossdock.simulators.faults import Fault
from crossdock.testing import ManualClock, make_context
from tests.connectors.bank_file.test_bank_file_conformance import OURS, TRANSFER, Numbers, at_server
from tests.finance.statements import camt053


def command(number: int = 1, name: str = "", **facts: Any) -> Command:
    """A refund's transfer."""
    data = {"credit_transfer": {**TRANSFER, "end_to_end_id": f"RT-{number}", **facts}, "justified_by": "e", "approved_by": "p"}
    return Command(name or f"cmd-{number}", "refund.transfer", "bank", "order/shop/1", data)


def stored(found: Inbound, clock: ManualClock) -> StoredMessage:
    """A message as the hub gives it back."""
    return StoredMessage("1", "bank", "files", found.topic, found.body, found.content_type, found.headers, clock.now())


class Desk:
    """The connector and its bank."""

    def __init__(self, bank: BankSftp, endpoint: str) -> None:
        self.bank, self.clock, self.cursor = bank, ManualClock(), {}
        options = at_server(bank.host_key_line, 2)
        context = make_context(
            BankFileConnector,
            system="bank",
            endpoint=endpoint,
            options=options,
            secrets={"files-password": PASSWORD},
            clock=self.clock,
            numbers=Numbers(),
        )
        self.connector = BankFileConnector(context)

    async def fetch(self) -> list[Any]:
        """The events of everything that waits at the bank."""
        result = await self.connector.poll("files", self.cursor)
        self.cursor = dict(result.cursor)
        return [event for each in result.messages for event in self.connector.normalize(stored(each, self.clock))]


@pytest_asyncio.fixture
async def desk() -> AsyncIterator[Desk]:
    bank = BankSftp()
    made = Desk(bank, await bank.start())
    yield made
    await made.connector.close()
    await bank.stop()


async def test_a_refund_leaves_once_and_is_told_by_report_and_statement(desk: Desk):
    sent = await desk.connector.deliver(command())
    assert (sent.ack["reference"], sent.ack["status"], sent.repeated) == ("RT-1", "sent", False)
    assert sent.ack["references"] == [["refund:bank", "RT-1"]]
    again = await desk.connector.deliver(command(name="another-command"))
    assert again.repeated
    (report,) = await desk.fetch()
    desk.bank.end_of_day()
    statement, told = await desk.fetch()
    assert desk.bank.oracle() == {"transfers": {"RT-1": 4990}, "doubled": [], "total_cents": 4990}
    assert (report.type, report.data.reference, str(report.data.amount.amount)) == ("refund.completed", "RT-1", "49.90")
    assert told.id == report.id
    assert statement.data.closing.amount == statement.data.opening.amount - report.data.amount.amount
    assert statement.data.iban == OURS


@pytest.mark.parametrize("form", ["camt.053", "mt940"])
async def test_money_that_comes_back_is_a_refund_that_failed(desk: Desk, form: str):
    desk.bank.reports = False
    desk.bank.bounces.add(TRANSFER["creditor_iban"])
    await desk.connector.deliver(command())
    desk.bank.end_of_day(form)
    types = [(each.type, getattr(each.data, "reference", "")) for each in await desk.fetch()]
    assert types == [("statement.received", ""), ("refund.completed", "RT-1"), ("refund.failed", "RT-1")]


async def test_a_closed_account_is_a_refund_that_failed(desk: Desk):
    desk.bank.closed.add(TRANSFER["creditor_iban"])
    await desk.connector.deliver(command())
    (told,) = await desk.fetch()
    assert (told.type, told.data.reason_code, desk.bank.oracle()["total_cents"]) == ("refund.failed", "AC04", 0)


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE])
async def test_a_hand_over_that_was_cut_off_is_asked_for(desk: Desk, fault: Fault):
    desk.bank.faults.script(fault, count=1, path="/in/pain001-*", method="RENAME")
    with pytest.raises(CrossdockError):
        await desk.connector.deliver(command())
    effect = await desk.connector.find_effect(command())
    assert isinstance(effect, EffectFound if fault is Fault.RESET_AFTER else EffectAbsent)
    await desk.connector.deliver(command())
    assert desk.bank.oracle()["transfers"] == {"RT-1": 4990}


@pytest.mark.parametrize(
    "facts",
    [
        {"amount": {"amount": "5", "currency": "USD"}},
        {"creditor_iban": "DE00370400440532013000"},
        {"debtor_iban": "DE89370400440532013000"},
        {"end_to_end_id": "RÜ"},
    ],
)
async def test_what_cannot_be_transferred_is_refused_before_anything_is_sent(desk: Desk, facts: dict[str, Any]):
    with pytest.raises(TransferImpossible):
        await desk.connector.deliver(command(**facts))
    assert desk.bank.oracle()["total_cents"] == 0


async def test_a_file_twice_is_one_message_and_a_changed_statement_is_another_event(desk: Desk):
    desk.bank.pay_in(2550, "Ada", structured="RF18539007547034")
    name = desk.bank.end_of_day()
    body = (desk.bank.root / "out" / name).read_bytes()
    desk.bank.put("out/again.xml", body)
    found = (await desk.connector.poll("files", {})).messages
    assert len({each.dedupe_key for each in found}) == 1
    (first,) = desk.connector.normalize(stored(found[0], desk.clock))
    changed = replace(found[0], body=body.replace(b"RF18539007547034", b"RF18539007547034 "))
    (same,) = desk.connector.normalize(stored(changed, desk.clock))
    other = replace(found[0], body=body.replace(b"10000.00", b"10001.00").replace(b"10025.50", b"10026.50"))
    (differs,) = desk.connector.normalize(stored(other, desk.clock))
    assert same.id == first.id
    assert differs.id != first.id


async def test_a_wrong_statement_and_an_unclear_report_are_for_a_person(desk: Desk):
    desk.bank.put("out/wrong.xml", camt053([("1.00", "", "x")], closing="500.00"))
    with pytest.raises(StatementRefused) as told:
        await desk.fetch()
    assert told.value.detail["findings"][0]["code"] == "statement-unbalanced"
    report = (
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.03"><CstmrPmtStsRpt><GrpHdr><MsgId>S</MsgId></GrpHdr>'
        b"<OrgnlGrpInfAndSts><OrgnlMsgId>RT-1</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts></CstmrPmtStsRpt></Document>"
    )
    message = StoredMessage("2", "bank", "files", "status", report, "", {}, desk.clock.now())
    with pytest.raises(StatusUnclear):
        desk.connector.normalize(message)
