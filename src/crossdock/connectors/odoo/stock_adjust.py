"""stock.adjust: counted stock written as inventory adjustments, through stock moves that carry the hub's reference.

Quantities are never written on quants: that would change stock without a move. Several quants may stand for one place, so they are
merged first, and what lies there in packages or belongs to others is counted in. A level that says what the books had when it was
compared changes Odoo by the difference, and only while the books still say so: what moved since is left to the next comparison.
A change (damage, loss, a find) is added to whatever Odoo has by then, because transfers that are on their way change it too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.inventory import InventoryLevel, QuantityChange
from crossdock.connectors.odoo.catalogue import Catalogue, Item
from crossdock.connectors.odoo.client import OdooClient, exact
from crossdock.connectors.odoo.external_ids import ExternalIds, digest
from crossdock.connectors.odoo.load import Loader, Pause, jitter
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.values import canonical, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import Contended, TargetRefused
from crossdock.core.outcomes import Accepted

_ATTEMPTS: Final = 3
_MODE: Final = {"inventory_mode": True}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One level as Odoo names it. `quantity` is absolute, or with `relative` what is added; `book` is what Odoo had at the place `name`
    when it was compared.
    """

    item: Item
    location: int
    lot: int | None
    quantity: Decimal
    name: str = ""
    book: Decimal | None = None
    relative: bool = False

    @property
    def place(self) -> tuple[int, int, int | None]:
        """Product, location and lot: one adjustment."""
        return self.item.id, self.location, self.lot


def marker(command: Command) -> str:
    """The reference the adjustment's stock moves carry: for people the given one, for the hub unique to the command."""
    return f"{command.data.get('reference') or 'Crossdock'} #{digest(command.id)[:12]}"


class StockAdjustment:
    """Adjusts stock."""

    def __init__(self, client: OdooClient, loader: Loader, catalogue: Catalogue, places: Places, pause: Pause = jitter) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._places = places
        self._pause = pause

    async def adjust(self, command: Command) -> Accepted:
        """Carry out `stock.adjust`. Raises outcome errors."""
        found = await self.find(command)
        if found is not None:
            return Accepted(found, repeated=True)
        levels = await self._wanted(command)
        for attempt in range(_ATTEMPTS):
            await self._client.call("stock.quant", "action_view_inventory")  # merges what stands for the same place
            rows, moved, before = await self._changes(levels)
            ack: dict[str, Any] = {"adjusted": len(rows)} | ({"moved": moved} if moved else {})
            if not rows:
                return Accepted(ack)
            quants = await self._client.call("stock.quant", "create", vals_list=rows, context=_MODE)
            found = await self.find(command)  # an earlier attempt that was still under way has ended by now
            if found is not None:
                await self._client.call("stock.quant", "action_clear_inventory_quantity", ids=quants)
                return Accepted(found, repeated=True)
            if await self._moved_meanwhile(quants, before):
                await self._client.call("stock.quant", "action_clear_inventory_quantity", ids=quants)
                await self._pause(attempt)
                continue
            context = {**_MODE, "inventory_name": marker(command)}
            answer = await self._client.call("stock.quant", "action_apply_inventory", ids=quants, context=context)
            if not isinstance(answer, dict):
                return Accepted(ack)
            if answer.get("res_model") != "stock.inventory.conflict":
                raise TargetRefused(
                    f"Odoo did not adjust: it wants {answer.get('res_model')} answered by a person",
                    wizard=answer.get("res_model"),
                )
            await self._client.call("stock.quant", "action_clear_inventory_quantity", ids=quants)
            await self._pause(attempt)
        raise Contended("the stock moves while it is being adjusted; Odoo changed nothing", reference=marker(command))

    async def _moved_meanwhile(self, quants: Sequence[int], before: Sequence[Decimal]) -> bool:
        """Whether stock moved between the reading a difference was computed from and the count; Odoo itself notices only what comes later."""
        rows = await self._client.read("stock.quant", quants, ["quantity"])
        return any(id_ not in rows or exact(rows[id_]["quantity"]) != there for id_, there in zip(quants, before, strict=True))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when the adjustment's stock moves exist, None when they do not."""
        moves = await self._client.search_read("stock.move", [["inventory_name", "=", marker(command)]], ["state"])
        return {"adjusted": len(moves)} if moves else None

    async def _wanted(self, command: Command) -> list[Wanted]:
        levels = [canonical(InventoryLevel, data) for data in command.data.get("levels") or ()]
        changes = [canonical(QuantityChange, data) for data in command.data.get("changes") or ()]
        items = await self._catalogue.require(
            sku for sku in (*(level.sku for level in levels), *(change.sku for change in changes))
        )
        named: list[InventoryLevel | QuantityChange] = [*levels, *changes]
        missing = sorted({each.sku for each in named if not each.lot and items[each.sku].tracking != "none"})
        if missing:
            raise TargetRefused(f"Odoo tracks {', '.join(missing)} by lot; a count without lots would add to them", skus=missing)
        lots = await self._lots(named, items)
        wanted: dict[tuple[int, int, int | None], Wanted] = {}
        for level in levels:
            item = items[level.sku]
            lot = lots[(item.id, level.lot)] if item.tracking != "none" else None
            place, book = await self._places.location(level.location), level.book.value if level.book else None
            one = Wanted(item, place, lot, level.on_hand.value, level.location, book)
            wanted[one.place] = one
        for change in changes:
            item = items[change.sku]
            lot = lots[(item.id, change.lot)] if item.tracking != "none" else None
            one = Wanted(item, await self._places.location(change.location), lot, change.quantity.value, relative=True)
            before = wanted.get(one.place)
            wanted[one.place] = one if before is None else replace(before, quantity=before.quantity + one.quantity)
        return list(wanted.values())

    async def _lots(
        self, levels: Sequence[InventoryLevel | QuantityChange], items: Mapping[str, Item]
    ) -> dict[tuple[int, str], int]:
        """Lot ids by product and name; lots that were counted but that Odoo does not know yet are made."""
        named = {(items[level.sku].id, level.lot) for level in levels if level.lot and items[level.sku].tracking != "none"}
        if not named:
            return {}
        domain = [["product_id", "in", sorted({id_ for id_, _ in named})], ["name", "in", sorted({lot for _, lot in named})]]
        rows = await self._client.search_read("stock.lot", domain, ["name", "product_id"])
        known = {(related(row["product_id"]) or 0, text(row["name"])): int(row["id"]) for row in rows}
        missing = sorted(named - set(known))
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        made = await self._loader.load(
            "stock.lot",
            ("id", "name", "product_id/.id"),
            [[ids.name("lot", str(id_), lot), lot, str(id_)] for id_, lot in missing],
        )
        return {**known, **dict(zip(missing, made, strict=True))}

    async def _changes(self, levels: Sequence[Wanted]) -> tuple[list[dict[str, Any]], int, list[Decimal]]:
        """The counting rows for levels that differ from what is there, how many levels are left alone because they moved, and what was there
        for each row."""
        groups = ("product_id", "location_id", "lot_id", "package_id", "owner_id")
        products = ["product_id", "in", sorted({one.item.id for one in levels})]
        loose: dict[tuple[int | None, ...], Decimal] = {}
        held: dict[tuple[int | None, ...], Decimal] = {}
        for row in await self._client.sum_quants(
            [products, ["location_id", "in", sorted({one.location for one in levels})]], groups
        ):
            place = (related(row["product_id"]), related(row["location_id"]), related(row["lot_id"]))
            pile = held if row["package_id"] or row["owner_id"] else loose
            pile[place] = pile.get(place, Decimal(0)) + row["quantity"]
        books = await self._books(levels)
        rows: list[dict[str, Any]] = []
        before: list[Decimal] = []
        moved = 0
        for one in levels:
            here = loose.get(one.place, Decimal(0))
            if one.relative:
                target = here + one.quantity
            elif one.book is None:
                target = one.quantity - held.get(one.place, Decimal(0))
            elif books.get((one.item.id, one.name, one.lot), Decimal(0)) == one.book:
                target = here + one.quantity - one.book
            else:
                moved += 1
                continue
            if target == here:
                continue
            if target < 0 and one.relative:
                raise TargetRefused(
                    f"{number(-one.quantity)} of {one.item.sku} are gone from the warehouse, but Odoo has only {number(here)} there",
                    sku=one.item.sku,
                )
            if target < 0:
                raise TargetRefused(
                    f"{number(one.quantity)} of {one.item.sku} were counted, but more lies there in packages, belongs to others or is "
                    "spread over other places",
                    sku=one.item.sku,
                )
            values: dict[str, Any] = {"product_id": one.item.id, "location_id": one.location, "inventory_quantity": target}
            rows.append({**values, "lot_id": one.lot} if one.lot else values)
            before.append(here)
        return rows, moved, before

    async def _books(self, levels: Sequence[Wanted]) -> dict[tuple[int, str, int | None], Decimal]:
        """What Odoo has, as a comparison sums it: by product, the hub's name of the place, and lot."""
        compared = sorted({one.item.id for one in levels if one.book is not None})
        if not compared:
            return {}
        inside = await self._places.internal(self._client.options.warehouse)
        quants = await self._client.sum_quants([["product_id", "in", compared], *inside], ("product_id", "location_id", "lot_id"))
        names = await self._places.names(list({related(row["location_id"]) or 0 for row in quants}))
        found: dict[tuple[int, str, int | None], Decimal] = {}
        for row in quants:
            place = (related(row["product_id"]) or 0, names.get(related(row["location_id"]) or 0, ""), related(row["lot_id"]))
            found[place] = found.get(place, Decimal(0)) + row["quantity"]
        return found
