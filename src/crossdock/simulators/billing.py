"""An oracle of customers' invoices in the demo world: posted too early, for too much, or for another sum than the customer owes.

It reads only what the simulated Odoo, the carriers and the shops recorded; it knows nothing of the hub's ledger.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from crossdock.simulators.carrier.consignments import Carrier
from crossdock.simulators.odoo import Odoo

ZERO: Final = Decimal(0)
ROUNDING: Final = Decimal("0.02")
ROUNDING_PER_LINE: Final = Decimal("0.005")
"""By how much an order's total in Odoo may differ from the shop's for no other reason than rounding."""
_REFERENCE: Final = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class Posted:
    """One invoice of an order that was posted: when, its sum with tax, and the pieces it bills by order line."""

    id: int
    name: str
    order: int
    at: float
    total: Decimal
    pieces: Mapping[int, Decimal]


class Billing:
    """What was billed. `step` is the scan of a carrier after which goods may be billed."""

    def __init__(self, odoo: Odoo, carriers: Sequence[Carrier], step: str = "picked_up") -> None:
        self._odoo = odoo
        self._carriers = carriers
        self._step = step

    def before_ready(self) -> list[str]:
        """Invoices that were posted before the carrier had what they bill."""
        handed = self._handed_over()
        billed: dict[int, Decimal] = {}
        found = []
        for one in sorted(self._posted(), key=lambda each: each.at):
            early = ""
            for line, pieces in one.pieces.items():
                billed[line] = billed.get(line, ZERO) + pieces
                gone = sum((some for at, some in handed.get(line, ()) if at <= one.at), ZERO)
                if billed[line] > gone:
                    early = f"{one.name}: {billed[line]} billed when the carrier had {gone}"
            found += [early] if early else []
        return found

    def twice(self) -> list[str]:
        """Order lines of which more was billed than was delivered, and requests of which there are two invoices."""
        lines = self._odoo.store.tables["sale.order.line"].rows
        goods, back = self._goods(), self._returned()
        total: dict[int, Decimal] = {}
        for one in self._posted():
            for line, pieces in one.pieces.items():
                total[line] = total.get(line, ZERO) + pieces
        sent = {line: _exact(lines[line]["qty_delivered"]) + back.get(line, ZERO) for line in total if line in goods}
        return [
            f"odoo line {line}: {total[line]} billed of {gone} delivered" for line, gone in sent.items() if total[line] > gone
        ]

    def differences(self, owed: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """By how much what was billed of each order is not what the customer owes (`owed`: order number -> sum with tax); orders without a
        difference are left out. Of an order of which less was shipped than ordered, or of which something came back, the share that the
        customer has is owed; credit notes take back what was billed.
        """
        tables = self._odoo.store.tables
        billed: dict[int, Decimal] = {}
        for one in self._posted():
            billed[one.order] = billed.get(one.order, ZERO) + one.total
        for order_, total in self._credited():
            billed[order_] = billed.get(order_, ZERO) - total
        goods, found = self._goods(), {}
        lines: dict[int, list[Mapping[str, Any]]] = {}
        for row in list(tables["sale.order.line"].rows.values()):
            lines.setdefault(row["order_id"], []).append(row)
        for order in list(tables["sale.order"].rows.values()):
            number = str(order["client_order_ref"] or order["name"])
            if number not in owed:
                continue
            due, there = owed[number], _exact(order["amount_total"])
            # shops and Odoo round tax differently; an order that is off by that only is owed as it is in Odoo, to the cent
            if abs(due - there) <= ROUNDING + ROUNDING_PER_LINE * len(lines.get(order["id"], ())):
                due = there
            for line in (each for each in lines.get(order["id"], ()) if each["id"] in goods):
                ordered, sent = _exact(line["product_uom_qty"]), _exact(line["qty_delivered"])
                if sent < ordered:
                    due -= (_exact(line["price_total"]) * (ordered - sent) / ordered).quantize(Decimal("0.01"))
            if (apart := billed.get(order["id"], ZERO) - due) != 0:
                found[number] = apart
        return found

    def _goods(self) -> set[int]:
        """Order lines of things that are shipped."""
        tables = self._odoo.store.tables
        products, templates = tables["product.product"].rows, tables["product.template"].rows
        return {
            id_
            for id_, line in list(tables["sale.order.line"].rows.items())
            if line["product_id"] and templates[products[line["product_id"]]["product_tmpl_id"]]["type"] != "service"
        }

    def _posted(self) -> list[Posted]:
        tables = self._odoo.store.tables
        items, lines, moves = tables["account.move.line"].rows, tables["sale.order.line"].rows, tables["account.move"].rows
        goods = self._goods()
        pieces: dict[int, dict[int, Decimal]] = {}
        orders: dict[int, int] = {}
        for item in items.values():
            for line in item["sale_line_ids"] or ():
                orders[item["move_id"]] = lines[line]["order_id"]
                if line in goods:
                    found = pieces.setdefault(item["move_id"], {})
                    found[line] = found.get(line, ZERO) + _exact(item["quantity"])
        first: dict[int, float] = {}
        for effect in self._odoo.effects_of("invoice_posted"):
            if effect.data["type"] == "out_invoice":
                first.setdefault(effect.data["id"], effect.at)
        return [
            Posted(id_, str(moves[id_]["name"]), orders[id_], at, _exact(moves[id_]["amount_total"]), pieces.get(id_, {}))
            for id_, at in first.items()
            if id_ in orders and moves[id_]["state"] == "posted"
        ]

    def _credited(self) -> list[tuple[int, Decimal]]:
        """Order and sum with tax of every credit note that was posted."""
        tables = self._odoo.store.tables
        moves, lines = tables["account.move"].rows, tables["sale.order.line"].rows
        orders = {
            item["move_id"]: lines[line]["order_id"]
            for item in list(tables["account.move.line"].rows.values())
            for line in item["sale_line_ids"] or ()
        }
        return [
            (orders[id_], _exact(move["amount_total"]))
            for id_, move in list(moves.items())
            if move["move_type"] == "out_refund" and move["state"] == "posted" and id_ in orders
        ]

    def _returned(self) -> dict[int, Decimal]:
        """By order line: pieces that came back."""
        tables = self._odoo.store.tables
        back = {
            id_: move["sale_line_id"]
            for id_, move in list(tables["stock.move"].rows.items())
            if move["sale_line_id"] and move["origin_returned_move_id"] and move["state"] == "done"
        }
        found: dict[int, Decimal] = {}
        for line in list(tables["stock.move.line"].rows.values()):
            if line["move_id"] in back:
                found[back[line["move_id"]]] = found.get(back[line["move_id"]], ZERO) + _exact(line["quantity"])
        return found

    def _handed_over(self) -> dict[int, list[tuple[float, Decimal]]]:
        """By order line: when the carrier got how many pieces."""
        tables = self._odoo.store.tables
        scans: dict[str, float] = {}
        for carrier in self._carriers:
            for waybill, one in list(carrier.consignments.items()):
                at = next((at for step, at in carrier.scanned(one) if step == self._step), None)
                if at is not None:
                    for name in (waybill, *one.pieces):
                        scans[name] = at
        gone: dict[int, float] = {}
        for id_, picking in list(tables["stock.picking"].rows.items()):
            times = [scans[name] for name in _REFERENCE.findall(str(picking["carrier_tracking_ref"] or "")) if name in scans]
            if times:
                gone[id_] = min(times)
        found: dict[int, list[tuple[float, Decimal]]] = {}
        moves = tables["stock.move"].rows
        for item in list(tables["stock.move.line"].rows.values()):
            move = moves.get(item["move_id"] or 0)
            if move is not None and move["sale_line_id"] and move["state"] == "done" and move["picking_id"] in gone:
                found.setdefault(move["sale_line_id"], []).append((gone[move["picking_id"]], _exact(item["quantity"])))
        return found


def _exact(number: Any) -> Decimal:
    """What Odoo keeps as a float, as it is written."""
    return Decimal(str(number))
