"""Builds the documents that captured invoices and credit notes to customers become: heads, lines and the orders behind them; changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.documents import Document
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.order_rows import SHIPPING, line_number
from crossdock.connectors.odoo.parties import Parties
from crossdock.connectors.odoo.products_read import described
from crossdock.connectors.odoo.values import label, related, text

PAPER_FIELDS: Final = (
    "name",
    "state",
    "move_type",
    "partner_id",
    "currency_id",
    "amount_untaxed",
    "amount_tax",
    "amount_total",
    "amount_residual",
    "payment_state",
    "invoice_date",
    "invoice_date_due",
    "payment_reference",
    "reversed_entry_id",
    "invoice_line_ids",
)
CUSTOMERS: Final = ("move_type", "in", ["out_invoice", "out_refund"])
_LINE: Final = (
    "product_id",
    "name",
    "quantity",
    "product_uom_id",
    "price_unit",
    "discount",
    "price_subtotal",
    "price_total",
    "sale_line_ids",
    "display_type",
)


class PaperDocuments:
    """Reads customers' papers from Odoo."""

    def __init__(self, client: OdooClient, data: MasterData, parties: Parties) -> None:
        self._client = client
        self._data = data
        self._parties = parties

    async def papers(self, versions: Mapping[int, str]) -> list[Document]:
        """Papers by id, with the version each was noticed at."""
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        heads = await self._client.read("account.move", list(versions), [*PAPER_FIELDS, "create_date"])
        xids = await self._client.external_ids("account.move", list(heads))
        rows = await self._client.read(
            "account.move.line", [line for head in heads.values() for line in head["invoice_line_ids"]], _LINE
        )
        sold, orders = await self._sold(ids, rows)
        lines = await self._lines(rows, sold)
        parties = await self._parties.read(related(head["partner_id"]) for head in heads.values())
        reversed_ids = [id_ for head in heads.values() if (id_ := related(head["reversed_entry_id"])) is not None]
        reversed_ = await self._client.read("account.move", sorted(set(reversed_ids)), ["name"])
        found = []
        for id_, head in heads.items():
            own = [line for line in head["invoice_line_ids"] if line in lines]
            behind = {sold[line]["order"] for row in own for line in rows[row]["sale_line_ids"] if line in sold}
            taken = reversed_.get(related(head["reversed_entry_id"]) or 0)
            body = {
                "id": id_,
                "wish": ids.request_of(xids.get(id_, "")),
                "name": text(head["name"]),
                "kind": head["move_type"],
                "state": head["state"],
                "payment_state": head["payment_state"],
                "currency": label(head["currency_id"]),
                "untaxed": head["amount_untaxed"],
                "tax": head["amount_tax"],
                "total": head["amount_total"],
                "residual": head["amount_residual"],
                "created_at": text(head["create_date"]),
                "date": text(head["invoice_date"]),
                "due": text(head["invoice_date_due"]),
                "reference": text(head["payment_reference"]),
                "reverses": text(taken["name"]) if taken else "",
                "customer": parties.get(related(head["partner_id"]) or 0),
                "orders": [orders[order] for order in sorted(behind) if order in orders],
                "lines": [lines[line] for line in own],
            }
            found.append(Document("invoice", f"account.move,{id_}", versions[id_], body))
        return found

    async def _sold(
        self, ids: ExternalIds, rows: Mapping[int, Row]
    ) -> tuple[dict[int, dict[str, Any]], dict[int, dict[str, Any]]]:
        """The order lines behind paper lines (the hub's number of each), and their orders (the hub's key of each)."""
        wanted = sorted({line for row in rows.values() for line in row["sale_line_ids"]})
        found = await self._client.read("sale.order.line", wanted, ["order_id", "is_delivery"])
        xids = await self._client.external_ids("sale.order.line", list(found))
        sold = {}
        for id_, row in found.items():
            key = ids.line_of(xids.get(id_, ""))
            freight = bool(row["is_delivery"]) or key == SHIPPING
            sold[id_] = {"order": related(row["order_id"]) or 0, "number": line_number(key), "freight": freight}
        names = {related(row["order_id"]) or 0: label(row["order_id"]) for row in found.values()}
        keys = await self._client.external_ids("sale.order", sorted(names))
        return sold, {id_: {"id": id_, "name": name, "key": ids.key_of(keys.get(id_, ""))} for id_, name in names.items()}

    async def _lines(self, rows: Mapping[int, Row], sold: Mapping[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
        products = await described(self._client, (related(row["product_id"]) for row in rows.values()))
        units = await self._data.unit_codes(unit for row in rows.values() if (unit := related(row["product_uom_id"])) is not None)
        found = {}
        for id_, row in rows.items():
            if row["display_type"] not in ("product", False):
                continue  # headings and notes are for people
            line = next((sold[each] for each in row["sale_line_ids"] if each in sold), None)
            product = products.get(related(row["product_id"]) or 0, {"sku": ""})
            kind = "freight" if line and line["freight"] else "goods" if line else "other"
            found[id_] = {
                "id": id_,
                "order_line": (line["number"] or str(row["sale_line_ids"][0])) if line else "",
                "sku": product["sku"],
                "name": text(row["name"]),
                "kind": kind,
                "quantity": row["quantity"],
                "unit": units.get(related(row["product_uom_id"]) or 0, "") or ("C62" if not row["product_uom_id"] else ""),
                "unit_name": label(row["product_uom_id"]),
                "price_unit": row["price_unit"],
                "discount": row["discount"],
                "subtotal": row["price_subtotal"],
                "gross": row["price_total"],
            }
        return found
