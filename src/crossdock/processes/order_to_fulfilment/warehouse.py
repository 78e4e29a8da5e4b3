"""What the warehouse's messages mean: accepted, refused, stopped, picked; issues no commands."""

from __future__ import annotations

from decimal import Decimal

from crossdock.canonical.fulfilment import FulfilmentStatus, PickConfirmation
from crossdock.core.errors import DecisionNeeded, ReferenceUnknown
from crossdock.core.process import Happened
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.order_to_fulfilment.documents import plain, reduced
from crossdock.processes.order_to_fulfilment.orders import request_cancel
from crossdock.processes.order_to_fulfilment.rules import judge, with_picked
from crossdock.processes.order_to_fulfilment.states import COMMITTED, Fulfilment, Shipment
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace

_LATEST_EARLY = 20


def find(w: Work, number: str) -> Fulfilment | None:
    """The fulfilment order of this number."""
    return next((one for one in w.fulfilments if one.number == number), None)


def status(w: Work, fact: Happened) -> None:
    """`fulfilment.status`: the warehouse accepted, refused or cancelled the instruction."""
    event = fact.event
    data = event.data
    if not isinstance(data, FulfilmentStatus):
        return
    fulfilment = find(w, data.fulfilment_number)
    if fulfilment is None:
        unknown(w, data.fulfilment_number, "fulfilment.status")
        return
    if fulfilment.status not in {"sent", "failed", "live", "recalling"}:
        w.note(f"{fulfilment.number} is {fulfilment.status}; the warehouse's {data.status!r} changes nothing")
    elif data.status == "accepted":
        taken(w, fulfilment)
    elif fulfilment.status == "recalling" or w.withdrawn_order():
        stopped(w, fulfilment)
    else:
        failed = w.failed("fulfilment.release", fulfilment.n)
        if failed:
            w.revoke(failed)
        w.put(replace(fulfilment, status="refused"))
        w.forget("picked", fulfilment.n)
        error = DecisionNeeded(
            f"the warehouse does not carry out {fulfilment.number}: {data.reason or data.status}",
            fulfilment=fulfilment.number,
            status=data.status,
            reason=data.reason,
        )
        w.park(f"refused:{fulfilment.n}", error, "wms", ("release_again", "drop"))


def taken(w: Work, fulfilment: Fulfilment) -> Fulfilment:
    """The warehouse has the fulfilment order: it said so, or it picks it."""
    if fulfilment.status not in {"sent", "failed"}:
        return fulfilment
    failed = w.failed("fulfilment.release", fulfilment.n)
    if failed:
        w.revoke(failed)
    fulfilment = replace(fulfilment, status="live")
    w.put(fulfilment)
    w.reach("released")
    w.came("released")
    w.await_stage("picked", fulfilment.n, f"the warehouse picks {fulfilment.number}")
    return fulfilment


def stopped(w: Work, fulfilment: Fulfilment) -> None:
    """The warehouse stopped a fulfilment order; what it picked before stays picked."""
    w.put(replace(fulfilment, status="cancelled", early=()))
    w.forget("picked", fulfilment.n)
    if fulfilment.kept:
        _ship(w, fulfilment, fulfilment.kept, final=True)
    w.note(f"{fulfilment.number} is stopped")


def picked(w: Work, fact: Happened) -> None:
    """`picking.completed`: what was really picked and packed; confirmations of one fulfilment order are applied in sequence."""
    event = fact.event
    data = event.data
    if not isinstance(data, PickConfirmation):
        return
    fulfilment = find(w, data.fulfilment_number)
    if fulfilment is None:
        unknown(w, data.fulfilment_number, "picking.completed")
        return
    if data.sequence <= fulfilment.sequence:
        w.note(f"confirmation {data.sequence} of {fulfilment.number} is known")
        return
    confirmation = fact.document()
    if fulfilment.status in {"done", "short", "cancelled", "refused"}:
        error = DecisionNeeded(
            f"the warehouse picked for {fulfilment.number}, which is {fulfilment.status}: the goods have no order",
            fulfilment=fulfilment.number,
            sequence=data.sequence,
            lines=confirmation["lines"],
        )
        w.put(replace(fulfilment, sequence=data.sequence))
        w.park(f"late_pick:{fulfilment.n}", error, "wms", ("acknowledge",))
        return
    fulfilment = taken(w, fulfilment)
    if data.sequence > fulfilment.sequence + 1:
        if all(one["sequence"] != data.sequence for one in fulfilment.early) and len(fulfilment.early) < _LATEST_EARLY:
            w.put(replace(fulfilment, early=(*fulfilment.early, confirmation)))
        w.note(f"confirmation {data.sequence} of {fulfilment.number} waits for number {fulfilment.sequence + 1}")
        return
    _apply(w, fulfilment, confirmation)
    while True:
        fulfilment = w.fulfilments[fulfilment.n - 1]
        ready = next((one for one in fulfilment.early if one["sequence"] == fulfilment.sequence + 1), None)
        if ready is None or fulfilment.status not in COMMITTED or fulfilment.status == "short":
            return
        w.put(replace(fulfilment, early=tuple(one for one in fulfilment.early if one is not ready)))
        _apply(w, w.fulfilments[fulfilment.n - 1], ready)


def settle(w: Work, fulfilment: Fulfilment, shipment: Shipment | None) -> None:
    """The warehouse is done with a fulfilment order: what is missing is short, and a rule says what becomes of it."""
    missing = {line.number: line.asked - line.picked for line in fulfilment.lines if line.asked > line.picked}
    w.came("picked", fulfilment.n)
    if not any(one.status in {"sent", "failed", "live", "recalling"} for one in w.fulfilments if one.n != fulfilment.n):
        w.reach("picked")
    done = replace(fulfilment, status="done", early=(), kept=())
    w.put(done)
    if not missing or w.withdrawn_order():
        return
    rule = w.settings.picks.short
    words = ", ".join(f"line {number} by {plain(quantity)}" for number, quantity in missing.items())
    if rule == "ask":
        w.put(replace(done, status="short"))
        error = DecisionNeeded(
            f"{done.number} was picked short: {words}",
            fulfilment=done.number,
            missing={number: plain(quantity) for number, quantity in missing.items()},
        )
        w.park(f"short:{done.n}", error, "wms", ("backorder", "close_short", "cancel_remainder"))
        return
    w.note(f"{done.number} was picked short: {words}; rule {rule}")
    short(w, done, rule, shipment)


def short(w: Work, fulfilment: Fulfilment, rule: str, shipment: Shipment | None) -> None:
    """Carry out what a rule or a person says about the missing goods of a fulfilment order that is done."""
    missing = {line.number: line.asked - line.picked for line in fulfilment.lines if line.asked > line.picked}
    if rule == "backorder":
        later = w.settings.picks.backorder_after
        if later:
            due = w.plan.later(w.at, later, w.warehouse().calendar)
            w.not_before = due.isoformat()
            w.timer("timer:release", due)
        return
    for number, quantity in missing.items():
        line = w.lines.get(number)
        if line is not None:
            w.lines[number] = replace(line, dropped=min(line.ordered, line.dropped + quantity))
    alone = all(one.status not in COMMITTED for one in w.fulfilments) and not w.open_lines()
    if rule == "close_short" and shipment is not None and alone and shipment.transfer == "":
        w.put(replace(w.shipments[shipment.n - 1], close_short=True))
        return
    take_off(w)


def take_off(w: Work) -> None:
    """Nobody will ship what was dropped: the order is wanted without it (all of it dropped: not wanted at all)."""
    base = w.wanted or w.applying or w.order
    if base is None:
        return
    w.depart()
    quantities = {}
    for raw in base["lines"]:
        line = w.lines.get(raw["number"])
        quantities[raw["number"]] = Decimal(raw["quantity"]["value"]) - (line.dropped if line else ZERO)
    smaller = reduced(base, quantities)
    if smaller["lines"]:
        w.wanted, w.wanted_by, w.insist = smaller, "hub", "apply"
    else:
        request_cancel(w, "hub", "nothing of the order could be picked")


def drop(w: Work, fulfilment: Fulfilment) -> None:
    """Nobody will pick what a fulfilment order asked for: it leaves the order."""
    done = replace(fulfilment, status="done", early=())
    w.put(done)
    short(w, done, "cancel_remainder", None)


def unknown(w: Work, number: str, what: str) -> None:
    """A message about a fulfilment order or shipment that this order never had."""
    error = ReferenceUnknown(f"{what} names {number}, which does not belong to this order", number=number, event=what)
    w.park(f"unknown:{number}", error, "wms", ("acknowledge",))


def _apply(w: Work, fulfilment: Fulfilment, confirmation: Json) -> None:
    fulfilment = replace(fulfilment, sequence=confirmation["sequence"])
    w.put(fulfilment)
    if not w.settings.picks.ship_partial:
        fulfilment = replace(fulfilment, kept=(*fulfilment.kept, confirmation))
        w.put(fulfilment)
        if not confirmation["final"]:
            return
        _ship(w, fulfilment, fulfilment.kept, final=True)
    else:
        _ship(w, fulfilment, (confirmation,), final=confirmation["final"])


def _ship(w: Work, fulfilment: Fulfilment, confirmations: tuple[Json, ...], final: bool) -> None:
    """Make a shipment of confirmed goods, and settle the fulfilment order when the confirmation was final."""
    raw = [line for one in confirmations for line in one["lines"]]
    judged = judge(w, fulfilment, raw)
    fulfilment = replace(fulfilment, lines=with_picked(fulfilment, judged.lines), kept=())
    w.put(fulfilment)
    shipment: Shipment | None = None
    if judged.lines:
        n = len(w.shipments) + 1
        last = confirmations[-1]
        shipment = Shipment(
            n,
            numbered("SH", w.state.key, n),
            fulfilment.number,
            lines=judged.lines,
            packages=tuple(package for one in confirmations for package in one["packages"]),
            picked_at=last["picked_at"],
            sequence=last["sequence"],
            final=final,
        )
        if judged.issues:
            slot = f"picks:{n}"
            shipment = replace(shipment, held=(slot,))
            kinds = ", ".join(f"line {one['line']} {one['kind']}" for one in judged.issues)
            error = DecisionNeeded(
                f"{fulfilment.number} was picked differently: {kinds}", fulfilment=fulfilment.number, issues=list(judged.issues)
            )
            w.park(slot, error, "wms", ("accept", "ship_ordered"))
        w.put(shipment)
        w.await_stage("booked", n, f"the carrier is booked for {shipment.number}")
    if final and fulfilment.status != "cancelled":
        settle(w, fulfilment, shipment)
