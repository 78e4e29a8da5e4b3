"""The returns desk of the simulated warehouse: what customers send back, graded by a given rule, announced or not; knows no wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, ClassVar

from crossdock.simulators.wms.announcements import Announced, Announcements, Lines
from crossdock.simulators.wms.behaviour import GRADES, Behaviour, Script
from crossdock.simulators.wms.receiving import QUARANTINE, SHELF
from crossdock.simulators.wms.tasks import halves

if TYPE_CHECKING:
    from crossdock.simulators.wms.model import Warehouse

STRANGE = "NOT-OURS"
PLACES = {"resaleable": SHELF, "quarantine": QUARANTINE, "wrong_item": QUARANTINE}


class Return(Announced):
    """One expected return as the warehouse keeps it."""

    what: ClassVar[str] = "return"


class ReturnsDesk(Announcements):
    """Goods from customers."""

    def __init__(self, warehouse: Warehouse) -> None:
        super().__init__(warehouse, Return, "B")

    def planned(self, document: Mapping[str, Any]) -> list[Lines]:
        return plan_return(document, self._house.behaviour)

    def latency(self, number: str) -> float | None:
        return None if self._house.behaviour.return_latency is None else self._house.behaviour.latency(number, "return")

    def arrive(self, order_number: str, lines: Sequence[Mapping[str, Any]], tracking_number: str = "") -> None:
        """A parcel comes that nobody announced, with the order's number on a slip, or with nothing but its own."""
        told = [{"number": str(at), "grade": "resaleable", "unit": "C62", **line} for at, line in enumerate(lines, 1)]
        self.confirm(None, {"order_number": order_number, "tracking_number": tracking_number}, told, final=True)

    def confirm(
        self, known: Announced | None, document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], final: bool
    ) -> None:
        self._numbers += 1
        data = {
            "number": f"RR-{self._numbers:06d}",
            "order_number": document.get("order_number", ""),
            "tracking_number": document.get("tracking_number", ""),
            "warehouse": document.get("warehouse", ""),
            "confirmation": known.sequence + 1 if known else 1,
            "final": final,
            "received_at": self._house.now(),
            "lines": list(lines),
        }
        self._house.emit("return.received", data, known)
        self._house.record("returned", str(data["number"]), {"return": known.number if known else "", **data}, "")
        kept = [line for line in lines if line["grade"] in PLACES]
        places = [(line["sku"], PLACES[line["grade"]], line.get("lot", ""), Decimal(line["quantity"])) for line in kept]
        self.stored(places, "return", known.number if known else str(data["number"]))


def plan_return(document: Mapping[str, Any], behaviour: Behaviour) -> list[Lines]:
    """The confirmations this return gets: two for `partial`, one otherwise; each a list of graded lines."""
    fate = behaviour.return_fate(str(document["number"]))
    found = [line for wanted in document["lines"] for line in _line(wanted, fate, behaviour)]
    if fate.behaviour != "partial":
        return [found]
    first, second = halves(found)
    return [first, second] if first else [second]


def _line(wanted: Mapping[str, Any], fate: Script, behaviour: Behaviour) -> Lines:
    """One expected line as it is found: by the fate of the return, else by the reason the customer gave."""
    quantity, sku = Decimal(wanted["quantity"]), str(wanted["sku"])
    touched = not fate.lines or wanted["number"] in fate.lines
    lots = wanted.get("lots") or ([f"{sku}-R1"] if fnmatchcase(sku, behaviour.lot_skus) else [])
    line: dict[str, Any] = {name: wanted[name] for name in ("number", "order_line") if wanted.get(name)}
    line |= {"sku": sku, "unit": wanted.get("unit") or "C62", **({"lot": lots[0]} if lots else {})}
    line["grade"] = behaviour.grades.get(str(wanted.get("reason") or ""), "resaleable")
    if touched and fate.behaviour == "damaged":
        broken = {**line, "number": f"{line['number']}d", "quantity": "1", "grade": "scrap", "note": "crushed"}
        good = {**line, "quantity": str(quantity - 1)}
        return [good, broken] if quantity > 1 else [broken]
    if touched and fate.behaviour == "wrong_item":
        line |= {"sku": STRANGE, "instead_of": sku}
        line.pop("lot", None)
    if touched and fate.behaviour in GRADES:
        line["grade"] = fate.behaviour
    return [{**line, "quantity": str(quantity)}]
