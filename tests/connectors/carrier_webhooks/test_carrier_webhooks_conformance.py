"""Each carrier's webhooks through the public conformance suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson

from crossdock.connectors.carrier_webhooks.connector import CarrierWebhooksConnector
from crossdock.simulators.carrier.push import BODIES, SECRET, CarrierPush, signature
from crossdock.testing import ConnectorConformance, MessageSample, RequestSample, SimulatorTarget, Target

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
WAY = ("booked", "picked_up", "in_transit", "out_for_delivery", "delivered")


def body(carrier: str, steps: int = len(WAY), picture: bytes = b"") -> bytes:
    history = [(step, START + timedelta(hours=6 * at)) for at, step in enumerate(WAY[:steps])]
    return orjson.dumps(BODIES[carrier]("1Z204W4R0308071865", history, "A. Smith", picture))


class CarrierPushConformance(ConnectorConformance):
    __test__ = False
    connector = CarrierWebhooksConnector
    system = "carrier"
    carrier: ClassVar[str]
    asks_target = False
    secrets: ClassVar[Mapping[str, str]] = {"webhook_secret": SECRET}
    told: ClassVar[Sequence[str]] = [*["shipment.milestone"] * 4, "shipment.delivered", "shipment.pod"]

    def target(self) -> Target:
        return SimulatorTarget(CarrierPush(self.carrier))

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("push", body(self.carrier), ["tracking.push"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return signature(self.carrier, body, secret, at)

    def messages(self) -> Sequence[MessageSample]:
        picture = MessageSample("delivery.picture", b"\xff\xd8\xff a picture", [], content_type="image/jpeg")
        return [MessageSample("tracking.push", body(self.carrier), self.told), picture]


class TestUps(CarrierPushConformance):
    __test__ = True
    carrier = "ups"
    options: ClassVar[Mapping[str, Any]] = {"carrier": "ups"}
    signs_body = False
    signs_time = False
    told: ClassVar[Sequence[str]] = ["shipment.delivered"]


class TestFedEx(CarrierPushConformance):
    __test__ = True
    carrier = "fedex"
    options: ClassVar[Mapping[str, Any]] = {"carrier": "fedex"}
    signs_time = False


class TestDhl(CarrierPushConformance):
    __test__ = True
    carrier = "dhl"
    options: ClassVar[Mapping[str, Any]] = {"carrier": "dhl"}
    signs_body = False
    signs_time = False


class TestEasyPost(CarrierPushConformance):
    __test__ = True
    carrier = "easypost"
    options: ClassVar[Mapping[str, Any]] = {"carrier": "easypost", "timestamped": True}

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return {name: value for name, value in signature("easypost", body, secret, at).items() if name != "x-hmac-signature"}


class TestShippo(CarrierPushConformance):
    __test__ = True
    carrier = "shippo"
    options: ClassVar[Mapping[str, Any]] = {"carrier": "shippo"}
    told: ClassVar[Sequence[str]] = [*["shipment.milestone"] * 4, "shipment.delivered"]
