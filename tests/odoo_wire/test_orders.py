"""From order to delivery: facts 15, 16, 17, SIM lines 6, 7, 8, 15."""

from __future__ import annotations

from tests.odoo_wire.conftest import Refused, Server


def test_an_order_takes_its_defaults_from_the_customer(odoo: Server) -> None:
    customer = odoo.partner(is_company=True)
    dock = odoo.partner(parent_id=customer, type="delivery", name="Dock")
    order = odoo.order((odoo.product(), 2), partner=customer)
    row = odoo.one(
        "sale.order",
        order,
        "state",
        "partner_shipping_id",
        "partner_invoice_id",
        "warehouse_id",
        "delivery_status",
        "invoice_status",
        "picking_ids",
    )
    assert row["state"] == "draft"
    assert row["partner_shipping_id"][0] == dock
    assert row["partner_invoice_id"][0] == customer
    assert row["warehouse_id"][0] == 1
    assert (row["delivery_status"], row["invoice_status"], row["picking_ids"]) == (False, "no", [])


def test_taxes_are_decided_by_odoo_from_the_country(odoo: Server) -> None:
    """The same lines cost 15 % more at home (USA) and nothing more abroad; without a country the home tax stays."""
    (germany,) = odoo.call("res.country", "search", domain=[["code", "=", "DE"]])
    (usa,) = odoo.call("res.country", "search", domain=[["code", "=", "US"]])
    product = odoo.product()
    totals = {}
    for name, country in (("de", germany), ("us", usa), ("none", False)):
        order = odoo.order((product, 10), partner=odoo.partner(country_id=country))
        totals[name] = odoo.one("sale.order", order, "amount_untaxed", "amount_tax", "amount_total")
    assert totals["de"]["amount_total"] == 100.0
    assert totals["us"]["amount_total"] == 115.0
    assert totals["none"]["amount_total"] == 115.0
    assert totals["us"]["amount_tax"] == 15.0
    order = odoo.order(partner=odoo.partner(country_id=germany))
    line = [0, 0, {"product_id": product, "product_uom_qty": 1, "price_unit": 10, "tax_ids": [[6, 0, [1]]]}]
    odoo.call("sale.order", "write", ids=[order], vals={"order_line": [line]})
    assert odoo.one("sale.order", order, "amount_total")["amount_total"] == 11.5  # unless taxes are sent


def test_quantities_round_to_two_digits_without_a_word_and_prices_do_not(odoo: Server) -> None:
    order = odoo.order()
    line = {"product_id": odoo.product(), "product_uom_qty": 3.3333, "price_unit": 1.23456, "discount": 7.777}
    odoo.call("sale.order", "write", ids=[order], vals={"order_line": [[0, 0, line]]})
    (found,) = odoo.find(
        "sale.order.line",
        [["order_id", "=", order]],
        "product_uom_qty",
        "price_unit",
        "discount",
        "price_subtotal",
    )
    assert found["product_uom_qty"] == 3.33
    assert found["price_unit"] == 1.23456
    assert found["discount"] == 7.78
    assert found["price_subtotal"] == 3.79


def test_a_price_that_is_not_sent_is_the_list_price(odoo: Server) -> None:
    product = odoo.product(list_price=42.5)
    order = odoo.order()
    odoo.call("sale.order", "write", ids=[order], vals={"order_line": [[0, 0, {"product_id": product}]]})
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "price_unit", "product_uom_qty", "name")
    assert (line["price_unit"], line["product_uom_qty"]) == (42.5, 1.0)
    assert line["name"]


def test_a_carrier_adds_no_freight_line_but_its_wizard_does_and_replaces(odoo: Server) -> None:
    order = odoo.order((odoo.product(), 1), carrier_id=1)
    assert len(odoo.one("sale.order", order, "order_line")["order_line"]) == 1
    for price in (7.0, 9.0):
        vals = {"order_id": order, "carrier_id": 1}
        wizard = odoo.call("choose.delivery.carrier", "create", vals_list=[vals])
        odoo.call("choose.delivery.carrier", "write", ids=wizard, vals={"delivery_price": price})
        assert odoo.call("choose.delivery.carrier", "button_confirm", ids=wizard) is None
    freight = odoo.find("sale.order.line", [["order_id", "=", order], ["is_delivery", "=", True]], "price_unit")
    assert [line["price_unit"] for line in freight] == [9.0]


def test_confirming_makes_one_reserved_transfer(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    when = "2026-12-01 10:00:00"
    order, picking = odoo.confirmed((product, 4), commitment_date=when, carrier_id=1, origin="hub")
    row = odoo.one("sale.order", order, "state", "delivery_status", "invoice_status", "name")
    assert (row["state"], row["delivery_status"], row["invoice_status"]) == ("sale", "pending", "to invoice")
    transfer = odoo.one(
        "stock.picking",
        picking,
        "state",
        "origin",
        "sale_id",
        "scheduled_date",
        "carrier_id",
        "picking_type_code",
        "name",
        "backorder_id",
    )
    assert transfer["state"] == "assigned"
    assert transfer["origin"] == row["name"]
    assert transfer["sale_id"][0] == order
    assert transfer["scheduled_date"] == when
    assert transfer["carrier_id"][0] == 1
    assert transfer["picking_type_code"] == "outgoing"
    assert transfer["name"].startswith("WH/OUT/")
    (move,) = odoo.moves(picking)
    assert (move["product_uom_qty"], move["quantity"], move["picked"], move["state"]) == (4.0, 4.0, False, "assigned")


def test_confirming_again_is_422_and_the_order_reads_sale(odoo: Server) -> None:
    order, _ = odoo.confirmed((odoo.product(), 1))
    problem = odoo.refused("sale.order", "action_confirm", ids=[order])
    assert (problem.status, problem.name) == (422, "odoo.exceptions.UserError")
    assert odoo.one("sale.order", order, "state")["state"] == "sale"


def test_four_confirmations_at_once_confirm_once(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    order = odoo.order((product, 1))
    answers = odoo.together(4, lambda _: odoo.call("sale.order", "action_confirm", ids=[order]))
    assert answers.count(True) == 1
    assert all(answer.status == 422 for answer in answers if isinstance(answer, Refused))
    assert len(odoo.one("sale.order", order, "picking_ids")["picking_ids"]) == 1


def test_a_transfer_is_ready_although_a_move_is_only_partly_available(odoo: Server) -> None:
    product, other = odoo.product(), odoo.product()
    odoo.stock(product, 5)
    _, picking = odoo.confirmed((product, 9))
    assert odoo.one("stock.picking", picking, "state")["state"] == "assigned"
    (move,) = odoo.moves(picking)
    assert (move["quantity"], move["state"]) == (5.0, "partially_available")
    _, nothing = odoo.confirmed((other, 1))
    row = odoo.one("stock.picking", nothing, "state", "products_availability_state")
    assert (row["state"], row["products_availability_state"]) == ("confirmed", "late")
    assert odoo.call("stock.picking", "action_assign", ids=[nothing]) is True  # and nothing was reserved
    assert odoo.one("stock.picking", nothing, "state")["state"] == "confirmed"


def test_unreserving_and_reserving(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 5)
    _, picking = odoo.confirmed((product, 3))
    assert odoo.one("product.product", product, "free_qty", "qty_available") == {
        "id": product,
        "free_qty": 2.0,
        "qty_available": 5.0,
    }
    assert odoo.call("stock.picking", "do_unreserve", ids=[picking]) is None
    assert odoo.one("product.product", product, "free_qty")["free_qty"] == 5.0
    assert odoo.one("stock.picking", picking, "state")["state"] == "confirmed"
    odoo.call("stock.picking", "action_assign", ids=[picking])
    assert odoo.one("stock.picking", picking, "state")["state"] == "assigned"


def test_a_short_shipment_answers_200_with_a_wizard_and_nothing_is_done(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    order, picking = odoo.confirmed((product, 10))
    (move,) = odoo.moves(picking)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 4, "picked": True})
    answer = odoo.call("stock.picking", "button_validate", ids=[picking])
    assert answer["res_model"] == "stock.backorder.confirmation"
    assert answer["context"]["button_validate_picking_ids"] == [picking]
    assert odoo.one("stock.picking", picking, "state")["state"] == "assigned"
    assert odoo.one("sale.order", order, "delivery_status")["delivery_status"] == "pending"
    assert odoo.validate(picking) is True
    assert odoo.one("stock.picking", picking, "state")["state"] == "done"
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered", "product_uom_qty")
    assert (line["qty_delivered"], line["product_uom_qty"]) == (4.0, 10.0)
    assert odoo.one("sale.order", order, "delivery_status")["delivery_status"] == "partial"
    (rest,) = odoo.find("stock.picking", [["backorder_id", "=", picking]], "state", "sale_id", "carrier_tracking_ref")
    assert (rest["state"], rest["sale_id"][0], rest["carrier_tracking_ref"]) == ("assigned", order, False)
    (left,) = odoo.moves(rest["id"])
    assert (left["product_uom_qty"], left["quantity"]) == (6.0, 6.0)


def test_the_wizard_can_be_walked_through(odoo: Server) -> None:
    for method, backorders in (("process", 1), ("process_cancel_backorder", 0)):
        product = odoo.product()
        odoo.stock(product, 5)
        _, picking = odoo.confirmed((product, 5))
        (move,) = odoo.moves(picking)
        odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 2, "picked": True})
        action = odoo.call("stock.picking", "button_validate", ids=[picking])
        wizard = odoo.call(action["res_model"], "create", vals_list=[{}], context=action["context"])
        odoo.call(action["res_model"], method, ids=wizard, context=action["context"])
        assert odoo.one("stock.picking", picking, "state")["state"] == "done"
        assert odoo.call("stock.picking", "search_count", domain=[["backorder_id", "=", picking]]) == backorders


def test_a_batch_with_one_short_transfer_validates_none(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    _, whole = odoo.confirmed((product, 2))
    _, short = odoo.confirmed((product, 2))
    (move,) = odoo.moves(short)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 1, "picked": True})
    answer = odoo.call("stock.picking", "button_validate", ids=[whole, short])
    assert answer["res_model"] == "stock.backorder.confirmation"
    states = odoo.find("stock.picking", [["id", "in", [whole, short]]], "state")
    assert {row["state"] for row in states} == {"assigned"}


def test_a_short_close_reads_full_although_less_was_delivered(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 5)
    order, picking = odoo.confirmed((product, 5))
    (move,) = odoo.moves(picking)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 2, "picked": True})
    assert odoo.validate(picking, picking_ids_not_to_backorder=[picking]) is True
    assert odoo.one("sale.order", order, "delivery_status")["delivery_status"] == "full"
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered", "product_uom_qty")
    assert line["qty_delivered"] == 2.0 < line["product_uom_qty"]
    assert odoo.call("stock.picking", "search_count", domain=[["backorder_id", "=", picking]]) == 0
    (done,) = odoo.moves(picking)
    assert (done["state"], done["product_uom_qty"], done["quantity"]) == ("done", 5.0, 2.0)


def test_without_any_mark_everything_is_done_with_one_mark_only_that(odoo: Server) -> None:
    product, other = odoo.product(), odoo.product()
    odoo.stock(product, 5)
    odoo.stock(other, 5)
    order, picking = odoo.confirmed((product, 2), (other, 3))
    first, _ = odoo.moves(picking)
    odoo.call("stock.move", "write", ids=[first["id"]], vals={"picked": True})
    assert odoo.validate(picking) is True
    lines = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered", order="id")
    assert [line["qty_delivered"] for line in lines] == [2.0, 0.0]
    (rest,) = odoo.find("stock.picking", [["backorder_id", "=", picking]], "move_ids")
    assert [move["product_id"][0] for move in odoo.moves(rest["id"])] == [other]
    order, picking = odoo.confirmed((product, 1), (other, 1))
    assert odoo.validate(picking) is True
    lines = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert [line["qty_delivered"] for line in lines] == [1.0, 1.0]


def test_more_than_ordered_is_accepted_without_warning(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 20)
    order, picking = odoo.confirmed((product, 6))
    (move,) = odoo.moves(picking)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 8, "picked": True})
    assert odoo.validate(picking) is True
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert line["qty_delivered"] == 8.0
    assert odoo.on_hand(product) == 12.0


def test_shipping_what_is_not_there_drives_the_quant_negative(odoo: Server) -> None:
    product = odoo.product()
    _, picking = odoo.confirmed((product, 2))
    (move,) = odoo.moves(picking)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 2, "picked": True})
    assert odoo.validate(picking) is True
    assert odoo.on_hand(product) == -2.0


def test_validating_nothing_is_refused_and_a_done_transfer_stays_done(odoo: Server) -> None:
    _, empty = odoo.confirmed((odoo.product(), 1))
    problem = odoo.refused("stock.picking", "button_validate", ids=[empty], context={"skip_backorder": True})
    assert (problem.status, problem.name) == (422, "odoo.exceptions.UserError")
    assert "zero quantity" in problem.message
    product = odoo.product()
    _, picking = odoo.shipped(product, 3)
    assert odoo.validate(picking) is True
    assert odoo.on_hand(product) == 0.0


def test_four_validations_at_once_deliver_once(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 10)
    order, picking = odoo.confirmed((product, 3))
    answers = odoo.together(4, lambda _: odoo.validate(picking))
    assert True in answers
    assert odoo.on_hand(product) == 7.0
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert line["qty_delivered"] == 3.0


def test_the_server_sets_date_done_and_it_can_be_backdated_afterwards(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 1)
    _, picking = odoo.confirmed((product, 1))
    past = "2020-01-02 03:04:05"
    odoo.call("stock.picking", "write", ids=[picking], vals={"date_done": past, "carrier_tracking_ref": "1Z999"})
    odoo.validate(picking)
    row = odoo.one("stock.picking", picking, "date_done", "carrier_tracking_ref")
    assert row["date_done"] != past
    assert row["carrier_tracking_ref"] == "1Z999"
    odoo.call("stock.picking", "write", ids=[picking], vals={"date_done": past})
    assert odoo.one("stock.picking", picking, "date_done")["date_done"] == past


def test_a_done_transfer_cannot_be_cancelled_but_its_quantity_can_still_be_changed(odoo: Server) -> None:
    product = odoo.product()
    order, picking = odoo.shipped(product, 1)
    problem = odoo.refused("stock.picking", "action_cancel", ids=[picking])
    assert (problem.status, problem.name) == (422, "odoo.exceptions.UserError")
    (move,) = odoo.moves(picking)
    assert odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 3}) is True
    (line,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert line["qty_delivered"] == 3.0
    assert odoo.on_hand(product) == -2.0


def test_a_delivered_order_can_be_cancelled_and_its_transfer_stays_done(odoo: Server) -> None:
    order, picking = odoo.shipped(odoo.product(), 2)
    assert odoo.one("sale.order", order, "delivery_status")["delivery_status"] == "full"
    assert odoo.call("sale.order", "action_cancel", ids=[order]) is True
    row = odoo.one("sale.order", order, "state", "delivery_status")
    assert (row["state"], row["delivery_status"]) == ("cancel", "full")
    assert odoo.one("stock.picking", picking, "state")["state"] == "done"
    assert odoo.call("sale.order", "action_draft", ids=[order]) is True
    assert odoo.one("sale.order", order, "state")["state"] == "draft"


def test_cancelling_an_open_order_cancels_the_transfer_and_frees_the_stock(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 5)
    order, picking = odoo.confirmed((product, 5))
    assert odoo.call("sale.order", "action_cancel", ids=[order]) is True
    assert odoo.one("stock.picking", picking, "state")["state"] == "cancel"
    assert odoo.one("sale.order", order, "state", "delivery_status") == {
        "id": order,
        "state": "cancel",
        "delivery_status": False,
    }
    assert odoo.one("product.product", product, "free_qty")["free_qty"] == 5.0


def test_changing_a_confirmed_line_changes_the_open_move(odoo: Server) -> None:
    product = odoo.product()
    odoo.stock(product, 20)
    order, picking = odoo.confirmed((product, 2))
    (line,) = odoo.one("sale.order", order, "order_line")["order_line"]
    for wanted in (3, 1):
        odoo.call("sale.order.line", "write", ids=[line], vals={"product_uom_qty": wanted})
        (move,) = odoo.moves(picking)
        assert (move["product_uom_qty"], move["quantity"]) == (wanted, wanted)
    odoo.call("sale.order.line", "write", ids=[line], vals={"product_uom_qty": 0})
    assert odoo.one("stock.picking", picking, "state")["state"] == "cancel"


def test_lines_of_a_confirmed_order_cannot_be_deleted(odoo: Server) -> None:
    order, _ = odoo.confirmed((odoo.product(), 1))
    (line,) = odoo.one("sale.order", order, "order_line")["order_line"]
    problem = odoo.refused("sale.order.line", "unlink", ids=[line])
    assert problem.status == 422
    assert "Set the quantity to 0 instead" in problem.message


def test_order_units_become_the_products_own_unit_in_the_move(odoo: Server) -> None:
    (six,) = odoo.call("uom.uom", "search", domain=[["name", "=", "Pack of 6"]])
    product = odoo.product()
    order = odoo.order()
    line = {"product_id": product, "product_uom_id": six, "product_uom_qty": 2, "price_unit": 1}
    odoo.call("sale.order", "write", ids=[order], vals={"order_line": [[0, 0, line]]})
    odoo.call("sale.order", "action_confirm", ids=[order])
    (picking,) = odoo.one("sale.order", order, "picking_ids")["picking_ids"]
    (move,) = odoo.moves(picking)
    assert move["product_uom_qty"] == 12.0
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 6, "picked": True})
    odoo.validate(picking)
    (found,) = odoo.find("sale.order.line", [["order_id", "=", order]], "qty_delivered")
    assert found["qty_delivered"] == 1.0


def test_a_service_makes_no_transfer_and_goods_without_tracking_no_quants(odoo: Server) -> None:
    service = odoo.order((odoo.product(type="service", is_storable=False), 1))
    odoo.call("sale.order", "action_confirm", ids=[service])
    assert odoo.one("sale.order", service, "picking_ids")["picking_ids"] == []
    goods = odoo.product(is_storable=False)
    _, picking = odoo.confirmed((goods, 4))
    assert odoo.one("stock.picking", picking, "state")["state"] == "assigned"
    assert odoo.moves(picking)[0]["quantity"] == 4.0
    odoo.validate(picking)
    assert odoo.call("stock.quant", "search_count", domain=[["product_id", "=", goods]]) == 0
    problem = odoo.refused(
        "stock.quant",
        "create",
        vals_list={"product_id": goods, "location_id": 5, "inventory_quantity": 1},
        context={"inventory_mode": True},
    )
    assert "Quants cannot be created for consumables or services" in problem.message


def test_a_plain_user_may_not_delete_orders(odoo: Server) -> None:
    order = odoo.order((odoo.product(), 1))
    problem = odoo.refused("sale.order", "unlink", ids=[order])
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")


def test_what_is_delivered_instead_gets_a_line_and_what_nobody_wants_any_more_no_backorder(odoo: Server) -> None:
    wanted, instead = odoo.product(), odoo.product()
    odoo.stock(wanted, 5)
    odoo.stock(instead, 5)
    order, picking = odoo.confirmed((wanted, 2))
    [move] = odoo.moves(picking)
    vals = {"picking_id": picking, "product_id": instead, "product_uom_qty": 2, "location_id": 5, "location_dest_id": 2}
    [other] = odoo.call("stock.move", "create", vals_list=[vals])
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"product_uom_qty": 0})
    odoo.call("stock.move", "write", ids=[other], vals={"quantity": 2, "picked": True})
    assert odoo.validate(picking) is True
    states = {row["product_id"][0]: row["state"] for row in odoo.moves(picking)}
    assert states == {wanted: "cancel", instead: "done"}
    assert odoo.one("sale.order", order, "picking_ids")["picking_ids"] == [picking], "no backorder"
    lines = odoo.find("sale.order.line", [["order_id", "=", order]], "product_id", "product_uom_qty", "qty_delivered", order="id")
    counted = [(row["product_id"][0], row["product_uom_qty"], row["qty_delivered"]) for row in lines]
    assert counted == [(wanted, 2.0, 0.0), (instead, 0.0, 2.0)]
