"""Products with their templates, categories, units of measure and on-hand figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.errors import ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, decimal, flag, integer, links, many, one, text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

MANAGER = ("product.group_product_manager", "base.group_system")
OPEN = frozenset({"waiting", "confirmed", "assigned", "partially_available"})


class Uom(Model):
    name = "uom.uom"
    label = "Product Unit of Measure"
    parent_field = "relative_uom_id"
    write_groups = ("base.group_system", "stock.group_stock_manager")
    own: ClassVar[Fields] = {
        "name": char("Unit Name", required=True),
        "factor": decimal("Absolute Quantity", default=1.0),
        "relative_factor": decimal("Contains", default=1.0),
        "relative_uom_id": one("uom.uom", "Reference Unit"),
        "rounding": decimal("Rounding Precision", default=0.01),
        "active": flag("Active", default=True),
    }


class Category(Model):
    name = "product.category"
    label = "Product Category"
    parent_field = "parent_id"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Name", required=True),
        "parent_id": one("product.category", "Parent Category"),
        "property_cost_method": choice(
            "Costing Method",
            ("standard", "Standard Price"),
            ("fifo", "First In First Out (FIFO)"),
            ("average", "Average Cost (AVCO)"),
            default="standard",
        ),
    }


def _of_variant(name: str) -> Any:
    def compute(env: Env, row: Row) -> Any:
        variants = env["product.template"].getter("product_variant_ids")(env, row)
        return env.row("product.product", variants[0])[name] if len(variants) == 1 else False

    return compute


class Template(Model):
    name = "product.template"
    label = "Product"
    order = "name"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Name", required=True),
        "active": flag("Active", default=True),
        "default_code": char("Internal Reference", compute=_of_variant("default_code")),
        "barcode": char("Barcode", compute=_of_variant("barcode")),
        "type": choice("Product Type", ("consu", "Goods"), ("service", "Service"), ("combo", "Combo"), default="consu"),
        "is_storable": flag("Track Inventory"),
        "tracking": choice(
            "Tracking", ("serial", "By Unique Serial Number"), ("lot", "By Lots"), ("none", "By Quantity"), default="none"
        ),
        "use_expiration_date": flag("Use Expiration Date"),
        "expiration_time": integer("Expiration Date"),
        "list_price": decimal("Sales Price", default=1.0),
        "categ_id": one("product.category", "Product Category"),
        "uom_id": one("uom.uom", "Unit", default=1),
        "taxes_id": links("account.tax", "Sales Taxes", default=lambda env: [1]),
        "supplier_taxes_id": links("account.tax", "Purchase Taxes", default=lambda env: [2]),
        "invoice_policy": choice(
            "Invoicing Policy", ("order", "Ordered quantities"), ("delivery", "Delivered quantities"), default="order"
        ),
        "purchase_method": choice(
            "Control Policy",
            ("purchase", "On ordered quantities"),
            ("receive", "On received quantities"),
            default="receive",
        ),
        "description_sale": text("Sales Description"),
        "sale_ok": flag("Sales", default=True),
        "purchase_ok": flag("Purchase", default=True),
        "hs_code": char("HS Code"),
        "country_of_origin": one("res.country", "Origin of Goods"),
        "company_id": one("res.company", "Company"),
        "product_variant_ids": many("product.product", "product_tmpl_id", "Products"),
        "product_variant_id": one(
            "product.product",
            "Product",
            compute=lambda env, row: next(iter(env["product.template"].getter("product_variant_ids")(env, row)), False),
        ),
    }

    def _insert_one(self, env: Env, vals: Row) -> int:
        variant: Row = {n: vals.pop(n) for n in ("default_code", "barcode", "weight", "standard_price") if n in vals}
        id_ = super()._insert_one(env, vals)
        env["product.product"].insert(env, [{**variant, "product_tmpl_id": id_}])
        return id_

    def insert_inherited(self, env: Env, vals: Row) -> int:
        return Model._insert_one(self, env, vals)

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        own = {n: v for n, v in vals.items() if n not in ("default_code", "barcode")}
        variant = {n: v for n, v in vals.items() if n in ("default_code", "barcode")}
        super().update(env, rows, own)
        for row in rows if variant else []:
            ids = self.getter("product_variant_ids")(env, row)
            if len(ids) == 1:
                env["product.product"].update(env, [env.row("product.product", ids[0])], variant)

    def display(self, env: Env, row: Row) -> str:
        code = self.getter("default_code")(env, row)
        return f"[{code}] {row['name']}" if code else str(row["name"])


def stock_of(env: Env, row: Row) -> tuple[float, float]:
    """Quantity and reserved quantity of a product in the internal locations the context asks for."""
    quants = env.store.table("stock.quant")
    wanted = _locations(env)
    total = reserved = 0.0
    for id_ in quants.indexes["product_id"].get(row["id"], ()):
        quant = quants.rows[id_]
        if quant["location_id"] in wanted:
            total += quant["quantity"]
            reserved += quant["reserved_quantity"]
    return round(total, 6), round(reserved, 6)


def _locations(env: Env) -> set[int]:
    rows = env.store.table("stock.location").rows
    warehouse = env.ctx.get("warehouse_id") or env.ctx.get("warehouse")
    location = env.ctx.get("location") or env.ctx.get("location_id")
    roots: set[int] | None = None
    if warehouse:
        chosen = warehouse if isinstance(warehouse, list) else [warehouse]
        roots = {env.row("stock.warehouse", w)["view_location_id"] for w in chosen}
    elif location:
        roots = set(location) if isinstance(location, list) else {location}
    cached: dict[Any, set[int]] = env.__dict__.setdefault("_locations", {})
    key = frozenset(roots) if roots is not None else None
    if key not in cached:
        internal = {i for i, r in rows.items() if r["usage"] in ("internal", "transit")}
        if roots is not None:
            internal = {i for i in internal if _within(rows, i, roots)}
        allowed = set(env.companies)
        cached[key] = {i for i in internal if not rows[i]["company_id"] or rows[i]["company_id"] in allowed}
    return cached[key]


def _within(rows: dict[int, Row], id_: int, roots: set[int]) -> bool:
    at: Any = id_
    while at:
        if at in roots:
            return True
        at = rows[at]["location_id"]
    return False


def _moving(env: Env, row: Row, incoming: bool) -> float:
    moves = env.store.table("stock.move")
    wanted = _locations(env)
    total = 0.0
    for id_ in moves.indexes["product_id"].get(row["id"], ()):
        move = moves.rows[id_]
        if move["state"] in OPEN:
            inside, outside = move["location_dest_id"] in wanted, move["location_id"] in wanted
            if inside != outside and inside == incoming:
                total += move["product_uom_qty"]
    return total


class Product(Model):
    name = "product.product"
    label = "Product Variant"
    order = "default_code, name, id"
    write_groups = MANAGER
    delegates: ClassVar[dict[str, str]] = {"product_tmpl_id": "product.template"}
    own: ClassVar[Fields] = {
        "product_tmpl_id": one("product.template", "Product Template", required=True, cascade=True, index=True),
        "default_code": char("Internal Reference", index=True),
        "barcode": char("Barcode", index=True),
        "active": flag("Active", default=True),
        "lst_price": decimal(
            "Sales Price", compute=lambda env, row: env.row("product.template", row["product_tmpl_id"])["list_price"]
        ),
        "standard_price": decimal("Cost"),
        "weight": decimal("Weight", 2),
        "volume": decimal("Volume", 2),
        "qty_available": decimal("Quantity On Hand", compute=lambda env, row: stock_of(env, row)[0]),
        "free_qty": decimal("Free To Use Quantity", compute=lambda env, row: round(_free(env, row), 6)),
        "incoming_qty": decimal("Incoming", compute=lambda env, row: _moving(env, row, True)),
        "outgoing_qty": decimal("Outgoing", compute=lambda env, row: _moving(env, row, False)),
        "virtual_available": decimal(
            "Forecasted Quantity",
            compute=lambda env, row: stock_of(env, row)[0] + _moving(env, row, True) - _moving(env, row, False),
        ),
    }

    def display(self, env: Env, row: Row) -> str:
        name = env.row("product.template", row["product_tmpl_id"])["name"]
        return f"[{row['default_code']}] {name}" if row["default_code"] else str(name)

    def visible(self, env: Env, row: Row) -> bool:
        company = env.row("product.template", row["product_tmpl_id"])["company_id"]
        return not company or env.superuser or company in env.companies

    def check(self, env: Env, ids: list[int]) -> None:
        index = env.store.table(self.name).indexes["barcode"]
        for id_ in ids:
            barcode = self.rows(env)[id_]["barcode"]
            same = index.get(barcode, ()) if barcode else ()
            if len(same) > 1:
                names = " and ".join(str(self.getter("name")(env, self.rows(env)[i])) for i in same)
                raise ValidationError(
                    f'Barcode(s) already assigned:\n\n- Barcode "{barcode}" already assigned to product(s): {names}'
                    "\n\nNote: products that you don't have access to will not be shown above."
                )

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            env.effect("product_created", row["default_code"] or str(row["id"]), {"id": row["id"]})


def _free(env: Env, row: Row) -> float:
    total, reserved = stock_of(env, row)
    return total - reserved


MODELS = [Uom, Category, Template, Product]
