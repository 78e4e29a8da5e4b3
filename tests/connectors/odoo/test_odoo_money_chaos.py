"""From delivery to refund while everything goes wrong: at the end each paper, payment and return is there once, to the cent."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from odoo_world import World
from sale_scenes import DAY, Delivery, delivery, usd
from test_odoo_chaos import RATES, outcome
from test_odoo_payments import payment

from crossdock.simulators.faults import FaultPlan
from crossdock.simulators.odoo import Odoo
from crossdock.testing.contexts import ManualClock
from crossdock.testing.inmemory import InMemoryHub

ORDERS = 5
HALF = {name: rate / 2 for name, rate in RATES.items()}
"""A credit note asks a dozen questions before it is written: at the full rates it would hardly ever get through."""


async def way(hub: InMemoryHub, sold: Delivery) -> None:
    """Invoice, payment, return of one piece, credit note, refund; each as the hub does it, for as long as it takes."""

    async def settle(command):  # type: ignore[no-untyped-def]
        return outcome(await hub.settle(command, rounds=600)).ack

    invoice = await settle(sold.request(total=usd("31.50"), post=True, issue_date=DAY))
    assert (invoice["state"], invoice["total"], invoice["discrepancies"]) == ("posted", "31.5", [])
    assert (await settle(payment(sold, invoice["invoice_id"], "31.50")))["payment_state"] == "paid"
    await settle(sold.back({"line": "1", "quantity": "1"}))
    wish = {"line": "1", "quantity": "1"}
    note = await settle(
        sold.request(wish, name="credit_note.create", reverses=invoice["invoice_number"], post=True, issue_date=DAY)
    )
    assert (note["state"], note["total"]) == ("posted", "10.5")
    assert (await settle(payment(sold, note["invoice_id"], "10.50", direction="out")))["residual"] == "0"


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_cent_is_lost_or_doubled(world: World, seed: int) -> None:
    simulator: Odoo = world.control("misbehave")
    connector = world.connector(timeout=1.0, clock=ManualClock())
    hub = InMemoryHub(connector, "odoo", connector.context.clock)
    sales = [await delivery(world, ("3", "10.5"), connector=connector) for _ in range(ORDERS)]
    simulator.faults = FaultPlan.of({"seed": seed, "rates": HALF, "timeout_delay": 1.1, "retry_after": 0})
    await asyncio.gather(*(way(hub, sold) for sold in sales))
    injected = dict(simulator.faults.injected)
    simulator.faults = FaultPlan()
    assert sum(injected.values()) > 20, injected
    for sold in sales:
        papers = await sold.papers("amount_residual", "payment_state")
        assert Counter((row["move_type"], row["state"], row["amount_total"], row["payment_state"]) for row in papers) == {
            ("out_invoice", "posted", 31.5, "paid"): 1,
            ("out_refund", "posted", 10.5, "paid"): 1,
        }
        assert [row["state"] for row in await sold.returns()] == ["done"]
        assert await world.on_hand(sold.products[0]) == 48
        assert [(r["qty_delivered"], r["qty_invoiced"]) for r in await sold.lines("qty_delivered", "qty_invoiced")] == [
            (2.0, 2.0)
        ]
    tables = simulator.store.tables
    paid = [(row["payment_type"], row["amount"]) for row in tables["account.payment"].rows.values() if row["state"] != "draft"]
    assert Counter(paid) == {("inbound", 31.5): ORDERS, ("outbound", 10.5): ORDERS}
