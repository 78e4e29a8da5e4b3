"""Stock levels and their changes (UBL InventoryReport, GS1 EPCIS); knows no order."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field

from crossdock.canonical.base import Canonical
from crossdock.canonical.product import Sku
from crossdock.canonical.values import Quantity, UtcTime

MovementCause = Literal["pick", "receipt", "transfer", "return", "count", "adjustment", "damage", "loss", "found"]
"""Why stock moved. The first four belong to a document (an order, a delivery, a return); the others belong to nothing but the goods."""
CAUSES: tuple[MovementCause, ...] = get_args(MovementCause)


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


class QuantityChange(Canonical):
    """By how much the stock of one SKU at one location became more, or less when the quantity is negative."""

    schema_name = "quantity_change"

    sku: Sku
    location: str
    quantity: Quantity
    lot: str = ""


class StockMovement(Canonical):
    """Payload of `stock.moved`: by how much stock changed and why (GS1 EPCIS: quantity and business step).

    A level says how much there is, and only the newest counts; a movement is a fact of its own, and each counts once, in whatever order
    they arrive. Locations are those of the books: bins that are one place there are added up.
    """

    schema_name = "stock_movement"

    changes: Annotated[tuple[QuantityChange, ...], Field(min_length=1)]
    cause: MovementCause
    reason: str = ""
    reference: str = ""
