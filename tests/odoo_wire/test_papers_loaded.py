"""What loading papers, returns and landed costs does that the buttons do not, and what Odoo does in a closed period."""

from __future__ import annotations

import pytest

from tests.odoo_wire.conftest import EXACT, Refused, Server
from tests.odoo_wire.test_money import receivable, state

PAPER = ["id", "move_type", "partner_id/.id", "invoice_date", "invoice_origin", "reversed_entry_id/.id"]
LINES = [
    f"invoice_line_ids/{name}"
    for name in ("id", "product_id/.id", "name", "quantity", "price_unit", "tax_ids/.id", "sale_line_ids/.id")
]


def loaded(odoo: Server, order: int, quantity: str, kind: str = "out_invoice", reverses: int = 0, on: str = "2026-11-23") -> int:
    """A paper over some of an order's first line, loaded twice under one external id."""
    head = odoo.one("sale.order", order, "name", "partner_id", "order_line")
    line = odoo.one("sale.order.line", head["order_line"][0], "product_id", "name", "price_unit", "tax_ids")
    name = odoo.fresh("wire.paper")
    row = [
        name, kind, str(head["partner_id"][0]), on, head["name"], str(reverses or ""), f"{name}/0", str(line["product_id"][0]),
        line["name"], quantity, str(line["price_unit"]), ",".join(map(str, line["tax_ids"])), str(head["order_line"][0]),
    ]  # fmt: skip
    made = [odoo.call("account.move", "load", fields=PAPER + LINES, data=[row], context=EXACT)["ids"] for _ in range(2)]
    assert made[0] == made[1]
    return int(made[0][0])


def test_a_loaded_paper_counts_as_invoiced_and_its_reversal_settles_it(odoo: Server) -> None:
    order, _ = odoo.shipped(odoo.product(), 4)
    paper = loaded(odoo, order, "3")
    (line,) = odoo.one("sale.order", order, "order_line")["order_line"]
    assert odoo.one("sale.order", order, "invoice_ids")["invoice_ids"] == [paper]
    assert odoo.one("sale.order.line", line, "qty_invoiced", "qty_to_invoice") == {
        "id": line,
        "qty_invoiced": 3.0,
        "qty_to_invoice": 1.0,
    }
    assert odoo.call("account.move", "action_post", ids=[paper]) is False
    total = odoo.one("account.move", paper, "amount_total")["amount_total"]
    note = loaded(odoo, order, "1", "out_refund", paper)
    assert odoo.one("sale.order.line", line, "qty_invoiced")["qty_invoiced"] == 2.0
    assert odoo.call("account.move", "action_post", ids=[note]) is False
    assert state(odoo, note) == ("paid", 0.0)
    paid, left = state(odoo, paper)
    assert paid == "partial" and left == pytest.approx(total * 2 / 3, abs=0.01)


def test_a_closed_period_stops_nobody_and_moves_the_booking(odoo: Server, admin: str) -> None:
    order, _ = odoo.shipped(odoo.product(), 1)
    paper = loaded(odoo, order, "1", on="2020-01-31")
    odoo.call("res.company", "write", user=admin, ids=[1], vals={"sale_lock_date": "2020-01-31"})
    try:
        draft = odoo.one("account.move", paper, "tax_lock_date_message", "date")
        assert draft["date"] == "2020-01-31" and "Sales Lock Date (01/31/2020)" in draft["tax_lock_date_message"]
        assert odoo.call("account.move", "action_post", ids=[paper]) is False
    finally:
        odoo.call("res.company", "write", user=admin, ids=[1], vals={"sale_lock_date": False})
    posted = odoo.one("account.move", paper, "state", "date", "invoice_date", "tax_lock_date_message")
    assert (posted["state"], posted["invoice_date"], posted["tax_lock_date_message"]) == ("posted", "2020-01-31", False)
    assert posted["date"] > "2020-01-31"


def test_a_payment_that_is_used_up_is_assigned_again_without_a_word(odoo: Server) -> None:
    order, _ = odoo.shipped(odoo.product(), 2)
    paper = loaded(odoo, order, "2")
    odoo.call("account.move", "action_post", ids=[paper])
    partner = odoo.one("account.move", paper, "partner_id")["partner_id"][0]
    (journal,) = odoo.call("account.journal", "search", domain=[["type", "=", "bank"]], limit=1)
    fields = ["id", "payment_type", "partner_type", "partner_id/.id", "amount", "journal_id/.id", "memo", "date"]
    row = [odoo.fresh("wire.pay"), "inbound", "customer", str(partner), "5", str(journal), "part", "2026-11-23"]
    (payment,) = odoo.call("account.payment", "load", fields=fields, data=[row], context=EXACT)["ids"]
    odoo.call("account.payment", "action_post", ids=[payment])
    entry = odoo.one("account.payment", payment, "move_id")["move_id"][0]
    for _ in range(2):
        odoo.call("account.move", "js_assign_outstanding_line", ids=[paper], line_id=receivable(odoo, entry))
    total = odoo.one("account.move", paper, "amount_total")["amount_total"]
    assert state(odoo, paper) == ("partial", pytest.approx(total - 5))


def test_a_loaded_return_is_one_and_its_moves_are_merged(odoo: Server) -> None:
    product = odoo.product()
    order, picking = odoo.shipped(product, 5)
    out = odoo.one("stock.picking", picking, "move_ids", "partner_id")
    move = odoo.one("stock.move", out["move_ids"][0], "product_uom", "sale_line_id")
    kind = odoo.one("stock.picking.type", 2, "return_picking_type_id")["return_picking_type_id"][0]
    head = ["id", "picking_type_id/.id", "partner_id/.id", "location_id/.id", "location_dest_id/.id", "origin", "return_id/.id"]
    of_move = (
        "id", "product_id/.id", "product_uom_qty", "product_uom/.id", "location_id/.id", "location_dest_id/.id",
        "origin_returned_move_id/.id", "to_refund", "sale_line_id/.id",
    )  # fmt: skip
    name = odoo.fresh("wire.return")
    rows = []
    for at in range(2):
        first = [name, str(kind), str(out["partner_id"][0]), "2", "5", "RMA", str(picking)] if not at else [""] * 7
        rest = [
            str(product),
            "1",
            str(move["product_uom"][0]),
            "2",
            "5",
            str(out["move_ids"][0]),
            "1",
            str(move["sale_line_id"][0]),
        ]
        rows.append([*first, f"{name}/{at}", *rest])
    fields = head + [f"move_ids/{each}" for each in of_move]
    made = [odoo.call("stock.picking", "load", fields=fields, data=rows, context=EXACT)["ids"] for _ in range(2)]
    assert made[0] == made[1]
    back = odoo.one("stock.picking", made[0][0], "sale_id", "return_id", "state", "move_ids")
    assert (back["sale_id"][0], back["return_id"][0], back["state"]) == (order, picking, "draft")
    assert len(back["move_ids"]) == 2
    for _ in range(2):
        assert odoo.call("stock.picking", "action_confirm", ids=[back["id"]]) is True
    (only,) = odoo.one("stock.picking", back["id"], "move_ids")["move_ids"]
    # scrapped: the line goes to inventory losses, the move into stock, and the order counts it as returned
    line = [
        "id",
        "picking_id/.id",
        "move_id/.id",
        "product_id/.id",
        "location_id/.id",
        "location_dest_id/.id",
        "quantity",
        "picked",
    ]
    cells = [f"{name}.line", str(back["id"]), str(only), str(product), "2", "11", "2", "1"]
    odoo.call("stock.move.line", "load", fields=line, data=[cells], context=EXACT)
    assert odoo.validate(back["id"], picking_ids_not_to_backorder=[back["id"]]) is True
    assert odoo.one("sale.order.line", move["sale_line_id"][0], "qty_delivered")["qty_delivered"] == 3.0
    (lines,) = odoo.find("stock.move.line", [["picking_id", "=", back["id"]]], "location_dest_id", "quantity")
    assert (lines["location_dest_id"][0], lines["quantity"]) == (11, 2.0)


def test_landed_costs_are_for_inventory_administrators(odoo: Server, admin: str) -> None:
    with pytest.raises(Refused, match="403"):
        odoo.call("stock.landed.cost", "search", domain=[])
    assert isinstance(odoo.call("stock.landed.cost", "search", user=admin, domain=[]), list)
