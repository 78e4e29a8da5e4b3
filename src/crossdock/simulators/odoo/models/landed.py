"""Average cost of goods that came in, and landed costs spread over it (module `stock_landed_costs`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.errors import UserError
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.models.moving import done_quantity, template_of
from crossdock.simulators.odoo.models.pickings import moves_in
from crossdock.simulators.odoo.models.product import stock_of
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, day, decimal, links, many, money, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env

ADMINISTRATOR = ("stock.group_stock_manager",)


def _averaged(env: Env, product: int) -> bool:
    category = env.store.table("product.category").rows.get(template_of(env, product)["categ_id"] or 0)
    return category is not None and category["property_cost_method"] in ("average", "fifo")


class LandedCost(Model):
    name = "stock.landed.cost"
    label = "Stock Landed Cost"
    order = "date desc, id desc"
    read_groups = ADMINISTRATOR
    write_groups = ADMINISTRATOR
    own: ClassVar[Fields] = {
        "name": char("Name", default="New"),
        "date": day("Date", default=lambda env: env.now[:10], required=True),
        "state": choice("State", ("draft", "Draft"), ("done", "Posted"), ("cancel", "Cancelled"), default="draft"),
        "picking_ids": links("stock.picking", "Transfers"),
        "cost_lines": many("stock.landed.cost.lines", "cost_id", "Cost Lines"),
        "valuation_adjustment_lines": many("stock.valuation.adjustment.lines", "cost_id", "Valuation Adjustments"),
        "vendor_bill_id": one("account.move", "Vendor Bill"),
        "account_move_id": one("account.move", "Journal Entry"),
        "amount_total": money("Total", compute=lambda env, row: sum(x["price_unit"] for x in _of(env, row, "lines"))),
        "company_id": one("res.company", "Company", default=lambda env: env.company),
    }

    def moves_done(self, env: Env, moves: list[Row]) -> None:
        """The average cost after goods came from a supplier."""
        for move in moves:
            bought = env.store.table("purchase.order.line").rows.get(move["purchase_line_id"] or 0)
            if bought is None or move["state"] != "done" or not _averaged(env, move["product_id"]):
                continue
            product, came = env.row("product.product", move["product_id"]), done_quantity(env, move)
            before = stock_of(env, product)[0] - came
            cost = (before * product["standard_price"] + came * bought["price_unit"]) / (before + came)
            env["product.product"].put(env, product, standard_price=round(cost, 2))

    @public
    def compute_landed_cost(self, env: Env, ids: list[int]) -> bool:
        lines = env["stock.valuation.adjustment.lines"]
        for row in self.browse(env, ids):
            lines.erase(env.sudo(), _of(env, row, "adjustments"))
            pickings = [env.row("stock.picking", id_) for id_ in row["picking_ids"] or []]
            moves = [m for picking in pickings for m in moves_in(env, picking) if m["state"] == "done"]
            moves = [m for m in moves if _averaged(env, m["product_id"])]
            if not moves:
                raise UserError(
                    "You cannot apply landed costs on the chosen transfer(s). Landed costs can only be applied for "
                    "products with FIFO or average costing method."
                )
            whole = sum(done_quantity(env, move) for move in moves)
            for cost in _of(env, row, "lines"):
                for move in moves:
                    share = 1 / len(moves) if cost["split_method"] == "equal" else done_quantity(env, move) / whole
                    made = {"cost_id": row["id"], "cost_line_id": cost["id"], "move_id": move["id"]}
                    made |= {"product_id": move["product_id"], "quantity": done_quantity(env, move)}
                    lines.insert(env.sudo(), [{**made, "additional_landed_cost": round(cost["price_unit"] * share, 2)}])
        return True

    @public
    def button_validate(self, env: Env, ids: list[int]) -> bool:
        for row in self.browse(env, ids):
            if row["state"] != "draft":
                raise UserError("Only draft landed costs can be validated")
            if not row["picking_ids"]:
                raise UserError("Please define Transfers on which those additional costs should apply.")
            if not _of(env, row, "adjustments"):
                self.compute_landed_cost(env, [row["id"]])
            for each in _of(env, row, "adjustments"):
                product = env.row("product.product", each["product_id"])
                held = stock_of(env, product)[0]
                if held > 0:
                    part = each["additional_landed_cost"] / held
                    env["product.product"].put(env, product, standard_price=round(product["standard_price"] + part, 2))
            name = env.store.next("landed", f"LC/{env.now[:4]}/")
            entry = env["account.move"].insert(env.sudo(), [{"move_type": "entry", "journal_id": 3, "ref": name}])[0]
            env["account.move"].put(env, env.row("account.move", entry), name=f"STJ/{name[3:]}", state="posted")
            self.put(env, row, name=name, state="done", account_move_id=entry)
            amount = self.getter("amount_total")(env, row)
            env.effect("landed_cost_posted", name, {"id": row["id"], "amount": amount, "pickings": row["picking_ids"]})
        return True

    def before_unlink(self, env: Env, rows: list[Row]) -> None:
        if any(row["state"] == "done" for row in rows):
            raise UserError(
                "Validated landed costs cannot be cancelled, but you could create negative landed costs to reverse them"
            )


def _of(env: Env, row: Row, what: str) -> list[Row]:
    model = {"lines": "stock.landed.cost.lines", "adjustments": "stock.valuation.adjustment.lines"}[what]
    table = env.store.table(model)
    return [table.rows[id_] for id_ in sorted(table.indexes["cost_id"].get(row["id"], ()))]


class LandedCostLine(Model):
    name = "stock.landed.cost.lines"
    label = "Stock Landed Cost Line"
    read_groups = ADMINISTRATOR
    write_groups = ADMINISTRATOR
    own: ClassVar[Fields] = {
        "cost_id": one("stock.landed.cost", "Landed Cost", required=True, cascade=True, index=True),
        "product_id": one("product.product", "Product", required=True),
        "name": char("Description"),
        "price_unit": money("Cost"),
        "split_method": choice(
            "Split Method", "equal", "by_quantity", "by_current_cost_price", "by_weight", "by_volume", default="equal"
        ),
    }


class Adjustment(Model):
    name = "stock.valuation.adjustment.lines"
    label = "Valuation Adjustment Lines"
    read_groups = ADMINISTRATOR
    write_groups = ADMINISTRATOR
    own: ClassVar[Fields] = {
        "cost_id": one("stock.landed.cost", "Landed Cost", required=True, cascade=True, index=True),
        "cost_line_id": one("stock.landed.cost.lines", "Cost Line", cascade=True),
        "move_id": one("stock.move", "Stock Move"),
        "product_id": one("product.product", "Product", required=True),
        "quantity": decimal("Quantity"),
        "additional_landed_cost": money("Additional Landed Cost"),
    }


MODELS = [LandedCost, LandedCostLine, Adjustment]
