"""Stock on hand: quants, how they split, merge and go negative, and inventory adjustments.

A quant row is not the stock of a place: several rows may exist for one product, location and lot, some
negative, until the merge runs. Shipping what is not there drives a row below zero without an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.api import public, public_model
from crossdock.simulators.odoo.errors import ValidationError, not_allowed
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, day, decimal, flag, moment, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

USER = ("stock.group_stock_user", "base.group_system")
MANY = 25  # rows of one place before the scheduler, which the simulator has not got, would have merged them
Key = tuple[int, int, Any, Any, Any]


class Quant(Model):
    name = "stock.quant"
    label = "Quants"
    order = "id"
    write_groups = USER
    own: ClassVar[Fields] = {
        "product_id": one("product.product", "Product", required=True, index=True, touched=True),
        "location_id": one("stock.location", "Location", required=True, touched=True, index=True),
        "lot_id": one("stock.lot", "Lot/Serial Number"),
        "package_id": one("stock.package", "Package", index=True),
        "owner_id": one("res.partner", "Owner"),
        "quantity": decimal("Quantity"),
        "reserved_quantity": decimal("Reserved Quantity"),
        "available_quantity": decimal(
            "Available Quantity", compute=lambda env, row: round(row["quantity"] - row["reserved_quantity"], 6)
        ),
        "inventory_quantity": decimal("Counted", 2),
        "inventory_diff_quantity": decimal("Difference"),
        "inventory_quantity_set": flag("Inventory Quantity Set"),
        "inventory_quantity_auto_apply": decimal("Inventoried Quantity", compute=lambda env, row: row["quantity"]),
        "inventory_date": day("Scheduled"),
        "is_outdated": flag("Quantity has been moved since last count", compute=lambda env, row: outdated(row)),
        "user_id": one("res.users", "Assigned To"),
        "in_date": moment("Incoming Date", default=lambda env: env.now[:19]),
        "company_id": one("res.company", "Company"),
        "product_uom_id": one("uom.uom", "Unit", compute=lambda env, row: _template(env, row)["uom_id"]),
        "tracking": char("Tracking", compute=lambda env, row: _template(env, row)["tracking"]),
        "on_hand": flag("On Hand", compute=lambda env, row: env.row("stock.location", row["location_id"])["usage"] == "internal"),
    }

    def display(self, env: Env, row: Row) -> str:
        return env["stock.location"].display(env, env.row("stock.location", row["location_id"]))

    # From outside ----------------------------------------------------------------------------------

    @public_model
    def create(self, env: Env, vals_list: list[Row] | Row) -> list[int]:
        """In `inventory_mode` a count goes to the quant that is there; otherwise a row is made as given."""
        self.check_access(env, "create")
        answer = []
        for given in [vals_list] if isinstance(vals_list, dict) else vals_list:
            vals = dict(given)
            counted = vals.pop("inventory_quantity", None)
            at_once = vals.pop("inventory_quantity_auto_apply", None)
            if not env.ctx.get("inventory_mode") or (counted is None and at_once is None):
                if counted is not None:
                    vals["inventory_quantity"] = counted
                answer += self.insert(env, [vals])
                continue
            key = (vals["product_id"], vals["location_id"], vals.get("lot_id") or False, vals.get("package_id") or False, False)
            found = self.of(env, key)
            if found:
                row = found[0]
            else:
                row = self.rows(env)[self.insert(env, [{n: v for n, v in vals.items() if n != "quantity"}])[0]]
            self._count(env, row, counted if counted is not None else at_once)
            if at_once is not None:
                self.apply(env, row)
            answer.append(row["id"])
        return answer

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        counted = vals.get("inventory_quantity")
        at_once = vals.get("inventory_quantity_auto_apply")
        rest = {n: v for n, v in vals.items() if n not in ("inventory_quantity", "inventory_quantity_auto_apply")}
        if rest or (counted is None and at_once is None):
            super().update(env, rows, rest)
        for row in rows:
            if counted is not None or at_once is not None:
                self._count(env, row, counted if counted is not None else at_once)
            if at_once is not None:
                self.apply(env, row)

    def check(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            template = _template(env, row)
            if template["type"] != "consu" or not template["is_storable"]:
                raise ValidationError("Quants cannot be created for consumables or services.")

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            row["company_id"] = env.row("stock.location", row["location_id"])["company_id"]

    @public
    def action_apply_inventory(self, env: Env, ids: list[int]) -> Any:
        """Set the stock to what was counted; a conflict action, and nothing done, if it moved since."""
        self._stock_user(env)
        rows = self.browse(env, ids)
        late = [row["id"] for row in rows if outdated(row)]
        if late:
            return {
                "name": "Conflict in Inventory Adjustment",
                "type": "ir.actions.act_window",
                "view_mode": "form",
                "views": [[False, "form"]],
                "res_model": "stock.inventory.conflict",
                "target": "new",
                "context": {"default_quant_ids": ids, "default_quant_to_fix_ids": late},
            }
        for row in rows:
            self.apply(env, row)
        return None

    @public
    def action_clear_inventory_quantity(self, env: Env, ids: list[int]) -> None:
        self._stock_user(env)
        for row in self.browse(env, ids):
            self.put(env, row, inventory_quantity=0.0, inventory_diff_quantity=0.0, inventory_quantity_set=False, user_id=False)

    @public_model
    def action_view_inventory(self, env: Env) -> Row:
        """Opens the count list; on the way the server merges rows of one place."""
        self._stock_user(env)
        self.merge(env)
        return {"type": "ir.actions.act_window", "res_model": self.name, "view_mode": "list", "name": "Physical Inventory"}

    def _stock_user(self, env: Env) -> None:
        if not env.in_groups(*USER):
            raise not_allowed(self.label, self.name, "modify", "Inventory / User")

    # From inside -----------------------------------------------------------------------------------

    def _count(self, env: Env, row: Row, counted: Any) -> None:
        value = round(float(counted or 0), 2)
        self.put(
            env,
            row,
            inventory_quantity=value,
            inventory_diff_quantity=value - row["quantity"],
            inventory_quantity_set=True,
            inventory_date=env.now[:10],
            user_id=env.uid,
        )

    def apply(self, env: Env, row: Row) -> None:
        """Move the difference between count and record from or to the adjustment location."""
        difference = round(row["inventory_quantity"] - row["quantity"], 6)
        title = env.ctx.get("inventory_name") or (
            f"Product Quantity {'Updated' if difference else 'Confirmed'} ({env.user['name']})"
        )
        if difference:
            loss = _adjustment_location(env, row["company_id"])
            here = row["location_id"]
            source, target = (loss, here) if difference > 0 else (here, loss)
            made = env["stock.move"].insert(
                env.sudo(),
                [
                    {
                        "product_id": row["product_id"],
                        "product_uom_qty": abs(difference),
                        "location_id": source,
                        "location_dest_id": target,
                        "company_id": row["company_id"],
                        "is_inventory": True,
                        "inventory_name": title,
                        "reference": title,
                        "state": "done",
                        "picked": True,
                        "date": env.now[:19],
                    }
                ],
            )
            env["stock.move.line"].insert(
                env.sudo(_quiet=True),
                [{"move_id": made[0], "quantity": abs(difference), "lot_id": row["lot_id"], "picked": True}],
            )
            self.shift(env, (row["product_id"], loss, row["lot_id"], False, False), -difference)
            self.put(env, row, quantity=round(row["quantity"] + difference, 6))
            env.touched.add(("quant", row["id"]))
            sku = env.row("product.product", row["product_id"])["default_code"]
            env.effect("inventory_adjusted", str(title), {"sku": sku, "difference": difference, "quantity": row["quantity"]})
        self.put(
            env,
            row,
            inventory_quantity=0.0,
            inventory_diff_quantity=0.0,
            inventory_quantity_set=False,
            inventory_date=f"{env.now[:4]}-12-31",
            user_id=False,
        )

    def of(self, env: Env, key: Key) -> list[Row]:
        """All rows of one product, location, lot, package and owner."""
        index = env.store.table(self.name).indexes["product_id"]
        rows = self.rows(env)
        return [rows[i] for i in index.get(key[0], ()) if key_of(rows[i]) == key]

    def shift(self, env: Env, key: Key, delta: float) -> None:
        """Add to the stock of one place; a row another transaction holds is left alone and a new one made."""
        free = [r for r in self.of(env, key) if not env.store.overlapped(("quant", r["id"]), env.began)]
        if free:
            self.put(env, free[0], quantity=round(free[0]["quantity"] + delta, 6))
            env.touched.add(("quant", free[0]["id"]))
            return
        product, location, lot, package, owner = key
        id_ = self.insert(
            env.sudo(),
            [
                {
                    "product_id": product,
                    "location_id": location,
                    "lot_id": lot,
                    "package_id": package,
                    "owner_id": owner,
                    "quantity": delta,
                }
            ],
        )[0]
        env.touched.add(("quant", id_))
        found = self.of(env, key)
        if len(found) > MANY:
            self._join(env, found)

    def merge(self, env: Env) -> None:
        """Join rows of one place and drop empty ones, as the scheduler does."""
        groups: dict[Key, list[Row]] = {}
        for row in list(self.rows(env).values()):
            groups.setdefault(key_of(row), []).append(row)
        for rows in groups.values():
            self._join(env, rows)

    def _join(self, env: Env, rows: list[Row]) -> None:
        table = env.store.table(self.name)
        keep, *others = rows
        if others:
            total = round(sum(r["quantity"] for r in rows), 6)
            reserved = round(sum(r["reserved_quantity"] for r in rows), 6)
            self.put(env, keep, quantity=total, reserved_quantity=reserved)
            for row in others:
                table.delete(row["id"], env.undo)
        if not keep["quantity"] and not keep["reserved_quantity"] and not keep["inventory_quantity_set"]:
            table.delete(keep["id"], env.undo)


def key_of(row: Row) -> Key:
    """What makes rows the same place."""
    return (row["product_id"], row["location_id"], row["lot_id"], row["package_id"], row["owner_id"])


def outdated(row: Row) -> bool:
    """Whether stock moved since it was counted."""
    counted_from = row["inventory_quantity"] - row["inventory_diff_quantity"]
    return bool(row["inventory_quantity_set"]) and abs(counted_from - row["quantity"]) > 0.001


def _template(env: Env, row: Row) -> Row:
    return env.row("product.template", env.row("product.product", row["product_id"])["product_tmpl_id"])


def _adjustment_location(env: Env, company: Any) -> int:
    rows = env.store.table("stock.location").rows
    for id_, row in rows.items():
        if row["usage"] == "inventory" and row["company_id"] == company:
            return id_
    return next(i for i, r in rows.items() if r["usage"] == "inventory")


MODELS = [Quant]
