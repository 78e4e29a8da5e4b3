"""Sales orders: defaults the server decides (taxes!), totals, confirmation, changes, cancellation, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import RedirectWarning, UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moves import CLOSED, moves_of
from crossdock.simulators.odoo.models.pickings import Picking
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    day,
    decimal,
    flag,
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

SELLERS = ("sales_team.group_sale_salesman", "sales_team.group_sale_salesman_all_leads", "sales_team.group_sale_manager")
BOSS = ("sales_team.group_sale_manager", "base.group_system")


def tax_of(env: Env, taxes: list[int], base: float) -> float:
    """Unrounded tax on a base amount; only percentage taxes on top exist in the generic chart."""
    rows = env.store.table("account.tax").rows
    return float(sum(base * rows[t]["amount"] / 100 for t in taxes))


def mapped_taxes(env: Env, position: Any, taxes: list[int]) -> list[int]:
    """Taxes after the fiscal position: abroad, the domestic tax becomes the export tax."""
    table = env.store.table("account.tax").rows
    if not position:
        return list(taxes)
    wanted = env.row("account.fiscal.position", position)["tax_ids"]
    if any(t in wanted for t in taxes):
        return list(taxes)
    kinds = {table[t]["type_tax_use"] for t in taxes}
    return [t for t in wanted if table[t]["type_tax_use"] in kinds]


def fiscal_position(env: Env, partner: Row, delivery: Row) -> Any:
    """The position applied automatically for the delivery country; none without a country."""
    if partner["property_account_position_id"]:
        return partner["property_account_position_id"]
    country = delivery["country_id"] or partner["country_id"]
    if not country:
        return False
    positions = env.store.table("account.fiscal.position").rows
    exact = [i for i, r in positions.items() if r["auto_apply"] and r["country_id"] == country]
    rest = [i for i, r in positions.items() if r["auto_apply"] and not r["country_id"]]
    return next(iter(exact or rest), False)


class Pricelist(Model):
    name = "product.pricelist"
    label = "Pricelist"
    write_groups = BOSS
    own: ClassVar[Fields] = {
        "name": char("Pricelist Name", required=True),
        "active": flag("Active", default=True),
        "currency_id": one("res.currency", "Currency", required=True, default=1),
        "company_id": one("res.company", "Company"),
    }


class Order(Model):
    name = "sale.order"
    label = "Sales Order"
    order = "date_order desc, id desc"
    write_groups = (*SELLERS, "stock.group_stock_user", "account.group_account_invoice", "base.group_system")
    create_groups = (*SELLERS, "base.group_system")
    unlink_groups = BOSS
    own: ClassVar[Fields] = {
        "name": char("Order Reference", index=True),
        "state": choice(
            "Status",
            ("draft", "Quotation"),
            ("sent", "Quotation Sent"),
            ("sale", "Sales Order"),
            ("cancel", "Cancelled"),
            default="draft",
        ),
        "partner_id": one("res.partner", "Customer", required=True, touched=True, index=True),
        "partner_invoice_id": one("res.partner", "Invoice Address", touched=True),
        "partner_shipping_id": one("res.partner", "Delivery Address", touched=True),
        "company_id": one("res.company", "Company", required=True),
        "warehouse_id": one("stock.warehouse", "Warehouse"),
        "client_order_ref": char("Customer Reference", index=True),
        "origin": char("Source Document", index=True),
        "reference": char("Payment Ref."),
        "date_order": moment("Order Date", default=lambda env: env.now[:19]),
        "commitment_date": moment("Delivery Date"),
        "expected_date": moment("Expected Date", compute=lambda env, row: row["date_order"]),
        "validity_date": day("Expiration"),
        "user_id": one("res.users", "Salesperson", default=lambda env: env.uid),
        "currency_id": one("res.currency", "Currency", default=1),
        "pricelist_id": one("product.pricelist", "Pricelist"),
        "payment_term_id": one("account.payment.term", "Payment Terms"),
        "fiscal_position_id": one("account.fiscal.position", "Fiscal Position"),
        "carrier_id": one("delivery.carrier", "Delivery Method"),
        "order_line": many("sale.order.line", "order_id", "Order Lines"),
        "picking_ids": many("stock.picking", "sale_id", "Transfers"),
        "delivery_count": integer(
            "Delivery Orders", compute=lambda env, row: len(env["sale.order"].getter("picking_ids")(env, row))
        ),
        "invoice_ids": links("account.move", "Invoices"),
        "invoice_count": integer("Invoice Count", compute=lambda env, row: len(row["invoice_ids"] or [])),
        "amount_untaxed": money("Untaxed Amount"),
        "amount_tax": money("Taxes"),
        "amount_total": money("Total"),
        "delivery_status": choice(
            "Delivery Status",
            ("pending", "Not Delivered"),
            ("started", "Started"),
            ("partial", "Partially Delivered"),
            ("full", "Fully Delivered"),
        ),
        "invoice_status": choice(
            "Invoice Status",
            ("upselling", "Upselling Opportunity"),
            ("invoiced", "Fully Invoiced"),
            ("to invoice", "To Invoice"),
            ("no", "Nothing to Invoice"),
            default="no",
        ),
        "note": text("Terms and conditions"),
        "picking_policy": choice("Shipping Policy", ("direct", "As soon as possible"), ("one", "At once"), default="direct"),
        "locked": flag("Locked"),
        "duplicated_order_ids": links("sale.order", "Duplicates", compute=lambda env, row: _duplicates(env, row)),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if not vals.get("company_id"):
            vals["company_id"] = env.company
        if vals.get("name") in (None, False, "", "New", "/"):
            vals["name"] = env.store.next("sale.order", "S")
        if vals.get("pricelist_id"):
            vals["currency_id"] = env.row("product.pricelist", vals["pricelist_id"])["currency_id"]
        partners = env["res.partner"]
        partner = partners.rows(env).get(_id(vals.get("partner_id")))
        if partner is not None:
            for field, kind in (("partner_invoice_id", "invoice"), ("partner_shipping_id", "delivery")):
                if not vals.get(field):
                    vals[field] = partners.address_of(env, partner, kind)  # type: ignore[attr-defined]
            delivery = partners.rows(env).get(vals["partner_shipping_id"]) or partner
            if not vals.get("fiscal_position_id"):
                vals["fiscal_position_id"] = fiscal_position(env, partner, delivery)
            if not vals.get("payment_term_id"):
                vals["payment_term_id"] = partner["property_payment_term_id"]
        if not vals.get("warehouse_id"):
            vals["warehouse_id"] = self._warehouse(env, vals["company_id"])
        return vals

    def _warehouse(self, env: Env, company: Any) -> Any:
        rows = env.store.table("stock.warehouse").rows
        return next((i for i, r in rows.items() if r["company_id"] == company and r["active"]), False)

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            self.refresh_totals(env, row)
            env.effect("order_created", str(row["client_order_ref"] or row["name"]), self._told(env, row))

    def after_write(self, env: Env, ids: list[int], names: set[str]) -> None:
        for row in self.browse(env.sudo(), ids):
            if "order_line" in names:
                self.refresh_totals(env, row)
            if "commitment_date" in names and row["commitment_date"]:
                for picking in self._open_pickings(env, row):
                    env["stock.picking"].update(env.sudo(), [picking], {"scheduled_date": row["commitment_date"]})

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        if any(row["state"] not in ("draft", "cancel") for row in rows):
            raise UserError("You can not delete a sent quotation or a confirmed sales order. You must first cancel it.")

    def _told(self, env: Env, row: Row) -> Row:
        products = env.store.table("product.product").rows
        lines = [
            {
                "sku": products[line["product_id"]]["default_code"] if line["product_id"] else False,
                "quantity": line["product_uom_qty"],
                "price": line["price_unit"],
            }
            for line in self.lines_of(env, row)
        ]
        return {"id": row["id"], "name": row["name"], "origin": row["origin"], "total": row["amount_total"], "lines": lines}

    # Figures ---------------------------------------------------------------------------------------

    def lines_of(self, env: Env, row: Row) -> list[Row]:
        """The lines in order."""
        table = env.store.table("sale.order.line")
        found = [table.rows[i] for i in table.indexes["order_id"].get(row["id"], ())]
        return sorted(found, key=lambda line: (line["sequence"], line["id"]))

    def refresh_totals(self, env: Env, row: Row) -> None:
        """Totals, rounded over the whole order: the lines' taxes need not sum to the order's."""
        lines = self.lines_of(env, row)
        untaxed = rounded(sum(line["price_subtotal"] for line in lines), 2)
        tax = rounded(sum(_raw_tax(env, line) for line in lines), 2)
        self.put(env, row, amount_untaxed=untaxed, amount_tax=tax, amount_total=rounded(untaxed + tax, 2))

    def refresh(self, env: Env, id_: int) -> None:
        """Delivery and invoice status."""
        row = self.rows(env)[id_]
        table = env.store.table("stock.picking")
        states = [table.rows[i]["state"] for i in table.indexes["sale_id"].get(id_, ())]
        lines = self.lines_of(env, row)
        status: Any = "pending"
        if not states or all(s == "cancel" for s in states):
            status = False
        elif all(s in CLOSED for s in states):
            status = "full"
        elif "done" in states:
            status = "partial" if any(line["qty_delivered"] for line in lines) else "started"
        invoice = "no"
        if row["state"] == "sale":
            kinds = {line["invoice_status"] for line in lines if not line["display_type"]}
            if "to invoice" in kinds:
                invoice = "to invoice"
            elif kinds and kinds <= {"invoiced"}:
                invoice = "invoiced"
            elif kinds and kinds <= {"invoiced", "upselling"}:
                invoice = "upselling"
        self.put(env, row, delivery_status=status, invoice_status=invoice)

    def moves_done(self, env: Env, moves: list[Row]) -> None:
        """Delivered quantities after moves were done or corrected."""
        line_ids = {m["sale_line_id"] for m in moves if m["sale_line_id"]}
        lines = env["sale.order.line"]
        for line in (lines.rows(env)[i] for i in line_ids if i in lines.rows(env)):
            lines.put(env, line, qty_delivered=_delivered(env, line))
            lines.refresh_invoicing(env, line)  # type: ignore[attr-defined]
            self.refresh(env, line["order_id"])

    # From outside ----------------------------------------------------------------------------------

    @public
    def action_confirm(self, env: Env, ids: list[int]) -> bool:
        rows = self.browse(env, ids)
        if any(row["state"] not in ("draft", "sent") for row in rows):
            raise UserError("Some orders are not in a state requiring confirmation.")
        for row in rows:
            if any(not line["product_id"] and not line["display_type"] for line in self.lines_of(env, row)):
                raise UserError("Some order lines are missing a product, you need to correct them before going further.")
            self.put(env, row, state="sale", date_order=env.now[:19])
            for line in self.lines_of(env, row):
                env["sale.order.line"].refresh_invoicing(env, line)  # type: ignore[attr-defined]
            self._launch(env, row, self.lines_of(env, row))
            self.refresh(env, row["id"])
            env.effect("order_confirmed", str(row["client_order_ref"] or row["name"]), self._told(env, row))
        return True

    @public
    def action_cancel(self, env: Env, ids: list[int]) -> bool:
        for row in self.browse(env, ids):
            pickings = cast("Picking", env["stock.picking"])
            for picking in self._open_pickings(env, row):
                for move in (env.row("stock.move", i) for i in pickings.getter("move_ids")(env, picking)):
                    pickings.cancel_move(env, move)
                pickings.refresh(env, picking["id"])
                env.effect(
                    "picking_cancelled", pickings.business_key(env, picking), {"id": picking["id"], "picking": picking["name"]}
                )
            self.put(env, row, state="cancel")
            self.refresh(env, row["id"])
            env.effect("order_cancelled", str(row["client_order_ref"] or row["name"]), {"id": row["id"]})
        return True

    @public
    def action_draft(self, env: Env, ids: list[int]) -> bool:
        for row in self.browse(env, ids):
            if row["state"] in ("cancel", "sent"):
                self.put(env, row, state="draft")
        return True

    @public
    def action_lock(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, locked=True)

    @public
    def action_unlock(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, locked=False)

    # Procurement -----------------------------------------------------------------------------------

    def _open_pickings(self, env: Env, row: Row) -> list[Row]:
        table = env.store.table("stock.picking")
        found = [table.rows[i] for i in sorted(table.indexes["sale_id"].get(row["id"], ()))]
        return [p for p in found if p["state"] not in CLOSED and not p["return_id"]]

    def _launch(self, env: Env, row: Row, lines: list[Row]) -> None:
        wanted = [line for line in lines if line["product_id"] and self._goods(env, line) and line["product_uom_qty"] > 0]
        if not wanted:
            return
        if not row["warehouse_id"]:
            company = env.row("res.company", row["company_id"])["name"]
            raise RedirectWarning(f"Please create a warehouse for company {company}.", 338, "Create a new warehouse")
        warehouse = env.row("stock.warehouse", row["warehouse_id"])
        pickings, boss = cast("Picking", env["stock.picking"]), env.sudo()
        when = row["commitment_date"] or row["date_order"]
        open_ones = self._open_pickings(env, row)
        if open_ones:
            picking = open_ones[0]["id"]
        else:
            picking = pickings.insert(
                boss,
                [
                    {
                        "picking_type_id": warehouse["out_type_id"],
                        "partner_id": row["partner_shipping_id"],
                        "origin": row["name"],
                        "sale_id": row["id"],
                        "carrier_id": row["carrier_id"],
                        "scheduled_date": when,
                        "date_deadline": when,
                        "company_id": row["company_id"],
                        "move_type": row["picking_policy"],
                    }
                ],
            )[0]
        made = []
        for line in wanted:
            made += env["stock.move"].insert(
                boss,
                [
                    {
                        "picking_id": picking,
                        "product_id": line["product_id"],
                        "product_uom_qty": rounded(line["product_uom_qty"] * _ratio(env, line), 2),
                        "sale_line_id": line["id"],
                        "date": when,
                        "date_deadline": when,
                        "warehouse_id": warehouse["id"],
                        "sequence": line["sequence"],
                    }
                ],
            )
        moves_of(env).confirm(env, [env.row("stock.move", i) for i in made])
        pickings.refresh(env, picking)

    def _goods(self, env: Env, line: Row) -> bool:
        product = env.row("product.product", line["product_id"])
        return bool(env.row("product.template", product["product_tmpl_id"])["type"] == "consu")

    def line_changed(self, env: Env, row: Row, line: Row, before: float) -> None:
        """A quantity changed after confirmation: the open move follows; a new line gets a move of its own."""
        table = env.store.table("stock.move")
        found = [table.rows[i] for i in table.indexes["sale_line_id"].get(line["id"], ())]
        live = [m for m in found if m["state"] not in CLOSED]
        delta = rounded((line["product_uom_qty"] - before) * _ratio(env, line), 2)
        if live:
            wanted = max(0.0, rounded(live[0]["product_uom_qty"] + delta, 2))
            env["stock.move"].update(env.sudo(), [live[0]], {"product_uom_qty": wanted})
            if wanted == 0:
                pickings = cast("Picking", env["stock.picking"])
                pickings.cancel_move(env, live[0])
                pickings.refresh(env, live[0]["picking_id"])
        elif delta > 0:
            self._launch(env, row, [{**line, "product_uom_qty": line["product_uom_qty"] - before}])
        self.refresh(env, row["id"])


def _id(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _duplicates(env: Env, row: Row) -> list[int]:
    if not row["client_order_ref"]:
        return []
    table = env.store.table("sale.order")
    same = table.indexes["client_order_ref"].get(row["client_order_ref"], ())
    return [i for i in same if i != row["id"] and table.rows[i]["partner_id"] == row["partner_id"]]


def _ratio(env: Env, line: Row) -> float:
    """How many of the product's own unit one of the line's unit is."""
    uoms = env.store.table("uom.uom").rows
    product = env.row("product.product", line["product_id"])
    own = env.row("product.template", product["product_tmpl_id"])["uom_id"]
    return float(uoms[line["product_uom_id"] or own]["factor"] / uoms[own]["factor"])


def _delivered(env: Env, line: Row) -> float:
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
    return rounded(total / _ratio(env, line), 2)


def _raw_tax(env: Env, line: Row) -> float:
    base = line["price_unit"] * line["product_uom_qty"] * (1 - line["discount"] / 100)
    return tax_of(env, line["tax_ids"] or [], base)


class Line(Model):
    name = "sale.order.line"
    label = "Sales Order Line"
    order = "order_id, sequence, id"
    write_groups = Order.write_groups
    create_groups = Order.create_groups
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
        if vals.get("price_unit") in (None, False):
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


MODELS = [Pricelist, Order, Line]
