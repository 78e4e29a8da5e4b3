"""Payments: the record that can be loaded exactly once, and the wizard that cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.account import Entry
from crossdock.simulators.odoo.models.account_items import BOOKKEEPERS, PAYABLE, RECEIVABLE, open_item
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, day, decimal, links, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


class Payment(Model):
    name = "account.payment"
    label = "Payments"
    order = "date desc, name desc, id desc"
    read_groups = (*BOOKKEEPERS, "account.group_account_readonly")
    write_groups = BOOKKEEPERS
    own: ClassVar[Fields] = {
        "name": char("Number"),
        "state": choice(
            "State",
            ("draft", "Draft"),
            ("in_process", "In Process"),
            ("paid", "Paid"),
            ("canceled", "Canceled"),
            ("rejected", "Rejected"),
            default="draft",
        ),
        "payment_type": choice("Payment Type", ("outbound", "Send"), ("inbound", "Receive"), default="inbound", required=True),
        "partner_type": choice("Partner Type", ("customer", "Customer"), ("supplier", "Vendor"), default="customer"),
        "partner_id": one("res.partner", "Customer/Vendor", touched=True, index=True),
        "amount": decimal("Amount", 2),
        "currency_id": one("res.currency", "Currency", default=1),
        "journal_id": one("account.journal", "Journal", default=6),
        "memo": char("Memo", index=True),
        "payment_reference": char("Payment Reference"),
        "date": day("Date", default=lambda env: env.now[:10]),
        "move_id": one("account.move", "Journal Entry", index=True),
        "invoice_ids": links("account.move", "Invoices"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if not vals.get("name"):
            vals["name"] = env.store.next("payment", f"PBNK1/{env.now[:4]}/")
        return vals

    @public
    def action_post(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            if row["state"] != "draft":
                continue  # repeatable
            sign = 1 if row["payment_type"] == "inbound" else -1
            account = RECEIVABLE if row["partner_type"] == "customer" else PAYABLE
            entry = env["account.move"].insert(
                env.sudo(),
                [{"move_type": "entry", "journal_id": row["journal_id"], "partner_id": row["partner_id"], "ref": row["memo"]}],
            )[0]
            env["account.move.line"].insert(
                env.sudo(),
                [
                    {
                        "move_id": entry,
                        "display_type": "payment_term",
                        "account_id": account,
                        "balance": -sign * row["amount"],
                        "amount_residual": -sign * row["amount"],
                        "partner_id": row["partner_id"],
                    },
                    {
                        "move_id": entry,
                        "display_type": "tax",
                        "account_id": 48 if sign > 0 else 49,
                        "balance": sign * row["amount"],
                    },
                ],
            )
            env["account.move"].put(env, env.row("account.move", entry), name=row["name"], state="posted")
            self.put(env, row, state="in_process", move_id=entry)
            told = {"id": row["id"], "amount": row["amount"], "partner": row["partner_id"]}
            env.effect("payment_posted", str(row["memo"] or row["name"]), told)

    @public
    def action_validate(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, state="paid")

    @public
    def action_draft(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, state="draft")

    @public
    def action_cancel(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            self.put(env, row, state="canceled")


class PaymentRegister(Model):
    """Not guarded: every call of `action_create_payments` makes a payment, paid or not."""

    name = "account.payment.register"
    label = "Register Payment"
    write_groups = BOOKKEEPERS
    transient = True
    own: ClassVar[Fields] = {
        "amount": decimal("Amount", 2),
        "payment_date": day("Payment Date", default=lambda env: env.now[:10]),
        "journal_id": one("account.journal", "Journal", default=6),
        "communication": char("Memo"),
        "payment_difference_handling": choice("Payment Difference Handling", "open", "reconcile", default="open"),
    }

    def _insert_one(self, env: Env, vals: Row) -> int:
        invoices = [env.row("account.move", i) for i in env.ctx.get("active_ids") or []]
        due = [r for r in invoices if r["state"] == "posted" and r["amount_residual"]]
        if not due:
            raise UserError("You can't register a payment because there's nothing left to pay on the selected journal items.")
        vals.setdefault("amount", sum(r["amount_residual"] for r in due))
        vals.setdefault("communication", due[0]["payment_reference"])
        made = super()._insert_one(env, vals)
        self.rows(env)[made]["_invoices"] = [r["id"] for r in due]
        return made

    @public
    def action_create_payments(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        entries, payments = cast("Entry", env["account.move"]), cast("Payment", env["account.payment"])
        invoices = [env.row("account.move", i) for i in row["_invoices"]]
        selling = invoices[0]["move_type"] in ("out_invoice", "in_refund")
        made = payments.insert(
            env,
            [
                {
                    "payment_type": "inbound" if selling else "outbound",
                    "partner_type": "customer" if invoices[0]["move_type"].startswith("out") else "supplier",
                    "partner_id": invoices[0]["partner_id"],
                    "amount": row["amount"],
                    "journal_id": row["journal_id"],
                    "memo": row["communication"],
                    "date": row["payment_date"],
                    "invoice_ids": [[6, 0, [r["id"] for r in invoices]]],
                }
            ],
        )[0]
        payments.action_post(env, [made])
        item = open_item(env, env.row("account.move", payments.rows(env)[made]["move_id"]))
        for invoice in invoices:
            if invoice["amount_residual"] and item["amount_residual"]:
                entries.js_assign_outstanding_line(env, [invoice["id"]], item["id"])
        return {"name": "Payments", "type": "ir.actions.act_window", "res_model": "account.payment", "res_id": made}


MODELS = [Payment, PaymentRegister]
