"""Products and what customs and logistics need to know of them (UBL Item); knows no stock."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.identifiers import Identifier
from crossdock.canonical.values import CountryCode, ExactDecimal, Money, UnitCode

Sku = Annotated[str, Field(min_length=1, max_length=128)]


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
