"""Goods the simulated warehouse is told to expect, whoever sends them: told once, corrected by versions, cancelled in time; knows no wire."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from crossdock.simulators.contract import Refused
from crossdock.simulators.wms.tasks import Task

if TYPE_CHECKING:
    from crossdock.simulators.wms.model import Warehouse

Lines = list[dict[str, Any]]


@dataclass(slots=True)
class Announced(Task):
    """One announcement as the warehouse keeps it; `parts` are the confirmations it will get."""

    status: str = "expected"
    parts: list[Lines] = field(default_factory=list)

    @property
    def version(self) -> int:
        return int(self.document.get("version") or 1)

    def as_json(self) -> dict[str, Any]:
        """The contract's Receipt or Return."""
        return {**Task.as_json(self), "version": self.version}


class Announcements(ABC):
    """Takes announcements of one kind, receives the goods after a while and confirms them; what is received is said by the subclasses."""

    def __init__(self, warehouse: Warehouse, kind: type[Announced], letter: str) -> None:
        self._house = warehouse
        self._kind, self.what, self._letter = kind, kind.what, letter
        self.known: dict[str, Announced] = {}
        self._numbers = 0

    def reset(self) -> None:
        """Nothing is expected."""
        self.known.clear()
        self._numbers = 0

    @abstractmethod
    def planned(self, document: Mapping[str, Any]) -> list[Lines]:
        """What will be found of it, in one or more parts."""

    @abstractmethod
    def latency(self, number: str) -> float | None:
        """Seconds until the goods are there; None: not before `receive` is called."""

    @abstractmethod
    def confirm(
        self, known: Announced | None, document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], final: bool
    ) -> None:
        """Tell what was found and put it where it belongs."""

    # Instructions ------------------------------------------------------------------------------------------

    def expect(self, document: Mapping[str, Any], idempotency_key: str) -> tuple[Announced, bool]:
        """Take an announcement or its newer version; the flag says whether it is new. Raises `Refused`."""
        known = self.known.get(document["number"])
        if known is None:
            self._check(document)
            known = self._kind(document, idempotency_key, f"{self._letter}{len(self.known) + 1:07d}")
            self.known[known.number] = known
            self._house.record(f"{self.what}_expected", known.number, _facts(document), idempotency_key)
            known.parts = self.planned(document)
            self._plan(known.number)
            return known, True
        return known, self._replace(known, document, idempotency_key)

    def _replace(self, known: Announced, document: Mapping[str, Any], idempotency_key: str) -> bool:
        version = int(document.get("version") or 1)
        if version == known.version:
            if known.document != document:
                self._house.violate("expected_with_other_content", known.number)
                raise Refused("conflict", f"version {version} of {known.number} exists with other content")
            if known.idempotency_key != idempotency_key:
                self._house.violate("expected_under_two_keys", known.number, first=known.idempotency_key, second=idempotency_key)
            return False
        if version < known.version:
            raise Refused("outdated", f"version {known.version} of {known.number} is known")
        if known.status != "expected":
            raise Refused("cancelled" if known.status == "cancelled" else "too_late", f"{known.number} is {known.status}")
        self._check(document)
        known.document, known.idempotency_key = document, idempotency_key
        known.parts = self.planned(document)
        self._house.record(f"{self.what}_replaced", known.number, _facts(document), idempotency_key)
        return False

    def _check(self, document: Mapping[str, Any]) -> None:
        lines = document.get("lines")
        if not lines or any(Decimal(line["quantity"]) <= 0 for line in lines):
            raise Refused("invalid", "at least one line, and every quantity above zero")
        for line in lines:
            if self._house.behaviour.strict and line["sku"] not in self._house.skus:
                raise Refused("unknown_sku", f"SKU {line['sku']!r} is not stored here")

    def _plan(self, number: str) -> None:
        latency = self.latency(number)
        if latency is not None:
            self._house.plan(latency, self._work(number))

    def _work(self, number: str) -> Callable[[], None]:
        return lambda: self.receive(number)

    def cancel(self, number: str, idempotency_key: str) -> str:
        """`cancelled` or `too_late`; the first answer stays. Raises `Refused` for an unknown number."""
        known = self.known.get(number)
        if known is None:
            self._house.violate(f"cancelled_unknown_{self.what}", number)
            raise Refused(f"unknown_{self.what}", f"{number} was never announced")
        if not known.cancellation:
            known.cancellation = "cancelled" if known.status == "expected" else "too_late"
            if known.cancellation == "cancelled":
                known.status = "cancelled"
            self._house.record(f"{self.what}_cancelled", number, {"status": known.cancellation}, idempotency_key)
        return known.cancellation

    # Work --------------------------------------------------------------------------------------------------

    def receive(self, number: str) -> None:
        """Receive the next part of what was announced; does nothing when it is cancelled or complete."""
        known = self.known[number]
        if known.status not in ("expected", "receiving") or not known.parts:
            return
        lines = known.parts.pop(0)
        final = not known.parts
        known.status = "completed" if final else "receiving"
        self.confirm(known, known.document, lines, final)
        if not final:
            self._plan(number)

    def stored(self, places: Sequence[tuple[str, str, str, Decimal]], reason: str, reference: str) -> None:
        """Put goods into bins (SKU, location, lot, quantity) and tell the levels."""
        touched: dict[tuple[str, str, str], Decimal] = {}
        for sku, location, lot, quantity in places:
            place = (sku, location, lot)
            self._house.store(place, self._house.stock.get(place, Decimal(0)) + quantity)
            touched[place] = touched.get(place, Decimal(0)) + quantity
        if touched and self._house.behaviour.stock_events:
            self._house.tell_stock(touched, reason, reference)


def _facts(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "order_number": document.get("order_number", ""),
        "version": int(document.get("version") or 1),
        "lines": document["lines"],
    }
