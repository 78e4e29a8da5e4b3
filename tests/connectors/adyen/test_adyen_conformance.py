"""Adyen through the public conformance suite, against the simulated merchant account."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crossdock.connectors.adyen.connector import AdyenConnector
from crossdock.connectors.adyen.signature import sign, signed_text
from crossdock.connectors.protocol import Connector
from crossdock.core.commands import Command
from crossdock.simulators.adyen import Adyen
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    ManualClock,
    MessageSample,
    PollSample,
    RequestSample,
    SimulatorTarget,
    Target,
    make_context,
)

MERCHANT, USER = "HarbourPineECOM", "adyen-webhooks"
SECRETS = {
    "api_key": "AQEyhmfxL4PJahZCw0m",
    "hmac_key": "9F0D1A2B3C4D5E6F708192A3B4C5D6E7F8091A2B3C4D5E6F708192A3B4C5D6E7",
    "webhook_password": "webhook-pass-5e4d3c",
    "report_user": "report@Company.HarbourPine",
    "report_password": "report-pass-2b1a0f",
}
ITEM: dict[str, Any] = {
    "additionalData": {},
    "amount": {"currency": "EUR", "value": 4200},
    "eventCode": "AUTHORISATION",
    "eventDate": "2026-03-04T10:00:00+01:00",
    "merchantAccountCode": MERCHANT,
    "merchantReference": "1001",
    "paymentMethod": "visa",
    "pspReference": "QFQTPCQ8HXSKGK82",
    "reason": "033899:1111:03/2030",
    "success": "true",
}
LATER = {"originalReference": "QFQTPCQ8HXSKGK82", "pspReference": "BHDT7Q8HXSKGKZZ3", "merchantReference": "xd:cmd-1"}
REPORT = """Merchant Account,Psp Reference,Merchant Reference,Creation Date,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number
HarbourPineECOM,QFQTPCQ8HXSKGK82,1001,2026-03-04 10:00:00,Settled,MOD1,EUR,,42.00,1,EUR,,41.50,0.30,,0.10,0.10,7
HarbourPineECOM,,,2026-03-05 10:00:00,MerchantPayout,TX0000000007XT batch 7,,,,,EUR,41.50,,,,,,7
"""


def item(code: str, **changes: Any) -> bytes:
    return json.dumps({**ITEM, "eventCode": code, **changes}).encode()


def notification(*items: dict[str, Any]) -> bytes:
    """A standard notification, its items signed."""
    signed = [
        {
            **one,
            "additionalData": {**one["additionalData"], "hmacSignature": sign(SECRETS["hmac_key"], signed_text(one).encode())},
        }
        for one in items
    ]
    return json.dumps({"live": "false", "notificationItems": [{"NotificationRequestItem": one} for one in signed]}).encode()


async def authorised(bench: Bench) -> Mapping[str, Any]:
    return {"payment_reference": bench.simulator.take_payment("1001", 4200, capture=False).psp}


async def captured(bench: Bench) -> Mapping[str, Any]:
    return {"payment_reference": bench.simulator.take_payment("1001", 4200).psp}


async def settled(bench: Bench) -> Mapping[str, Any]:
    for number in range(2):
        bench.simulator.take_payment(str(number), 4200)
        bench.simulator.settle()
    return {}


def counted(kind: str) -> Any:
    def count(simulator: Adyen, command: Command) -> int:
        return sum(one.key == command.data.get("payment_reference") for one in simulator.effects_of(kind))

    return count


class TestAdyen(ConnectorConformance):
    connector = AdyenConnector
    options: ClassVar[Mapping[str, Any]] = {"merchant_account": MERCHANT, "webhook_user": USER}
    secrets: ClassVar[Mapping[str, str]] = SECRETS
    signing_purpose = "webhook_password"
    signs_body = False  # the signatures stand in the items, over some of their fields: test_adyen_inbound
    signs_time = False
    patience = 1.0

    def target(self) -> Target:
        known = {name: value for name, value in SECRETS.items() if name != "webhook_password"}
        return SimulatorTarget(Adyen(merchant=MERCHANT, user=USER, password=SECRETS["webhook_password"], **known))  # type: ignore[arg-type]

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        options = {**self.options, "reports_endpoint": endpoint}
        return AdyenConnector(
            make_context(
                AdyenConnector,
                system=self.system,
                endpoint=endpoint,
                options=options,
                secrets=self.secrets,
                clock=clock,
                timeout=self.patience,
            )
        )

    def commands(self) -> Sequence[CommandSample]:
        common = {"payment_reference": "NOBODY", "order_number": "1001", "justified_by": "e-1", "approved_by": "policy:p"}
        unknown = {"payment_reference": "UNKNOWN0UNKNOWN0"}
        return [
            CommandSample(
                "payment.capture",
                {**common, "amount": {"amount": "40.00", "currency": "EUR"}},
                count=counted("payment_captured"),
                path="/v71/payments/*/captures",
                ack=("reference", "amount", "status", "references"),
                prepare=authorised,
                refused=unknown,
                refused_words="Original pspReference required",
            ),
            CommandSample(
                "payment.cancel",
                common,
                count=counted("payment_cancelled"),
                path="/v71/payments/*/cancels",
                ack=("reference", "status"),
                prepare=authorised,
                refused=unknown,
                refused_words="Original pspReference required",
            ),
            CommandSample(
                "payment.refund",
                {**common, "amount": {"amount": "10.00", "currency": "EUR"}, "return_number": "RT-1"},
                count=counted("refund"),
                path="/v71/payments/*/refunds",
                ack=("reference", "amount", "status", "references"),
                prepare=captured,
                refused={"amount": {"amount": "10.00", "currency": "USD"}},
                refused_words="Unsupported currency",
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        capture = {**ITEM, **LATER, "eventCode": "CAPTURE"}
        return [
            RequestSample("webhook", notification(ITEM), ["AUTHORISATION"]),
            RequestSample("webhook", notification(ITEM, capture), ["AUTHORISATION", "CAPTURE"]),
        ]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return {"authorization": f"Basic {base64.b64encode(f'{USER}:{secret}'.encode()).decode()}"}

    def messages(self) -> Sequence[MessageSample]:
        def later(code: str, *events: str, label: str = "", **changes: Any) -> MessageSample:
            return MessageSample(code, item(code, **{**LATER, **changes}), events, label=label)

        failed = {"success": "false", "reason": "Insufficient balance on payment"}
        cancel = {"additionalData": {"modification.action": "cancel"}}
        return [
            MessageSample("AUTHORISATION", item("AUTHORISATION"), ["payment.authorized"]),
            MessageSample("AUTHORISATION", item("AUTHORISATION", success="false"), ["payment.failed"], label="refused"),
            MessageSample("AUTHORISATION", item("AUTHORISATION", amount={"currency": "EUR", "value": 0}), [], label="of nothing"),
            later("AUTHORISATION_ADJUSTMENT", "payment.authorized"),
            later("CAPTURE", "payment.captured"),
            later("CAPTURE", "payment.failed", label="failed", **failed),
            later("CAPTURE_FAILED", "payment.failed"),
            later("CANCELLATION", "payment.cancelled"),
            later("TECHNICAL_CANCEL", "payment.cancelled"),
            later("EXPIRE", "payment.cancelled"),
            later("CANCEL_OR_REFUND", "payment.cancelled", label="cancelled", **cancel),
            later("CANCEL_OR_REFUND", "refund.completed", label="refunded"),
            later("REFUND", "refund.completed"),
            later("REFUND", "refund.failed", label="failed", **failed),
            later("REFUND_FAILED", "refund.failed"),
            later("REFUNDED_REVERSED", "refund.failed"),
            later("NOTIFICATION_OF_CHARGEBACK", "chargeback.opened"),
            later("CHARGEBACK", "chargeback.opened"),
            later("SECOND_CHARGEBACK", "chargeback.opened"),
            later("CHARGEBACK_REVERSED", "chargeback.closed"),
            later("ISSUER_RESPONSE_TIMEFRAME_EXPIRED", "chargeback.closed"),
            later("DISPUTE_DEFENSE_PERIOD_ENDED", "chargeback.closed"),
            later("PREARBITRATION_WON", "chargeback.closed"),
            later("PREARBITRATION_LOST", "chargeback.closed"),
            later("REPORT_AVAILABLE"),
            MessageSample("balancePlatform.transfer.updated", b'{"data": {}}', []),
            MessageSample("report/settlement", REPORT.encode(), ["payout.received"], content_type="text/csv"),
        ]

    def polls(self) -> Sequence[PollSample]:
        return [PollSample("settlements", ["report/settlement"], 2, prepare=settled, path="/reports/*")]
