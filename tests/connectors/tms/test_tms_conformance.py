"""The TMS through the public conformance suite."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson

from crossdock.connectors.contracts.standard_webhooks import sign
from crossdock.connectors.tms.connector import TmsConnector
from crossdock.simulators.tms import Tms
from crossdock.simulators.tms.model import Behaviour
from crossdock.simulators.tms.rest import API_KEY, WEBHOOK_SECRET
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

STOPS = [
    {"number": 1, "kind": "pick_up", "address": {"company": "Harbour & Pine", "city": "Hamburg", "country": "DE"}},
    {"number": 2, "kind": "delivery", "address": {"name": "Jo", "street": "Weg 1", "city": "Wien", "country": "AT"}},
]
INVOICE = {
    "number": "F-1",
    "carrier": "ACME",
    "issue_date": "2026-03-31",
    "currency": "EUR",
    "lines": [
        {
            "number": "1",
            "waybill": "W1",
            "kind": "base",
            "amount": {"amount": "412.40", "currency": "EUR"},
            "billed_weight_kg": "820.5",
        },
        {"number": "2", "waybill": "W1", "kind": "fuel", "amount": {"amount": "41.24", "currency": "EUR"}},
    ],
    "total": {"amount": "453.64", "currency": "EUR"},
}
ANSWER = {"answer": "accepted", "shipment_number": "SH-1", "carrier": "ACME", "carrier_reference": "PRO-1"}
QUOTE = {"shipment_number": "SH-1", "carrier": "ACME", "amount": {"amount": "453.64", "currency": "EUR"}, "zone": "3"}
MILESTONE = {"tracking_number": "T1", "code": "delivered", "at": "2026-03-04T10:00:00+01:00", "carrier": "ACME"}
PROOF = {
    "tracking_number": "T1",
    "at": "2026-03-04T10:00:00+01:00",
    "signed_by": "Jo",
    "document": base64.b64encode(b"%PDF-1.7 signed").decode(),
    "document_type": "application/pdf",
}

SCANS = (
    b'{"seq":1,"tracking_number":"T1","code":"picked_up","at":"2026-03-03T10:00:00Z"}\n'
    b'{"seq":2,"tracking_number":"T1","code":"delivered","at":"2026-03-04T10:00:00Z","carrier":"ACME"}\n'
)


def tender(number: str = "TN-1", **changes: Any) -> dict[str, Any]:
    rate = {"amount": "450.00", "currency": "EUR"}
    return {"number": number, "shipment_number": "SH-1", "stops": STOPS, "weight_kg": "812.5", "rate": rate, **changes}


def event(kind: str, data: Mapping[str, Any], seq: int = 3, **about: Any) -> bytes:
    told = {"seq": seq, "id": f"tms-{seq}", "type": kind, "occurred_at": "2026-03-04T10:00:00+01:00", "data": data}
    return orjson.dumps({**told, **about})


async def offered(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.office.offer(orjson.loads(orjson.dumps(tender("TN-9"))), "earlier-command")
    return {}


class TestTms(ConnectorConformance):
    connector = TmsConnector
    system = "tms"
    options: ClassVar[Mapping[str, Any]] = {"event_page": 3}
    secrets: ClassVar[Mapping[str, str]] = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}

    def target(self) -> Target:
        return SimulatorTarget(Tms(behaviour=Behaviour(answer_latency=None, carriers=("", "ACME"))))

    def commands(self) -> Sequence[CommandSample]:
        return [
            CommandSample(
                "tender.send",
                {"tender": tender()},
                effect_kind="tendered",
                effect_key="TN-1",
                path="/tenders/*",
                method="PUT",
                ack=("reference", "references"),
                refused={"tender": tender(carrier="NOBODY")},
                refused_words="not known",
            ),
            CommandSample(
                "tender.cancel",
                {"tender": tender("TN-9", purpose="cancellation"), "reason": "the customer took the order back"},
                effect_kind="tender_cancelled",
                effect_key="TN-9",
                path="/tenders/*/cancellation",
                method="PUT",
                ack=("status",),
                prepare=offered,
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("events", event("shipment.milestone", MILESTONE), ["shipment.milestone"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
        stamp = str(int(at.timestamp()))
        return {"webhook-id": "tms-3", "webhook-timestamp": stamp, "webhook-signature": sign(key, "tms-3", stamp, body)}

    def messages(self) -> Sequence[MessageSample]:
        return [
            MessageSample("tender.answered", event("tender.answered", ANSWER, tender="TN-1", sequence=1), ["tender.answered"]),
            MessageSample("freight.quoted", event("freight.quoted", QUOTE), ["freight.quoted"]),
            MessageSample("shipment.milestone", event("shipment.milestone", MILESTONE), ["shipment.delivered"]),
            MessageSample("shipment.pod", event("shipment.pod", PROOF), ["shipment.pod"]),
            MessageSample("freight_invoice.received", event("freight_invoice.received", INVOICE), ["freight_invoice.received"]),
            MessageSample("shipment.milestones", SCANS, ["shipment.milestone", "shipment.delivered"]),
            MessageSample("shipment.milestones.bad", SCANS.split(b"\n")[0], ["shipment.milestone"]),
            MessageSample("pod.document", b"%PDF-1.7 signed", [], content_type="application/pdf"),
        ]

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            office, at = bench.simulator.office, datetime(2026, 3, 4, 10, tzinfo=UTC)
            await offered(bench)
            office.answer("TN-9")
            office.milestone("T1", "picked_up", at)
            office.milestone("T1", "delivered", at)
            office.proof("T1", at, "Jo", b"%PDF-1.7 signed")
            office.bill(INVOICE)
            return {}

        topics = ("tender.answered", "shipment.milestone", "shipment.pod", "freight_invoice.received")

        async def scanned(bench: Bench) -> Mapping[str, Any]:
            bench.simulator.office.scan("T1", "picked_up", datetime(2026, 3, 4, 10, tzinfo=UTC))
            return {}

        return [
            PollSample("events", topics, prepare=busy, path="/events"),
            PollSample("milestones", ("shipment.milestones",), prepare=scanned, path="/milestones"),
        ]
