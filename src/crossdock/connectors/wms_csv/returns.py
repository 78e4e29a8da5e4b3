"""Expected and received returns as rows of CSV files: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from crossdock.canonical.returns import ExpectedReturn, Grade, ReturnReceipt
from crossdock.connectors.warehouse import return_position, return_references
from crossdock.connectors.wms_csv.columns import ADDRESS
from crossdock.connectors.wms_csv.making import Make, grouped, identity, needed_time
from crossdock.connectors.wms_csv.tables import Row

GRADES: tuple[str, ...] = get_args(Grade)


def return_rows(announced: ExpectedReturn, command: str) -> Iterator[dict[str, Any]]:
    """One row per line."""
    address = announced.ship_from.model_dump(mode="python") if announced.ship_from else {}
    common = {
        "command": command,
        "return": announced.number,
        "version": announced.version,
        "order": announced.order_number,
        "warehouse": announced.warehouse,
        "expected_by": announced.expected_by,
        "carrier": announced.carrier,
        "tracking_number": announced.tracking_number,
        "note": announced.note,
        **{name: address.get(name) for name in ADDRESS},
    }
    for line in announced.lines:
        yield {
            **common,
            "line": line.number,
            "order_line": line.order_line,
            "sku": line.sku,
            "quantity": line.quantity.value,
            "unit": line.quantity.unit,
            "reason": line.reason,
            "lots": " ".join(line.lots),
        }


def returned(system: str, rows: Sequence[Row]) -> list[Make]:
    """One event per receipt of returned goods and part of it. Rows without SKU say that nothing was in the parcel."""
    made = []
    for group in grouped(rows, "return", "number", "confirmation").values():
        first = group[0]
        announced, number, order = first.text("return"), first.needed("number"), first.text("order")
        tracking, sequence = first.text("tracking_number"), first.integer("sequence")
        at = needed_time(first, "received_at")
        if not (announced or order or tracking):
            first.wrong("order", "a return nobody announced needs the order's number or the parcel's tracking number")
        data = {
            "number": number,
            "return_number": announced,
            "order_number": order,
            "tracking_number": tracking,
            "sequence": first.integer("confirmation") or 1,
            "received_at": at,
            "warehouse": first.text("warehouse"),
            "lines": [_line(row, place) for place, row in enumerate(group, 1) if row.text("sku")],
            "final": first.flag("final"),
            "without_authorisation": not announced,
        }
        made.append(
            Make(
                id=f"{system}/return/{announced}/{number}/{sequence or identity(group)}",
                type="return.received",
                source=system,
                key="",
                payload=ReturnReceipt,
                data=data,
                occurred_at=at,
                references=return_references(announced, tracking, order),
                position=return_position(system, announced, sequence),
            )
        )
    return made


def _line(row: Row, place: int) -> dict[str, Any]:
    row.needed("quantity")
    grade = row.needed("grade").lower()
    if grade not in GRADES:
        row.wrong("grade", f"expected one of {', '.join(GRADES)}")
    return {
        "number": row.text("line") or str(place),
        "order_line": row.text("order_line"),
        "sku": row.text("sku"),
        "quantity": {"value": row.decimal("quantity"), "unit": row.text("unit") or "C62"},
        "grade": grade,
        "instead_of": row.text("instead_of"),
        "lot": row.text("lot"),
        "serials": tuple(row.text("serials").replace("|", " ").split()),
        "note": row.text("note"),
    }
