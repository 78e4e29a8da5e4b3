"""Which moves and move lines a return becomes: delivered moves found, lots told apart, never more than was delivered; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.canonical.returns import ReturnTransfer, ReturnTransferLine
from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.client import exact
from crossdock.connectors.odoo.sold_lines import Sold
from crossdock.connectors.odoo.tracked import Row, numbered, unnumbered
from crossdock.connectors.odoo.values import number, related, text
from crossdock.core.errors import ReturnAboveDelivery, TargetRefused


@dataclass(slots=True)
class Delivered:
    """A done move to the customer: what of each lot (`""`: none) can still come back of it."""

    move: Row
    left: dict[str, Decimal]
    lot_ids: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Coming:
    """A return with what is needed to place it. `places` are location ids by destination, `units` unit ids by Rec 20 code."""

    transfer: ReturnTransfer
    sold: Sold
    items: Mapping[str, Item]
    delivered: Sequence[Delivered]
    places: Mapping[str, int]
    units: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """One move of the return, with one move line: `origin` is the delivered move it takes back."""

    line: ReturnTransferLine
    item: Item
    quantity: Decimal
    origin: Row
    lot: int | None
    target: int


def place(coming: Coming) -> list[Part]:
    """The parts of a return. Delivered moves are taken back oldest first, those of the lot where the warehouse named one.

    Raises `ReturnAboveDelivery` for more than was delivered, `TargetRefused` for a lot that was not and a tracked product without its lots.
    """
    parts: list[Part] = []
    for line in coming.transfer.lines:
        item = coming.items[line.sku]
        for lot, quantity in _lots(coming, line, item):
            parts += _take(coming, line, item, lot, quantity)
    return parts


def _moves(coming: Coming, line: ReturnTransferLine, item: Item) -> list[Delivered]:
    """The deliveries a line may come from: of its order line, else of its product; a substitute was delivered for its order line too."""
    moves = [one for one in coming.delivered if related(one.move["product_id"]) == item.id]
    if line.order_line:
        wanted = coming.sold.line(line.order_line, "").id
        moves = [one for one in moves if related(one.move["sale_line_id"]) == wanted]
    return moves


def _lots(coming: Coming, line: ReturnTransferLine, item: Item) -> list[tuple[str, Decimal]]:
    quantity = line.quantity.value
    found = numbered(line.sku, quantity, line.lot, line.serials, item)
    if not found:
        lots = {lot for one in _moves(coming, line, item) for lot, left in one.left.items() if left > 0}
        if len(lots) != 1:
            raise unnumbered(line.sku, item)
        found = [(next(iter(lots)), quantity)]  # only one lot went out: it is the one that comes back
    return found


def _take(coming: Coming, line: ReturnTransferLine, item: Item, lot: str, quantity: Decimal) -> list[Part]:
    moves = _moves(coming, line, item)
    if lot and moves and not any(lot in one.left for one in moves):
        raise TargetRefused(f"lot {lot} of {line.sku} was not delivered with {coming.sold.names}", sku=line.sku, lot=lot)
    unit = coming.units.get(line.quantity.unit)
    if unit and any(related(one.move["product_uom"]) != unit for one in moves):
        raise TargetRefused(f"{line.sku} was not delivered in {line.quantity.unit}", sku=line.sku, unit=line.quantity.unit)
    parts, open_ = [], quantity
    for one in moves:
        part = min(open_, one.left.get(lot, Decimal(0)))
        if part > 0:
            one.left[lot] -= part
            open_ -= part
            parts.append(Part(line, item, part, one.move, one.lot_ids.get(lot), coming.places[line.destination]))
    if open_ > 0:
        raise ReturnAboveDelivery(
            f"{number(quantity)} of {line.sku} to take back, {number(quantity - open_)} delivered and not yet returned",
            sku=line.sku,
            order_line=line.order_line,
            lot=lot,
            wanted=number(quantity),
            left=number(quantity - open_),
        )
    return parts


def delivered(moves: Sequence[Row], lines: Sequence[Row], returned: Sequence[Row], back: Sequence[Row]) -> list[Delivered]:
    """Done moves to customers with what is left of them.

    `lines` are their move lines, `returned` the moves that take them back (done or under way), `back` the move lines of those.
    """
    found = []
    for move in moves:
        left: dict[str, Decimal] = {}
        lots: dict[str, int] = {}
        for row in lines:
            if related(row["move_id"]) == move["id"]:
                lot = text(row["lot_id"][1]) if row["lot_id"] else ""
                left[lot] = left.get(lot, Decimal(0)) + exact(row["quantity"])
                if row["lot_id"]:
                    lots[lot] = int(row["lot_id"][0])
        for gone in returned:
            if related(gone["origin_returned_move_id"]) != move["id"]:
                continue
            own = [row for row in back if related(row["move_id"]) == gone["id"]]
            taken = sum((exact(row["quantity"]) for row in own), Decimal(0))
            for row in own:
                lot = text(row["lot_id"][1]) if row["lot_id"] else ""
                left[lot] = left.get(lot, Decimal(0)) - exact(row["quantity"])
            if not own:
                left = _less(left, exact(gone["product_uom_qty"]) - taken)
        found.append(Delivered(move, left, lots))
    return found


def _less(left: Mapping[str, Decimal], quantity: Decimal) -> dict[str, Decimal]:
    """What is left when a return under way does not say yet which lots it takes: those that were delivered first."""
    rest: dict[str, Decimal] = {}
    for lot, there in left.items():
        part = min(max(there, Decimal(0)), quantity)
        rest[lot] = there - part
        quantity -= part
    return rest
