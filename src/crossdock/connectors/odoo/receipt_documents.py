"""Builds the documents of incoming transfers that were done in Odoo: what was received of a purchase order, and who validated it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.documents import Document
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.values import label, related, text

RECEIPT_FIELDS: Final = ("name", "state", "purchase_id", "date_done", "picking_type_code", "move_line_ids")
_LINE: Final = ("picking_id", "product_id", "quantity", "product_uom_id", "lot_id", "move_id")
_EXPIRY: Final = "expiration_date"


class ReceiptDocuments:
    """Reads receipts from Odoo."""

    def __init__(self, client: OdooClient, data: MasterData) -> None:
        self._client = client
        self._data = data
        self._lot_fields: tuple[str, ...] = ()

    async def receipts(self, versions: Mapping[int, str]) -> list[Document]:
        """Done incoming transfers by id, with what they took in, and whether the hub validated them."""
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        heads = await self._client.read("stock.picking", list(versions), RECEIPT_FIELDS)
        heads = {id_: head for id_, head in heads.items() if head["state"] == "done" and head["purchase_id"]}
        lines = await self._client.read(
            "stock.move.line", [line for head in heads.values() for line in head["move_line_ids"]], _LINE
        )
        xids = await self._client.external_ids("stock.move.line", list(lines))
        moves = await self._client.read(
            "stock.move", _ids(row["move_id"] for row in lines.values()), ["purchase_line_id", "location_dest_id"]
        )
        skus = await self._skus(_ids(row["product_id"] for row in lines.values()))
        units = await self._data.unit_codes(_ids(row["product_uom_id"] for row in lines.values()))
        lots = await self._lots(_ids(row["lot_id"] for row in lines.values()))
        waiting = await self._waiting(_ids(head["purchase_id"] for head in heads.values()))
        found = []
        for id_, head in heads.items():
            own = [lines[line] for line in head["move_line_ids"] if line in lines]
            body = {
                "id": id_,
                "name": text(head["name"]),
                "order_id": related(head["purchase_id"]),
                "order_name": label(head["purchase_id"]),
                "done_at": text(head["date_done"]),
                "final": related(head["purchase_id"]) not in waiting,
                "by_hub": any(ids.made_here(xids.get(row["id"], "")) for row in own),
                "lines": [
                    {
                        "id": row["id"],
                        "sku": skus.get(related(row["product_id"]) or 0, ""),
                        "order_line": related(moves.get(related(row["move_id"]) or 0, {}).get("purchase_line_id")),
                        "quantity": row["quantity"],
                        "unit": units.get(related(row["product_uom_id"]) or 0, ""),
                        "unit_name": label(row["product_uom_id"]),
                        "lot": label(row["lot_id"]),
                        "expiry": lots.get(related(row["lot_id"]) or 0, ""),
                    }
                    for row in own
                ],
            }
            found.append(Document("receipt", f"stock.picking,{id_}", versions[id_], body))
        return found

    async def _skus(self, ids: list[int]) -> dict[int, str]:
        names = self._client.options.sku_fields
        rows = await self._client.read("product.product", ids, names)
        return {id_: next((text(row[name]) for name in names if row[name]), "") for id_, row in rows.items()}

    async def _lots(self, ids: list[int]) -> dict[int, str]:
        """When lots expire; nothing where the module `product_expiry` is not installed."""
        if not ids:
            return {}
        if not self._lot_fields:
            known = await self._client.call("stock.move.line", "fields_get", allfields=[_EXPIRY], attributes=["type"])
            self._lot_fields = ("name", _EXPIRY) if _EXPIRY in known else ("name",)
        rows: dict[int, Row] = await self._client.read("stock.lot", ids, self._lot_fields)
        return {id_: text(row.get(_EXPIRY)) for id_, row in rows.items()}

    async def _waiting(self, orders: list[int]) -> set[int | None]:
        """The orders of which something is still to come."""
        if not orders:
            return set()
        domain = [
            ["purchase_id", "in", orders],
            ["picking_type_code", "=", "incoming"],
            ["state", "not in", ["done", "cancel"]],
        ]
        return {related(row["purchase_id"]) for row in await self._client.search_read("stock.picking", domain, ["purchase_id"])}


def _ids(values: Iterable[object]) -> list[int]:
    return sorted({id_ for value in values if (id_ := related(value)) is not None})
