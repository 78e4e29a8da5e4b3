"""X12 810 out of an `Invoice`."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.invoice import Invoice, InvoiceLine, TaxBreakdown
from crossdock.documents.credit import round_to
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.documents.x12.invoice import HEAD_REFERENCES
from crossdock.documents.x12.items import item_pairs, price_elements, write_texts
from crossdock.documents.x12.parties import write_party
from crossdock.documents.x12.terms import LINE_REFERENCE, number_elements, write_allowances, write_references
from crossdock.edi.writer import Row

_PURPOSES = {"original": "00", "replacement": "05", "cancellation": "01"}


@writes("x12", "810")
def write_invoice(invoice: Invoice, context: WriteContext, codes: Codes) -> list[Row]:
    """An 810; a credit note is one of type `CR` with positive amounts."""
    writing = Writing(context, codes)
    number, release = number_elements(invoice.order_number)
    kind = "CR" if invoice.kind == "credit_note" else "DI"
    rows: list[Row] = [
        ("BIG", writing.day(invoice.issue_date), invoice.number, "", number, release, "", kind, _PURPOSES[invoice.purpose])
    ]
    rows += [("NTE", "GEN", chunk) for chunk in writing.chunks(invoice.note, 80)]
    rows.append(("CUR", "SE", invoice.currency))
    rows += [("REF", code, value) for code, name in HEAD_REFERENCES.items() if (value := getattr(invoice, name))]
    rows += write_references(invoice.identifiers)
    for role, party in (("SE", invoice.seller), ("BY", invoice.buyer), ("ST", invoice.ship_to), ("RE", invoice.payee)):
        if party is not None:
            rows += write_party(writing, role, party)
    if invoice.due_date is not None or invoice.payment_terms:
        due = writing.day(invoice.due_date) if invoice.due_date is not None else ""
        rows.append(("ITD", "14", "3", "", "", "", due, *[""] * 5, writing.text(invoice.payment_terms, 80)))
    if invoice.delivery_date is not None:
        rows.append(("DTM", "035", writing.day(invoice.delivery_date)))
    for line in invoice.lines:
        rows += _line(writing, line, invoice.currency)
    rows.append(("TDS", writing.implied(invoice.payable.amount, 2, "TDS01")))
    rows += [_tax(writing, each) for each in invoice.taxes]
    rows += write_allowances(writing, invoice.allowances)
    rows.append(("CTT", str(len(invoice.lines))))
    writing.finish(f"810 {invoice.number}")
    return rows


def _line(writing: Writing, line: InvoiceLine, currency: str) -> list[Row]:
    name = f"line {line.number}"
    price, basis = price_elements(writing, line.unit_price.amount, line.price_base, name)
    unit = writing.unit(line.quantity.unit, x12=True, place=name)
    rows: list[Row] = [("IT1", line.number, writing.number(line.quantity.value), unit, price, basis, *item_pairs(line))]
    if line.tax_percent is not None:
        exempt = "1" if line.tax_category == "E" else ""
        rows.append(("TXI", "TX", "", writing.number(line.tax_percent), "", "", exempt))
    if line.gross_price is not None:
        rows.append(("CTP", "", "LPR", writing.number(line.gross_price.amount)))
    adjusted = sum((each.amount.amount if each.charge else -each.amount.amount for each in line.allowances), Decimal(0))
    expected = line.quantity.value * line.unit_price.amount / (line.price_base or 1) + adjusted
    if round_to(expected, currency) != line.net_amount.amount:
        rows.append(("PAM", "", "", "", "1", writing.number(line.net_amount.amount)))
    rows += write_texts(writing, line)
    if line.order_number:
        rows.append(("REF", "PO", line.order_number))
    if line.order_line and line.order_line != line.number:
        rows.append(("REF", "LI", line.order_line))
    if line.despatch_number:
        rows.append(("REF", "SI", line.despatch_number))
    rows += write_references(line.identifiers, scheme=LINE_REFERENCE)
    return rows + write_allowances(writing, line.allowances)


def _tax(writing: Writing, tax: TaxBreakdown) -> Row:
    percent = writing.number(tax.percent) if tax.percent is not None else ""
    exempt = "1" if tax.category == "E" else ""
    return ("TXI", "TX", writing.number(tax.tax.amount), percent, "", "", exempt, "", writing.number(tax.taxable.amount))
