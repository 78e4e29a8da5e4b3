"""Sales orders: defaults the server decides (taxes!), totals, confirmation, changes, cancellation, status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import RedirectWarning, UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import CLOSED, moves_of
from crossdock.simulators.odoo.models.pickings import Picking
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    day,
    flag,
    integer,
    links,
    many,
    moment,
    money,
    one,
    text,
)
from crossdock.simulators.odoo.values import rounded

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.sale_lines import BOSS, CREATORS, WRITERS, delivered, ratio, raw_tax
from crossdock.simulators.odoo.models.taxes import fiscal_position


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
    write_groups = WRITERS
    create_groups = CREATORS
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
        tax = rounded(sum(raw_tax(env, line) for line in lines), 2)
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
        """Delivered quantities after moves were done or corrected; what nobody ordered gets a line of its own."""
        for move in moves:
            self._unordered(env, move)
        line_ids = {m["sale_line_id"] for m in moves if m["sale_line_id"]}
        lines = env["sale.order.line"]
        for line in (lines.rows(env)[i] for i in line_ids if i in lines.rows(env)):
            lines.put(env, line, qty_delivered=delivered(env, line))
            lines.refresh_invoicing(env, line)  # type: ignore[attr-defined]
            self.refresh(env, line["order_id"])

    def _unordered(self, env: Env, move: Row) -> None:
        """A line with quantity 0 for a delivered move of an order that no line is about (sale_stock, `_action_done`)."""
        picking = env.store.table("stock.picking").rows.get(move["picking_id"] or 0)
        if move["sale_line_id"] or picking is None or not picking["sale_id"]:
            return
        if env.row("stock.location", move["location_dest_id"])["usage"] != "customer":
            return
        vals = {"order_id": picking["sale_id"], "product_id": move["product_id"], "product_uom_qty": 0.0, "price_unit": 0.0}
        [line] = env["sale.order.line"].insert(env.sudo(), [vals])
        env["stock.move"].put(env, move, sale_line_id=line)

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
                        "product_uom_qty": rounded(line["product_uom_qty"] * ratio(env, line), 2),
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
        delta = rounded((line["product_uom_qty"] - before) * ratio(env, line), 2)
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


MODELS = [Pricelist, Order]
