"""Money that needs more than one of the hub's workflows: orders of a customer on one invoice, a return asked for in the shop itself."""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crossdock.ledger.payloads import unpack
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import Placed
from tests.acceptance.test_returns import Customer

pytestmark = pytest.mark.asyncio(loop_scope="session")

COLLECTED = """
title: Invoices of a day
workflow: invoice_collection
consequence: A business customer pays one invoice a day, not one a parcel.
trigger:
  events: [invoice.wanted, customer_invoice.created, customer_invoice.posted, customer_invoice.paid, customer_invoice.cancelled]
roles: {erp: odoo}
exception_owner: finance
settings: {zone: Europe/Berlin, window: PT30M}
budgets: {default: {attempts: 10, first_delay: 500ms, max_delay: 5s}}
"""
BERLIN = ZoneInfo("Europe/Berlin")
SHARED = {"id": 770077, "first_name": "Ada", "last_name": "Lind", "email": "ada@example.com", "phone": None}


def matrix(text: str) -> str:
    """The ERP speaks for shared invoices; the shop brings returns as the portal does."""
    text = text.replace(
        "  return_request:\n    owner: returns-portal\n", "  return_request:\n    owner: [returns-portal, shopify-eu]\n"
    )
    text = text.replace(
        "return.requested: {originates: [returns-portal]", "return.requested: {originates: [returns-portal, shopify-eu]"
    )
    text = text.replace("entities:\n", "entities:\n  invoice_request: {owner: odoo}\n  collected_invoice: {owner: odoo}\n", 1)
    told = "".join(f"  {name}: {{originates: [odoo]}}\n" for name in ("invoice.wanted", "invoice.collected"))
    return text.replace("\nevents:\n", f"\nevents:\n{told}", 1)


def shared(text: str) -> str:
    """Customer 770077 gets one invoice a day."""
    rule = "    - {name: daily, sources: [shopify-eu], customers: [{scheme: id, value: '770077'}], per: day, across: true}\n"
    text = text.replace("  readiness:\n", f"  readiness:\n{rule}")
    return text.replace("    - customer_invoice.created\n", "    - invoice.collected\n    - customer_invoice.created\n")


async def test_a_return_from_the_shop_is_paid_back_and_orders_of_a_day_share_an_invoice(opens: Opener) -> None:
    cast = await opens(
        {
            "ownership.yaml": matrix,
            "flows/invoices.yaml": shared,
            "systems/shopify-eu.yaml": lambda text: text.replace("polls:\n", "polls:\n  - {channel: returns, every: 300ms}\n"),
        },
        {"flows/collected.yaml": COLLECTED},
    )
    if cast.dock.real:
        pytest.skip("the papers of a real Odoo are looked at in tests/connectors/odoo")
    late = cast.dock.clock.now().astimezone(BERLIN)
    if late.hour == 23 and late.minute >= 50:
        cast.dock.clock.ahead += 15 * 60  # the day must not end while its orders are on their way
    # a return that is asked for in the shop is a return as any other
    customer = await Customer.of(cast, ("HP-004", 2))
    cast.shopify.shop.store.ask_return(customer.order.number, [("HP-004", 1)])
    await customer.sends()
    await until(customer.back, "the refund at the gateway")
    await customer.over()
    assert customer.back() == [customer.price("HP-004", 1)]

    # two orders of one customer leave on one day
    orders: list[Placed] = []
    for _ in range(2):
        order = cast.shopify.orders(("HP-010", 1), customer=SHARED)
        await cast.warehouse.picks(order.number)
        await cast.carriers.booked(order)
        orders.append(order)

    async def left(order: Placed) -> bool:
        cast.carriers.moves(order, "delivered")
        waits = await cast.dock.rows("SELECT count(*) FROM ledger_expectation WHERE key=? AND name='timer:period'", order.key)
        # what is still under way has its budget, which must not end with the day
        rest = await cast.dock.rows("SELECT flow, finished FROM ledger_instance WHERE key=?", order.key)
        return bool(waits[0][0]) and all(done for flow, done in rest if flow != "invoices")

    for order in orders:
        await until(lambda order=order: left(order), f"{order.key} waits for the end of the day")  # type: ignore[misc]
    assert not await papers(cast, orders)
    now = cast.dock.clock.now().astimezone(BERLIN)
    morning = datetime.combine(now.date() + timedelta(days=1), time(1), BERLIN)
    cast.dock.clock.ahead += (morning - now).total_seconds()

    async def handed_over() -> bool:
        rows = await cast.dock.rows("SELECT state FROM ledger_instance WHERE flow=?", "collected")
        return bool(rows) and len(json.loads(unpack(bytes(rows[0][0])))["shares"]) == len(orders)

    await until(handed_over, "both orders handed over what they have")
    cast.dock.clock.ahead += 3600

    async def posted() -> list[dict[str, Any]]:
        return [row for row in await papers(cast, orders) if row["state"] == "posted"]

    [invoice] = await until(posted, "the invoice of the day")
    total = sum(Decimal(order.total) for order in orders)
    assert Decimal(str(invoice["amount_total"])) == pytest.approx(total, abs=Decimal("0.04"))
    await cast.calm(orders)
    assert len(await papers(cast, orders)) == 1


async def papers(cast: Any, orders: list[Placed]) -> list[dict[str, Any]]:
    """The customer's papers in Odoo that bill any of these orders."""
    tables = cast.dock.town.odoo.store.tables
    numbers = {order.number for order in orders}
    mine = {row["id"] for row in tables["sale.order"].rows.values() if row["client_order_ref"] in numbers}
    lines = {id_ for id_, row in tables["sale.order.line"].rows.items() if row["order_id"] in mine}
    moves = {one["move_id"] for one in tables["account.move.line"].rows.values() if lines & set(one["sale_line_ids"] or ())}
    return [tables["account.move"].rows[id_] for id_ in sorted(moves)]
