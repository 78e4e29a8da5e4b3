"""Builds the documents that captured purchase orders become: everything their mapping needs, read together; changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.documents import Document, plain_text
from crossdock.connectors.odoo.master_data import MasterData
from crossdock.connectors.odoo.parties import Parties
from crossdock.connectors.odoo.products_read import described
from crossdock.connectors.odoo.values import label, related, text

PURCHASE_FIELDS: Final = (
    "name",
    "state",
    "partner_id",
    "partner_ref",
    "origin",
    "date_order",
    "date_approve",
    "date_planned",
    "currency_id",
    "amount_tax",
    "amount_total",
    "order_line",
    "note",
    "picking_type_id",
    "dest_address_id",
    "incoterm_id",
    "payment_term_id",
)
PURCHASE_LINE_FIELDS: Final = (
    "order_id",
    "product_id",
    "name",
    "product_qty",
    "product_uom_id",
    "price_unit",
    "discount",
    "price_subtotal",
    "date_planned",
    "display_type",
)
"""What counts as a line's content; what was received and billed does not, or every receipt would look like a change of the order."""

CONFIRMED: Final = ("purchase", "done")
"""States of a confirmed purchase order; `done` is a locked one before Odoo 19."""
TOLD: Final = (*CONFIRMED, "cancel")
WRITTEN_BY: Final = "written-by"


class PurchaseDocuments:
    """Reads purchase orders from Odoo."""

    def __init__(self, client: OdooClient, data: MasterData, parties: Parties) -> None:
        self._client = client
        self._data = data
        self._parties = parties

    async def orders(self, versions: Mapping[int, str]) -> list[Document]:
        """Purchase orders by id, with the version each was noticed at. The header `written-by` says that the hub's key wrote last: a hint and
        no more, because the receipt of goods writes too.
        """
        users = await self._client.users()
        heads = await self._client.read("purchase.order", list(versions), [*PURCHASE_FIELDS, "write_date", "write_uid"])
        heads = {id_: head for id_, head in heads.items() if head["state"] in TOLD and head["date_approve"]}
        if not heads:
            return []
        sellers = await self._sellers(related(head["partner_id"]) for head in heads.values())
        lines = await self._lines(heads, sellers)
        warehouses = await self._warehouses(related(head["picking_type_id"]) for head in heads.values())
        company = await self._company()
        parties = await self._parties.read(
            [company, *sellers.values()]
            + [related(head[name]) for head in heads.values() for name in ("partner_id", "dest_address_id")]
            + [address for _, address in warehouses.values()]
        )
        incoterms = await self._incoterms(related(head["incoterm_id"]) for head in heads.values())
        found = []
        for id_, head in heads.items():
            own = [lines[line] for line in head["order_line"] if line in lines]
            written = max([versions[id_], head["write_date"], *(line["written"] for line in own)])
            latest = max([head["write_date"], *(line["written"] for line in own)])
            writers = {line["writer"] for line in own if line["written"] == latest}
            writers |= {related(head["write_uid"])} if head["write_date"] == latest else set()
            code, address = warehouses.get(related(head["picking_type_id"]) or 0, ("", None))
            body = {
                "id": id_,
                "name": text(head["name"]),
                "state": head["state"],
                "ordered_at": text(head["date_order"]),
                "confirmed_at": text(head["date_approve"]),
                "planned": text(head["date_planned"]),
                "currency": label(head["currency_id"]),
                "tax": head["amount_tax"],
                "total": head["amount_total"],
                "supplier_order_number": text(head["partner_ref"]),
                "origin": text(head["origin"]),
                "incoterm": incoterms.get(related(head["incoterm_id"]) or 0, ""),
                "payment_terms": label(head["payment_term_id"]),
                "warehouse": code,
                "note": plain_text(text(head["note"])),
                "supplier": _of_company(parties, related(head["partner_id"]) or 0, sellers),
                "buyer": parties.get(company),
                "ship_to": parties.get(related(head["dest_address_id"]) or address or company),
                "lines": [{name: value for name, value in line.items() if name not in ("written", "writer")} for line in own],
            }
            aside = {WRITTEN_BY: "hub"} if users.issuperset(writers) else {}
            found.append(Document("purchase", f"purchase.order,{id_}", written, body, aside))
        return found

    async def _sellers(self, partners: Iterable[int | None]) -> dict[int, int]:
        """The company behind each contact an order was placed with."""
        wanted = sorted({id_ for id_ in partners if id_ is not None})
        rows = await self._client.read("res.partner", wanted, ["commercial_partner_id"])
        return {id_: related(row["commercial_partner_id"]) or id_ for id_, row in rows.items()}

    async def _lines(self, heads: Mapping[int, Row], sellers: Mapping[int, int]) -> dict[int, Row]:
        ids = [line for head in heads.values() for line in head["order_line"]]
        rows = await self._client.read("purchase.order.line", ids, [*PURCHASE_LINE_FIELDS, "write_date", "write_uid"])
        vendors = {id_: related(head["partner_id"]) or 0 for id_, head in heads.items()}
        products = await described(self._client, (related(row["product_id"]) for row in rows.values()))
        known = set(vendors.values()) | {sellers[vendor] for vendor in vendors.values() if vendor in sellers}
        theirs = await self._their_numbers(known, {p["template"] for p in products.values()})
        units = await self._data.unit_codes(unit for row in rows.values() if (unit := related(row["product_uom_id"])) is not None)
        found = {}
        for id_, row in rows.items():
            if row["display_type"] or not row["product_id"]:
                continue  # headings and notes are for people
            product = products.get(related(row["product_id"]) or 0, {})
            vendor = vendors.get(related(row["order_id"]) or 0, 0)
            places = [
                (who, what)
                for who in (vendor, sellers.get(vendor, vendor))
                for what in (product.get("id", 0), -product.get("template", 0))
            ]
            number, name = next((theirs[place] for place in places if place in theirs), ("", ""))
            found[id_] = {
                "id": id_,
                "sku": product.get("sku", ""),
                "barcode": product.get("barcode", ""),
                "type": product.get("type", ""),
                "supplier_sku": number,
                "supplier_name": name,
                "name": text(row["name"]),
                "quantity": row["product_qty"],
                "unit": units.get(related(row["product_uom_id"]) or 0, ""),
                "unit_name": label(row["product_uom_id"]),
                "price_unit": row["price_unit"],
                "discount": row["discount"],
                "subtotal": row["price_subtotal"],
                "planned": text(row["date_planned"]),
                "written": row["write_date"],
                "writer": related(row["write_uid"]),
            }
        return found

    async def _their_numbers(self, vendors: set[int], templates: set[int]) -> dict[tuple[int, int], tuple[str, str]]:
        """The vendors' own numbers and names: (vendor, product id) or, for all variants, (vendor, minus the template's id)."""
        if not vendors or not templates:
            return {}
        domain = [["partner_id", "in", sorted(vendors)], ["product_tmpl_id", "in", sorted(templates)]]
        fields = ("partner_id", "product_tmpl_id", "product_id", "product_code", "product_name")
        found: dict[tuple[int, int], tuple[str, str]] = {}
        for row in await self._client.search_read("product.supplierinfo", domain, fields, order="sequence, id"):
            place = related(row["product_id"]) or -(related(row["product_tmpl_id"]) or 0)
            if row["product_code"] or row["product_name"]:
                found.setdefault((related(row["partner_id"]) or 0, place), (text(row["product_code"]), text(row["product_name"])))
        return found

    async def _warehouses(self, types: Iterable[int | None]) -> dict[int, tuple[str, int | None]]:
        """Code and address of the warehouse each operation type receives for."""
        wanted = sorted({id_ for id_ in types if id_ is not None})
        rows = await self._client.read("stock.picking.type", wanted, ["warehouse_id"])
        houses = sorted({house for row in rows.values() if (house := related(row["warehouse_id"])) is not None})
        known = await self._client.read("stock.warehouse", houses, ["code", "partner_id"])
        return {
            id_: (text(known[house]["code"]), related(known[house]["partner_id"]))
            for id_, row in rows.items()
            if (house := related(row["warehouse_id"])) in known and house is not None
        }

    async def _incoterms(self, ids: Iterable[int | None]) -> dict[int, str]:
        wanted = sorted({id_ for id_ in ids if id_ is not None})
        return {id_: text(row["code"]) for id_, row in (await self._client.read("account.incoterms", wanted, ["code"])).items()}

    async def _company(self) -> int:
        row = await self._client.read_one("res.company", await self._client.company(), ["partner_id"])
        return related(row["partner_id"]) or 0


def _of_company(parties: Mapping[int, Row], partner: int, sellers: Mapping[int, int]) -> Row | None:
    """A supplier's contact with the reference and tax number of its company where it has none of its own."""
    contact, company = parties.get(partner), parties.get(sellers.get(partner, partner))
    if contact is None or company is None:
        return contact
    return {**contact, **{name: contact[name] or company[name] for name in ("ref", "vat")}}


def lines_of(rows: Sequence[Row], versions: Mapping[int, str]) -> dict[int, str]:
    """The purchase orders that changed lines belong to, each with the latest version."""
    orders: dict[int, str] = {}
    for row in rows:
        order = related(row["order_id"])
        if row["id"] in versions and order is not None:
            orders[order] = max(orders.get(order, ""), versions[row["id"]])
    return orders
