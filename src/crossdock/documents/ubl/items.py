"""How UBL lines name their item, and its lots, to and from canonical objects; knows no document type."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.product import TradedItem
from crossdock.canonical.values import Money, Quantity
from crossdock.documents.drafts import Draft
from crossdock.documents.reading import gtin_or_none
from crossdock.documents.ubl.building import Leaf, Part, Parts, amount, plain
from crossdock.documents.ubl.elements import Node, identifier


def read_item(node: Node | None) -> Draft:
    """`cac:Item` as the fields of a `TradedItem`. A GTIN with a wrong check digit stays as an identifier of its scheme."""
    if node is None:
        return {}
    reading = node.reading
    standard = node.first("cac:StandardItemIdentification/cbc:ID")
    gtin = (
        gtin_or_none(standard.content)
        if standard is not None and standard.attribute("schemeID") in ("0160", "", "GTIN", "EAN")
        else None
    )
    others = [
        each
        for part in (
            *([standard] if standard is not None and gtin is None else []),
            *node.all("cac:AdditionalItemIdentification/cbc:ID"),
            *node.all("cac:ManufacturersItemIdentification/cbc:ID"),
        )
        if (each := identifier(part, "ubl:item")) is not None
    ]
    buyers = node.text("cac:BuyersItemIdentification/cbc:ID")
    return {
        "sku": reading.code("skus", buyers, node)[:128] if buyers else "",
        "supplier_sku": node.text("cac:SellersItemIdentification/cbc:ID")[:128],
        "gtin": gtin or "",
        "name": node.text("cbc:Name"),
        "description": node.texts("cbc:Description"),
        "identifiers": others,
    }


def write_item(item: TradedItem, *rest: Part) -> Parts:
    """A `TradedItem` as `cac:Item`; `rest` follows the identifications (tax category, instance)."""
    return [
        ("cbc:Description", item.description),
        ("cbc:Name", item.name or item.supplier_sku or item.sku or item.gtin),
        ("cac:BuyersItemIdentification", [("cbc:ID", item.sku)]),
        ("cac:SellersItemIdentification", [("cbc:ID", item.supplier_sku)]),
        ("cac:StandardItemIdentification", [("cbc:ID", Leaf(item.gtin, {"schemeID": "0160"}) if item.gtin else None)]),
        *rest,
    ]


def read_price(node: Node | None, currency: str) -> Draft:
    """`cac:Price` as `unit_price` and `price_base`."""
    if node is None:
        return {}
    base = node.quantity("cbc:BaseQuantity")
    return {"unit_price": node.money("cbc:PriceAmount", currency), "price_base": None if base is None else base["value"]}


def write_price(price: Money | None, base: Decimal | None, quantity: Quantity | None, *rest: Part) -> Parts:
    """A price as `cac:Price`; its base quantity is in the line's unit."""
    if price is None:
        return []
    unit = {"unitCode": quantity.unit} if quantity is not None else {}
    return [("cbc:PriceAmount", amount(price)), ("cbc:BaseQuantity", None if base is None else Leaf(plain(base), unit)), *rest]
