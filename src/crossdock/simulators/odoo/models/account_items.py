"""Journal items: lines of invoices, what is open on them, and how items are matched with each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.taxes import mapped_taxes
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    day,
    decimal,
    flag,
    links,
    money,
    one,
    quantity,
)
from crossdock.simulators.odoo.values import rounded

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.models.account import Entry


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


def items_of(env: Env, row: Row) -> list[Row]:
    """The journal items of an entry."""
    table = env.store.table("account.move.line")
    return [table.rows[i] for i in sorted(table.indexes["move_id"].get(row["id"], ()))]


def open_item(env: Env, row: Row) -> Row:
    """The receivable or payable item of an entry."""
    return next(x for x in items_of(env, row) if x["account_id"] in (RECEIVABLE, PAYABLE))


def match(env: Env, invoice: Row, other: Row) -> None:
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
        payment_state(env, env.row("account.move", entry))


def payment_state(env: Env, row: Row) -> None:
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
        if "debit" in vals or "credit" in vals:
            vals["balance"] = float(vals.pop("debit", 0) or 0) - float(vals.pop("credit", 0) or 0)
        if entry is None or vals.get("display_type", "product") != "product" or entry["move_type"] == "entry":
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
                        order = env.row(name.removesuffix(".line"), line["order_id"])
                        if field == "sale_line_ids":
                            papers = env.store.table("account.move").rows
                            known = {*(order["invoice_ids"] or []), row["move_id"]}
                            env["sale.order"].put(env, order, invoice_ids=sorted(known & papers.keys()))
                        env[name.removesuffix(".line")].refresh(env, line["order_id"])  # type: ignore[attr-defined]


def invoiced(env: Env, line: Row, model: str) -> float:
    """Invoiced quantity of an order line; credit notes count back, cancelled entries do not count."""
    total = 0.0
    table = env.store.table("account.move.line")
    bought = model != "sale.order.line"
    found = [table.rows[i] for i in table.indexes["purchase_line_id"].get(line["id"], ())] if bought else table.rows.values()
    for item in found:
        if bought or line["id"] in (item["sale_line_ids"] or []):
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


MODELS = [Item, PartialReconcile]
