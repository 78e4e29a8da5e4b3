"""Purchase orders as a spreadsheet for the supplier, and the templates of answers filled with what was ordered."""

from __future__ import annotations

from collections.abc import Iterator

from crossdock.canonical.purchase_order import PurchaseOrder, PurchaseOrderLine
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.tables.columns import Kind
from crossdock.documents.tables.grid import FileFormat
from crossdock.documents.tables.writing import Value, template, write


@writes("tables", "order")
def write_order(order: PurchaseOrder, context: WriteContext, codes: Codes) -> bytes:
    """An order as CSV or XLSX (`extra: {"format": "csv"}`), one row per line; of a cancelled order every line says so."""
    form: FileFormat = "csv" if context.extra.get("format") == "csv" else "xlsx"
    rows = list(_rows(order, cancelled=context.purpose == "cancel"))
    return write("order", rows, form, context.options.decimal)


def _rows(order: PurchaseOrder, *, cancelled: bool) -> Iterator[dict[str, Value]]:
    address = order.ship_to.address
    for line in order.lines:
        yield {
            **_ordered(order, line),
            "revision": order.revision,
            "order_date": order.ordered_at.date(),
            "unit_price": line.unit_price.amount,
            "price_base": line.price_base,
            "currency": order.currency,
            "delivery_date": line.delivery_date or order.delivery_date,
            "status": "cancelled" if cancelled else line.status,
            "ship_to": order.ship_to.name,
            "street": address.street if address is not None else "",
            "postal_code": address.postal_code if address is not None else "",
            "city": address.city if address is not None else "",
            "country": address.country if address is not None else "",
            "line_note": line.note,
            "note": order.note,
        }


def _ordered(order: PurchaseOrder, line: PurchaseOrderLine) -> dict[str, Value]:
    return {
        "order_number": order.number,
        "line": line.number,
        "sku": line.sku,
        "supplier_sku": line.supplier_sku,
        "gtin": line.gtin,
        "name": line.name,
        "quantity": line.quantity.value,
        "unit": line.quantity.unit,
    }


def answer_template(kind: Kind, order: PurchaseOrder, form: FileFormat = "xlsx") -> bytes:
    """The template of an answer, a ship notice or an invoice with the order's open lines in it, so that only what is new is typed."""
    rows: list[dict[str, Value]] = []
    for at, line in enumerate((each for each in order.lines if each.status == "open"), 1):
        row: dict[str, Value] = {
            **_ordered(order, line),
            "currency": order.currency,
        }
        if kind == "order_response":
            row |= {"answer": "accepted", "quantity": None, "unit": None, "currency": None}
        if kind == "invoice":
            row |= {
                "line": str(at),
                "order_line": line.number,
                "unit_price": line.unit_price.amount,
                "tax_percent": line.tax_percent,
            }
        rows.append(row)
    return template(kind, form, rows)
