"""Stripe through the public conformance suite, against the simulated account."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crossdock.connectors.stripe.connector import StripeConnector
from crossdock.connectors.stripe.signature import sign
from crossdock.core.commands import Command
from crossdock.simulators.stripe import Stripe
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

KEY, HOOK = "sk_test_61f0a1b2c3d4e5", "whsec_5e4d3c2b1a0f9e"
CREATED = 1_772_600_000
METADATA = {"order_number": "1001"}
INTENT: dict[str, Any] = {
    "id": "pi_3S1",
    "object": "payment_intent",
    "amount": 4200,
    "amount_capturable": 4200,
    "amount_received": 4200,
    "currency": "eur",
    "latest_charge": "ch_3S1",
    "metadata": METADATA,
    "payment_method_types": ["card"],
    "cancellation_reason": "abandoned",
    "last_payment_error": {"code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card was declined."},
    "status": "succeeded",
}
CHARGE: dict[str, Any] = {
    "id": "ch_3S1",
    "object": "charge",
    "amount": 4200,
    "amount_captured": 4200,
    "captured": True,
    "currency": "eur",
    "failure_code": "card_declined",
    "failure_message": "Your card was declined.",
    "metadata": METADATA,
    "payment_intent": None,
    "payment_method_details": {"type": "card", "card": {"brand": "visa"}},
}
REFUND: dict[str, Any] = {
    "id": "re_3S1",
    "object": "refund",
    "amount": 1000,
    "created": CREATED,
    "currency": "eur",
    "metadata": {**METADATA, "crossdock_command": "cmd-1", "return_number": "RT-1"},
    "payment_intent": "pi_3S1",
    "charge": "ch_3S1",
    "reason": "requested_by_customer",
    "status": "succeeded",
}
DISPUTE: dict[str, Any] = {
    "id": "dp_1S1",
    "object": "dispute",
    "amount": 4200,
    "created": CREATED,
    "currency": "eur",
    "evidence_details": {"due_by": CREATED + 1_000_000},
    "metadata": {},
    "payment_intent": "pi_3S1",
    "charge": "ch_3S1",
    "reason": "fraudulent",
    "status": "needs_response",
}
PAYOUT = {
    "payout": {
        "id": "po_1S1",
        "object": "payout",
        "amount": 4091,
        "arrival_date": CREATED,
        "automatic": True,
        "created": CREATED,
        "currency": "eur",
        "trace_id": {"status": "supported", "value": "TR1"},
    },
    "transactions": [
        {
            "id": "txn_1",
            "type": "charge",
            "amount": 4200,
            "fee": 109,
            "fee_details": [{"amount": 90, "type": "stripe_fee"}, {"amount": 19, "type": "tax"}],
            "created": CREATED,
            "currency": "eur",
            "exchange_rate": None,
            "reporting_category": "charge",
            "source": {"id": "ch_3S1", "object": "charge", "payment_intent": "pi_3S1", "metadata": METADATA},
        }
    ],
}


def told(kind: str, about: Mapping[str, Any], **changes: Any) -> bytes:
    """An event of Stripe."""
    event = {"id": f"evt_{kind}", "object": "event", "created": CREATED, "livemode": False, "type": kind}
    return json.dumps({**event, "data": {"object": {**about, **changes}}}).encode()


async def authorised(bench: Bench) -> Mapping[str, Any]:
    return {"payment_reference": bench.simulator.take_payment("1001", 4200, capture=False)["id"]}


async def captured(bench: Bench) -> Mapping[str, Any]:
    return {"payment_reference": bench.simulator.take_payment("1001", 4200)["id"]}


async def traded(bench: Bench) -> Mapping[str, Any]:
    for number in range(60):
        intent = bench.simulator.take_payment(str(number), 4200)
    bench.simulator.store.refund({"payment_intent": intent["id"]}, 100, "")
    return {}


async def paid_out(bench: Bench) -> Mapping[str, Any]:
    for number in range(2):
        bench.simulator.take_payment(str(number), 4200)
        bench.simulator.pay_out()
    return {}


def counted(kind: str) -> Any:
    def count(simulator: Stripe, command: Command) -> int:
        return sum(one.key == command.data.get("payment_reference") for one in simulator.effects_of(kind))

    return count


class TestStripe(ConnectorConformance):
    connector = StripeConnector
    options: ClassVar[Mapping[str, Any]] = {"poll_events": "all"}  # there is no webhook endpoint here
    secrets: ClassVar[Mapping[str, str]] = {"secret_key": KEY, "webhook_secret": HOOK}
    patience = 1.0

    def target(self) -> Target:
        return SimulatorTarget(Stripe(secret_key=KEY, webhook_secret=HOOK))

    def commands(self) -> Sequence[CommandSample]:
        common = {"payment_reference": "pi_nobody", "order_number": "1001", "justified_by": "e-1", "approved_by": "policy:p"}
        amount = {"amount": "10.00", "currency": "EUR"}
        return [
            CommandSample(
                "payment.capture",
                {**common, "amount": {"amount": "40.00", "currency": "EUR"}},
                count=counted("payment_captured"),
                path="/v1/payment_intents/*/capture",
                method="POST",
                ack=("reference", "amount", "captured", "status", "references"),
                prepare=authorised,
                refused={"amount": {"amount": "42.01", "currency": "EUR"}},
                refused_words="greater than the amount you can capture",
            ),
            CommandSample(
                "payment.cancel",
                common,
                count=counted("payment_cancelled"),
                path="/v1/payment_intents/*/cancel",
                method="POST",
                ack=("status",),
                prepare=authorised,
                refused={"payment_reference": "pi_unknown"},
                refused_words="No such payment_intent",
            ),
            CommandSample(
                "payment.refund",
                {**common, "amount": amount, "return_number": "RT-1"},
                count=counted("refund"),
                path="/v1/refunds",
                method="POST",
                ack=("reference", "amount", "refunded", "status", "references"),
                prepare=captured,
                refused={"amount": {"amount": "42.01", "currency": "EUR"}},
                refused_words="greater than unrefunded amount",
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("webhook", told("payment_intent.succeeded", INTENT), ["payment_intent.succeeded"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        seconds = int(at.timestamp())
        return {
            "stripe-signature": f"t={seconds},v1={sign(secret, seconds, body)},v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
        }

    def messages(self) -> Sequence[MessageSample]:
        def sample(kind: str, about: Mapping[str, Any], *events: str, label: str = "", **changes: Any) -> MessageSample:
            return MessageSample(kind, told(kind, about, **changes), events, label=label)

        return [
            sample("payment_intent.amount_capturable_updated", INTENT, "payment.authorized"),
            sample("payment_intent.succeeded", INTENT, "payment.captured"),
            sample("payment_intent.payment_failed", INTENT, "payment.failed"),
            sample("payment_intent.canceled", INTENT, "payment.cancelled"),
            sample("payment_intent.created", INTENT),
            sample("charge.succeeded", CHARGE, "payment.captured"),
            sample("charge.succeeded", CHARGE, "payment.authorized", label="not captured", captured=False),
            sample("charge.succeeded", CHARGE, label="of a payment intent", payment_intent="pi_3S1"),
            sample("charge.captured", CHARGE, "payment.captured"),
            sample("charge.failed", CHARGE, "payment.failed"),
            sample("charge.expired", CHARGE, "payment.cancelled"),
            sample("charge.refunded", CHARGE),
            sample("refund.created", REFUND, "refund.completed"),
            sample("refund.created", REFUND, label="pending", status="pending"),
            sample("refund.updated", REFUND, "refund.completed"),
            sample("refund.failed", REFUND, "refund.failed", status="failed", failure_reason="lost_or_stolen_card"),
            sample("charge.refund.updated", REFUND, "refund.completed"),
            sample("charge.dispute.created", DISPUTE, "chargeback.opened"),
            sample("charge.dispute.created", DISPUTE, "chargeback.opened", label="inquiry", status="warning_needs_response"),
            sample("charge.dispute.funds_withdrawn", DISPUTE, "chargeback.opened"),
            sample("charge.dispute.closed", DISPUTE, "chargeback.closed", status="lost"),
            sample("payout.paid", PAYOUT["payout"]),  # type: ignore[arg-type]
            MessageSample("poll/payout", json.dumps(PAYOUT).encode(), ["payout.received"]),
        ]

    def polls(self) -> Sequence[PollSample]:
        return [
            PollSample("events", ["payment_intent.succeeded", "refund.created"], 121, prepare=traded, path="/v1/events"),
            PollSample("payouts", ["poll/payout"], 2, prepare=paid_out, path="/v1/payouts"),
        ]
