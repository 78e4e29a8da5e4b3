"""What is due between the order and the warehouse: create and confirm it in the ERP, release what is open; once, in order."""

from __future__ import annotations

from datetime import datetime

from crossdock.core.errors import DecisionNeeded
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.order_to_fulfilment.documents import fulfilment_order
from crossdock.processes.order_to_fulfilment.rules import carrier_of
from crossdock.processes.order_to_fulfilment.states import Fulfilment, PickLine
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace


def create(w: Work) -> None:
    """Create the order in the ERP when it does not know it yet."""
    if w.erp:
        return
    w.creations += 1
    w.erp = "creating"
    w.issue("order.create", w.erp_system, str(w.creations), {"order": w.document(), "key": w.state.key})


def confirm(w: Work) -> None:
    """Confirm the created order, unless a person looks at a difference or a newer version waits."""
    if w.erp != "created" or w.settings.confirm != "auto" or w.wanted is not None or w.applying is not None:
        return
    if "discrepancy" in w.parked:
        return
    w.erp = "confirming"
    w.issue("order.confirm", w.erp_system, str(w.creations or 1), {"erp_id": w.erp_id, "erp_number": w.erp_number})


def release(w: Work) -> None:
    """Release to the warehouse what nobody works on yet, when order, payment, dates and back-order rule allow it."""
    if w.erp != "confirmed" or w.wanted is not None or w.applying is not None or "release" in w.parked:
        return
    settings, order = w.settings, w.document()
    if settings.release == "released" and not w.released:
        return
    if settings.release_when_paid and order["payment_status"] not in {"authorized", "paid"}:
        return
    quantities = w.open_lines()
    if not quantities or not _time_has_come(w):
        return
    n = len(w.fulfilments) + 1
    if n > settings.picks.max_releases:
        error = DecisionNeeded(
            f"the order was released {n - 1} times and is still not complete",
            open={number: format(quantity, "f") for number, quantity in quantities.items()},
        )
        w.park("release", error, "wms", ("release", "drop"))
        return
    _release(w, n, tuple(PickLine(number, quantity) for number, quantity in quantities.items()))


def release_now(w: Work) -> None:
    """Release once more although it was done often enough: a person said so."""
    quantities = w.open_lines()
    if quantities and w.erp == "confirmed" and w.wanted is None and w.applying is None:
        _release(w, len(w.fulfilments) + 1, tuple(PickLine(number, quantity) for number, quantity in quantities.items()))


def _release(w: Work, n: int, lines: tuple[PickLine, ...]) -> None:
    warehouse = w.warehouse()
    system = w.plan.system(warehouse.role)
    chosen = carrier_of(w)
    carrier = chosen[0] if chosen is not None else None
    due = _ship_by(w, carrier.cutoff if carrier is not None else "")
    fulfilment = Fulfilment(
        n, numbered("FO", w.state.key, n), "sent", lines, system, ship_by=due.isoformat() if due is not None else ""
    )
    w.put(fulfilment)
    w.refer("fulfilment", fulfilment.number)
    w.await_stage("released", description="the warehouse has the order")
    document = fulfilment_order(w.document(), fulfilment, warehouse, carrier.name if carrier is not None else "")
    w.issue("fulfilment.release", system, str(n), {"fulfilment": document}, due)


def _ship_by(w: Work, cutoff: str) -> datetime | None:
    """The cut-off by which the goods are handed over: the next one the warehouse can make, on the requested day or later."""
    warehouse = w.warehouse()
    cutoff = cutoff or warehouse.cutoff
    if not cutoff:
        return None
    start = w.plan.later(w.at, w.settings.handling, warehouse.calendar)
    requested = w.document()["requested_ship_date"]
    if requested:
        start = max(start, datetime.fromisoformat(requested))
    return w.plan.cutoff(cutoff, start)


def _time_has_come(w: Work) -> bool:
    if w.not_before:
        if w.at < datetime.fromisoformat(w.not_before):
            return False
        w.not_before = ""
    requested, lead = w.document()["requested_ship_date"], w.settings.release_lead
    if requested and lead is not None:
        begin = datetime.fromisoformat(requested) - lead
        if w.at < begin:
            if "timer:release" not in w.expected:
                w.timer("timer:release", begin)
                w.note(f"the order is released at {begin:%Y-%m-%d %H:%M} UTC, {lead} before the requested ship date")
            return False
    return True


def recall(w: Work, fulfilment: Fulfilment, reason: str) -> None:
    """Ask the warehouse to stop a fulfilment order."""
    recalls = fulfilment.recalls + 1
    w.put(replace(fulfilment, status="recalling", recalls=recalls))
    suffix = str(fulfilment.n) if recalls == 1 else f"{fulfilment.n}.{recalls}"
    w.issue("fulfilment.cancel", fulfilment.system, suffix, {"fulfilment_number": fulfilment.number, "reason": reason})
