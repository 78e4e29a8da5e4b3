"""Invoices, payments, refunds and purchases: facts 7 and 18, SIM lines 12 and 19."""

from __future__ import annotations

import re
from typing import Any

from tests.odoo_wire.conftest import EXACT, Server

PAYMENT = [
    "id",
    "payment_type",
    "partner_type",
    "partner_id/.id",
    "amount",
    "journal_id/.id",
    "memo",
    "date",
    "invoice_ids/.id",
]


def journal(odoo: Server) -> int:
    return int(odoo.call("account.journal", "search", domain=[["type", "=", "bank"]], limit=1)[0])


def invoiced(odoo: Server, order: int) -> int:
    """A draft invoice of an order."""
    vals = {"advance_payment_method": "delivered", "sale_order_ids": [[6, 0, [order]]]}
    wizard = odoo.call("sale.advance.payment.inv", "create", vals_list=[vals])
    action = odoo.call("sale.advance.payment.inv", "create_invoices", ids=wizard)
    assert action["res_model"] == "account.move"
    return int(action["res_id"])


def posted(odoo: Server, amount: float = 10) -> tuple[int, int]:
    """A posted invoice over `amount` (a multiple of 10), abroad so that no tax is added; and its order."""
    (germany,) = odoo.call("res.country", "search", domain=[["code", "=", "DE"]])
    order, _ = odoo.confirmed((odoo.product(), amount / 10), partner=odoo.partner(country_id=germany))
    invoice = invoiced(odoo, order)
    assert odoo.call("account.move", "action_post", ids=[invoice]) is False
    return invoice, order


def receivable(odoo: Server, entry: int) -> int:
    """The receivable item of a journal entry."""
    domain = [["move_id", "=", entry], ["account_id.account_type", "=", "asset_receivable"]]
    return int(odoo.call("account.move.line", "search", domain=domain)[0])


def state(odoo: Server, invoice: int) -> tuple[str, float]:
    row = odoo.one("account.move", invoice, "payment_state", "amount_residual")
    return row["payment_state"], row["amount_residual"]


def test_an_invoice_from_draft_to_posted(odoo: Server) -> None:
    order, _ = odoo.confirmed((odoo.product(), 2))
    invoice = invoiced(odoo, order)
    fields = ("name", "state", "invoice_date", "invoice_origin", "ref", "move_type", "payment_state")
    draft = odoo.one("account.move", invoice, *fields)
    assert (draft["name"], draft["state"], draft["invoice_date"]) == (False, "draft", False)
    about = odoo.one("sale.order", order, "name", "client_order_ref", "invoice_ids")
    assert about["invoice_ids"] == [invoice]
    assert (draft["invoice_origin"], draft["ref"]) == (about["name"], about["client_order_ref"])
    assert odoo.call("account.move", "action_post", ids=[invoice]) is False
    done = odoo.one("account.move", invoice, "name", "state", "payment_reference", "amount_residual", "amount_total")
    assert re.fullmatch(r"INV/\d{4}/\d{5}", done["name"])
    assert (done["state"], done["payment_reference"]) == ("posted", done["name"])
    assert done["amount_residual"] == done["amount_total"] == 23.0
    assert odoo.one("sale.order", order, "invoice_status")["invoice_status"] == "invoiced"
    again = odoo.refused("account.move", "action_post", ids=[invoice])
    assert again.status == 422
    assert "must be in draft" in again.message


def test_a_second_invoice_of_one_order_is_refused(odoo: Server) -> None:
    order, _ = odoo.confirmed((odoo.product(), 1))
    invoiced(odoo, order)
    vals = {"advance_payment_method": "delivered", "sale_order_ids": [[6, 0, [order]]]}
    wizard = odoo.call("sale.advance.payment.inv", "create", vals_list=[vals])
    problem = odoo.refused("sale.advance.payment.inv", "create_invoices", ids=wizard)
    assert problem.status == 422
    assert "No items are available to invoice" in problem.message


def test_a_deleted_invoices_number_is_given_again(odoo: Server) -> None:
    first, _ = posted(odoo)
    number = odoo.one("account.move", first, "name")["name"]
    assert odoo.refused("account.move", "unlink", ids=[first]).status == 422
    odoo.call("account.move", "button_draft", ids=[first])
    assert odoo.one("account.move", first, "state")["state"] == "draft"
    odoo.call("account.move", "unlink", ids=[first])
    second, _ = posted(odoo)
    assert second != first
    assert odoo.one("account.move", second, "name")["name"] == number


def test_the_payment_wizard_pays_as_often_as_it_is_asked(odoo: Server) -> None:
    invoice, _ = posted(odoo, 100)
    name = odoo.one("account.move", invoice, "name")["name"]
    context = {"active_model": "account.move", "active_ids": [invoice]}
    wizards = [odoo.call("account.payment.register", "create", vals_list=[{}], context=context) for _ in range(4)]
    odoo.together(4, lambda n: odoo.call("account.payment.register", "action_create_payments", ids=wizards[n]))
    found = odoo.find("account.payment", [["memo", "=", name]], "amount")
    assert [row["amount"] for row in found] == [100.0] * 4
    assert state(odoo, invoice) == ("paid", 0.0)
    problem = odoo.refused("account.payment.register", "create", vals_list=[{}], context=context)
    assert problem.status == 422
    assert "nothing left to pay" in problem.message


def test_paying_a_part_with_the_wizard(odoo: Server) -> None:
    invoice, _ = posted(odoo, 100)
    context = {"active_model": "account.move", "active_ids": [invoice]}
    wizard = odoo.call("account.payment.register", "create", vals_list=[{"amount": 40}], context=context)
    odoo.call("account.payment.register", "action_create_payments", ids=wizard)
    assert state(odoo, invoice) == ("partial", 60.0)


def test_a_payment_by_external_id_is_made_once_whatever_is_repeated(odoo: Server) -> None:
    invoice, _ = posted(odoo, 80)
    partner = odoo.one("account.move", invoice, "partner_id")["partner_id"][0]
    memo = odoo.fresh("BANKTX-")
    row = [f"hub.pay_{memo}", "inbound", "customer", str(partner), "80", str(journal(odoo)), memo, "2026-11-23"]
    answers = odoo.together(4, lambda _: odoo.load("account.payment", PAYMENT, [[*row, str(invoice)]]))
    ids = {answer["ids"][0] for answer in answers if isinstance(answer, dict) and answer["ids"]}
    assert len(ids) == 1
    (payment,) = ids
    assert odoo.load("account.payment", PAYMENT, [[*row, str(invoice)]], **EXACT)["ids"] == [payment]
    assert odoo.call("account.payment", "action_post", ids=[payment]) is None
    assert odoo.call("account.payment", "action_post", ids=[payment]) is None
    done = odoo.one("account.payment", payment, "state", "move_id")
    assert done["state"] == "in_process"
    assert state(odoo, invoice)[0] == "not_paid"  # posting alone pays nothing
    line = receivable(odoo, done["move_id"][0])
    assert odoo.call("account.move", "js_assign_outstanding_line", ids=[invoice], line_id=line) is None
    assert state(odoo, invoice) == ("paid", 0.0)
    again = odoo.refused("account.move", "js_assign_outstanding_line", ids=[invoice], line_id=line)
    assert again.status == 422
    assert odoo.call("account.payment", "search_count", domain=[["memo", "=", memo]]) == 1


def test_every_call_of_the_refund_wizard_makes_a_credit_note(odoo: Server) -> None:
    invoice, _ = posted(odoo, 50)
    number = odoo.one("account.move", invoice, "name")["name"]
    context = {"active_model": "account.move", "active_ids": [invoice]}
    vals = {"reason": "damaged", "journal_id": odoo.one("account.move", invoice, "journal_id")["journal_id"][0]}
    notes = []
    for _ in range(2):
        wizard = odoo.call("account.move.reversal", "create", vals_list=[vals], context=context)
        notes.append(odoo.call("account.move.reversal", "refund_moves", ids=wizard)["res_id"])
    assert len(set(notes)) == 2
    fields = ("move_type", "state", "ref", "reversed_entry_id", "amount_total", "invoice_line_ids")
    note = odoo.one("account.move", notes[0], *fields)
    assert (note["move_type"], note["state"], note["amount_total"]) == ("out_refund", "draft", 50.0)
    assert note["ref"] == f"Reversal of: {number}, damaged"
    assert note["reversed_entry_id"][0] == invoice
    line = [1, note["invoice_line_ids"][0], {"quantity": 2}]
    odoo.call("account.move", "write", ids=[notes[0]], vals={"invoice_line_ids": [line]})
    assert odoo.one("account.move", notes[0], "amount_total")["amount_total"] == 20.0
    odoo.call("account.move", "action_post", ids=[notes[0]])
    assert state(odoo, invoice) == ("partial", 30.0)


# Purchase ---------------------------------------------------------------------------------------------


def purchase(odoo: Server, product: int, quantity: float, **more: Any) -> int:
    """A purchase order in draft."""
    line = {"product_id": product, "product_qty": quantity, "price_unit": 5, "date_planned": "2026-12-24 08:00:00"}
    vals = {"partner_id": odoo.partner(), "partner_ref": odoo.fresh("PO-"), "order_line": [[0, 0, line]], **more}
    return int(odoo.call("purchase.order", "create", vals_list=[vals])[0])


def test_a_purchase_is_confirmed_repeatably_and_its_receipt_is_filled_in(odoo: Server) -> None:
    order = purchase(odoo, odoo.product(), 20)
    assert odoo.call("purchase.order", "button_confirm", ids=[order]) is True
    assert odoo.call("purchase.order", "button_confirm", ids=[order]) is True
    row = odoo.one("purchase.order", order, "state", "receipt_status", "picking_ids")
    assert (row["state"], row["receipt_status"]) == ("purchase", "pending")
    (receipt,) = row["picking_ids"]
    transfer = odoo.one("stock.picking", receipt, "state", "picking_type_code", "scheduled_date")
    assert (transfer["state"], transfer["picking_type_code"]) == ("assigned", "incoming")
    assert transfer["scheduled_date"] == "2026-12-24 08:00:00"
    (move,) = odoo.moves(receipt)
    assert (move["product_uom_qty"], move["quantity"]) == (20.0, 20.0)


def test_receiving_in_parts_and_too_much(odoo: Server) -> None:
    product = odoo.product()
    order = purchase(odoo, product, 20)
    odoo.call("purchase.order", "button_confirm", ids=[order])
    (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
    (move,) = odoo.moves(receipt)
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 12, "picked": True})
    assert odoo.validate(receipt) is True
    assert odoo.one("purchase.order", order, "receipt_status")["receipt_status"] == "partial"
    (rest,) = odoo.find("stock.picking", [["backorder_id", "=", receipt]], "state")
    (move,) = odoo.moves(rest["id"])
    odoo.call("stock.move", "write", ids=[move["id"]], vals={"quantity": 11, "picked": True})
    assert odoo.validate(rest["id"]) is True
    (line,) = odoo.find("purchase.order.line", [["order_id", "=", order]], "qty_received", "product_qty")
    assert (line["qty_received"], line["product_qty"]) == (23.0, 20.0)
    assert odoo.one("purchase.order", order, "receipt_status")["receipt_status"] == "full"
    assert odoo.on_hand(product) == 23.0


def test_a_receipt_names_its_lots(odoo: Server) -> None:
    product = odoo.product(tracking="lot")
    order = purchase(odoo, product, 10)
    odoo.call("purchase.order", "button_confirm", ids=[order])
    (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
    assert odoo.refused("stock.picking", "button_validate", ids=[receipt]).status == 422
    (line,) = odoo.find("stock.move.line", [["picking_id", "=", receipt]], "quantity")
    vals = {"lot_name": "SUP-LOT-77", "quantity": 10, "picked": True}
    odoo.call("stock.move.line", "write", ids=[line["id"]], vals=vals)
    assert odoo.validate(receipt) is True
    (lot,) = odoo.find("stock.lot", [["product_id", "=", product]], "name", "company_id")
    assert (lot["name"], lot["company_id"]) == ("SUP-LOT-77", False)


def test_nothing_compares_a_bill_with_the_order(odoo: Server) -> None:
    order = purchase(odoo, odoo.product(), 12)
    odoo.call("purchase.order", "button_confirm", ids=[order])
    (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
    odoo.validate(receipt)
    bill = odoo.call("purchase.order", "action_create_invoice", ids=[order])["res_id"]
    row = odoo.one("account.move", bill, "move_type", "invoice_line_ids")
    assert row["move_type"] == "in_invoice"
    late = odoo.refused("account.move", "action_post", ids=[bill])
    assert late.status == 422  # no bill date
    line = [1, row["invoice_line_ids"][0], {"quantity": 15, "price_unit": 60}]
    vals = {"invoice_date": "2026-11-23", "invoice_line_ids": [line]}
    odoo.call("account.move", "write", ids=[bill], vals=vals)
    odoo.call("account.move", "action_post", ids=[bill])
    (bought,) = odoo.find("purchase.order.line", [["order_id", "=", order]], "qty_invoiced", "qty_to_invoice")
    assert (bought["qty_invoiced"], bought["qty_to_invoice"]) == (15.0, -3.0)
    refund = odoo.call("purchase.order", "action_create_invoice", ids=[order])["res_id"]
    assert odoo.one("account.move", refund, "move_type")["move_type"] == "in_refund"


def test_a_received_purchase_can_be_cancelled_and_a_billed_one_cannot(odoo: Server) -> None:
    for billed in (False, True):
        order = purchase(odoo, odoo.product(), 1)
        odoo.call("purchase.order", "button_confirm", ids=[order])
        (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
        odoo.validate(receipt)
        if billed:
            bill = odoo.call("purchase.order", "action_create_invoice", ids=[order])["res_id"]
            odoo.call("account.move", "write", ids=[bill], vals={"invoice_date": "2026-11-23"})
            odoo.call("account.move", "action_post", ids=[bill])
            assert odoo.refused("purchase.order", "button_cancel", ids=[order]).status == 422
        else:
            assert odoo.call("purchase.order", "button_cancel", ids=[order]) is None
            row = odoo.one("purchase.order", order, "state", "receipt_status")
            assert (row["state"], row["receipt_status"]) == ("cancel", "full")
            assert odoo.one("stock.picking", receipt, "state")["state"] == "done"


def bought_at(odoo: Server, **line: Any) -> tuple[int, int]:
    """A confirmed order of ten at four, and its line."""
    vals = {"product_id": odoo.product(), "product_qty": 10, "price_unit": 4, "date_planned": "2026-12-24 08:00:00", **line}
    order = int(
        odoo.call("purchase.order", "create", vals_list=[{"partner_id": odoo.partner(), "order_line": [[0, 0, vals]]}])[0]
    )
    odoo.call("purchase.order", "button_confirm", ids=[order])
    return order, int(odoo.one("purchase.order", order, "order_line")["order_line"][0])


def receipts(odoo: Server, line: int) -> list[tuple[float, str, str]]:
    """A line's moves: demand, state, where they go."""
    found = odoo.find("stock.move", [["purchase_line_id", "=", line]], "product_uom_qty", "state", "location_dest_id", order="id")
    return [(move["product_uom_qty"], move["state"], move["location_dest_id"][1]) for move in found]


def test_a_quantity_alone_takes_price_and_day_from_the_vendors_list(odoo: Server) -> None:
    """The confirmed order itself made the vendor one of the product's."""
    _, line = bought_at(odoo)
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 0})
    assert odoo.one("purchase.order.line", line, "price_unit")["price_unit"] == 0.0
    _, line = bought_at(odoo)
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 12})
    row = odoo.one("purchase.order.line", line, "price_unit", "date_planned")
    assert row["price_unit"] == 4.0 and row["date_planned"] != "2026-12-24 08:00:00"


def test_less_with_another_day_goes_back_to_the_vendor(odoo: Server) -> None:
    order, line = bought_at(odoo)
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 7})  # the day is taken anew, and nothing fits it
    assert receipts(odoo, line) == [(10.0, "assigned", "WH/Stock"), (3.0, "confirmed", "Vendors")]
    kinds = odoo.find("stock.picking", [["purchase_id", "=", order]], "picking_type_code", order="id")
    assert [kind["picking_type_code"] for kind in kinds] == ["incoming", "outgoing"]


def test_less_with_price_and_day_as_they_are_is_less_to_receive(odoo: Server) -> None:
    _, line = bought_at(odoo)
    same = {"price_unit": 4, "date_planned": "2026-12-24 08:00:00"}
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 7, **same})
    assert receipts(odoo, line) == [(7.0, "assigned", "WH/Stock")]
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 0, **same})
    assert receipts(odoo, line) == [(0.0, "cancel", "WH/Stock")]
    odoo.call("purchase.order.line", "write", ids=[line], vals={"product_qty": 5, **same})
    assert receipts(odoo, line) == [(0.0, "cancel", "WH/Stock"), (5.0, "assigned", "WH/Stock")]


def test_price_and_day_reach_what_is_still_to_come(odoo: Server) -> None:
    _, line = bought_at(odoo)
    odoo.call("purchase.order.line", "write", ids=[line], vals={"price_unit": 5, "date_planned": "2027-01-04 08:00:00"})
    (move,) = odoo.find("stock.move", [["purchase_line_id", "=", line]], "price_unit", "date", "date_deadline")
    assert (move["price_unit"], move["date"], move["date_deadline"]) == (5.0, "2026-12-24 08:00:00", "2027-01-04 08:00:00")


def test_nothing_stops_less_than_was_received_nor_writing_what_is_locked(odoo: Server) -> None:
    order, line = bought_at(odoo)
    (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
    odoo.validate(receipt)
    vals = {"product_qty": 4, "price_unit": 4, "date_planned": "2026-12-24 08:00:00"}
    assert odoo.call("purchase.order.line", "write", ids=[line], vals=vals) is True
    row = odoo.one("purchase.order.line", line, "product_qty", "qty_received")
    assert (row["product_qty"], row["qty_received"]) == (4.0, 10.0)
    assert odoo.call("purchase.order", "button_lock", ids=[order]) is None
    assert odoo.call("purchase.order.line", "write", ids=[line], vals={"price_unit": 9}) is True
    locked = odoo.refused("purchase.order", "button_cancel", ids=[order])
    assert locked.status == 422 and "unlock" in locked.message
    assert odoo.call("purchase.order", "button_unlock", ids=[order]) is None
    assert odoo.refused("purchase.order.line", "unlink", ids=[line]).status == 422


def test_lots_come_with_their_day_and_a_known_lot_keeps_its_own(odoo: Server) -> None:
    product = odoo.product(tracking="lot", use_expiration_date=True, expiration_time=30)
    order, _ = bought_at(odoo, product_id=product)
    columns = ["id", "picking_id/.id", "move_id/.id", "product_id/.id", "quantity", "picked", "lot_name", "expiration_date"]
    for day in ("2027-06-30 00:00:00", "2027-09-30 00:00:00"):
        (receipt,) = odoo.find("stock.picking", [["purchase_id", "=", order], ["state", "=", "assigned"]], "move_ids")
        row = [f"hub.{odoo.fresh()}", str(receipt["id"]), str(receipt["move_ids"][0]), str(product), "4", "1", "E1", day]
        assert odoo.load("stock.move.line", columns, [row])["ids"]
        assert odoo.validate(receipt["id"]) is True
    (lot,) = odoo.find("stock.lot", [["product_id", "=", product]], "name", "expiration_date")
    assert (lot["name"], lot["expiration_date"]) == ("E1", "2027-06-30 00:00:00") and odoo.on_hand(product) == 8.0


def test_goods_that_expired_make_odoo_ask_a_person(odoo: Server) -> None:
    product = odoo.product(tracking="lot", use_expiration_date=True, expiration_time=30)
    order, _ = bought_at(odoo, product_id=product)
    (receipt,) = odoo.one("purchase.order", order, "picking_ids")["picking_ids"]
    (line,) = odoo.find("stock.move.line", [["picking_id", "=", receipt]], "quantity")
    vals = {"lot_name": "OLD", "expiration_date": "2020-01-31 00:00:00", "picked": True}
    odoo.call("stock.move.line", "write", ids=[line["id"]], vals=vals)
    asked = odoo.validate(receipt)
    assert asked["res_model"] == "expiry.picking.confirmation"
    assert odoo.one("stock.picking", receipt, "state")["state"] == "assigned"
    assert odoo.validate(receipt, skip_expired=True) is True


def test_a_bill_belongs_to_the_order_its_lines_name(odoo: Server) -> None:
    order, line = bought_at(odoo)
    partner = odoo.one("purchase.order", order, "partner_id")["partner_id"][0]
    xid = f"hub.{odoo.fresh('bill')}"
    columns = ["id", "move_type", "partner_id/.id", "invoice_date", "ref", "invoice_line_ids/id", "invoice_line_ids/name"]
    columns += [f"invoice_line_ids/{name}" for name in ("quantity", "price_unit", "tax_ids/.id", "purchase_line_id/.id")]
    first = [xid, "in_invoice", str(partner), "2026-11-23", odoo.fresh("INV-"), f"{xid}_1", "Goods", "6", "4", "2", str(line)]
    second = ["", "", "", "", "", f"{xid}_2", "Freight", "1", "12.5", "", ""]
    (bill,) = odoo.load("account.move", columns, [first, second])["ids"]
    assert odoo.one("purchase.order", order, "invoice_ids")["invoice_ids"] == [bill]
    assert odoo.one("purchase.order.line", line, "qty_invoiced")["qty_invoiced"] == 6.0
    row = odoo.one("account.move", bill, "state", "amount_untaxed", "amount_tax", "amount_total", "commercial_partner_id")
    assert (row["state"], row["amount_untaxed"], row["amount_tax"], row["amount_total"]) == ("draft", 36.5, 3.6, 40.1)
    assert row["commercial_partner_id"][0] == partner


def test_a_vendor_bill_loads_exactly_once_but_one_reference_posts_twice(odoo: Server) -> None:
    partner, product, ref = odoo.partner(), odoo.product(), odoo.fresh("BILL-")
    columns = [
        "id",
        "move_type",
        "partner_id/.id",
        "invoice_date",
        "ref",
        "invoice_line_ids/id",
        "invoice_line_ids/product_id/.id",
        "invoice_line_ids/quantity",
        "invoice_line_ids/price_unit",
    ]
    bills = []
    for number in (1, 2):
        xid = f"hub.{ref}_{number}"
        row = [xid, "in_invoice", str(partner), "2026-11-23", ref, f"{xid}_1", str(product), "1", "25"]
        (bill,) = odoo.load("account.move", columns, [row])["ids"]
        assert odoo.load("account.move", columns, [row])["ids"] == [bill]
        odoo.call("account.move", "action_post", ids=[bill])
        bills.append(bill)
    assert odoo.one("account.move", bills[1], "duplicated_ref_ids")["duplicated_ref_ids"] == [bills[0]]


def test_private_invoicing_is_403(odoo: Server) -> None:
    problem = odoo.refused("sale.order", "_create_invoices", ids=[1])
    assert (problem.status, problem.name) == (403, "odoo.exceptions.AccessError")
