"""Finds products by SKU: one search for many, cached; a SKU that names two products is an error and never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.values import related, text
from crossdock.core.errors import Rejected, TargetRefused, UnknownSku

_FIELDS = ("default_code", "barcode", "name", "uom_id", "tracking")


@dataclass(frozen=True, slots=True)
class Item:
    """A product variant as Odoo knows it. `tracking` is none, lot or serial."""

    id: int
    sku: str
    name: str
    uom: int
    tracking: str


@dataclass(frozen=True, slots=True)
class Found:
    """The products of a lookup by SKU; `ambiguous` are SKUs with the ids they name."""

    items: Mapping[str, Item]
    ambiguous: Mapping[str, list[int]] = field(default_factory=dict)

    def problem(self, skus: Iterable[str]) -> Rejected | None:
        """Why these SKUs cannot be used: the unknown ones, else the ambiguous ones, all named."""
        wanted = list(dict.fromkeys(skus))
        unknown = [sku for sku in wanted if sku not in self.items and sku not in self.ambiguous]
        if unknown:
            return UnknownSku(f"Odoo has no active product {', '.join(unknown)}", skus=unknown)
        twice = {sku: self.ambiguous[sku] for sku in wanted if sku in self.ambiguous}
        if twice:
            names = ", ".join(f"{sku} (products {', '.join(map(str, ids))})" for sku, ids in twice.items())
            return TargetRefused(f"a SKU names several products in Odoo: {names}", skus=twice)
        return None


class Catalogue:
    """Products of one Odoo company."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client
        self._cache: Cache[str, Item] = Cache(client.context.clock, client.options.cache_minutes, 100_000)

    def forget(self) -> None:
        """Drop what is cached, after Odoo said that a product is gone."""
        self._cache.clear()

    async def find(self, skus: Iterable[str]) -> Found:
        """Look SKUs up by the fields of the option `sku_fields`, in that order."""
        wanted = list(dict.fromkeys(skus))
        items = {sku: item for sku in wanted if (item := self._cache.get(sku)) is not None}
        ambiguous: dict[str, list[int]] = {}
        for name in self._client.options.sku_fields:
            missing = [sku for sku in wanted if sku not in items and sku not in ambiguous]
            if not missing:
                break
            hits: dict[str, list[Item]] = {}
            for row in await self._client.search_read("product.product", [[name, "in", missing]], _FIELDS):
                sku = text(row[name])
                item = Item(row["id"], sku, text(row["name"]), related(row["uom_id"]) or 0, text(row["tracking"]) or "none")
                hits.setdefault(sku, []).append(item)
            for sku, found in hits.items():
                if len(found) > 1:
                    ambiguous[sku] = [item.id for item in found]
                else:
                    items[sku] = found[0]
                    self._cache.put(sku, found[0])
        return Found(items, ambiguous)

    async def require(self, skus: Iterable[str]) -> Mapping[str, Item]:
        """All these products. Raises `UnknownSku` naming every unknown one, `TargetRefused` for ambiguous ones."""
        wanted = list(skus)
        found = await self.find(wanted)
        problem = found.problem(wanted)
        if problem is not None:
            raise problem
        return found.items
