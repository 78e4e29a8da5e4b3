"""Which move lines a pick confirmation becomes: moves found, lots and serials assigned, substitutes told apart; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from crossdock.canonical.fulfilment import PickConfirmation, PickedLine
from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.tracked import Row, next_move, numbered, unnumbered
from crossdock.connectors.odoo.values import related, rounded
from crossdock.core.errors import TargetRefused


@dataclass(slots=True)
class PlannedLine:
    """One `stock.move.line` to make: `move` is None for a substitute, which gets a move of its own (`instead_of`: the ordered one)."""

    line: PickedLine
    item: Item
    quantity: Decimal
    unit: int
    move: Row | None
    lot: str = ""
    lot_id: int | None = None
    instead_of: Row | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """An open transfer as it is read: its moves, and the move lines Odoo reserved."""

    picking: Row
    moves: Sequence[Row]
    reserved: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Picks:
    """A confirmation with what is needed to place it: Odoo order line ids by line number, products by SKU, unit ids by Rec 20 code."""

    confirmation: PickConfirmation
    lines: Mapping[str, int]
    items: Mapping[str, Item]
    units: Mapping[str, int] = field(default_factory=dict)

    def order_line(self, line: PickedLine) -> int | None:
        """The Odoo order line a picked line belongs to."""
        return self.lines.get(line.number) or self.lines.get(line.order_line)


def shipped(picks: Picks) -> list[PickedLine]:
    """The lines something was picked for."""
    return [line for line in picks.confirmation.lines if line.quantity.value > 0]


def open_for(picks: Picks, transfers: Sequence[Transfer]) -> Transfer | None:
    """The oldest open transfer that asks for every picked line; None when there is none."""
    return next((transfer for transfer in transfers if all(_moves(picks, transfer, line) for line in shipped(picks))), None)


def _moves(picks: Picks, transfer: Transfer, line: PickedLine) -> list[Row]:
    """The moves of a transfer a picked line may belong to, substitutes included."""
    wanted = picks.order_line(line)
    moves = [move for move in transfer.moves if move["state"] not in ("done", "cancel")]
    if wanted is not None:
        return [move for move in moves if related(move["sale_line_id"]) == wanted]
    sku = line.substituted_for or line.sku
    return [move for move in moves if related(move["product_id"]) == picks.items[sku].id]


def place(picks: Picks, transfer: Transfer, reserved_lots: bool) -> list[PlannedLine]:
    """The move lines for a confirmation on this transfer.

    Raises `TargetRefused` for a line the transfer does not ask for, and for a tracked product without its lots or serials.
    """
    planned: list[PlannedLine] = []
    taken: dict[int, Decimal] = {}
    for line in shipped(picks):
        item = picks.items[line.sku]
        moves = _moves(picks, transfer, line)
        same = [move for move in moves if related(move["product_id"]) == item.id]
        if not same and not (moves and line.substituted_for):
            raise TargetRefused(
                f"{transfer.picking['name']} does not ask for {line.sku} on line {line.order_line or line.number}",
                transfer=transfer.picking["name"],
                sku=line.sku,
            )
        unit = picks.units.get(line.quantity.unit, item.uom)
        move = next_move(same, line.quantity.value, taken) if same else None
        for lot, quantity in _lots(line, item, move, transfer, reserved_lots):
            planned.append(PlannedLine(line, item, quantity, unit, move, lot, None, None if same else moves[0]))
    return planned


def _lots(line: PickedLine, item: Item, move: Row | None, transfer: Transfer, reserved: bool) -> list[tuple[str, Decimal]]:
    quantity = line.quantity.value
    found = numbered(line.sku, quantity, line.lot, line.serials, item)
    if not found and reserved and move is not None:
        found = _reserved(move, quantity, transfer) or []
    if not found:
        raise unnumbered(line.sku, item)
    return found


def _reserved(move: Row, quantity: Decimal, transfer: Transfer) -> list[tuple[str, Decimal]] | None:
    """The lots Odoo reserved for a move, as far as the quantity goes; None when they do not suffice."""
    left, found = quantity, []
    for row in transfer.reserved:
        if related(row["move_id"]) != move["id"] or not row["lot_id"] or left <= 0:
            continue
        part = min(left, rounded(row["quantity"], 6))
        found.append((str(row["lot_id"][1]), part))
        left -= part
    return found if not left else None
