"""What moves, their lines and transfers share: taking stock from one place to another, and who is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from crossdock.simulators.odoo.models.quants import Quant, key_of
from crossdock.simulators.odoo.schema import (
    Row,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env
    from crossdock.simulators.odoo.models.move_lines import MoveLine
    from crossdock.simulators.odoo.models.moves import Move


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
    for name in ("sale.order", "purchase.order", "stock.landed.cost"):
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
