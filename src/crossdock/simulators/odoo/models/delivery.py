"""Delivery methods and the wizard that puts freight on an order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from crossdock.simulators.odoo.api import public
from crossdock.simulators.odoo.model import Model
from crossdock.simulators.odoo.schema import Fields, Row, char, choice, decimal, flag, integer, one

if TYPE_CHECKING:
    from crossdock.simulators.odoo.env import Env


class Carrier(Model):
    name = "delivery.carrier"
    label = "Shipping Methods"
    order = "sequence, id"
    write_groups = ("stock.group_stock_manager", "sales_team.group_sale_manager", "base.group_system")
    own: ClassVar[Fields] = {
        "name": char("Delivery Method", required=True),
        "active": flag("Active", default=True),
        "sequence": integer("Sequence", default=10),
        "delivery_type": choice(
            "Provider", ("base_on_rule", "Based on Rules"), ("fixed", "Fixed Price"), default="fixed", required=True
        ),
        "product_id": one("product.product", "Delivery Product", required=True),
        "fixed_price": decimal("Fixed Price"),
        "tracking_url": char("Tracking Link"),
        "invoice_policy": choice("Invoicing Policy", ("estimated", "Estimated cost"), default="estimated"),
        "company_id": one("res.company", "Company"),
    }


class ChooseCarrier(Model):
    name = "choose.delivery.carrier"
    label = "Delivery Method Selection Wizard"
    transient = True
    own: ClassVar[Fields] = {
        "order_id": one("sale.order", "Order", required=True, cascade=True),
        "carrier_id": one("delivery.carrier", "Delivery Method", required=True),
        "delivery_price": decimal("Delivery Price"),
        "display_price": decimal("Cost"),
    }

    @public
    def update_price(self, env: Env, ids: list[int]) -> Row:
        row = self.browse(env, ids)[0]
        price = env.row("delivery.carrier", row["carrier_id"])["fixed_price"]
        self.put(env, row, delivery_price=price, display_price=price)
        return {"type": "ir.actions.act_window", "res_model": self.name, "res_id": row["id"], "target": "new"}

    @public
    def button_confirm(self, env: Env, ids: list[int]) -> None:
        row = self.browse(env, ids)[0]
        order = env.row("sale.order", row["order_id"])
        carrier = env.row("delivery.carrier", row["carrier_id"])
        lines = env["sale.order.line"]
        old = [r for r in lines.rows(env).values() if r["order_id"] == order["id"] and r["is_delivery"]]
        lines.erase(env.sudo(), old)
        lines.insert(
            env,
            [
                {
                    "order_id": order["id"],
                    "product_id": carrier["product_id"],
                    "price_unit": row["delivery_price"],
                    "name": carrier["name"],
                    "is_delivery": True,
                }
            ],
        )
        env["sale.order"].put(env, order, carrier_id=carrier["id"])


MODELS = [Carrier, ChooseCarrier]
