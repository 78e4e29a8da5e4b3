"""The purchase order on its way to the supplier: what the ERP says of it, and when the supplier is told what."""

from __future__ import annotations

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderCancellation
from crossdock.core.errors import DecisionNeeded, NotStoppable
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.procurement_to_receipt.documents import (
    ZERO,
    difference,
    item_name,
    lines_of,
    material,
    merged,
    number_of,
    plain,
)
from crossdock.processes.procurement_to_receipt.states import Cancel
from crossdock.processes.procurement_to_receipt.work import Work
from crossdock.processes.values import replace


def confirmed(w: Work, fact: Happened) -> None:
    """`purchase_order.confirmed`: the buyer ordered; told again, it is a version like any other."""
    if w.order is None:
        _start(w, fact.document(), fact.event)
    else:
        _newer(w, fact.document(), fact.event)


def changed(w: Work, fact: Happened) -> None:
    """`purchase_order.changed`: a newer version of the whole order."""
    if w.order is None:
        _start(w, fact.document(), fact.event)
        w.note("the change came before the order itself and is taken for it")
    else:
        _newer(w, fact.document(), fact.event)


def cancelled(w: Work, fact: Happened) -> None:
    """`purchase_order.cancelled`: the buyer does not want the order any more."""
    if w.order is None:
        _start(w, fact.document(), fact.event)
    document = fact.document()
    request_cancel(w, fact.event.source, document["reason"] or document["note"])


def cancelled_here(w: Work, fact: Happened) -> None:
    """`order.cancelled` from the hub itself: a person cancels the transaction in the workbench."""
    if isinstance(fact.event.data, OrderCancellation):
        request_cancel(w, fact.event.source, fact.event.data.reason)


def request_cancel(w: Work, source: str, reason: str) -> None:
    """Somebody wants the whole order cancelled."""
    if w.closed == "cancelled":
        w.note(f"{source} cancels an order that is cancelled already")
    elif w.cancel is not None and w.cancel.status != "refused":
        w.note(f"{source} cancels the order; that was asked before")
    elif w.closed:
        error = NotStoppable(
            f"{source} cancels an order that was received and paid{': ' + reason if reason else ''}", source=source
        )
        w.park("late_cancel", error, "buyer", ("acknowledge",))
    else:
        w.cancel = Cancel(source, reason)
        w.note(f"{source} cancels the order{': ' + reason if reason else ''}")


def _start(w: Work, order: Json, event: Event) -> None:
    w.source, w.number, w.order = event.source, order["number"], order
    for reference in event.references:
        w.refer(reference.scheme, reference.value)
    w.refer("purchase:order", w.number)
    w.reach("ordered", order["ordered_at"])
    found = w.plan.supplier_of(order)
    if found is None:
        name = order["supplier"]["name"] or "the supplier"
        error = DecisionNeeded(
            f"{name} is none of this flow's suppliers, so nobody is told of the order", supplier=order["supplier"]
        )
        w.park("supplier", error, "buyer", ("acknowledge", "retry"))
        return
    w.role, w.supplier = found.role, w.plan.system(found.role)


def _newer(w: Work, order: Json, event: Event) -> None:
    before, w.order = w.order, order
    for reference in event.references:
        w.refer(reference.scheme, reference.value)
    if w.closed == "cancelled" and event.type == "purchase_order.confirmed":
        error = NotStoppable(
            f"{event.source} confirms the order again after it was cancelled: the supplier is not told", source=event.source
        )
        w.park("late_change", error, "buyer", ("acknowledge",))
        return
    if before is None or w.closed == "cancelled" or w.withdrawn_order():
        w.note(f"{event.type} from {event.source} for an order that is being cancelled: the supplier is not told")
        return
    if w.telling is None and w.agreed is None:
        return
    base = w.wanted or w.telling or w.agreed
    known = w.telling or w.agreed
    if base is None or known is None:
        return
    target = merged(before, order, base)
    if material(target) == material(known):
        if w.wanted is not None:
            w.note("the order is again as the supplier knows it")
        elif w.agreed is not None and w.telling is None:
            w.agreed = target
        w.nothing_new()
        return
    if w.closed:
        error = NotStoppable(f"{event.source} changes an order that is over: {'; '.join(difference(known, target))}")
        w.park("late_change", error, "buyer", ("acknowledge",))
        return
    if "change" in w.parked:
        w.unpark("change")
    w.wanted, w.insist = target, False
    w.note(f"{event.source} wants: {'; '.join(difference(known, target))}")


def pursue(w: Work) -> None:
    """Tell the supplier what it does not know yet, one version after the other."""
    if w.cancel is not None and w.cancel.status in {"wanted", "rest"}:
        _cancel(w)
        return
    if w.withdrawn_order() or not w.supplier or w.order is None:
        return
    if w.telling is not None:
        _replace_failed(w)
    if w.telling is not None:
        return
    if w.agreed is None:
        _send(w, w.wanted or w.order)
    elif w.wanted is not None and "change" not in w.parked and (w.insist or _still_possible(w)):
        _change(w, w.wanted)
    elif w.resend:
        _change(w, w.agreed)


def _replace_failed(w: Work) -> None:
    """A version that did not reach the supplier is not sent any more once there is a newer one."""
    name = "purchase_order.send" if w.agreed is None else "purchase_order.change"
    failed = w.failed(name)
    if failed and w.wanted is not None:
        w.revoke(failed)
        w.telling = None
        w.note("the earlier version did not reach the supplier; the newer one is sent instead")


def _next_version(w: Work) -> None:
    """Another version goes out: what the supplier's machine said of the one before needs nobody any more."""
    w.sends += 1
    for slot in [one for one in w.parked if one.startswith("acknowledgement:")]:
        w.unpark(slot)


def _send(w: Work, order: Json) -> None:
    _next_version(w)
    w.telling, w.wanted, w.insist, w.resend = {**order, "revision": 0}, None, False, False
    w.issue("purchase_order.send", w.supplier, str(w.sends), {"purchase_order": w.telling, "key": w.state.key})


def _change(w: Work, order: Json) -> None:
    previous = w.agreed
    _next_version(w)
    if order is w.wanted:
        w.wanted, w.insist = None, False
    w.telling, w.resend = {**order, "revision": w.revision + 1}, False
    w.answered = False
    data = {"purchase_order": w.telling, "previous_purchase_order": previous}
    w.issue("purchase_order.change", w.supplier, str(w.sends), data)


def _still_possible(w: Work) -> bool:
    """Whether the supplier can still be told: goods that left cannot be ordered otherwise. A person is asked when not."""
    if w.wanted is None:
        return False
    old, new = lines_of(w.document()), lines_of(w.wanted)
    spoken = w.spoken_for()
    late: list[str] = []
    for number, line in old.items():
        gone = spoken.get(number, ZERO)
        if gone <= 0:
            continue
        now = new.get(number)
        if now is None or now["status"] == "cancelled":
            late.append(f"line {number} is taken back, and {plain(gone)} of it left the supplier")
        elif number_of(now["quantity"]) < gone:
            late.append(f"line {number} is to be {plain(number_of(now['quantity']))}, and {plain(gone)} left the supplier")
        elif item_name(now) != item_name(line):
            late.append(f"line {number} is to be {item_name(now)}, and {plain(gone)} of {item_name(line)} left the supplier")
    if w.wanted["ship_to"] != w.document()["ship_to"] and w.left() and any(not one.over for one in w.notices):
        late.append("the place of delivery is another one, and goods are on their way to the old one")
    if not late:
        return True
    words = "; ".join(difference(w.document(), w.wanted))
    error = NotStoppable(f"the change comes too late: {'; '.join(late)}", wanted=words, late=late)
    w.park("change", error, "buyer", ("tell", "ignore"))
    return False


def told(w: Work, name: str) -> None:
    """The supplier has the order, or its newer version."""
    if w.telling is None:
        return
    if name == "purchase_order.change":
        w.revision += 1
    w.agreed, w.ordered, w.telling = w.telling, w.telling, None
    w.reach("sent")
    partner = w.partner()
    if partner.acknowledges:
        w.await_stage("acknowledged", w.sends, f"the supplier's machine acknowledges {w.number}")
    if partner.answers:
        w.await_stage("answered", 0, f"the supplier confirms {w.number}")
    else:
        w.answered = True
    w.await_goods()


# --- taking it back ---------------------------------------------------------------------------------------------------


def _cancel(w: Work) -> None:
    cancel = w.cancel
    if cancel is None:
        return
    if w.telling is not None:
        failed = w.failed("purchase_order.send" if w.agreed is None else "purchase_order.change")
        if not failed:
            return
        w.revoke(failed)
        w.telling = None
    w.nothing_new()
    if cancel.status == "rest":
        _take_back_the_rest(w)
    elif w.left():
        gone = [one.number for one in w.notices if one.standing in {"in_force", "held"}]
        here = [one.number for one in w.receipts]
        words = [f"{', '.join(gone)} is announced" if gone else "", f"{', '.join(here)} is received" if here else ""]
        error = NotStoppable(
            f"the order cannot simply be cancelled: {'; '.join(word for word in words if word)}", announced=gone, received=here
        )
        w.cancel = replace(cancel, status="asked")
        w.park("cancel", error, "buyer", ("cancel_rest", "receive_anyway"))
    elif w.agreed is None:
        _over(w, "the order is cancelled before the supplier heard of it")
    else:
        w.sends += 1
        w.cancel = replace(cancel, status="telling")
        data = {"purchase_order": w.agreed, "reason": cancel.reason, "lines": []}
        w.issue("purchase_order.cancel", w.supplier, str(w.sends), data)


def _take_back_the_rest(w: Work) -> None:
    """Order no more than what left the supplier, and go on with that."""
    if w.cancel is None:
        return
    spoken = w.spoken_for()
    lines: list[Json] = []
    for number, line in lines_of(w.document()).items():
        gone = spoken.get(number, ZERO)
        if gone <= 0:
            line = {**line, "status": "cancelled"}
        elif gone < number_of(line["quantity"]):
            line = {**line, "quantity": {**line["quantity"], "value": plain(gone)}}
        lines.append(line)
    w.cancel = None
    w.wanted, w.insist = {**w.document(), "lines": lines}, True
    w.note("what has not left the supplier is taken back, the rest goes on")
    if material(w.wanted) == material(w.document()):
        w.nothing_new()
    pursue(w)


def cancel_told(w: Work) -> None:
    """The supplier knows that the order is taken back."""
    if w.cancel is None or w.cancel.status != "telling":
        return
    w.cancel = replace(w.cancel, status="told")
    if w.partner().acknowledges:
        w.note("the supplier was told that the order is cancelled")
    _over(w, "the order is cancelled")


def _over(w: Work, words: str) -> None:
    if w.cancel is not None:
        w.cancel = replace(w.cancel, status="told")
    w.closed, w.resend = "cancelled", False
    w.reach("cancelled")
    w.forget_all()
    for slot in list(w.parked):
        if slot.partition(":")[0] in {"answer", "supplier", "acknowledgement"}:
            w.unpark(slot)
    for made, one in list(w.asked.items()):
        if one.failed and one.name in {"purchase_order.update", "purchase_order.send", "purchase_order.change"}:
            w.revoke(made)
    w.note(words)
