"""Sets sellable stock with inventorySetQuantities, many SKUs in one call, each call under an idempotency key; knows no order."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.inventory import InventoryLevel
from crossdock.connectors.shop_stock import levels_of, sellable, whole_pieces
from crossdock.connectors.shopify import queries
from crossdock.connectors.shopify.graphql import AdminApi
from crossdock.connectors.shopify.options import ShopifyOptions
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SchemaInvalid, TargetRefused, ValueMapMissing
from crossdock.core.outcomes import Accepted, Outcome

LIMIT: Final = 250
"""The most quantities one call may carry (Shopify's limit for input arrays)."""
SEARCH: Final = 40
"""SKUs per search query."""
NAMESPACE: Final = uuid.UUID("5b0c5c0e-6b1f-5d0f-9d6c-2f6f0a5a7c11")


@dataclass(slots=True)
class Part:
    """One command's share of a batch: its quantities (lots added up, whole pieces), and the SKUs this shop does not sell."""

    command: Command
    quantities: list[dict[str, Any]] = field(default_factory=list)
    skus: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    outcome: Outcome | None = None


class Stock:
    """Stock of one shop. Remembers which inventory item a SKU is; a wrong memory is dropped when Shopify refuses it."""

    def __init__(self, api: AdminApi, options: ShopifyOptions, system: str) -> None:
        self._api = api
        self._options = options
        self._system = system
        self._items: dict[str, str] = {}

    async def deliver(self, commands: Sequence[Command]) -> list[Outcome]:
        """Carry out `shop.stock` commands; one outcome each. A SKU the shop does not sell is no error: it is named in the ack."""
        parts = [Part(command) for command in commands]
        levels = [self._levels(part) for part in parts]
        try:
            await self._learn({level.sku for group in levels for level in group})
        except CrossdockError as error:
            return [error for _ in commands]  # type: ignore[misc]
        for part, group in zip(parts, levels, strict=True):
            self._fill(part, group)
        for batch in batches([part for part in parts if part.outcome is None]):
            await self._send(batch)
        return [part.outcome or Accepted({"unknown": part.unknown}) for part in parts]

    def _levels(self, part: Part) -> list[InventoryLevel]:
        try:
            return levels_of(part.command)
        except SchemaInvalid as error:
            part.outcome = error
            return []

    def _fill(self, part: Part, levels: Sequence[InventoryLevel]) -> None:
        sums: dict[tuple[str, str], dict[tuple[str, str], Decimal]] = {}
        for level in levels:
            item = self._items.get(level.sku)
            if item is None:
                part.unknown.append(level.sku)
                continue
            try:
                location = self.location(level.location)
            except ValueMapMissing as error:
                part.outcome = error
                return
            part.skus.append(level.sku)
            sums.setdefault((item, location), {})[level.location, level.lot] = sellable(level)
        for (item, location), shares in sums.items():
            units = whole_pieces(shares.values())
            quantity = {"inventoryItemId": item, "locationId": location, "quantity": units, "changeFromQuantity": None}
            part.quantities.append(quantity)

    def location(self, name: str) -> str:
        """The Shopify location of a hub location. Raises `ValueMapMissing`."""
        found = self._options.locations.get(name) or self._options.location
        if not found:
            message = f"system {self._system!r} names no Shopify location for {name!r}"
            raise ValueMapMissing(message, map="locations", value=name, system=self._system)
        return found if found.startswith("gid://") else f"gid://shopify/Location/{found}"

    async def _learn(self, skus: set[str]) -> None:
        asked = sorted(skus - self._items.keys())
        for start in range(0, len(asked), SEARCH):
            terms = " OR ".join(f"sku:{quoted(sku)}" for sku in asked[start : start + SEARCH])
            first = await self._api.call(queries.VARIANTS, q=terms)
            for node in await self._api.rest(first, queries.VARIANTS, (), q=terms):
                item = node.get("inventoryItem")
                if isinstance(item, dict) and isinstance(item.get("id"), str):
                    self._items[str(node.get("sku"))] = item["id"]

    async def _send(self, parts: Sequence[Part]) -> None:
        quantities = [quantity for part in parts for quantity in part.quantities]
        try:
            for start in range(0, len(quantities), LIMIT):
                await self._api.mutate(
                    queries.SET_STOCK,
                    input={
                        "name": "available",
                        "reason": "correction",
                        "referenceDocumentUri": f"gid://crossdock/Command/{parts[0].command.id}",
                        "quantities": quantities[start : start + LIMIT],
                    },
                    key=str(uuid.uuid5(NAMESPACE, "|".join([*(part.command.id for part in parts), str(start)]))),
                )
        except TargetRefused as error:
            await self._refused(parts, error)
        except CrossdockError as error:
            for part in parts:
                part.outcome = error  # type: ignore[assignment]

    async def _refused(self, parts: Sequence[Part], error: TargetRefused) -> None:
        """Nothing of a refused call was applied: forget what may be wrong, and let each command stand for itself."""
        for part in parts:
            for sku in part.skus:
                self._items.pop(sku, None)
        if len(parts) == 1:
            parts[0].outcome = error
            return
        for part in parts:
            await self._send([part])


def batches(parts: Sequence[Part]) -> list[list[Part]]:
    """Whole commands packed into calls of at most `LIMIT` quantities; of two commands for one SKU and place the later goes later."""
    found: list[list[Part]] = []
    size, seen = 0, set[tuple[Any, Any]]()
    for part in parts:
        if not part.quantities:
            continue
        places = {(one["inventoryItemId"], one["locationId"]) for one in part.quantities}
        if not found or size + len(part.quantities) > LIMIT or places & seen:
            found.append([])
            size, seen = 0, set()
        found[-1].append(part)
        size += len(part.quantities)
        seen |= places
    return found


def quoted(sku: str) -> str:
    """A SKU as a search term (Shopify search syntax: phrases in double quotes, backslash escapes)."""
    return '"' + sku.replace("\\", "\\\\").replace('"', '\\"') + '"'


def writes(command: Command) -> Sequence[str]:
    """What a stock command writes, so that two of them never overtake each other."""
    levels: Sequence[Mapping[str, Any]] = command.data.get("levels", ())
    return [f"stock:{level.get('sku')}:{level.get('location')}" for level in levels]
