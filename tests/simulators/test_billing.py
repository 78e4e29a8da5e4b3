"""The oracle of invoices sees one that was posted before the carrier had the goods, one of another sum, and one of too much."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crossdock.simulators.billing import Billing
from crossdock.simulators.server import Effect


def world(*, posted_at: float = 20.0, picked_up_at: float = 10.0, total: float = 23.8, pieces: float = 2.0) -> Billing:
    """One order of two pieces for 23.80, shipped in one transfer and billed."""

    def table(*rows: dict[str, Any]) -> SimpleNamespace:
        return SimpleNamespace(rows={row["id"]: row for row in rows})

    line = {
        "id": 5, "order_id": 1, "product_id": 7, "product_uom_qty": 2.0, "qty_delivered": 2.0, "price_total": 23.8, "price_unit": 10.0,
    }  # fmt: skip
    tables = {
        "sale.order": table({"id": 1, "client_order_ref": "1001", "name": "S1", "amount_total": 23.8}),
        "sale.order.line": table(line),
        "product.product": table({"id": 7, "product_tmpl_id": 8}),
        "product.template": table({"id": 8, "type": "consu"}),
        "account.move": table({"id": 3, "name": "INV/1", "state": "posted", "amount_total": total, "move_type": "out_invoice"}),
        "account.move.line": table({"id": 4, "move_id": 3, "sale_line_ids": [5], "quantity": pieces, "price_total": total}),
        "stock.picking": table({"id": 6, "carrier_tracking_ref": "W1", "sale_id": 1}),
        "stock.move": table({"id": 9, "sale_line_id": 5, "state": "done", "picking_id": 6, "origin_returned_move_id": False}),
        "stock.move.line": table({"id": 10, "move_id": 9, "quantity": 2.0}),
    }
    effects = [Effect(posted_at, "invoice_posted", "INV/1", "", {"id": 3, "type": "out_invoice"})]
    odoo = SimpleNamespace(
        store=SimpleNamespace(tables=tables), effects_of=lambda kind: effects if kind == "invoice_posted" else []
    )
    consignment = SimpleNamespace(pieces=())
    carrier = SimpleNamespace(
        consignments={"W1": consignment}, scanned=lambda one: [("booked", 1.0), ("picked_up", picked_up_at)]
    )
    return Billing(cast("Any", odoo), [cast("Any", carrier)])


def test_what_is_right_is_found_right() -> None:
    billing = world()
    assert billing.before_ready() == [] == billing.twice()
    assert billing.differences({"1001": Decimal("23.81")}) == {}


def test_an_invoice_before_the_carrier_had_the_goods_is_early() -> None:
    assert world(picked_up_at=30.0).before_ready() == ["INV/1: 2.0 billed when the carrier had 0"]


@pytest.mark.parametrize(("total", "apart"), [(23.79, "-0.01"), (30.0, "6.20")])
def test_another_sum_is_a_difference_to_the_cent(total: float, apart: str) -> None:
    assert world(total=total).differences({"1001": Decimal("23.80")}) == {"1001": Decimal(apart)}


def test_more_than_was_delivered_is_billed_twice() -> None:
    assert world(pieces=4.0).twice() == ["odoo line 5: 4.0 billed of 2.0 delivered"]
