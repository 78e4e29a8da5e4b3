"""Changes: when a newer version of an order may come into force, and what must be called back first."""

from __future__ import annotations

from decimal import Decimal

from crossdock.core.errors import DecisionNeeded, NotStoppable
from crossdock.processes.frame.states import ZERO, Json
from crossdock.processes.order_to_fulfilment.documents import order_lines, plain
from crossdock.processes.order_to_fulfilment.orders import difference, lines_of
from crossdock.processes.order_to_fulfilment.releasing import recall
from crossdock.processes.order_to_fulfilment.states import COMMITTED, MOVING, Fulfilment
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace


def pursue(w: Work) -> None:
    """Bring the wanted version into force as far as it can be now: at once before the ERP has the order, through the ERP after, and
    when the warehouse works on what changes, after the warehouse stopped.
    """
    if w.wanted is None or "change" in w.parked:
        return
    if w.applying is not None:
        failed = w.failed("order.change")
        if not failed:
            return
        w.revoke(failed)
        w.applying = None
    if w.erp == "creating":
        failed = w.failed("order.create")
        if not failed:
            return
        w.revoke(failed)
        w.erp = ""
        w.note("the ERP did not take the earlier version; the newer one is tried")
    if w.erp == "":
        _adopt_wanted(w)
        return
    if w.erp == "confirming" and not w.failed("order.confirm"):
        return
    if w.insist != "apply" and w.fulfilments and not _room_made(w):
        return
    _apply(w)


def adopt(w: Work, order: Json) -> None:
    """Put a version of the order into force."""
    w.order = order
    w.lines = lines_of(order)


def applied(w: Work, refused: dict[str, str]) -> None:
    """The ERP applied the newer version, except the lines it `refused` (line number -> reason): those stay as they were."""
    if w.applying is None:
        return
    if refused:
        w.depart()
    target, w.applying = w.applying, None
    if refused:
        before = order_lines(w.document())
        lines = [line if line["number"] not in refused else before.get(line["number"]) for line in target["lines"]]
        lines += [line for number, line in before.items() if number in refused and number not in order_lines(target)]
        kept = [line for line in lines if line is not None]
        words = ", ".join(f"line {number}: {reason}" for number, reason in refused.items())
        error = DecisionNeeded(f"the ERP did not take all of the change: {words}", refused=refused)
        w.park("change", error, "erp", ("acknowledge",))
        target = {**target, "lines": kept or w.document()["lines"]}
    adopt(w, target)


def _adopt_wanted(w: Work) -> None:
    if w.wanted is not None:
        adopt(w, w.wanted)
        w.wanted, w.wanted_by, w.insist = None, "", ""


def _apply(w: Work) -> None:
    if w.wanted is None:
        return
    if w.insist == "apply":
        w.depart()
        w.wanted = _at_least_committed(w, w.wanted)
    if w.wanted_by == w.erp_system:
        _adopt_wanted(w)
        return
    w.changes += 1
    w.applying, w.wanted, w.wanted_by, w.insist = w.wanted, None, "", ""
    data = {"erp_id": w.erp_id, "order": w.applying, "previous": w.document()}
    w.issue("order.change", w.erp_system, str(w.changes), data)


def _room_made(w: Work) -> bool:
    """Whether nothing stands in the way of the wanted version any more; calls back what does, or asks a person."""
    if w.wanted is None:
        return False
    order, old, new = w.document(), order_lines(w.document()), order_lines(w.wanted)
    wanted = {
        number: Decimal(new[number]["quantity"]["value"]) if number in new and new[number]["sku"] == raw["sku"] else ZERO
        for number, raw in old.items()
    }
    elsewhere = w.wanted["ship_to"] != order["ship_to"] or w.wanted["service_level"] != order["service_level"]
    less = {number for number, quantity in wanted.items() if quantity < w.committed(number)}
    gone = [number for number, quantity in wanted.items() if quantity < w.picked(number)]
    sent = [one.number for one in w.shipments if one.status in {"booking", "booked"} or one.status in MOVING]
    if gone or (elsewhere and sent):
        words = f"line {', '.join(gone)} is picked already" if gone else f"{', '.join(sent)} has its label or left"
        _stuck(w, NotStoppable(f"the change came too late: {words}", wanted=difference(order, w.wanted)), ("ignore", "apply"))
        return False
    ready = True
    for fulfilment in list(w.fulfilments):
        if fulfilment.status in COMMITTED and (elsewhere or any(line.number in less for line in fulfilment.lines)):
            ready = _out_of_the_way(w, fulfilment) and ready
            if "change" in w.parked:
                return False
    return ready


def _out_of_the_way(w: Work, fulfilment: Fulfilment) -> bool:
    """Whether this fulfilment order stands in the way no more."""
    if w.wanted is None:
        return False
    if fulfilment.status in {"refused", "short"}:
        # Nobody works on it: the change answers the question that a person was asked.
        w.unpark(f"{fulfilment.status}:{fulfilment.n}")
        w.put(replace(fulfilment, status="done"))
        return True
    if fulfilment.status == "failed":
        w.revoke(w.failed("fulfilment.release", fulfilment.n))
        w.put(replace(fulfilment, status="cancelled"))
        return True
    if fulfilment.status != "live":
        return False
    what = difference(w.document(), w.wanted)
    rule = w.settings.change_after_release
    if fulfilment.late or rule == "refuse":
        _stuck(w, NotStoppable(f"the warehouse works on {fulfilment.number} already: {what}", wanted=what), ("ignore", "apply"))
    elif rule == "ask" and w.insist != "recall":
        _stuck(w, DecisionNeeded(f"the warehouse works on {fulfilment.number}: {what}", wanted=what), ("recall", "ignore"))
    else:
        recall(w, fulfilment, f"the order changes: {what}")
    return False


def _stuck(w: Work, error: DecisionNeeded | NotStoppable, actions: tuple[str, ...]) -> None:
    w.park("change", error, "shop", actions)


def _at_least_committed(w: Work, wanted: Json) -> Json:
    """The wanted version with nothing less than what is with the warehouse or left it, and the address as it was when goods went there."""
    order = w.document()
    new = order_lines(wanted)
    lines: list[Json] = []
    for number, raw in order_lines(order).items():
        held = w.committed(number)
        line = new.pop(number, None)
        same = line is not None and line["sku"] == raw["sku"]
        quantity = max(Decimal(line["quantity"]["value"]) if line is not None and same else ZERO, held)
        if quantity > 0:
            base = line if line is not None and same else raw
            lines.append({**base, "quantity": {**base["quantity"], "value": plain(quantity)}})
    made = {**wanted, "lines": [*lines, *new.values()]}
    if any(one.status in COMMITTED for one in w.fulfilments) or w.shipments:
        made["ship_to"], made["service_level"] = order["ship_to"], order["service_level"]
    return made
