"""When a purchase order is finished: everything came or is waited for no more, everything is billed, nobody is asked."""

from __future__ import annotations

from crossdock.processes.procurement_to_receipt.documents import lines_of
from crossdock.processes.procurement_to_receipt.receiving import all_settled
from crossdock.processes.procurement_to_receipt.work import Work


def finish(w: Work) -> None:
    """Close the order when nothing is left to do; what is in stock and not invoiced is waited for."""
    if w.closed or w.agreed is None or w.withdrawn_order():
        return
    pending = any(one.standing in {"open", "held"} for one in w.invoices)
    unbilled = w.partner().invoices and w.unbilled()
    if unbilled and not pending and "invoiced" not in w.expected and (w.receipts or not w.open_lines()):
        w.await_stage("invoiced", 0, f"the supplier invoices what was received of {w.number}")
    if pending or unbilled or w.asked or w.parked or w.wanted is not None or w.telling is not None or w.resend:
        return
    if w.open_lines() or not all_settled(w) or any(one.standing == "in_force" and not one.over for one in w.notices):
        return
    if not w.receipts and all(line["status"] == "cancelled" for line in lines_of(w.agreed).values()):
        w.closed = "cancelled"
        w.reach("cancelled")
        w.forget_all()
        w.note("nothing of the order is left")
        return
    w.closed = "finished"
    w.forget_all()
    w.note("everything is received" + (" and billed" if w.partner().invoices else ""))
