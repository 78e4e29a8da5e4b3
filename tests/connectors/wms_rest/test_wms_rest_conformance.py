"""The REST warehouse through the public conformance suite, once with an API key and once with OAuth 2 tokens."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from crossdock.connectors.contracts.standard_webhooks import sign
from crossdock.connectors.wms_rest.connector import WmsRestConnector
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour
from crossdock.simulators.wms.rest import API_KEY, CLIENT, WEBHOOK_SECRET
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    MessageSample,
    PollSample,
    RequestSample,
    SimulatorTarget,
    SnapshotSample,
    Target,
)

SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


def order(number: str, **changes: Any) -> dict[str, Any]:
    lines = [
        {"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": {"value": "3", "unit": "C62"}},
        {"number": "2", "order_line": "20", "sku": "LOT-GLUE", "quantity": {"value": "2", "unit": "C62"}},
    ]
    return {"number": number, "order_number": "1001", "warehouse": "MAIN", "ship_to": SHIP_TO, "lines": lines, **changes}


def event(kind: str, data: Mapping[str, Any], seq: int = 3, sequence: int = 1) -> bytes:
    body = {"seq": seq, "id": f"evt-{seq}", "type": kind, "occurred_at": "2026-03-04T10:00:00+01:00", "data": data}
    if kind != "stock.changed":
        body |= {"fulfilment": "FO-1001-1", "sequence": sequence}
    return orjson.dumps(body)


def receipt(number: str = "RC-P1-1", version: int = 1, **changes: Any) -> dict[str, Any]:
    lines = [
        {"number": "1", "order_line": "31", "sku": "LAMP-1", "quantity": {"value": "40"}},
        {"number": "2", "order_line": "32", "sku": "LOT-GLUE", "quantity": {"value": "5"}, "lot": "G7", "expiry": "2027-06-30"},
    ]
    return {"number": number, "version": version, "order_number": "P00001", "despatch_number": "D-9", "lines": lines, **changes}


RECEIVED = {
    "number": "GR-1",
    "confirmation": 1,
    "order_number": "P00001",
    "received_at": "2026-03-04T09:00:00Z",
    "final": True,
    "lines": [
        {"number": "1", "order_line": "31", "sku": "LAMP-1", "quantity": "38"},
        {"number": "2", "order_line": "31", "sku": "LAMP-1", "quantity": "2", "condition": "damaged", "reason": "wet"},
        {"number": "3", "order_line": "32", "sku": "GLUE", "quantity": "5.5", "unit": "KGM", "lot": "G7", "expiry": "2027-06-30"},
    ],
}


def received(sequence: int = 1, **changes: Any) -> bytes:
    body = {"seq": 9, "id": f"evt-r{sequence}", "type": "receipt.completed", "occurred_at": "2026-03-04T10:00:00+01:00"}
    return orjson.dumps({**body, "receipt": "RC-P1-1", "sequence": sequence, "data": {**RECEIVED, **changes}})


def expected_return(number: str = "RT-1001-1", version: int = 1, **changes: Any) -> dict[str, Any]:
    lines = [{"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": {"value": "2"}, "reason": "does_not_fit"}]
    return {"number": number, "version": version, "order_number": "1001", "lines": lines, **changes}


RETURNED = {
    "number": "RR-1",
    "confirmation": 1,
    "order_number": "1001",
    "received_at": "2026-03-09T09:00:00Z",
    "final": True,
    "lines": [
        {"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": "1", "grade": "resaleable"},
        {"number": "2", "order_line": "10", "sku": "VASE", "quantity": "1", "grade": "wrong_item", "instead_of": "LAMP-1"},
    ],
}


def returned(sequence: int = 1, **changes: Any) -> bytes:
    body = {"seq": 12, "id": f"evt-b{sequence}", "type": "return.received", "occurred_at": "2026-03-09T10:00:00+01:00"}
    return orjson.dumps({**body, "return": "RT-1001-1", "sequence": sequence, "data": {**RETURNED, **changes}})


PICK = {
    "confirmation": 1,
    "final": True,
    "picked_at": "2026-03-04T09:58:00Z",
    "warehouse_reference": "W1",
    "lines": [
        {"number": "1", "order_line": "10", "sku": "LAMP-1", "quantity": "2", "package": "C1"},
        {
            "number": "2",
            "order_line": "20",
            "sku": "GLUE-ALT",
            "quantity": "1.5",
            "unit": "KGM",
            "lot": "L7",
            "substituted_for": "GLUE",
        },
    ],
    "packages": [{"reference": "C1", "sscc": "340123450000000011", "weight_kg": "1.270"}],
}
STATUS = {"status": "accepted", "warehouse_reference": "W1"}
DISPATCH = {"shipment": "S-1", "order_number": "1001", "ship_to": SHIP_TO, "tracking_number": "WH1", "lines": PICK["lines"]}
STOCK = {"levels": [{"sku": "LAMP-1", "location": "A-01", "on_hand": "5"}, {"sku": "GLUE", "on_hand": "7.25"}], "reason": "pick"}


async def released(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.warehouse.release(orjson.loads(orjson.dumps(flat(order("FO-1001-9")))), "earlier-command")
    return {}


def flat(canonical: dict[str, Any]) -> dict[str, Any]:
    lines = [{**line, "quantity": line["quantity"]["value"]} for line in canonical["lines"]]
    return {**canonical, "lines": lines}


async def announced(bench: Bench) -> Mapping[str, Any]:
    body = orjson.loads(orjson.dumps(flat(receipt("RC-P1-9"))))
    bench.simulator.warehouse.dock.expect(body, "earlier-command")
    return {}


async def awaited(bench: Bench) -> Mapping[str, Any]:
    body = orjson.loads(orjson.dumps(flat(expected_return("RT-1001-9"))))
    bench.simulator.warehouse.returns.expect(body, "earlier-command")
    return {}


async def stocked(bench: Bench) -> Mapping[str, Any]:
    for number in range(25):
        bench.simulator.warehouse.count(f"SKU-{number}", number, tell=False)
    return {}


class TestWmsRest(ConnectorConformance):
    connector = WmsRestConnector
    system = "wms"
    options: ClassVar[Mapping[str, Any]] = {"inventory_page": 10, "event_page": 3}
    secrets: ClassVar[Mapping[str, str]] = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}

    def target(self) -> Target:
        return SimulatorTarget(Wms(behaviour=Behaviour(pick_latency=None, receipt_latency=None, return_latency=None)))

    def commands(self) -> Sequence[CommandSample]:
        return [
            CommandSample(
                "fulfilment.release",
                {"fulfilment": order("FO-1001-1")},
                effect_kind="fulfilment_released",
                path="/fulfilments/*",
                method="PUT",
                ack=("warehouse_reference", "references"),
                refused={"fulfilment": {**order("FO-1001-1"), "lines": [{**order("x")["lines"][0], "quantity": {"value": "0"}}]}},
                refused_words="above zero",
            ),
            CommandSample(
                "fulfilment.cancel",
                {"fulfilment_number": "FO-1001-9", "reason": "customer changed her mind"},
                effect_kind="fulfilment_cancelled",
                path="/fulfilments/*/cancellation",
                method="PUT",
                ack=("status",),
                prepare=released,
            ),
            CommandSample(
                "receipt.expect",
                {"expected_receipt": receipt()},
                effect_kind="receipt_expected",
                effect_key="RC-P1-1",
                path="/receipts/*",
                method="PUT",
                ack=("warehouse_reference",),
                refused={"expected_receipt": receipt(lines=[{**receipt()["lines"][0], "quantity": {"value": "0"}}])},
                refused_words="above zero",
            ),
            CommandSample(
                "receipt.cancel",
                {"receipt_number": "RC-P1-9", "order_number": "P00001", "reason": "the supplier took it back"},
                effect_kind="receipt_cancelled",
                effect_key="RC-P1-9",
                path="/receipts/*/cancellation",
                method="PUT",
                ack=("status",),
                prepare=announced,
            ),
            CommandSample(
                "return.expect",
                {"expected_return": expected_return()},
                effect_kind="return_expected",
                effect_key="RT-1001-1",
                path="/returns/*",
                method="PUT",
                ack=("warehouse_reference",),
            ),
            CommandSample(
                "return.cancel",
                {"return_number": "RT-1001-9", "order_number": "1001", "reason": "the customer keeps it"},
                effect_kind="return_cancelled",
                effect_key="RT-1001-9",
                path="/returns/*/cancellation",
                method="PUT",
                ack=("status",),
                prepare=awaited,
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("events", event("picking.completed", PICK), ["picking.completed"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
        stamp = str(int(at.timestamp()))
        return {"webhook-id": "evt-3", "webhook-timestamp": stamp, "webhook-signature": sign(key, "evt-3", stamp, body)}

    def messages(self) -> Sequence[MessageSample]:
        return [
            MessageSample("fulfilment.status", event("fulfilment.status", STATUS), ["fulfilment.status"]),
            MessageSample("picking.completed", event("picking.completed", PICK), ["picking.completed"]),
            MessageSample("shipment.dispatched", event("shipment.dispatched", DISPATCH), ["shipment.dispatched"]),
            MessageSample("receipt.completed", received(), ["receipt.completed"]),
            MessageSample("return.received", returned(), ["return.received"]),
            MessageSample("stock.changed", event("stock.changed", STOCK), ["stock.changed", "stock.changed"]),
        ]

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        return [
            [
                MessageSample("fulfilment.status", event("fulfilment.status", STATUS, 3, 1), ["fulfilment.status"]),
                MessageSample("picking.completed", event("picking.completed", PICK, 4, 2), ["picking.completed"]),
                MessageSample("shipment.dispatched", event("shipment.dispatched", DISPATCH, 6, 3), ["shipment.dispatched"]),
            ],
            [MessageSample("receipt.completed", received(n, confirmation=n), ["receipt.completed"]) for n in (1, 2)],
            [MessageSample("return.received", returned(n, confirmation=n), ["return.received"]) for n in (1, 2)],
        ]

    def polls(self) -> Sequence[PollSample]:
        async def busy(bench: Bench) -> Mapping[str, Any]:
            warehouse = bench.simulator.warehouse
            for number in range(3):
                warehouse.release(flat(order(f"FO-{number}")), f"key-{number}")
                warehouse.pick(f"FO-{number}")
            await announced(bench)
            warehouse.dock.receive("RC-P1-9")
            await awaited(bench)
            warehouse.returns.receive("RT-1001-9")
            return {}

        return [
            PollSample(
                "events",
                ("fulfilment.status", "picking.completed", "receipt.completed", "return.received", "stock.changed"),
                prepare=busy,
                path="/events",
            )
        ]

    def snapshots(self) -> Sequence[SnapshotSample]:
        return [SnapshotSample(25, prepare=stocked, path="/inventory")]


class TestWmsRestOverOAuth(TestWmsRest):
    options: ClassVar[Mapping[str, Any]] = {
        "auth": {"kind": "oauth2", "token_url": "/oauth/token", "scope": "warehouse"},
        "inventory_page": 10,
        "event_page": 3,
    }
    secrets: ClassVar[Mapping[str, str]] = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "webhook_secret": WEBHOOK_SECRET}
