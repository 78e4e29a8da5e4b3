"""Delivered orders, their papers and their returns as commands speak of them; for the simulator and a real server alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from odoo_world import Sale, World, accepted, attempt

from crossdock.connectors.odoo.connector import OdooConnector
from crossdock.core.commands import Command
from crossdock.core.outcomes import Accepted

DAY = "2026-11-23"


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


@dataclass
class Delivery:
    """An order of which something left: its SKUs and product ids in order."""

    world: World
    connector: OdooConnector
    sale: Sale
    skus: list[str]
    products: list[int]

    @property
    def number(self) -> str:
        return str(self.sale.order["number"])

    def command(self, name: str, **data: Any) -> Command:
        """A command about this order, justified and approved."""
        given = {"erp_id": self.sale.erp_id, "order_number": self.number, "justified_by": "e-1", "approved_by": "policy", **data}
        made = self.world.command(name, self.number)
        return Command(made.id, name, "odoo", made.key, {**made.data, **given})

    def request(self, *lines: Mapping[str, Any], name: str = "invoice.create", number: str = "", **more: Any) -> Command:
        """A command with an InvoiceRequest: each line has `line` (order line number) or `description`, `quantity` and perhaps `amount`."""
        self.world.numbers += 1
        made = []
        for line in lines:
            rest = {key: value for key, value in line.items() if key not in ("line", "quantity")}
            made.append({"order_line": line.get("line", ""), "quantity": {"value": line["quantity"]}, **rest})
        wish = {
            "number": number or f"{self.world.prefix}-W{self.world.numbers}",
            "kind": "credit_note" if name == "credit_note.create" else "invoice",
            "order_number": self.number,
            "currency": "USD",
            "lines": made,
            **more,
        }
        return self.command(name, invoice_request=wish)

    async def done(self, command: Command) -> Accepted:
        """The command carried out, which must succeed."""
        return accepted(await attempt(self.connector, command))

    async def invoiced(self, *lines: Mapping[str, Any], **more: Any) -> Mapping[str, Any]:
        """A posted invoice's acknowledgement."""
        return (await self.done(self.request(*lines, post=True, issue_date=DAY, **more))).ack

    def back(self, *lines: Mapping[str, Any], number: str = "", receipt: str = "", **more: Any) -> Command:
        """`return.transfer`: each line has `line` (order line number), `quantity`, perhaps `destination`, `lot`, `serials`."""
        self.world.numbers += 1
        made = []
        for at, line in enumerate(lines, 1):
            rest = {key: value for key, value in line.items() if key not in ("line", "quantity")}
            sku = self.skus[int(line["line"]) - 1]
            made.append(
                {
                    "number": str(at), "order_line": line["line"], "sku": sku, "quantity": {"value": line["quantity"]},
                    "destination": "stock", **rest,
                }
            )  # fmt: skip
        transfer = {
            "return_number": number or f"RMA-{self.world.prefix}-{self.world.numbers}",
            "receipt_number": receipt or f"RR-{self.world.numbers}",
            "order_number": self.number,
            "received_at": "2026-11-23T10:00:00+00:00",
            "lines": made,
        }
        return self.command("return.transfer", return_transfer=transfer, **more)

    async def lines(self, *fields: str) -> list[dict[str, Any]]:
        """The order's lines as they are in Odoo."""
        return await self.world.rows("sale.order.line", [["order_id", "=", int(self.sale.erp_id)]], list(fields))

    async def papers(self, *fields: str) -> list[dict[str, Any]]:
        """The customer's papers of this order."""
        domain = [["invoice_origin", "=", self.sale.erp_number], ["move_type", "in", ["out_invoice", "out_refund"]]]
        return await self.world.rows("account.move", domain, ["name", "state", "move_type", "amount_total", *fields])

    async def returns(self, *fields: str) -> list[dict[str, Any]]:
        """The order's transfers back."""
        domain = [["sale_id", "=", int(self.sale.erp_id)], ["picking_type_code", "=", "incoming"]]
        return await self.world.rows("stock.picking", domain, ["name", "state", *fields])


async def delivery(
    world: World, *wanted: tuple[str, str], connector: OdooConnector | None = None, picked: bool = True, **product: Any
) -> Delivery:
    """An order of lines (quantity, price), each of a product of its own, delivered completely."""
    connector = connector or world.connector()
    made = [await world.product(**{"stock": 50, **product}) for _ in wanted]
    sale = await world.sold(connector, *((sku, *line) for (sku, _), line in zip(made, wanted, strict=True)))
    found = Delivery(world, connector, sale, [sku for sku, _ in made], [id_ for _, id_ in made])
    if picked:
        lines = [{"line": str(at), "sku": sku, "quantity": wanted[at - 1][0]} for at, (sku, _) in enumerate(made, 1)]
        accepted(await attempt(connector, world.picked(sale, *lines)))
    return found
