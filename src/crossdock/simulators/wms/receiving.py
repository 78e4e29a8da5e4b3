"""The dock of the simulated warehouse: what it is told to expect, what then comes out of the truck, and its stock; knows no wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.wms.announcements import Announced, Announcements, Lines
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.tasks import halves

if TYPE_CHECKING:
    from crossdock.simulators.wms.model import Warehouse

SHELF, QUARANTINE = "A-01", "QUARANTINE"
EXPIRY = "2028-12-31"


class Receipt(Announced):
    """One expected receipt as the warehouse keeps it."""

    what: ClassVar[str] = "receipt"


class Dock(Announcements):
    """Goods from suppliers."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(warehouse, Receipt, "R")

    @property
    def receipts(self) -> dict[str, Announced]:
        """What was announced, by its number."""
        return self.known

    def planned(self, document: Mapping[str, Any]) -> list[Lines]:
        return plan_receipt(document, self._house.behaviour)

    def latency(self, number: str) -> float | None:
        return None if self._house.behaviour.receipt_latency is None else self._house.behaviour.latency(number, "receipt")

    def arrive(self, order_number: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """Goods come that nobody announced, with the order's number on the delivery note."""
        told = [{"number": str(at), "condition": "good", "unit": "C62", **line} for at, line in enumerate(lines, 1)]
        self.confirm(None, {"order_number": order_number}, told, final=True)

    def confirm(
        self, known: Announced | None, document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], final: bool
    ) -> None:
        self._numbers += 1
        data = {
            "number": f"GR-{self._numbers:06d}",
            "order_number": document.get("order_number", ""),
            "despatch_number": document.get("despatch_number", ""),
            "warehouse": document.get("warehouse", ""),
            "confirmation": known.sequence + 1 if known else 1,
            "final": final,
            "received_at": self._house.now(),
            "lines": list(lines),
        }
        self._house.emit("receipt.completed", data, known)
        self._house.record("received", str(data["number"]), {"receipt": known.number if known else "", **data}, "")
        kept = [line for line in lines if line["condition"] != "rejected"]  # those go back on the truck
        places = [
            (line["sku"], SHELF if line["condition"] == "good" else QUARANTINE, line.get("lot", ""), Decimal(line["quantity"]))
            for line in kept
        ]
        self.stored(places, "receipt", known.number if known else str(data["number"]))


def plan_receipt(document: Mapping[str, Any], behaviour: Behaviour) -> list[Lines]:
    """The confirmations this receipt gets: two for `partial`, one otherwise; each a list of received lines."""
    fate = behaviour.receipt_fate(str(document["number"]))
    received = [line for wanted in document["lines"] for line in _line(wanted, fate, behaviour)]
    if fate.behaviour != "partial":
        return [received]
    first, second = halves(received)
    return [first, second] if first else [second]


def _line(wanted: Mapping[str, Any], fate: Script, behaviour: Behaviour) -> list[dict[str, Any]]:
    quantity, sku = Decimal(wanted["quantity"]), str(wanted["sku"])
    touched = not fate.lines or wanted["number"] in fate.lines
    line: dict[str, Any] = {
        name: wanted[name]
        for name in ("number", "order_line", "unit", "lot", "expiry", "best_before", "serials", "package")
        if wanted.get(name)
    }
    line |= {"sku": sku, "condition": "good", "unit": line.get("unit", "C62")}
    if not line.get("lot") and fnmatchcase(sku, behaviour.lot_skus):
        line |= {"lot": f"{sku}-R1", "expiry": EXPIRY}
    if touched and fate.behaviour == "short":
        quantity -= 1
    if touched and fate.behaviour == "over":
        quantity += 1
    if touched and fate.behaviour == "damaged":
        good = {**line, "quantity": str(quantity - 1)}
        broken = {**line, "number": f"{line['number']}d", "quantity": "1", "condition": "damaged", "reason": "crushed"}
        return [good, broken] if quantity > 1 else [broken]
    return [{**line, "quantity": str(quantity)}] if quantity > 0 else []
