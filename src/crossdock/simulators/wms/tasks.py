"""A piece of work the simulated warehouse was told to do: what fulfilments and expected receipts have in common; knows no wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar


@dataclass(slots=True)
class Task:
    """One instruction as the warehouse keeps it; `document` is what it was told."""

    document: Mapping[str, Any]
    idempotency_key: str
    reference: str
    status: str
    sequence: int = 0
    cancellation: str = ""

    what: ClassVar[str]

    @property
    def number(self) -> str:
        return str(self.document["number"])

    def as_json(self) -> dict[str, Any]:
        """The contract's Fulfilment or Receipt."""
        shown: dict[str, Any] = {
            "number": self.number,
            "status": self.status,
            "warehouse_reference": self.reference,
            "idempotency_key": self.idempotency_key,
        }
        if self.cancellation:
            shown["cancellation"] = {"status": self.cancellation}
        return shown


def halves(lines: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Lines done in two goes, whole pieces each time; what cannot be halved comes with the second."""
    first, second = [], []
    for line in lines:
        whole = Decimal(line["quantity"])
        half = (whole / 2).to_integral_value(rounding="ROUND_FLOOR")
        if half > 0:
            first.append({**line, "quantity": str(half)})
        if whole > half:
            second.append({**line, "quantity": str(whole - half)})
    return first, second
