"""receipt.validate: what a warehouse received enters stock once, with lots and expiry days, along the chain of back-orders."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from purchase_scenes import PLANNED, Purchase, line, poll_all, purchase
from purchase_scenes import events as events_of

from crossdock.core.errors import AnswerLost, Contended, TargetRefused, UnknownSku
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


async def received(order: Purchase) -> list[float]:
    return [row["qty_received"] for row in await order.ordered("qty_received")]


async def moved(world: World, picking: int | str) -> list[tuple[float, str]]:
    rows = await world.rows("stock.move.line", [["picking_id", "=", int(picking)]], ["quantity", "lot_id", "state"])
    assert all(row["state"] == "done" for row in rows)
    return sorted((row["quantity"], row["lot_id"][1] if row["lot_id"] else "") for row in rows)


async def lots(world: World, product: int) -> dict[str, Any]:
    """The product's lots with their expiry days."""
    rows = await world.rows("stock.lot", [["product_id", "=", product]], ["name", "expiration_date"])
    return {row["name"]: row["expiration_date"] for row in rows}


async def perishable(world: World, quantity: float) -> dict[str, Any]:
    """A line for a product whose lots expire."""
    made = await line(world, quantity, 3, product_tracking="lot")
    await world.call("product.product", "write", ids=[made["product"]], vals={"use_expiration_date": True, "expiration_time": 30})
    return made


async def test_a_whole_receipt_enters_stock_and_closes_the_transfer(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods, await line(world, 3, 1))
    command = order.receipt({"line": 0, "quantity": "10"}, {"line": 1, "quantity": "3"})
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    (transfer,) = await order.transfers()
    assert (ack["transfer"], ack["state"], ack["backorder"]) == (transfer["name"], "done", None)
    assert ack["received"] == {str(order.lines[0]): "10", str(order.lines[1]): "3"} and ack["discrepancies"] == []
    assert ["odoo:receipt", transfer["name"]] in ack["references"]
    assert await received(order) == [10.0, 3.0] and await world.on_hand(goods["product"]) == 10
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack


async def test_receiving_twice_is_receiving_once(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    command = order.receipt({"line": 0, "quantity": "4"})
    first = accepted(await attempt(connector, command))
    second = accepted(await attempt(world.connector(), command))
    assert second.repeated and second.ack == first.ack
    assert await received(order) == [4.0] and await world.on_hand(goods["product"]) == 4 and len(await order.transfers()) == 2


async def test_receiving_the_same_at_once_from_two_sides_is_receiving_once(world: World) -> None:
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    command = order.receipt({"line": 0, "quantity": "4"})
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(3)))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    accepted(await attempt(world.connector(), command))
    assert await received(order) == [4.0] and await world.on_hand(goods["product"]) == 4


async def test_receipts_in_parts_follow_the_chain_of_backorders(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4), await line(world, 2, 1))
    parts = [
        order.receipt({"line": 0, "quantity": "4"}, sequence=1, number=f"{world.prefix}-A"),
        order.receipt({"line": 0, "quantity": "4"}, {"line": 1, "quantity": "2"}, sequence=2, number=f"{world.prefix}-B"),
        order.receipt({"line": 0, "quantity": "2"}, sequence=3, number=f"{world.prefix}-C"),
    ]
    acks = [accepted(await attempt(connector, part)).ack for part in parts]
    assert acks[0]["backorder"] == acks[1]["transfer"] and acks[1]["backorder"] == acks[2]["transfer"]
    assert acks[2]["backorder"] is None and await received(order) == [10.0, 2.0]
    for part, ack in zip(parts, acks, strict=True):  # each is found on its own transfer, whatever came after
        found = await connector.find_effect(part)
        assert isinstance(found, EffectFound) and found.ack["transfer"] == ack["transfer"]
        assert accepted(await attempt(connector, part)).repeated
    assert await received(order) == [10.0, 2.0]


async def test_a_short_receipt_closed_leaves_no_backorder_and_an_open_one_does(world: World) -> None:
    connector = world.connector()
    short, partial = [await purchase(world, await line(world, 10, 4), await line(world, 5, 4)) for _ in range(2)]
    closed = accepted(await attempt(connector, short.receipt({"line": 0, "quantity": "7"}, close=True))).ack
    assert closed["backorder"] is None and await received(short) == [7.0, 0.0]
    assert [row["state"] for row in await short.transfers()] == ["done"]
    kept = accepted(await attempt(connector, partial.receipt({"line": 0, "quantity": "7"}))).ack
    assert kept["backorder"]
    last = partial.receipt(close=True)
    assert isinstance(await connector.find_effect(last), EffectAbsent)
    accepted(await attempt(connector, last))
    assert sorted(row["state"] for row in await partial.transfers()) == ["cancel", "done"]
    assert isinstance(await connector.find_effect(last), EffectFound)


async def test_what_is_ordered_anew_after_closing_is_not_closed_by_a_repetition(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    last = order.receipt({"line": 0, "quantity": "7"}, close=True)
    accepted(await attempt(connector, last))
    await asyncio.sleep(1.1)  # Odoo's times are whole seconds
    vals = {"product_qty": 15, "price_unit": 4, "date_planned": PLANNED}
    await world.call("purchase.order.line", "write", ids=order.lines, vals=vals)
    assert isinstance(await connector.find_effect(last), EffectFound)
    assert accepted(await attempt(connector, last)).repeated
    assert sorted(row["state"] for row in await order.transfers()) == ["assigned", "done"]


async def test_more_than_ordered_is_taken_in_as_it_came(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    ack = accepted(await attempt(connector, order.receipt({"line": 0, "quantity": "12"}))).ack
    assert ack["received"] == {str(order.lines[0]): "12"} and await world.on_hand(goods["product"]) == 12
    late = await attempt(connector, order.receipt({"line": 0, "quantity": "1"}, sequence=2))
    assert isinstance(late, TargetRefused) and "no open transfer" in late.message


async def test_lots_are_made_or_found_with_their_expiry_day(world: World) -> None:
    connector = world.connector(delivery_zone="Europe/Berlin")
    goods = await perishable(world, 30)
    order = await purchase(world, goods)
    first = order.receipt(
        {"line": 0, "quantity": "6", "lot": "E1", "expiry": "2027-06-30"},
        {"line": 0, "quantity": "4", "lot": "E2", "best_before": "2027-07-31"},
    )
    ack = accepted(await attempt(connector, first)).ack
    assert await moved(world, ack["transfer_id"]) == [(4.0, "E2"), (6.0, "E1")] and ack["discrepancies"] == []
    assert await lots(world, goods["product"]) == {"E1": "2027-06-30 21:59:59", "E2": "2027-07-31 21:59:59"}
    # the lot is known: more of it is added, and its day stays what it was, which is said
    second = order.receipt({"line": 0, "quantity": "5", "lot": "E1", "expiry": "2027-09-30"}, sequence=2)
    ack = accepted(await attempt(connector, second)).ack
    assert ack["discrepancies"] == [{"field": "lines.1.expiry", "expected": "2027-09-30", "found": "2027-06-30"}]
    assert len(await lots(world, goods["product"])) == 2 and await world.on_hand(goods["product"]) == 15
    without = await attempt(connector, order.receipt({"line": 0, "quantity": "5"}, sequence=3))
    assert isinstance(without, TargetRefused) and without.detail["tracking"] == "lot"


async def test_goods_that_expired_already_are_received_all_the_same(world: World) -> None:
    """They are there; Odoo would ask a person, and nobody sits before it."""
    goods = await perishable(world, 5)
    order = await purchase(world, goods)
    command = order.receipt({"line": 0, "quantity": "5", "lot": "OLD", "expiry": "2020-01-31"})
    accepted(await attempt(world.connector(), command))
    assert await received(order) == [5.0]


async def test_serial_numbers_arrive_one_by_one(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 3, 4, product_tracking="serial")
    order = await purchase(world, goods)
    few = await attempt(connector, order.receipt({"line": 0, "quantity": "2", "serials": ["S1"]}))
    assert isinstance(few, TargetRefused) and "1 serial" in few.message
    ack = accepted(await attempt(connector, order.receipt({"line": 0, "quantity": "2", "serials": ["S1", "S2"]}))).ack
    assert await moved(world, ack["transfer_id"]) == [(1.0, "S1"), (1.0, "S2")] and ack["backorder"]


async def test_damaged_goods_go_where_the_landscape_says_or_are_left_out(world: World) -> None:
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    lines = [
        {"line": 0, "quantity": "7"},
        {"line": 0, "quantity": "2", "condition": "damaged"},
        {"line": 0, "quantity": "1", "condition": "rejected"},
    ]
    ack = accepted(await attempt(world.connector(), order.receipt(*lines))).ack
    assert await received(order) == [7.0]
    assert ack["discrepancies"] == [
        {"field": "lines.2.damaged", "expected": "2", "found": "0"},
        {"field": "lines.3.rejected", "expected": "1", "found": "0"},
    ]
    (place,) = await world.call(
        "stock.location",
        "create",
        key=world.admin_key,
        vals_list=[{"name": f"Dmg{world.prefix}", "usage": "internal", "location_id": 5}],
    )
    other_goods = await line(world, 10, 4)
    other = await purchase(world, other_goods)
    connector = world.connector(damaged_location="BROKEN", locations={"BROKEN": f"WH/Stock/Dmg{world.prefix}"})
    ack = accepted(await attempt(connector, other.receipt(*lines))).ack
    assert await received(other) == [9.0] and [d["field"] for d in ack["discrepancies"]] == ["lines.3.rejected"]
    assert await world.on_hand(other_goods["product"], place) == 2
    assert await world.on_hand(other_goods["product"]) == 7


async def test_the_warehouse_may_name_the_product_only_or_the_line_only(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4), await line(world, 10, 4))
    by_sku = order.receipt({"sku": order.skus[1], "quantity": "2"})
    accepted(await attempt(connector, by_sku))
    by_line = order.receipt({"line": 0, "quantity": "3", "sku": ""}, sequence=2)
    accepted(await attempt(connector, by_line))
    assert await received(order) == [3.0, 2.0]


async def test_goods_nobody_announced_are_received_once_too(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    command = order.receipt({"line": 0, "quantity": "4"}, number=f"{world.prefix} GR/7")
    command.data["receipt"]["expected_number"] = ""  # type: ignore[index]
    assert not accepted(await attempt(connector, command)).repeated
    assert accepted(await attempt(connector, command)).repeated and await received(order) == [4.0]


async def test_goods_nobody_ordered_are_refused(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    stranger = await line(world, 1, 1)
    outcome = await attempt(connector, order.receipt({"sku": stranger["sku"], "quantity": "1"}))
    assert isinstance(outcome, TargetRefused) and outcome.detail["sku"] == stranger["sku"]
    unknown = await attempt(connector, order.receipt({"sku": f"{world.prefix}-NONE", "quantity": "1"}))
    assert isinstance(unknown, UnknownSku)
    assert await received(order) == [0.0]


async def test_a_line_added_later_may_be_on_a_transfer_of_its_own(world: World) -> None:
    """Both transfers are validated together, or neither."""
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    accepted(await attempt(connector, order.receipt({"line": 0, "quantity": "4"})))
    more = await line(world, 5, 1)
    await world.call(
        "purchase.order",
        "write",
        ids=[order.id],
        vals={"order_line": [[0, 0, {"product_id": more["product"], "product_qty": 5, "price_unit": 1}]]},
    )
    order.lines.append(max(row["id"] for row in await order.ordered("product_qty")))
    order.skus.append(more["sku"])
    ack = accepted(
        await attempt(connector, order.receipt({"line": 0, "quantity": "6"}, {"line": 1, "quantity": "5"}, sequence=2))
    ).ack
    assert await received(order) == [10.0, 5.0] and ack["backorder"] is None
    assert {row["state"] for row in await order.transfers()} == {"done"}


async def test_what_a_person_received_already_is_not_received_again(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    (transfer,) = await order.transfers()
    await world.call("stock.picking", "button_validate", ids=[transfer["id"]], context={"skip_backorder": True, "skip_sms": True})
    outcome = await attempt(connector, order.receipt({"line": 0, "quantity": "10"}))
    assert isinstance(outcome, TargetRefused) and "no open transfer" in outcome.message
    assert await world.on_hand(goods["product"]) == 10


@pytest.mark.parametrize("path", ["stock.move.line/load", "stock.picking/button_validate"])
@pytest.mark.parametrize(
    "fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.ERROR_500_AFTER, Fault.MALFORMED], ids=lambda f: f.value
)
async def test_whatever_answer_is_lost_it_arrives_once(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=5)
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    command = order.receipt({"line": 0, "quantity": "4"})
    simulator.faults.script(fault, path=f"/json/2/{path}")
    assert isinstance(await attempt(connector, command), AnswerLost)
    if isinstance(await connector.find_effect(command), EffectAbsent):
        accepted(await attempt(connector, command))
    accepted(await attempt(connector, command))
    assert await world.on_hand(goods["product"]) == 4 and len(simulator.effects_of("picking_validated")) == 1


# In ----------------------------------------------------------------------------------------------------------


async def test_what_people_receive_in_odoo_is_told_once_and_what_the_hub_received_is_not(world: World) -> None:
    connector = world.connector(receipts_in_odoo=True, delivery_zone="Europe/Berlin")
    goods, by_hub = await perishable(world, 10), await line(world, 4, 1)
    order, other = await purchase(world, goods), await purchase(world, by_hub)
    (transfer,) = await order.transfers()
    (first,) = await world.rows("stock.move.line", [["picking_id", "=", transfer["id"]]], ["quantity"])
    vals = {"lot_name": "E7", "expiration_date": "2027-06-30 12:00:00", "quantity": 6, "picked": True}
    await world.call("stock.move.line", "write", ids=[first["id"]], vals=vals)
    await world.call("stock.picking", "button_validate", ids=[transfer["id"]], context={"skip_backorder": True, "skip_sms": True})
    accepted(await attempt(connector, other.receipt({"line": 0, "quantity": "4"})))
    messages, cursor = await poll_all(connector, "receipts", {})
    told = [event for message in messages for event in events_of(connector, message)]
    (event,) = [one for one in told if one.key == f"purchase/odoo/{order.name}"]
    assert event.type == "receipt.completed" and not [one for one in told if one.key.endswith(other.name)]
    assert (event.data.number, event.data.final) == (transfer["name"], False), "four are still to come"
    (line_told,) = event.data.lines
    assert (line_told.order_line, line_told.sku, str(line_told.quantity.value)) == (str(order.lines[0]), order.skus[0], "6")
    assert (line_told.lot, str(line_told.expiry)) == ("E7", "2027-06-30")
    again, _ = await poll_all(connector, "receipts", cursor)
    assert not [m for m in again if m.dedupe_key.startswith(f"stock.picking,{transfer['id']},")]
    assert not events_of(world.connector(), messages[0]), "without the option nothing is told"
