"""WooCommerce through the public conformance suite, against the simulated shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from crossdock.connectors.woocommerce.connector import WooCommerceConnector
from crossdock.core.commands import Command
from crossdock.simulators.woocommerce import WooCommerce
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

KEY, SECRET, HOOK = "ck_61f0a1b2c3", "cs_9d8e7f6a5b", "whsec-5e4d3c2b1a"
SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}
PERSON = {"first_name": "Ada", "last_name": "Byron", "company": "", "address_1": "1 Analytical Way", "address_2": ""}
PLACE = {"city": "London", "state": "", "postcode": "N1 7AA", "country": "GB"}
ORDER: dict[str, Any] = {
    "id": 727,
    "number": "727",
    "order_key": "wc_order_58d2d042d1d",
    "status": "processing",
    "currency": "EUR",
    "prices_include_tax": False,
    "date_created_gmt": "2026-03-04T09:00:00",
    "date_modified_gmt": "2026-03-04T09:00:00",
    "date_paid_gmt": "2026-03-04T09:00:00",
    "date_completed_gmt": None,
    "shipping_total": "5.90",
    "total_tax": "7.42",
    "total": "46.48",
    "customer_id": 0,
    "customer_note": "",
    "payment_method": "stripe",
    "billing": {**PERSON, **PLACE, "email": "ada@example.org", "phone": "+44 20 7946 0000"},
    "shipping": {**PERSON, **PLACE},
    "meta_data": [],
    "line_items": [
        {
            "id": 315,
            "name": "Pallet jack",
            "product_id": 93,
            "quantity": 2,
            "subtotal": "33.16",
            "total": "33.16",
            "total_tax": "6.30",
            "sku": "XD-001",
        }
    ],
    "shipping_lines": [{"id": 317, "method_id": "flat_rate", "method_title": "Flat rate", "total": "5.90"}],
    "fee_lines": [],
}


def encoded(**changes: Any) -> bytes:
    return json.dumps({**ORDER, **changes}).encode()


async def ordered(bench: Bench) -> dict[str, Any]:
    order = bench.simulator.place_order([("XD-001", 3), ("XD-004", 1)], seed=1, payment_method="stripe", status="processing")
    return {
        "refs": {f"{bench.context.system}:order_id": str(order["id"]), f"{bench.context.system}:order": order["number"]},
        "order_number": order["number"],
        "lines": [{"order_line": str(order["line_items"][0]["id"]), "sku": "XD-001", "quantity": "2"}],
    }


async def cancelled(bench: Bench) -> Mapping[str, Any]:
    data = await ordered(bench)
    bench.simulator.store.update(int(data["refs"]["target:order_id"]), {"status": "cancelled"})
    return data


async def several(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.place_orders(8, seed=3)
    return {}


def shipment(number: str) -> dict[str, Any]:
    return {"number": number, "order_number": "727", "ship_to": SHIP_TO, "carrier": "DHL", "tracking_number": "00340"}


def shown(simulator: WooCommerce, command: Command) -> int:
    """How often the shipment is really shown: the custom field once, the customer's note once, the order complete when it is final."""
    fields = [effect for effect in simulator.effects_of("fulfilment") if effect.idempotency_key == command.id]
    notes = simulator.effects_of("note")
    complete = simulator.effects_of("order_completed")
    whole = fields and notes and (complete or not command.data["final"])
    return max(len(fields), len(notes), len(complete)) if whole else 0


def level_set(simulator: WooCommerce, command: Command) -> int:
    return sum(effect.idempotency_key == command.id for effect in simulator.effects_of("stock_set"))


class TestWooCommerce(ConnectorConformance):
    connector = WooCommerceConnector
    options: ClassVar[Mapping[str, Any]] = {"poll_page": 3}
    secrets: ClassVar[Mapping[str, str]] = {"consumer_key": KEY, "consumer_secret": SECRET, "webhook_secret": HOOK}
    signs_time = False

    patience = 1.0

    def target(self) -> Target:
        return SimulatorTarget(WooCommerce(consumer_key=KEY, consumer_secret=SECRET, webhook_secret=HOOK))

    def commands(self) -> Sequence[CommandSample]:
        milestone = {"tracking_number": "00340", "code": "out_for_delivery", "at": "2026-03-05T08:00:00Z"}
        level = {"sku": "XD-001", "location": "WH", "on_hand": {"value": "41.9"}, "counted_at": "2026-03-05T08:00:00Z"}
        refused = {"refs": {"target:order_id": "4711"}}
        return [
            CommandSample(
                "shop.fulfil",
                {"shipment": shipment("SH-1"), "final": False},
                count=shown,
                path="/wp-json/wc/v3/orders/*/notes",
                method="POST",
                ack=("fulfilment_id",),
                prepare=ordered,
                refused=refused,
                refused_words="Invalid ID",
                label="the note",
            ),
            CommandSample(
                "shop.fulfil",
                {"shipment": shipment("SH-2"), "final": True},
                count=shown,
                path="/wp-json/wc/v3/orders/*",
                method="PUT",
                prepare=ordered,
                label="the last shipment",
            ),
            CommandSample(
                "shop.milestone",
                {"shipment_number": "SH-1", "milestone": milestone},
                count=lambda simulator, _command: len(simulator.effects_of("note")),
                path="/wp-json/wc/v3/orders/*/notes",
                method="POST",
                prepare=ordered,
            ),
            CommandSample(
                "shop.stock", {"levels": [level]}, count=level_set, path="/wp-json/wc/v3/products/batch", method="POST"
            ),
            CommandSample(
                "order.cancel",
                {"reason": "out of stock"},
                count=lambda simulator, _command: len(simulator.effects_of("order_cancelled")),
                path="/wp-json/wc/v3/orders/*",
                method="PUT",
                ack=("state",),
                prepare=ordered,
                refused=refused,
                refused_words="Invalid ID",
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        return [RequestSample("webhook", encoded(), ["order.created"], {"x-wc-webhook-topic": "order.created"})]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        proof = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return {"x-wc-webhook-signature": proof, "x-wc-webhook-delivery-id": hashlib.sha256(str(at).encode()).hexdigest()[:32]}

    def messages(self) -> Sequence[MessageSample]:
        later = encoded(date_modified_gmt="2026-03-04T11:00:00")
        return [
            MessageSample("order.created", encoded(), ["order.placed"]),
            MessageSample("order.updated", encoded(), ["order.placed"], label="soon after the payment"),
            MessageSample("order.updated", later, ["order.changed"]),
            MessageSample("order.updated", encoded(status="cancelled"), ["order.cancelled"], label="cancelled"),
            MessageSample("order.updated", encoded(status="pending", date_paid_gmt=None), [], label="not paid yet"),
            MessageSample("order.updated", encoded(status="completed"), [], label="completed"),
            MessageSample("order.restored", later, ["order.placed"]),
            MessageSample("rest/orders", later, ["order.placed"]),
            MessageSample("order.deleted", b'{"id": 727}', ["order.cancelled"], received_at=datetime(2026, 3, 5, tzinfo=UTC)),
            MessageSample("product.updated", b'{"id": 93, "sku": "XD-001"}', []),
        ]

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        return [
            [
                MessageSample("order.created", encoded(status="on-hold"), ["order.placed"]),
                MessageSample("order.updated", encoded(), ["order.placed"], label="the same second, paid"),
                MessageSample(
                    "order.updated", encoded(status="cancelled"), ["order.cancelled"], label="the same second, cancelled"
                ),
                MessageSample("order.updated", encoded(date_modified_gmt="2026-03-04T09:00:01"), ["order.placed"]),
            ]
        ]

    def polls(self) -> Sequence[PollSample]:
        return [PollSample("orders", ["rest/orders"], 8, prepare=several)]

    async def test_a_closed_order_takes_no_shipment(self, bench: Bench) -> None:
        sample = self.commands()[0]
        command = await bench.command(sample, prepared=False, **await cancelled(bench))
        outcome = await bench.attempt(command)
        assert getattr(outcome, "code", "") == "deliver.refused"
        assert bench.simulator.effects_of("fulfilment") == []
