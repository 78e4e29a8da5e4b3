"""Which taxes apply to a line: the product's, as the fiscal position of the country maps them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.simulators.odoo.schema import (
    Row,
)

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


def tax_of(env: Env, taxes: list[int], base: float) -> float:
    """Unrounded tax on a base amount; only percentage taxes on top exist in the generic chart."""
    rows = env.store.table("account.tax").rows
    return float(sum(base * rows[t]["amount"] / 100 for t in taxes))


def mapped_taxes(env: Env, position: Any, taxes: list[int]) -> list[int]:
    """Taxes after the fiscal position: abroad, the domestic tax becomes the export tax."""
    table = env.store.table("account.tax").rows
    if not position:
        return list(taxes)
    wanted = env.row("account.fiscal.position", position)["tax_ids"]
    if any(t in wanted for t in taxes):
        return list(taxes)
    kinds = {table[t]["type_tax_use"] for t in taxes}
    return [t for t in wanted if table[t]["type_tax_use"] in kinds]


def fiscal_position(env: Env, partner: Row, delivery: Row) -> Any:
    """The position applied automatically for the delivery country; none without a country."""
    if partner["property_account_position_id"]:
        return partner["property_account_position_id"]
    country = delivery["country_id"] or partner["country_id"]
    if not country:
        return False
    positions = env.store.table("account.fiscal.position").rows
    exact = [i for i, r in positions.items() if r["auto_apply"] and r["country_id"] == country]
    rest = [i for i, r in positions.items() if r["auto_apply"] and not r["country_id"]]
    return next(iter(exact or rest), False)
