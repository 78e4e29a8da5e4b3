"""order.change: an order's lines brought to a new version by absolute values, so that repeating it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from crossdock.canonical.order import OrderLine, SalesOrder
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.order_rows import LINE_COLUMNS, line_cells, line_number, price_and_discount
from crossdock.connectors.odoo.partners import Partners
from crossdock.connectors.odoo.subject import order_id, order_key
from crossdock.connectors.odoo.values import canonical, from_odoo, number, related, rounded, to_odoo
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted

_ORDER = ("name", "state", "order_line", "commitment_date", "partner_shipping_id")
_LINE = ("product_id", "product_uom_qty", "qty_delivered", "price_unit", "discount")


@dataclass(slots=True)
class Changes:
    """What has to be done: `writes` by Odoo line id, `adds` new lines, `applied` and `refused` by line number."""

    writes: dict[int, dict[str, Any]] = field(default_factory=dict)
    adds: list[OrderLine] = field(default_factory=list)
    applied: list[str] = field(default_factory=list)
    refused: list[dict[str, str]] = field(default_factory=list)

    def refuse(self, line: str, reason: str) -> None:
        """Remember that a line cannot be changed."""
        self.refused.append({"line": line, "reason": reason})


def changes(new: SalesOrder, previous: SalesOrder | None, there: Mapping[str, Row], skus: Mapping[str, int]) -> Changes:
    """Compare the wanted version with Odoo's lines (by line number); `skus` gives product ids.

    Prices and discounts are touched only where the new version differs from the previous one: Odoo owns them otherwise.
    """
    plan = Changes()
    before = {line.number: line for line in previous.lines} if previous is not None else {}
    for line in new.lines:
        row = there.get(line.number)
        if row is None:
            plan.adds.append(line)
            plan.applied.append(line.number)
            continue
        delivered, wanted = rounded(row["qty_delivered"], 6), line.quantity.value
        if related(row["product_id"]) != skus[line.sku]:
            plan.refuse(line.number, f"the line is for another product than {line.sku}; remove it and add a new line")
            continue
        if wanted < delivered:
            plan.refuse(line.number, f"{number(delivered.normalize())} are delivered already")
            continue
        values: dict[str, Any] = {}
        if rounded(row["product_uom_qty"], 6) != wanted:
            values["product_uom_qty"] = wanted
        old = before.get(line.number)
        if old is not None and price_and_discount(old) != price_and_discount(line):
            price, discount = price_and_discount(line)
            if rounded(row["price_unit"], 6) != price.quantize(Decimal("0.000001")):
                values["price_unit"] = price
            if rounded(row["discount"], 2) != discount:
                values["discount"] = discount
        if values:
            plan.writes[row["id"]] = values
        if values or old != line:
            plan.applied.append(line.number)
    kept = {line.number for line in new.lines}
    for name in before.keys() - kept:
        row = there.get(name)
        if row is None or not rounded(row["product_uom_qty"], 6):
            plan.applied.append(name)
        elif rounded(row["qty_delivered"], 6):
            plan.refuse(name, f"{number(rounded(row['qty_delivered'], 6).normalize())} are delivered already")
        else:
            plan.writes[row["id"]] = {"product_uom_qty": 0}
            plan.applied.append(name)
    plan.applied.sort()
    return plan


class OrderChange:
    """Changes sales orders."""

    def __init__(self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, partners: Partners) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._data = data
        self._partners = partners

    async def apply(self, command: Command) -> Accepted:
        """Bring the order to the new version; lines that cannot follow are listed in `refused`."""
        id_, key = order_id(command), order_key(command)
        new = canonical(SalesOrder, command.data.get("order"))
        previous = canonical(SalesOrder, command.data["previous"]) if command.data.get("previous") else None
        ids, head, plan = await self._compare(id_, new, previous)
        if plan.adds:
            await self._add(ids, id_, key, plan.adds)
        values = await self._head(ids, key, head, new, previous)
        if plan.writes:
            values["order_line"] = [[1, line, changed] for line, changed in plan.writes.items()]
        if values:
            context = await self._redirect(id_, values["partner_shipping_id"]) if "partner_shipping_id" in values else {}
            await self._client.call("sale.order", "write", ids=[id_], vals=values, context=context)
        return Accepted({"applied": plan.applied, "refused": plan.refused}, repeated=not values and not plan.adds)

    async def _compare(self, id_: int, new: SalesOrder, previous: SalesOrder | None) -> tuple[ExternalIds, Row, Changes]:
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        head = await self._client.read_one("sale.order", id_, _ORDER)
        if head["state"] == "cancel":
            raise TargetRefused(f"{head['name']} is cancelled in Odoo", erp_id=str(id_), state="cancel")
        lines = await self._client.read("sale.order.line", head["order_line"], _LINE)
        xids = await self._client.external_ids("sale.order.line", head["order_line"])
        there = {line_number(ids.line_of(xids.get(line, ""))) or str(line): row for line, row in lines.items()}
        items = await self._catalogue.require(line.sku for line in new.lines)
        return ids, head, changes(new, previous, there, {sku: item.id for sku, item in items.items()})

    async def _add(self, ids: ExternalIds, id_: int, key: str, lines: list[OrderLine]) -> None:
        items = await self._catalogue.require(line.sku for line in lines)
        rows = []
        for line in lines:
            item = items[line.sku]
            unit = item.uom if line.quantity.unit == "C62" else await self._data.unit(line.quantity.unit)
            rows.append([*line_cells(ids, key, line, item, unit), str(id_)])
        await self._loader.load("sale.order.line", [*LINE_COLUMNS, "order_id/.id"], rows)

    async def _redirect(self, id_: int, partner: int) -> dict[str, Any]:
        """Send what has not left yet to the new address; Odoo alone would only ask a person to do it, or do it to done transfers too.

        Returns the context under which Odoo asks nobody; it is safe when nothing has left.
        """
        rows = await self._client.search_read("stock.picking", [["sale_id", "=", id_]], ["state", "partner_id"])
        waiting = [row["id"] for row in rows if row["state"] not in ("done", "cancel") and related(row["partner_id"]) != partner]
        if waiting:
            await self._client.call("stock.picking", "write", ids=waiting, vals={"partner_id": partner})
        return {} if any(row["state"] == "done" for row in rows) else {"update_delivery_shipping_partner": True}

    async def _head(self, ids: ExternalIds, key: str, head: Row, new: SalesOrder, previous: SalesOrder | None) -> dict[str, Any]:
        values: dict[str, Any] = {}
        if previous is None or new.requested_ship_date != previous.requested_ship_date:
            there = from_odoo(head["commitment_date"]) if head["commitment_date"] else None
            wanted = new.requested_ship_date.replace(microsecond=0) if new.requested_ship_date else None
            if wanted != there:
                values["commitment_date"] = to_odoo(wanted) if wanted else False
        if previous is not None and new.ship_to != previous.ship_to:
            partner = (await self._partners.ensure(ids, [(key, new)]))[key]["ship_to"]
            if related(head["partner_shipping_id"]) != partner:
                values["partner_shipping_id"] = partner
        return values

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when nothing of the new version is left to do, None otherwise."""
        new = canonical(SalesOrder, command.data.get("order"))
        previous = canonical(SalesOrder, command.data["previous"]) if command.data.get("previous") else None
        ids, head, plan = await self._compare(order_id(command), new, previous)
        if plan.adds or plan.writes or await self._head(ids, order_key(command), head, new, previous):
            return None
        return {"applied": plan.applied, "refused": plan.refused}
