"""receipt.validate: incoming transfers done with the quantities, lots and expiry days that were received, exactly once.

As with outgoing transfers, every received line becomes a move line under the hub's external id, which is made once and says for ever which
transfers a receipt went to. What Odoo filled in beforehand stays unpicked beside them, so validation drops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.receipt_plan import Incoming, PlannedReceipt, place
from crossdock.connectors.odoo.subject import purchase_id
from crossdock.connectors.odoo.validation import MOVE_LINE, press
from crossdock.connectors.odoo.values import canonical, from_odoo, number, related, text, to_odoo
from crossdock.core.commands import Command
from crossdock.core.errors import SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted

_PICKING: Final = ("name", "state", "backorder_id", "date_done")
_MOVE: Final = (
    "picking_id",
    "product_id",
    "product_uom_qty",
    "state",
    "purchase_line_id",
    "location_id",
    "location_dest_id",
    "create_date",
)
_COLUMNS: Final = (*MOVE_LINE, "lot_name")
_EXPIRY: Final = "expiration_date"
_LAST: Final = time(23, 59, 59)


class ReceiptValidation:
    """Validates incoming transfers of purchase orders."""

    def __init__(
        self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, places: Places, system: str
    ) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._data = data
        self._places = places
        self._system = system
        self._zone = ZoneInfo(client.options.delivery_zone)
        self._keeps_expiry: bool | None = None

    async def validate(self, command: Command) -> Accepted:
        """Carry out `receipt.validate`. Raises outcome errors."""
        order, close = purchase_id(command), bool(command.data.get("close"))
        ids, incoming = await self._ids(), await self._incoming(command, order)
        if not incoming.taken():
            return await self._nothing(order, incoming, close)
        marked = await self._marked(ids, order, incoming.receipt)
        if marked and all(row["state"] == "done" for row in marked):
            await self._drop(order, close, marked)
            return Accepted(await self._ack(order, marked, incoming), repeated=True)
        try:
            if not marked:
                await self._receive(ids, order, incoming)
                marked = await self._marked(ids, order, incoming.receipt)
            waiting = {row["id"]: row for row in marked if row["state"] != "done"}
            await press(self._client, waiting, _PICKING, close=close, quiet={"skip_expired": True})
        except TargetRefused:
            # an earlier attempt of ours may still have been at work in Odoo and finished meanwhile: what it did decides
            marked = await self._marked(ids, order, incoming.receipt)
            if not marked or any(row["state"] != "done" for row in marked):
                raise
        done = await self._marked(ids, order, incoming.receipt)
        await self._drop(order, close, done)
        return Accepted(await self._ack(order, done, incoming))

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when this receipt's transfers are done, None when they are not."""
        order, close = purchase_id(command), bool(command.data.get("close"))
        incoming = await self._incoming(command, order)
        marked: list[Row] = []
        if incoming.taken():
            marked = await self._marked(await self._ids(), order, incoming.receipt)
            if not marked or any(row["state"] != "done" for row in marked):
                return None
        if close and _dropped(incoming.moves, marked):
            return None
        return await self._ack(order, marked, incoming)

    # What there is -------------------------------------------------------------------------------------------

    async def _ids(self) -> ExternalIds:
        return ExternalIds(self._client.options.xid_prefix, await self._client.company())

    async def _incoming(self, command: Command, order: int) -> Incoming:
        receipt = canonical(ReceiptAdvice, command.data.get("receipt"))
        receipt = receipt.model_copy(update={"lines": await self._named(receipt, order)})
        where = self._client.options.damaged_location
        damaged = await self._places.location(where) if where else None
        items = await self._catalogue.require(line.sku for line in receipt.lines)
        units = {unit: await self._data.unit(unit) for unit in {line.quantity.unit for line in receipt.lines} - {"C62"}}
        moves = await self._open_moves(order)
        return Incoming(receipt, items, units, moves, damaged)

    async def _named(self, receipt: ReceiptAdvice, order: int) -> tuple[Any, ...]:
        """The lines with their SKUs: a warehouse may name the ordered line only."""
        if all(line.sku for line in receipt.lines):
            return receipt.lines
        rows = await self._client.search_read("purchase.order.line", [["order_id", "=", order]], ["product_id"])
        fields = self._client.options.sku_fields
        products = await self._client.read(
            "product.product", [related(r["product_id"]) or 0 for r in rows if r["product_id"]], fields
        )
        known = {
            str(row["id"]): next((text(product[f]) for f in fields if product[f]), "")
            for row in rows
            if (product := products.get(related(row["product_id"]) or 0)) is not None
        }
        missing = [line.number for line in receipt.lines if not line.sku and not known.get(line.order_line)]
        if missing:
            wrong = [
                {"field": f"lines.{each}.sku", "problem": "neither SKU nor ordered line says which product this is"}
                for each in missing
            ]
            raise SchemaInvalid("a received line names no product", fields=wrong)
        return tuple(line if line.sku else line.model_copy(update={"sku": known[line.order_line]}) for line in receipt.lines)

    async def _open_moves(self, order: int) -> list[Row]:
        domain = [
            ["picking_id.purchase_id", "=", order],
            ["picking_id.picking_type_code", "=", "incoming"],
            ["picking_id.return_id", "=", False],
            ["state", "not in", ["done", "cancel"]],
        ]
        return await self._client.search_read("stock.move", domain, _MOVE, order="picking_id, id")

    def _name(self, ids: ExternalIds, order: int, receipt: ReceiptAdvice, at: int) -> str:
        return ids.name("received", str(order), receipt.expected_number, receipt.number, str(receipt.sequence), str(at))

    async def _marked(self, ids: ExternalIds, order: int, receipt: ReceiptAdvice) -> list[Row]:
        """The transfers this receipt's move lines were made on; empty when they were not made yet."""
        name = self._name(ids, order, receipt, 0)
        first = await self._client.find(name, "stock.move.line", [["picking_id.purchase_id", "=", order]])
        if first is None:
            return []
        # the move lines of a receipt are made in one call, and validation keeps them
        lines = await self._client.search_read("stock.move.line", [["picking_id.purchase_id", "=", order]], ["picking_id"])
        xids = await self._client.external_ids("stock.move.line", [row["id"] for row in lines])
        stem = name.rpartition("/")[0]
        pickings = {related(row["picking_id"]) for row in lines if xids.get(row["id"], "").rpartition("/")[0] == stem}
        rows = await self._client.read("stock.picking", sorted(one for one in pickings if one is not None), _PICKING)
        return [rows[id_] for id_ in sorted(rows)]

    # What is written -----------------------------------------------------------------------------------------

    async def _receive(self, ids: ExternalIds, order: int, incoming: Incoming) -> None:
        planned = place(incoming)
        expiry = await self._expiring(planned)
        rows = []
        for at, one in enumerate(planned):
            day = one.expiry if one.item.id in expiry else None
            rows.append(
                [
                    self._name(ids, order, incoming.receipt, at),
                    str(related(one.move["picking_id"])),
                    str(one.move["id"]),
                    str(one.item.id),
                    str(one.unit),
                    str(related(one.move["location_id"])),
                    str(one.target),
                    number(one.quantity),
                    "1",
                    one.lot,
                    *([to_odoo(self._end_of(day)) if day is not None else ""] if self._keeps_expiry else []),
                ]
            )
        await self._loader.load("stock.move.line", (*_COLUMNS, *([_EXPIRY] if self._keeps_expiry else [])), rows)

    async def _expiring(self, planned: Iterable[PlannedReceipt]) -> set[int]:
        """The products whose lots carry an expiry day; none where the module `product_expiry` is not installed."""
        if self._keeps_expiry is None:
            known = await self._client.call("stock.move.line", "fields_get", allfields=[_EXPIRY], attributes=["type"])
            self._keeps_expiry = _EXPIRY in known
        products = sorted({one.item.id for one in planned if one.lot})
        if not self._keeps_expiry or not products:
            return set()
        rows = await self._client.read("product.product", products, ["use_expiration_date"])
        return {id_ for id_, row in rows.items() if row["use_expiration_date"]}

    def _end_of(self, day: date) -> datetime:
        return datetime.combine(day, _LAST, self._zone)

    async def _drop(self, order: int, close: bool, done: Sequence[Row] = ()) -> None:
        """Nothing more will come: what other transfers still wait for is cancelled."""
        waiting = _dropped(await self._open_moves(order), done) if close else []
        if waiting:
            button = await pressed(self._client, "stock.picking", "action_cancel", waiting)
            if _dropped(await self._open_moves(order), done):
                raise button.failure("Odoo did not cancel what will not come any more", transfers=waiting)

    async def _nothing(self, order: int, incoming: Incoming, close: bool) -> Accepted:
        """A receipt of nothing: closed, the open transfers are cancelled; otherwise they stay open and there is nothing to do."""
        repeated = not (close and incoming.moves)
        await self._drop(order, close)
        return Accepted(await self._ack(order, [], incoming), repeated=repeated)

    # What is said --------------------------------------------------------------------------------------------

    async def _ack(self, order: int, pickings: Sequence[Row], incoming: Incoming) -> dict[str, Any]:
        ids = [row["id"] for row in pickings]
        rest: list[Row] = []
        if ids:
            domain = [["backorder_id", "in", ids], ["state", "!=", "cancel"]]
            rest = await self._client.search_read("stock.picking", domain, ["name"], limit=1)
        lines = await self._client.search_read(
            "purchase.order.line", [["order_id", "=", order], ["product_id", "!=", False]], ["qty_received"]
        )
        first = pickings[0] if pickings else {"name": "", "id": "", "state": "cancel"}
        names = [(text(row["name"]), str(row["id"])) for row in pickings]
        return {
            "transfer": text(first["name"]),
            "transfer_id": str(first["id"]),
            "transfers": [{"id": id_, "name": name} for name, id_ in names],
            "backorder": text(rest[0]["name"]) if rest else None,
            "backorder_id": str(rest[0]["id"]) if rest else None,
            "state": first["state"],
            "received": {str(row["id"]): number(exact(row["qty_received"])) for row in lines},
            "discrepancies": [*incoming.left_out(), *await self._lots_differ(ids, incoming)],
            "references": [
                pair for name, id_ in names for pair in ([f"{self._system}:receipt", name], [f"{self._system}:receipt_id", id_])
            ],
        }

    async def _lots_differ(self, pickings: Sequence[int], incoming: Incoming) -> list[dict[str, str]]:
        """What the warehouse said of lots and Odoo has otherwise: a lot known before keeps its day, an untracked product has no lots."""
        said = [line for line in incoming.taken() if line.lot]
        found = [
            {"field": f"lines.{line.number}.lot", "expected": line.lot, "found": ""}
            for line in said
            if incoming.items[line.sku].tracking == "none"
        ]
        dated = [line for line in said if (line.expiry or line.best_before) and incoming.items[line.sku].tracking != "none"]
        if not dated or not pickings:
            return found
        products = sorted({incoming.items[line.sku].id for line in dated})
        domain = [["product_id", "in", products], ["name", "in", sorted({line.lot for line in dated})]]
        fields = ["name", "product_id", *([_EXPIRY] if await self._expiry_kept() else [])]
        lots = {
            (related(row["product_id"]), text(row["name"])): row
            for row in await self._client.search_read("stock.lot", domain, fields)
        }
        for line in dated:
            row = lots.get((incoming.items[line.sku].id, line.lot), {})
            there = from_odoo(row[_EXPIRY]).astimezone(self._zone).date() if row.get(_EXPIRY) else None
            day = line.expiry or line.best_before
            if there != day:
                found.append({"field": f"lines.{line.number}.expiry", "expected": str(day), "found": str(there or "")})
        return found

    async def _expiry_kept(self) -> bool:
        if self._keeps_expiry is None:
            await self._expiring(())
        return bool(self._keeps_expiry)


def _dropped(moves: Sequence[Mapping[str, Any]], done: Sequence[Row]) -> list[int]:
    """The open transfers that wait for what will not come; what was ordered anew after the last goods came is not among them."""
    until = max((text(row["date_done"]) for row in done), default="")
    return sorted({related(move["picking_id"]) or 0 for move in moves if not until or text(move["create_date"]) <= until})
