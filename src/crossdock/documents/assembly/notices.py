"""Ship notices: packages and lines as they are gathered, and one notice for each purchase order in the document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from crossdock.canonical.despatch import DespatchAdvice
from crossdock.documents.assembly.standing import STANDING
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Mapped
from crossdock.documents.order_references import order_references
from crossdock.documents.packages import packages_of
from crossdock.documents.reading import Reading
from crossdock.edi.segments import Segment


@dataclass(slots=True)
class Notice:
    """What the walk over a ship notice gathers: packages, and lines each with the order it is for; what its head and its orders say."""

    head: Draft
    units: list[Draft] = field(default_factory=list)
    lines: list[Draft] = field(default_factory=list)
    orders: dict[str, Draft] = field(default_factory=dict)

    def noticed(self, reading: Reading, begun: Segment, named_by: str, *, duplicate: bool) -> list[Mapped]:
        """One `ship_notice.received` an order. `begun` is the document's first segment, `named_by` where it should name an order."""
        numbers = list(dict.fromkeys(line.get("order_number", "") for line in self.lines)) or list(self.orders) or [""]
        return [self._one(reading, begun, named_by, number, len(numbers) == 1, duplicate) for number in numbers]

    def _one(self, reading: Reading, begun: Segment, named_by: str, number: str, only: bool, duplicate: bool) -> Mapped:
        if not number:
            reading.wrong(f"the notice names no purchase order ({named_by})", begun, path="order_number")
        lines = [line for line in self.lines if line.get("order_number", "") == number]
        units = self.units if only else packages_of(lines, self.units)
        said: Mapping[str, object] = self.orders.get(number, {})
        advice = reading.finish(DespatchAdvice, {**self.head, **said, "order_number": number, "lines": lines, "units": units})
        return Mapped(
            "ship_notice.received",
            advice,
            order_references(number),
            number=advice.number,
            purpose="duplicate" if duplicate else STANDING[advice.purpose],
            occurred_at=advice.issued_at,
        )
