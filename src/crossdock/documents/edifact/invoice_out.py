"""EDIFACT INVOIC out of an `Invoice`."""

from __future__ import annotations

from typing import Final

from crossdock.canonical.invoice import Invoice, InvoiceLine
from crossdock.documents.edifact.invoice import CREDITS, REFERENCES, TOTAL_AMOUNTS
from crossdock.documents.edifact.items import write_item, write_price
from crossdock.documents.edifact.order_response import order_line_reference
from crossdock.documents.edifact.parties import write_party
from crossdock.documents.edifact.terms import write_allowances, write_day, write_note, write_references, write_tax, write_unit
from crossdock.documents.mapping import Codes, WriteContext, writes
from crossdock.documents.writing import Writing
from crossdock.edi.writer import Row

_PURPOSES: Final = {"original": "9", "replacement": "5", "cancellation": "1"}


@writes("edifact", "INVOIC")
def write_invoice(invoice: Invoice, context: WriteContext, codes: Codes) -> list[Row]:
    """An INVOIC; a credit note is one of type 381 with positive amounts."""
    writing = Writing(context, codes, reserved="")
    credit = invoice.kind == "credit_note"
    kind = invoice.type_code if (invoice.type_code in CREDITS) == credit else "381" if credit else "380"
    rows: list[Row] = [("BGM", kind, invoice.number, _PURPOSES[invoice.purpose]), write_day(writing, "137", invoice.issue_date)]
    for qualifier, day in (("131", invoice.tax_point_date), ("35", invoice.delivery_date)):
        if day is not None:
            rows.append(write_day(writing, qualifier, day))
    if invoice.payment_means:
        rows.append(("PAI", ("", "", invoice.payment_means)))
    rows += write_note(writing, invoice.note)
    rows += write_note(writing, invoice.payment_terms, "AAB")
    rows += write_note(writing, invoice.remittance, "PMD")
    for qualifier, name in REFERENCES.items():
        if value := getattr(invoice, name):
            rows.append(("RFF", (qualifier, value)))
            if name == "preceding_number" and invoice.preceding_date is not None:
                rows.append(write_day(writing, "171", invoice.preceding_date))
    rows += write_references(invoice.identifiers, 40)
    for role, party in (("SU", invoice.seller), ("IV", invoice.buyer), ("DP", invoice.ship_to), ("PE", invoice.payee)):
        if party is None:
            continue
        made = write_party(writing, role, party)
        if role == "SU" and (invoice.iban or invoice.bic):
            made.insert(1, ("FII", "RB", invoice.iban, (invoice.bic, "", "")))
        rows += made
    rows.append(("CUX", ("2", invoice.currency, "4")))
    if invoice.due_date is not None:
        rows += [("PAT", "1"), write_day(writing, "13", invoice.due_date)]
    rows += write_allowances(writing, invoice.allowances)
    for place, line in enumerate(invoice.lines, 1):
        rows += _line(writing, line, place, invoice.order_number)
    rows.append(("UNS", "S"))
    rows.append(("CNT", ("2", str(len(invoice.lines)))))
    rows.append(("MOA", ("9", writing.number(invoice.payable.amount))))
    for qualifier, name in TOTAL_AMOUNTS.items():
        if (amount := getattr(invoice, name)) is not None:
            rows.append(("MOA", (qualifier, writing.number(amount.amount))))
    if invoice.tax_total is not None:
        rows.append(("MOA", ("176", writing.number(invoice.tax_total.amount))))
    for tax in invoice.taxes:
        rows.append(write_tax(writing, tax.percent, tax.category))
        rows.append(("MOA", ("124", writing.number(tax.tax.amount))))
        rows.append(("MOA", ("125", writing.number(tax.taxable.amount))))
    writing.finish(f"INVOIC {invoice.number}")
    return rows


def _line(writing: Writing, line: InvoiceLine, place: int, order: str) -> list[Row]:
    fits = line.number.isdecimal() and len(line.number) <= 6 and line.number == str(int(line.number))
    rows = write_item(writing, line, int(line.number) if fits else place)
    rows.append(("QTY", ("47", writing.number(line.quantity.value), write_unit(writing, line.quantity.unit))))
    for qualifier, day in (("194", line.period_start), ("206", line.period_end)):
        if day is not None:
            rows.append(write_day(writing, qualifier, day))
    rows += write_note(writing, line.note)
    rows.append(("MOA", ("203", writing.number(line.net_amount.amount))))
    rows.append(write_price(writing, line.unit_price.amount, line.price_base, line.quantity.unit))
    if line.gross_price is not None:
        rows.append(write_price(writing, line.gross_price.amount, None, line.quantity.unit, "AAB"))
    order = line.order_number or order
    if order and (line.order_number or line.order_line != line.number):
        rows += order_line_reference(order, line.order_line[:6])
    if line.despatch_number:
        rows.append(("RFF", ("AAK", line.despatch_number, line.despatch_line[:6])))
    if not fits:
        rows.append(("RFF", ("LI", line.number)))
    if line.tax_category or line.tax_percent is not None:
        rows.append(write_tax(writing, line.tax_percent, line.tax_category))
    return rows + write_allowances(writing, line.allowances)
