"""Amazon through the public conformance suite, against the simulated seller account."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from crossdock.connectors.amazon.connector import AmazonConnector
from crossdock.connectors.protocol import Connector
from crossdock.core.commands import Command
from crossdock.simulators.amazon import Amazon
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
from tests.connectors.amazon.samples import ORDER, SECRETS, SETTLEMENT, SHIPMENT, encoded

NOTIFICATION = {
    "NotificationType": "ORDER_CHANGE",
    "EventTime": "2026-03-04T09:00:00Z",
    "Payload": {"OrderChangeNotification": {"AmazonOrderId": "902-1106328-0000001"}},
    "NotificationMetadata": {"NotificationId": "d0e9e693"},
}


async def ordered(bench: Bench) -> dict[str, Any]:
    order = bench.simulator.place_order([("XD-001", 3), ("XD-004", 1)], seed=1)
    return {
        "refs": {f"{bench.context.system}:order": order["orderId"]},
        "order_number": order["orderId"],
        "lines": [{"order_line": order["orderItems"][0]["orderItemId"], "sku": "XD-001", "quantity": "2"}],
    }


async def several(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.place_orders(8, seed=3)
    return {"since": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}


async def settled(bench: Bench) -> Mapping[str, Any]:
    for number in ("111", "112"):
        bench.simulator.store.settle(number, SETTLEMENT)
    return {"since": "2020-01-01T00:00:00Z"}


def count(kind: str) -> Any:
    return lambda simulator, _command: len(simulator.effects_of(kind))


def level_set(simulator: Amazon, command: Command) -> int:
    return int(simulator.store.levels["XD-001"] == 41)


class TestAmazon(ConnectorConformance):
    connector = AmazonConnector
    options: ClassVar[Mapping[str, Any]] = {
        "seller_id": "A3TH9S8BH6GOGM",
        "marketplaces": ["A1PA6795UKMFR9"],
        "settle_seconds": 0,
    }
    secrets: ClassVar[Mapping[str, str]] = SECRETS
    signs_body = False
    signs_time = False
    signing_purpose = "notification_key"
    patience = 1.0

    def target(self) -> Target:
        return SimulatorTarget(Amazon(page=3))

    def build(self, endpoint: str, clock: ManualClock) -> Connector:
        options = {**self.options, "token_url": f"{endpoint}/auth/o2/token"}
        return AmazonConnector(
            make_context(
                AmazonConnector,
                system=self.system,
                endpoint=endpoint,
                options=options,
                secrets=self.secrets,
                clock=clock,
                timeout=self.patience,
            )
        )

    def commands(self) -> Sequence[CommandSample]:
        level = {"sku": "XD-001", "location": "WH", "on_hand": {"value": "41.9"}, "counted_at": "2026-03-05T08:00:00Z"}
        unknown = {"refs": {}, "order_number": "902-0000000-0000000"}
        return [
            CommandSample(
                "shop.fulfil",
                {"shipment": SHIPMENT, "final": False},
                count=count("fulfilment"),
                path="/orders/v0/orders/*/shipmentConfirmation",
                method="POST",
                ack=("fulfilment_id",),
                prepare=ordered,
                refused=unknown,
                refused_words="does not belong to the seller",
            ),
            CommandSample(
                "shop.stock",
                {"levels": [level]},
                count=level_set,
                path="/listings/2021-08-01/items/*",
                method="PATCH",
                refused={"levels": [{**level, "on_hand": {"value": "1000000000"}}]},
                refused_words="out of range",
            ),
            CommandSample(
                "order.cancel",
                {"reason": "out of stock"},
                count=count("order_cancelled"),
                path="/feeds/2021-06-30/feeds",
                method="POST",
                ack=("state",),
                prepare=ordered,
                refused=unknown,
                refused_words="does not belong to the seller",
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("notifications", json.dumps(NOTIFICATION).encode(), ["notification"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return {"x-api-key": secret}

    def messages(self) -> Sequence[MessageSample]:
        cancelled = copy.deepcopy(ORDER)
        cancelled["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
        return [
            MessageSample("sp-api/order", encoded(), ["order.placed"]),
            MessageSample("sp-api/order", json.dumps(cancelled).encode(), ["order.cancelled"], label="cancelled"),
            MessageSample("sp-api/order", encoded(fulfillmentStatus="PENDING"), [], label="not released yet"),
            MessageSample("sp-api/order", encoded(fulfillmentStatus="SHIPPED"), [], label="shipped"),
            MessageSample("sp-api/order", encoded(fulfilledBy="AMAZON"), [], label="shipped by Amazon"),
            MessageSample("notification", json.dumps(NOTIFICATION).encode(), []),
            MessageSample("settlement", Amazon().store.settle("111", SETTLEMENT)["content"], ["payout.received"], "settlements",
                          "text/tab-separated-values"),
        ]  # fmt: skip

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        return [
            [
                MessageSample("sp-api/order", encoded(), ["order.placed"]),
                MessageSample(
                    "sp-api/order", encoded(fulfillmentStatus="PARTIALLY_SHIPPED"), ["order.placed"], label="the same second"
                ),
                MessageSample("sp-api/order", encoded(fulfillmentStatus="CANCELLED"), ["order.cancelled"], label="cancelled"),
            ]
        ]

    def polls(self) -> Sequence[PollSample]:
        return [
            PollSample("orders", ["sp-api/order"], 8, prepare=several),
            PollSample("settlements", ["settlement"], 2, prepare=settled),
        ]
