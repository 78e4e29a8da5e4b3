"""Invoices, bills and credit notes, and how payments are matched with them.

A posted invoice can be reset to draft and deleted, and its number is then given to another one: an invoice
is its id, never its number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.sale import fiscal_position, mapped_taxes, tax_of
from crossdock.simulators.odoo.schema import (
    Field,
    Fields,
    Row,
    char,
    choice,
    day,
    decimal,
    flag,
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

BOOKKEEPERS = ("account.group_account_invoice", "account.group_account_manager", "base.group_system")
MAKERS = (*BOOKKEEPERS, "sales_team.group_sale_salesman", "purchase.group_purchase_user")
READERS = (*MAKERS, "account.group_account_readonly", "stock.group_stock_user")
INVOICES = frozenset({"out_invoice", "out_refund", "in_invoice", "in_refund"})
SALE, BUY = frozenset({"out_invoice", "out_refund"}), frozenset({"in_invoice", "in_refund"})
JOURNAL_OF = {"out_invoice": 1, "out_refund": 1, "in_invoice": 2, "in_refund": 2, "entry": 3}
RECEIVABLE, PAYABLE, INCOME, EXPENSE, TAX_RECEIVED, TAX_PAID = 5, 15, 26, 32, 21, 9


def direction(kind: str) -> int:
    """+1 where the partner owes us (invoice out, refund in), -1 where we owe."""
    return 1 if kind in ("out_invoice", "in_refund") else -1


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
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            self.rebuild(env, row)

    def after_write(self, env: Env, ids: list[int], names: set[str]) -> None:
        for row in (self.rows(env)[i] for i in ids):
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
                self.put(env, row, invoice_date=env.now[:10])
            if not row["invoice_date_due"]:
                self.put(env, row, invoice_date_due=row["invoice_date"])
            name = row["name"] or self.number(env, row)
            self.put(env, row, name=name, state="posted", payment_reference=row["payment_reference"] or name)
            env.effect("invoice_posted", str(row["ref"] or row["name"]), self._told(row))
            origin = self.rows(env).get(row["reversed_entry_id"] or 0)
            if origin is not None:
                _match(env, origin, open_item(env, row))
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
        if not item["amount_residual"] or not row["amount_residual"]:
            raise UserError("You are trying to reconcile some entries that are already reconciled.")
        _match(env, row, item)

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


def items_of(env: Env, row: Row) -> list[Row]:
    """The journal items of an entry."""
    table = env.store.table("account.move.line")
    return [table.rows[i] for i in sorted(table.indexes["move_id"].get(row["id"], ()))]


def open_item(env: Env, row: Row) -> Row:
    """The receivable or payable item of an entry."""
    return next(x for x in items_of(env, row) if x["account_id"] in (RECEIVABLE, PAYABLE))


def _match(env: Env, invoice: Row, other: Row) -> None:
    """Reconcile an invoice with an item of the opposite sign, as far as both go."""
    items = env["account.move.line"]
    own = open_item(env, invoice)
    amount = min(abs(own["amount_residual"]), abs(other["amount_residual"]))
    if not amount:
        return
    for item in (own, other):
        sign = 1 if item["amount_residual"] > 0 else -1
        left = rounded(item["amount_residual"] - sign * amount, 2)
        items.put(env, item, amount_residual=left, reconciled=not left)
    env["account.partial.reconcile"].insert(
        env.sudo(), [{"debit_move_id": own["id"], "credit_move_id": other["id"], "amount": amount}]
    )
    for entry in {invoice["id"], other["move_id"]}:
        _payment_state(env, env.row("account.move", entry))


def _payment_state(env: Env, row: Row) -> None:
    if row["move_type"] not in INVOICES:
        return
    left = abs(open_item(env, row)["amount_residual"])
    if left >= row["amount_total"]:
        state = "not_paid"
    elif left:
        state = "partial"
    else:
        reversed_ = any(
            r["reversed_entry_id"] == row["id"] and r["amount_total"] == row["amount_total"]
            for r in env.store.table("account.move").rows.values()
            if r["state"] == "posted"
        )
        state = "reversed" if reversed_ else "paid"
    env["account.move"].put(env, row, amount_residual=left, payment_state=state)


class Item(Model):
    name = "account.move.line"
    label = "Journal Item"
    order = "date desc, move_name desc, id"
    read_groups = READERS
    write_groups = MAKERS
    own: ClassVar[Fields] = {
        "move_id": one("account.move", "Journal Entry", required=True, cascade=True, index=True),
        "move_name": char("Number", compute=lambda env, row: env.row("account.move", row["move_id"])["name"]),
        "date": day("Date", compute=lambda env, row: env.row("account.move", row["move_id"])["date"]),
        "parent_state": char("Status", compute=lambda env, row: env.row("account.move", row["move_id"])["state"]),
        "display_type": choice("Display Type", "product", "tax", "payment_term", "line_section", "line_note", default="product"),
        "product_id": one("product.product", "Product", touched=True),
        "name": char("Label"),
        "quantity": quantity("Quantity", default=1.0),
        "product_uom_id": one("uom.uom", "Unit"),
        "price_unit": decimal("Unit Price"),
        "discount": decimal("Discount (%)", 2),
        "tax_ids": links("account.tax", "Taxes"),
        "price_subtotal": money("Subtotal"),
        "price_total": money("Total"),
        "account_id": one("account.account", "Account"),
        "balance": money("Balance"),
        "debit": money("Debit", compute=lambda env, row: max(0.0, row["balance"])),
        "credit": money("Credit", compute=lambda env, row: max(0.0, -row["balance"])),
        "amount_residual": money("Residual Amount"),
        "reconciled": flag("Reconciled"),
        "partner_id": one("res.partner", "Partner"),
        "date_maturity": day("Due Date"),
        "sale_line_ids": links("sale.order.line", "Sales Order Lines"),
        "purchase_line_id": one("purchase.order.line", "Purchase Order Line", index=True),
        "is_landed_costs_line": flag("Landed Costs"),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        entry = env.store.table("account.move").rows.get(vals.get("move_id") or 0)
        product = env.store.table("product.product").rows.get(vals.get("product_id") or 0)
        if entry is None or vals.get("display_type", "product") != "product":
            return vals
        selling = entry["move_type"] in SALE
        vals.setdefault("account_id", INCOME if selling else EXPENSE)
        vals.setdefault("partner_id", entry["partner_id"])
        if product is not None:
            template = env.row("product.template", product["product_tmpl_id"])
            vals.setdefault("name", env["product.product"].display(env, product))
            vals.setdefault("product_uom_id", template["uom_id"])
            vals.setdefault("price_unit", template["list_price"] if selling else product["standard_price"])
            if "tax_ids" not in vals:
                taxes = template["taxes_id" if selling else "supplier_taxes_id"] or []
                vals["tax_ids"] = [[6, 0, mapped_taxes(env, entry["fiscal_position_id"], taxes)]]
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        self._tell_orders(env, [self.rows(env)[i] for i in ids])

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        super().update(env, rows, vals)
        entries = cast("Entry", env["account.move"])
        for row in rows:
            entry = env.row("account.move", row["move_id"])
            if entry["state"] == "draft" and row["display_type"] == "product":
                entries.rebuild(env, entry)
        self._tell_orders(env, rows)

    def erase(self, env: Env, rows: Any) -> None:
        gone = [dict(row) for row in rows]
        super().erase(env, rows)
        self._tell_orders(env, gone)

    def _tell_orders(self, env: Env, rows: list[Row]) -> None:
        for name, field in (("sale.order.line", "sale_line_ids"), ("purchase.order.line", "purchase_line_id")):
            lines = env[name]
            for row in rows:
                value = row.get(field) or []
                for id_ in value if isinstance(value, list) else [value]:
                    line = lines.rows(env).get(id_)
                    if line is not None:
                        lines.put(env, line, qty_invoiced=invoiced(env, line, name))
                        lines.refresh_invoicing(env, line)  # type: ignore[attr-defined]
                        env[name.removesuffix(".line")].refresh(env, line["order_id"])  # type: ignore[attr-defined]


def invoiced(env: Env, line: Row, model: str) -> float:
    """Invoiced quantity of an order line; credit notes count back, cancelled entries do not count."""
    total = 0.0
    for item in env.store.table("account.move.line").rows.values():
        mine = (
            line["id"] in (item["sale_line_ids"] or []) if model == "sale.order.line" else item["purchase_line_id"] == line["id"]
        )
        if mine:
            entry = env.row("account.move", item["move_id"])
            if entry["state"] != "cancel":
                total += item["quantity"] * (-1 if entry["move_type"].endswith("refund") else 1)
    return rounded(total, 2)


class PartialReconcile(Model):
    name = "account.partial.reconcile"
    label = "Partial Reconcile"
    read_groups = READERS
    write_groups = BOOKKEEPERS
    own: ClassVar[Fields] = {
        "debit_move_id": one("account.move.line", "Debit Move", cascade=True, index=True),
        "credit_move_id": one("account.move.line", "Credit Move", cascade=True, index=True),
        "amount": money("Amount"),
    }


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
            env["sale.order"].put(env, order, invoice_ids=[*(order["invoice_ids"] or []), made[-1]])
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


MODELS = [Entry, Item, PartialReconcile, Reversal, InvoiceOrder]
