"""Odoo through the public conformance suite, on the simulator: it is the only one that misbehaves on command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson

from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.simulators.odoo import Odoo
from crossdock.testing import (
    Bench,
    CommandSample,
    ConnectorConformance,
    MessageSample,
    PollSample,
    QuestionSample,
    RequestSample,
    SimulatorTarget,
    SnapshotSample,
    Target,
)

KEY = "fedcba9876543210fedcba9876543210fedcba98"
SHIP_TO = {"name": "Ada Byron", "street": "1 Analytical Way", "city": "London", "postal_code": "N1 7AA", "country": "GB"}
ORDER = {
    "number": "1001",
    "placed_at": "2026-11-20T09:30:00+00:00",
    "customer": {"id": "C1", "name": "Ada Byron", "email": "ada@example.com"},
    "ship_to": SHIP_TO,
    "currency": "USD",
    "lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "5"}, "unit_price": {"amount": "10", "currency": "USD"}}],
    "total": {"amount": "50.00", "currency": "USD"},
}
CHANGED = {**ORDER, "lines": [{**ORDER["lines"][0], "quantity": {"value": "7"}}]}  # type: ignore[dict-item, index]
PICK = {
    "fulfilment_number": "FO-1001-1",
    "picked_at": "2026-11-23T10:00:00+00:00",
    "lines": [{"number": "1", "order_line": "1", "sku": "LAMP", "quantity": {"value": "3"}}],
}
SHIPMENT = {"number": "SH-1001-1", "order_number": "1001", "ship_to": SHIP_TO, "tracking_number": "1Z999"}
MILESTONE = {"tracking_number": "1Z999", "code": "delivered", "at": "2026-11-24T10:00:00+00:00"}


async def stocked(bench: Bench) -> Mapping[str, Any]:
    """Two products, ten lamps."""
    odoo: Odoo = bench.simulator
    env = odoo.environment()
    products = odoo.registry["product.product"]
    if products.find(env, [["default_code", "=", "LAMP"]]):
        return {}
    lamp, _ = products.insert(
        env,
        [
            {"name": name, "default_code": name, "type": "consu", "is_storable": True, "list_price": 10}
            for name in ("LAMP", "SHADE")
        ],
    )
    odoo.registry["stock.quant"].insert(env, [{"product_id": lamp, "location_id": 5, "quantity": 10.0}])
    odoo.commit(env)
    return {}


async def drafted(bench: Bench) -> Mapping[str, Any]:
    await stocked(bench)
    command = await bench.command(CommandSample("order.create", {"order": ORDER, "key": "order/shop/1001"}))
    outcome = await bench.hub.attempt(command)
    return {"erp_id": outcome.ack["erp_id"], "erp_number": outcome.ack["erp_number"], "lines": outcome.ack["lines"]}  # type: ignore[union-attr]


async def confirmed(bench: Bench) -> Mapping[str, Any]:
    made = await drafted(bench)
    command = await bench.command(CommandSample("order.confirm", {"erp_id": made["erp_id"]}))
    outcome = await bench.hub.attempt(command)
    return {**made, "transfer_id": outcome.ack["transfers"][0]["id"]}  # type: ignore[union-attr]


def quantity_is(wanted: float):  # type: ignore[no-untyped-def]
    """Whether the order's line has this quantity, as a count of effects."""

    def count(odoo: Odoo, command: Any) -> int:
        rows = odoo.store.table("sale.order.line").rows.values()
        return sum(row["product_uom_qty"] == wanted for row in rows)

    return count


def notes(odoo: Odoo, command: Any) -> int:
    """Notes about the milestone, and only when the number is written too."""
    written = [row for row in odoo.store.table("stock.picking").rows.values() if row["carrier_tracking_ref"] == "1Z999"]
    found = [row for row in odoo.store.table("mail.message").rows.values() if "delivered" in row["body"]]
    return len(found) if written else 0


class TestOdooConformance(ConnectorConformance):
    connector = OdooConnector
    system = "odoo"
    options: ClassVar[Mapping[str, Any]] = {
        "database": "odoo19",
        "write_timeout": 1.0,
        "read_timeout": 2.0,
        "contention_repeats": 1,
    }
    secrets: ClassVar[Mapping[str, str]] = {"api_key": KEY, "webhook_token": "token-nobody-guesses"}
    signing_purpose = "webhook_token"
    signs_body = False
    signs_time = False
    patience = 1.0
    retry_after = 7.0

    def target(self) -> Target:
        return SimulatorTarget(Odoo(keys={"hub": KEY}))

    def commands(self) -> Sequence[CommandSample]:
        unknown = {**ORDER, "lines": [{**ORDER["lines"][0], "sku": "NOBODY-KNOWS"}]}  # type: ignore[dict-item, index]
        far = {**PICK, "lines": [{**PICK["lines"][0], "sku": "SHADE"}]}  # type: ignore[dict-item, index]
        level = {"sku": "LAMP", "location": "WH", "on_hand": {"value": "4"}, "counted_at": "2026-11-23T10:00:00+00:00"}
        return [
            CommandSample(
                "order.create",
                {"order": ORDER, "key": "order/shop/1001"},
                effect_kind="order_created",
                effect_key="1001",
                path="/json/2/sale.order/load",
                ack=("erp_id", "erp_number", "total", "currency", "lines", "discrepancies", "references"),
                refused={"order": unknown},
                refused_words="NOBODY-KNOWS",
                prepare=stocked,
            ),
            CommandSample(
                "order.confirm",
                {},
                effect_kind="order_confirmed",
                effect_key="1001",
                path="/json/2/sale.order/action_confirm",
                ack=("transfers",),
                refused={"erp_id": "424242"},
                refused_words="424242",
                prepare=drafted,
            ),
            CommandSample(
                "order.change",
                {"order": CHANGED, "previous": ORDER},
                count=quantity_is(7.0),
                path="/json/2/sale.order/write",
                ack=("applied", "refused"),
                refused={"erp_id": "424242"},
                refused_words="424242",
                prepare=confirmed,
            ),
            CommandSample(
                "order.cancel",
                {"reason": ""},
                effect_kind="order_cancelled",
                effect_key="1001",
                path="/json/2/sale.order/action_cancel",
                ack=("state",),
                refused={"erp_id": "424242"},
                refused_words="424242",
                prepare=confirmed,
            ),
            CommandSample(
                "transfer.validate",
                {"confirmation": PICK, "shipment": SHIPMENT, "close_short": False},
                effect_kind="picking_validated",
                effect_key="1001",
                path="/json/2/stock.picking/button_validate",
                ack=("transfer", "transfer_id", "backorder", "backorder_id", "state", "references"),
                refused={"confirmation": far},
                refused_words="SHADE",
                prepare=confirmed,
            ),
            CommandSample(
                "transfer.track",
                {"tracking_number": "1Z999", "carrier": "ups", "milestone": MILESTONE},
                count=notes,
                path="/json/2/mail.message/load",
                refused={"transfer_id": "424242"},
                refused_words="424242",
                prepare=confirmed,
            ),
            CommandSample(
                "stock.adjust",
                {"levels": [level], "reference": "COUNT-7"},
                effect_kind="inventory_adjusted",
                count=lambda odoo, command: len(odoo.effects_of("inventory_adjusted")),
                path="/json/2/stock.quant/action_apply_inventory",
                ack=("adjusted",),
                refused={"levels": [{**level, "location": "MOON"}]},
                refused_words="MOON",
                prepare=stocked,
            ),
        ]

    def requests(self) -> Sequence[RequestSample]:
        body = orjson.dumps({"_model": "sale.order", "_id": 19, "id": 19, "write_date": "2026-11-23 07:10:13.022185"})
        return [RequestSample("hint", body, ["hint"])]

    def sign(self, sample: RequestSample, body: bytes, at: datetime, secret: str) -> Mapping[str, str]:
        return {"x-crossdock-token": secret}

    def messages(self) -> Sequence[MessageSample]:
        head = {"id": 7, "key": "order/shop/1001", "name": "S00007", "state": "sale", "ordered_at": "2026-11-23 10:00:00"}
        order = {**head, "currency": "USD", "total": 50.0, "shipped_from": True, "version": "2026-11-23 09:59:59", "content": "c"}
        partner = dict.fromkeys(
            ("name", "street", "street2", "city", "zip", "phone", "email", "vat", "ref", "lang", "region"), ""
        )
        partner |= {"id": 3, "name": "Ada", "company": "", "country": "GB", "is_company": False}
        line = {
            "id": 9,
            "sku": "LAMP",
            "type": "consu",
            "barcode": "4006381333931",
            "name": "Lamp",
            "quantity": 5.0,
            "unit": "C62",
        }
        line |= {
            "unit_name": "Units",
            "price_unit": 10.0,
            "discount": 0.0,
            "subtotal": 50.0,
            "tax": 0.0,
            "freight": False,
            "heading": False,
        }
        whole = {
            **order,
            "key": "",
            "customer_reference": "PO 1",
            "commitment_date": "",
            "tax": 0.0,
            "note": "",
            "customer": partner,
        }
        whole |= {"ship_to": partner, "bill_to": partner, "lines": [line], "edited": True}
        stock = {
            "product_id": 4,
            "sku": "LAMP",
            "location": "WH",
            "on_hand": "6",
            "available": "4",
            "version": "2026-11-23 10:00:00",
            "content": "c",
        }
        product = {
            "id": 4,
            "sku": "LAMP",
            "barcode": "",
            "name": "Lamp",
            "tracking": "none",
            "weight": "1.5",
            "price": 10.0,
            "currency": "USD",
        }
        product |= {"unit": "C62", "hs_code": "", "origin": "", "active": True, "version": "2026-11-23 10:00:00", "content": "c"}
        transfer = {"id": 5, "name": "WH/OUT/00001", "state": "done", "type": "outgoing", "order_id": 7, "by_hub": True}
        return [
            MessageSample("order", orjson.dumps(order), ["order.confirmed"], "orders", label="of the hub"),
            MessageSample("order", orjson.dumps(whole), ["order.confirmed"], "orders", label="entered in Odoo"),
            MessageSample(
                "order",
                orjson.dumps({**whole, "version": "2026-11-23 11:00:00"}),
                ["order.confirmed", "order.changed"],
                "orders",
                headers={"as-of": "6"},
                label="changed in Odoo",
            ),
            MessageSample("order", orjson.dumps({**order, "state": "cancel"}), ["order.cancelled"], "orders", label="cancelled"),
            MessageSample("stock", orjson.dumps(stock), ["stock.changed"], "quants", headers={"as-of": "5"}),
            MessageSample("product", orjson.dumps(product), ["product.changed"], "products"),
            MessageSample("transfer", orjson.dumps(transfer), [], "transfers"),
            MessageSample("deleted", orjson.dumps({"model": "sale.order", "id": 7}), ["order.cancelled"], "orders"),
            MessageSample("hint", b"{}", [], "hint"),
        ]

    def polls(self) -> Sequence[PollSample]:
        async def sold(bench: Bench) -> Mapping[str, Any]:
            await confirmed(bench)
            return {}

        async def moved(bench: Bench) -> Mapping[str, Any]:
            made = await confirmed(bench)
            data = {**made, "confirmation": PICK, "shipment": None, "close_short": False}
            await bench.hub.attempt(await bench.command(CommandSample("transfer.validate", data)))
            return {}

        return [
            PollSample("orders", ["order"], prepare=sold, path="/json/2/sale.order/search_read"),
            PollSample("transfers", ["transfer"], prepare=sold, path="/json/2/stock.picking/search_read"),
            PollSample("moves", ["stock"], prepare=moved, path="/json/2/stock.move/search_read"),
            PollSample("quants", ["stock"], prepare=sold, path="/json/2/stock.quant/search_read"),
            PollSample("products", ["product"], prepare=sold, path="/json/2/product.product/search_read"),
        ]

    def questions(self) -> Sequence[QuestionSample]:
        asked = {"lines": [{"sku": "LAMP", "quantity": "3"}], "warehouse": "WH"}
        return [QuestionSample("stock.available", asked, ["lines", "as_of"], stocked, "/json/2/product.product/search_read")]

    def snapshots(self) -> Sequence[SnapshotSample]:
        return [SnapshotSample(1, stocked, "/json/2/stock.quant/formatted_read_group")]
