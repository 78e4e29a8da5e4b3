"""What leads an answer, a ship notice or an invoice to the purchase order it is about; knows no standard."""

from __future__ import annotations

from crossdock.canonical.events import Reference


def order_references(*numbers: str) -> tuple[Reference, ...]:
    """References to the transactions of purchase orders of ours, by the numbers we wrote on them."""
    return tuple(Reference("purchase:order", number) for number in dict.fromkeys(numbers) if number)
