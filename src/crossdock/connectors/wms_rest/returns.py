"""Expected and received returns between the contract's JSON and the canonical objects: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson

from crossdock.canonical.events import Event
from crossdock.canonical.returns import ExpectedReturn, ReturnReceipt
from crossdock.connectors.warehouse import return_position, return_references
from crossdock.connectors.wms_rest.announced import body_line, told

_LINE: Final = ("order_line", "sku", "grade", "instead_of", "lot", "serials", "note")
"""The fields of a line that the contract and the hub call the same."""


def expect_body(announced: ExpectedReturn) -> bytes:
    """The contract's ExpectedReturn; the same announcement gives the same bytes."""
    body = announced.model_dump(mode="json", exclude={"lines"}, exclude_none=True)
    body["lines"] = [body_line(line, line.quantity) for line in announced.lines]
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def received(
    event: Mapping[str, Any],
    data: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
    system: str,
    at: datetime,
    sequence: int | None,
) -> Event:
    """The event of goods that came back: counted among those of its return, or by itself when nobody announced them.

    Raises pydantic's ValidationError.
    """
    announced = str(event.get("return") or "")
    tracking = data.get("tracking_number") or ""
    named = {"return_number": announced, "tracking_number": tracking, "without_authorisation": not announced}
    receipt = ReturnReceipt.model_validate({**named, **told(data, lines, at, _LINE)})
    return Event(
        id=f"{system}/event/{event['id']}",
        type="return.received",
        source=system,
        key="",
        data=receipt,
        occurred_at=at,
        references=return_references(announced, receipt.tracking_number, receipt.order_number),
        position=return_position(system, announced, sequence),
    )
