"""The finance system through the public conformance suite: over REST, and as CSV files over SFTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from crossdock.connectors.finance.connector import FinanceConnector
from crossdock.connectors.protocol import Connector
from crossdock.simulators.faults import Fault
from crossdock.simulators.finance import API_KEY, PASSWORD, Finance, FinanceSftp
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

EUR = {"currency": "EUR"}


def journal(number: str = "J-INV-1", **changes: Any) -> dict[str, Any]:
    """A posted invoice as a journal."""
    return {
        "number": number, "document": "invoice", "document_number": "INV/2026/1", "order_number": "1001", "posting_date": "2026-03-02",
        "currency": "EUR", "justified_by": "event-1", "lines": [
            {"number": 1, "account": "1200", "debit": {"amount": "121.00", **EUR}, "party": "C-1"},
            {"number": 2, "account": "8000", "credit": {"amount": "100.00", **EUR}, "tax_code": "S21", "tax_percent": "21"},
            {"number": 3, "account": "1700", "credit": {"amount": "21.00", **EUR}},
        ], **changes,
    }  # fmt: skip


def posting(number: str = "J-INV-1", **changes: Any) -> dict[str, Any]:
    """The data of `journal.post`."""
    return {"journal": journal(number, **changes), "justified_by": "event-1", "approved_by": "policy"}


ACK = b'{"seq": 1, "number": "J-INV-1", "verdict": "posted", "posted_number": "GL-1", "posting_date": "2026-03-02", "at": "2026-03-02T10:00:00Z"}'
FILE = (
    b"number,verdict,posted_number,posting_date,reason_code,reason,at\r\nJ-INV-1,posted,GL-1,2026-03-02,,,2026-03-02T10:00:00Z\r\n"
    b"J-INV-2,rejected,,,unknown_account,9999,2026-03-02T10:00:00Z\r\n"
)
MESSAGES = [
    MessageSample("acknowledgement", ACK, ["journal.acknowledged"], "acknowledgements"),
    MessageSample("acknowledgements", FILE, ["journal.acknowledged", "journal.acknowledged"], "files", "text/csv"),
]


class TestFinanceRest(ConnectorConformance):
    connector = FinanceConnector
    system = "ledger"
    secrets: ClassVar[Mapping[str, str]] = {"api_key": API_KEY}

    def target(self) -> Target:
        return SimulatorTarget(Finance())

    def commands(self) -> Sequence[CommandSample]:
        strange = [{**each, "account": "9999"} if each["number"] == 1 else each for each in journal()["lines"]]
        return [
            CommandSample(
                "journal.post", posting(), effect_kind="journal", path="/journals/*", method="PUT", ack=("posted_number", "status", "references"),
                prepare=_strange, orphan=False, refused={"journal": journal(lines=strange)}, refused_words="9999",
            )
        ]  # fmt: skip

    def messages(self) -> Sequence[MessageSample]:
        return MESSAGES

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            body = {**journal(), "total": "0", "lines": [{"account": "1", "debit": "5"}, {"account": "2", "credit": "5"}]}
            bench.simulator.books.take(body, "k")
            return {}

        return [PollSample("acknowledgements", ("acknowledgement",), prepare=busy)]


async def _strange(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.books.unknown.add("9999")
    return {}


class TestFinanceCsv(ConnectorConformance):
    connector = FinanceConnector
    system = "ledger"
    secrets: ClassVar[Mapping[str, str]] = {"files-password": PASSWORD}
    patience = 1.0

    def target(self) -> Target:
        self._target = SimulatorTarget(FinanceSftp(), without=[Fault.THROTTLE])
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        key = self._target.simulator.host_key_line  # type: ignore[attr-defined]
        files = {
            "username": USER,
            "host_keys": [key],
            "auth": "password",
            "send_to": "/in",
            "collect_from": ["/out"],
            "timeout": int(self.patience),
        }
        options = {"by": {"kind": "csv", "transports": {"files": {"kind": "sftp", "options": files}}}}
        return FinanceConnector(
            make_context(
                FinanceConnector, system=self.system, endpoint=endpoint, options=options, secrets=self.secrets, clock=clock
            )
        )

    def commands(self) -> Sequence[CommandSample]:
        return [
            CommandSample(
                "journal.post", posting(), effect_kind="journal", effect_key="J-INV-1", path="/in/JOURNAL_*.csv", method="RENAME",
                ack=("posted_number", "status", "references"),
            )
        ]  # fmt: skip

    def messages(self) -> Sequence[MessageSample]:
        return MESSAGES

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.put("out/ACK_1.csv", FILE)
            return {}

        return [PollSample("files", ("acknowledgements",), prepare=busy)]
