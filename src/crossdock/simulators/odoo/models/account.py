"""Invoices, bills and credit notes, and how payments are matched with them.

A posted invoice can be reset to draft and deleted, and its number is then given to another one: an invoice
is its id, never its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.periods import booked_on, warning
from crossdock.simulators.odoo.models.taxes import fiscal_position, tax_of
from crossdock.simulators.odoo.schema import (
    Field,
    Fields,
    Row,
    char,
    choice,
    day,
    flag,
    links,
    many,
    money,
    one,
    text,
)
from crossdock.simulators.odoo.values import rounded

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.account_items import (
    BOOKKEEPERS,
    BUY,
    INVOICES,
    JOURNAL_OF,
    MAKERS,
    PAYABLE,
    READERS,
    RECEIVABLE,
    SALE,
    TAX_PAID,
    TAX_RECEIVED,
    direction,
    items_of,
    match,
    open_item,
)


class Entry(Model):
    name = "account.move"
    label = "Journal Entry"
    order = "date desc, name desc, invoice_date desc, id desc"
    read_groups = READERS
    write_groups = MAKERS
    unlink_groups = BOOKKEEPERS
    own: ClassVar[Fields] = {
        "name": char("Number", index=True),
        "move_type": choice(
            "Type",
            ("entry", "Journal Entry"),
            ("out_invoice", "Customer Invoice"),
            ("out_refund", "Customer Credit Note"),
            ("in_invoice", "Vendor Bill"),
            ("in_refund", "Vendor Credit Note"),
            default="entry",
        ),
        "state": choice("Status", ("draft", "Draft"), ("posted", "Posted"), ("cancel", "Cancelled"), default="draft"),
        "partner_id": one("res.partner", "Partner", touched=True, index=True),
        "commercial_partner_id": one(
            "res.partner",
            "Commercial Entity",
            compute=lambda env, row: (
                env["res.partner"].getter("commercial_partner_id")(env, env.row("res.partner", row["partner_id"]))
                if row["partner_id"]
                else False
            ),
        ),
        "partner_shipping_id": one("res.partner", "Delivery Address"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "currency_id": one("res.currency", "Currency", default=1),
        "journal_id": one("account.journal", "Journal"),
        "date": day("Date", default=lambda env: env.now[:10]),
        "invoice_date": day("Invoice/Bill Date"),
        "invoice_date_due": day("Due Date"),
        "ref": char("Reference", index=True),
        "payment_reference": char("Payment Reference", index=True),
        "invoice_origin": char("Origin", index=True),
        "invoice_payment_term_id": one("account.payment.term", "Payment Terms"),
        "fiscal_position_id": one("account.fiscal.position", "Fiscal Position"),
        "narration": text("Terms and Conditions"),
        "line_ids": many("account.move.line", "move_id", "Journal Items"),
        "invoice_line_ids": Field(
            "one2many",
            "Invoice lines",
            comodel="account.move.line",
            inverse="move_id",
            compute=lambda env, row: [x["id"] for x in items_of(env, row) if x["display_type"] == "product"],
        ),
        "amount_untaxed": money("Untaxed Amount"),
        "amount_tax": money("Tax"),
        "amount_total": money("Total"),
        "amount_residual": money("Amount Due"),
        "payment_state": choice(
            "Payment Status",
            ("not_paid", "Not Paid"),
            ("in_payment", "In Payment"),
            ("paid", "Paid"),
            ("partial", "Partially Paid"),
            ("reversed", "Reversed"),
            ("blocked", "Blocked"),
            ("invoicing_legacy", "Invoicing App Legacy"),
            default="not_paid",
        ),
        "reversed_entry_id": one("account.move", "Reversal of", index=True),
        "reversal_move_ids": many("account.move", "reversed_entry_id", "Reversals"),
        "is_move_sent": flag("Sent"),
        "tax_lock_date_message": char("Tax Lock Date Message", compute=warning),
        "duplicated_ref_ids": links("account.move", "Duplicates", compute=lambda env, row: _duplicates(env, row)),
    }

    def display(self, env: Env, row: Row) -> str:
        return str(row["name"] or f"Draft Entry (* {row['id']})")

    def prepare(self, env: Env, vals: Row) -> Row:
        kind = vals.get("move_type") or env.ctx.get("default_move_type") or "entry"
        vals["move_type"] = kind
        vals.setdefault("journal_id", JOURNAL_OF[kind])
        partners = env.store.table("res.partner").rows
        partner = partners.get(vals.get("partner_id") or 0)
        if kind in INVOICES and partner is not None and not vals.get("fiscal_position_id"):
            vals["fiscal_position_id"] = fiscal_position(env, partner, partner)
        if kind in INVOICES and vals.get("invoice_date"):
            vals["date"] = vals["invoice_date"]
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            self.rebuild(env, row)
            if row["move_type"] in INVOICES:
                kind = "bill_created" if row["move_type"] in BUY else "paper_created"
                env.effect(kind, str(row["ref"] or row["id"]), self._told(row))

    def check(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            if row["move_type"] == "entry" and rounded(sum(x["balance"] for x in items_of(env, row)), 2):
                raise UserError("The entry is not balanced.")

    def after_write(self, env: Env, ids: list[int], names: set[str]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            if row["state"] == "draft" and "invoice_date" in names and row["invoice_date"]:
                self.put(env, row, date=row["invoice_date"])
            if row["state"] == "draft" and names & {"invoice_line_ids", "line_ids", "partner_id", "invoice_date"}:
                self.rebuild(env, row)

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        if any(row["state"] == "posted" for row in rows):
            raise UserError(
                "You can't delete a posted journal item. Don’t play games with your accounting records; reset "
                "the journal entry to draft before deleting it."
            )

    def rebuild(self, env: Env, row: Row) -> None:
        """Tax and balance lines, and the totals, of an invoice in draft."""
        if row["move_type"] not in INVOICES:
            return
        items = env["account.move.line"]
        items.erase(env.sudo(), [x for x in items_of(env, row) if x["display_type"] != "product"])
        sign = direction(row["move_type"])
        untaxed = tax = 0.0
        for item in items_of(env, row):
            base = item["price_unit"] * item["quantity"] * (1 - item["discount"] / 100)
            item_tax = tax_of(env, item["tax_ids"] or [], base)
            subtotal = rounded(base, 2)
            untaxed, tax = untaxed + subtotal, tax + item_tax
            items.put(
                env, item, price_subtotal=subtotal, price_total=rounded(base + item_tax, 2), balance=rounded(-sign * base, 2)
            )
        untaxed, tax = rounded(untaxed, 2), rounded(tax, 2)
        total = rounded(untaxed + tax, 2)
        due = row["invoice_date_due"] or row["invoice_date"] or False
        made: list[Row] = [
            {
                "move_id": row["id"],
                "display_type": "payment_term",
                "account_id": RECEIVABLE if row["move_type"] in SALE else PAYABLE,
                "balance": sign * total,
                "amount_residual": sign * total,
                "date_maturity": due,
                "partner_id": row["partner_id"],
            }
        ]
        if tax:
            account = TAX_RECEIVED if row["move_type"] in SALE else TAX_PAID
            made.append({"move_id": row["id"], "display_type": "tax", "account_id": account, "balance": -sign * tax})
        items.insert(env.sudo(), made)
        self.put(env, row, amount_untaxed=untaxed, amount_tax=tax, amount_total=total, amount_residual=total)

    # From outside ----------------------------------------------------------------------------------

    @public
    def action_post(self, env: Env, ids: list[int]) -> bool:
        self._bookkeeper(env)
        for row in self.browse(env, ids):
            if row["state"] != "draft":
                raise UserError(f"The entry {row['name']} (id {row['id']}) must be in draft.")
            if row["move_type"] in INVOICES and not self.getter("invoice_line_ids")(env, row):
                raise UserError("Even magicians can't post nothing!")
            if row["move_type"] in INVOICES and not row["partner_id"]:
                raise UserError("The 'Customer' field is required to validate the invoice.")
            if not row["invoice_date"] and row["move_type"] in BUY:
                raise UserError("The Bill/Refund date is required to validate this document.")
            if not row["invoice_date"] and row["move_type"] in SALE:
                self.put(env, row, invoice_date=env.now[:10], date=env.now[:10])
            if row["move_type"] in INVOICES:
                self.put(env, row, date=booked_on(env, row, row["invoice_date"]))
            if not row["invoice_date_due"]:
                self.put(env, row, invoice_date_due=row["invoice_date"])
            name = row["name"] or self.number(env, row)
            if row["move_type"] == "entry":
                self.put(env, row, name=name, state="posted")
                env.effect("entry_posted", str(row["ref"] or name), self._told(row))
                continue
            self.put(env, row, name=name, state="posted", payment_reference=row["payment_reference"] or name)
            env.effect("invoice_posted", str(row["ref"] or row["name"]), self._told(row))
            origin = self.rows(env).get(row["reversed_entry_id"] or 0)
            if origin is not None:
                match(env, origin, open_item(env, row))
        return False

    @public
    def button_draft(self, env: Env, ids: list[int]) -> None:
        self._bookkeeper(env)
        for row in self.browse(env, ids):
            if row["state"] not in ("posted", "cancel"):
                raise UserError("Only posted/cancelled journal entries can be reset to draft.")
            self.put(env, row, state="draft")

    @public
    def button_cancel(self, env: Env, ids: list[int]) -> None:
        self._bookkeeper(env)
        for row in self.browse(env, ids):
            self.put(env, row, state="cancel")

    @public
    def js_assign_outstanding_line(self, env: Env, ids: list[int], line_id: int) -> None:
        self._bookkeeper(env)
        row = self.browse(env, ids)[0]
        item = env["account.move.line"].browse(env, [line_id])[0]
        if not item["amount_residual"] and not row["amount_residual"]:
            raise UserError("You are trying to reconcile some entries that are already reconciled.")
        match(env, row, item)

    @public
    def get_portal_url(self, env: Env, ids: list[int]) -> str:
        row = self.browse(env, ids)[0]
        return f"/my/invoices/{row['id']}?access_token=00000000-0000-4000-8000-{row['id']:012d}"

    def _bookkeeper(self, env: Env) -> None:
        if not env.in_groups(*BOOKKEEPERS):
            raise UserError("You don't have the access rights to post an invoice.")

    def number(self, env: Env, row: Row) -> str:
        """The next number of the journal: one more than the highest that *still exists*."""
        journal = env.row("account.journal", row["journal_id"])
        refund = "R" if row["move_type"].endswith("refund") else ""
        date = row["invoice_date"] or row["date"]
        if row["move_type"] in BUY or row["move_type"] == "entry":
            prefix, width = f"{refund}{journal['code']}/{date[:4]}/{date[5:7]}/", 4
        else:
            prefix, width = f"{refund}{journal['code']}/{date[:4]}/", 5
        taken = [str(r["name"]) for r in self.rows(env).values() if r["name"] and str(r["name"]).startswith(prefix)]
        highest = max((int(name[len(prefix) :]) for name in taken), default=0)
        return f"{prefix}{highest + 1:0{width}d}"

    def _told(self, row: Row) -> Row:
        return {"id": row["id"], "name": row["name"], "type": row["move_type"], "total": row["amount_total"]}


def _duplicates(env: Env, row: Row) -> list[int]:
    if not row["ref"]:
        return []
    table = env.store.table("account.move")
    same = (table.rows[i] for i in table.indexes["ref"].get(row["ref"], ()))
    return [r["id"] for r in same if r is not row and r["partner_id"] == row["partner_id"]]


MODELS = [Entry]
