"""Builds the documents that captured changes become: everything a mapping needs, read together, so that mapping asks nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from html import unescape
from typing import Any, Final

from crossdock.connectors.odoo.client import OdooClient, Row, exact
from crossdock.connectors.odoo.external_ids import ExternalIds
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.parties import Parties
from crossdock.connectors.odoo.places import Places
from crossdock.connectors.odoo.products_read import described
from crossdock.connectors.odoo.values import label, number, related, text

ORDER_FIELDS: Final = (
    "name",
    "state",
    "client_order_ref",
    "date_order",
    "commitment_date",
    "partner_id",
    "partner_shipping_id",
    "partner_invoice_id",
    "currency_id",
    "amount_tax",
    "amount_total",
    "order_line",
    "note",
    "picking_ids",
)
LINE_FIELDS: Final = (
    "order_id",
    "product_id",
    "name",
    "product_uom_qty",
    "product_uom_id",
    "price_unit",
    "discount",
    "price_subtotal",
    "price_tax",
    "is_delivery",
    "display_type",
)
TRANSFER_FIELDS: Final = (
    "name",
    "state",
    "sale_id",
    "backorder_id",
    "carrier_tracking_ref",
    "date_done",
    "picking_type_code",
    "move_line_ids",
)
PRODUCT_FIELDS: Final = ("default_code", "barcode", "name", "weight", "tracking", "list_price", "uom_id", "active")
TOLD_STATES: Final = ("sale", "done", "cancel")
"""Order states worth a message; drafts and quotations are nobody's business yet."""

_CUSTOMS: Final = ("hs_code", "country_of_origin")


@dataclass(frozen=True, slots=True)
class Document:
    """One document: `identity` names the record it is about, `written` is the latest write_date of what it was made of, `aside` are headers:
    what is told with it and is no content of it."""

    topic: str
    identity: str
    written: str
    body: dict[str, Any] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)


class Documents:
    """Reads documents from Odoo."""

    def __init__(self, client: OdooClient, data: MasterData, places: Places, parties: Parties) -> None:
        self._client = client
        self._data = data
        self._parties = parties
        self._places = places
        self._customs: tuple[str, ...] | None = None

    # Orders --------------------------------------------------------------------------------------------------

    async def orders(self, versions: Mapping[int, str], *, own_only: bool = False) -> list[Document]:
        """Orders by id, with the version each was noticed at. Orders of the hub are told in short, and whole when the option
        `report_edits` asks for what people change on them; without it, `own_only` leaves them out.
        """
        edits = self._client.options.report_edits
        users = await self._client.users() if edits else frozenset[int]()
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        keys = {id_: ids.key_of(xid) for id_, xid in (await self._client.external_ids("sale.order", list(versions))).items()}
        wanted = [id_ for id_ in versions if edits or not (own_only and keys.get(id_))]
        heads = await self._client.read("sale.order", wanted, [*ORDER_FIELDS, "write_date", "write_uid"])
        heads = {id_: head for id_, head in heads.items() if head["state"] in TOLD_STATES}
        full = [id_ for id_ in heads if edits or not keys.get(id_)]
        lines = await self._lines([line for id_ in full for line in heads[id_]["order_line"]])
        partners = await self._parties.read(
            related(heads[id_][name]) for id_ in full for name in ("partner_id", "partner_shipping_id", "partner_invoice_id")
        )
        found = []
        for id_, head in heads.items():
            own = [lines[line] for line in head["order_line"] if line in lines]
            written = max([versions[id_], head["write_date"], *(line["written"] for line in own)])
            body = {
                "id": id_,
                "key": keys.get(id_, ""),
                "name": text(head["name"]),
                "state": head["state"],
                "ordered_at": text(head["date_order"]),
                "currency": label(head["currency_id"]),
                "total": head["amount_total"],
                "shipped_from": bool(head["picking_ids"]),
            }
            if id_ in full:
                writers = {related(head["write_uid"]): head["write_date"]}
                for line in own:
                    writers[line["writer"]] = max(writers.get(line["writer"], ""), line["written"])
                latest = max(writers.values())
                body |= self._rest(head, own, partners)
                body["edited"] = not keys.get(id_) or not users.issuperset(who for who, at in writers.items() if at == latest)
            found.append(Document("order", f"sale.order,{id_}", written, body))
        return found

    def _rest(self, head: Row, lines: Sequence[Row], partners: Mapping[int, Row]) -> dict[str, Any]:
        return {
            "customer_reference": text(head["client_order_ref"]),
            "commitment_date": text(head["commitment_date"]),
            "tax": head["amount_tax"],
            "note": plain_text(text(head["note"])),
            "customer": partners.get(related(head["partner_id"]) or 0),
            "ship_to": partners.get(related(head["partner_shipping_id"]) or 0),
            "bill_to": partners.get(related(head["partner_invoice_id"]) or 0),
            "lines": [{name: value for name, value in line.items() if name not in ("written", "writer")} for line in lines],
        }

    async def _lines(self, ids: Sequence[int]) -> dict[int, Row]:
        rows = await self._client.read("sale.order.line", ids, [*LINE_FIELDS, "write_date", "write_uid"])
        products = await described(self._client, (related(row["product_id"]) for row in rows.values()))
        units = await self._data.unit_codes(unit for row in rows.values() if (unit := related(row["product_uom_id"])) is not None)
        return {
            id_: {
                "id": id_,
                "sku": products.get(related(row["product_id"]) or 0, {}).get("sku", ""),
                "type": products.get(related(row["product_id"]) or 0, {}).get("type", ""),
                "barcode": products.get(related(row["product_id"]) or 0, {}).get("barcode", ""),
                "name": text(row["name"]),
                "quantity": row["product_uom_qty"],
                "unit": units.get(related(row["product_uom_id"]) or 0, ""),
                "unit_name": label(row["product_uom_id"]),
                "price_unit": row["price_unit"],
                "discount": row["discount"],
                "subtotal": row["price_subtotal"],
                "tax": row["price_tax"],
                "freight": bool(row["is_delivery"]),
                "heading": bool(row["display_type"]),
                "written": row["write_date"],
                "writer": related(row["write_uid"]),
            }
            for id_, row in rows.items()
        }

    # Transfers -----------------------------------------------------------------------------------------------

    async def transfers(self, versions: Mapping[int, str]) -> list[Document]:
        """Transfers by id, with their moves as they were picked, and whether the hub picked them."""
        ids = ExternalIds(self._client.options.xid_prefix, await self._client.company())
        rows = await self._client.read("stock.picking", list(versions), TRANSFER_FIELDS)
        fields = ("picking_id", "product_id", "quantity", "product_uom_id", "lot_id", "result_package_id", "move_id")
        picked = await self._client.read(
            "stock.move.line", [line for row in rows.values() for line in row["move_line_ids"]], fields
        )
        xids = await self._client.external_ids("stock.move.line", list(picked))
        orders = {order for row in rows.values() if (order := related(row["sale_id"])) is not None}
        keys = {id_: ids.key_of(xid) for id_, xid in (await self._client.external_ids("sale.order", sorted(orders))).items()}
        products = await described(self._client, (related(line["product_id"]) for line in picked.values()))
        moves = await self._client.read(
            "stock.move",
            sorted({move for line in picked.values() if (move := related(line["move_id"])) is not None}),
            ["sale_line_id"],
        )
        units = await self._data.unit_codes(
            unit for line in picked.values() if (unit := related(line["product_uom_id"])) is not None
        )
        found = []
        for id_, row in rows.items():
            order = related(row["sale_id"])
            lines = [picked[line] for line in row["move_line_ids"] if line in picked]
            body = {
                "id": id_,
                "name": text(row["name"]),
                "state": row["state"],
                "type": row["picking_type_code"],
                "order_id": order,
                "order_name": label(row["sale_id"]),
                "order_key": keys.get(order or 0, ""),
                "backorder_of": label(row["backorder_id"]),
                "tracking": text(row["carrier_tracking_ref"]),
                "done_at": text(row["date_done"]),
                "by_hub": any(ids.made_here(xids.get(line["id"], "")) for line in lines),
                "lines": [
                    {
                        "id": line["id"],
                        "sku": products.get(related(line["product_id"]) or 0, {}).get("sku", ""),
                        "order_line": related(moves.get(related(line["move_id"]) or 0, {}).get("sale_line_id")),
                        "quantity": line["quantity"],
                        "unit": units.get(related(line["product_uom_id"]) or 0, ""),
                        "lot": label(line["lot_id"]),
                        "package": label(line["result_package_id"]),
                    }
                    for line in lines
                ],
            }
            found.append(Document("transfer", f"stock.picking,{id_}", versions[id_], body))
        return found

    # Stock ---------------------------------------------------------------------------------------------------

    async def stock(self, touched: Mapping[tuple[int, int], str]) -> list[Document]:
        """Levels of products at the places whose locations were touched: (product, location) -> version. Sums, never single quants."""
        names = await self._places.names(sorted({location for _, location in touched}))
        inside = await self._places.warehouse_of(sorted({location for _, location in touched}))
        wanted: dict[tuple[int, str], str] = {}
        for (product, location), version in touched.items():
            if location in inside and location in names:
                place = (product, names[location])
                wanted[place] = max(wanted.get(place, ""), version)
        if not wanted:
            return []
        ids = sorted({product for product, _ in wanted})
        products = await described(self._client, ids)
        domain = [["product_id", "in", ids], *await self._places.internal(self._client.options.warehouse)]
        rows = await self._client.sum_quants(domain, ("product_id", "location_id"))
        where = await self._places.names(sorted({related(row["location_id"]) or 0 for row in rows}))
        sums: dict[tuple[int, str], tuple[Decimal, Decimal]] = {}
        for row in rows:
            place = (related(row["product_id"]) or 0, where.get(related(row["location_id"]) or 0, ""))
            there, reserved = sums.get(place, (Decimal(0), Decimal(0)))
            sums[place] = (there + row["quantity"], reserved + row["reserved"])
        found = []
        for (product, name), version in sorted(wanted.items()):
            there, reserved = sums.get((product, name), (Decimal(0), Decimal(0)))
            body = {
                "product_id": product,
                "sku": products.get(product, {}).get("sku", ""),
                "location": name,
                "on_hand": number(there),
                "available": number(there - reserved),
            }
            found.append(Document("stock", f"product.product,{product},{name}", version, body))
        return found

    # Products ------------------------------------------------------------------------------------------------

    async def products(self, rows: Sequence[Row], versions: Mapping[int, str]) -> list[Document]:
        """Products as they were read, with customs data where Odoo keeps it."""
        if self._customs is None:
            known = await self._client.call("product.product", "fields_get", allfields=list(_CUSTOMS), attributes=["type"])
            self._customs = tuple(name for name in _CUSTOMS if name in known)
        extra = await self._client.read("product.product", list(versions), self._customs) if self._customs else {}
        units = await self._data.unit_codes(unit for row in rows if (unit := related(row["uom_id"])) is not None)
        origins = await self._data.country_codes(
            c for row in extra.values() if (c := related(row.get("country_of_origin"))) is not None
        )
        currency = await self._data.currency()
        names = self._client.options.sku_fields
        found = []
        for row in rows:
            if row["id"] not in versions:
                continue
            customs = extra.get(row["id"], {})
            body = {
                "id": row["id"],
                "sku": next((text(row[name]) for name in names if row[name]), ""),
                "barcode": text(row["barcode"]),
                "name": text(row["name"]),
                "tracking": text(row["tracking"]) or "none",
                "weight": exact(row["weight"]),
                "price": row["list_price"],
                "currency": currency,
                "unit": units.get(related(row["uom_id"]) or 0, ""),
                "hs_code": text(customs.get("hs_code")),
                "origin": origins.get(related(customs.get("country_of_origin")) or 0, ""),
                "active": bool(row["active"]),
            }
            found.append(Document("product", f"product.product,{row['id']}", versions[row["id"]], body))
        return found


def plain_text(html: str) -> str:
    """A note without its markup."""
    return unescape(re.sub(r"<[^>]+>", " ", html)).strip()
