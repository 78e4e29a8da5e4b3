"""X12 214: a carrier's status messages, to milestones in the normalised vocabulary."""

from __future__ import annotations

from typing import Final

from crossdock.documents.assembly.milestones import Milestones
from crossdock.documents.mapping import Codes, Mapped, ReadContext, reads
from crossdock.documents.nodes import Node, at
from crossdock.documents.reading import Reading, joined
from crossdock.documents.x12.terms import read_moment
from crossdock.edi.guides import Loop

# Data element 1650 (status) and 1652 (appointment status), the ones carriers' guides share.
STATUSES: Final = {
    "A3": "returning",
    "A7": "cancelled",
    "A9": "exception",
    "AB": "booked",
    "AF": "picked_up",
    "AG": "in_transit",
    "AH": "attempted",
    "AI": "exception",
    "AJ": "out_for_delivery",
    "AM": "in_transit",
    "AP": "exception",
    "AR": "in_transit",
    "AV": "in_transit",
    "CA": "cancelled",
    "CD": "in_transit",
    "CP": "in_transit",
    "D1": "delivered",
    "J1": "in_transit",
    "K1": "in_transit",
    "L1": "in_transit",
    "OA": "out_for_delivery",
    "OO": "out_for_delivery",
    "P1": "in_transit",
    "R1": "in_transit",
    "S1": "in_transit",
    "SD": "exception",
    "X1": "in_transit",
    "X2": "in_transit",
    "X3": "booked",
    "X4": "in_transit",
    "X5": "in_transit",
    "X6": "in_transit",
    "X8": "in_transit",
    "XB": "booked",
    "AA": "booked",
}


@reads("x12", "214")
def read_status(tree: Loop, context: ReadContext, codes: Codes) -> list[Mapped]:
    """One `shipment.milestone` for each AT7 in the document."""
    reading = Reading(context, codes)
    node = Node(tree)
    head = reading.head(node, "B10")
    number = at(head, 1) or at(head, 2)
    carrier = reading.code("carriers", at(head, 3), head, 3) or ""
    told = Milestones(reading, head, "the document reports no status (AT7)")
    groups = [(loop, loop) for loop in node.loops("AT7")]
    groups += [(loop, each) for loop in node.loops("LX") for each in loop.loops("AT7")]
    for outer, loop in groups:
        opener = loop.opener
        element = 1 if at(opener, 1) else 3
        place = next(iter((*loop.all("MS1"), *outer.all("MS1"))), None)
        told.tell(
            opener,
            reading.table("statuses", STATUSES, at(opener, element), opener, element),
            at(opener, element),
            read_moment(reading, opener, 5, 6, 7),
            tracking=number,
            shipment=at(head, 2),
            number=number,
            carrier=carrier,
            location=joined((at(place, 1), at(place, 2), at(place, 3)), ", ") if place is not None else "",
            description=at(opener, element + 1),
        )
    return told.done()
