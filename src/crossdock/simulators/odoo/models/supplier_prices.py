"""Vendors' price lists, and how Odoo 19 takes price and day of a purchase line from them, asked or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, decimal, integer, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

FORMAT = "%Y-%m-%d %H:%M:%S"


class SupplierInfo(Model):
    name = "product.supplierinfo"
    label = "Supplier Pricelist"
    order = "sequence, min_qty desc, price, id"
    rec_name = "product_name"
    write_groups = ("purchase.group_purchase_user", "product.group_product_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "partner_id": one("res.partner", "Vendor", required=True, touched=True, index=True),
        "product_tmpl_id": one("product.template", "Product Template", index=True, cascade=True),
        "product_id": one("product.product", "Product Variant"),
        "product_code": char("Vendor Product Code"),
        "product_name": char("Vendor Product Name"),
        "price": decimal("Unit Price"),
        "discount": decimal("Discount (%)", 2),
        "min_qty": decimal("Quantity"),
        "delay": integer("Delivery Lead Time", default=1),
        "sequence": integer("Sequence", default=1),
        "currency_id": one("res.currency", "Currency", default=1),
        "company_id": one("res.company", "Company"),
    }


def sellers(env: Env, product: Row) -> list[Row]:
    """All vendors of a product, the preferred first."""
    table = env.store.table("product.supplierinfo")
    found = [table.rows[i] for i in table.indexes["product_tmpl_id"].get(product["product_tmpl_id"], ())]
    return sorted(
        (row for row in found if not row["product_id"] or row["product_id"] == product["id"]),
        key=lambda row: (row["sequence"], -row["min_qty"], row["price"], row["id"]),
    )


def seller_for(env: Env, product: Row, partner: Any, quantity: float) -> Row | None:
    """The vendor's entry that holds for a quantity; None when there is none, or only for more."""
    return next((row for row in sellers(env, product) if row["partner_id"] == partner and row["min_qty"] <= quantity), None)


def reprice(env: Env, line: Row, order: Row) -> Row:
    """What the server takes anew for a line whose quantity changed; nothing for one whose price was set by hand, or that is billed."""
    product = env.row("product.product", line["product_id"])
    billed = env.store.table("account.move.line").indexes["purchase_line_id"].get(line["id"], ())
    if billed or line["technical_price_unit"] != line["price_unit"]:
        return {}
    seller = seller_for(env, product, order["partner_id"], abs(line["product_qty"]))
    changed: Row = {}
    if seller is not None or not line["date_planned"]:
        ordered = datetime.strptime(order["date_order"], FORMAT)  # noqa: DTZ007 (UTC text on both sides)
        changed["date_planned"] = (ordered + timedelta(days=seller["delay"] if seller else 0)).strftime(FORMAT)
    if seller is not None:
        changed |= {"price_unit": seller["price"], "technical_price_unit": seller["price"], "discount": seller["discount"]}
    elif line["price_unit"] and not any(row["partner_id"] == order["partner_id"] for row in sellers(env, product)):
        pass  # a price without any list stays
    else:
        cost = product["standard_price"]
        changed |= {"price_unit": cost, "technical_price_unit": cost, "discount": 0.0}
    return changed


def remember(env: Env, line: Row, order: Row) -> None:
    """A confirmed order makes its vendor one of the product's."""
    product = env.row("product.product", line["product_id"])
    if any(row["partner_id"] == order["partner_id"] for row in sellers(env, product)):
        return
    env["product.supplierinfo"].insert(
        env.sudo(),
        [
            {
                "partner_id": order["partner_id"],
                "product_tmpl_id": product["product_tmpl_id"],
                "price": line["price_unit"],
                "min_qty": 1.0,
                "delay": 0,
            }
        ],
    )


MODELS = [SupplierInfo]
