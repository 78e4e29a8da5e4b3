"""The warehouse contract's JSON to canonical events and back: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson
from pydantic import TypeAdapter

from crossdock.canonical.base import Canonical
from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.fulfilment import FulfilmentOrder, FulfilmentStatus, PickConfirmation
from crossdock.canonical.inventory import StockChange, StockMovement
from crossdock.canonical.shipment import Shipment
from crossdock.canonical.values import Quantity, UtcTime
from crossdock.connectors.contracts.bodies import an_object, read_object
from crossdock.connectors.exact_json import read_fast
from crossdock.connectors.protocol import StockLine
from crossdock.connectors.warehouse import OWN_TERMS, Move, StockTerms
from crossdock.connectors.wms_rest import receipts, returns
from crossdock.connectors.wrong_fields import refusal
from crossdock.core.errors import DocumentUnknown, PayloadMalformed, SchemaInvalid

TOPICS = frozenset(
    {"fulfilment.status", "picking.completed", "shipment.dispatched", "receipt.completed", "return.received", "stock.changed"}
)
LINE_FIELDS = ("number", "order_line", "sku", "lot", "serials", "package", "substituted_for")
SHIPMENT_FIELDS = (
    "order_number",
    "carrier",
    "service_level",
    "waybill",
    "tracking_number",
    "tracking_url",
    "ship_to",
    "packages",
)
_TIME: TypeAdapter[datetime] = TypeAdapter(UtcTime)


def events(body: bytes, system: str, terms: StockTerms = OWN_TERMS) -> Sequence[Event]:
    """The canonical events in one event of the warehouse; `stock.changed` becomes one for every SKU, and a `stock.moved` beside it where
    the levels say by how much they changed.

    Raises `PayloadMalformed`, `DocumentUnknown`, `SchemaInvalid`, `ValueMapMissing` and pydantic's ValidationError.
    """
    event = read_object(body)
    kind, data = event.get("type"), event.get("data")
    if not isinstance(kind, str) or kind not in TOPICS:
        raise DocumentUnknown(f"the warehouse contract knows no event {kind!r}", topic=str(kind))
    if not isinstance(data, dict):
        raise _invalid("data", "an object is expected")
    if not isinstance(event.get("id"), str) or not event["id"]:
        raise _invalid("id", "the event's identity is missing")
    if kind == "stock.changed":
        return [*_stock(event, data, system), *_moved(event, data, system, terms)]
    if kind == "receipt.completed":
        sequence = _counter(event, "sequence") if event.get("receipt") else None
        return [receipts.completed(event, data, _objects(data, "lines"), system, _time(event), sequence)]
    if kind == "return.received":
        sequence = _counter(event, "sequence") if event.get("return") else None
        return [returns.received(event, data, _objects(data, "lines"), system, _time(event), sequence)]
    number = event.get("fulfilment")
    if not (isinstance(number, str) and number):
        raise _invalid("fulfilment", "the fulfilment's number is missing")
    sequence = _counter(event, "sequence")
    return [
        Event(
            id=f"{system}/event/{event['id']}",
            type=kind,
            source=system,
            key="",
            data=_payload(kind, number, event, data),
            occurred_at=_time(event),
            references=_references(system, number, data),
            position=Position(f"{system}/fulfilment/{number}", sequence, contiguous=True),
        )
    ]


def _payload(kind: str, number: str, event: Mapping[str, Any], data: Mapping[str, Any]) -> Canonical:
    reference = data.get("warehouse_reference") or ""
    if kind == "fulfilment.status":
        status = {"status": data.get("status"), "reason": data.get("reason") or "", "at": event.get("occurred_at")}
        return FulfilmentStatus.model_validate({"fulfilment_number": number, "warehouse_reference": reference, **status})
    lines = [_line(line) for line in _objects(data, "lines")]
    packages = [_present(package) for package in _objects(data, "packages")]
    if kind == "picking.completed":
        return PickConfirmation.model_validate(
            {
                "fulfilment_number": number,
                "sequence": data.get("confirmation"),
                "picked_at": data.get("picked_at") or event.get("occurred_at"),
                "lines": lines,
                "packages": packages,
                "final": data.get("final"),
                "warehouse_reference": reference,
            }
        )
    shipment = _present({name: data.get(name) for name in SHIPMENT_FIELDS})
    return Shipment.model_validate(
        {
            **shipment,
            "number": data.get("shipment"),
            "fulfilment_number": number,
            "packages": packages,
            "lines": lines,
            "dispatched_at": event.get("occurred_at"),
        }
    )


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    taken = _present({name: line.get(name) for name in LINE_FIELDS})
    return {**taken, "quantity": _quantity(line.get("quantity"), line)}


def _quantity(value: Any, holder: Mapping[str, Any]) -> dict[str, Any] | None:
    return None if value is None else {"value": value, "unit": holder.get("unit") or "C62"}


def _stock(event: Mapping[str, Any], data: Mapping[str, Any], system: str) -> Sequence[Event]:
    at = _time(event)
    by_sku: dict[str, list[dict[str, Any]]] = {}
    for level in _objects(data, "levels"):
        stated = {
            "sku": level.get("sku"),
            "location": level.get("location") or "",
            "lot": level.get("lot") or "",
            "on_hand": _quantity(level.get("on_hand"), level),
            "available": _quantity(level.get("available"), level),
            "counted_at": level.get("counted_at") or at,
        }
        by_sku.setdefault(str(level.get("sku")), []).append(_present(stated))
    if not by_sku:
        raise _invalid("data.levels", "at least one level is expected")
    seq = _counter(event, "seq")
    reason = {"reason": data.get("reason") or "", "reference": data.get("reference") or ""}
    return [
        Event(
            id=f"{system}/event/{event['id']}/{sku}",
            type="stock.changed",
            source=system,
            key=f"stock/{system}/{sku}",
            data=StockChange.model_validate({"levels": levels, **reason}),
            occurred_at=at,
            position=Position(f"{system}/stock/{sku}", seq),
        )
        for sku, levels in by_sku.items()
    ]


def _moved(event: Mapping[str, Any], data: Mapping[str, Any], system: str, terms: StockTerms) -> Sequence[Event]:
    """What moved, for every SKU. Without a position: each movement counts, whatever became known before it."""
    at, reason = _time(event), str(data.get("reason") or "")
    moves: dict[str, list[Move]] = {}
    for level in _objects(data, "levels"):
        if level.get("change") is not None:
            changed = Quantity.model_validate(_quantity(level["change"], level))
            sku, location, lot = str(level.get("sku")), str(level.get("location") or ""), str(level.get("lot") or "")
            moves.setdefault(sku, []).append(Move(sku, location, lot, changed.value, changed.unit))
    cause = terms.cause(reason, "data.reason") if moves else "adjustment"
    summed = {sku: terms.changes(several) for sku, several in moves.items()}
    stated = {"cause": cause, "reason": reason, "reference": data.get("reference") or ""}
    return [
        Event(
            id=f"{system}/event/{event['id']}/{sku}/moved",
            type="stock.moved",
            source=system,
            key=f"stock/{system}/{sku}",
            data=StockMovement.model_validate({"changes": changes, **stated}),
            occurred_at=at,
        )
        for sku, changes in summed.items()
        if changes
    ]


def _references(system: str, number: str, data: Mapping[str, Any]) -> tuple[Reference, ...]:
    found = [Reference("fulfilment", number)]
    if isinstance(data.get("warehouse_reference"), str) and data["warehouse_reference"]:
        found.append(Reference(f"{system}:fulfilment", data["warehouse_reference"]))
    if isinstance(data.get("tracking_number"), str) and data["tracking_number"]:
        found.append(Reference("tracking", data["tracking_number"]))
    return tuple(found)


def _objects(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = data.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise _invalid(f"data.{name}", "a list of objects is expected")
    return value


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _counter(event: Mapping[str, Any], name: str) -> int:
    value = event.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _invalid(name, "a whole number from 1 is expected")
    return value


def _time(event: Mapping[str, Any]) -> datetime:
    value = event.get("occurred_at")
    if not isinstance(value, str):
        raise _invalid("occurred_at", "a time with an offset is expected")
    return _TIME.validate_python(value)


def _invalid(field: str, problem: str) -> SchemaInvalid:
    return refusal(f"{field}: {problem}", field, problem)


def release_body(order: FulfilmentOrder) -> bytes:
    """The contract's FulfilmentOrder; the same order gives the same bytes."""
    body = order.model_dump(mode="json", exclude={"lines"}, exclude_none=True)
    body["lines"] = [
        {
            "number": line.number,
            "order_line": line.order_line,
            "sku": line.sku,
            "quantity": format(line.quantity.value, "f"),
            "unit": line.quantity.unit,
            "lot": line.lot,
        }
        for line in order.lines
    ]
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def stock_page(body: bytes) -> tuple[list[StockLine], str | None]:
    """The stock lines of one page and the cursor of the next, None after the last. Raises `PayloadMalformed` for a page cut off."""
    rows = [row for row in body.split(b"\n") if row.strip()]
    if not rows:
        raise PayloadMalformed("the inventory page is empty: not even its end line arrived")
    end = read_object(rows.pop())
    if "next" not in end or end.get("lines") != len(rows):
        raise PayloadMalformed("the inventory page was cut off", announced=str(end.get("lines")), found=len(rows))
    lines = []
    for row in rows:
        line = _stock_line(row)
        sku, quantity = line.get("sku"), line.get("quantity")
        if not isinstance(sku, str) or not isinstance(quantity, str | int | Decimal):
            raise PayloadMalformed("a stock line needs `sku` and `quantity`", line=row[:200].decode("utf-8", "replace"))
        lines.append(StockLine(sku, str(line.get("location") or ""), str(line.get("lot") or ""), str(quantity)))
    return lines, None if end["next"] is None else str(end["next"])


def _stock_line(row: bytes) -> dict[str, Any]:
    """One line, by the fast reader unless its quantity is a number with a fraction."""
    line = an_object(read_fast(row))
    return read_object(row) if type(line.get("quantity")) is float else line
