"""Placing a return on what was delivered: all of it or a refusal, never more of a lot than went out, whatever was asked for before."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.returns import ReturnTransfer
from crossdock.connectors.odoo.catalogue import Item
from crossdock.connectors.odoo.return_plan import Coming, delivered, place
from crossdock.connectors.odoo.sold_lines import Sold
from crossdock.core.errors import ReturnAboveDelivery, TargetRefused

LOTS = ("A", "B", "C")
quantities = st.integers(1, 6)
by_lot = st.dictionaries(st.sampled_from(LOTS), quantities, min_size=1, max_size=3)
wanted = st.lists(st.tuples(st.sampled_from((*LOTS, "")), quantities), min_size=1, max_size=4)


def move(id_: int) -> dict[str, Any]:
    return {"id": id_, "product_id": [1, "P"], "product_uom": [1, "Units"], "sale_line_id": False, "picking_id": [id_, "OUT"]}


def line(move_id: int, lot: str, quantity: int) -> dict[str, Any]:
    lot_id = [LOTS.index(lot) + 1, lot] if lot else False
    return {"move_id": [move_id, ""], "lot_id": lot_id, "quantity": float(quantity)}


@given(out=st.lists(by_lot, min_size=1, max_size=3), back=by_lot, asked=wanted)
def test_all_of_it_or_nothing_and_never_more_than_went_out(
    out: list[dict[str, int]], back: dict[str, int], asked: list[tuple[str, int]]
) -> None:
    moves = [move(at) for at in range(1, len(out) + 1)]
    lines = [line(at, lot, quantity) for at, lots in enumerate(out, 1) for lot, quantity in lots.items()]
    # what another return takes of the first move, as far as it went out
    taken = {lot: min(quantity, out[0][lot]) for lot, quantity in back.items() if lot in out[0]}
    returned = (
        [{"id": 99, "origin_returned_move_id": [1, ""], "product_uom_qty": float(sum(taken.values())), "state": "done"}]
        if taken
        else []
    )
    again = [line(99, lot, quantity) for lot, quantity in taken.items()]
    left: Counter[str] = Counter()
    for lots in out:
        left.update(lots)
    left.subtract(taken)
    transfer = ReturnTransfer.model_validate(
        {
            "return_number": "R",
            "receipt_number": "RR",
            "order_number": "1",
            "received_at": "2026-11-23T10:00:00+00:00",
            "lines": [
                {"number": str(at), "sku": "P", "quantity": {"value": quantity}, "destination": "stock", "lot": lot}
                for at, (lot, quantity) in enumerate(asked, 1)
            ],
        }
    )
    item = Item(1, "P", "P", 1, "lot")
    coming = Coming(transfer, Sold([{"name": "S1"}], []), {"P": item}, delivered(moves, lines, returned, again), {"stock": 5})
    try:
        parts = place(coming)
    except ReturnAboveDelivery:
        assert any(sum(q for lot, q in asked if lot in (one, "")) > left[one] for one in LOTS), "everything asked for was there"
        return
    except TargetRefused:
        lots_out = {lot for lots in out for lot in lots}
        assert any(not lot or lot not in lots_out for lot, _ in asked), "only an unnamed or a foreign lot is refused so"
        return
    assert sum(part.quantity for part in parts) == sum(quantity for _, quantity in asked)
    names = {index + 1: lot for index, lot in enumerate(LOTS)}
    of_lot: Counter[str] = Counter()
    for part in parts:
        assert part.quantity > 0 and part.lot is not None
        of_lot[names[part.lot]] += int(part.quantity)
    assert all(of_lot[lot] <= left[lot] for lot in of_lot)
    for lot, quantity in asked:
        assert not lot or of_lot[lot] >= quantity
