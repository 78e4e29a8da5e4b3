"""Locations of the hub and locations of Odoo, both ways: explicit names first, then warehouses by their code, then full names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import related, text
from crossdock.core.errors import TargetRefused

_FIELDS = ("complete_name", "warehouse_id", "usage", "location_id")


class Places:
    """Names locations."""

    def __init__(self, client: OdooClient, data: MasterData) -> None:
        self._client = client
        self._data = data
        self._ids: Cache[str, int] = Cache(client.context.clock, client.options.cache_minutes)
        self._rows: Cache[int, Row] = Cache(client.context.clock, client.options.cache_minutes)
        self._named = {full: name for name, full in client.options.locations.items()}

    async def location(self, name: str) -> int:
        """The stock location for a location of the hub. Raises `TargetRefused` when Odoo has none of that name."""
        found = self._ids.get(name)
        if found is None:
            found = await self._find(name)
            self._ids.put(name, found)
        return found

    async def _find(self, name: str) -> int:
        full = self._client.options.locations.get(name)
        if full is None:
            for warehouse in (await self._data.warehouses()).values():
                if name == warehouse.code:
                    return warehouse.stock_location
        wanted = full or name
        rows = await self._client.search_read(
            "stock.location", [["complete_name", "=", wanted], ["usage", "=", "internal"]], ["complete_name"]
        )
        if len(rows) != 1:
            raise TargetRefused(f"Odoo has {len(rows) or 'no'} internal location named {wanted!r}", location=name)
        return int(rows[0]["id"])

    async def losses(self, full: str) -> int:
        """The location scrapped goods go to: the one of this full name, else the company's only one of inventory losses.

        Raises `TargetRefused` when there is none, or more than one and nobody chose.
        """
        domain: list[Any] = [["usage", "=", "inventory"]]
        if full:
            domain = [["complete_name", "=", full], ["usage", "in", ["inventory", "internal"]]]
        rows = await self._client.search_read("stock.location", domain, ["complete_name"])
        if len(rows) != 1:
            raise TargetRefused(
                f"Odoo has {len(rows) or 'no'} locations for scrapped goods{f' named {full!r}' if full else ''}; "
                "name the one to use in the option `scrap_location`",
                locations=[text(row["complete_name"]) for row in rows],
            )
        return int(rows[0]["id"])

    async def names(self, ids: Sequence[int]) -> dict[int, str]:
        """What the hub calls these locations: the mapped name of the location or of the nearest one around it, else the code of its
        warehouse (option `stock_by: warehouse`) or its full name."""
        rows = await self._read(ids)
        return {id_: await self._name(rows[id_]) for id_ in ids if id_ in rows}

    async def warehouse_of(self, ids: Sequence[int]) -> dict[int, int]:
        """The warehouse each internal location belongs to; others are left out."""
        rows = await self._read(ids)
        return {
            id_: warehouse
            for id_, row in rows.items()
            if row["usage"] == "internal" and (warehouse := related(row["warehouse_id"])) is not None
        }

    async def _read(self, ids: Sequence[int]) -> dict[int, Row]:
        known = {id_: row for id_ in ids if (row := self._rows.get(id_)) is not None}
        missing = sorted(set(ids) - set(known))
        for id_, row in (await self._client.read("stock.location", missing, _FIELDS)).items():
            known[id_] = row
            self._rows.put(id_, row)
        return known

    async def _name(self, row: Row) -> str:
        here: Row | None = row
        while self._named and here is not None:
            if text(here["complete_name"]) in self._named:
                return self._named[text(here["complete_name"])]
            parent = related(here["location_id"])
            here = (await self._read([parent])).get(parent) if parent is not None else None
        warehouse = related(row["warehouse_id"])
        if self._client.options.stock_by == "warehouse" and warehouse is not None:
            known = (await self._data.warehouses()).get(warehouse)
            if known is not None:
                return known.code
        return text(row["complete_name"])

    async def internal(self, warehouse: str) -> list[Any]:
        """The search domain of the internal locations the hub looks at: those of one warehouse, or of the company."""
        domain: list[Any] = [["location_id.usage", "=", "internal"]]
        if warehouse:
            domain.append(["location_id", "child_of", (await self._data.warehouse(warehouse)).view_location])
        return domain
