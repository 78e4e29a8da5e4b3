"""Purchase orders as people make them in Odoo, and the commands that speak of them; for the simulator and a real server alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from odoo_world import World

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.connectors.protocol import StoredMessage
from crossdock.core.commands import Command

PLANNED = "2026-12-24 08:00:00"


@dataclass
class Purchase:
    """A purchase order in Odoo: its id, name, vendor, line ids in order, and its SKUs."""

    world: World
    id: int
    name: str
    vendor: int
    lines: list[int]
    skus: list[str] = field(default_factory=list)

    @property
    def refs(self) -> dict[str, str]:
        return {"odoo:purchase_order_id": str(self.id), "purchase:order": self.name}

    def command(self, name: str, **data: Any) -> Command:
        """A command about this order."""
        made = self.world.command(name, **data)
        return Command(made.id, name, "odoo", f"purchase/odoo/{self.name}", {**made.data, "refs": self.refs})

    def receipt(
        self,
        *lines: Mapping[str, Any],
        close: bool = False,
        number: str = "",
        sequence: int = 1,
        expected: str = "",
        final: bool = True,
    ) -> Command:
        """`receipt.validate`: each line has `line` (index of the ordered line) or not, and what a ReceiptLine has; quantity as text."""
        self.world.numbers += 1
        received = []
        for at, line in enumerate(lines, 1):
            rest = {name: value for name, value in line.items() if name not in ("line", "quantity")}
            if "line" in line:
                rest["order_line"] = str(self.lines[line["line"]])
                rest.setdefault("sku", self.skus[line["line"]])
            received.append({"number": str(at), "quantity": {"value": line["quantity"]}, **rest})
        advice = {
            "number": number or f"{self.world.prefix}-R{self.world.numbers}",
            "expected_number": expected or f"ER-{self.name}-1",
            "order_number": self.name,
            "sequence": sequence,
            "received_at": "2026-11-23T10:00:00+00:00",
            "lines": received,
            "final": final,
        }
        return self.command("receipt.validate", receipt=advice, close=close)

    async def as_told(self, connector: OdooConnector) -> PurchaseOrder:
        """The order as change capture tells it."""
        for event in await told(connector, self.id):
            if event.type in ("purchase_order.confirmed", "purchase_order.changed"):
                found = event.data
        assert isinstance(found, PurchaseOrder)
        return found

    async def ordered(self, *fields: str) -> list[dict[str, Any]]:
        """The order's lines as they are in Odoo."""
        return await self.world.rows("purchase.order.line", [["order_id", "=", self.id]], list(fields))

    async def transfers(self, *fields: str) -> list[dict[str, Any]]:
        """The order's transfers."""
        return await self.world.rows(
            "stock.picking", [["purchase_id", "=", self.id]], ["name", "state", "picking_type_code", *fields]
        )

    async def bills(self, *fields: str) -> list[dict[str, Any]]:
        """The order's bills."""
        return await self.world.rows("account.move", [["invoice_origin", "=", self.name]], ["state", "move_type", *fields])


async def vendor(world: World, **values: Any) -> int:
    """A supplier."""
    world.numbers += 1
    (made,) = await world.call(
        "res.partner", "create", vals_list=[{"name": f"{world.prefix} Supplier {world.numbers}", "is_company": True, **values}]
    )
    return int(made)


async def purchase(world: World, *lines: Mapping[str, Any], confirm: bool = True, partner: int = 0, **head: Any) -> Purchase:
    """A purchase order a buyer makes: each line is values of purchase.order.line with `sku` and `product`."""
    partner = partner or await vendor(world)
    rows = [
        [
            0,
            0,
            {
                "product_id": line["product"],
                "date_planned": PLANNED,
                **{k: v for k, v in line.items() if k not in ("sku", "product")},
            },
        ]
        for line in lines
    ]
    (id_,) = await world.call("purchase.order", "create", vals_list=[{"partner_id": partner, "order_line": rows, **head}])
    if confirm:
        await world.call("purchase.order", "button_confirm", ids=[id_])
    (row,) = await world.rows("purchase.order", [["id", "=", id_]], ["name", "order_line"])
    return Purchase(world, id_, row["name"], partner, sorted(row["order_line"]), [line["sku"] for line in lines])


async def line(world: World, quantity: float, price: float, **more: Any) -> dict[str, Any]:
    """A line for a product of its own; `product_*` values go to the product."""
    of_product = {name.removeprefix("product_"): value for name, value in more.items() if name.startswith("product_")}
    of_line = {name: value for name, value in more.items() if not name.startswith("product_")}
    sku, id_ = await world.product(**of_product)
    return {"sku": sku, "product": id_, "product_qty": quantity, "price_unit": price, **of_line}


async def poll_all(connector: OdooConnector, channel: str, cursor: Mapping[str, Any]) -> tuple[list[Any], Mapping[str, Any]]:
    """Poll a channel to the end of its pass."""
    found: list[Any] = []
    while True:
        result = await connector.poll(channel, cursor)
        found += result.messages
        cursor = result.cursor
        if not result.more:
            return found, cursor


def events(connector: OdooConnector, message: Any) -> Sequence[Any]:
    """The events of a polled message."""
    stored = StoredMessage(
        "m", "odoo", "purchases", message.topic, message.body, message.content_type, message.headers, datetime.now(UTC)
    )
    return connector.normalize(stored)


async def told(connector: OdooConnector, id_: int) -> list[Any]:
    """The events of the whole hot window about one purchase order, read anew."""
    messages, _ = await poll_all(connector, "purchases", {})
    return [event for message in messages for event in events(connector, message) if event.references[1].value == str(id_)]
