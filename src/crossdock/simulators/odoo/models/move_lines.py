"""Lines of stock moves: which lot from which place, reserved on the quants until it is done."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.quants import key_of
from crossdock.simulators.odoo.schema import (
    Fields,
    Row,
    char,
    decimal,
    flag,
    moment,
    one,
    quantity,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.moving import (
    CLOSED,
    WORKERS,
    follow_up,
    move_stock,
    moves_of,
    needs_stock,
    pickings,
    quants_of,
    template_of,
)

FORMAT = "%Y-%m-%d %H:%M:%S"


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
        "expiration_date": moment("Expiration Date"),
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
            template = template_of(env, vals["product_id"])
            vals.setdefault("product_uom_id", template["uom_id"])
            if template["use_expiration_date"] and not vals.get("expiration_date"):
                vals["expiration_date"] = _expiry(env, vals, template)
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


def _expiry(env: Env, vals: Row, template: Row) -> Any:
    """The day a line's goods expire: the lot's, or for goods that come in so many days from now."""
    lot = env.store.table("stock.lot").rows.get(vals.get("lot_id") or 0)
    if lot is not None:
        return lot["expiration_date"]
    source = env.store.table("stock.location").rows.get(vals.get("location_id") or 0)
    if source is None or source["usage"] != "supplier":
        return False
    until = datetime.strptime(env.now[:19], FORMAT) + timedelta(days=template["expiration_time"] or 0)  # noqa: DTZ007 (UTC text)
    return until.strftime(FORMAT)


def _reference(env: Env, row: Row) -> Any:
    picking = env.store.table("stock.picking").rows.get(row["picking_id"])
    if picking is not None:
        return picking["name"]
    move = env.store.table("stock.move").rows.get(row["move_id"])
    return move["reference"] if move else False


MODELS = [MoveLine]
