"""return.transfer: what came back is in the books where it is, once, and never more than was delivered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from sale_scenes import Delivery, delivery

from crossdock.core.errors import AnswerLost, ReturnAboveDelivery, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


async def quarantine(world: World) -> str:
    """A location for goods somebody must look at; its full name."""
    name = f"Q{world.prefix}"
    await world.call(
        "stock.location", "create", key=world.admin_key, vals_list=[{"name": name, "location_id": 5, "usage": "internal"}]
    )
    return f"WH/Stock/{name}"


async def test_each_grade_goes_to_its_place(world: World) -> None:
    place = await quarantine(world)
    connector = world.connector(quarantine_location="hold", locations={"hold": place})
    sold = await delivery(world, ("5", "10"), ("2", "3"), connector=connector)
    command = sold.back(
        {"line": "1", "quantity": "2"},
        {"line": "1", "quantity": "1", "destination": "quarantine"},
        {"line": "2", "quantity": "1", "destination": "scrap"},
        number=f"RMA-{world.prefix}",
    )
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = (await sold.done(command)).ack
    assert (ack["state"], ack["scrapped"]) == ("done", [{"sku": sold.skus[1], "quantity": "1"}])
    (back,) = await sold.returns("return_id", "origin")
    assert (back["name"], str(back["id"]), back["origin"]) == (ack["transfer"], ack["transfer_id"], f"RMA-{world.prefix}")
    assert str(back["return_id"][0]) == sold.sale.transfers[0]["id"]
    assert [row["qty_delivered"] for row in await sold.lines("qty_delivered")] == [2.0, 1.0]
    (hold,) = await world.rows("stock.location", [["complete_name", "=", place]], ["name"])
    first, second = sold.products
    assert (await world.on_hand(first), await world.on_hand(first, hold["id"])) == (47, 1)
    assert await world.on_hand(second) == 48
    lines = await world.rows("stock.move.line", [["picking_id", "=", back["id"]]], ["location_dest_id"])
    assert [row["location_dest_id"][1] for row in lines] == ["WH/Stock", place, "Inventory adjustment"]
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    again = accepted(await attempt(connector, command))
    assert again.repeated and again.ack == ack and len(await sold.returns()) == 1


async def test_no_more_comes_back_than_was_delivered(world: World) -> None:
    sold = await delivery(world, ("3", "10"))
    await sold.done(sold.back({"line": "1", "quantity": "2"}))
    more = await attempt(sold.connector, sold.back({"line": "1", "quantity": "2"}))
    assert isinstance(more, ReturnAboveDelivery) and more.detail["left"] == "1"
    await sold.done(sold.back({"line": "1", "quantity": "1"}))
    assert [row["qty_delivered"] for row in await sold.lines("qty_delivered")] == [0.0]
    unknown = await attempt(sold.connector, sold.back({"line": "1", "quantity": "1"}, transfers=["999999999"]))
    assert isinstance(unknown, TargetRefused)
    assert len(await sold.returns()) == 2


async def test_an_order_whose_id_nobody_told_is_found_by_the_hubs_own_name(world: World) -> None:
    sold = await delivery(world, ("3", "10"))
    command = sold.back({"line": "1", "quantity": "1"})
    untold = {name: value for name, value in command.data.items() if name not in {"erp_id", "refs"}}
    strange = replace(command, key="order/shop/never-seen", data=untold)
    assert isinstance(await attempt(sold.connector, strange), TargetRefused)
    assert not await sold.returns()
    ack = (await sold.done(replace(command, data=untold))).ack
    assert [str(row["id"]) for row in await sold.returns()] == [ack["transfer_id"]]


async def test_goods_of_two_deliveries_come_back_together(world: World) -> None:
    sold = await delivery(world, ("4", "10"), picked=False)
    for part in (1, 2):
        line = {"line": "1", "sku": sold.skus[0], "quantity": "2"}
        accepted(await attempt(sold.connector, world.picked(sold.sale, line, sequence=part)))
    await sold.done(sold.back({"line": "1", "quantity": "3"}))
    (back,) = await sold.returns()
    moves = await world.rows("stock.move", [["picking_id", "=", back["id"]]], ["quantity", "origin_returned_move_id", "state"])
    assert [(row["quantity"], row["state"]) for row in moves] == [(2.0, "done"), (1.0, "done")]
    assert len({row["origin_returned_move_id"][0] for row in moves}) == 2


async def test_lots_come_back_as_they_left(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(tracking="lot", lots={"L1": 5, "L2": 5})
    sale = await world.sold(connector, (sku, "4", "10"))
    parts = [{"line": "1", "sku": sku, "quantity": "3", "lot": "L1"}, {"line": "1", "sku": sku, "quantity": "1", "lot": "L2"}]
    accepted(await attempt(connector, world.picked(sale, *parts)))
    sold = Delivery(world, connector, sale, [sku], [id_])
    unsaid = await attempt(connector, sold.back({"line": "1", "quantity": "1"}))
    assert isinstance(unsaid, TargetRefused) and unsaid.detail["tracking"] == "lot"
    other = await attempt(connector, sold.back({"line": "1", "quantity": "1", "lot": "L3"}))
    assert isinstance(other, TargetRefused) and other.detail["lot"] == "L3"
    more = await attempt(connector, sold.back({"line": "1", "quantity": "2", "lot": "L2"}))
    assert isinstance(more, ReturnAboveDelivery)
    await sold.done(sold.back({"line": "1", "quantity": "1", "lot": "L2"}, {"line": "1", "quantity": "2", "lot": "L1"}))
    quants = await world.rows("stock.quant", [["product_id", "=", id_], ["location_id", "=", 5]], ["lot_id", "quantity"])
    held: dict[str, float] = {}
    for row in quants:
        held[row["lot_id"][1]] = held.get(row["lot_id"][1], 0) + row["quantity"]
    assert held == {"L1": 4.0, "L2": 5.0}
    await sold.done(sold.back({"line": "1", "quantity": "1"}))  # only L1 is out: it must be that one


async def test_without_a_place_for_quarantine_nothing_is_taken_back(world: World) -> None:
    sold = await delivery(world, ("3", "10"))
    refused = await attempt(sold.connector, sold.back({"line": "1", "quantity": "1", "destination": "quarantine"}))
    assert isinstance(refused, TargetRefused) and "quarantine_location" in refused.message
    assert not await sold.returns()


@pytest.mark.parametrize(
    "path", ["stock.picking/load", "stock.picking/action_confirm", "stock.move.line/load", "stock.picking/button_validate"]
)
@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE], ids=lambda f: f.value)
async def test_whatever_answer_is_lost_it_comes_back_once(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    sold = await delivery(world, ("3", "10"), connector=world.connector(timeout=5))
    command = sold.back({"line": "1", "quantity": "2"})
    simulator.faults.script(fault, path=f"/json/2/{path}")
    outcome: Any = await attempt(sold.connector, command)
    if not isinstance(outcome, Accepted):
        assert isinstance(outcome, AnswerLost) or outcome.family == "deferred", outcome
        await sold.done(command)
    assert isinstance(await sold.connector.find_effect(command), EffectFound)
    (back,) = await sold.returns()
    assert back["state"] == "done" and await world.on_hand(sold.products[0]) == 49
