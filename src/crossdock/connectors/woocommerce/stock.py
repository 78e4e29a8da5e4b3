"""Sets sellable stock in batches: simple products and the variations of each parent in calls of at most 100; knows no order.

WooCommerce has no idempotency key, so the command's id is written into a custom field of the product together with the
level: a level that carries it already is not set again, and a sale made in between stays counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from crossdock.connectors.doubt import in_doubt
from crossdock.connectors.shop_stock import pieces_by_sku
from crossdock.connectors.woocommerce.rest import RestApi
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, Outcome

LIMIT: Final = 100
"""The most products one batch may carry (WooCommerce's own limit)."""
SEARCH: Final = 50
"""SKUs per search."""
FIELD: Final = "_crossdock_stock"


@dataclass(slots=True)
class Part:
    """One command's share of a batch: the level of each SKU, the SKUs this shop does not sell, and what became of it."""

    command: Command
    levels: dict[str, int] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    outcome: Outcome | None = None


class Stock:
    """Stock of one shop."""

    def __init__(self, api: RestApi) -> None:
        self._api = api

    async def deliver(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out `shop.stock` commands; one outcome each. A SKU the shop does not sell is no error: it is named in the ack."""
        parts = [read(command) for command in commands]
        for wave in waves(parts):
            try:
                products = await self._products({sku for part in wave for sku in part.levels})
                await self._set(wave, products)
            except CrossdockError as error:
                for part in wave:
                    part.outcome = part.outcome or error  # type: ignore[assignment]
        return [part.outcome or Accepted({"unknown": part.unknown}) for part in parts]

    async def _products(self, skus: set[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        asked = sorted(sku for sku in skus if "," not in sku)  # the filter is a comma-separated list
        for start in range(0, len(asked), SEARCH):
            terms = ",".join(asked[start : start + SEARCH])
            fields = "id,sku,parent_id,type,stock_quantity,meta_data"
            for product in await self._api.listed("products", sku=terms, per_page="100", _fields=fields):
                found[str(product.get("sku"))] = product
        return found

    async def _set(self, parts: Sequence[Part], products: Mapping[str, Mapping[str, Any]]) -> None:
        groups: dict[int, list[tuple[Part, dict[str, Any]]]] = {}
        for part in parts:
            for sku, level in part.levels.items():
                product = products.get(sku)
                if product is None:
                    part.unknown.append(sku)
                elif written_by(product) != part.command.id:
                    parent = int(product.get("parent_id") or 0) if product.get("type") == "variation" else 0
                    entry = {
                        "id": product["id"],
                        "manage_stock": True,
                        "stock_quantity": level,
                        "meta_data": [{"key": FIELD, "value": part.command.id}],
                    }
                    groups.setdefault(parent, []).append((part, entry))
        for parent, entries in groups.items():
            path = f"products/{parent}/variations/batch" if parent else "products/batch"
            for start in range(0, len(entries), LIMIT):
                await self._batch(path, entries[start : start + LIMIT])

    async def _batch(self, path: str, entries: Sequence[tuple[Part, Mapping[str, Any]]]) -> None:
        answer = await self._api.write("POST", path, {"update": [entry for _, entry in entries]})
        done = answer.get("update")
        if not isinstance(done, list) or len(done) != len(entries):
            raise in_doubt(True, "the batch answer does not match the batch")
        for (part, _), one in zip(entries, done, strict=True):
            error = one.get("error") if isinstance(one, dict) else None
            if error:
                words = f"{error.get('code')}: {error.get('message')}" if isinstance(error, dict) else str(error)
                part.outcome = TargetRefused(f"stock of product {one.get('id')}: {words}", product=one.get("id"))


def read(command: Command) -> Part:
    """A command's levels, lots of one SKU added up, whole pieces rounded down. A wrong level is the command's outcome."""
    part = Part(command)
    try:
        part.levels = pieces_by_sku(command)
    except SchemaInvalid as error:
        part.outcome = error
    return part


def waves(parts: Sequence[Part]) -> list[list[Part]]:
    """Commands that may travel together: of two commands for one SKU the later goes in a later wave."""
    found: list[list[Part]] = []
    seen: set[str] = set()
    for part in parts:
        if part.outcome is not None or not part.levels:
            continue
        if not found or seen & part.levels.keys():
            found.append([])
            seen = set()
        found[-1].append(part)
        seen |= part.levels.keys()
    return found


def written_by(product: Mapping[str, Any]) -> str:
    """The command whose level the product carries."""
    fields = product.get("meta_data")
    values = (
        [one.get("value") for one in fields if isinstance(one, dict) and one.get("key") == FIELD]
        if isinstance(fields, list)
        else []
    )
    return str(values[-1]) if values else ""
