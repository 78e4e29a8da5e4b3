"""Samples of the commands about customers' papers, returns and freight for the conformance suite, and what makes each of them possible."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from crossdock.simulators.odoo import Odoo
from crossdock.testing import Bench, CommandSample

Prepare = Callable[[Bench], Awaitable[Mapping[str, Any]]]

USD = "USD"
REASON = {"order_number": "1001", "justified_by": "e-1", "approved_by": "policy"}
REQUEST: dict[str, Any] = {"number": "W-1", "order_number": "1001", "currency": USD, "issue_date": "2026-11-23"}
LINE = {"order_line": "1", "quantity": {"value": "2"}}
CHARGE = {"kind": "freight", "description": "Express", "quantity": {"value": "1"}, "amount": {"amount": "7", "currency": USD}}
BACK: dict[str, Any] = {
    "return_number": "RMA-1",
    "receipt_number": "RR-1",
    "order_number": "1001",
    "received_at": "2026-11-24T10:00:00+00:00",
    "lines": [{"number": "1", "order_line": "1", "sku": "LAMP", "quantity": {"value": "1"}, "destination": "stock"}],
}
PAYMENT: dict[str, Any] = {
    "direction": "in",
    "amount": {"amount": "20", "currency": USD},
    "paid_on": "2026-11-23",
    "reference": "psp-1",
    "method": "card",
}
FREIGHT: dict[str, Any] = {
    "number": "F-1",
    "carrier": "cargo",
    "issue_date": "2026-11-23",
    "currency": USD,
    "lines": [{"number": "1", "kind": "base", "amount": {"amount": "25", "currency": USD}, "waybill": "W1"}],
    "total": {"amount": "25", "currency": USD},
}
OPTIONS: dict[str, Any] = {
    "freight_sku": "SHADE",
    "charge_sku": "SHADE",
    "accrual_accounts": {"expense": 32, "liability": 21},
}


def samples(shipped: Prepare, bought: Prepare, receipt: Callable[[Mapping[str, Any]], CommandSample]) -> Sequence[CommandSample]:
    """`shipped` delivers three of LAMP on order 1001, `bought` orders ten of it; `receipt` is the command that takes them in."""

    def done(name: str, data: Mapping[str, Any], before: Prepare = shipped) -> Prepare:
        async def prepare(bench: Bench) -> Mapping[str, Any]:
            made = await before(bench)
            command = await bench.command(CommandSample(name, {**made, **REASON, **data}))
            outcome = await bench.hub.attempt(command)
            return {"erp_id": made["erp_id"], "invoice_id": outcome.ack["invoice_id"]}  # type: ignore[union-attr]

        return prepare

    async def arrived(bench: Bench) -> Mapping[str, Any]:
        made = await bought(bench)
        odoo: Odoo = bench.simulator
        env = odoo.environment()
        categories = odoo.registry["product.category"]
        if not categories.find(env, [["name", "=", "Average"]]):
            made_of = categories.insert(env, [{"name": "Average", "property_cost_method": "average"}])[0]
            products = odoo.registry["product.product"]
            lamp = products.rows(env)[products.find(env, [["default_code", "=", "LAMP"]])[0]]
            products.update(env, [lamp], {"categ_id": made_of})
            odoo.commit(env)
        outcome = await bench.hub.attempt(await bench.command(receipt(made)))
        return {"transfers": [outcome.ack["transfer_id"]]}  # type: ignore[union-attr]

    drafted = done("invoice.create", {"invoice_request": REQUEST})
    posted = done("invoice.create", {"invoice_request": {**REQUEST, "post": True}})
    paper = ("invoice_id", "invoice_number", "state", "total", "currency", "reference", "discrepancies", "references")
    credit = {**REQUEST, "number": "W-2", "kind": "credit_note", "lines": [LINE]}
    charge = {**REQUEST, "number": "W-3", "lines": [CHARGE]}
    unknown = {**LINE, "order_line": "", "sku": "NOBODY-KNOWS"}
    return [
        CommandSample(
            "invoice.create",
            {**REASON, "invoice_request": {**REQUEST, "lines": [LINE]}},
            effect_kind="paper_created",
            effect_key="1001",
            path="/json/2/account.move/load",
            ack=paper,
            refused={"invoice_request": {**REQUEST, "lines": [unknown]}},
            refused_words="NOBODY-KNOWS",
            prepare=shipped,
        ),
        CommandSample(
            "invoice.post",
            {**REASON, "issue_date": "2026-11-23"},
            effect_kind="invoice_posted",
            effect_key="1001",
            path="/json/2/account.move/action_post",
            ack=("invoice_id", "invoice_number", "state", "total", "currency", "reference"),
            refused={"invoice_id": "424242"},
            refused_words="424242",
            prepare=drafted,
        ),
        CommandSample(
            "invoice.charge",
            {**REASON, "invoice_request": charge},
            effect_kind="paper_created",
            effect_key="1001",
            path="/json/2/account.move/load",
            ack=paper,
            refused={"invoice_request": {**charge, "currency": "EUR", "lines": [{**CHARGE, "amount": {"amount": "7", "currency": "EUR"}}]}},
            refused_words="EUR",
            prepare=shipped,
        ),
        CommandSample(
            "credit_note.create",
            {**REASON, "invoice_request": credit},
            count=lambda odoo, _: sum(row["move_type"] == "out_refund" for row in odoo.store.table("account.move").rows.values()),
            path="/json/2/account.move/load",
            ack=paper,
            refused={"invoice_request": {**credit, "reverses": "INV/1999/00001"}},
            refused_words="INV/1999/00001",
            prepare=posted,
        ),
        CommandSample(
            "payment.register",
            {**REASON, **PAYMENT},
            effect_kind="payment_posted",
            effect_key="psp-1",
            path="/json/2/account.payment/load",
            ack=("payment_id", "residual", "payment_state"),
            refused={"amount": {"amount": "2000", "currency": USD}},
            refused_words="2000",
            prepare=posted,
        ),
        CommandSample(
            "return.transfer",
            {**REASON, "return_transfer": BACK, "transfers": []},
            count=lambda odoo, _: sum(
                bool(row["return_id"]) and row["state"] == "done" for row in odoo.store.table("stock.picking").rows.values()
            ),
            path="/json/2/stock.picking/button_validate",
            ack=("transfer", "transfer_id", "state", "scrapped"),
            refused={"return_transfer": {**BACK, "lines": [{**BACK["lines"][0], "quantity": {"value": "99"}}]}},
            refused_words="99",
            prepare=shipped,
        ),
        CommandSample(
            "landed_cost.create",
            {**REASON, "freight_invoice": FREIGHT, "amount": {"amount": "25", "currency": USD}, "bill_id": ""},
            effect_kind="landed_cost_posted",
            count=lambda odoo, _: len(odoo.effects_of("landed_cost_posted")),
            path="/json/2/stock.landed.cost/button_validate",
            ack=("landed_cost_id", "state"),
            refused={"transfers": ["424242"]},
            refused_words="424242",
            prepare=arrived,
        ),
        CommandSample(
            "freight.accrue",
            {
                **REASON, "shipment_number": "SH-1", "carrier": "ups", "amount": {"amount": "9", "currency": USD},
                "booked_on": "2026-11-23",
            },
            effect_kind="entry_posted",
            effect_key="Freight ups SH-1",
            path="/json/2/account.move/action_post",
            ack=("move_id", "move_number"),
            refused={"amount": {"amount": "9", "currency": "EUR"}},
            refused_words="EUR",
        ),
    ]  # fmt: skip
