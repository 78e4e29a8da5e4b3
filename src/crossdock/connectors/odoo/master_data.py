"""Odoo's own master data that orders and stock refer to, read once and cached: currency, price lists, countries, units, warehouses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.connectors.odoo.cache import Cache
from crossdock.connectors.odoo.client import OdooClient
from crossdock.connectors.odoo.values import label, related, text
from crossdock.core.errors import TargetRefused, ValueMapMissing

UNITS: Final[Mapping[str, str]] = {
    "C62": "uom.product_uom_unit",
    "DZN": "uom.product_uom_dozen",
    "KGM": "uom.product_uom_kgm",
    "GRM": "uom.product_uom_gram",
    "TNE": "uom.product_uom_ton",
    "LBR": "uom.product_uom_lb",
    "ONZ": "uom.product_uom_oz",
    "MTR": "uom.product_uom_meter",
    "CMT": "uom.product_uom_cm",
    "MMT": "uom.product_uom_millimeter",
    "KMT": "uom.product_uom_km",
    "INH": "uom.product_uom_inch",
    "FOT": "uom.product_uom_foot",
    "YRD": "uom.product_uom_yard",
    "LTR": "uom.product_uom_litre",
    "MLT": "uom.product_uom_milliliter",
    "MTQ": "uom.product_uom_cubic_meter",
    "MTK": "uom.square_meter",
    "GLL": "uom.product_uom_gal",
    "HUR": "uom.product_uom_hour",
    "DAY": "uom.product_uom_day",
    "MIN": "uom.product_uom_minute",
}
"""UN/ECE Recommendation 20 code -> external id of the unit in every Odoo database."""


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse: its code, the location it ships from and the location that holds all of its locations."""

    id: int
    code: str
    stock_location: int
    view_location: int


class MasterData:
    """Looked up when first needed, kept for the option `cache_minutes`."""

    def __init__(self, client: OdooClient) -> None:
        self._client = client
        self._cache: Cache[tuple[Any, ...], Any] = Cache(client.context.clock, client.options.cache_minutes)

    async def currency(self) -> str:
        """The code of the company's currency."""
        found = self._cache.get(("currency",))
        if found is None:
            company = await self._client.read_one("res.company", await self._client.company(), ["currency_id"])
            found = label(company["currency_id"])
            self._cache.put(("currency",), found)
        return str(found)

    async def rounding(self, currency: str) -> Decimal:
        """The amount prices in a currency are rounded to; archived currencies too."""
        found = self._cache.get(("rounding", currency))
        if found is None:
            everything = {"active_test": False}
            rows = await self._client.search_read("res.currency", [["name", "=", currency]], ["rounding"], context=everything)
            found = Decimal(str(rows[0]["rounding"])) if rows else Decimal("0.01")
            self._cache.put(("rounding", currency), found)
        return Decimal(found)

    async def pricelist(self, currency: str) -> int | None:
        """The price list that makes an order be in `currency`; None when the company's own currency needs none.

        Raises `TargetRefused` when Odoo has none or several and the landscape does not choose.
        """
        chosen = self._client.options.pricelists.get(currency)
        if chosen is not None:
            return chosen
        if currency == await self.currency():
            return None
        found = self._cache.get(("pricelist", currency))
        if found is None:
            rows = await self._client.search_read("product.pricelist", [["currency_id.name", "=", currency]], ["name"])
            if len(rows) != 1:
                what = "no price list" if not rows else f"{len(rows)} price lists"
                raise TargetRefused(
                    f"Odoo has {what} in {currency}; name the one to use in the option `pricelists`",
                    currency=currency,
                    pricelists=[row["id"] for row in rows],
                )
            found = rows[0]["id"]
            self._cache.put(("pricelist", currency), found)
        return int(found)

    async def countries(self, codes: Iterable[str]) -> dict[str, int]:
        """Country ids by ISO 3166-1 code (their external ids do not follow the codes: GB is `base.uk`)."""
        return await self._ids("res.country", "code", [code for code in codes if code])

    async def country_codes(self, ids: Iterable[int]) -> dict[int, str]:
        """ISO 3166-1 codes by country id."""
        return await self._texts("res.country", ids, "code")

    async def state_codes(self, ids: Iterable[int]) -> dict[int, str]:
        """Codes of regions by id."""
        return await self._texts("res.country.state", ids, "code")

    async def state(self, country: str, region: str) -> int | None:
        """The region of a country by its code or name, None when Odoo does not know it."""
        key = ("state", country, region)
        found = self._cache.get(key)
        if found is None:
            code = region.removeprefix(f"{country}-")
            domain = [["country_id.code", "=", country], "|", ["code", "=", code], ["name", "=ilike", region]]
            rows = await self._client.search_read("res.country.state", domain, ["code"], limit=2)
            found = rows[0]["id"] if len(rows) == 1 else 0
            self._cache.put(key, found)
        return int(found) or None

    async def unit(self, code: str) -> int:
        """The unit of measure for a Rec 20 code. Raises `ValueMapMissing` for a code nobody mapped."""
        xid = self._client.options.units.get(code) or UNITS.get(code)
        found = self._cache.get(("unit", code)) if xid else None
        if found is None:
            found = await self._client.find(xid, "uom.uom", [["id", "!=", 0]]) if xid else None
            if found is None:
                raise ValueMapMissing(
                    f"no unit of Odoo is named for {code!r}; add it to the option `units`", map="units", value=code
                )
            self._cache.put(("unit", code), found)
        return int(found)

    async def unit_codes(self, ids: Iterable[int]) -> dict[int, str]:
        """Rec 20 codes by unit id; empty where nobody mapped the unit."""
        wanted = set(ids)
        known = {id_: code for id_ in wanted if (code := self._cache.get(("unit_code", id_))) is not None}
        missing = sorted(wanted - set(known))
        if missing:
            codes = {xid: code for code, xid in {**UNITS, **self._client.options.units}.items()}
            for id_, xid in (await self._client.external_ids("uom.uom", missing)).items():
                known[id_] = codes.get(xid, "")
                self._cache.put(("unit_code", id_), known[id_])
        return known

    async def warehouses(self) -> dict[int, Warehouse]:
        """The company's warehouses by id."""
        found = self._cache.get(("warehouses",))
        if found is None:
            rows = await self._client.search_read("stock.warehouse", [], ["code", "lot_stock_id", "view_location_id"])
            found = {
                row["id"]: Warehouse(
                    row["id"], text(row["code"]), related(row["lot_stock_id"]) or 0, related(row["view_location_id"]) or 0
                )
                for row in rows
            }
            self._cache.put(("warehouses",), found)
        return found

    async def warehouse(self, code: str) -> Warehouse:
        """A warehouse by its code. Raises `TargetRefused` when the company has none of this code."""
        for warehouse in (await self.warehouses()).values():
            if warehouse.code == code:
                return warehouse
        raise TargetRefused(f"Odoo has no warehouse {code!r} in this company", warehouse=code)

    def carrier(self, *names: str) -> int | None:
        """The delivery method for the first of these service levels or carrier names that the landscape maps."""
        return next((self._client.options.carriers[name] for name in names if name in self._client.options.carriers), None)

    async def _ids(self, model: str, field: str, values: list[str]) -> dict[str, int]:
        known = {value: id_ for value in values if (id_ := self._cache.get((model, field, value))) is not None}
        missing = sorted(set(values) - set(known))
        if missing:
            for row in await self._client.search_read(model, [[field, "in", missing]], [field]):
                known[row[field]] = row["id"]
                self._cache.put((model, field, row[field]), row["id"])
        return known

    async def _texts(self, model: str, ids: Iterable[int], field: str) -> dict[int, str]:
        wanted = set(ids)
        known = {id_: found for id_ in wanted if (found := self._cache.get((model, id_))) is not None}
        missing = sorted(wanted - set(known))
        if missing:
            for id_, row in (await self._client.read(model, missing, [field])).items():
                known[id_] = text(row[field])
                self._cache.put((model, id_), known[id_])
        return known
