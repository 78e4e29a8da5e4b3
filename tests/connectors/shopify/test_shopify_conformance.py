"""Shopify through the public conformance suite, against the simulated shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from crossdock.connectors.shopify.connector import ShopifyConnector
from crossdock.core.commands import Command
from crossdock.simulators.faults import Fault
from crossdock.simulators.shopify import Shopify
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

TOKEN, SECRET = "shpat_3f9c2d71e0", "whsec-7c1b2a90"
SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}
ORDER: dict[str, Any] = {
    "id": 5001,
    "name": "#1001",
    "created_at": "2026-03-04T10:00:00+01:00",
    "updated_at": "2026-03-04T10:00:02+01:00",
    "cancelled_at": None,
    "test": False,
    "email": "ada@example.org",
    "taxes_included": False,
    "currency": "EUR",
    "financial_status": "paid",
    "fulfillment_status": None,
    "current_total_price": "46.48",
    "current_total_tax": "7.42",
    "total_shipping_price_set": {"shop_money": {"amount": "5.90", "currency_code": "EUR"}},
    "shipping_lines": [{"code": "standard", "title": "Standard", "price": "5.90", "tax_lines": []}],
    "customer": {"id": 77, "first_name": "Ada", "last_name": "Byron", "email": "ada@example.org"},
    "shipping_address": {
        "name": "Ada Byron",
        "address1": "1 Analytical Way",
        "city": "London",
        "zip": "N1 7AA",
        "country_code": "GB",
    },
    "line_items": [
        {
            "id": 9001,
            "sku": "XD-001",
            "name": "Pallet jack",
            "quantity": 2,
            "current_quantity": 2,
            "price": "16.58",
            "discount_allocations": [],
            "tax_lines": [{"price": "6.30", "rate": 0.19}],
            "variant_id": 4,
        }
    ],
}
NODE: dict[str, Any] = {
    "id": "gid://shopify/Order/5001",
    "name": "#1001",
    "createdAt": "2026-03-04T09:00:00Z",
    "updatedAt": "2026-03-04T09:00:02Z",
    "taxesIncluded": False,
    "currencyCode": "EUR",
    "displayFinancialStatus": "PAID",
    "displayFulfillmentStatus": "UNFULFILLED",
    "currentTotalPriceSet": {"shopMoney": {"amount": "46.48"}},
    "currentTotalTaxSet": {"shopMoney": {"amount": "7.42"}},
    "shippingAddress": {"name": "Ada Byron", "address1": "1 Analytical Way", "countryCodeV2": "GB"},
    "lineItems": {"nodes": [{"id": "gid://shopify/LineItem/9001", "sku": "XD-001", "name": "Pallet jack", "quantity": 2}]},
}
NODE["lineItems"]["nodes"][0]["originalUnitPriceSet"] = {"shopMoney": {"amount": "16.58"}}
PRODUCT = {
    "id": 3,
    "title": "Cargo net",
    "updated_at": "2026-03-04T10:00:02+01:00",
    "status": "active",
    "variants": [{"id": 31, "sku": "NET-L", "title": "Large", "barcode": "4006381333931", "grams": 900}],
}
RETURN: dict[str, Any] = {
    "order": {"id": "gid://shopify/Order/5001", "name": "#1001"},
    "return": {
        "id": "gid://shopify/Return/7001",
        "name": "#1001-R1",
        "status": "REQUESTED",
        "createdAt": "2026-03-09T10:00:00Z",
        "returnLineItems": {
            "pageInfo": {"hasNextPage": False, "endCursor": None},
            "nodes": [
                {
                    "id": "gid://shopify/ReturnLineItem/7101",
                    "quantity": 1,
                    "returnReason": "DEFECTIVE",
                    "customerNote": "",
                    "fulfillmentLineItem": {"lineItem": {"id": "gid://shopify/LineItem/9001", "sku": "XD-001"}},
                }
            ],
        },
    },
}


def encoded(value: Mapping[str, Any], **changes: Any) -> bytes:
    return json.dumps({**value, **changes}).encode()


async def ordered(bench: Bench, prefix: str = "shop") -> dict[str, Any]:
    order = bench.simulator.place_order([("XD-001", 3), ("XD-004", 1)], seed=1)
    return {
        "refs": {f"{bench.context.system}:order_id": str(order["id"]), f"{bench.context.system}:order": "1001"},
        "order_number": "1001",
        "lines": [{"order_line": str(order["line_items"][0]["id"]), "sku": "XD-001", "quantity": "2"}],
    }


async def shipped(bench: Bench) -> Mapping[str, Any]:
    data = await ordered(bench)
    [plan] = bench.simulator.store.plans[int(data["refs"]["target:order_id"])]
    bench.simulator.store.fulfil({plan["id"]: None}, {"number": "00340", "company": "dhl"}, False)
    return {key: data[key] for key in ("refs", "order_number")}


async def several(bench: Bench) -> Mapping[str, Any]:
    bench.simulator.place_orders(8, seed=3)
    return {}


def shipment(tracking: str) -> dict[str, Any]:
    return {"number": "SH-1001-1", "order_number": "1001", "ship_to": SHIP_TO, "carrier": "DHL", "tracking_number": tracking}


def stock_count(simulator: Shopify, command: Command) -> int:
    """Setting stock again under its idempotency key is no second effect; what counts is the last level."""
    return int(any(effect.data["quantity"] == 41 for effect in simulator.effects_of("stock_set")))


class GraphQLTarget(SimulatorTarget):
    """All requests have one path: a sample's path is a piece of the GraphQL text instead."""

    def apply(self, fault: Fault, *, path: str = "*", method: str = "*", count: int = 1) -> None:
        self.simulator.faults.script(fault, count=count, method=method, contains="" if path == "*" else path)


class TestShopify(ConnectorConformance):
    connector = ShopifyConnector
    options: ClassVar[Mapping[str, Any]] = {"location": "1", "products": "events", "poll_page": 3}
    secrets: ClassVar[Mapping[str, str]] = {"access_token": TOKEN, "webhook_secret": SECRET}

    patience = 1.0

    def target(self) -> Target:
        return GraphQLTarget(Shopify(access_token=TOKEN, webhook_secret=SECRET, bucket=(20_000, 1000)))

    def commands(self) -> Sequence[CommandSample]:
        milestone = {"tracking_number": "00340", "code": "out_for_delivery", "at": "2026-03-05T08:00:00Z"}
        level = {"sku": "XD-001", "location": "WH", "on_hand": {"value": "41.9"}, "counted_at": "2026-03-05T08:00:00Z"}
        return [
            CommandSample(
                "shop.fulfil",
                {"shipment": shipment("00340"), "final": False},
                effect_kind="fulfilment",
                effect_key="1001/00340/1",
                path="fulfillmentCreate(",
                ack=("fulfilment_id",),
                prepare=ordered,
                refused={"lines": [{"order_line": "1", "sku": "NOT-ORDERED", "quantity": "1"}]},
                refused_words="fewer pieces left",
            ),
            CommandSample(
                "shop.milestone",
                {"shipment_number": "SH-1001-1", "milestone": milestone},
                effect_kind="milestone",
                effect_key="1001/00340/OUT_FOR_DELIVERY/2026-03-05T08:00:00Z/Out for delivery",
                path="fulfillmentEventCreate(",
                prepare=shipped,
            ),
            CommandSample("shop.stock", {"levels": [level]}, count=stock_count, path="inventorySetQuantities("),
            CommandSample(
                "order.cancel",
                {"reason": "out of stock (inventory)"},
                effect_kind="order_cancelled",
                effect_key="1001",
                path="orderCancel(",
                ack=("state",),
                prepare=ordered,
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        headers = {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": "b54557e4-bdd9-4b37"}
        return [RequestSample("webhook", encoded(ORDER), ["orders/create"], headers)]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        proof = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
        return {"x-shopify-hmac-sha256": proof, "x-shopify-triggered-at": at.astimezone(UTC).isoformat()}

    def messages(self) -> Sequence[MessageSample]:
        eleven = "2026-03-04T11:00:00+01:00"
        order, later, gone = (
            encoded(ORDER),
            encoded(ORDER, updated_at=eleven),
            encoded(ORDER, cancelled_at=eleven, updated_at=eleven),
        )
        changes = ("orders/updated", "orders/paid", "orders/fulfilled", "orders/partially_fulfilled")
        return [
            MessageSample("orders/create", order, ["order.placed"]),
            MessageSample("orders/updated", order, ["order.placed"], label="soon after the creation"),
            *(MessageSample(topic, later, ["order.changed"]) for topic in changes),
            MessageSample("orders/cancelled", gone, ["order.cancelled"]),
            MessageSample("orders/delete", b'{"id": 5001}', ["order.cancelled"], received_at=datetime(2026, 3, 5, tzinfo=UTC)),
            MessageSample("graphql/orders", encoded(NODE), ["order.placed"]),
            MessageSample("graphql/returns", encoded(RETURN), ["return.requested"]),
            MessageSample("orders/edited", b'{"order_edit": {"id": 1}}', []),
            MessageSample("refunds/create", b'{"id": 1, "order_id": 5001}', []),
            MessageSample("products/create", encoded(PRODUCT), ["product.changed"]),
            MessageSample("products/update", encoded(PRODUCT), ["product.changed"]),
        ]

    def streams(self) -> Sequence[Sequence[MessageSample]]:
        paid = encoded(ORDER, financial_status="refunded")
        gone = encoded(ORDER, cancelled_at="2026-03-04T10:00:02+01:00")
        return [
            [
                MessageSample("orders/create", encoded(ORDER, financial_status="pending"), ["order.placed"]),
                MessageSample("orders/updated", encoded(ORDER), ["order.changed"], label="the same second, paid"),
                MessageSample("orders/updated", paid, ["order.changed"], label="the same second, refunded"),
                MessageSample("orders/cancelled", gone, ["order.cancelled"], label="the same second, cancelled"),
                MessageSample("orders/updated", encoded(ORDER, updated_at="2026-03-04T10:00:03+01:00"), ["order.changed"]),
            ]
        ]

    def polls(self) -> Sequence[PollSample]:
        return [PollSample("orders", ["graphql/orders"], 8, prepare=several)]
