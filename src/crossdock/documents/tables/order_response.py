"""A supplier's answers to purchase orders out of a spreadsheet."""

from __future__ import annotations

from datetime import UTC, datetime, time
from decimal import Decimal

from crossdock.canonical.codes import NO_CURRENCY
from crossdock.canonical.order_response import OrderResponse
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.moments import zone_of
from crossdock.documents.order_references import order_references
from crossdock.documents.tables.reading import Line, Table, grouped, head


@reads("tables", "order_response")
def read_order_responses(data: bytes, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `purchase_order.answered` per purchase order in the file.

    Raises `PayloadMalformed`, `SchemaInvalid` and `ValueMapMissing`; each problem names row and column.
    """
    table = Table("order_response", data, context, codes)
    made: list[Mapped] = []
    for order, lines in grouped(table.lines(), "order_number"):
        answer = table.finish(OrderResponse, _draft(order, lines, context), lines)
        if answer is not None:
            leads = order_references(answer.order_number)
            made.append(Mapped("purchase_order.answered", answer, leads, number=answer.number, occurred_at=answer.answered_at))
    table.done()
    return made


def _draft(order: str, lines: list[Line], context: ReadContext) -> Draft:
    drafts = [_line(line) for line in lines]
    answers = {draft["answer"] for draft in drafts}
    said = head(lines, "response_date").day("response_date")
    # a spreadsheet has no number of its own unless the supplier gives one: then the message it came in stands for it
    stand_in = context.control or context.moment.strftime("%Y%m%d%H%M%S")
    number = head(lines, "response_number").text("response_number", 64) or f"{order}/{stand_in}"[:64]
    currency = head(lines, "currency").currency()
    return {
        "number": number,
        "order_number": order,
        "answered_at": datetime.combine(said, time(), zone_of(context.options.zone)).astimezone(UTC) if said else context.moment,
        "verdict": answers.pop() if len(answers) == 1 and "backordered" not in answers else "changed",
        "supplier_order_number": head(lines, "supplier_order_number").text("supplier_order_number"),
        "currency": currency or None,
        "lines": drafts,
        "note": head(lines, "note").text("note", 4000),
    }


def _line(line: Line) -> Draft:
    quantity = line.number_of("quantity", Decimal(0))
    price = line.number_of("unit_price", Decimal(0))
    currency = line.currency()
    if price is not None and not currency:
        line.wrong("currency", "must not be empty where a price is given")
    return {
        **line.item(),
        "number": str(line.number),
        "order_line": line.text("line", 64),
        "answer": line.answer(),
        "quantity": None if quantity is None else {"value": quantity, "unit": line.unit()},
        "unit_price": None if price is None else {"amount": price, "currency": currency or NO_CURRENCY},
        "delivery_date": line.day("delivery_date"),
        "reason": line.text("reason", 2000),
    }
