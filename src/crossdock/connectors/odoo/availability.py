"""Answers how much can be promised, and streams the whole stock in bounded memory; always sums, never single quants."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, exact
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.values import label, number, related, text
from crossdock.connectors.protocol import StockLine
from crossdock.core.errors import PayloadMalformed

CHUNK = 1000
"""Products per call of a snapshot."""


class Availability:
    """Reads stock."""

    def __init__(self, client: OdooClient, catalogue: Catalogue, data: MasterData, places: Places) -> None:
        self._client = client
        self._catalogue = catalogue
        self._data = data
        self._places = places

    async def available(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer `stock.available`: Odoo's free quantity (on hand and not reserved) in a warehouse. Raises `UnknownSku`."""
        wanted: dict[str, Decimal] = {}
        for line in data.get("lines") or ():
            try:
                wanted[line["sku"]] = wanted.get(line["sku"], Decimal(0)) + Decimal(str(line.get("quantity", "0")))
            except (KeyError, TypeError, AttributeError, InvalidOperation):
                raise PayloadMalformed("each line of the question needs a sku and a quantity") from None
        items = await self._catalogue.require(wanted)
        context: dict[str, Any] = {}
        code = str(data.get("warehouse") or self._client.options.warehouse)
        if code:
            warehouse = await self._data.warehouse(code)
            context = {"warehouse_id": warehouse.id, "warehouse": warehouse.id}  # the second is its name before Odoo 18
        ids = [item.id for item in items.values()]
        rows = await self._client.search_read("product.product", [["id", "in", ids]], ["free_qty"], context=context)
        free = {row["id"]: exact(row["free_qty"]) for row in rows}
        lines = [
            {
                "sku": sku,
                "available": number(free.get(items[sku].id, Decimal(0))),
                "enough": free.get(items[sku].id, Decimal(0)) >= quantity,
            }
            for sku, quantity in wanted.items()
        ]
        return {"lines": lines, "as_of": self._client.context.clock.now().isoformat()}

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        """All stock of the company's internal locations (or of the option `warehouse`): product by product id, summed per place and lot."""
        inside = await self._places.internal(self._client.options.warehouse)
        sku_fields = self._client.options.sku_fields
        archived_too = {"active_test": False}
        async for page in self._client.pages("product.product", [], sku_fields, CHUNK, archived_too):
            skus = {
                row["id"]: next((text(row[name]) for name in sku_fields if row[name]), f"product {row['id']}") for row in page
            }
            groups = ("product_id", "location_id", "lot_id")
            rows = await self._client.sum_quants([["product_id", "in", list(skus)], *inside], groups)
            names = await self._places.names(list({related(row["location_id"]) or 0 for row in rows}))
            sums: dict[tuple[str, str, str], Decimal] = {}
            for row in rows:
                place = (
                    skus[related(row["product_id"]) or 0],
                    names.get(related(row["location_id"]) or 0, label(row["location_id"])),
                    label(row["lot_id"]),
                )
                sums[place] = sums.get(place, Decimal(0)) + row["quantity"]
            lines = [
                StockLine(sku, location, lot, number(quantity)) for (sku, location, lot), quantity in sums.items() if quantity
            ]
            if lines:
                yield lines
