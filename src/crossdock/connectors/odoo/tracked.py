"""What plans of transfers share, in and out: the move a counted line belongs to, and its lots and serials told apart; pure."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from decimal import Decimal
from typing import Any

from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.values import number, rounded
from crossdock.core.errors import TargetRefused

Row = Mapping[str, Any]


def next_move(moves: Sequence[Row], quantity: Decimal, taken: MutableMapping[int, Decimal]) -> Row:
    """The first of the moves that still wants something, else the last (more was counted than asked); `taken` keeps account."""
    for move in moves:
        if taken.get(move["id"], Decimal(0)) < rounded(move["product_uom_qty"], 6):
            break
    taken[move["id"]] = taken.get(move["id"], Decimal(0)) + quantity
    return move


def numbered(sku: str, quantity: Decimal, lot: str, serials: Sequence[str], item: Item) -> list[tuple[str, Decimal]]:
    """A line's quantity by lot or serial, `""` where the product is not tracked; empty when a tracked product comes without.

    Raises `TargetRefused` when there are not as many serials as pieces.
    """
    if item.tracking == "none":
        return [("", quantity)]
    given = list(serials) or ([lot] if lot and quantity == 1 else [])
    if item.tracking == "serial" and given:
        if len(given) != quantity or len(set(given)) != len(given):
            raise TargetRefused(f"{sku}: {len(set(given))} serial numbers for {number(quantity)} pieces", sku=sku)
        return [(serial, Decimal(1)) for serial in given]
    return [(lot, quantity)] if item.tracking == "lot" and lot else []


def unnumbered(sku: str, item: Item) -> TargetRefused:
    """Why a tracked product cannot be booked without its lot or serials."""
    return TargetRefused(
        f"the warehouse gave no {item.tracking} number for {sku}, which Odoo tracks by {item.tracking}",
        sku=sku,
        tracking=item.tracking,
    )
