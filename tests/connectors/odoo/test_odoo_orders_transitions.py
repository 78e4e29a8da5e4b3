"""order.confirm, order.change, order.cancel: judged by reading again, safe to repeat, and never against goods that have left."""

from __future__ import annotations

import asyncio

from odoo_world import Sale, World, accepted, attempt

from crossdock.core.errors import AnswerLost, Contended, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


async def drafted(world: World, connector, *lines) -> Sale:  # type: ignore[no-untyped-def]
    order = world.order(*lines)
    ack = accepted(await attempt(connector, world.create(order))).ack
    return Sale(order, ack["erp_id"], ack["erp_number"], ack["lines"])


async def order_row(world: World, sale: Sale) -> dict:
    (row,) = await world.rows(
        "sale.order",
        [["id", "=", int(sale.erp_id)]],
        ["state", "order_line", "picking_ids", "commitment_date", "partner_shipping_id"],
    )
    return row


async def line_rows(world: World, sale: Sale) -> dict[str, dict]:
    fields = ["product_uom_qty", "qty_delivered", "price_unit", "product_id"]
    rows = await world.rows("sale.order.line", [["order_id", "=", int(sale.erp_id)]], fields)
    return {str(row["id"]): row for row in rows}


# Confirming ---------------------------------------------------------------------------------------------------


async def test_confirming_reserves_and_names_the_transfers(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "4", "10"))
    command = world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id, erp_number=sale.erp_number)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    outcome = accepted(await attempt(connector, command))
    assert not outcome.repeated
    (transfer,) = outcome.ack["transfers"]
    assert transfer["state"] == "assigned"
    assert ["odoo:transfer", transfer["name"]] in outcome.ack["references"]
    assert isinstance(await connector.find_effect(command), EffectFound)


async def test_confirming_twice_is_confirming_once(world: World) -> None:
    """The second press of the button is a 422; the order says it is confirmed, so it is."""
    connector = world.connector()
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "4", "10"))
    command = world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id)
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(4)))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    again = accepted(await attempt(connector, command))
    assert again.repeated and len((await order_row(world, sale))["picking_ids"]) == 1


async def test_confirming_the_order_by_its_reference(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "1", "10"))
    command = world.command("order.confirm", sale.order["number"], refs={"odoo:order_id": sale.erp_id})
    accepted(await attempt(connector, command))
    nameless = world.command("order.confirm", sale.order["number"])
    assert isinstance(await attempt(connector, nameless), TargetRefused)


async def test_a_cancelled_or_deleted_order_is_not_confirmed(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "1", "10"))
    command = world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id)
    await world.call("sale.order", "action_cancel", ids=[int(sale.erp_id)])
    outcome = await attempt(connector, command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["state"] == "cancel"
    await world.call("sale.order", "unlink", key=world.admin_key, ids=[int(sale.erp_id)])
    outcome = await attempt(connector, command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["missing"]
    assert isinstance(await connector.find_effect(command), EffectAbsent)


async def test_a_batch_confirms_what_can_be_confirmed(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=100)
    sales = [await drafted(world, connector, (sku, "1", "10")) for _ in range(5)]
    accepted(await attempt(connector, world.command("order.confirm", sales[1].order["number"], erp_id=sales[1].erp_id)))
    await world.call("sale.order", "action_cancel", ids=[int(sales[3].erp_id)])
    commands = [world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id) for sale in sales]
    outcomes = await connector.deliver_many(commands)
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True, True, False, True], outcomes
    assert outcomes[1].repeated and not outcomes[0].repeated  # type: ignore[union-attr]


async def test_a_missing_warehouse_parks_the_order(world: World) -> None:
    """Odoo says so with status 500 (RedirectWarning): a person must configure something, retrying helps nobody."""
    simulator = world.control("lose its warehouse")
    connector = world.connector()
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "1", "10"))
    simulator.script.add(name="odoo.exceptions.RedirectWarning", method="sale.order.action_confirm")
    outcome = await attempt(connector, world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id))
    assert isinstance(outcome, TargetRefused) and outcome.detail["status"] == 500


async def test_a_confirmation_without_answer_is_found_again(world: World) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=3)
    sku, _ = await world.product(stock=10)
    for fault in (Fault.RESET_AFTER, Fault.ERROR_500_AFTER, Fault.RESET_BEFORE):
        sale = await drafted(world, connector, (sku, "1", "10"))
        command = world.command("order.confirm", sale.order["number"], erp_id=sale.erp_id)
        simulator.faults.script(fault, path="/json/2/sale.order/action_confirm")
        outcome = await attempt(connector, command)
        if isinstance(outcome, AnswerLost):
            found = await connector.find_effect(command)
            assert isinstance(found, EffectAbsent if fault is Fault.RESET_BEFORE else EffectFound)
        accepted(await attempt(connector, command))
        assert len((await order_row(world, sale))["picking_ids"]) == 1


# Changing -----------------------------------------------------------------------------------------------------


async def test_a_new_version_changes_adds_and_removes_lines(world: World) -> None:
    connector = world.connector()
    (one, _), (two, _), (three, id_three) = (
        await world.product(stock=50),
        await world.product(stock=50),
        await world.product(stock=50),
    )
    sale = await world.sold(connector, (one, "4", "10"), (two, "2", "20"))
    new = {**sale.order, "lines": [{**sale.order["lines"][0], "quantity": {"value": "6"}}]}
    new["lines"].append(
        {"number": "3", "sku": three, "quantity": {"value": "5"}, "unit_price": {"amount": "7", "currency": "USD"}}
    )
    command = world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=new, previous=sale.order)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert ack == {"applied": ["1", "2", "3"], "refused": []}
    lines = await line_rows(world, sale)
    assert lines[sale.lines["1"]]["product_uom_qty"] == 6.0 and lines[sale.lines["2"]]["product_uom_qty"] == 0.0
    assert [
        (row["product_id"][0], row["product_uom_qty"]) for row in lines.values() if str(row["id"]) not in sale.lines.values()
    ] == [(id_three, 5.0)]
    assert isinstance(await connector.find_effect(command), EffectFound)
    again = accepted(await attempt(connector, command))
    assert again.repeated and await line_rows(world, sale) == lines


async def test_delivered_quantities_and_other_products_cannot_be_changed_away(world: World) -> None:
    connector = world.connector()
    (one, _), (two, _) = await world.product(stock=50), await world.product(stock=50)
    sale = await world.sold(connector, (one, "4", "10"), (two, "2", "20"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": one, "quantity": "3"})))
    new = {
        **sale.order,
        "lines": [{**sale.order["lines"][0], "quantity": {"value": "2"}}, {**sale.order["lines"][1], "sku": one}],
    }
    command = world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=new, previous=sale.order)
    ack = accepted(await attempt(connector, command)).ack
    assert ack["applied"] == [] and [refused["line"] for refused in ack["refused"]] == ["1", "2"]
    assert "3 are delivered" in ack["refused"][0]["reason"]


async def test_a_price_changed_by_odoo_stays_when_the_source_did_not_change_it(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    await world.call("sale.order.line", "write", ids=[int(sale.lines["1"])], vals={"price_unit": 8})
    new = {**sale.order, "lines": [{**sale.order["lines"][0], "quantity": {"value": "5"}}]}
    accepted(
        await attempt(
            connector, world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=new, previous=sale.order)
        )
    )
    assert (await line_rows(world, sale))[sale.lines["1"]]["price_unit"] == 8.0
    newer = {**new, "lines": [{**new["lines"][0], "unit_price": {"amount": "9", "currency": "USD"}}]}
    accepted(
        await attempt(
            connector, world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=newer, previous=new)
        )
    )
    assert (await line_rows(world, sale))[sale.lines["1"]]["price_unit"] == 9.0


async def test_a_new_address_and_date_reach_the_order_and_what_has_not_left(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "1"})))
    before = await order_row(world, sale)
    new = {
        **sale.order,
        "ship_to": {**sale.order["ship_to"], "street": "2 Difference Road"},
        "requested_ship_date": "2026-12-24T12:00:00+00:00",
    }
    command = world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=new, previous=sale.order)
    accepted(await attempt(connector, command))
    after = await order_row(world, sale)
    assert after["commitment_date"] == "2026-12-24 12:00:00"
    old, now = before["partner_shipping_id"], after["partner_shipping_id"]
    assert now != old
    rows = await world.rows("stock.picking", [["sale_id", "=", int(sale.erp_id)]], ["state", "partner_id"])
    assert {row["state"]: row["partner_id"][0] for row in rows} == {"done": old[0], "assigned": now[0]}
    assert isinstance(await connector.find_effect(command), EffectFound)


async def test_a_cancelled_order_is_not_changed(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await drafted(world, connector, (sku, "4", "10"))
    await world.call("sale.order", "action_cancel", ids=[int(sale.erp_id)])
    outcome = await attempt(connector, world.command("order.change", sale.order["number"], erp_id=sale.erp_id, order=sale.order))
    assert isinstance(outcome, TargetRefused)


# Cancelling ---------------------------------------------------------------------------------------------------


async def test_cancelling_before_anything_left_cancels_order_and_transfer(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    command = world.command("order.cancel", sale.order["number"], erp_id=sale.erp_id, reason="customer <b>changed</b> their mind")
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    assert accepted(await attempt(connector, command)).ack == {"state": "cancel"}
    row = await order_row(world, sale)
    assert row["state"] == "cancel"
    (transfer,) = await world.rows("stock.picking", [["id", "in", row["picking_ids"]]], ["state"])
    assert transfer["state"] == "cancel"
    assert isinstance(await connector.find_effect(command), EffectFound)
    assert accepted(await attempt(connector, command)).repeated
    notes = await world.rows(
        "mail.message",
        [["model", "=", "sale.order"], ["res_id", "=", int(sale.erp_id)], ["body", "ilike", "their mind"]],
        ["body"],
        key=world.admin_key,
    )
    assert len(notes) == 1 and "&lt;b&gt;" in notes[0]["body"]


async def test_an_order_whose_goods_have_left_is_not_cancelled(world: World) -> None:
    """Odoo would cancel it and leave the transfer done."""
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "1"})))
    outcome = await attempt(connector, world.command("order.cancel", sale.order["number"], erp_id=sale.erp_id, reason="late"))
    assert isinstance(outcome, TargetRefused) and sale.transfers[0]["name"] in outcome.message
    assert (await order_row(world, sale))["state"] == "sale"


async def test_a_cancellation_without_answer_is_found_again(world: World) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=3)
    sku, _ = await world.product(stock=10)
    sale = await drafted(world, connector, (sku, "1", "10"))
    command = world.command("order.cancel", sale.order["number"], erp_id=sale.erp_id, reason="")
    simulator.faults.script(Fault.RESET_AFTER, path="/json/2/sale.order/action_cancel")
    assert isinstance(await attempt(connector, command), AnswerLost)
    assert isinstance(await connector.find_effect(command), EffectFound)
    assert len(simulator.effects_of("order_cancelled")) == 1
