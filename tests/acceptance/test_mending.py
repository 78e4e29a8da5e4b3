"""What people do at the workbench with whole orders: cancel one with everything that was done for it, and edit what Odoo refuses."""

from __future__ import annotations

import json

import pytest

from crossdock.ledger.people import deliveries_by_identity
from crossdock.pipeline.decide import command_identity
from crossdock.pipeline.delivery import from_row
from tests.acceptance.dock import until
from tests.acceptance.people import Cast
from tests.acceptance.test_changes import stuck_before_odoo

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_stuck_order_that_nobody_wants_any_more_is_taken_back_everywhere(cast: Cast) -> None:
    desk = cast.dock.desk
    # given an order that Odoo has, and that waits for a person
    async with desk.untaxed("HP-012"):
        order = cast.outlet.orders(("HP-012", 2))
        parked = await cast.clerk.gets(key=order.key)
    assert await desk.state(order.number) in ("draft", "sent")
    # when the clerk cancels it (not without saying why)
    assert "why" in await cast.clerk.refused("cancel", parked)
    await cast.clerk._ask("cancel", parked, {"note": "the customer rang"})
    # then Odoo and the shop know, the warehouse never hears of it, and the clerk is asked nothing more
    await until(lambda: cast.finished(order), "the cancelled order is finished")
    assert await desk.state(order.number) == "cancel"
    await until(lambda: cast.outlet.cancelled(order), "cancelled in the shop")
    assert cast.warehouse.released(order.number) == []
    assert await cast.clerk.has_nothing(key=order.key)


async def test_what_odoo_refuses_is_edited_and_made_once(cast: Cast) -> None:
    desk = cast.dock.desk
    order = await stuck_before_odoo(cast, cast.shopify)
    parked = await cast.clerk.gets(key=order.key)
    store = cast.dock.hub.store
    rows = await store.read.do(lambda s: deliveries_by_identity(s, [command_identity(parked.command)]))
    data = json.loads(json.dumps(dict(from_row(rows[0]).command.data)))
    # an edit that would make it another order, or no order at all, is refused by field and nothing is sent
    wrong = {**data, "order": {**data["order"], "number": "another", "currency": "EURO"}}
    answer = await cast.clerk._asked("correct", parked, {"body": json.dumps(wrong), "reason": "x"})
    assert {problem["path"] for problem in answer["problems"]} == {"order.number", "order.currency"}
    assert await desk.orders(order.number) == []
    # the article is replaced by the one that was meant
    for line in data["order"]["lines"]:
        line["sku"] = line["sku"].replace("HP-404", "HP-003")
    await cast.clerk._ask("correct", parked, {"body": json.dumps(data), "reason": "the shop used the old number"})
    await until(lambda: desk.orders(order.number), "Odoo has the order")
    assert len(await desk.orders(order.number)) == 1
    assert "HP-003" in await desk.lines(order.number)
