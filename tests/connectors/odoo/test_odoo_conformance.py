"""Odoo through the public conformance suite, on the simulator: it is the only one that misbehaves on command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import orjson
import paper_samples

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
ADMIN_KEY = "0123456789abcdef0123456789abcdef01234567"
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
PARTY = {"name": "Somebody"}
WANTED: dict[str, Any] = {
    "number": "P00001",
    "ordered_at": "2026-11-20T09:30:00+00:00",
    "buyer": PARTY,
    "supplier": PARTY,
    "ship_to": PARTY,
    "currency": "USD",
    "lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "10"}, "unit_price": {"amount": "4", "currency": "USD"}}],
    "total": {"amount": "40", "currency": "USD"},
}
RECEIPT: dict[str, Any] = {
    "number": "R-1",
    "expected_number": "ER-1",
    "received_at": "2026-11-23T10:00:00+00:00",
    "lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "6"}}],
}
INVOICE: dict[str, Any] = {
    "number": "INV-7",
    "issue_date": "2026-11-23",
    "currency": "USD",
    "seller": PARTY,
    "lines": [
        {
            "number": "1",
            "quantity": {"value": "6"},
            "unit_price": {"amount": "4", "currency": "USD"},
            "net_amount": {"amount": "24", "currency": "USD"},
            "tax_percent": "15",
        }
    ],
    "payable": {"amount": "27.60", "currency": "USD"},
}
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


async def bought(bench: Bench) -> Mapping[str, Any]:
    """Ten lamps ordered from a supplier, and what the commands about them carry."""
    await stocked(bench)
    odoo: Odoo = bench.simulator
    env = odoo.environment()
    orders = odoo.registry["purchase.order"]
    if not orders.find(env, []):
        lamp = odoo.registry["product.product"].find(env, [["default_code", "=", "LAMP"]])[0]
        vendor = odoo.registry["res.partner"].insert(env, [{"name": "Lamp Works", "is_company": True, "country_id": 57}])[0]
        line = {"product_id": lamp, "product_qty": 10, "price_unit": 4, "date_planned": "2026-12-24 08:00:00"}
        made = orders.insert(env, [{"partner_id": vendor, "order_line": [[0, 0, line]]}])
        orders.button_confirm(env, made)  # type: ignore[attr-defined]
        odoo.commit(env)
    number = str(odoo.registry["purchase.order.line"].find(env, [])[0])
    line = {**WANTED["lines"][0], "number": number}
    return {
        "erp_id": str(orders.find(env, [])[0]),
        "purchase_order": {**WANTED, "lines": [{**line, "quantity": {"value": "7"}}]},
        "previous_purchase_order": {**WANTED, "lines": [line]},
        "receipt": {**RECEIPT, "lines": [{**RECEIPT["lines"][0], "order_line": number}]},
        "invoice": {**INVOICE, "lines": [{**INVOICE["lines"][0], "order_line": number}]},
    }


async def shipped(bench: Bench) -> Mapping[str, Any]:
    """Three of five lamps delivered."""
    made = await confirmed(bench)
    data = {**made, "confirmation": PICK, "shipment": None, "close_short": False}
    await bench.hub.attempt(await bench.command(CommandSample("transfer.validate", data)))
    return {"erp_id": made["erp_id"], "lines": made["lines"]}


def taken_in(made: Mapping[str, Any]) -> CommandSample:
    """The receipt of what was bought."""
    return CommandSample("receipt.validate", {"erp_id": made["erp_id"], "receipt": made["receipt"], "close": False})


def ordered_is(wanted: float):  # type: ignore[no-untyped-def]
    """Whether the purchase order's line has this quantity, as a count of effects."""

    def count(odoo: Odoo, command: Any) -> int:
        return sum(row["product_qty"] == wanted for row in odoo.store.table("purchase.order.line").rows.values())

    return count


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
        **paper_samples.OPTIONS,
    }
    secrets: ClassVar[Mapping[str, str]] = {"api_key": KEY, "webhook_token": "token-nobody-guesses", "valuation_key": ADMIN_KEY}
    signing_purpose = "webhook_token"
    signs_body = False
    signs_time = False
    patience = 1.0
    retry_after = 7.0

    def target(self) -> Target:
        return SimulatorTarget(Odoo(keys={"hub": KEY, "admin": ADMIN_KEY}))

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
            CommandSample(
                "purchase_order.update",
                {},
                count=ordered_is(7.0),
                path="/json/2/purchase.order/write",
                ack=("applied", "refused", "discrepancies", "references"),
                refused={"erp_id": "424242"},
                refused_words="424242",
                prepare=bought,
            ),
            CommandSample(
                "receipt.validate",
                {"close": False},
                effect_kind="picking_validated",
                effect_key="P00001",
                path="/json/2/stock.picking/button_validate",
                ack=("transfer", "transfer_id", "backorder", "backorder_id", "state", "received", "discrepancies", "references"),
                refused={"receipt": {**RECEIPT, "lines": [{**RECEIPT["lines"][0], "sku": "SHADE"}]}},
                refused_words="SHADE",
                prepare=bought,
            ),
            CommandSample(
                "bill.create",
                {},
                effect_kind="bill_created",
                effect_key="INV-7",
                path="/json/2/account.move/load",
                ack=("bill_id", "total", "currency", "state", "discrepancies", "references"),
                refused={"invoice": {**INVOICE, "lines": [{**INVOICE["lines"][0], "tax_percent": "13.5"}]}},
                refused_words="13.5",
                prepare=bought,
            ),
            *paper_samples.samples(shipped, bought, taken_in),
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
        supplier = {**partner, "id": 9, "name": "Lamp Works", "ref": "SUP-7"}
        wanted = {
            "id": 7,
            "sku": "LAMP",
            "barcode": "4006381333931",
            "type": "consu",
            "supplier_sku": "L-1",
            "supplier_name": "",
            "name": "Lamp",
            "quantity": 10.0,
            "unit": "C62",
            "unit_name": "Units",
            "price_unit": 4.0,
            "discount": 0.0,
            "subtotal": 40.0,
            "planned": "2026-12-24 08:00:00",
        }
        bought = {
            "id": 3,
            "name": "P00003",
            "state": "purchase",
            "ordered_at": "2026-11-23 09:00:00",
            "confirmed_at": "2026-11-23 10:00:00",
            "planned": "2026-12-24 08:00:00",
            "currency": "USD",
            "tax": 6.0,
            "total": 46.0,
            "supplier_order_number": "",
            "origin": "",
            "incoterm": "EXW",
            "payment_terms": "30 Days",
            "warehouse": "WH",
            "note": "",
            "supplier": supplier,
            "buyer": partner,
            "ship_to": partner,
            "lines": [wanted],
            "version": "2026-11-23 09:59:59",
            "content": "c",
        }
        paper = {
            "id": 8,
            "wish": "W-1",
            "name": "INV/2026/00001",
            "kind": "out_invoice",
            "state": "posted",
            "payment_state": "paid",
            "currency": "USD",
            "untaxed": 50.0,
            "tax": 0.0,
            "total": 50.0,
            "residual": 0.0,
            "date": "2026-11-23",
            "due": "2026-12-23",
            "reference": "INV/2026/00001",
            "reverses": "",
            "customer": partner,
            "orders": [{"id": 7, "name": "S00007", "key": "order/shop/1001"}],
            "lines": [{**line, "order_line": "1", "kind": "goods", "gross": 50.0}],
            "version": "2026-11-23 10:00:00",
            "content": "c",
        }
        draft = {**paper, "name": "", "state": "draft", "payment_state": "not_paid", "residual": 50.0, "date": "", "due": ""}
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
            MessageSample("purchase", orjson.dumps(bought), ["purchase_order.confirmed"], "purchases", label="bought"),
            MessageSample(
                "purchase",
                orjson.dumps({**bought, "version": "2026-11-23 11:00:00"}),
                ["purchase_order.confirmed", "purchase_order.changed"],
                "purchases",
                headers={"as-of": "6", "written-by": "hub"},
                label="bought and changed",
            ),
            MessageSample(
                "purchase",
                orjson.dumps({**bought, "state": "cancel"}),
                ["purchase_order.cancelled"],
                "purchases",
                label="taken back",
            ),
            MessageSample("receipt", orjson.dumps({"id": 5, "name": "WH/IN/00001", "by_hub": True}), [], "receipts"),
            MessageSample(
                "invoice",
                orjson.dumps(paper),
                ["customer_invoice.posted", "customer_invoice.paid"],
                "invoices",
                headers={"as-of": "5"},
                label="paid",
            ),
            MessageSample("invoice", orjson.dumps(draft), ["customer_invoice.created"], "invoices", label="draft"),
            MessageSample("deleted", orjson.dumps({"model": "sale.order", "id": 7}), ["order.cancelled"], "orders"),
            MessageSample("hint", b"{}", [], "hint"),
        ]

    def polls(self) -> Sequence[PollSample]:
        async def sold(bench: Bench) -> Mapping[str, Any]:
            await confirmed(bench)
            return {}

        async def ordered(bench: Bench) -> Mapping[str, Any]:
            await bought(bench)
            return {}

        async def arrived(bench: Bench) -> Mapping[str, Any]:
            made = await bought(bench)
            await bench.hub.attempt(await bench.command(taken_in(made)))
            return {}

        async def moved(bench: Bench) -> Mapping[str, Any]:
            await shipped(bench)
            return {}

        async def invoiced(bench: Bench) -> Mapping[str, Any]:
            data = {**await shipped(bench), **paper_samples.REASON, "invoice_request": paper_samples.REQUEST}
            await bench.hub.attempt(await bench.command(CommandSample("invoice.create", data)))
            return {}

        return [
            PollSample("orders", ["order"], prepare=sold, path="/json/2/sale.order/search_read"),
            PollSample("transfers", ["transfer"], prepare=sold, path="/json/2/stock.picking/search_read"),
            PollSample("moves", ["stock"], prepare=moved, path="/json/2/stock.move/search_read"),
            PollSample("quants", ["stock"], prepare=sold, path="/json/2/stock.quant/search_read"),
            PollSample("purchases", ["purchase"], prepare=ordered, path="/json/2/purchase.order/search_read"),
            PollSample("purchase_lines", ["purchase"], prepare=ordered, path="/json/2/purchase.order.line/search_read"),
            PollSample("receipts", ["receipt"], prepare=arrived, path="/json/2/stock.picking/search_read"),
            PollSample("invoices", ["invoice"], prepare=invoiced, path="/json/2/account.move/search_read"),
            PollSample("products", ["product"], prepare=sold, path="/json/2/product.product/search_read"),
        ]

    def questions(self) -> Sequence[QuestionSample]:
        asked = {"lines": [{"sku": "LAMP", "quantity": "3"}], "warehouse": "WH"}
        return [QuestionSample("stock.available", asked, ["lines", "as_of"], stocked, "/json/2/product.product/search_read")]

    def snapshots(self) -> Sequence[SnapshotSample]:
        return [SnapshotSample(1, stocked, "/json/2/stock.quant/formatted_read_group")]
