"""Purchase orders, their receipts and their bills (which nothing compares with what was received)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import CLOSED, moves_of
from crossdock.simulators.odoo.models.pickings import Picking
from crossdock.simulators.odoo.models.purchase_lines import (
    BUYERS,
    WORKERS,
    PurchaseLine,
    factor,
    move_values,
    received,
    template_of_line,
)
from crossdock.simulators.odoo.models.supplier_prices import remember
from crossdock.simulators.odoo.models.taxes import fiscal_position, tax_of
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    flag,
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


class Purchase(Model):
    name = "purchase.order"
    label = "Purchase Order"
    order = "priority desc, id desc"
    read_groups = WORKERS
    write_groups = WORKERS
    create_groups = BUYERS
    unlink_groups = BUYERS
    own: ClassVar[Fields] = {
        "name": char("Order Reference", index=True),
        "priority": choice("Priority", ("0", "Normal"), ("1", "Urgent"), default="0"),
        "state": choice(
            "Status",
            ("draft", "RFQ"),
            ("sent", "RFQ Sent"),
            ("to approve", "To Approve"),
            ("purchase", "Purchase Order"),
            ("cancel", "Cancelled"),
            default="draft",
        ),
        "partner_id": one("res.partner", "Vendor", required=True, touched=True, index=True),
        "partner_ref": char("Vendor Reference", index=True),
        "origin": char("Source", index=True),
        "date_order": moment("Order Deadline", default=lambda env: env.now[:19]),
        "date_approve": moment("Confirmation Date"),
        "date_planned": moment("Expected Arrival"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "currency_id": one("res.currency", "Currency", default=1),
        "fiscal_position_id": one("account.fiscal.position", "Fiscal Position"),
        "payment_term_id": one("account.payment.term", "Payment Terms"),
        "incoterm_id": one("account.incoterms", "Incoterm"),
        "locked": flag("Locked"),
        "acknowledged": flag("Acknowledged"),
        "picking_type_id": one("stock.picking.type", "Deliver To"),
        "dest_address_id": one("res.partner", "Dropship Address"),
        "order_line": many("purchase.order.line", "order_id", "Order Lines"),
        "picking_ids": links("stock.picking", "Receptions", compute=lambda env, row: _receipts(env, row)),
        "invoice_ids": links("account.move", "Bills", compute=lambda env, row: _bills(env, row)),
        "amount_untaxed": money("Untaxed Amount"),
        "amount_tax": money("Taxes"),
        "amount_total": money("Total"),
        "receipt_status": choice(
            "Receipt Status", ("pending", "Not Received"), ("partial", "Partially Received"), ("full", "Fully Received")
        ),
        "invoice_status": choice(
            "Billing Status",
            ("no", "Nothing to Bill"),
            ("to invoice", "Waiting Bills"),
            ("invoiced", "Fully Billed"),
            default="no",
        ),
        "note": text("Terms and Conditions"),
        "user_id": one("res.users", "Buyer", default=lambda env: env.uid),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if vals.get("name") in (None, False, "", "New", "/"):
            vals["name"] = env.store.next("purchase.order", "P")
        company = vals.get("company_id") or env.company
        if not vals.get("picking_type_id"):
            houses = env.store.table("stock.warehouse").rows.values()
            vals["picking_type_id"] = next((h["in_type_id"] for h in houses if h["company_id"] == company), False)
        partner = env.store.table("res.partner").rows.get(vals.get("partner_id") or 0)
        if partner is not None and not vals.get("fiscal_position_id"):
            vals["fiscal_position_id"] = fiscal_position(env, partner, partner)
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            self.refresh_totals(env, row)
            env.effect("purchase_created", str(row["partner_ref"] or row["name"]), {"id": row["id"], "name": row["name"]})

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        if any(row["state"] != "cancel" for row in rows):
            raise UserError("In order to delete a purchase order, you must cancel it first.")

    def lines_of(self, env: Env, row: Row) -> list[Row]:
        """The lines in order."""
        table = env.store.table("purchase.order.line")
        found = [table.rows[i] for i in table.indexes["order_id"].get(row["id"], ())]
        return sorted(found, key=lambda line: (line["sequence"], line["id"]))

    def refresh_totals(self, env: Env, row: Row) -> None:
        """Totals, rounded over the whole order."""
        lines = [x for x in self.lines_of(env, row) if not x["display_type"]]
        untaxed = rounded(sum(x["price_subtotal"] for x in lines), 2)
        tax = rounded(sum(tax_of(env, x["tax_ids"] or [], x["price_subtotal"]) for x in lines), 2)
        planned = min((x["date_planned"] for x in lines if x["date_planned"]), default=row["date_planned"])
        total = rounded(untaxed + tax, 2)
        self.put(env, row, amount_untaxed=untaxed, amount_tax=tax, amount_total=total, date_planned=planned)

    def refresh(self, env: Env, id_: int) -> None:
        """Receipt and bill status."""
        row = self.rows(env)[id_]
        table = env.store.table("stock.picking")
        found = [table.rows[i] for i in table.indexes["purchase_id"].get(id_, ())]
        states = [p["state"] for p in found if not p["return_id"]]
        status: Any = "pending"
        if not states or all(s == "cancel" for s in states):
            status = False
        elif all(s in CLOSED for s in states):
            status = "full"
        elif "done" in states:
            status = "partial"
        lines = self.lines_of(env, row)
        bill = "no"
        if row["state"] == "purchase" and any(x["qty_to_invoice"] for x in lines):
            bill = "to invoice"
        elif row["state"] == "purchase" and _bills(env, row):
            bill = "invoiced"
        self.put(env, row, receipt_status=status, invoice_status=bill)

    def moves_done(self, env: Env, moves: list[Row]) -> None:
        """Received quantities after moves were done or corrected."""
        lines = cast("PurchaseLine", env["purchase.order.line"])
        for id_ in {m["purchase_line_id"] for m in moves if m["purchase_line_id"]}:
            line = lines.rows(env).get(id_)
            if line is not None:
                lines.put(env, line, qty_received=received(env, line))
                lines.refresh_invoicing(env, line)
                self.refresh(env, line["order_id"])

    # From outside ----------------------------------------------------------------------------------

    @public
    def button_confirm(self, env: Env, ids: list[int]) -> bool:
        for row in self.browse(env, ids):
            if row["state"] not in ("draft", "sent"):
                continue  # repeatable
            self.put(env, row, state="purchase", date_approve=env.now[:19])
            lines = [x for x in self.lines_of(env, row) if x["product_id"]]
            for line in lines:
                remember(env, line, row)
                cast("PurchaseLine", env["purchase.order.line"]).refresh_invoicing(env, line)
            self.launch(env, row, {x["id"]: rounded(x["product_qty"] * factor(env, x), 2) for x in lines})
            self.refresh(env, row["id"])
            env.effect("purchase_confirmed", str(row["partner_ref"] or row["name"]), {"id": row["id"], "name": row["name"]})
        return True

    @public
    def button_cancel(self, env: Env, ids: list[int]) -> None:
        pickings = cast("Picking", env["stock.picking"])
        table = env.store.table("stock.picking")
        for row in self.browse(env, ids):
            if row["locked"]:
                raise UserError(f"Unable to cancel purchase order(s): ['{self.display(env, row)}']. You must first unlock them.")
            entries = env.store.table("account.move").rows
            if any(entries[i]["state"] == "posted" for i in _bills(env, row)):
                raise UserError(
                    f"Unable to cancel purchase order(s): {row['name']}. You must first cancel their related vendor bills."
                )
            found = [table.rows[i] for i in table.indexes["purchase_id"].get(row["id"], ())]
            pickings.action_cancel(env, [p["id"] for p in found if p["state"] not in CLOSED])
            self.put(env, row, state="cancel")
            self.refresh(env, row["id"])
            env.effect("purchase_cancelled", str(row["name"]), {"id": row["id"], "name": row["name"]})

    @public
    def button_lock(self, env: Env, ids: list[int]) -> None:
        self._mark(env, ids, locked=True)

    @public
    def button_unlock(self, env: Env, ids: list[int]) -> None:
        self._mark(env, ids, locked=False)

    @public
    def action_acknowledge(self, env: Env, ids: list[int]) -> None:
        self._mark(env, ids, acknowledged=True)

    def _mark(self, env: Env, ids: list[int], **values: Any) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, **values)

    @public
    def button_draft(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, state="draft")

    @public
    def action_create_invoice(self, env: Env, ids: list[int]) -> Row:
        """A draft bill of what was received; repeated, further bills with quantity 0, or a refund of what is too much."""
        made = []
        for row in self.browse(env, ids):
            lines = [x for x in self.lines_of(env, row) if x["product_id"]]
            open_lines = [x for x in lines if x["qty_to_invoice"]]
            if not open_lines and not _bills(env, row):
                raise UserError(
                    "There is no invoiceable line. If a product has a control policy based on received quantity, please "
                    "make sure that a quantity has been received."
                )
            back = bool(open_lines) and all(x["qty_to_invoice"] < 0 for x in open_lines)
            made += env["account.move"].insert(
                env,
                [
                    {
                        "move_type": "in_refund" if back else "in_invoice",
                        "partner_id": row["partner_id"],
                        "invoice_origin": row["name"],
                        "ref": row["partner_ref"],
                        "fiscal_position_id": row["fiscal_position_id"],
                        "invoice_line_ids": [[0, 0, _bill_line(x, back)] for x in (open_lines or lines)],
                    }
                ],
            )
            self.refresh(env, row["id"])
        return {"name": "Vendor Bills", "type": "ir.actions.act_window", "res_model": "account.move", "res_id": made[0]}

    def launch(self, env: Env, row: Row, amounts: dict[int, float]) -> None:
        """A receipt for these lines (line id -> quantity in the product's unit): ready at once, its quantities filled in."""
        lines = [env.row("purchase.order.line", id_) for id_ in amounts]
        goods = [x for x in lines if template_of_line(env, x)["type"] == "consu" and amounts[x["id"]] > 0]
        if not goods:
            return
        pickings, boss = cast("Picking", env["stock.picking"]), env.sudo()
        planned = min((x["date_planned"] for x in goods if x["date_planned"]), default=env.now[:19])
        picking = pickings.insert(
            boss,
            [
                {
                    "picking_type_id": row["picking_type_id"],
                    "partner_id": row["partner_id"],
                    "origin": row["name"],
                    "purchase_id": row["id"],
                    "scheduled_date": planned,
                    "date_deadline": planned,
                    "company_id": row["company_id"],
                }
            ],
        )[0]
        made = env["stock.move"].insert(boss, [move_values(x, picking, amounts[x["id"]]) for x in goods])
        moves_of(env).confirm(env, [env.row("stock.move", i) for i in made])
        pickings.refresh(env, picking)


def _bills(env: Env, row: Row) -> list[int]:
    """The bills any line of which bills a line of the order, the newest first."""
    items, lines = env.store.table("account.move.line"), env.store.table("purchase.order.line")
    found = {
        items.rows[item]["move_id"]
        for line in lines.indexes["order_id"].get(row["id"], ())
        for item in items.indexes["purchase_line_id"].get(line, ())
    }
    return sorted(found, reverse=True)


def _receipts(env: Env, row: Row) -> list[int]:
    return sorted(env.store.table("stock.picking").indexes["purchase_id"].get(row["id"], ()))


def _bill_line(line: Row, back: bool) -> Row:
    amount = line["qty_to_invoice"]
    return {
        "product_id": line["product_id"],
        "name": line["name"],
        "quantity": -amount if back else amount,
        "price_unit": line["price_unit"],
        "tax_ids": [[6, 0, line["tax_ids"] or []]],
        "purchase_line_id": line["id"],
    }


MODELS = [Purchase]
