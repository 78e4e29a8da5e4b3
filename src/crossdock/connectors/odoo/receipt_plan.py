"""Which move lines a receipt becomes: moves of open incoming transfers found, lots and serials told apart; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crossdock.canonical.receipt import ReceiptAdvice, ReceiptLine
from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.tracked import Row, next_move, numbered, unnumbered
from crossdock.connectors.odoo.values import number, related
from crossdock.core.errors import TargetRefused


@dataclass(frozen=True, slots=True)
class Incoming:
    """A receipt with what is needed to place it: products by SKU, unit ids by Rec 20 code, Odoo's moves of open transfers, oldest first.

    `damaged` is the location damaged goods go to, None when they are not taken in.
    """

    receipt: ReceiptAdvice
    items: Mapping[str, Item]
    units: Mapping[str, int]
    moves: Sequence[Row]
    damaged: int | None = None

    def taken(self) -> list[ReceiptLine]:
        """The lines whose goods go into stock."""
        return [line for line in self.receipt.lines if line.quantity.value > 0 and self._enters(line)]

    def left_out(self) -> list[dict[str, str]]:
        """The lines whose goods do not, as differences between what came and what is booked."""
        return [
            {"field": f"lines.{line.number}.{line.condition}", "expected": number(line.quantity.value), "found": "0"}
            for line in self.receipt.lines
            if line.quantity.value > 0 and not self._enters(line)
        ]

    def _enters(self, line: ReceiptLine) -> bool:
        return line.condition == "good" or (line.condition == "damaged" and self.damaged is not None)


@dataclass(slots=True)
class PlannedReceipt:
    """One `stock.move.line` to make."""

    line: ReceiptLine
    item: Item
    quantity: Decimal
    unit: int
    move: Row
    target: int
    lot: str = ""
    expiry: date | None = None


def place(incoming: Incoming) -> list[PlannedReceipt]:
    """The move lines for a receipt. More than ordered goes to the line's last open move, as Odoo itself takes it.

    Raises `TargetRefused` for goods no open transfer asks for, and for a tracked product without its lots or serials.
    """
    planned: list[PlannedReceipt] = []
    taken: dict[int, Decimal] = {}
    for line in incoming.taken():
        item = incoming.items[line.sku]
        move = _move_for(incoming, line, item, taken)
        unit = incoming.units.get(line.quantity.unit, item.uom)
        good = line.condition == "good"
        target = (related(move["location_dest_id"]) if good else incoming.damaged) or 0
        for lot, quantity in _lots(line, item):
            planned.append(
                PlannedReceipt(line, item, quantity, unit, move, target, lot, (line.expiry or line.best_before) if lot else None)
            )
    return planned


def _move_for(incoming: Incoming, line: ReceiptLine, item: Item, taken: dict[int, Decimal]) -> Row:
    """The first move of the ordered line (or of the product) that still wants something, else the last."""
    wanted = int(line.order_line) if line.order_line.isascii() and line.order_line.isdigit() else None
    asked = [move for move in incoming.moves if wanted is not None and related(move["purchase_line_id"]) == wanted]
    found = [move for move in asked or incoming.moves if related(move["product_id"]) == item.id]
    if not found or (wanted is not None and not asked):
        told = f" on line {line.order_line}" if line.order_line else ""
        raise TargetRefused(
            f"no open transfer of this purchase order asks for {line.sku}{told}", sku=line.sku, order_line=line.order_line
        )
    return next_move(found, line.quantity.value, taken)


def _lots(line: ReceiptLine, item: Item) -> list[tuple[str, Decimal]]:
    found = numbered(line.sku, line.quantity.value, line.lot, line.serials, item)
    if not found:
        raise unnumbered(line.sku, item)
    return found
