"""Carriers' freight invoices out of a spreadsheet: one row per charge, or per consignment with a column for each kind of charge."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.freight import FreightInvoice
from crossdock.documents.charges import CHARGES, plain_word
from crossdock.documents.drafts import Draft, money
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.tables.columns import CHARGE_COLUMNS
from crossdock.documents.tables.reading import Line, Table, grouped, head


@reads("tables", "freight_invoice")
def read_freight_invoices(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `freight_invoice.received` per invoice in the file.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing`; each problem names row and column.
    """
    table = Table("freight_invoice", data, context, codes)
    made: list[Mapped] = []
    for number, lines in grouped(table.lines(), "invoice_number"):
        charges = [charge for line in lines for charge in _charges(line, table)]
        invoice = table.finish(FreightInvoice, _draft(number, lines, charges, context), [line for line, _ in charges] or lines)
        if invoice is not None:
            made.append(Mapped("freight_invoice.received", invoice, number=invoice.number))
    table.done()
    return made


def _draft(number: str, lines: list[Line], charges: list[tuple[Line, Draft]], context: ReadContext) -> Draft:
    currency = head(lines, "currency").currency() or NO_CURRENCY
    kind = head(lines, "kind").kind()
    total = head(lines, "total").number_of("total")
    if total is None:
        head(lines, "total").wrong("total", "must not be empty")
    tax = head(lines, "tax_total").number_of("tax_total")
    theirs = context.parties.theirs
    draft: Draft = {
        "number": number,
        "kind": kind,
        "carrier": head(lines, "carrier").text("carrier", 64) or theirs.name or theirs.id,
        "account": head(lines, "account").text("account"),
        "issue_date": head(lines, "issue_date").day("issue_date"),
        "due_date": head(lines, "due_date").day("due_date"),
        "currency": currency,
        "lines": [{**charge, "number": str(place)} for place, (_, charge) in enumerate(charges, 1)],
        "tax_total": None if tax is None else money(tax, currency),
        "total": money(total or Decimal(0), currency),
    }
    if kind == "invoice" and total is not None and total < 0:
        draft |= {"kind": "credit_note", "total": money(-total, currency)}
        for line in draft["lines"]:
            line["amount"] = money(-line["amount"]["amount"], line["amount"]["currency"])
    return draft


def _charges(line: Line, table: Table) -> Iterator[tuple[Line, Draft]]:
    """The charges of a row: the one its `charge` names, or one for each filled column of charges."""
    common: Draft = {
        "waybill": line.text("waybill", 64),
        "tracking_number": line.text("tracking_number", 64),
        "shipment_number": line.text("shipment_number", 64),
        "order_number": line.text("order_number", 64),
        "zone": line.text("zone", 64),
        "service_level": line.text("service_level", 64),
        "billed_weight_kg": line.number_of("billed_weight_kg", Decimal(0)),
        "shipped_on": line.day("shipped_on"),
    }
    currency = line.text("line_currency").upper() or line.currency() or NO_CURRENCY
    amount = line.number_of("amount")
    wide = [(kind, made) for kind in CHARGE_COLUMNS if (made := line.number_of(kind)) is not None]
    if not line.given("amount") and not any(line.given(kind) for kind in CHARGE_COLUMNS):
        line.wrong("amount", "must not be empty, unless the charges have columns of their own")
    if amount is not None:
        named = line.text("charge")
        yield line, {**common, "kind": _kind(line, table, named), "code": named, "amount": money(amount, currency)}
    for kind, made in wide:
        if made:
            yield line, {**common, "kind": kind, "amount": money(made, currency)}


def _kind(line: Line, table: Table, named: str) -> str:
    if (agreed := table.agreed("charges", named, table.codes.translate)) is not None:
        return agreed
    if not named:
        return "base"
    found = CHARGES.get(plain_word(named))
    if found is None:
        where = {"place": f"row {line.number}, column charge", "row": line.number, "column": "charge"}
        table.note_unknown(table.map_for("charges"), named, where)
    return found or "other"
