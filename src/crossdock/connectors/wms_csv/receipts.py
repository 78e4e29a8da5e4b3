"""Expected and completed receipts as rows of CSV files: pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from crossdock.canonical.receipt import ExpectedReceipt, ReceiptAdvice
from crossdock.connectors.warehouse import receipt_position, receipt_references
from crossdock.connectors.wms_csv.making import Make, grouped, identity, needed_time
from crossdock.connectors.wms_csv.tables import Row


def expected_rows(receipt: ExpectedReceipt, command: str) -> Iterator[dict[str, Any]]:
    """One row per line."""
    labels = {unit.reference: unit.sscc for unit in receipt.units}
    common = {
        "command": command,
        "receipt": receipt.number,
        "version": receipt.version,
        "order": receipt.order_number,
        "despatch": receipt.despatch_number,
        "warehouse": receipt.warehouse,
        "supplier": receipt.supplier.name if receipt.supplier else "",
        "expected_at": receipt.expected_at,
        "carrier": receipt.carrier,
        "waybill": receipt.waybill,
        "tracking_number": receipt.tracking_number,
        "note": receipt.note,
    }
    for line in receipt.lines:
        yield {
            **common,
            "line": line.number,
            "order_line": line.order_line,
            "sku": line.sku,
            "supplier_sku": line.supplier_sku,
            "gtin": line.gtin,
            "name": line.name,
            "quantity": line.quantity.value,
            "unit": line.quantity.unit,
            "lot": line.lot,
            "expiry": line.expiry,
            "best_before": line.best_before,
            "serials": " ".join(line.serials),
            "package": line.package,
            "sscc": labels.get(line.package, ""),
        }


def received(system: str, rows: Sequence[Row]) -> list[Make]:
    """One event per receipt of the warehouse and part of it. Rows without SKU and line say that nothing came."""
    made = []
    for group in grouped(rows, "receipt", "number", "confirmation").values():
        first = group[0]
        announced, number, order = first.text("receipt"), first.needed("number"), first.text("order")
        sequence = first.integer("sequence")
        at = needed_time(first, "received_at")
        if not announced and not order:
            first.wrong("order", "a receipt nobody announced needs the purchase order's number")
        data = {
            "number": number,
            "expected_number": announced,
            "order_number": order,
            "despatch_number": first.text("despatch"),
            "sequence": first.integer("confirmation") or 1,
            "received_at": at,
            "warehouse": first.text("warehouse"),
            "lines": [_line(row, place) for place, row in enumerate(group, 1) if row.text("sku") or row.text("order_line")],
            "final": first.flag("final"),
        }
        made.append(
            Make(
                id=f"{system}/receipt/{announced}/{number}/{sequence or identity(group)}",
                type="receipt.completed",
                source=system,
                key="",
                payload=ReceiptAdvice,
                data=data,
                occurred_at=at,
                references=receipt_references(system, announced, order, number),
                position=receipt_position(system, announced, sequence),
            )
        )
    return made


def _line(row: Row, place: int) -> dict[str, Any]:
    row.needed("quantity")
    condition = row.text("condition").lower() or "good"
    if condition not in ("good", "damaged", "rejected"):
        row.wrong("condition", "expected good, damaged or rejected")
    return {
        "number": row.text("line") or str(place),
        "order_line": row.text("order_line"),
        "sku": row.text("sku"),
        "quantity": {"value": row.decimal("quantity"), "unit": row.text("unit") or "C62"},
        "condition": condition,
        "lot": row.text("lot"),
        "expiry": row.day("expiry"),
        "best_before": row.day("best_before"),
        "serials": tuple(row.text("serials").replace("|", " ").split()),
        "package": row.text("package"),
        "reason": row.text("reason"),
    }
