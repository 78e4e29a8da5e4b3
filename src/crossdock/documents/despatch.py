"""What a warehouse outside is to expect, as the ship notice it gets where it takes no other announcement; knows no standard."""

from __future__ import annotations

from crossdock.canonical.despatch import DespatchAdvice, DespatchLine
from crossdock.canonical.party import TradingParty
from crossdock.canonical.receipt import ExpectedReceipt
from crossdock.documents.assembly.standing import STANDINGS, Standing
from crossdock.documents.mapping import WriteContext


def expected_notice(receipt: ExpectedReceipt, context: WriteContext) -> DespatchAdvice:
    """The notice of an expected receipt. Its number is the hub's, which the warehouse's receipt names again (RECADV RFF+AAK)."""
    purpose: Standing = STANDINGS.get(context.purpose, "original" if receipt.version == 1 else "replacement")
    lines = tuple(
        DespatchLine.model_validate({**line.model_dump(), "order_number": receipt.order_number}) for line in receipt.lines
    )
    return DespatchAdvice(
        number=receipt.number,
        purpose=purpose,
        order_number=receipt.order_number,
        issued_at=context.moment,
        expected_at=receipt.expected_at,
        supplier=receipt.supplier,
        ship_to=receipt.ship_to or TradingParty(name=receipt.warehouse),
        carrier=receipt.carrier,
        waybill=receipt.waybill,
        tracking_number=receipt.tracking_number,
        units=receipt.units,
        lines=lines,
        note=receipt.note,
    )
