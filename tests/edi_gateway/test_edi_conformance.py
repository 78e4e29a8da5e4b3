"""The trading partner's connector through the public conformance suite, over HTTPS to a simulated partner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import orjson

from crossdock.connectors.edi.connector import EdiConnector
from crossdock.connectors.edi.mailbox import EdiMailbox
from crossdock.connectors.edi.rehearsal import letter_for
from crossdock.connectors.edi.sending import message_id
from crossdock.connectors.protocol import Connector, Given, PartnerFile
from crossdock.core.commands import Command
from crossdock.simulators.edi_partner import Behaviour, EdiPartner
from crossdock.simulators.edi_partner.partner import TOKEN
from crossdock.simulators.faults import Fault
from crossdock.simulators.sftp import USER, SftpHost
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    MessageSample,
    PollSample,
    RequestSample,
    SimulatorTarget,
    Target,
)
from crossdock.testing.conformance.polling import PollingConformance
from crossdock.testing.contexts import ManualClock, make_context
from tests.edi.messages import ORDER, x12
from tests.edi_gateway.test_orders_out import ADDRESS, purchase

CONTENT: dict[str, Any] = {
    "title": "Acme Stores",
    "state": "live",
    "systems": ["target"],
    "identifiers": [{"scheme": "x12:zz", "value": "SENDER"}],
    "exchange": {"ours": [{"scheme": "x12:zz", "value": "RECEIVER"}]},
    "agreements": [
        {
            "document": "850",
            "direction": "in",
            "format": "x12",
            "version": "004010",
            "options": {"currency": "USD", "country": "US"},
        },
        *(
            {"document": document, "direction": "out", "format": "x12", "version": "004010", "acknowledge_within": "1h"}
            for document in ("850", "860", "855", "856", "810", "940", "943", "204")
        ),
    ],
}
ACKNOWLEDGED = x12(["AK1*PO*1", "AK2*850*0001", "AK5*A", "AK9*A*1*1*1"], kind="997", group="FA", number=7)
USD = "USD"


class Counter:
    """Control numbers in memory."""

    def __init__(self) -> None:
        self.given: dict[tuple[str, str], Given] = {}

    async def give(self, scope: str, command: str, first: int = 1) -> Given:
        number = 1 + sum(1 for each, _ in self.given if each == scope)
        return self.given.setdefault((scope, command), Given(number, datetime(2026, 11, 23, 12, tzinfo=UTC)))

    async def acknowledged(self, identity: str) -> bool:
        return False


def order(number: str) -> dict[str, Any]:
    return dict(orjson.loads(purchase(number)))


INTERCHANGE = {
    "standard": "x12", "version": "00401", "relation": "x12/ZZ/SENDER/ZZ/RECEIVER/P", "sender": "SENDER", "sender_qualifier": "ZZ",
    "receiver": "RECEIVER", "receiver_qualifier": "ZZ", "control_number": "000000001", "received_at": "2026-11-23T12:00:00Z",
    "groups": [{"code": "PO", "control_number": "1", "release": "004010", "documents": [{"type": "850", "control_number": "0001"}]}],
    "owed": ["997"],
}  # fmt: skip
LINE = {"number": "1", "order_number": "R-1", "order_line": "1", "sku": "LAMP-1", "quantity": {"value": "2"}}
SHIPMENT = {
    "number": "SH-1", "order_number": "R-1", "ship_to": ADDRESS, "dispatched_at": "2026-11-23T12:00:00Z", "tracking_number": "1Z1",
    "packages": [{"reference": "C1"}], "lines": [{"number": "1", "order_line": "1", "sku": "LAMP-1", "quantity": {"value": "2"}, "package": "C1"}],
}  # fmt: skip
TENDER = {
    "number": "T-1", "shipment_number": "SH-1", "carrier": "ABCD",
    "stops": [{"number": 1, "kind": "pick_up", "address": ADDRESS}, {"number": 2, "kind": "delivery", "address": ADDRESS}],
}  # fmt: skip
DATA: dict[str, dict[str, Any]] = {
    "purchase_order.send": {"purchase_order": order("P00042")},
    "purchase_order.change": {"purchase_order": {**order("P00042"), "revision": 1}},
    "purchase_order.cancel": {"purchase_order": {**order("P00042"), "revision": 2}, "reason": "not needed", "lines": []},
    "order.answer": {
        "answer": {"number": "A-1", "order_number": "R-1", "answered_at": "2026-11-23T12:00:00Z", "verdict": "accepted", "lines": [
            {"number": "1", "order_line": "1", "answer": "accepted", "sku": "LAMP-1", "quantity": {"value": "2"}, "delivery_date": "2026-12-01"}]}
    },
    "order.cancel": {"order_number": "R-1", "reason": "discontinued"},
    "ship_notice.send": {
        "ship_notice": {"number": "ASN-1", "order_number": "R-1", "issued_at": "2026-11-23T12:00:00Z", "lines": [LINE]}
    },
    "shop.fulfil": {"order_number": "R-1", "shipment": SHIPMENT, "lines": [], "final": True},
    "invoice.send": {},
    "fulfilment.release": {
        "fulfilment": {"number": "FO-1", "order_number": "1001", "warehouse": "MAIN", "ship_to": ADDRESS, "lines": [
            {"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": {"value": "3"}}]}
    },
    "receipt.expect": {},
    "tender.send": {"tender": TENDER},
    "tender.cancel": {"tender": {**TENDER, "purpose": "cancellation"}, "reason": "not needed"},
    "document.acknowledge": {"interchange": INTERCHANGE, "kind": "997"},
}  # fmt: skip


class TestEdi(ConnectorConformance):
    connector = EdiConnector
    system = "target"
    secrets: ClassVar[Mapping[str, str]] = {"main-token": TOKEN, "main-inbound_token": "what-the-partner-shows"}
    signing_purpose = "main-inbound_token"
    signs_body = False
    signs_time = False
    patience = 1.5

    def target(self) -> Target:
        return SimulatorTarget(EdiPartner(behaviour=Behaviour(silent=True)), without=(Fault.MALFORMED,))

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        content = {
            **CONTENT,
            "transports": {
                "main": {
                    "kind": "https",
                    "endpoint": f"{endpoint}/edi",
                    "options": {"auth": "bearer", "accept": "token", "status_url": f"{endpoint}/edi/{{id}}", "timeout": 1},
                }
            },
        }
        context = make_context(
            EdiConnector, system=self.system, endpoint=endpoint, secrets=self.secrets, clock=clock, timeout=self.patience,
            partner=PartnerFile("acme", content, Path()), numbers=Counter(),
        )  # fmt: skip
        return EdiConnector(context)

    def commands(self) -> Sequence[CommandSample]:
        found = []
        for name, data in DATA.items():
            if not data:
                data = _made(name)
            refusal: dict[str, Any] = {}
            if name == "purchase_order.send":
                refusal = {"refused": {"purchase_order": order("REFUSE")}, "refused_words": "account is closed"}
            found.append(CommandSample(name, data, path="/edi", method="POST", ack=("control",), count=arrived, **refusal))
        return found

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("main", x12(ORDER), ["interchange"], {"content-type": "application/EDI-X12"})]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return {"authorization": f"Bearer {secret}"}

    def messages(self) -> Sequence[MessageSample]:
        headers = {"standard": "x12", "identity": "x12/ZZ/SENDER/ZZ/RECEIVER/P/1/1/1/0001"}
        sent = {
            "standard": "x12", "relation": "x12/ZZ/RECEIVER/ZZ/SENDER/P", "document_type": "850", "sent_at": "2026-11-23T12:00:00Z",
            "identities": ["x"], "command_id": "c1",
        }  # fmt: skip
        at = datetime(2026, 11, 23, 12, tzinfo=UTC)
        return [
            MessageSample("interchange", x12(ORDER), ["interchange.received"], headers={"standard": "x12"}, received_at=at),
            MessageSample(
                "interchange", ACKNOWLEDGED, ["interchange.received", "document.acknowledged"], headers={"standard": "x12"}, label="997",
                received_at=at,
            ),
            MessageSample(
                "interchange_again", x12(ORDER), ["interchange.received"], headers={"standard": "x12", "identity": "2"}, received_at=at
            ),
            MessageSample("document", x12(ORDER), ["order.placed"], headers=headers, received_at=at),
            MessageSample("sent", orjson.dumps(sent), ["document.sent"], received_at=at),
            MessageSample("transmission", x12(ORDER) + x12(ORDER, number=2), [], received_at=at),
        ]  # fmt: skip


class PartnerSftp(SftpHost):
    """The partner's SFTP server, whose folder `out` is collected from."""

    name = "partner-sftp"
    folders = ("out",)

    def __init__(self) -> None:
        super().__init__("what-the-hub-shows")

    def lay(self, name: str, body: bytes) -> None:
        """A file of the partner's lies ready."""
        (self.root / "out" / name).write_bytes(body)


class TestEdiPolled(PollingConformance):
    """What is collected from a partner's folder by a system of kind `edi`."""

    connector = EdiConnector
    system = "target"
    secrets: ClassVar[Mapping[str, str]] = {"box-password": "what-the-hub-shows"}
    patience = 1.0

    def target(self) -> Target:
        self._target = SimulatorTarget(PartnerSftp(), without=(Fault.THROTTLE, Fault.MALFORMED))
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        options = {
            "username": USER, "host_keys": [self._target.simulator.host_key_line], "auth": "password", "collect_from": ["out"], "timeout": 1,
        }  # fmt: skip
        content = {**CONTENT, "transports": {"box": {"kind": "sftp", "endpoint": endpoint, "options": options}}}
        context = make_context(
            EdiConnector, system=self.system, endpoint=endpoint, secrets=self.secrets, clock=clock, timeout=self.patience,
            partner=PartnerFile("acme", content, Path()), numbers=Counter(),
        )  # fmt: skip
        return EdiConnector(context)

    def polls(self) -> Sequence[PollSample]:
        async def laid(bench: Bench) -> Mapping[str, Any]:
            other = x12([ORDER[0].replace("4711", "4712"), *ORDER[1:]], number=2)
            for name, body in (("1.edi", x12(ORDER)), ("2.edi", other), ("3.edi", x12(ORDER, number=3) + x12(ORDER, number=4))):
                bench.simulator.lay(name, body)
            return {}

        return [PollSample("box", ("interchange", "transmission"), 3, prepare=laid)]


class TestMailboxPolled(PollingConformance):
    """The same folder as a mailbox of several partners."""

    connector = EdiMailbox
    system = "van"
    secrets: ClassVar[Mapping[str, str]] = {"box-password": "what-the-hub-shows"}
    patience = 1.0

    def target(self) -> Target:
        self._target = SimulatorTarget(PartnerSftp(), without=(Fault.THROTTLE, Fault.MALFORMED))
        return self._target

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        options = {
            "username": USER, "host_keys": [self._target.simulator.host_key_line], "auth": "password", "collect_from": ["out"], "timeout": 1
        }  # fmt: skip
        box = {"box": {"kind": "sftp", "endpoint": endpoint, "options": options}}
        context = make_context(
            EdiMailbox, system=self.system, endpoint=endpoint, secrets=self.secrets, clock=clock, timeout=self.patience,
            options={"transports": box},
        )  # fmt: skip
        return EdiMailbox(replace(context, clients=[("target", PartnerFile("acme", {**CONTENT, "transports": {}}, Path()))]))

    def polls(self) -> Sequence[PollSample]:
        async def laid(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.lay("1.edi", x12(ORDER))
            bench.simulator.lay("2.edi", x12(ORDER, number=2) + x12(ORDER, number=3))
            return {}

        return [PollSample("box", ("delivery",), 2, prepare=laid)]


def arrived(partner: Any, command: Command) -> int:
    """How often the partner took the document of a command: by the identity on the wire."""
    wire = message_id("target", command)
    return sum(each.idempotency_key == wire for each in partner.effects)


def _made(name: str) -> dict[str, Any]:
    money = {"amount": "18.50", "currency": USD}
    if name == "invoice.send":
        return {
            "invoice": {
                "number": "INV-1", "issue_date": "2026-11-23", "currency": USD, "order_number": "R-1", "seller": {"name": "Test Ltd"},
                "lines": [{"number": "1", "order_line": "1", "sku": "LAMP-1", "quantity": {"value": "2"},
                           "unit_price": {"amount": "9.25", "currency": USD}, "net_amount": money}],
                "payable": money,
            }
        }  # fmt: skip
    return {
        "expected_receipt": {
            "number": "RC-1", "order_number": "P00042", "warehouse": "MAIN",
            "lines": [{"number": "1", "order_line": "1", "sku": "LAMP-1", "quantity": {"value": "2"}}],
        }
    }  # fmt: skip


def test_an_order_we_do_not_carry_out_is_refused_on_the_day_it_is_written() -> None:
    clock = ManualClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    connector = TestEdi().build("http://127.0.0.1:9", clock)
    assert isinstance(connector, EdiConnector)
    command = Command("c1", "order.cancel", "target", "order/R-1", DATA["order.cancel"])
    written = letter_for(connector, command, clock.now())
    assert "*20261123" in written, written
    assert "1970" not in written
