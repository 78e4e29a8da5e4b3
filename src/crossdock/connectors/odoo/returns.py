"""return.transfer: goods a customer sent back, in the books where they are: in stock, in quarantine, or scrapped; exactly once.

Odoo's own dialogue makes another return at every press, of any quantity. So the transfer is loaded under the hub's external id with its moves,
each naming the delivered move it takes back; scrapped goods have the place of inventory losses as the destination of their move *line*,
because Odoo counts a move that goes there as never returned, and its scrap button scraps again at every press.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from crossdock.canonical.returns import ReturnTransfer
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.return_plan import Coming, Delivered, Part, delivered, place
from crossdock.connectors.odoo.sold_lines import Sold, SoldLines
from crossdock.connectors.odoo.validation import MOVE_LINE, press
from crossdock.connectors.odoo.values import canonical, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import ReturnAboveDelivery, TargetRefused
from crossdock.core.outcomes import Accepted

_PICKING: Final = ("name", "state", "date_done", "partner_id", "picking_type_id")
_MOVE: Final = ("picking_id", "product_id", "product_uom", "quantity", "sale_line_id", "location_id", "location_dest_id")
_BACK: Final = ("origin_returned_move_id", "product_uom_qty", "state")
_LINE: Final = ("move_id", "lot_id", "quantity")
_HEAD: Final = (
    "id",
    "picking_type_id/.id",
    "partner_id/.id",
    "location_id/.id",
    "location_dest_id/.id",
    "origin",
    "return_id/.id",
)
_MOVES: Final = (
    "id",
    "product_id/.id",
    "product_uom_qty",
    "product_uom/.id",
    "location_id/.id",
    "location_dest_id/.id",
    "origin_returned_move_id/.id",
    "to_refund",
    "sale_line_id/.id",
)
_COLUMNS: Final = (*_HEAD, *(f"move_ids/{name}" for name in _MOVES))


class ReturnTransfers:
    """Takes deliveries back."""

    def __init__(
        self,
        client: OdooClient,
        loader: Loader,
        sold: SoldLines,
        catalogue: Catalogue,
        data: MasterData,
        places: Places,
        system: str,
    ) -> None:
        self._client = client
        self._loader = loader
        self._sold = sold
        self._catalogue = catalogue
        self._data = data
        self._places = places
        self._system = system

    async def transfer(self, command: Command) -> Accepted:
        """Carry out `return.transfer`. Raises outcome errors."""
        wish = canonical(ReturnTransfer, command.data.get("return_transfer"))
        there = await self._made(wish)
        row = await self._picking(there)
        if row is not None and row["state"] == "done":
            return Accepted(self._ack(row, wish), repeated=True)
        if row is not None and row["state"] == "cancel":
            raise TargetRefused(f"{row['name']} takes this return back and was cancelled in Odoo", transfer=row["name"])
        try:
            parts = await self._parts(command, wish, there)
        except ReturnAboveDelivery:
            # an earlier attempt of ours may still have been at work in Odoo and finished meanwhile: what it did decides
            late = await self._made(wish) if there is None else None
            if late is None:
                raise
            there, parts = late, await self._parts(command, wish, late)
        if there is None:
            there = await self._load(wish, parts)
        await self._client.call("stock.picking", "action_confirm", ids=[there])
        await self._count(wish, there, parts)
        waiting = await self._client.read("stock.picking", [there], _PICKING)
        done = await press(self._client, waiting, _PICKING, close=True, quiet={"skip_expired": True})
        return Accepted(self._ack(done[there], wish))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when this return's transfer is done, None when it is not."""
        wish = canonical(ReturnTransfer, command.data.get("return_transfer"))
        row = await self._picking(await self._made(wish))
        return None if row is None or row["state"] != "done" else self._ack(row, wish)

    # What there is -------------------------------------------------------------------------------------------

    async def _name(self, kind: str, wish: ReturnTransfer, *parts: str) -> str:
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        return ids.name(kind, wish.return_number, wish.receipt_number, *parts)

    async def _made(self, wish: ReturnTransfer) -> int | None:
        where = [["origin", "=", wish.return_number], ["picking_type_code", "=", "incoming"]]
        return await self._client.find(await self._name("return", wish), "stock.picking", where)

    async def _picking(self, id_: int | None) -> Row | None:
        return None if id_ is None else await self._client.read_one("stock.picking", id_, _PICKING)

    async def _parts(self, command: Command, wish: ReturnTransfer, there: int | None) -> list[Part]:
        """What comes back, of what was delivered and is not taken back by another return."""
        sold = await self._sold.of(command)
        items = await self._catalogue.require(line.sku for line in wish.lines)
        named = [int(id_) for id_ in command.data.get("transfers") or () if str(id_).isdigit()]
        left = await self._delivered(sold, named, there)
        if not left:
            raise TargetRefused(f"nothing of {sold.names} was delivered in Odoo", orders=sold.names)
        units = {unit: await self._data.unit(unit) for unit in {line.quantity.unit for line in wish.lines} - {"C62"}}
        return place(Coming(wish, sold, items, left, await self._targets(wish, left), units))

    async def _delivered(self, sold: Sold, named: Sequence[int], there: int | None) -> list[Delivered]:
        domain: list[Any] = [
            ["picking_id.sale_id", "in", [order["id"] for order in sold.orders]],
            ["picking_id.picking_type_code", "=", "outgoing"],
            ["state", "=", "done"],
        ]
        if named:
            domain.append(["picking_id", "in", list(named)])
        moves = await self._client.search_read("stock.move", domain, _MOVE)
        returned = await self._client.search_read(
            "stock.move",
            [
                ["origin_returned_move_id", "in", [move["id"] for move in moves]],
                ["state", "!=", "cancel"],
                *([["picking_id", "!=", there]] if there is not None else []),
            ],
            _BACK,
        )
        ids = [row["id"] for row in (*moves, *returned)]
        lines = await self._client.search_read("stock.move.line", [["move_id", "in", ids]], _LINE)
        return delivered(moves, lines, returned, lines)

    async def _targets(self, wish: ReturnTransfer, left: Sequence[Delivered]) -> dict[str, int]:
        """The location of each destination that is needed. Stock is the warehouse's, else where the goods came from."""
        options, needed = self._client.options, {line.destination for line in wish.lines}
        found: dict[str, int] = {}
        if wish.warehouse:
            found["stock"] = await self._places.location(wish.warehouse)
        else:
            found["stock"] = related(left[0].move["location_id"]) or 0
        if "quarantine" in needed:
            if not options.quarantine_location:
                raise TargetRefused("no place for returned goods to be looked at; name one in the option `quarantine_location`")
            found["quarantine"] = await self._places.location(options.quarantine_location)
        if "scrap" in needed:
            found["scrap"] = await self._places.losses(options.scrap_location)
        return found

    # What is written -----------------------------------------------------------------------------------------

    async def _load(self, wish: ReturnTransfer, parts: Sequence[Part]) -> int:
        origin = await self._client.read_one("stock.picking", related(parts[0].origin["picking_id"]) or 0, _PICKING)
        kind = related(origin["picking_type_id"]) or 0
        way = (await self._client.read("stock.picking.type", [kind], ["return_picking_type_id", "warehouse_id"]))[kind]
        back = related(way["return_picking_type_id"]) or await self._receipts(related(way["warehouse_id"]) or 0)
        stock = await self._stock(wish, parts)
        head = [
            await self._name("return", wish),
            str(back),
            str(related(origin["partner_id"]) or ""),
            str(related(parts[0].origin["location_dest_id"])),
            str(stock),
            wish.return_number,
            str(origin["id"]),
        ]
        rows = []
        for at, ((move, target), own) in enumerate(_grouped(parts, stock).items()):
            taken = own[0].origin
            rows.append(
                [
                    *(head if at == 0 else [""] * len(head)),
                    await self._name("return_move", wish, str(at)),
                    str(own[0].item.id),
                    number(sum((part.quantity for part in own), Decimal(0))),
                    str(related(taken["product_uom"])),
                    str(related(taken["location_dest_id"])),
                    str(target),
                    str(move),
                    "1",
                    str(related(taken["sale_line_id"]) or ""),
                ]
            )
        (id_,) = await self._loader.load("stock.picking", _COLUMNS, rows)
        return id_

    async def _stock(self, wish: ReturnTransfer, parts: Sequence[Part]) -> int:
        """Where the transfer as a whole goes."""
        if wish.warehouse:
            return await self._places.location(wish.warehouse)
        return related(parts[0].origin["location_id"]) or 0

    async def _receipts(self, warehouse: int) -> int:
        """The operation type of receipts of a warehouse whose deliveries name none for their returns."""
        rows = await self._client.search_read(
            "stock.picking.type", [["warehouse_id", "=", warehouse], ["code", "=", "incoming"]], ["warehouse_id"]
        )
        if not rows:
            raise TargetRefused("the warehouse has no operation type for receipts in Odoo", warehouse=warehouse)
        return int(rows[0]["id"])

    async def _count(self, wish: ReturnTransfer, picking: int, parts: Sequence[Part]) -> None:
        """Make the move lines: what Odoo filled in beforehand stays unpicked beside them, so validation drops it."""
        there = await self._client.search_read(
            "stock.move", [["picking_id", "=", picking]], ["origin_returned_move_id", "location_dest_id"]
        )
        moves = {(related(row["origin_returned_move_id"]), related(row["location_dest_id"])): row["id"] for row in there}
        stock = await self._stock(wish, parts)
        wanted = {key: own for key, own in _grouped(parts, stock).items() if key in moves}
        if sum(map(len, wanted.values())) != len(parts):
            raise TargetRefused("the return in Odoo has other lines than the warehouse told", transfer_id=str(picking))
        rows = []
        for at, part in enumerate(parts):
            move = moves[_key(part, stock)]
            rows.append(
                [
                    await self._name("return_line", wish, str(at)),
                    str(picking),
                    str(move),
                    str(part.item.id),
                    str(related(part.origin["product_uom"])),
                    str(related(part.origin["location_dest_id"])),
                    str(part.target),
                    number(part.quantity),
                    "1",
                    str(part.lot or ""),
                ]
            )
        await self._loader.load("stock.move.line", (*MOVE_LINE, "lot_id/.id"), rows)

    # What is said --------------------------------------------------------------------------------------------

    def _ack(self, row: Row, wish: ReturnTransfer) -> dict[str, Any]:
        name, id_ = text(row["name"]), str(row["id"])
        return {
            "transfer": name,
            "transfer_id": id_,
            "state": row["state"],
            "scrapped": [
                {"sku": line.sku, "quantity": number(line.quantity.value)} for line in wish.lines if line.destination == "scrap"
            ],
            "references": [[f"{self._system}:return_transfer", name], [f"{self._system}:return_transfer_id", id_]],
        }


def _key(part: Part, stock: int) -> tuple[int, int]:
    """What makes the moves of a return one: Odoo itself merges those of one delivered move to one place when it confirms them."""
    return int(part.origin["id"]), stock if part.line.destination == "scrap" else part.target


def _grouped(parts: Sequence[Part], stock: int) -> dict[tuple[int, int], list[Part]]:
    found: dict[tuple[int, int], list[Part]] = {}
    for part in parts:
        found.setdefault(_key(part, stock), []).append(part)
    return found
