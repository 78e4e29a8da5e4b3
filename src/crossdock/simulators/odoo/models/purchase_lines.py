"""Lines of purchase orders, and how the receipts of a confirmed order follow them, with the traps of Odoo 19.

A quantity written alone takes price and day anew from the vendor's list. What a lowered quantity takes back is merged only with moves of
the same price and deadline; otherwise it becomes a transfer back to the vendor. Nothing refuses less than was received.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import CLOSED, moves_of
from crossdock.simulators.odoo.models.supplier_prices import reprice, seller_for
from crossdock.simulators.odoo.models.taxes import mapped_taxes, tax_of
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    integer,
    links,
    many,
    moment,
    money,
    one,
    quantity,
    text,
)
from crossdock.simulators.odoo.values import rounded

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.models.pickings import Picking
    from crossdock.simulators.odoo.models.purchase import Purchase

BUYERS = ("purchase.group_purchase_user", "base.group_system")
WORKERS = (*BUYERS, "stock.group_stock_user", "account.group_account_invoice")


def template_of_line(env: Env, line: Row) -> Row:
    """The template of a line's product."""
    return env.row("product.template", env.row("product.product", line["product_id"])["product_tmpl_id"])


def factor(env: Env, line: Row) -> float:
    """How many of the product's unit one of the line's unit is."""
    if not line["product_id"] or not line["product_uom_id"]:
        return 1.0
    uoms = env.store.table("uom.uom").rows
    return float(uoms[line["product_uom_id"]]["factor"] / uoms[template_of_line(env, line)["uom_id"]]["factor"])


def moves_for(env: Env, line: Row) -> list[Row]:
    """The moves of a line, oldest first."""
    table = env.store.table("stock.move")
    return [table.rows[i] for i in sorted(table.indexes["purchase_line_id"].get(line["id"], ()))]


def goes_back(env: Env, move: Row) -> bool:
    """Whether a move goes to the vendor."""
    return bool(env.row("stock.location", move["location_dest_id"])["usage"] == "supplier")


def received(env: Env, line: Row) -> float:
    """The received quantity in the line's unit; returns count back where they are meant to."""
    total = 0.0
    for move in moves_for(env, line):
        if move["state"] == "done":
            amount = moves_of(env).getter("quantity")(env, move)
            back = goes_back(env, move)
            total += -amount if back and move["to_refund"] else 0.0 if back else amount
    return rounded(total / factor(env, line), 2)


class PurchaseLine(Model):
    name = "purchase.order.line"
    label = "Purchase Order Line"
    order = "order_id, sequence, id"
    read_groups = WORKERS
    write_groups = WORKERS
    own: ClassVar[Fields] = {
        "order_id": one("purchase.order", "Order Reference", required=True, cascade=True, index=True),
        "sequence": integer("Sequence", default=10),
        "product_id": one("product.product", "Product", touched=True, index=True),
        "name": text("Description"),
        "display_type": choice("Display Type", "line_section", "line_subsection", "line_note"),
        "product_qty": quantity("Quantity", default=1.0),
        "product_uom_qty": decimal("Total Quantity", compute=lambda env, row: rounded(row["product_qty"] * factor(env, row), 2)),
        "product_uom_id": one("uom.uom", "Unit"),
        "price_unit": decimal("Unit Price"),
        "technical_price_unit": decimal("Technical Price Unit"),
        "discount": decimal("Discount (%)", 2),
        "tax_ids": links("account.tax", "Taxes"),
        "price_subtotal": money("Subtotal"),
        "price_tax": decimal("Tax"),
        "price_total": money("Total"),
        "date_planned": moment("Expected Arrival"),
        "qty_received": quantity("Received Qty"),
        "qty_invoiced": quantity("Billed Qty"),
        "qty_to_invoice": quantity("To Invoice Quantity"),
        "move_ids": many("stock.move", "purchase_line_id", "Reservation"),
        "invoice_lines": many("account.move.line", "purchase_line_id", "Bill Lines"),
        "partner_id": one(
            "res.partner", "Partner", compute=lambda env, row: env.row("purchase.order", row["order_id"])["partner_id"]
        ),
        "company_id": one(
            "res.company", "Company", compute=lambda env, row: env.row("purchase.order", row["order_id"])["company_id"]
        ),
        "state": char("Status", compute=lambda env, row: env.row("purchase.order", row["order_id"])["state"]),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if vals.get("display_type"):
            return {
                **vals,
                "product_id": False,
                "product_qty": 0,
                "price_unit": 0,
                "product_uom_id": False,
                "date_planned": False,
            }
        order = env.store.table("purchase.order").rows.get(vals.get("order_id") or 0)
        product = env.store.table("product.product").rows.get(vals.get("product_id") or 0)
        if order is not None and product is not None:
            template = env.row("product.template", product["product_tmpl_id"])
            seller = seller_for(env, product, order["partner_id"], abs(float(vals.get("product_qty", 1) or 0)))
            if not vals.get("name"):
                code, name = (seller["product_code"], seller["product_name"]) if seller else (False, False)
                plain = env["product.product"].display(env, product)
                vals["name"] = f"[{code}] {name or template['name']}" if code else (name or plain)
            vals.setdefault("product_uom_id", template["uom_id"])
            if vals.get("price_unit") in (None, False):
                vals["price_unit"] = seller["price"] if seller else product["standard_price"]
            vals.setdefault("technical_price_unit", float(vals["price_unit"]))
            if not vals.get("date_planned"):
                vals["date_planned"] = order["date_order"]
            if "tax_ids" not in vals:
                taxes = mapped_taxes(env, order["fiscal_position_id"], template["supplier_taxes_id"] or [])
                vals["tax_ids"] = [[6, 0, taxes]]
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        orders = cast("Purchase", env["purchase.order"])
        for row in (self.rows(env)[i] for i in ids):
            self._amounts(env, row)
            order = env.row("purchase.order", row["order_id"])
            orders.refresh_totals(env, order)
            if order["state"] == "purchase":
                self.follow(env, row)
                orders.refresh(env, order["id"])

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        orders = cast("Purchase", env["purchase.order"])
        before = [(row, row["product_qty"]) for row in rows]
        for row in rows:
            if vals.get("date_planned"):
                self._on_open_moves(env, row, date_deadline=vals["date_planned"])
        super().update(env, rows, vals)
        for row, amount in before:
            order = env.row("purchase.order", row["order_id"])
            if row["product_id"] and "product_qty" in vals and row["product_qty"] != amount:
                self.put(env, row, **{n: v for n, v in reprice(env, row, order).items() if n not in vals})
            self._amounts(env, row)
            orders.refresh_totals(env, order)
            if order["state"] != "purchase":
                continue
            if "price_unit" in vals:
                self._on_open_moves(env, row, price_unit=row["price_unit"])
            if "product_qty" in vals and row["product_qty"] != amount:
                self.follow(env, row)
            self.refresh_invoicing(env, row)
            orders.refresh(env, order["id"])

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        for row in rows:
            if env.row("purchase.order", row["order_id"])["state"] == "purchase" and not row["display_type"]:
                raise UserError("Cannot delete a purchase order line which is in state “Purchase Order”.")

    def _amounts(self, env: Env, row: Row) -> None:
        base = row["price_unit"] * row["product_qty"] * (1 - row["discount"] / 100)
        subtotal, tax = rounded(base, 2), tax_of(env, row["tax_ids"] or [], base)
        self.put(env, row, price_subtotal=subtotal, price_tax=tax, price_total=rounded(subtotal + tax, 2))

    def _on_open_moves(self, env: Env, row: Row, **values: Any) -> None:
        for move in moves_for(env, row):
            if move["state"] not in CLOSED:
                moves_of(env).put(env, move, **values)

    def follow(self, env: Env, row: Row) -> None:
        """Bring the receipts to the line's quantity: more is merged or added, less is taken back or, where nothing fits, sent back."""
        if not row["product_id"] or template_of_line(env, row)["type"] != "consu":
            return
        pickings = cast("Picking", env["stock.picking"])
        planned = rounded(row["product_qty"] * factor(env, row), 2)
        live = [move for move in moves_for(env, row) if move["state"] != "cancel"]
        there = sum(-move["product_uom_qty"] if goes_back(env, move) else move["product_uom_qty"] for move in live)
        delta = rounded(planned - there, 2)
        if not delta:
            return
        order = env.row("purchase.order", row["order_id"])
        open_ones = _open_receipts(env, order)
        picking = next(
            (p for p in open_ones if any(m["picking_id"] == p["id"] for m in live)), open_ones[0] if open_ones else None
        )
        if picking is None:
            if row["product_qty"] > row["qty_received"]:
                cast("Purchase", env["purchase.order"]).launch(env, order, {row["id"]: delta})
            return
        same = [
            move
            for move in (env.store.table("stock.move").rows[i] for i in _moves_in(env, picking))
            if move["state"] not in CLOSED
            and move["purchase_line_id"] == row["id"]
            and move["price_unit"] == row["price_unit"]
            and move["date_deadline"] == row["date_planned"]
        ]
        if delta > 0:
            self._more(env, row, picking, same, delta)
        else:
            self._less(env, row, order, same, -delta)
        pickings.refresh(env, picking["id"])

    def _more(self, env: Env, row: Row, picking: Row, same: list[Row], amount: float) -> None:
        if same:
            wanted = rounded(same[0]["product_uom_qty"] + amount, 2)
            env["stock.move"].update(env.sudo(), [same[0]], {"product_uom_qty": wanted})
            return
        made = env["stock.move"].insert(env.sudo(), [move_values(row, picking["id"], amount)])
        moves_of(env).confirm(env, [env.row("stock.move", i) for i in made])

    def _less(self, env: Env, row: Row, order: Row, same: list[Row], amount: float) -> None:
        pickings = cast("Picking", env["stock.picking"])
        for move in same:
            taken = min(amount, move["product_uom_qty"])
            amount = rounded(amount - taken, 2)
            env["stock.move"].update(env.sudo(), [move], {"product_uom_qty": rounded(move["product_uom_qty"] - taken, 2)})
            if not move["product_uom_qty"]:
                pickings.cancel_move(env, move)
            if not amount:
                return
        house = env.row("stock.picking.type", order["picking_type_id"])
        kind = (
            env.row("stock.warehouse", house["warehouse_id"])["out_type_id"]
            if house["warehouse_id"]
            else order["picking_type_id"]
        )
        places = {"location_id": house["default_location_dest_id"], "location_dest_id": house["default_location_src_id"]}
        back = pickings.insert(
            env.sudo(),
            [
                {
                    "picking_type_id": kind,
                    "partner_id": order["partner_id"],
                    "origin": order["name"],
                    "purchase_id": order["id"],
                    "company_id": order["company_id"],
                    **places,
                }
            ],
        )[0]
        made = env["stock.move"].insert(env.sudo(), [move_values(row, back, amount) | places | {"to_refund": True}])
        moves_of(env).confirm(env, [env.row("stock.move", i) for i in made])
        pickings.refresh(env, back)

    def refresh_invoicing(self, env: Env, row: Row) -> None:
        """What is still to be billed, by the product's control policy."""
        if row["product_id"]:
            template = template_of_line(env, row)
            ordered = template["purchase_method"] == "purchase" or template["type"] == "service"
            base = row["product_qty"] if ordered else row["qty_received"]
            self.put(env, row, qty_to_invoice=rounded(base - row["qty_invoiced"], 2))


def move_values(line: Row, picking: int, amount: float) -> Row:
    """A move for a line."""
    return {
        "picking_id": picking,
        "product_id": line["product_id"],
        "product_uom_qty": amount,
        "purchase_line_id": line["id"],
        "price_unit": line["price_unit"],
        "date": line["date_planned"],
        "date_deadline": line["date_planned"],
        "sequence": line["sequence"],
    }


def _open_receipts(env: Env, order: Row) -> list[Row]:
    table = env.store.table("stock.picking")
    found = [table.rows[i] for i in sorted(table.indexes["purchase_id"].get(order["id"], ()))]
    places = env.store.table("stock.location").rows
    return [
        p
        for p in found
        if p["state"] not in CLOSED and places[p["location_dest_id"]]["usage"] in ("internal", "transit", "customer")
    ]


def _moves_in(env: Env, picking: Row) -> list[int]:
    return sorted(env.store.table("stock.move").indexes["picking_id"].get(picking["id"], ()))


MODELS = [PurchaseLine]
