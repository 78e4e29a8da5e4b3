"""Expected and completed receipts between the contract's JSON and the canonical objects: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from crossdock.canonical.events import Event
from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice, ReceiptLine
from crossdock.connectors.warehouse import receipt_position, receipt_references
from crossdock.connectors.wms_rest.announced import body_line, told

_LINE: Final = tuple(
    name for name in ReceiptLine.model_fields if name not in ("number", "quantity", "description", "identifiers")
)
"""The fields of a line that the contract and the hub call the same."""


def expect_body(receipt: ExpectedReceipt) -> bytes:
    """The contract's ExpectedReceipt; the same announcement gives the same bytes."""
    body = receipt.model_dump(mode="json", exclude={"lines", "supplier", "ship_to"}, exclude_none=True)
    body["supplier"] = receipt.supplier.name if receipt.supplier else ""
    body["lines"] = [body_line(line, line.quantity, without=frozenset({"identifiers"})) for line in receipt.lines]
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def completed(
    event: Mapping[str, Any],
    data: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    system: str,
    at: datetime,
    sequence: int | None,
) -> Event:
    """The event of received goods: counted among those of its expected receipt, or by itself when nobody announced them.

    Raises pydantic's ValidationError.
    """
    expected = str(event.get("receipt") or "")
    named = {"expected_number": expected, "despatch_number": data.get("despatch_number") or ""}
    advice = ReceiptAdvice.model_validate({**named, **told(data, lines, at, _LINE)})
    return Event(
        id=f"{system}/event/{event['id']}",
        type="receipt.completed",
        source=system,
        key="",
        data=advice,
        occurred_at=at,
        references=receipt_references(system, expected, advice.order_number, advice.number),
        position=receipt_position(system, expected, sequence),
    )
