"""Stock moves and their lines: demand, reservation, what was really picked.

`quantity` is one figure with two meanings, as in Odoo 17 and later: what is reserved until the move is done,
what was moved afterwards. `picked` marks it as really processed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.errors import UserError, not_allowed
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    choice,
    decimal,
    flag,
    integer,
    links,
    many,
    moment,
    one,
    quantity,
    text,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.moving import (
    CLOSED,
    WORKERS,
    done_quantity,
    follow_up,
    free_parts,
    lines,
    move_stock,
    needs_stock,
    pickings,
    template_of,
)


class Move(Model):
    name = "stock.move"
    label = "Stock Move"
    order = "sequence, id"
    rec_name = "reference"
    read_groups = WORKERS
    write_groups = WORKERS
    own: ClassVar[Fields] = {
        "sequence": integer("Sequence", default=10),
        "product_id": one("product.product", "Product", required=True, index=True, touched=True),
        "product_tmpl_id": one(
            "product.template", "Product Template", compute=lambda env, r: template_of(env, r["product_id"])["id"]
        ),
        "product_uom_qty": quantity("Demand", default=1.0),
        "product_qty": decimal("Real Quantity", compute=lambda env, row: row["product_uom_qty"]),
        "product_uom": one("uom.uom", "Unit"),
        "quantity": decimal("Quantity", compute=done_quantity),
        "picked": flag("Picked"),
        "state": choice(
            "Status",
            ("draft", "New"),
            ("waiting", "Waiting Another Move"),
            ("confirmed", "Waiting"),
            ("partially_available", "Partially Available"),
            ("assigned", "Available"),
            ("done", "Done"),
            ("cancel", "Cancelled"),
            default="draft",
        ),
        "date": moment("Date Scheduled", default=lambda env: env.now[:19]),
        "date_deadline": moment("Deadline"),
        "location_id": one("stock.location", "Source Location", required=True),
        "location_dest_id": one("stock.location", "Destination Location", required=True),
        "picking_id": one("stock.picking", "Transfer", index=True, cascade=True),
        "picking_type_id": one("stock.picking.type", "Operation Type"),
        "partner_id": one("res.partner", "Destination Address"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "origin": char("Source Document"),
        "reference": char("Reference"),
        "description_picking": text("Description of Picking"),
        "move_line_ids": many("stock.move.line", "move_id", "Move Line"),
        "is_inventory": flag("Inventory"),
        "inventory_name": char("Inventory Name", index=True),
        "procure_method": char("Supply Method", default="make_to_stock"),
        "origin_returned_move_id": one("stock.move", "Origin return move", index=True),
        "returned_move_ids": many("stock.move", "origin_returned_move_id", "All returned moves"),
        "to_refund": flag("Update quantities on SO/PO"),
        "sale_line_id": one("sale.order.line", "Sale Line", index=True),
        "purchase_line_id": one("purchase.order.line", "Purchase Order Line", index=True),
        "price_unit": decimal("Unit Price"),
        "has_tracking": char("Product with Tracking", compute=lambda env, r: template_of(env, r["product_id"])["tracking"]),
        "lot_ids": links("stock.lot", "Serial Numbers", compute=lambda env, row: _lots(env, row)),
        "warehouse_id": one("stock.warehouse", "Warehouse"),
        "forecast_availability": decimal("Forecast Availability", compute=lambda env, row: _forecast(env, row)),
    }

    def display(self, env: Env, row: Row) -> str:
        code = env.row("product.product", row["product_id"])["default_code"]
        names = [env.row("stock.location", row[f])["name"] for f in ("location_id", "location_dest_id")]
        origin = f"{row['origin']}/" if row["origin"] else ""
        return f"{origin}{str(code) + ': ' if code else ''}{'>'.join(names)}"

    def prepare(self, env: Env, vals: Row) -> Row:
        picking = env.store.table("stock.picking").rows.get(vals.get("picking_id") or 0)
        if picking is not None:
            for field in ("location_id", "location_dest_id", "company_id", "picking_type_id", "origin", "partner_id"):
                vals.setdefault(field, picking[field])
            vals.setdefault("reference", picking["name"])
        product = env.store.table("product.product").rows.get(vals.get("product_id") or 0)
        if product is not None and not vals.get("product_uom"):
            vals["product_uom"] = template_of(env, product["id"])["uom_id"]
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        # a transfer belongs to the order its moves are of
        for row in (self.rows(env)[i] for i in ids):
            picking = env.store.table("stock.picking").rows.get(row["picking_id"] or 0)
            if picking is not None and row["sale_line_id"] and not picking["sale_id"]:
                order = env.row("sale.order.line", row["sale_line_id"])["order_id"]
                env["stock.picking"].put(env, picking, sale_id=order)

    def _insert_one(self, env: Env, vals: Row) -> int:
        wanted = vals.pop("quantity", None)
        id_ = super()._insert_one(env, vals)
        row = self.rows(env)[id_]
        if vals.get("picked"):
            self.put(env, row, picked=True)
        if wanted is not None:
            self.set_quantity(env, row, float(wanted))
        return id_

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        rest = {n: v for n, v in vals.items() if n not in ("quantity", "picked")}
        before = [(row, row["product_uom_qty"]) for row in rows]
        super().update(env, rows, rest)
        for row in rows:
            if "quantity" in vals:
                self.set_quantity(env, row, round(float(vals["quantity"] or 0), 2))
            if "picked" in vals:
                self.pick(env, row, bool(vals["picked"]))
        for row, demand in before:
            if row["product_uom_qty"] != demand and row["state"] not in CLOSED | {"draft"}:
                self.demand_changed(env, row)
            if row["picking_id"] and row["state"] != "draft":
                pickings(env).refresh(env, row["picking_id"])

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        if any(row["state"] not in ("draft", "cancel") for row in rows) and not env.superuser:
            raise UserError("You can only delete draft or cancelled moves.")

    def shape(self, env: Env, rows: Any, fields: list[str] | None, load: str | None) -> list[Row]:
        # Reading *all* fields touches landed costs, which only an inventory administrator may see.
        if not fields and not env.in_groups("stock.group_stock_manager"):
            raise not_allowed(
                "Valuation Adjustment Lines", "stock.valuation.adjustment.lines", "access", "Inventory/Administrator"
            )
        return super().shape(env, rows, fields, load)

    # Behaviour -------------------------------------------------------------------------------------

    def lines_of(self, env: Env, row: Row) -> list[Row]:
        """The move's lines, oldest first."""
        table = env.store.table("stock.move.line")
        return [table.rows[i] for i in sorted(table.indexes["move_id"].get(row["id"], ()))]

    def _merged(self, env: Env, rows: list[Row]) -> list[Row]:
        """Moves in draft that take the same delivered move back to the same place become one."""
        first: dict[tuple[Any, ...], Row] = {}
        for row in rows:
            if row["state"] != "draft" or not row["origin_returned_move_id"]:
                first[(row["id"],)] = row
                continue
            key = tuple(row[name] for name in ("picking_id", "origin_returned_move_id", "location_id", "location_dest_id"))
            kept = first.setdefault(key, row)
            if kept is not row:
                self.put(env, kept, product_uom_qty=round(kept["product_uom_qty"] + row["product_uom_qty"], 6))
                self.erase(env.sudo(), [row])
        return list(first.values())

    def confirm(self, env: Env, rows: list[Row]) -> None:
        """Draft to confirmed; reserves at once where the operation type says so."""
        for row in self._merged(env, rows):
            if row["state"] == "draft":
                self.put(env, row, state="confirmed")
                kind = env.store.table("stock.picking.type").rows.get(row["picking_type_id"])
                if kind is None or kind["reservation_method"] == "at_confirm":
                    self.assign(env, row)

    def assign(self, env: Env, row: Row) -> None:
        """Reserve what is there; never fails, and never takes more than is free."""
        if row["state"] in CLOSED:
            return
        need = round(row["product_uom_qty"] - done_quantity(env, row), 6)
        if need > 0 and not needs_stock(env, row):
            self._fill(env, row, need)
        elif need > 0:
            for part in free_parts(env, row):
                if need <= 0:
                    break
                take = round(min(part["free"], need), 6)
                lines(env).add(env, row, take, part["location_id"], part["lot_id"], part["package_id"])
                need = round(need - take, 6)
        self.refresh(env, row)

    def _fill(self, env: Env, row: Row, need: float) -> None:
        origin = env.store.table("stock.move").rows.get(row["origin_returned_move_id"] or 0)
        for line in self.lines_of(env, origin) if origin else []:
            if line["lot_id"] and need > 0:
                take = min(need, line["quantity"])
                lines(env).add(env, row, take, row["location_id"], line["lot_id"], False)
                need = round(need - take, 6)
        serial = template_of(env, row["product_id"])["tracking"] == "serial"
        while need > 0:
            take = min(1.0, need) if serial else need
            lines(env).add(env, row, take, row["location_id"], False, False)
            need = round(need - take, 6)

    def refresh(self, env: Env, row: Row) -> None:
        """The state that follows from demand and quantity."""
        if row["state"] in CLOSED or row["state"] == "draft":
            return
        have = done_quantity(env, row)
        if have <= 0:
            state = "confirmed"
        else:
            state = "assigned" if have >= row["product_uom_qty"] else "partially_available"
        self.put(env, row, state=state)

    def release(self, env: Env, row: Row) -> None:
        """Give the reservation back."""
        if row["state"] in CLOSED:
            return
        lines(env).erase(env.sudo(), [line for line in self.lines_of(env, row) if not line["picked"]])
        self.refresh(env, row)

    def demand_changed(self, env: Env, row: Row) -> None:
        """Reserve more, or give back what is too much."""
        have = done_quantity(env, row)
        if have > row["product_uom_qty"]:
            self.set_quantity(env, row, row["product_uom_qty"])
        elif row["state"] != "draft":
            self.assign(env, row)

    def pick(self, env: Env, row: Row, picked: bool) -> None:
        """Mark the move and all its lines."""
        self.put(env, row, picked=picked)
        for line in self.lines_of(env, row):
            lines(env).put(env, line, picked=picked)

    def set_quantity(self, env: Env, row: Row, wanted: float) -> None:
        """Write `quantity`: lines grow, shrink or appear. On a done move it moves stock at once."""
        if row["state"] == "done":
            self._correct(env, row, wanted)
            return
        have = done_quantity(env, row)
        if wanted < have:
            surplus = round(have - wanted, 6)
            for line in reversed(self.lines_of(env, row)):
                if surplus <= 0:
                    break
                take = min(surplus, line["quantity"])
                surplus = round(surplus - take, 6)
                if take >= line["quantity"]:
                    lines(env).erase(env.sudo(), [line])
                else:
                    lines(env).resize(env, line, round(line["quantity"] - take, 6))
        else:
            self._grow(env, row, round(wanted - have, 6))
        self._stamp(env, row)
        self.refresh(env, row)

    def _grow(self, env: Env, row: Row, more: float) -> None:
        if needs_stock(env, row):
            for part in free_parts(env, row):
                if more <= 0:
                    return
                take = round(min(part["free"], more), 6)
                lines(env).add(env, row, take, part["location_id"], part["lot_id"], part["package_id"])
                more = round(more - take, 6)
        if more <= 0:
            return
        existing = self.lines_of(env, row)
        tracking = template_of(env, row["product_id"])["tracking"]
        if existing and tracking == "none":
            lines(env).resize(env, existing[0], round(existing[0]["quantity"] + more, 6))
            return
        while more > 0:
            take = min(1.0, more) if tracking == "serial" else more
            lines(env).add(env, row, take, row["location_id"], False, False)
            more = round(more - take, 6)

    def _correct(self, env: Env, row: Row, wanted: float) -> None:
        existing = self.lines_of(env, row)
        delta = round(wanted - done_quantity(env, row), 6)
        if existing and delta:
            line = existing[0]
            move_stock(env, line, delta)
            lines(env).put(env, line, quantity=round(line["quantity"] + delta, 6))
            self._stamp(env, row)
            follow_up(env, [row])

    def split(self, env: Env, row: Row, done: float) -> Row | None:
        """Cut off what was not done into a new move; the row keeps what was."""
        rest = round(row["product_uom_qty"] - done, 6)
        if rest <= 0:
            return None
        keep = [
            "product_id",
            "product_uom",
            "location_id",
            "location_dest_id",
            "picking_type_id",
            "partner_id",
            "company_id",
            "origin",
            "sale_line_id",
            "purchase_line_id",
            "date",
            "date_deadline",
            "warehouse_id",
            "sequence",
            "to_refund",
            "origin_returned_move_id",
            "price_unit",
            "description_picking",
        ]
        vals = {name: row[name] for name in keep} | {"product_uom_qty": rest, "state": "confirmed"}
        self.put(env, row, product_uom_qty=done)
        return self.rows(env)[self.insert(env.sudo(), [vals])[0]]


def _forecast(env: Env, row: Row) -> float:
    have = done_quantity(env, row)
    return have if row["state"] in CLOSED or have >= row["product_uom_qty"] else -row["product_uom_qty"]


def _lots(env: Env, row: Row) -> list[int]:
    table = env.store.table("stock.move.line")
    found = (table.rows[i]["lot_id"] for i in table.indexes["move_id"].get(row["id"], ()))
    return sorted({lot for lot in found if lot})


MODELS = [Move]
