"""How a `shop.stock` command is read for any web shop: what may be sold, in whole pieces; knows no shop."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal

from crossdock.canonical.inventory import InventoryLevel
from crossdock.connectors.document import parse
from crossdock.core.commands import Command


def levels_of(command: Command) -> list[InventoryLevel]:
    """The levels in the command. Raises `SchemaInvalid`."""
    return [parse(InventoryLevel, level, "levels") for level in command.data.get("levels", ())]


def sellable(level: InventoryLevel) -> Decimal:
    """What may be sold: what is available where the level says so, else what is on hand."""
    return (level.on_hand if level.available is None else level.available).value


def whole_pieces(shares: Iterable[Decimal]) -> int:
    """Several lots or places as one level: shops sell whole pieces, so the sum is rounded down."""
    return int(sum(shares, Decimal(0)).to_integral_value(ROUND_FLOOR))


def pieces_by_sku(command: Command) -> dict[str, int]:
    """The level of each SKU in whole pieces, its lots and places added up. Raises `SchemaInvalid`."""
    sums: dict[str, dict[tuple[str, str], Decimal]] = {}
    for level in levels_of(command):
        sums.setdefault(level.sku, {})[level.location, level.lot] = sellable(level)
    return {sku: whole_pieces(shares.values()) for sku, shares in sums.items()}
