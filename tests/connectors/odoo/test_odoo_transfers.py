"""transfer.validate and transfer.track: what was picked leaves stock once, with lots, packages and tracking, along the chain of backorders."""

from __future__ import annotations

import asyncio

import pytest
from odoo_world import Sale, World, accepted, attempt

from crossdock.core.errors import AnswerLost, Contended, TargetRefused, UnknownSku
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


async def delivered(world: World, sale: Sale) -> dict[str, float]:
    rows = await world.rows("sale.order.line", [["order_id", "=", int(sale.erp_id)]], ["qty_delivered"])
    named = {erp: number for number, erp in sale.lines.items()}
    return {named.get(str(row["id"]), f"new {row['id']}"): row["qty_delivered"] for row in rows}


async def pickings(world: World, sale: Sale) -> list[dict]:
    fields = ["name", "state", "backorder_id", "carrier_tracking_ref", "move_line_ids"]
    return await world.rows("stock.picking", [["sale_id", "=", int(sale.erp_id)]], fields)


async def moved(world: World, picking: int) -> list[tuple[str, float, str, str]]:
    fields = ["product_id", "quantity", "lot_id", "result_package_id", "state"]
    rows = await world.rows("stock.move.line", [["picking_id", "=", picking]], fields)
    assert all(row["state"] == "done" for row in rows)
    names = {row["product_id"][0] for row in rows}
    skus = {
        row["id"]: row["default_code"]
        for row in await world.rows("product.product", [["id", "in", list(names)]], ["default_code"])
    }
    return sorted(
        (skus[row["product_id"][0]], row["quantity"], row["lot_id"][1] if row["lot_id"] else "", row["result_package_id"][1] if row["result_package_id"] else "")
        for row in rows
    )  # fmt: skip


async def test_a_whole_pick_is_shipped_with_its_tracking_number(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    shipment = {
        "number": "SH-1",
        "order_number": sale.order["number"],
        "ship_to": sale.order["ship_to"],
        "tracking_number": "1Z999",
    }
    shipment["packages"] = [{"reference": "1", "tracking_number": "1Z999"}, {"reference": "2", "tracking_number": "1Z998"}]
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "4"})
    command.data["shipment"] = shipment  # type: ignore[index]
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert ack["transfer"] == sale.transfers[0]["name"] and ack["state"] == "done" and ack["backorder"] is None
    (row,) = await pickings(world, sale)
    assert row["state"] == "done" and row["carrier_tracking_ref"] == "1Z999,1Z998"
    assert await delivered(world, sale) == {"1": 4.0} and await world.on_hand(id_) == 46
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack


async def test_shipping_twice_is_shipping_once(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "3"})
    first = accepted(await attempt(connector, command))
    second = accepted(await attempt(world.connector(), command))
    assert second.repeated and second.ack == first.ack
    assert await world.on_hand(id_) == 47 and await delivered(world, sale) == {"1": 3.0}
    assert len(await pickings(world, sale)) == 2


async def test_shipping_the_same_at_once_from_two_sides_is_shipping_once(world: World) -> None:
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(world.connector(), (sku, "4", "10"))
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "3"})
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(3)))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    accepted(await attempt(world.connector(), command))
    assert await world.on_hand(id_) == 47 and await delivered(world, sale) == {"1": 3.0}


async def test_partial_picks_follow_the_chain_of_backorders(world: World) -> None:
    connector = world.connector()
    (one, id_one), (two, id_two) = await world.product(stock=50), await world.product(stock=50)
    sale = await world.sold(connector, (one, "10", "10"), (two, "2", "20"))
    parts = [
        world.picked(sale, {"line": "1", "sku": one, "quantity": "4"}, sequence=1, confirmation={"final": False}),
        world.picked(sale, {"line": "1", "sku": one, "quantity": "4"}, {"line": "2", "sku": two, "quantity": "2"}, sequence=2),
        world.picked(sale, {"line": "1", "sku": one, "quantity": "2"}, sequence=3),
    ]
    acks = [accepted(await attempt(connector, part)).ack for part in parts]
    assert (
        acks[0]["backorder"] == acks[1]["transfer"]
        and acks[1]["backorder"] == acks[2]["transfer"]
        and acks[2]["backorder"] is None
    )
    assert await delivered(world, sale) == {"1": 10.0, "2": 2.0}
    assert (await world.on_hand(id_one), await world.on_hand(id_two)) == (40, 48)
    for part, ack in zip(parts, acks, strict=True):  # each is found on its own transfer, whatever came after
        found = await connector.find_effect(part)
        assert isinstance(found, EffectFound) and found.ack["transfer"] == ack["transfer"]
        assert accepted(await attempt(connector, part)).repeated
    assert await delivered(world, sale) == {"1": 10.0, "2": 2.0}


async def test_a_short_pick_closed_leaves_no_backorder(world: World) -> None:
    """`delivery_status` says full then; only the delivered quantity tells."""
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "5", "10"))
    ack = accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "2"}, close_short=True))).ack
    assert ack["backorder"] is None and ack["state"] == "done"
    (row,) = [p for p in await pickings(world, sale) if p["state"] != "cancel"]
    (order,) = await world.rows("sale.order", [["id", "=", int(sale.erp_id)]], ["delivery_status"])
    assert row["state"] == "done" and order["delivery_status"] == "full" and await delivered(world, sale) == {"1": 2.0}


async def test_nothing_picked_closed_short_cancels_the_transfer(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "5", "10"))
    waiting = world.picked(sale, {"line": "1", "sku": sku, "quantity": "0"})
    assert accepted(await attempt(connector, waiting)).ack["state"] == "assigned"
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "0"}, close_short=True)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    assert accepted(await attempt(connector, command)).ack["state"] == "cancel"
    assert isinstance(await connector.find_effect(command), EffectFound)
    (row,) = await pickings(world, sale)
    assert row["state"] == "cancel" and await world.on_hand(id_) == 50


async def test_the_lots_that_were_picked_are_the_lots_that_leave(world: World) -> None:
    """Odoo reserves a lot by itself; the warehouse took others."""
    connector = world.connector()
    sku, _ = await world.product(tracking="lot", lots={"LOT-1": 20, "LOT-2": 20, "LOT-3": 20})
    sale = await world.sold(connector, (sku, "10", "10"))
    picks = [
        {"line": "1", "sku": sku, "quantity": "4", "lot": "LOT-2"},
        {"line": "1", "sku": sku, "quantity": "5", "lot": "LOT-3"},
    ]
    ack = accepted(await attempt(connector, world.picked(sale, *picks))).ack
    assert await moved(world, int(ack["transfer_id"])) == [(sku, 4.0, "LOT-2", ""), (sku, 5.0, "LOT-3", "")]
    assert ack["backorder"]


async def test_serial_numbers_leave_one_by_one(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(tracking="serial", lots={"SN-1": 1, "SN-2": 1, "SN-3": 1, "SN-4": 1})
    sale = await world.sold(connector, (sku, "2", "10"))
    too_few = world.picked(sale, {"line": "1", "sku": sku, "quantity": "2", "serials": ["SN-3"]})
    outcome = await attempt(connector, too_few)
    assert isinstance(outcome, TargetRefused) and "1 serial" in outcome.message
    ack = accepted(
        await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "2", "serials": ["SN-3", "SN-4"]}))
    ).ack
    assert await moved(world, int(ack["transfer_id"])) == [(sku, 1.0, "SN-3", ""), (sku, 1.0, "SN-4", "")]


async def test_a_tracked_product_without_lot_is_refused_or_takes_the_reserved_one(world: World) -> None:
    sku, _ = await world.product(tracking="lot", lots={"LOT-1": 3, "LOT-2": 20})
    sale = await world.sold(world.connector(), (sku, "5", "10"))
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "5"})
    outcome = await attempt(world.connector(), command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["tracking"] == "lot"
    unknown = await attempt(world.connector(), world.picked(sale, {"line": "1", "sku": sku, "quantity": "5", "lot": "LOT-9"}))
    assert isinstance(unknown, TargetRefused) and unknown.detail["lots"] == [f"LOT-9 of {sku}"]
    ack = accepted(await attempt(world.connector(lots="reserved"), command)).ack
    assert await moved(world, int(ack["transfer_id"])) == [(sku, 2.0, "LOT-2", ""), (sku, 3.0, "LOT-1", "")]


async def test_packages_carry_their_sscc(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    sscc = "376104250021234569"
    picks = [
        {"line": "1", "sku": sku, "quantity": "3", "package": "P1"},
        {"line": "1", "sku": sku, "quantity": "1", "package": "P2"},
    ]
    packages = [{"reference": "P1", "sscc": sscc}, {"reference": "P2"}]
    ack = accepted(await attempt(connector, world.picked(sale, *picks, confirmation={"packages": packages}))).ack
    assert await moved(world, int(ack["transfer_id"])) == [(sku, 1.0, "", "P2"), (sku, 3.0, "", sscc)]


@pytest.mark.parametrize("close_short", [False, True])
async def test_a_substitute_leaves_instead_of_what_was_ordered(world: World, close_short: bool) -> None:
    connector = world.connector()
    (ordered, id_ordered), (other, id_other) = await world.product(stock=50), await world.product(stock=50)
    sale = await world.sold(connector, (ordered, "10", "10"))
    picks = [
        {"line": "1", "sku": ordered, "quantity": "4"},
        {"line": "1", "sku": other, "quantity": "2", "substituted_for": ordered},
    ]
    command = world.picked(sale, *picks, close_short=close_short)
    ack = accepted(await attempt(connector, command)).ack
    assert await moved(world, int(ack["transfer_id"])) == sorted([(ordered, 4.0, "", ""), (other, 2.0, "", "")])
    assert (await world.on_hand(id_ordered), await world.on_hand(id_other)) == (46, 48)
    if close_short:
        assert ack["backorder"] is None
    else:  # four shipped, two replaced: four of ten are left
        (rest,) = await world.rows("stock.move", [["picking_id", "=", int(ack["backorder_id"])]], ["product_uom_qty"])
        assert rest["product_uom_qty"] == 4.0
    assert accepted(await attempt(connector, command)).repeated
    assert (await world.on_hand(id_ordered), await world.on_hand(id_other)) == (46, 48)


async def test_a_substitution_broken_off_in_the_middle_is_finished_right(world: World) -> None:
    simulator = world.control("lose its answer")
    (ordered, _id_ordered), (other, _) = await world.product(stock=50), await world.product(stock=50)
    for at, path in enumerate(("stock.move/load", "stock.move/write", "stock.move.line/load", "stock.picking/button_validate")):
        for fault in (Fault.RESET_AFTER, Fault.RESET_BEFORE):
            connector = world.connector(timeout=5)
            sale = await world.sold(connector, (ordered, "5", "10"))
            picks = [
                {"line": "1", "sku": other, "quantity": "2", "substituted_for": ordered},
                {"line": "1", "sku": ordered, "quantity": "1"},
            ]
            command = world.picked(sale, *picks)
            simulator.faults.script(fault, path=f"/json/2/{path}")
            assert isinstance(await attempt(connector, command), AnswerLost), (at, path)
            if isinstance(await connector.find_effect(command), EffectAbsent):
                accepted(await attempt(connector, command))
            ack = accepted(await attempt(connector, command)).ack
            (rest,) = await world.rows("stock.move", [["picking_id", "=", int(ack["backorder_id"])]], ["product_uom_qty"])
            assert rest["product_uom_qty"] == 2.0, (path, fault)


async def test_more_than_ordered_leaves_when_the_process_says_so(world: World) -> None:
    connector = world.connector()
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    ack = accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "6"}))).ack
    assert ack["backorder"] is None and await delivered(world, sale) == {"1": 6.0} and await world.on_hand(id_) == 44


async def test_shipping_what_odoo_does_not_have_is_the_truth_of_the_warehouse(world: World) -> None:
    """Odoo drives the stock negative; sums stay right."""
    connector = world.connector()
    sku, id_ = await world.product()
    sale = await world.sold(connector, (sku, "4", "10"))
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "4"})))
    assert await world.on_hand(id_) == -4 and await delivered(world, sale) == {"1": 4.0}


async def test_what_no_transfer_asks_for_is_refused(world: World) -> None:
    connector = world.connector()
    (sku, _), (other, _) = await world.product(stock=50), await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    outcome = await attempt(connector, world.picked(sale, {"line": "1", "sku": other, "quantity": "4"}))
    assert isinstance(outcome, TargetRefused) and outcome.detail["sku"] == other
    unknown = await attempt(connector, world.picked(sale, {"line": "1", "sku": f"{world.prefix}-NONE", "quantity": "4"}))
    assert isinstance(unknown, UnknownSku)
    accepted(await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "4"})))
    late = await attempt(connector, world.picked(sale, {"line": "1", "sku": sku, "quantity": "1"}, sequence=2))
    assert isinstance(late, TargetRefused) and "no open transfer" in late.message
    assert await delivered(world, sale) == {"1": 4.0}


async def test_a_wizard_in_a_200_is_not_done(world: World) -> None:
    """Without its flags Odoo answers 200 with a question and leaves the transfer as it was."""
    connector = world.connector()
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "1"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crossdock.connectors.odoo.validation._QUIET", {})
        outcome = await attempt(connector, command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["wizard"] == "stock.backorder.confirmation"
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    accepted(await attempt(connector, command))
    assert await world.on_hand(id_) == 49


@pytest.mark.parametrize("path", ["stock.move.line/load", "stock.picking/write", "stock.picking/button_validate"])
@pytest.mark.parametrize(
    "fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.ERROR_500_AFTER, Fault.MALFORMED], ids=lambda f: f.value
)
async def test_whatever_answer_is_lost_it_leaves_once(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=5)
    sku, id_ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    command = world.picked(sale, {"line": "1", "sku": sku, "quantity": "3"})
    command.data["shipment"] = {"number": "S", "order_number": "1", "ship_to": sale.order["ship_to"], "tracking_number": "T1"}  # type: ignore[index]
    simulator.faults.script(fault, path=f"/json/2/{path}")
    outcome = await attempt(connector, command)
    assert isinstance(outcome, AnswerLost), outcome
    found = await connector.find_effect(command)
    if isinstance(found, EffectAbsent):
        accepted(await attempt(connector, command))
    accepted(await attempt(connector, command))
    assert await world.on_hand(id_) == 47 and len(simulator.effects_of("picking_validated")) == 1


# Tracking -----------------------------------------------------------------------------------------------------


async def test_tracking_and_milestones_are_written_once(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product(stock=50)
    sale = await world.sold(connector, (sku, "4", "10"))
    transfer = sale.transfers[0]["id"]
    milestone = {
        "tracking_number": "1Z1",
        "code": "delivered",
        "at": "2026-11-24T10:00:00+00:00",
        "location": "London",
        "description": "Left <here>",
        "carrier": "UPS",
    }
    command = world.command(
        "transfer.track", sale.order["number"], transfer_id=transfer, tracking_number="1Z1", carrier="ups", milestone=milestone
    )
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    for _ in range(2):
        accepted(await attempt(connector, command))
    assert isinstance(await connector.find_effect(command), EffectFound)
    (row,) = await pickings(world, sale)
    assert row["carrier_tracking_ref"] == "1Z1"
    domain = [["model", "=", "stock.picking"], ["res_id", "=", int(transfer)], ["body", "ilike", "UPS 1Z1"]]
    (note,) = await world.rows("mail.message", domain, ["body"], key=world.admin_key)
    assert "delivered" in note["body"] and "&lt;here&gt;" in note["body"]
    second = world.command(
        "transfer.track", sale.order["number"], transfer_id=transfer, tracking_number="1Z2", carrier="ups", milestone=None
    )
    accepted(await attempt(connector, second))
    (row,) = await pickings(world, sale)
    assert row["carrier_tracking_ref"] == "1Z1,1Z2"


async def test_tracking_of_a_transfer_that_is_gone_is_refused(world: World) -> None:
    connector = world.connector()
    command = world.command("transfer.track", "1", transfer_id="999999999", tracking_number="1Z1", carrier="ups", milestone=None)
    outcome = await attempt(connector, command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["missing"]
    assert isinstance(await connector.find_effect(command), EffectAbsent)
