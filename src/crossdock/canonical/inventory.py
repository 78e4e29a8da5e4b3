"""Stock levels and their changes (UBL InventoryReport, GS1 EPCIS); knows no order."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.product import Sku
from crossdock.canonical.values import Quantity, UtcTime


class InventoryLevel(Canonical):
    """The quantity of one SKU at one location, absolute, as counted at `counted_at`.

    `book` is what the system of record had when it was compared: whoever corrects it leaves alone what has moved since.
    """

    schema_name = "inventory_level"
    schema_version = "1.1"

    sku: Sku
    location: str
    on_hand: Quantity
    available: Quantity | None = None
    book: Quantity | None = None
    lot: str = ""
    counted_at: UtcTime


class StockChange(Canonical):
    """Payload of `stock.changed`: new absolute levels, with the reason of the change."""

    schema_name = "stock_change"
    schema_version = "1.1"

    levels: Annotated[tuple[InventoryLevel, ...], Field(min_length=1)]
    reason: str = ""
    reference: str = ""
