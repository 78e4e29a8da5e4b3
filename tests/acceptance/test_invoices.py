"""Invoices to customers: made and posted once when what the customer's rule asks for is there, and not before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.dock import until
from tests.acceptance.people import Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")
WAITS = "SELECT description, state FROM ledger_expectation WHERE key=? AND flow='invoices' AND name='invoice_ready:1'"


async def invoices(cast: Cast, reference: str) -> list[dict[str, Any]]:
    """The invoices of an order in Odoo, oldest first."""
    desk = cast.dock.desk
    order = await desk.order(reference)
    domain = [["invoice_origin", "=", order["name"]], ["move_type", "=", "out_invoice"]]
    return await desk.rows("account.move", domain, "name", "state", "move_type", "amount_total")


async def posted(cast: Cast, reference: str) -> bool:
    return [one["state"] for one in await invoices(cast, reference)] == ["posted"]


async def test_the_invoice_of_a_shop_s_order_goes_with_the_parcel(cast: Cast) -> None:
    # given an order that was picked and booked
    order = cast.shopify.orders(("HP-004", 2), ("HP-010", 3))
    await cast.warehouse.picks(order.number)
    await cast.carriers.booked(order)

    # then finance sees what its invoice waits for, and Odoo has none
    waits = await until(lambda: cast.dock.rows(WAITS, order.key), "the invoice says what it waits for")
    assert "waits for the dispatch of SH-" in waits[0][0]
    assert await invoices(cast, order.number) == []

    # when the carrier has the parcel
    cast.carriers.moves(order, "picked_up")

    # then it is posted, once, and nothing of it waits for a person
    await until(lambda: posted(cast, order.number), "the invoice is posted")
    await cast.arrives(order)
    [invoice] = await invoices(cast, order.number)
    assert (invoice["state"], invoice["move_type"]) == ("posted", "out_invoice")
    assert Decimal(str(invoice["amount_total"])) == pytest.approx(Decimal(order.total), abs=Decimal("0.02"))
    assert await cast.clerk.has_nothing(key=order.key)
    story = await cast.story(order.key)
    money = [step["what"] for step in story if step["step"] == "command" and step["what"].startswith("invoice.")]
    assert money == ["invoice.create", "invoice.post"]


async def test_a_business_customer_pays_for_what_arrived_the_whole_order_at_once(cast: Cast) -> None:
    desk = cast.dock.desk
    reference = f"PO-4790-{cast.dock.unique}"
    draft = await desk.enter_order(reference, {"HP-002": 4, "HP-008": 2})
    await desk.confirm(draft)
    await cast.warehouse.picks(draft["name"])
    consignment = f"SH-odoo.{draft['name']}-"
    await cast.carriers.booked(consignment)
    cast.carriers.moves(consignment, "out_for_delivery")
    waits = await until(lambda: cast.dock.rows(WAITS, f"order/odoo/{draft['name']}"), "the invoice says what it waits for")
    assert "the delivery of SH-" in waits[0][0]
    assert await invoices(cast, reference) == []
    cast.carriers.moves(consignment, "delivered")
    await until(lambda: posted(cast, reference), "the invoice is posted")
    await until(lambda: cast.finished(f"order/odoo/{draft['name']}"), "the order is finished")
