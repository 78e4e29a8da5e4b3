"""Purchase orders: who the parties are where the document does not say, what the order comes to, and which object the reader is after."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.documents.drafts import Draft, money, party
from crossdock.documents.mapping import Codes, Mapped, Purpose, ReadContext
from crossdock.documents.nodes import Node
from crossdock.documents.order_totals import line_net, order_total
from crossdock.documents.reading import Reading
from crossdock.documents.sales_order import sales_order
from crossdock.edi.guides import Loop

ReadDraft = Callable[[Reading, Node], tuple[Draft, Purpose]]
"""What a syntax gives: the draft of a `PurchaseOrder`, and what the document does to an earlier one."""


def sold(tree: Loop, context: ReadContext, codes: Codes, read: ReadDraft, *, change: bool) -> list[Mapped]:
    """A customer's order document as what it is to the seller: `order.placed|changed|amended|cancelled`."""
    reading = Reading(context, codes)
    draft, purpose = read(reading, Node(tree))
    return sales_order(reading, draft, purpose, change=change)


def bought(tree: Loop, context: ReadContext, codes: Codes, read: ReadDraft) -> PurchaseOrder:
    """The same document as the buyer meant it."""
    reading = Reading(context, codes)
    draft, _ = read(reading, Node(tree))
    return reading.finish(PurchaseOrder, draft)


def default_parties(reading: Reading, draft: Draft) -> None:
    """The buyer is the partner and the supplier is us, where the document names neither."""
    theirs, ours = reading.context.parties.theirs, reading.context.parties.ours
    draft.setdefault("buyer", party(theirs.name, theirs.gln))
    draft.setdefault("supplier", party(ours.name, ours.gln))


def lines_net(draft: Draft) -> Decimal:
    """What the lines that are still wanted come to."""
    return sum((line_net(line) for line in draft["lines"] if "status" not in line), Decimal(0))


def state_total(draft: Draft, currency: str | None, net: Decimal, tax: Decimal | None, stated: Decimal | None) -> None:
    """Tax and total: as the document states it, else worked out of lines, allowances and tax and marked as `computed`."""
    if tax is not None:
        draft["tax"] = money(tax, currency)
    if stated is None:
        draft["computed"] = True
        stated = order_total(net, draft.get("allowances", ()), tax)
    draft["total"] = money(stated, currency)


def restate_cancelled(line: Draft, currency: str | None) -> None:
    """A line that is taken back needs neither quantity nor price: nothing of it is wanted, and it costs nothing."""
    line.setdefault("quantity", {"value": Decimal(0)})
    line.setdefault("unit_price", money(Decimal(0), currency))
