"""Whether an invoice may leave, and in words what it waits for; changes nothing."""

from __future__ import annotations

from crossdock.processes.journey import BACK, GONE
from crossdock.processes.shipment_to_invoice.settings import Ready
from crossdock.processes.shipment_to_invoice.states import Consignment, Paper
from crossdock.processes.shipment_to_invoice.travelling import doubts, way
from crossdock.processes.shipment_to_invoice.work import Work


def waits_for(w: Work, paper: Paper) -> list[str]:
    """What a paper still waits for; empty when it is ready."""
    rule = w.rule()
    return [words for one in w.of(paper) if (words := lacking(one, rule.ready))]


def lacking(one: Consignment, ready: Ready) -> str:
    """What a consignment lacks for its invoice; empty when nothing."""
    if one.left_out:
        return f"a person: {one.number} is not shipped after all"
    found = way(one)
    if words := doubts(one, found):
        return f"{one.number}: a person has to settle what contradicts itself ({words})"
    codes = set(found.reached)
    if ready == "dispatched" and not one.dispatched and not codes & GONE:
        return f"the dispatch of {one.number}"
    signed = ready == "proof" and bool(one.proofs)
    if ready in {"delivered", "proof"} and "delivered" not in codes and not signed:
        back = f" (it is {found.status})" if found.status in BACK else ""
        return f"the delivery of {one.number}{back}"
    if ready == "proof" and not signed:
        return f"the proof of delivery of {one.number}"
    if signed and not one.dispatched and not codes & GONE:
        # a proof of goods nobody picked up may be another consignment's
        return f"the dispatch of {one.number}, for which there is a proof of delivery already"
    return ""
