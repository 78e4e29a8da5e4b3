"""Stock moves and their lines: demand, reservation, what was really picked.

`quantity` is one figure with two meanings, as in Odoo 17 and later: what is reserved until the move is done,
what was moved afterwards. `picked` marks it as really processed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.errors import UserError, not_allowed
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.quants import Quant, key_of
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

CLOSED = frozenset({"done", "cancel"})
WORKERS = (
    "stock.group_stock_user",
    "sales_team.group_sale_salesman",
    "sales_team.group_sale_salesman_all_leads",
    "account.group_account_invoice",
    "purchase.group_purchase_user",
    "base.group_system",
)


def template_of(env: Env, product: int) -> Row:
    """The template of a product."""
    return env.row("product.template", env.row("product.product", product)["product_tmpl_id"])


def needs_stock(env: Env, row: Row) -> bool:
    """Whether the move takes from counted stock: a storable product out of one of our own locations."""
    return needs_quants(env, row) and env.row("stock.location", row["location_id"])["usage"] == "internal"


def needs_quants(env: Env, row: Row) -> bool:
    """Whether the product's stock is counted at all."""
    return bool(template_of(env, row["product_id"])["is_storable"])


def done_quantity(env: Env, row: Row) -> float:
    """The quantity of a move: the sum of its lines."""
    lines = env.store.table("stock.move.line")
    return round(sum((lines.rows[i]["quantity"] for i in lines.indexes["move_id"].get(row["id"], ())), 0.0), 6)


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

    def confirm(self, env: Env, rows: list[Row]) -> None:
        """Draft to confirmed; reserves at once where the operation type says so."""
        for row in rows:
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


class MoveLine(Model):
    name = "stock.move.line"
    label = "Product Moves (Stock Move Line)"
    order = "id"
    read_groups = WORKERS
    write_groups = WORKERS
    own: ClassVar[Fields] = {
        "move_id": one("stock.move", "Stock Operation", index=True, cascade=True),
        "picking_id": one("stock.picking", "Transfer", index=True),
        "product_id": one("product.product", "Product", index=True, touched=True),
        "product_uom_id": one("uom.uom", "Unit"),
        "quantity": quantity("Quantity"),
        "quantity_product_uom": decimal("Quantity in Product UoM", compute=lambda env, row: row["quantity"]),
        "picked": flag("Picked"),
        "lot_id": one("stock.lot", "Lot/Serial Number", index=True),
        "lot_name": char("Lot/Serial Number Name"),
        "package_id": one("stock.package", "Source Package"),
        "result_package_id": one("stock.package", "Destination Package"),
        "owner_id": one("res.partner", "From Owner"),
        "location_id": one("stock.location", "From"),
        "location_dest_id": one("stock.location", "To"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "date": moment("Date", default=lambda env: env.now[:19]),
        "state": char(
            "Status", compute=lambda env, row: (env.store.table("stock.move").rows.get(row["move_id"]) or row).get("state", False)
        ),
        "reference": char("Reference", compute=lambda env, row: _reference(env, row)),
    }

    def display(self, env: Env, row: Row) -> str:
        return env["product.product"].display(env, env.row("product.product", row["product_id"]))

    def prepare(self, env: Env, vals: Row) -> Row:
        moves = env["stock.move"]
        move = moves.rows(env).get(vals.get("move_id") or 0)
        if move is None and vals.get("picking_id") and vals.get("product_id"):
            move = self._move_for(env, vals)
            vals["move_id"] = move["id"]
        if move is not None:
            for field in ("picking_id", "product_id", "location_id", "location_dest_id", "company_id"):
                if not vals.get(field):
                    vals[field] = move[field]
        if vals.get("product_id") in env.store.table("product.product").rows:
            vals.setdefault("product_uom_id", template_of(env, vals["product_id"])["uom_id"])
        return vals

    def _move_for(self, env: Env, vals: Row) -> Row:
        table = env.store.table("stock.move")
        for id_ in sorted(table.indexes["picking_id"].get(vals["picking_id"], ())):
            if table.rows[id_]["product_id"] == vals["product_id"]:
                return table.rows[id_]
        made = env["stock.move"].insert(
            env.sudo(),
            [{"picking_id": vals["picking_id"], "product_id": vals["product_id"], "product_uom_qty": 0, "state": "assigned"}],
        )
        return table.rows[made[0]]

    def after_create(self, env: Env, ids: list[int]) -> None:
        if env.ctx.get("_quiet"):
            return
        for row in (self.rows(env)[i] for i in ids):
            move = env.store.table("stock.move").rows.get(row["move_id"])
            if move is not None and move["state"] == "done":
                move_stock(env, row, row["quantity"])
                follow_up(env, [move])
                continue
            self.hold(env, row)
            self._tell_move(env, row)

    def update(self, env: Env, rows: Any, vals: Any) -> None:
        stock = {"quantity", "lot_id", "location_id", "package_id", "product_id"} & set(vals)
        moves = env.store.table("stock.move").rows
        for row in rows:
            done = moves[row["move_id"]]["state"] == "done" if row["move_id"] in moves else False
            if stock and done:
                move_stock(env, row, -row["quantity"])
            elif stock:
                self.let_go(env, row)
            super().update(env, [row], vals)
            if stock and done:
                move_stock(env, row, row["quantity"])
                follow_up(env, [moves[row["move_id"]]])
            elif stock:
                self.hold(env, row)
            self._tell_move(env, row)

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        moves = env.store.table("stock.move").rows
        for row in rows:
            move = moves.get(row["move_id"])
            if move is not None and move["state"] == "done" and not env.superuser:
                raise UserError(
                    "You can not delete product moves if the picking is done. You can only correct the done quantities."
                )
            self.let_go(env, row)

    def _tell_move(self, env: Env, row: Row) -> None:
        move = env.store.table("stock.move").rows.get(row["move_id"])
        if move is None or move["state"] in CLOSED:
            return
        model = moves_of(env)
        model.put(env, move, picked=any(line["picked"] for line in model.lines_of(env, move)))
        model.refresh(env, move)
        if move["picking_id"]:
            pickings(env).refresh(env, move["picking_id"])

    # Behaviour -------------------------------------------------------------------------------------

    def add(self, env: Env, move: Row, amount: float, location: int, lot: Any, package: Any) -> None:
        """A line for a move; joins the line of the same place and lot if there is one."""
        for line in moves_of(env).lines_of(env, move):
            same = (line["location_id"], line["lot_id"], line["package_id"]) == (location, lot, package)
            if same and not line["lot_name"] and template_of(env, move["product_id"])["tracking"] != "serial":
                self.resize(env, line, round(line["quantity"] + amount, 6))
                return
        vals = {
            "move_id": move["id"],
            "location_id": location,
            "lot_id": lot,
            "package_id": package,
            "result_package_id": package,
            "quantity": amount,
            "picked": move["picked"],
        }
        made = self.insert(env.sudo(_quiet=True), [vals])[0]
        self.hold(env, self.rows(env)[made])

    def resize(self, env: Env, row: Row, amount: float) -> None:
        """Change the quantity of a line that is not done."""
        self.let_go(env, row)
        self.put(env, row, quantity=amount)
        self.hold(env, row)

    def hold(self, env: Env, row: Row) -> None:
        """Reserve on the quants as much of the line as is free there."""
        if not row["product_id"] or not needs_stock(env, row):
            return
        quants = quants_of(env)
        need = row["quantity"]
        held: dict[int, float] = {}
        found = quants.of(env, key_of({**row, "owner_id": False}))
        total = sum(q["quantity"] - q["reserved_quantity"] for q in found)
        need = min(need, total)
        for quant in found:
            take = round(min(need, quant["quantity"] - quant["reserved_quantity"]), 6)
            if take > 0:
                held[quant["id"]] = take
                quants.put(env, quant, reserved_quantity=round(quant["reserved_quantity"] + take, 6))
                need = round(need - take, 6)
        env.store.table(self.name).change(row, "_held", held, env.undo)

    def let_go(self, env: Env, row: Row) -> None:
        """Give the line's reservation back."""
        held = row.get("_held") or {}
        quants = quants_of(env)
        for id_, amount in held.items():
            quant = quants.rows(env).get(id_)
            if quant is None:
                quant = next(iter(quants.of(env, key_of({**row, "owner_id": False}))), None)
            if quant is not None:
                quants.put(env, quant, reserved_quantity=max(0.0, round(quant["reserved_quantity"] - amount, 6)))
        if held:
            env.store.table(self.name).change(row, "_held", {}, env.undo)


def _reference(env: Env, row: Row) -> Any:
    picking = env.store.table("stock.picking").rows.get(row["picking_id"])
    if picking is not None:
        return picking["name"]
    move = env.store.table("stock.move").rows.get(row["move_id"])
    return move["reference"] if move else False


def free_parts(env: Env, move: Row) -> list[Row]:
    """Free stock for a move by place and lot, oldest first; rows below zero count against the rest."""
    quants = env.store.table("stock.quant")
    places = env["stock.location"].find(env.sudo(), [["id", "child_of", move["location_id"]]])
    allowed = set(places)
    parts: dict[Any, Row] = {}
    for id_ in sorted(quants.indexes["product_id"].get(move["product_id"], ())):
        quant = quants.rows[id_]
        if quant["location_id"] not in allowed:
            continue
        part = parts.setdefault(key_of(quant), {**quant, "free": 0.0})
        part["free"] = round(part["free"] + quant["quantity"] - quant["reserved_quantity"], 6)
    return [part for part in parts.values() if part["free"] > 0]


def move_stock(env: Env, line: Row, amount: float) -> None:
    """Take `amount` out of the line's source and put it into its destination."""
    if not needs_quants(env, line):
        return
    quants = quants_of(env)
    quants.shift(env, key_of({**line, "owner_id": False}), -amount)
    target = {
        **line,
        "location_id": line["location_dest_id"],
        "package_id": line["result_package_id"],
        "owner_id": False,
    }
    quants.shift(env, key_of(target), amount)


def follow_up(env: Env, moves: list[Row]) -> None:
    """What orders compute from done moves."""
    for name in ("sale.order", "purchase.order"):
        model = env.registry.get(name)
        if model is not None:
            model.moves_done(env, moves)  # type: ignore[attr-defined]


def lines(env: Env) -> MoveLine:
    """The model of move lines."""
    return cast("MoveLine", env["stock.move.line"])


def moves_of(env: Env) -> Move:
    """The model of moves."""
    return cast("Move", env["stock.move"])


def quants_of(env: Env) -> Quant:
    """The model of quants."""
    return cast("Quant", env["stock.quant"])


def pickings(env: Env) -> Any:
    return env["stock.picking"]


MODELS = [Move, MoveLine]
