"""transfer.validate: an outgoing transfer done with the quantities, lots and packages that were picked, exactly once.

Every picked line becomes a move line under the hub's external id, which is made once and says for ever which transfer a confirmation
went to. So a repeat finds its transfer again, and several partial confirmations follow the chain of backorders without mixing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

from crossdock.canonical.fulfilment import PickConfirmation
from crossdock.canonical.shipment import Shipment
from crossdock.connectors.odoo.buttons import pressed
from crossdock.connectors.odoo.catalogue import Catalogue
from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.load import Loader
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.subject import order_id
from crossdock.connectors.odoo.substitutes import Substitutes
from crossdock.connectors.odoo.transfer_plan import Picks, PlannedLine, Transfer, open_for, place, shipped
from crossdock.connectors.odoo.validation import MOVE_LINE, press
from crossdock.connectors.odoo.values import canonical, number, related, text
from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.outcomes import Accepted

_PICKING: Final = ("name", "state", "backorder_id", "carrier_tracking_ref", "carrier_id")
_MOVE: Final = (
    "picking_id",
    "product_id",
    "product_uom_qty",
    "product_uom",
    "state",
    "sale_line_id",
    "location_id",
    "location_dest_id",
)
_LINE_COLUMNS: Final = (*MOVE_LINE, "lot_id/.id", "result_package_id/.id")


class TransferValidation:
    """Validates outgoing transfers."""

    def __init__(self, client: OdooClient, loader: Loader, catalogue: Catalogue, data: MasterData, system: str) -> None:
        self._client = client
        self._loader = loader
        self._catalogue = catalogue
        self._data = data
        self._system = system
        self._substitutes = Substitutes(client, loader)

    async def validate(self, command: Command) -> Accepted:
        """Carry out `transfer.validate`. Raises outcome errors."""
        ids = await self._ids()
        picks = await self._picks(command)
        shipment = canonical(Shipment, command.data["shipment"]) if command.data.get("shipment") else None
        close_short = bool(command.data.get("close_short"))
        if not shipped(picks):
            return await self._nothing_picked(command, picks, close_short)
        marked = await self._marked(command, ids, picks)
        if marked is not None and marked["state"] == "done":
            return Accepted(await self._ack(marked), repeated=True)
        try:
            transfer = await self._target(command, picks, marked)
            await self._pick(ids, picks, transfer, close_short)
            await self._label(transfer.picking, shipment)
            id_ = transfer.picking["id"]
            done = await press(self._client, {id_: dict(transfer.picking)}, _PICKING, close=close_short)
            return Accepted(await self._ack(done[id_]))
        except TargetRefused:
            # an earlier attempt of ours may still have been at work in Odoo and finished meanwhile: what it did decides
            marked = await self._marked(command, ids, picks)
            if marked is None or marked["state"] != "done":
                raise
            return Accepted(await self._ack(marked), repeated=True)

    async def find(self, command: Command) -> Mapping[str, Any] | None:
        """The acknowledgement when this confirmation's transfer is done, None when it is not."""
        picks = await self._picks(command)
        if not shipped(picks):
            waiting = await self._open(order_id(command))
            return None if command.data.get("close_short") and self._asked(picks, waiting) else self._empty(waiting)
        marked = await self._marked(command, await self._ids(), picks)
        if marked is None or marked["state"] != "done":
            return None
        return await self._ack(marked)

    # What there is -------------------------------------------------------------------------------------------

    async def _ids(self) -> ExternalIds:
        return ExternalIds(self._client.options.xid_prefix, await self._client.company())

    async def _picks(self, command: Command) -> Picks:
        confirmation = canonical(PickConfirmation, command.data.get("confirmation"))
        lines = {str(name): int(line) for name, line in (command.data.get("lines") or {}).items() if str(line).isdigit()}
        skus = [sku for line in confirmation.lines for sku in (line.sku, line.substituted_for) if sku]
        items = await self._catalogue.require(skus)
        units = {unit: await self._data.unit(unit) for unit in {line.quantity.unit for line in confirmation.lines} - {"C62"}}
        return Picks(confirmation, lines, items, units)

    def _name(self, ids: ExternalIds, picks: Picks, kind: str, *parts: str) -> str:
        confirmation = picks.confirmation
        return ids.name(kind, confirmation.fulfilment_number, str(confirmation.sequence), *parts)

    async def _marked(self, command: Command, ids: ExternalIds, picks: Picks) -> Row | None:
        """The transfer this confirmation's move lines were made on, None when they were not made yet."""
        where = [["picking_id.sale_id", "=", order_id(command)]]
        line = await self._client.find(self._name(ids, picks, "pick", "0"), "stock.move.line", where)
        if line is None:
            return None
        rows = await self._client.read("stock.move.line", [line], ["picking_id"])
        picking = related(rows[line]["picking_id"]) if line in rows else None
        return None if picking is None else await self._client.read_one("stock.picking", picking, _PICKING)

    async def _open(self, order: int, picking: int | None = None) -> list[Transfer]:
        """The order's open outgoing transfers, oldest first; or only the one given."""
        wanted: list[Any] = (
            [["id", "=", picking]] if picking is not None else [["sale_id", "=", order], ["state", "not in", ["done", "cancel"]]]
        )
        pickings = await self._client.search_read("stock.picking", [*wanted, ["picking_type_code", "=", "outgoing"]], _PICKING)
        if not pickings:
            return []
        domain = [["picking_id", "in", [row["id"] for row in pickings]]]
        moves = await self._client.search_read("stock.move", domain, _MOVE)
        reserved: list[Row] = []
        if self._client.options.lots == "reserved":
            reserved = await self._client.search_read("stock.move.line", domain, ["move_id", "lot_id", "quantity"])
        return [Transfer(row, [move for move in moves if related(move["picking_id"]) == row["id"]], reserved) for row in pickings]

    async def _target(self, command: Command, picks: Picks, marked: Row | None) -> Transfer:
        order = order_id(command)
        waiting = await self._open(order, marked["id"] if marked else None)
        transfer = waiting[0] if marked is not None and waiting else open_for(picks, waiting)
        if transfer is None:
            names = ", ".join(text(one.picking["name"]) for one in waiting)
            raise TargetRefused(
                f"no open transfer of order {order} asks for what was picked" + (f" (open: {names})" if names else ""),
                erp_id=str(order),
                fulfilment=picks.confirmation.fulfilment_number,
            )
        if transfer.picking["state"] == "waiting":
            raise TargetRefused(
                f"{transfer.picking['name']} waits for another transfer of the same order; validate that one in Odoo first",
                transfer=transfer.picking["name"],
            )
        return transfer

    # What is written -----------------------------------------------------------------------------------------

    async def _pick(self, ids: ExternalIds, picks: Picks, transfer: Transfer, close_short: bool) -> None:
        """Make the move lines of this confirmation. Lines Odoo reserved stay unpicked beside them, so validation drops those."""
        planned = place(picks, transfer, self._client.options.lots == "reserved")
        await self._find_lots(planned)
        packages = await self._packages(ids, picks)
        name = partial(self._name, ids, picks)
        substitutes = await self._substitutes.make(name, transfer, planned, close_short)
        rows = []
        for at, one in enumerate(planned):
            move = one.move or one.instead_of or {}
            rows.append(
                [
                    name("pick", str(at)),
                    str(transfer.picking["id"]),
                    str(one.move["id"] if one.move else substitutes[at]),
                    str(one.item.id),
                    str(one.unit),
                    str(related(move["location_id"])),
                    str(related(move["location_dest_id"])),
                    number(one.quantity),
                    "1",
                    str(one.lot_id or ""),
                    str(packages.get(one.line.package, "")),
                ]
            )
        await self._loader.load("stock.move.line", _LINE_COLUMNS, rows)

    async def _find_lots(self, planned: Sequence[PlannedLine]) -> None:
        wanted = [one for one in planned if one.lot]
        if not wanted:
            return
        domain = [
            ["product_id", "in", sorted({one.item.id for one in wanted})],
            ["name", "in", sorted({one.lot for one in wanted})],
        ]
        found = {
            (related(row["product_id"]), text(row["name"])): row["id"]
            for row in await self._client.search_read("stock.lot", domain, ["name", "product_id"])
        }
        missing = [f"{one.lot} of {one.item.sku}" for one in wanted if (one.item.id, one.lot) not in found]
        if missing:
            raise TargetRefused(f"Odoo does not know lot {', '.join(missing)}", lots=missing)
        for one in wanted:
            one.lot_id = found[(one.item.id, one.lot)]

    async def _packages(self, ids: ExternalIds, picks: Picks) -> dict[str, int]:
        """The handling units named by picked lines, called by their SSCC where they have one."""
        used = {line.package for line in shipped(picks) if line.package}
        named = {package.reference: package.sscc or package.reference for package in picks.confirmation.packages}
        wanted = sorted(used)
        rows = [
            [ids.name("package", picks.confirmation.fulfilment_number, reference), named.get(reference, reference)]
            for reference in wanted
        ]
        return dict(zip(wanted, await self._loader.load("stock.package", ("id", "name"), rows), strict=True))

    async def _label(self, picking: Mapping[str, Any], shipment: Shipment | None) -> None:
        """Write carrier and tracking numbers on the transfer before it is done."""
        if shipment is None:
            return
        values: dict[str, Any] = {}
        numbers = [shipment.tracking_number, *(package.tracking_number for package in shipment.packages)]
        tracking = ",".join(dict.fromkeys(filter(None, numbers)))
        if tracking and text(picking["carrier_tracking_ref"]) != tracking:
            values["carrier_tracking_ref"] = tracking
        carrier = self._data.carrier(shipment.service_level, shipment.carrier)
        if carrier is not None and related(picking["carrier_id"]) != carrier:
            values["carrier_id"] = carrier
        if values:
            await self._client.call("stock.picking", "write", ids=[picking["id"]], vals=values)

    # What is said --------------------------------------------------------------------------------------------

    async def _ack(self, picking: Mapping[str, Any]) -> dict[str, Any]:
        domain = [["backorder_id", "=", picking["id"]], ["state", "!=", "cancel"]]
        rest = await self._client.search_read("stock.picking", domain, ["name"], limit=1)
        name, id_ = text(picking["name"]), str(picking["id"])
        return {
            "transfer": name,
            "transfer_id": id_,
            "backorder": text(rest[0]["name"]) if rest else None,
            "backorder_id": str(rest[0]["id"]) if rest else None,
            "state": picking["state"],
            "references": [[f"{self._system}:transfer", name], [f"{self._system}:transfer_id", id_]],
        }

    # Nothing picked ------------------------------------------------------------------------------------------

    def _asked(self, picks: Picks, waiting: Sequence[Transfer]) -> list[Transfer]:
        """The open transfers that ask for a line of this confirmation; without lines, all of them."""
        lines = {picks.order_line(line) for line in picks.confirmation.lines} or set(picks.lines.values())
        return [one for one in waiting if not lines or any(related(move["sale_line_id"]) in lines for move in one.moves)]

    async def _nothing_picked(self, command: Command, picks: Picks, close_short: bool) -> Accepted:
        """A confirmation of nothing: closed short, the transfer is cancelled; otherwise it stays open and there is nothing to do."""
        asked = self._asked(picks, await self._open(order_id(command)))
        if not asked:
            return Accepted(self._empty([]), repeated=True)
        if not close_short:
            return Accepted(self._empty(asked))
        button = await pressed(self._client, "stock.picking", "action_cancel", [one.picking["id"] for one in asked])
        after = await self._client.read("stock.picking", [one.picking["id"] for one in asked], _PICKING)
        still = [text(row["name"]) for row in after.values() if row["state"] not in ("cancel", "done")]
        if still:
            raise button.failure(f"Odoo did not cancel {', '.join(still)}", transfers=still)
        return Accepted(self._empty([Transfer(row, ()) for row in after.values()]))

    def _empty(self, transfers: Sequence[Transfer]) -> dict[str, Any]:
        first = transfers[0].picking if transfers else {"name": "", "id": "", "state": "cancel"}
        return {
            "transfer": text(first["name"]),
            "transfer_id": str(first["id"]),
            "backorder": None,
            "backorder_id": None,
            "state": first["state"],
        }
