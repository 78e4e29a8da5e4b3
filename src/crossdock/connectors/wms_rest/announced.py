"""What announcements to a warehouse and its word of what came have in common, receipts and returns alike: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from crossdock.canonical.base import Canonical
from crossdock.canonical.values import Quantity


def body_line(line: Canonical, quantity: Quantity, *, without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A line of an announcement as the contract writes it."""
    body = line.model_dump(mode="json", exclude={"quantity", *without}, exclude_none=True)
    return {**body, "quantity": format(quantity.value, "f"), "unit": quantity.unit}


def told(data: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], at: datetime, same: Sequence[str]) -> dict[str, Any]:
    """What both words of goods that came say; `same` are the fields of a line that the contract and the hub call the same."""
    return {
        **{name: data.get(name) or "" for name in ("order_number", "warehouse", "note")},
        "number": data.get("number"),
        "sequence": data.get("confirmation") or 1,
        "received_at": data.get("received_at") or at,
        "lines": [_line(line, place, same) for place, line in enumerate(lines, 1)],
        "final": data.get("final"),
    }


def _line(line: Mapping[str, Any], place: int, same: Sequence[str]) -> dict[str, Any]:
    taken = {name: value for name in same if (value := line.get(name)) is not None}
    value = line.get("quantity")
    quantity = None if value is None else {"value": value, "unit": line.get("unit") or "C62"}
    return {**taken, "number": str(line.get("number") or place), "quantity": quantity}
