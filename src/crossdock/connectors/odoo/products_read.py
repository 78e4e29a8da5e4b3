"""Products by their ids, as documents name them: SKU, barcode, type; the way back from an id, where the catalogue goes from SKU to id."""

from __future__ import annotations

from collections.abc import Iterable

from crossdock.connectors.odoo.client import OdooClient, Row
from crossdock.connectors.odoo.values import related, text


async def described(client: OdooClient, ids: Iterable[int | None]) -> dict[int, Row]:
    """`{"id", "sku", "barcode", "type", "template"}` by product id; a product that is gone is absent."""
    names = client.options.sku_fields
    fields = [*dict.fromkeys([*names, "barcode"]), "type", "product_tmpl_id"]
    rows = await client.read("product.product", sorted({id_ for id_ in ids if id_ is not None}), fields)
    return {
        id_: {
            "id": id_,
            "sku": next((text(row[name]) for name in names if row[name]), ""),
            "barcode": text(row["barcode"]),
            "type": text(row["type"]),
            "template": related(row["product_tmpl_id"]) or 0,
        }
        for id_, row in rows.items()
    }
