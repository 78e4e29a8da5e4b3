"""Stock on hand, lots, packages, counts and returns: facts 13 and 14, SIM lines 9 and 10."""

from __future__ import annotations

import json

from crossdock.simulators.odoo import Odoo
from tests.odoo_wire.conftest import Server


def test_a_count_is_applied_as_a_move_that_can_be_searched_for(odoo: Server) -> None:
    product, title = odoo.product(), odoo.fresh("HUB-CC-")
    vals = {"product_id": product, "location_id": 5, "inventory_quantity": 30}
    quant = odoo.call("stock.quant", "create", vals_list=[vals], context={"inventory_mode": True})
    assert odoo.on_hand(product) == 0.0
    applied = odoo.call("stock.quant", "action_apply_inventory", ids=quant, context={"inventory_name": title})
    assert applied is None
    assert odoo.on_hand(product) == 30.0
    fields = ("reference", "inventory_name", "is_inventory", "picking_id", "quantity", "state", "location_id")
    (move,) = odoo.find("stock.move", [["inventory_name", "=", title]], *fields)
    assert move["reference"] == title
    assert (move["is_inventory"], move["picking_id"], move["quantity"], move["state"]) == (True, False, 30.0, "done")
    row = odoo.one("stock.quant", quant[0], "inventory_quantity", "inventory_quantity_set")
    assert (row["inventory_quantity"], row["inventory_quantity_set"]) == (0.0, False)


def test_counting_again_uses_the_same_quant_and_sets_the_absolute_figure(odoo: Server) -> None:
    product = odoo.product()
    assert odoo.stock(product, 30) == odoo.stock(product, 12)
    assert odoo.on_hand(product) == 12.0


def test_counting_and_applying_at_once(odoo: Server) -> None:
    product = odoo.product()
    vals = {"product_id": product, "location_id": 5, "inventory_quantity_auto_apply": 8}
    odoo.call("stock.quant", "create", vals_list=[vals], context={"inventory_mode": True})
    assert odoo.on_hand(product) == 8.0


def test_stock_that_moved_since_the_count_makes_a_conflict_and_nothing_is_applied(odoo: Server) -> None:
    product = odoo.product()
    quant = odoo.stock(product, 10)
    _, picking = odoo.confirmed((product, 4))
    vals = {"product_id": product, "location_id": 5, "inventory_quantity": 9}
    counted = odoo.call("stock.quant", "create", vals_list=[vals], context={"inventory_mode": True})
    assert counted == [quant]
    odoo.validate(picking)
    assert odoo.one("stock.quant", quant, "is_outdated")["is_outdated"] is True
    answer = odoo.call("stock.quant", "action_apply_inventory", ids=[quant])
    assert answer["res_model"] == "stock.inventory.conflict"
    assert odoo.on_hand(product) == 6.0
    odoo.call("stock.quant", "action_clear_inventory_quantity", ids=[quant])
    assert odoo.one("stock.quant", quant, "is_outdated")["is_outdated"] is False
    odoo.stock(product, 5)
    assert odoo.on_hand(product) == 5.0


def test_a_quant_written_directly_changes_stock_without_a_move(odoo: Server) -> None:
    product = odoo.product()
    quant = odoo.stock(product, 10)
    before = odoo.call("stock.move", "search_count", domain=[["product_id", "=", product]])
    assert odoo.call("stock.quant", "write", ids=[quant], vals={"quantity": 99}) is True
    assert odoo.on_hand(product) == 99.0
    assert odoo.call("stock.move", "search_count", domain=[["product_id", "=", product]]) == before


def test_parallel_validations_split_the_quant_and_the_sum_stays_right(odoo: Server) -> None:
    """Several rows of one product and place, some negative; on a real server it needs luck to see the split."""
    product = odoo.product()
    odoo.stock(product, 100)
    pickings = [odoo.confirmed((product, 5))[1] for _ in range(6)]
    answers = odoo.together(6, lambda n: odoo.validate(pickings[n]))
    assert all(answer is True for answer in answers), answers
    assert odoo.on_hand(product) == 70.0
    if not odoo.real:
        rows = odoo.find("stock.quant", [["product_id", "=", product], ["location_id", "=", 5]], "quantity")
        assert len(rows) > 1
        assert any(row["quantity"] < 0 for row in rows)
    odoo.call("stock.quant", "action_view_inventory")  # merges
    (merged,) = odoo.find("stock.quant", [["product_id", "=", product], ["location_id", "=", 5]], "quantity")
    assert merged["quantity"] == 70.0


def test_stock_split_on_command(odoo: Server, simulator: Odoo) -> None:
    product = odoo.product()
    body = {"product_id": product, "quantity": 50, "rows": 4}
    odoo.send("/_sim/stock", json.dumps(body).encode())
    rows = odoo.find("stock.quant", [["product_id", "=", product]], "quantity")
    assert sorted(row["quantity"] for row in rows) == [-7.0, -7.0, -7.0, 71.0]
    assert odoo.one("product.product", product, "qty_available")["qty_available"] == 50.0
    _, picking = odoo.confirmed((product, 50))
    assert odoo.moves(picking)[0]["quantity"] == 50.0  # negative rows count against the others, no more is free
    _, other = odoo.confirmed((product, 1))
    assert odoo.moves(other)[0]["quantity"] == 0.0


def test_availability_by_warehouse_and_forecast(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    odoo.confirmed((product, 4))
    fields = ("qty_available", "free_qty", "virtual_available", "outgoing_qty", "incoming_qty")
    row = odoo.one("product.product", product, *fields, warehouse_id=1)
    assert [row[f] for f in fields] == [10.0, 6.0, 6.0, 4.0, 0.0]


def test_a_stock_change_does_not_touch_the_product(odoo: Server) -> None:
    product = odoo.product()
    before = odoo.one("product.product", product, "write_date")
    odoo.stock(product, 10)
    assert odoo.one("product.product", product, "write_date") == before


def test_lots_are_unique_per_product_and_reserved_by_the_server(odoo: Server) -> None:
    product = odoo.product(tracking="lot")
    lots = odoo.call("stock.lot", "create", vals_list=[{"name": n, "product_id": product} for n in ("L1", "L2")])
    problem = odoo.refused("stock.lot", "create", vals_list=[{"name": "L1", "product_id": product}])
    assert (problem.status, problem.name) == (422, "odoo.exceptions.ValidationError")
    for lot in lots:
        odoo.stock(product, 5, lot)
    _, picking = odoo.confirmed((product, 7))
    lines = odoo.find("stock.move.line", [["picking_id", "=", picking]], "lot_id", "quantity", order="id")
    assert [(line["lot_id"][0], line["quantity"]) for line in lines] == [(lots[0], 5.0), (lots[1], 2.0)]


def test_shipping_another_lot_than_the_reserved_one(odoo: Server) -> None:
    product = odoo.product(tracking="lot")
    lots = odoo.call("stock.lot", "create", vals_list=[{"name": n, "product_id": product} for n in ("L1", "L2")])
    odoo.stock(product, 5, lots[0])
    odoo.stock(product, 5, lots[1])
    _, picking = odoo.confirmed((product, 3))
    (line,) = odoo.find("stock.move.line", [["picking_id", "=", picking]], "lot_id")
    odoo.call("stock.move.line", "write", ids=[line["id"]], vals={"lot_id": lots[1], "quantity": 3, "picked": True})
    assert odoo.validate(picking) is True
    groups = odoo.call(
        "stock.quant",
        "formatted_read_group",
        domain=[["product_id", "=", product], ["location_id.usage", "=", "internal"]],
        groupby=["lot_id"],
        aggregates=["quantity:sum"],
    )
    assert {group["lot_id"][0]: group["quantity:sum"] for group in groups} == {lots[0]: 5.0, lots[1]: 2.0}


def test_more_of_a_serial_product_than_there_is_needs_numbers(odoo: Server) -> None:
    product = odoo.product(tracking="serial")
    (serial,) = odoo.call("stock.lot", "create", vals_list=[{"name": odoo.fresh("SN"), "product_id": product}])
    odoo.stock(product, 1, serial)
    _, picking = odoo.confirmed((product, 2))
    (move,) = odoo.moves(picking)
    assert move["quantity"] == 1.0
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 2, "picked": True})
    problem = odoo.refused("stock.picking", "button_validate", ids=[picking], context={"skip_backorder": True})
    assert problem.status == 422
    assert "You need to supply a Lot/Serial" in problem.message


def test_a_package_named_by_sscc_goes_with_the_goods(odoo: Server) -> None:
    product, sscc = odoo.product(), odoo.fresh("00")
    odoo.stock(product, 2)
    _, picking = odoo.confirmed((product, 2))
    (package,) = odoo.call("stock.package", "create", vals_list={"name": sscc})
    (line,) = odoo.find("stock.move.line", [["picking_id", "=", picking]], "quantity")
    vals = {"result_package_id": package, "picked": True}
    odoo.call("stock.move.line", "write", ids=[line["id"]], vals=vals)
    assert odoo.validate(picking) is True
    assert odoo.one("stock.package", package, "name", "location_id")["location_id"][1] == "Customers"


def test_customer_and_adjustment_locations_hold_quants_too(odoo: Server) -> None:
    product = odoo.product()
    odoo.shipped(product, 3)
    found = odoo.find("stock.quant", [["product_id", "=", product]], "location_id", "quantity")
    by_place = {row["location_id"][1]: row["quantity"] for row in found if row["quantity"]}
    assert by_place == {"Customers": 3.0, "Inventory adjustment": -3.0}


def returned(odoo: Server, picking: int, quantity: float) -> int:
    """A return transfer made with the wizard."""
    context = {"active_model": "stock.picking", "active_id": picking, "active_ids": [picking]}
    wizard = odoo.call("stock.return.picking", "create", vals_list=[{"picking_id": picking}], context=context)
    (line,) = odoo.find("stock.return.picking.line", [["wizard_id", "in", wizard]], "quantity", "move_quantity")
    assert line["quantity"] == 0.0
    odoo.call("stock.return.picking.line", "write", ids=[line["id"]], vals={"quantity": quantity})
    action = odoo.call("stock.return.picking", "action_create_returns", ids=wizard)
    assert action["res_model"] == "stock.picking"
    return int(action["res_id"])


def test_a_return_starts_at_zero_and_lowers_what_was_delivered(odoo: Server) -> None:
    product = odoo.product()
    order, picking = odoo.shipped(product, 4)
    back = returned(odoo, picking, 1)
    row = odoo.one("stock.picking", back, "picking_type_code", "return_id", "state")
    assert (row["picking_type_code"], row["return_id"][0], row["state"]) == ("incoming", picking, "assigned")
    assert odoo.validate(back) is True
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert line["qty_delivered"] == 3.0
    assert odoo.one("sale.order", order, "delivery_status")["delivery_status"] == "full"
    assert odoo.on_hand(product) == 1.0


def test_a_return_of_nothing_is_refused_and_of_too_much_is_accepted(odoo: Server) -> None:
    order, picking = odoo.shipped(odoo.product(), 3)
    wizard = odoo.call("stock.return.picking", "create", vals_list=[{"picking_id": picking}])
    assert odoo.refused("stock.return.picking", "action_create_returns", ids=wizard).status == 422
    assert odoo.validate(returned(odoo, picking, 10)) is True
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert line["qty_delivered"] == -7.0


def test_every_call_of_the_return_wizard_makes_a_transfer(odoo: Server) -> None:
    _, picking = odoo.shipped(odoo.product(), 2)
    assert returned(odoo, picking, 2) != returned(odoo, picking, 2)
    assert odoo.call("stock.picking", "search_count", domain=[["return_id", "=", picking]]) == 2
