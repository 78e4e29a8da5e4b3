"""The bank by files through the public conformance suite, against an SFTP server on loopback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from crossdock.connectors.bank_file.connector import BankFileConnector
from crossdock.connectors.protocol import Connector, Given
from crossdock.simulators.bank import PASSWORD, BankSftp
from crossdock.simulators.faults import Fault
from crossdock.simulators.sftp import USER
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    ManualClock,
    MessageSample,
    PollSample,
    SimulatorTarget,
    Target,
    make_context,
)
from tests.finance.statements import camt053, mt940

OURS = "NL91ABNA0417164300"
TRANSFER = {
    "end_to_end_id": "RT-1001-1",
    "amount": {"amount": "49.90", "currency": "EUR"},
    "creditor_name": "Ada Byron",
    "creditor_iban": "DE89370400440532013000",
    "remittance": "Refund of order 1001",
}
DONE = (
    b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>S1</MsgId><CreDtTm>2026-03-02T10:00:00Z'
    b"</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>RT-1001-1</OrgnlMsgId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>EUR49.90"
    b"</OrgnlPmtInfId><TxInfAndSts><OrgnlEndToEndId>RT-1001-1</OrgnlEndToEndId><TxSts>%s</TxSts></TxInfAndSts></OrgnlPmtInfAndSts>"
    b"</CstmrPmtStsRpt></Document>"
)
PAYMENT = (
    b'{"statement": "NL91/S1", "entry": {"reference": "B1", "value_date": "2026-03-02", "amount": {"amount": "50.00", "currency": "EUR"}, "direction": '
    b'"credit"}, "verdict": "matched", "pays": [{"key": "order/shop/1", "erp": "odoo", "invoice_id": "1", "amount": "50.00", "currency": "EUR"}]}'
)
OPTIONS: dict[str, Any] = {
    "debtor": {"name": "Harbour & Pine B.V.", "iban": OURS},
    "transports": {
        "files": {
            "kind": "sftp",
            "options": {
                "username": USER, "host_keys": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEtBT0pFQUtPSkVBS09KRUFLT0pFQUtPSkVBS09KRUFLTw"],
                "auth": "password", "send_to": "/in", "collect_from": ["/out"],
            },
        }
    },
}  # fmt: skip


class Numbers:
    """When each transfer was written first, in memory."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str], Given] = {}

    async def give(self, scope: str, command: str, first: int = 1) -> Given:
        return self.given.setdefault((scope, command), Given(len(self.given) + first, datetime(2026, 3, 2, 9, tzinfo=UTC)))

    async def acknowledged(self, identity: str) -> bool:
        return False


def at_server(host_key: str, timeout: float = 30) -> dict[str, Any]:
    """The options of a bank whose server has this key, with its time-out in seconds."""
    files = OPTIONS["transports"]["files"]
    given = {**files["options"], "host_keys": [host_key], "timeout": int(timeout)}
    return {**OPTIONS, "transports": {"files": {**files, "options": given}}}


class TestBankFile(ConnectorConformance):
    connector = BankFileConnector
    system = "bank"
    options: ClassVar[Mapping[str, Any]] = OPTIONS
    secrets: ClassVar[Mapping[str, str]] = {"files-password": PASSWORD}
    patience = 1.0

    def target(self) -> Target:
        self._target = SimulatorTarget(BankSftp(), without=[Fault.THROTTLE])
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        options = at_server(self._target.simulator.host_key_line, self.patience)  # type: ignore[attr-defined]
        context = make_context(
            BankFileConnector,
            system=self.system,
            endpoint=endpoint,
            options=options,
            secrets=self.secrets,
            clock=clock,
            numbers=Numbers(),
        )
        return BankFileConnector(context)

    def commands(self) -> Sequence[CommandSample]:
        return [
            CommandSample(
                "refund.transfer",
                {"credit_transfer": TRANSFER, "justified_by": "event-1", "approved_by": "policy"},
                effect_kind="transfer",
                effect_key="RT-1001-1",
                path="/in/pain001-*.xml",
                method="RENAME",
                ack=("file", "reference", "status"),
            )
        ]

    def messages(self) -> Sequence[MessageSample]:
        refund = camt053([("25.50", "", "INV/1"), ("-49.90", "RT-1001-1", "Refund")])
        return [
            MessageSample("statement", refund, ["statement.received", "refund.completed"], "files", "application/octet-stream"),
            MessageSample(
                "statement",
                mt940(":61:260302C1,NTRFNONREF", closing="C260302EUR101,00"),
                ["statement.received"],
                "files",
                "application/octet-stream",
                label="mt940",
            ),
            MessageSample("payment", PAYMENT, ["payment.captured"], "matching"),
            MessageSample("status", DONE % b"ACSC", ["refund.completed"], "files", "application/octet-stream", label="settled"),
            MessageSample("status", DONE % b"RJCT", ["refund.failed"], "files", "application/octet-stream", label="refused"),
            MessageSample("status", DONE % b"ACSP", [], "files", "application/octet-stream", label="on-the-way"),
        ]

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.pay_in(2550, "Ada", structured="RF18539007547034")
            bench.simulator.end_of_day()
            bench.simulator.put("out/pain002-x.xml", DONE % b"ACSC")
            return {}

        return [PollSample("files", ("statement", "status"), prepare=busy)]
