"""Warehouses, locations, operation types, lots and packages: what stock is kept in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.errors import ValidationError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    day,
    decimal,
    flag,
    integer,
    many,
    moment,
    one,
    text,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

MANAGER = ("stock.group_stock_manager", "base.group_system")
USER = ("stock.group_stock_user", "base.group_system")


class Location(Model):
    name = "stock.location"
    label = "Inventory Locations"
    order = "complete_name, id"
    rec_name = "complete_name"
    parent_field = "location_id"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Location Name", required=True),
        "complete_name": char("Full Location Name", compute=lambda env, row: full_name(env, row)),
        "active": flag("Active", default=True),
        "usage": choice(
            "Location Type",
            ("supplier", "Vendor"),
            ("view", "Virtual"),
            ("internal", "Internal"),
            ("customer", "Customer"),
            ("inventory", "Inventory Loss"),
            ("production", "Production"),
            ("transit", "Transit"),
            default="internal",
        ),
        "location_id": one("stock.location", "Parent Location", index=True),
        "child_ids": many("stock.location", "location_id", "Contains"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "barcode": char("Barcode"),
        "warehouse_id": one("stock.warehouse", "Warehouse", compute=lambda env, row: warehouse_of(env, row["id"])),
    }

    def display(self, env: Env, row: Row) -> str:
        return full_name(env, row)


def full_name(env: Env, row: Row) -> str:
    """WH/Stock/Shelf: parents that are not of the outside world are named too."""
    parent = env.store.table("stock.location").rows.get(row["location_id"])
    return f"{full_name(env, parent)}/{row['name']}" if parent and row["usage"] != "view" else str(row["name"])


def warehouse_of(env: Env, location: Any) -> Any:
    """The warehouse whose view location holds this location."""
    rows = env.store.table("stock.location").rows
    views = {r["view_location_id"]: i for i, r in env.store.table("stock.warehouse").rows.items()}
    while location:
        if location in views:
            return views[location]
        location = rows[location]["location_id"]
    return False


class Warehouse(Model):
    name = "stock.warehouse"
    label = "Warehouse"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Warehouse", required=True),
        "code": char("Short Name", required=True),
        "active": flag("Active", default=True),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "partner_id": one("res.partner", "Address"),
        "view_location_id": one("stock.location", "View Location"),
        "lot_stock_id": one("stock.location", "Location Stock"),
        "in_type_id": one("stock.picking.type", "In Type"),
        "out_type_id": one("stock.picking.type", "Out Type"),
        "delivery_steps": choice("Outgoing Shipments", "ship_only", "pick_ship", "pick_pack_ship", default="ship_only"),
        "reception_steps": choice("Incoming Shipments", "one_step", "two_steps", "three_steps", default="one_step"),
    }

    def after_create(self, env: Env, ids: list[int]) -> None:
        # As the server does: a warehouse brings its locations and operation types.
        for row in (self.rows(env)[i] for i in ids):
            if row["lot_stock_id"]:
                continue
            company, code, boss = row["company_id"], row["code"], env.sudo()
            places, types = env["stock.location"], env["stock.picking.type"]
            view = places.insert(boss, [{"name": code, "usage": "view", "company_id": company}])[0]
            stock = places.insert(boss, [{"name": "Stock", "location_id": view, "company_id": company}])[0]
            made = {}
            for kind, label, letters, source, target in (
                ("incoming", "Receipts", "IN", 1, stock),
                ("outgoing", "Delivery Orders", "OUT", stock, 2),
            ):
                made[kind] = types.insert(
                    boss,
                    [
                        {
                            "name": label,
                            "code": kind,
                            "sequence_code": letters,
                            "warehouse_id": row["id"],
                            "company_id": company,
                            "default_location_src_id": source,
                            "default_location_dest_id": target,
                        }
                    ],
                )[0]
            for one_way, back in (("incoming", "outgoing"), ("outgoing", "incoming")):
                types.put(env, env.row("stock.picking.type", made[one_way]), return_picking_type_id=made[back])
            self.put(
                env,
                row,
                view_location_id=view,
                lot_stock_id=stock,
                in_type_id=made["incoming"],
                out_type_id=made["outgoing"],
            )


class PickingType(Model):
    name = "stock.picking.type"
    label = "Picking Type"
    write_groups = MANAGER
    own: ClassVar[Fields] = {
        "name": char("Operation Type", required=True),
        "code": choice(
            "Type of Operation",
            ("incoming", "Receipt"),
            ("outgoing", "Delivery"),
            ("internal", "Internal Transfer"),
            default="incoming",
            required=True,
        ),
        "active": flag("Active", default=True),
        "sequence_code": char("Sequence Prefix", required=True),
        "return_picking_type_id": one("stock.picking.type", "Operation Type for Returns"),
        "warehouse_id": one("stock.warehouse", "Warehouse"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "default_location_src_id": one("stock.location", "Source Location"),
        "default_location_dest_id": one("stock.location", "Destination Location"),
        "create_backorder": choice("Create Backorder", "ask", "always", "never", default="ask"),
        "reservation_method": choice(
            "Reservation Method", ("at_confirm", "At Confirmation"), ("manual", "Manually"), default="at_confirm"
        ),
        "use_create_lots": flag("Create New Lots/Serial Numbers", default=True),
        "use_existing_lots": flag("Use Existing Lots/Serial Numbers", default=True),
    }

    def display(self, env: Env, row: Row) -> str:
        warehouse = env.store.table("stock.warehouse").rows.get(row["warehouse_id"])
        return f"{warehouse['name']}: {row['name']}" if warehouse else str(row["name"])


class Lot(Model):
    name = "stock.lot"
    label = "Lot/Serial"
    order = "name, id"
    write_groups = USER
    own: ClassVar[Fields] = {
        "name": char("Lot/Serial Number", required=True, index=True),
        "ref": char("Internal Reference"),
        "product_id": one("product.product", "Product", required=True, index=True, touched=True),
        "company_id": one("res.company", "Company"),
        "note": text("Description"),
        "expiration_date": moment("Expiration Date"),
        "use_expiration_date": flag(
            "Use Expiration Date",
            compute=lambda env, row: env["product.product"].getter("use_expiration_date")(
                env, env.row("product.product", row["product_id"])
            ),
        ),
        "product_qty": decimal("On Hand Quantity", compute=lambda env, row: _lot_quantity(env, row)),
    }

    def check(self, env: Env, ids: list[int]) -> None:
        index = env.store.table(self.name).indexes["name"]
        for row in (self.rows(env)[i] for i in ids):
            for other in (self.rows(env)[i] for i in index.get(row["name"], ())):
                if other is not row and other["product_id"] == row["product_id"]:
                    if other["company_id"] and row["company_id"] and other["company_id"] != row["company_id"]:
                        continue
                    product = env["product.product"].display(env, env.row("product.product", row["product_id"]))
                    raise ValidationError(
                        "The combination of lot/serial number and product must be unique within a company including "
                        "when no company is defined.\nThe following combinations contain duplicates:\n"
                        f" - Product: {product}, Lot/Serial Number: {row['name']}"
                    )


def _lot_quantity(env: Env, row: Row) -> float:
    quants, places = env.store.table("stock.quant"), env.store.table("stock.location").rows
    found = (quants.rows[i] for i in quants.indexes["product_id"].get(row["product_id"], ()))
    mine = (q for q in found if q["lot_id"] == row["id"])
    return float(sum(q["quantity"] for q in mine if places[q["location_id"]]["usage"] == "internal"))


class PackageType(Model):
    name = "stock.package.type"
    label = "Stock package type"
    write_groups = MANAGER
    own: ClassVar[Fields] = {"name": char("Package Type", required=True), "base_weight": decimal("Weight")}


class Package(Model):
    """Names are not unique: two packages with one SSCC are accepted."""

    name = "stock.package"
    label = "Package"
    write_groups = USER
    own: ClassVar[Fields] = {
        "name": char("Package Reference", index=True),
        "package_type_id": one("stock.package.type", "Package Type"),
        "location_id": one("stock.location", "Location"),
        "company_id": one("res.company", "Company"),
        "shipping_weight": decimal("Shipping Weight"),
        "pack_date": day("Pack Date"),
        "quant_ids": many("stock.quant", "package_id", "Bulk Content"),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        vals.setdefault("name", env.store.next("package", "PACK", 7))
        return vals


class Route(Model):
    name = "stock.route"
    label = "Inventory Routes"
    write_groups = MANAGER
    own: ClassVar[Fields] = {"name": char("Route", required=True), "sequence": integer("Sequence")}


MODELS = [Location, Warehouse, PickingType, Lot, PackageType, Package, Route]
