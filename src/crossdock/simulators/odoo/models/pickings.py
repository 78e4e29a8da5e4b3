"""Transfers: confirmation, reservation, validation with its wizards, backorders, returns.

`button_validate` answers `true` only when the transfer is done. A short shipment answers 200 with a wizard
and nothing has happened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import ProgrammingError, UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import (
    CLOSED,
    WORKERS,
    done_quantity,
    follow_up,
    lines,
    move_stock,
    moves_of,
    template_of,
)
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, decimal, flag, many, moment, one, text

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


def type_of(env: Env, row: Row) -> Row:
    """The operation type of a transfer."""
    return env.row("stock.picking.type", row["picking_type_id"])


def _late(env: Env, row: Row) -> Any:
    if type_of(env, row)["code"] != "outgoing" or row["state"] in (*CLOSED, "draft"):
        return False
    open_moves = [m for m in moves_in(env, row) if m["state"] != "cancel"]
    return "late" if any(done_quantity(env, m) < m["product_uom_qty"] for m in open_moves) else "available"


def moves_in(env: Env, row: Row) -> list[Row]:
    """The moves of a transfer, oldest first."""
    table = env.store.table("stock.move")
    return [table.rows[i] for i in sorted(table.indexes["picking_id"].get(row["id"], ()))]


def _tracking_url(env: Env, row: Row) -> Any:
    carrier = env.store.table("delivery.carrier").rows.get(row["carrier_id"])
    if not carrier or not carrier["tracking_url"] or not row["carrier_tracking_ref"]:
        return False
    return carrier["tracking_url"].replace("<shipmenttrackingnumber>", row["carrier_tracking_ref"])


class Picking(Model):
    name = "stock.picking"
    label = "Transfer"
    order = "priority desc, scheduled_date asc, id desc"
    read_groups = WORKERS
    write_groups = WORKERS
    own: ClassVar[Fields] = {
        "name": char("Reference", index=True),
        "origin": char("Source Document", index=True),
        "state": choice(
            "Status",
            ("draft", "Draft"),
            ("waiting", "Waiting Another Operation"),
            ("confirmed", "Waiting"),
            ("assigned", "Ready"),
            ("done", "Done"),
            ("cancel", "Cancelled"),
            default="draft",
        ),
        "partner_id": one("res.partner", "Contact"),
        "picking_type_id": one("stock.picking.type", "Operation Type", required=True),
        "picking_type_code": char("Type of Operation", compute=lambda env, row: type_of(env, row)["code"]),
        "location_id": one("stock.location", "Source Location"),
        "location_dest_id": one("stock.location", "Destination Location"),
        "move_ids": many("stock.move", "picking_id", "Stock Moves"),
        "move_line_ids": many("stock.move.line", "picking_id", "Operations"),
        "scheduled_date": moment("Scheduled Date", default=lambda env: env.now[:19]),
        "date_deadline": moment("Deadline"),
        "date_done": moment("Date of Transfer"),
        "backorder_id": one("stock.picking", "Back Order of", index=True),
        "backorder_ids": many("stock.picking", "backorder_id", "Back Orders"),
        "return_id": one("stock.picking", "Return of", index=True),
        "return_ids": many("stock.picking", "return_id", "Returns"),
        "sale_id": one("sale.order", "Sales Order", index=True),
        "purchase_id": one("purchase.order", "Purchase Orders", index=True),
        "carrier_id": one("delivery.carrier", "Carrier"),
        "carrier_tracking_ref": char("Tracking Reference", index=True),
        "carrier_tracking_url": char("Tracking URL", compute=_tracking_url),
        "carrier_price": decimal("Shipping Cost"),
        "weight": decimal("Weight", compute=lambda env, row: _weight(env, row)),
        "shipping_weight": decimal("Weight for Shipping"),
        "note": text("Notes"),
        "priority": choice("Priority", ("0", "Normal"), ("1", "Urgent"), default="0"),
        "move_type": choice("Shipping Policy", ("direct", "As soon as possible"), ("one", "All at once"), default="direct"),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
        "user_id": one("res.users", "Responsible"),
        "is_locked": flag("Is Locked", default=True),
        "products_availability": char(
            "Product Availability",
            compute=lambda env, row: {"late": "Not Available", "available": "Available"}.get(_late(env, row), False),
        ),
        "products_availability_state": char("Product Availability State", compute=_late),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        kind = env.store.table("stock.picking.type").rows.get(vals.get("picking_type_id") or 0)
        if kind is not None:
            warehouse = env.store.table("stock.warehouse").rows.get(kind["warehouse_id"])
            code = f"{warehouse['code']}/" if warehouse else ""
            sequence = f"{code}{kind['sequence_code']}/"
            if not vals.get("name") or vals["name"] == "/":
                vals["name"] = env.store.next(f"picking:{kind['id']}", sequence)
            if not vals.get("location_id"):
                vals["location_id"] = kind["default_location_src_id"]
            if not vals.get("location_dest_id"):
                vals["location_dest_id"] = kind["default_location_dest_id"]
            vals.setdefault("company_id", kind["company_id"])
        return vals

    def after_write(self, env: Env, ids: list[int], names: set[str]) -> None:
        for row in self.browse(env.sudo(), ids):
            if "carrier_tracking_ref" in names and row["carrier_tracking_ref"]:
                env.effect(
                    "tracking_set",
                    self.business_key(env, row),
                    {"picking": row["name"], "ref": row["carrier_tracking_ref"], "id": row["id"]},
                )
            if "scheduled_date" in names:
                for move in moves_in(env, row):
                    if move["state"] not in CLOSED:
                        moves_of(env).put(env, move, date=row["scheduled_date"])

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        self._cancel(env, rows)

    def business_key(self, env: Env, row: Row) -> str:
        """What people call the order behind the transfer."""
        sale = env.store.table("sale.order").rows.get(row["sale_id"])
        if sale is not None:
            return str(sale["client_order_ref"] or sale["name"])
        return str(row["origin"] or row["name"])

    def refresh(self, env: Env, id_: int) -> None:
        """The state that follows from the moves."""
        row = self.rows(env)[id_]
        states = [m["state"] for m in moves_in(env, row)]
        live = [s for s in states if s != "cancel"]
        if not states or all(s == "draft" for s in states):
            state = "draft" if row["state"] not in CLOSED else row["state"]
        elif not live:
            state = "cancel"
        elif all(s == "done" for s in live):
            state = "done"
        elif row["move_type"] == "one":
            state = "assigned" if all(s in ("assigned", "done") for s in live) else "confirmed"
        else:
            state = "assigned" if any(s in ("assigned", "partially_available") for s in live) else "confirmed"
        self.put(env, row, state=state)

    # From outside ----------------------------------------------------------------------------------

    @public
    def action_confirm(self, env: Env, ids: list[int]) -> bool:
        for row in self.browse(env, ids):
            moves_of(env).confirm(env, moves_in(env, row))
            self.refresh(env, row["id"])
        return True

    @public
    def action_assign(self, env: Env, ids: list[int]) -> bool:
        rows = self.browse(env, ids)
        self.action_confirm(env, [r["id"] for r in rows if r["state"] == "draft"])
        if not any(m["state"] not in (*CLOSED, "draft") for r in rows for m in moves_in(env, r)):
            raise UserError("Nothing to check the availability for.")
        for row in rows:
            for move in moves_in(env, row):
                moves_of(env).assign(env, move)
            self.refresh(env, row["id"])
        return True

    @public
    def do_unreserve(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            for move in moves_in(env, row):
                moves_of(env).release(env, move)
            self.refresh(env, row["id"])

    @public
    def action_cancel(self, env: Env, ids: list[int]) -> bool:
        self._cancel(env, self.browse(env, ids))
        return True

    def _cancel(self, env: Env, rows: list[Row]) -> None:
        for row in rows:
            if any(m["state"] == "done" for m in moves_in(env, row)):
                raise UserError(
                    "You cannot cancel a stock move that has been set to 'Done'. Create a return in order to reverse "
                    "the moves which took place."
                )
            for move in moves_in(env, row):
                self.cancel_move(env, move)
            self.put(env, row, state="cancel")
            env.effect("picking_cancelled", self.business_key(env, row), {"id": row["id"], "picking": row["name"]})
            if row["sale_id"]:
                env["sale.order"].refresh(env, row["sale_id"])  # type: ignore[attr-defined]

    def cancel_move(self, env: Env, move: Row) -> None:
        """Give the reservation back and close the move."""
        if move["state"] in CLOSED:
            return
        lines(env).erase(env.sudo(), moves_of(env).lines_of(env, move))
        moves_of(env).put(env, move, state="cancel", picked=False)

    @public
    def action_put_in_pack(self, env: Env, ids: list[int]) -> int:
        made = env["stock.package"].insert(env, [{}])[0]
        for row in self.browse(env, ids):
            for move in moves_in(env, row):
                for line in moves_of(env).lines_of(env, move):
                    if not line["result_package_id"]:
                        lines(env).put(env, line, result_package_id=made)
        return made

    @public
    def send_to_shipper(self, env: Env, ids: list[int]) -> None:
        for row in self.browse(env, ids):
            if not row["carrier_id"]:
                raise ProgrammingError("list index out of range", "IndexError")

    @public
    def button_validate(self, env: Env, ids: list[int]) -> Any:
        rows = [r for r in self.browse(env, ids) if r["state"] != "done"]
        for row in rows:
            if row["state"] == "draft":
                self.action_confirm(env, [row["id"]])
        for row in rows:
            self._check_ready(env, row)
        if not env.ctx.get("skip_backorder"):
            short = [r for r in rows if type_of(env, r)["create_backorder"] == "ask" and self._is_short(env, r)]
            if short:
                return self._ask(env, rows, short)
        if not env.ctx.get("skip_expired"):
            expired = [r for r in rows if self._expired(env, r)]
            if expired:
                return self._ask_expired(env, expired)
        refused = set(env.ctx.get("picking_ids_not_to_backorder") or ())
        for row in rows:
            never = type_of(env, row)["create_backorder"] == "never"
            self._finish(env, row, drop_rest=never or row["id"] in refused)
        return True

    # Validation ------------------------------------------------------------------------------------

    def _check_ready(self, env: Env, row: Row) -> None:
        live = [m for m in moves_in(env, row) if m["state"] not in CLOSED]
        if row["state"] == "cancel" or not live:
            raise UserError("Please add some items to move.")
        if all(done_quantity(env, m) <= 0 for m in live):
            raise UserError(
                "Transfer trouble alert! Validating a zero quantity transfer? You're not moving invisible goods around "
                "are you?\nSet some quantities and let's get moving!"
            )
        if not any(m["picked"] for m in live):
            chosen = live
        else:
            chosen = [m for m in live if m["picked"]]
        missing = set()
        for move in chosen:
            if template_of(env, move["product_id"])["tracking"] == "none":
                continue
            for line in moves_of(env).lines_of(env, move):
                taken = line["picked"] or not any(m["picked"] for m in live)
                if taken and line["quantity"] and not line["lot_id"] and not line["lot_name"]:
                    missing.add(env["product.product"].display(env, env.row("product.product", move["product_id"])))
        if missing:
            raise UserError(f"You need to supply a Lot/Serial number for products {', '.join(sorted(missing))}.")

    def _picked(self, env: Env, row: Row) -> dict[int, float]:
        """What would be done, by move; if nothing is marked as picked, everything counts."""
        live = [m for m in moves_in(env, row) if m["state"] not in CLOSED]
        some = any(m["picked"] for m in live)
        answer = {}
        for move in live:
            found = moves_of(env).lines_of(env, move)
            answer[move["id"]] = round(sum(x["quantity"] for x in found if x["picked"] or not some), 6)
        return answer

    def _is_short(self, env: Env, row: Row) -> bool:
        return any(env.row("stock.move", m)["product_uom_qty"] > q for m, q in self._picked(env, row).items())

    def _expired(self, env: Env, row: Row) -> bool:
        """Whether a transfer moves goods whose day is over (module `product_expiry`)."""
        return any(
            line["expiration_date"]
            and line["expiration_date"] <= env.now[:19]
            and template_of(env, line["product_id"])["use_expiration_date"]
            for move in moves_in(env, row)
            if move["state"] not in CLOSED
            for line in moves_of(env).lines_of(env, move)
        )

    def _ask_expired(self, env: Env, rows: list[Row]) -> Row:
        return {
            "name": "Confirmation",
            "type": "ir.actions.act_window",
            "view_mode": "form",
            "res_model": "expiry.picking.confirmation",
            "target": "new",
            "context": {
                **{k: v for k, v in env.ctx.items() if not k.startswith("_")},
                "default_picking_ids": [[6, 0, [r["id"] for r in rows]]],
            },
        }

    def _ask(self, env: Env, rows: list[Row], short: list[Row]) -> Row:
        return {
            "name": "Create Backorder?",
            "type": "ir.actions.act_window",
            "view_mode": "form",
            "res_model": "stock.backorder.confirmation",
            "views": [[943, "form"]],
            "view_id": 943,
            "target": "new",
            "context": {
                **{k: v for k, v in env.ctx.items() if not k.startswith("_")},
                "button_validate_picking_ids": [r["id"] for r in rows],
                "default_show_transfers": len(rows) > 1,
                "default_pick_ids": [[4, r["id"]] for r in short],
            },
        }

    def _finish(self, env: Env, row: Row, drop_rest: bool) -> None:
        amounts = self._picked(env, row)
        some = any(env.row("stock.move", m)["picked"] for m in amounts)
        rest: list[Row] = []
        done: list[Row] = []
        for id_, amount in amounts.items():
            move = env.row("stock.move", id_)
            if amount <= 0:
                # what nobody wants any more is not left for a backorder
                if drop_rest or not move["product_uom_qty"]:
                    self.cancel_move(env, move)
                else:
                    lines(env).erase(env.sudo(), [x for x in moves_of(env).lines_of(env, move) if some])
                    rest.append(move)
                continue
            self._do(env, row, move, some)
            if not drop_rest:
                left = moves_of(env).split(env, move, amount)
                if left is not None:
                    rest.append(left)
            if amount > move["product_uom_qty"]:
                moves_of(env).put(env, move, product_uom_qty=move["product_uom_qty"])
            moves_of(env).put(env, move, state="done", picked=True, date=env.now[:19])
            done.append(move)
        self.put(env, row, state="done", date_done=env.now[:19])
        if rest:
            self._backorder(env, row, rest)
        follow_up(env, done)
        env.effect("picking_validated", self.business_key(env, row), self._told(env, row, done))

    def _do(self, env: Env, row: Row, move: Row, some: bool) -> None:
        for line in moves_of(env).lines_of(env, move):
            if (some and not line["picked"]) or not line["quantity"]:
                lines(env).erase(env.sudo(), [line])
                continue
            lines(env).let_go(env, line)
            if line["lot_name"] and not line["lot_id"]:
                lines(env).put(env, line, lot_id=self._lot(env, line))
            move_stock(env, line, line["quantity"])
            lines(env).put(env, line, picked=True, date=env.now[:19])
            package = env.store.table("stock.package").rows.get(line["result_package_id"])
            if package is not None:
                env["stock.package"].put(env, package, location_id=line["location_dest_id"])

    def _lot(self, env: Env, line: Row) -> int:
        table = env.store.table("stock.lot")
        for id_ in table.indexes["name"].get(line["lot_name"], ()):
            if table.rows[id_]["product_id"] == line["product_id"]:
                return id_
        made = {"name": line["lot_name"], "product_id": line["product_id"], "expiration_date": line["expiration_date"]}
        return env["stock.lot"].insert(env.sudo(), [made])[0]

    def _backorder(self, env: Env, row: Row, moves: list[Row]) -> None:
        keep = [
            "origin",
            "partner_id",
            "picking_type_id",
            "location_id",
            "location_dest_id",
            "sale_id",
            "purchase_id",
            "carrier_id",
            "company_id",
            "scheduled_date",
            "date_deadline",
            "priority",
            "move_type",
            "return_id",
        ]
        made = self.insert(env.sudo(), [{**{n: row[n] for n in keep}, "backorder_id": row["id"]}])[0]
        name = self.rows(env)[made]["name"]
        for move in moves:
            moves_of(env).put(env, move, picking_id=made, reference=name, picked=False)
            for line in moves_of(env).lines_of(env, move):
                lines(env).put(env, line, picking_id=made)
            moves_of(env).assign(env, move)
        self.refresh(env, made)

    def _told(self, env: Env, row: Row, done: list[Row]) -> Row:
        shipped = []
        for move in done:
            product = env.row("product.product", move["product_id"])
            for line in moves_of(env).lines_of(env, move):
                lot = env.store.table("stock.lot").rows.get(line["lot_id"])
                shipped.append(
                    {"sku": product["default_code"], "quantity": line["quantity"], "lot": lot["name"] if lot else False}
                )
        return {
            "id": row["id"],
            "picking": row["name"],
            "type": type_of(env, row)["code"],
            "tracking": row["carrier_tracking_ref"],
            "backorder_of": row["backorder_id"],
            "lines": shipped,
        }


def _weight(env: Env, row: Row) -> float:
    parts = (m["product_uom_qty"] * env.row("product.product", m["product_id"])["weight"] for m in moves_in(env, row))
    return round(float(sum(parts)), 4)


MODELS = [Picking]
