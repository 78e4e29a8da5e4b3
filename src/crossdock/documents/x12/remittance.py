"""X12 820: a customer's remittance advice, to a `Payout`; RMR04 is what was paid for an invoice, ADX what was changed on the whole."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from crossdock.documents.assembly.remittances import adjusted, remitted, settled
from crossdock.documents.drafts import Draft
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading
from crossdock.documents.x12.terms import read_currency, read_day
from crossdock.edi.guides import Loop

_ORDER: Final = ("PO", "CO", "VN")


@reads("x12", "820")
def read_remittance(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A remittance advice: `payout.received`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "BPR")
    trace = node.first("TRN")
    currency = read_currency(reading, node, head)
    total = reading.decimal(at(head, 2), head, 2)
    if total is not None and at(head, 3) == "D":
        total = -total  # the payer takes money instead of giving it
    number = at(trace, 2) if trace is not None else ""
    lines = list(_lines(reading, node, currency))
    return remitted(reading, number or context.control, currency, total, read_day(reading, head, 16), number, lines)


def _lines(reading: Reading, node: Node, currency: str | None) -> Iterator[Draft]:
    for holder in (node, *node.loops("ENT")):
        for loop in holder.loops("RMR"):
            opener = loop.opener
            paid = reading.decimal(at(opener, 4), opener, 4)
            if paid is None:
                paid = reading.decimal(at(opener, 5), opener, 5) or Decimal(0)
            reference = loop.first("REF", *_ORDER)
            words = [f"discount {at(opener, 6)}" if at(opener, 6) else ""]
            words += [f"adjustment {at(each.opener, 2)} {at(each.opener, 1)}" for each in loop.loops("ADX")]
            order = at(reference, 2) if reference is not None else ""
            yield settled(at(opener, 2), paid, currency, order, "; ".join(word for word in words if word))
        for loop in holder.loops("ADX"):
            opener = loop.opener
            amount = reading.decimal(at(opener, 1), opener, 1)
            if amount is not None:
                yield adjusted(at(opener, 2), amount, currency, at(opener, 4))
