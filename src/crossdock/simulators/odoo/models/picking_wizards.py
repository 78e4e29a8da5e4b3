"""The wizards beside transfers: the backorder question and returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import (
    done_quantity,
)
from crossdock.simulators.odoo.schema import Fields, Row, decimal, flag, links, many, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
from crossdock.simulators.odoo.models.pickings import Picking, moves_in, type_of


class BackorderConfirmation(Model):
    name = "stock.backorder.confirmation"
    label = "Backorder Confirmation"
    transient = True
    own: ClassVar[Fields] = {
        "pick_ids": links("stock.picking", "Transfers"),
        "show_transfers": flag("Show transfers"),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if not vals.get("pick_ids"):
            vals["pick_ids"] = env.ctx.get("default_pick_ids") or []
        return vals

    def _validate(self, env: Env, ids: list[int], **context: Any) -> Any:
        row = self.browse(env, ids)[0]
        wanted = env.ctx.get("button_validate_picking_ids")
        if not wanted:
            return True
        pickings = cast("Picking", env["stock.picking"])
        return pickings.button_validate(env.with_context(skip_backorder=True, **_dropped(row, context)), list(wanted))

    @public
    def process(self, env: Env, ids: list[int]) -> Any:
        return self._validate(env, ids)

    @public
    def process_cancel_backorder(self, env: Env, ids: list[int]) -> Any:
        return self._validate(env, ids, drop=True)


def _dropped(row: Row, context: dict[str, Any]) -> dict[str, Any]:
    return {"picking_ids_not_to_backorder": row["pick_ids"]} if context.get("drop") else {}


class ReturnPicking(Model):
    """The return wizard. Lines start at 0; returning more than was shipped is accepted."""

    name = "stock.return.picking"
    label = "Return Picking"
    write_groups = ("stock.group_stock_user", "base.group_system")
    transient = True
    own: ClassVar[Fields] = {
        "picking_id": one("stock.picking", "Picking"),
        "product_return_moves": many("stock.return.picking.line", "wizard_id", "Moves"),
    }

    def prepare(self, env: Env, vals: Row) -> Row:
        if not vals.get("picking_id") and env.ctx.get("active_model") == "stock.picking":
            vals["picking_id"] = env.ctx.get("active_id") or False
        return vals

    def after_create(self, env: Env, ids: list[int]) -> None:
        for row in (self.rows(env)[i] for i in ids):
            picking = env.store.table("stock.picking").rows.get(row["picking_id"])
            if picking is None or self.getter("product_return_moves")(env, row):
                continue
            if picking["state"] != "done":
                raise UserError("You may only return Done pickings.")
            done = [m for m in moves_in(env, picking) if m["state"] == "done"]
            env["stock.return.picking.line"].insert(
                env.sudo(),
                [
                    {
                        "wizard_id": row["id"],
                        "product_id": m["product_id"],
                        "move_id": m["id"],
                        "move_quantity": done_quantity(env, m),
                        "to_refund": True,
                    }
                    for m in done
                ],
            )

    @public
    def action_create_returns(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        table = env.store.table("stock.return.picking.line")
        wanted = [r for r in table.rows.values() if r["wizard_id"] == row["id"] and r["quantity"]]
        if not wanted:
            raise UserError("Please specify at least one non-zero quantity.")
        picking = env.row("stock.picking", row["picking_id"])
        warehouse = env.row("stock.warehouse", type_of(env, picking)["warehouse_id"])
        outgoing = type_of(env, picking)["code"] == "outgoing"
        kind = warehouse["in_type_id"] if outgoing else warehouse["out_type_id"]
        pickings = cast("Picking", env["stock.picking"])
        made = pickings.insert(
            env.sudo(),
            [
                {
                    "picking_type_id": kind,
                    "location_id": picking["location_dest_id"],
                    "location_dest_id": picking["location_id"],
                    "partner_id": picking["partner_id"],
                    "origin": f"Return of {picking['name']}",
                    "return_id": picking["id"],
                    "sale_id": picking["sale_id"],
                    "purchase_id": picking["purchase_id"],
                }
            ],
        )[0]
        for line in wanted:
            origin = env.store.table("stock.move").rows.get(line["move_id"]) or {}
            env["stock.move"].insert(
                env.sudo(),
                [
                    {
                        "picking_id": made,
                        "product_id": line["product_id"],
                        "product_uom_qty": line["quantity"],
                        "origin_returned_move_id": line["move_id"],
                        "to_refund": line["to_refund"],
                        "sale_line_id": origin.get("sale_line_id", False),
                        "purchase_line_id": origin.get("purchase_line_id", False),
                    }
                ],
            )
        pickings.action_confirm(env, [made])
        env.effect("return_created", pickings.business_key(env, picking), {"id": made})
        return {
            "name": "Returned Picking",
            "type": "ir.actions.act_window",
            "view_mode": "form",
            "res_model": "stock.picking",
            "res_id": made,
            "context": {},
        }


class ReturnPickingLine(Model):
    name = "stock.return.picking.line"
    label = "Return Picking Line"
    write_groups = ("stock.group_stock_user", "base.group_system")
    transient = True
    own: ClassVar[Fields] = {
        "wizard_id": one("stock.return.picking", "Wizard", index=True),
        "product_id": one("product.product", "Product", required=True),
        "move_id": one("stock.move", "Move"),
        "quantity": decimal("Quantity", 2),
        "move_quantity": decimal("Move Quantity"),
        "to_refund": flag("Update quantities on SO/PO", default=True),
    }


MODELS = [BackorderConfirmation, ReturnPicking, ReturnPickingLine]
