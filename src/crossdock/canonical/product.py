"""Products and what customs and logistics need to know of them (UBL Item); knows no stock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.values import CountryCode, ExactDecimal, Money, UnitCode

Sku = Annotated[str, Field(min_length=1, max_length=128)]


class TradedItem(Canonical):
    """How a line of a business document names its item (UBL cac:Item): by the buyer's number, the supplier's, the GTIN, or several.

    `sku` is the buyer's number (BT-156, X12 `BP`/`IN`, EDIFACT `BP`/`IN`), `supplier_sku` the seller's (BT-155, `VP`/`VN`, `SA`), `gtin`
    BT-157 (`UP`, `UK`, `EN`, `SRV`), `name` BT-153, `description` BT-154, `identifiers` whatever else there is (`x12:mg`).
    """

    sku: Annotated[str, Field(max_length=128)] = ""
    supplier_sku: Annotated[str, Field(max_length=128)] = ""
    gtin: Annotated[str, Field(max_length=14)] = ""
    name: str = ""
    description: str = ""
    identifiers: tuple[Identifier, ...] = ()


class Product(Canonical):
    """A product by its SKU in the system that owns products."""

    schema_name = "product"

    sku: Sku
    name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    unit: UnitCode = "C62"
    tracking: Annotated[str, Field(pattern="^(none|lot|serial)$")] = "none"
    weight_kg: ExactDecimal | None = None
    price: Money | None = None
    hs_code: str = ""
    origin_country: CountryCode | None = None
    active: bool = True
