"""Finds products by SKU: one search for many, cached; a SKU that names two products is an error and never a guess."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient, exact
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import related, text
from crossdock.core.errors import Rejected, TargetRefused, UnknownSku

_FIELDS = ("default_code", "barcode", "name", "uom_id", "tracking", "weight")
_CUSTOMS = ("hs_code", "country_of_origin")
"""Fields of the module `stock_delivery`; asked for only where Odoo has them."""


@dataclass(frozen=True, slots=True)
class Item:
    """A product variant as Odoo knows it. `tracking` is none, lot or serial."""

    id: int
    sku: str
    name: str
    uom: int
    tracking: str
    customs: Mapping[str, str] = field(default_factory=dict)
    """What customs must know and Odoo says: `hs_code`, `origin_country`, `weight_kg`; what Odoo does not say is absent."""


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

    def __init__(self, client: OdooClient, data: MasterData) -> None:
        self._client = client
        self._data = data
        self._fields: tuple[str, ...] = ()
        self._cache: Cache[str, Item] = Cache(client.context.clock, client.options.cache_minutes, 100_000)

    def forget(self) -> None:
        """Drop what is cached, after Odoo said that a product is gone."""
        self._cache.clear()

    def customs(self, skus: Iterable[str]) -> dict[str, dict[str, str]]:
        """What customs must know of products that were looked up before, by SKU."""
        known = {sku: item for sku in skus if (item := self._cache.get(sku)) is not None}
        return {sku: dict(item.customs) for sku, item in known.items() if item.customs}

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
            rows = await self._client.search_read("product.product", [[name, "in", missing]], await self._known_fields())
            origins = await self._data.country_codes(
                c for row in rows if (c := related(row.get("country_of_origin"))) is not None
            )
            for row in rows:
                sku = text(row[name])
                tracking, customs = text(row["tracking"]) or "none", _customs(row, origins)
                item = Item(row["id"], sku, text(row["name"]), related(row["uom_id"]) or 0, tracking, customs)
                hits.setdefault(sku, []).append(item)
            for sku, found in hits.items():
                if len(found) > 1:
                    ambiguous[sku] = [item.id for item in found]
                else:
                    items[sku] = found[0]
                    self._cache.put(sku, found[0])
        return Found(items, ambiguous)

    async def _known_fields(self) -> tuple[str, ...]:
        if not self._fields:
            known = await self._client.call("product.product", "fields_get", allfields=list(_CUSTOMS), attributes=["type"])
            self._fields = (*_FIELDS, *(name for name in _CUSTOMS if name in known))
        return self._fields

    async def require(self, skus: Iterable[str]) -> Mapping[str, Item]:
        """All these products. Raises `UnknownSku` naming every unknown one, `TargetRefused` for ambiguous ones."""
        wanted = list(skus)
        found = await self.find(wanted)
        problem = found.problem(wanted)
        if problem is not None:
            raise problem
        return found.items


def _customs(row: Mapping[str, Any], origins: Mapping[int, str]) -> dict[str, str]:
    weight = exact(row["weight"])
    facts = {
        "hs_code": text(row.get("hs_code")),
        "origin_country": origins.get(related(row.get("country_of_origin")) or 0, ""),
        "weight_kg": format(weight, "f") if weight > 0 else "",
    }
    return {name: value for name, value in facts.items() if value}
