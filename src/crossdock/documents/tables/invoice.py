"""Invoices and credit notes out of a spreadsheet: one row per invoiced line, the totals in every row or the first."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.invoice import Invoice
from crossdock.canonical.values import Money
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.order_references import order_references
from crossdock.documents.tables.reading import Line, Table, grouped, head


@reads("tables", "invoice")
def read_invoices(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `supplier_invoice.received` per invoice in the file.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing`; each problem names row and column.
    """
    table = Table("invoice", data, context, codes)
    made: list[Mapped] = []
    for number, lines in grouped(table.lines(), "invoice_number"):
        invoice = table.finish(Invoice, _draft(number, lines, context), lines)
        if invoice is not None:
            orders = sorted({line.order_number for line in invoice.lines if line.order_number})
            made.append(
                Mapped(
                    "supplier_invoice.received",
                    invoice,
                    order_references(*orders),
                    number=invoice.number,
                )
            )
    table.done()
    return made


def _draft(number: str, lines: list[Line], context: ReadContext) -> Draft:
    currency = head(lines, "currency").currency() or NO_CURRENCY
    kind = head(lines, "kind").kind()
    theirs = context.parties.theirs
    total = head(lines, "total").number_of("total")
    tax = head(lines, "tax_total").number_of("tax_total")
    orders = {line.text("order_number") for line in lines} - {""}
    return {
        "number": number,
        "kind": kind,
        "type_code": "381" if kind == "credit_note" else "380",
        "issue_date": head(lines, "issue_date").day("issue_date"),
        "due_date": head(lines, "due_date").day("due_date"),
        "currency": currency,
        "order_number": next(iter(orders)) if len(orders) == 1 else "",
        "despatch_number": head(lines, "despatch_number").text("despatch_number"),
        "preceding_number": head(lines, "preceding_number").text("preceding_number"),
        "seller": {"name": theirs.name or theirs.id, "vat": theirs.vat},
        "iban": head(lines, "iban").text("iban").replace(" ", ""),
        "lines": [_line(line, currency) for line in lines],
        "tax_total": None if tax is None else {"amount": tax, "currency": currency},
        "payable": {"amount": total if total is not None else Decimal(0), "currency": currency},
        "note": head(lines, "note").text("note", 4000),
    }


def _line(line: Line, currency: str) -> Draft:
    quantity = line.number_of("quantity") or Decimal(0)
    price = line.number_of("unit_price") or Decimal(0)
    net = line.number_of("net_amount")
    percent = line.number_of("tax_percent", Decimal(0))
    category = line.text("tax_category").upper()
    return {
        **line.item(),
        "number": line.text("line", 64),
        "order_number": line.text("order_number", 64),
        "order_line": line.text("order_line", 64),
        "quantity": {"value": quantity, "unit": line.unit()},
        "unit_price": {"amount": price, "currency": currency},
        "net_amount": {"amount": net, "currency": currency}
        if net is not None
        else Money(amount=quantity * price, currency=currency).rounded(),
        "tax_category": category or ("S" if percent else ""),
        "tax_percent": percent,
    }
