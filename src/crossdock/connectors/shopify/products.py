"""Maps Shopify's product payloads to `product.changed`, one event per variant with a SKU; knows no order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crossdock.canonical.events import Event, Position
from crossdock.canonical.identifiers import Identifier, gs1_valid
from crossdock.canonical.product import Product
from crossdock.connectors.document import Node, Problems, microseconds

GRAM = Decimal("0.001")


def product_events(system: str, value: Any) -> list[Event]:
    """The variants of one product. Raises `SchemaInvalid`."""
    problems = Problems()
    product = Node(value, problems)
    if not isinstance(value, dict):
        problems.add("(document)", "must be an object")
    updated = product.time("updated_at", required=True)
    title, active = product.text("title", required=True), product.text("status") in ("", "active")
    found = []
    for variant in product.items("variants"):
        sku, variant_id = variant.text("sku", limit=128), variant.text("id", required=True, limit=64)
        grams, barcode, option = variant.decimal("grams"), variant.text("barcode"), variant.text("title")
        if sku:
            entry = problems.build(
                Product,
                variant.path,
                sku=sku,
                name=title if option in ("", "Default Title") else f"{title} - {option}",
                identifiers=(Identifier(scheme="gtin", value=barcode),) if gs1_valid("gtin", barcode) else (),
                weight_kg=None if grams is None else grams * GRAM,
                active=active,
            )
            found.append((variant_id, entry))
    if problems.found or updated is None:
        raise problems.refusal(f"product {title}")
    version = microseconds(updated)
    return [
        Event(
            id=f"{system}/product/{variant_id}/{version}",
            type="product.changed",
            source=system,
            key=f"product/{entry.sku}",
            data=entry,
            occurred_at=updated,
            position=Position(f"{system}/product/{variant_id}", version),
        )
        for variant_id, entry in found
        if entry is not None
    ]
