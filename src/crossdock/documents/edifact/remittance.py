"""EDIFACT REMADV: a customer's remittance advice, to a `Payout`; MOA 12 is what was paid for a document."""

from __future__ import annotations

from typing import Final

from crossdock.documents.assembly.remittances import adjusted, remitted, settled
from crossdock.documents.drafts import Draft
from crossdock.documents.edifact.terms import DOCUMENT_DATE, amount_of, day_of, head_of, read_currency
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, qualified
from crossdock.documents.reading import Reading
from crossdock.edi.guides import Loop

_CREDITS: Final = frozenset({"381", "83", "84", "262", "308", "396", "420", "458", "532"})
_PAID: Final = ("12", "11", "9", "38")
_TOTAL: Final = ("12", "9", "128", "39")


@reads("edifact", "REMADV")
def read_remittance(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """A remittance advice: `payout.received`."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = head_of(reading, node)
    currency = read_currency(reading, node, head)
    references = [*node.all("RFF"), *(group.opener for group in node.loops("RFF"))]
    trace = next((each.value(1, 2) for kind in ("PQ", "ACE", "CR") for each in references if each.value(1, 1) == kind), "")
    lines: list[Draft] = []
    for group in node.loops("DOC"):
        opener = group.opener
        paid = amount_of(reading, group.all("MOA"), *_PAID)
        if paid is None:
            reading.wrong("no amount says what was paid for the document (MOA 12)", opener, path=f"lines.{len(lines)}.amount")
            continue
        if opener.value(1, 1) in _CREDITS and paid > 0:
            paid = -paid
        order = qualified(group.all("RFF"), ("ON",))
        words = [f"adjustment {each.opener.value(1)}" for each in group.loops("AJT")]
        reading.anchors["lines", len(lines)] = opener
        lines.append(
            settled(opener.value(2, 1), paid, currency, order.value(1, 2) if order is not None else "", "; ".join(words))
        )
    for group in node.loops("ALC"):
        amount = amount_of(reading, group.all("MOA"), "8", "131", "204")
        if amount is None:
            continue
        lines.append(adjusted(group.opener.value(2, 1), -amount if group.opener.value(1) == "A" else amount, currency))
    moneys = [*node.all("MOA"), *(group.opener for group in node.loops("MOA"))]
    paid_on = day_of(reading, node.all("DTM"), "138", "209", "203", "140", DOCUMENT_DATE)
    return remitted(
        reading, head.value(2, 1), currency, amount_of(reading, moneys, *_TOTAL), paid_on, trace or head.value(2, 1), lines
    )
