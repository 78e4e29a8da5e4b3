"""The wizards that make credit notes of invoices and invoices of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    day,
    links,
    one,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.account import Entry
from crossdock.simulators.odoo.models.account_items import BOOKKEEPERS, items_of


class Reversal(Model):
    """One draft credit note per call, each over the full amount; nothing guards against a second."""

    name = "account.move.reversal"
    label = "Account Move Reversal"
    write_groups = BOOKKEEPERS
    transient = True
    own: ClassVar[Fields] = {
        "move_ids": links("account.move", "Move"),
        "reason": char("Reason displayed on Credit Note"),
        "journal_id": one("account.journal", "Journal"),
        "date": day("Reversal date", default=lambda env: env.now[:10]),
        "new_move_ids": links("account.move", "New Move"),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if not vals.get("move_ids") and env.ctx.get("active_model") == "account.move":
            vals["move_ids"] = [[6, 0, list(env.ctx.get("active_ids") or [])]]
        return vals

    @public
    def refund_moves(self, env: Env, ids: list[int]) -> Row:
        return self._reverse(env, self.browse(env, ids)[0], modify=False)

    @public
    def modify_moves(self, env: Env, ids: list[int]) -> Row:
        return self._reverse(env, self.browse(env, ids)[0], modify=True)

    def _reverse(self, env: Env, row: Row, modify: bool) -> Row:
        entries = cast("Entry", env["account.move"])
        made = []
        for origin in (env.row("account.move", i) for i in row["move_ids"] or []):
            note = self._copy(env, origin, {"out_invoice": "out_refund", "in_invoice": "in_refund"}[origin["move_type"]])
            reason = f", {row['reason']}" if row["reason"] else ""
            entries.update(
                env,
                [env.row("account.move", note)],
                {
                    "ref": f"Reversal of: {origin['name']}{reason}",
                    "reversed_entry_id": origin["id"],
                    "invoice_date": row["date"],
                },
            )
            made.append(note)
            if modify:
                entries.action_post(env, [note])
                made = [self._copy(env, origin, origin["move_type"])]
        self.put(env, row, new_move_ids=made)
        return {"name": "Reverse Moves", "type": "ir.actions.act_window", "res_model": "account.move", "res_id": made[0]}

    def _copy(self, env: Env, origin: Row, kind: str) -> int:
        keep = ("partner_id", "currency_id", "company_id", "invoice_origin")
        copied = ("product_id", "name", "quantity", "price_unit", "discount", "purchase_line_id")
        lines = [
            [
                0,
                0,
                {n: item[n] for n in copied if item[n] is not False}
                | {"tax_ids": [[6, 0, item["tax_ids"] or []]], "sale_line_ids": [[6, 0, item["sale_line_ids"] or []]]},
            ]
            for item in items_of(env, origin)
            if item["display_type"] == "product"
        ]
        vals = {n: origin[n] for n in keep} | {"move_type": kind, "invoice_line_ids": lines}
        return env["account.move"].insert(env, [vals])[0]


class InvoiceOrder(Model):
    """The wizard that makes invoices of sales orders."""

    name = "sale.advance.payment.inv"
    label = "Sales Advance Payment Invoice"
    write_groups = ("sales_team.group_sale_salesman", "account.group_account_invoice", "base.group_system")
    transient = True
    own: ClassVar[Fields] = {
        "advance_payment_method": choice("Create Invoice", "delivered", "percentage", "fixed", default="delivered"),
        "sale_order_ids": links("sale.order", "Orders"),
    }

    @public
    def create_invoices(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        made = []
        for id_ in row["sale_order_ids"] or []:
            order = env.row("sale.order", id_)
            lines = env["sale.order.line"].rows(env)
            wanted = [x for x in lines.values() if x["order_id"] == id_ and x["qty_to_invoice"] and order["state"] == "sale"]
            if not wanted:
                raise UserError(
                    "Cannot create an invoice. No items are available to invoice.\n\nTo resolve this issue, please ensure "
                    "that:\n   • The products have been delivered before attempting to invoice them.\n"
                    "   • The invoicing policy of the product is configured correctly."
                )
            made += env["account.move"].insert(
                env,
                [
                    {
                        "move_type": "out_invoice",
                        "partner_id": order["partner_invoice_id"],
                        "partner_shipping_id": order["partner_shipping_id"],
                        "fiscal_position_id": order["fiscal_position_id"],
                        "ref": order["client_order_ref"],
                        "invoice_origin": order["name"],
                        "invoice_line_ids": [[0, 0, _invoice_line(line)] for line in wanted],
                    }
                ],
            )
        action: Row = {"name": "Invoices", "type": "ir.actions.act_window", "res_model": "account.move"}
        return {**action, "res_id": made[0]} if len(made) == 1 else {**action, "domain": [["id", "in", made]]}


def _invoice_line(line: Row) -> Row:
    return {
        "product_id": line["product_id"],
        "name": line["name"],
        "quantity": line["qty_to_invoice"],
        "price_unit": line["price_unit"],
        "discount": line["discount"],
        "product_uom_id": line["product_uom_id"],
        "tax_ids": [[6, 0, line["tax_ids"] or []]],
        "sale_line_ids": [[6, 0, [line["id"]]]],
    }


MODELS = [Reversal, InvoiceOrder]
