"""Lines of sales orders: prices, taxes, what was delivered and invoiced, what a change after confirmation does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import moves_of
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    flag,
    integer,
    links,
    many,
    money,
    one,
    quantity,
    text,
)
from crossdock.simulators.odoo.values import rounded

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.models.sale import Order

from crossdock.simulators.odoo.models.taxes import mapped_taxes, tax_of

SELLERS = ("sales_team.group_sale_salesman", "sales_team.group_sale_salesman_all_leads", "sales_team.group_sale_manager")

BOSS = ("sales_team.group_sale_manager", "base.group_system")

WRITERS = (*SELLERS, "stock.group_stock_user", "account.group_account_invoice", "base.group_system")
CREATORS = (*SELLERS, "base.group_system")


def ratio(env: Env, line: Row) -> float:
    """How many of the product's own unit one of the line's unit is."""
    uoms = env.store.table("uom.uom").rows
    product = env.row("product.product", line["product_id"])
    own = env.row("product.template", product["product_tmpl_id"])["uom_id"]
    return float(uoms[line["product_uom_id"] or own]["factor"] / uoms[own]["factor"])


def delivered(env: Env, line: Row) -> float:
    table = env.store.table("stock.move")
    total = 0.0
    for move in (table.rows[i] for i in table.indexes["sale_line_id"].get(line["id"], ())):
        if move["state"] != "done":
            continue
        amount = moves_of(env).getter("quantity")(env, move)
        target = env.row("stock.location", move["location_dest_id"])["usage"]
        if target == "customer":
            total += amount
        elif move["to_refund"]:
            total -= amount
    return rounded(total / ratio(env, line), 2)


def raw_tax(env: Env, line: Row) -> float:
    base = line["price_unit"] * line["product_uom_qty"] * (1 - line["discount"] / 100)
    return tax_of(env, line["tax_ids"] or [], base)


class Line(Model):
    name = "sale.order.line"
    label = "Sales Order Line"
    order = "order_id, sequence, id"
    write_groups = WRITERS
    create_groups = CREATORS
    unlink_groups = (*SELLERS, "base.group_system")
    own: ClassVar[Fields] = {
        "order_id": one("sale.order", "Order Reference", required=True, cascade=True, index=True),
        "sequence": integer("Sequence", default=10),
        "product_id": one("product.product", "Product", touched=True, index=True),
        "product_template_id": one(
            "product.template",
            "Product Template",
            compute=lambda env, row: (
                env.row("product.product", row["product_id"])["product_tmpl_id"] if row["product_id"] else False
            ),
        ),
        "name": text("Description"),
        "product_uom_qty": quantity("Quantity", default=1.0),
        "product_uom_id": one("uom.uom", "Unit"),
        "price_unit": decimal("Unit Price"),
        "discount": decimal("Discount (%)", 2),
        "tax_ids": links("account.tax", "Taxes"),
        "price_subtotal": money("Subtotal"),
        "price_tax": decimal("Total Tax"),
        "price_total": money("Total"),
        "qty_delivered": quantity("Delivery Quantity"),
        "qty_invoiced": quantity("Invoiced Quantity"),
        "qty_to_invoice": quantity("Quantity To Invoice"),
        "invoice_status": choice(
            "Invoice Status",
            ("upselling", "Upselling Opportunity"),
            ("invoiced", "Fully Invoiced"),
            ("to invoice", "To Invoice"),
            ("no", "Nothing to Invoice"),
            default="no",
        ),
        "invoice_lines": links("account.move.line", "Invoice Lines"),
        "move_ids": many("stock.move", "sale_line_id", "Stock Moves"),
        "is_delivery": flag("Is a Delivery"),
        "is_downpayment": flag("Is a down payment"),
        "display_type": choice("Display Type", ("line_section", "Section"), ("line_note", "Note")),
        "customer_lead": decimal("Lead Time"),
        "state": char("Order Status", compute=lambda env, row: env.row("sale.order", row["order_id"])["state"]),
        "company_id": one(
            "res.company", "Company", compute=lambda env, row: env.row("sale.order", row["order_id"])["company_id"]
        ),
        "currency_id": one(
            "res.currency", "Currency", compute=lambda env, row: env.row("sale.order", row["order_id"])["currency_id"]
        ),
        "order_partner_id": one(
            "res.partner", "Customer", compute=lambda env, row: env.row("sale.order", row["order_id"])["partner_id"]
        ),
        "warehouse_id": one(
            "stock.warehouse", "Warehouse", compute=lambda env, row: env.row("sale.order", row["order_id"])["warehouse_id"]
        ),
    }

    def display(self, env: Env, row: Row) -> str:
        order = env.row("sale.order", row["order_id"])
        partner = env.row("res.partner", order["partner_id"])["ref"]
        label = row["name"]
        if row["product_id"]:
            label = env["product.product"].display(env, env.row("product.product", row["product_id"]))
        return f"{order['name']} - {label} ({partner})" if partner else f"{order['name']} - {label}"

    def prepare(self, env: Env, vals: Row) -> Row:
        order = env.store.table("sale.order").rows.get(vals.get("order_id") or 0)
        product = env.store.table("product.product").rows.get(vals.get("product_id") or 0)
        if product is None or order is None:
            return vals
        template = env.row("product.template", product["product_tmpl_id"])
        if not vals.get("name"):
            label = env["product.product"].display(env, product)
            vals["name"] = f"{label}\n{template['description_sale']}" if template["description_sale"] else label
        if not vals.get("product_uom_id"):
            vals["product_uom_id"] = template["uom_id"]
        if vals.get("price_unit") is None or vals["price_unit"] is False:  # 0.0 is a price
            vals["price_unit"] = template["list_price"]
        if "tax_ids" not in vals:
            vals["tax_ids"] = [[6, 0, mapped_taxes(env, order["fiscal_position_id"], template["taxes_id"] or [])]]
        if not vals.get("is_delivery"):
            vals["is_delivery"] = any(
                c["product_id"] == product["id"] and order["carrier_id"] == i
                for i, c in env.store.table("delivery.carrier").rows.items()
            )
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            self.refresh_amounts(env, row)
            order = env.row("sale.order", row["order_id"])
            orders = cast("Order", env["sale.order"])
            orders.refresh_totals(env, order)
            if order["state"] == "sale":
                self.refresh_invoicing(env, row)
                orders.line_changed(env, order, row, 0.0)

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        orders = cast("Order", env["sale.order"])
        before = [(row, row["product_uom_qty"], row["order_id"]) for row in rows]
        super().update(env, rows, vals)
        for row, amount, old_order in before:
            self.refresh_amounts(env, row)
            order = env.row("sale.order", row["order_id"])
            for id_ in {old_order, row["order_id"]}:
                orders.refresh_totals(env, env.row("sale.order", id_))
            if order["state"] == "sale":
                self.refresh_invoicing(env, row)
                if row["product_uom_qty"] != amount:
                    orders.line_changed(env, order, row, amount)
                orders.refresh(env, order["id"])

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        for row in rows:
            order = env.store.table("sale.order").rows.get(row["order_id"])
            if order is not None and order["state"] == "sale" and not row["is_delivery"]:
                raise UserError(
                    "Once a sales order is confirmed, you can't remove one of its lines (we need to track if something "
                    "gets invoiced or delivered).\n                Set the quantity to 0 instead."
                )

    def erase(self, env: Env, rows: Any) -> None:
        orders = {row["order_id"] for row in rows}
        super().erase(env, rows)
        model = cast("Order", env["sale.order"])
        for id_ in orders:
            if id_ in model.rows(env):
                model.refresh_totals(env, model.rows(env)[id_])

    def refresh_amounts(self, env: Env, row: Row) -> None:
        """Subtotal rounded to the currency; the order rounds its taxes anew."""
        base = row["price_unit"] * row["product_uom_qty"] * (1 - row["discount"] / 100)
        tax = tax_of(env, row["tax_ids"] or [], base)
        subtotal = rounded(base, 2)
        self.put(env, row, price_subtotal=subtotal, price_tax=rounded(tax, 2), price_total=rounded(subtotal + tax, 2))

    def refresh_invoicing(self, env: Env, row: Row) -> None:
        """What is still to be invoiced, by the product's policy."""
        if not row["product_id"]:
            return
        product = env.row("product.product", row["product_id"])
        policy = env.row("product.template", product["product_tmpl_id"])["invoice_policy"]
        base = row["product_uom_qty"] if policy == "order" else row["qty_delivered"]
        to_invoice = rounded(base - row["qty_invoiced"], 2)
        status = "no"
        if env.row("sale.order", row["order_id"])["state"] == "sale":
            if to_invoice:
                status = "to invoice"
            elif policy == "order" and row["qty_delivered"] > row["product_uom_qty"] > 0:
                status = "upselling"
            elif row["qty_invoiced"] >= row["product_uom_qty"]:
                status = "invoiced"
        self.put(env, row, qty_to_invoice=to_invoice, invoice_status=status)


MODELS = [Line]
