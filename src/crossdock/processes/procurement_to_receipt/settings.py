"""The settings of a procurement-to-receipt flow, with defaults: the suppliers, what is tolerated, what is expected when; knows no state."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from crossdock.canonical.identifiers import Identifier
from crossdock.processes.frame.settings import Strict

Stage = Literal["acknowledged", "answered", "noticed", "received", "invoiced", "matched"]

_EXPECTED: dict[Stage, timedelta] = {
    "acknowledged": timedelta(hours=24),
    "answered": timedelta(days=2),
    "noticed": timedelta(hours=12),
    "received": timedelta(days=2),
    "invoiced": timedelta(days=30),
    "matched": timedelta(days=14),
}
Percent = Annotated[Decimal, Field(ge=0)]
Amount = Annotated[Decimal, Field(ge=0)]


class Supplier(Strict):
    """A supplier reached through the hub, and what may be expected of it."""

    role: Annotated[str, Field(description="The role whose system is the supplier's.")] = "supplier"
    identifiers: Annotated[
        tuple[Identifier, ...],
        Field(description="The supplier of an order is this one when one of them is its own; none: every supplier of the ERP."),
    ] = ()
    acknowledges: Annotated[bool, Field(description="Its machine acknowledges what it got (997, CONTRL).")] = True
    answers: Annotated[bool, Field(description="It confirms orders (855, ORDRSP, portal).")] = True
    notices: Annotated[bool, Field(description="It sends ship notices (856, DESADV, portal).")] = True
    invoices: Annotated[bool, Field(description="It sends its invoices through the hub.")] = True


class Answers(Strict):
    """By how much a supplier's confirmation may differ from the order without a buyer. A lower price is always within."""

    price_percent: Annotated[Percent, Field(description="Dearer by so much of the ordered price; the larger of both counts.")] = (
        Decimal(0)
    )
    price_amount: Annotated[Amount, Field(description="Dearer by so much for each unit of the price.")] = Decimal(0)
    days_early: Annotated[int, Field(ge=0, description="Delivered so many days before the day ordered.")] = 3
    days_late: Annotated[int, Field(ge=0, description="Delivered so many days after it.")] = 2
    less_percent: Annotated[Percent, Field(description="Less than ordered by so much.")] = Decimal(0)
    more_percent: Annotated[Percent, Field(description="More than ordered by so much.")] = Decimal(0)
    unmentioned: Annotated[
        Literal["accepted", "open"],
        Field(description="Lines a changed answer does not mention: taken as ordered, or still to be answered."),
    ] = "accepted"


class Notices(Strict):
    """What a ship notice may say without a person."""

    over_percent: Annotated[Percent, Field(description="More than is still open of a line, by so much of what was ordered.")] = (
        Decimal(0)
    )


class Receipts(Strict):
    """What is done when the warehouse received something other than was ordered."""

    over_percent: Annotated[Percent, Field(description="More than ordered by so much is accepted.")] = Decimal(0)
    short: Annotated[
        Literal["wait", "close", "ask"],
        Field(description="Less came than was noticed: `wait` for the rest, `close` the lines, or `ask` a person."),
    ] = "wait"
    damaged: Annotated[
        Literal["ask", "note"], Field(description="Damaged or refused goods: tell a person, or only write it down.")
    ] = "ask"
    unannounced: Annotated[
        Literal["accept", "ask"], Field(description="Goods without ship notice from a supplier that sends them.")
    ] = "accept"
    lots_from_notice: Annotated[
        bool, Field(description="When the warehouse names no lot and the notice has just one for the line, take it from there.")
    ] = True


class Matching(Strict):
    """By how much an invoice may differ from order and receipt and still become a bill by itself. A lower price is always within."""

    price_percent: Annotated[Percent, Field(description="Dearer by so much of the agreed price; the larger of both counts.")] = (
        Decimal(0)
    )
    price_amount: Annotated[Amount, Field(description="Dearer by so much for each unit of the price.")] = Decimal("0.005")
    quantity_percent: Annotated[Percent, Field(description="More than received by so much.")] = Decimal(0)
    total_amount: Annotated[
        Amount,
        Field(description="All lines together dearer than agreed by so much; the smaller of this and the percentage counts."),
    ] = Decimal(50)
    total_percent: Annotated[Percent, Field(description="All lines together dearer than agreed by so much.")] = Decimal(2)
    rounding: Annotated[Amount, Field(description="For each sum the invoice states, and for each line in it.")] = Decimal("0.01")
    charges_amount: Annotated[Amount, Field(description="Charges (freight, packing) that the order does not have.")] = Decimal(0)
    tax_amount: Annotated[Amount, Field(description="Tax that differs from its rate by so much.")] = Decimal("0.02")
    credit_notes: Annotated[
        Literal["match", "ask"],
        Field(description="Credit notes that fit what was billed become refunds, or a person looks at each."),
    ] = "match"


class Settings(Strict):
    """`settings:` of a flow with `workflow: procurement_to_receipt`. Everything has a default."""

    suppliers: Annotated[tuple[Supplier, ...], Field(min_length=1, description="The first that fits counts.")] = (Supplier(),)
    received_by: Annotated[
        Literal["wms", "erp"], Field(description="Who receives goods: a warehouse system, or the ERP itself.")
    ] = "wms"
    write_confirmation: Annotated[
        bool, Field(description="Write the supplier's order number and confirmed values to the ERP's order.")
    ] = True
    answers: Answers = Answers()
    notices: Notices = Notices()
    receipts: Receipts = Receipts()
    matching: Matching = Matching()

    expectations: Annotated[
        dict[Stage, timedelta],
        Field(
            description="`acknowledged`, `answered`: after the order was sent; `noticed`: after the delivery day begins (or the order was told, if that is later); `received`: after "
            "the goods are announced to arrive; `invoiced`: after the last receipt; `matched`: how long an invoice waits for goods. "
            "The flow's `slas` of the same names go before."
        ),
    ] = Field(default_factory=lambda: dict(_EXPECTED))
    owners: Annotated[
        dict[str, str],
        Field(description="Role (`buyer`, `erp`, `supplier`, `wms`, `accounting`) and the team that gets its failures."),
    ] = Field(default_factory=dict)
    budgets: Annotated[dict[str, str], Field(description="Command (`purchase_order.send`) and the retry budget it is given.")] = (
        Field(default_factory=dict)
    )
