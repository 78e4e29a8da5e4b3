"""What a person's decision about something parked means. An action that was not offered changes nothing and is noted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crossdock.core.process import Decided
from crossdock.processes.frame import dispatch
from crossdock.processes.frame.states import Asked
from crossdock.processes.order_to_fulfilment import cancelling, releasing, warehouse
from crossdock.processes.order_to_fulfilment.customs import supplied
from crossdock.processes.order_to_fulfilment.orders import request_cancel
from crossdock.processes.order_to_fulfilment.rules import clipped, with_picked
from crossdock.processes.order_to_fulfilment.settled import accepted
from crossdock.processes.order_to_fulfilment.work import Work
from crossdock.processes.values import replace


def decided(w: Work, fact: Decided) -> None:
    """A person settled a slot."""
    dispatch.decide(w, fact, about_command=_about_command, acknowledged=_ACKNOWLEDGED, handlers=_HANDLERS)


def _about_command(w: Work, made: str, asked: Asked, fact: Decided) -> None:
    name, n, action = asked.name, asked.n, fact.action
    if action == "done":
        w.note(f"{name} was done by hand")
        accepted(w, made, asked, fact.data, _system(w, asked))
    elif name in {"order.create", "order.confirm"} and action == "cancel":
        request_cancel(w, "hub", fact.reason or "a person cancelled the order")
    elif name in {"fulfilment.cancel", "shipment.cancel"} and action == "too_late":
        accepted(w, made, asked, {"status": "too_late"}, _system(w, asked))
    elif name == "fulfilment.release" and action in {"release_again", "drop"}:
        fulfilment = w.fulfilments[n - 1]
        w.revoke(made)
        if action == "drop":
            warehouse.drop(w, fulfilment)
        else:
            w.put(replace(fulfilment, status="cancelled"))
    elif name == "shipment.book" and action == "use_carrier" and fact.data.get("carrier"):
        w.revoke(made)
        w.put(replace(w.shipments[n - 1], status="open", carrier=str(fact.data["carrier"])))
    elif action == "skip" and name in _SKIPPED:
        w.revoke(made)
        _SKIPPED[name](w, asked)
        w.note(f"{name} is left out: {fact.reason}")
    else:
        dispatch.not_offered(w, fact)


def _system(w: Work, asked: Asked) -> str:
    part = asked.name.partition(".")[0]
    return w.erp_system if part in {"order", "transfer"} and asked.suffix != "shop" else w.shop


def _discrepancy(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "accept":
        w.unpark(fact.slot)
        w.note("the ERP's version of the order is accepted")
        return True
    if fact.action == "cancel":
        request_cancel(w, "hub", fact.reason or "the ERP's version differs from the order")
        return True
    return False


def _customs(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"supply", "retry"} or n > len(w.shipments):
        return False
    lines, products = fact.data.get("lines"), fact.data.get("products")
    for picked in w.shipments[n - 1].lines:
        for said, name in ((lines, picked["order_line"]), (products, picked["sku"])):
            found = said.get(name) if isinstance(said, Mapping) else None
            if isinstance(found, Mapping):
                supplied(w, picked["sku"], found)
    term = fact.data.get("incoterm")
    if isinstance(term, str) and len(term) == 3 and term.isascii() and term.isupper() and w.order is not None:
        w.depart()
        w.order = {**w.order, "incoterm": term}
    _retry(w, fact.slot, n)
    return True


def _carrier(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"use_carrier", "retry"} or n > len(w.shipments):
        return False
    name: Any = fact.data.get("carrier")
    if fact.action == "use_carrier":
        if not isinstance(name, str) or not name:
            return False
        w.put(replace(w.shipments[n - 1], carrier=name))
    _retry(w, fact.slot, n)
    return True


def _retry(w: Work, slot: str, n: int) -> None:
    shipment = w.shipments[n - 1]
    w.unpark(slot)
    w.put(replace(shipment, held=tuple(one for one in shipment.held if one != slot)))


def _picks(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"accept", "ship_ordered"} or n > len(w.shipments):
        return False
    shipment = w.shipments[n - 1]
    _retry(w, fact.slot, n)
    if fact.action == "accept":
        w.note(f"what was picked for {shipment.number} is shipped as it is")
        return True
    shipment = w.shipments[n - 1]
    index = next(i for i, one in enumerate(w.fulfilments) if one.number == shipment.fulfilment)
    fulfilment = w.fulfilments[index]
    lines = clipped(w, fulfilment, shipment)
    fulfilment = replace(
        fulfilment, lines=with_picked(replace(fulfilment, lines=with_picked(fulfilment, shipment.lines, -1)), lines)
    )
    w.put(fulfilment)
    shipment = replace(shipment, lines=lines, status="open" if lines else "cancelled")
    w.put(shipment)
    if not lines:
        w.forget("booked", n)
    w.note(f"only what was ordered is shipped with {shipment.number}")
    if fulfilment.status == "done":
        warehouse.settle(w, fulfilment, shipment if lines else None)
    return True


def _short(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"backorder", "close_short", "cancel_remainder"} or n > len(w.fulfilments):
        return False
    fulfilment = replace(w.fulfilments[n - 1], status="done")
    w.unpark(fact.slot)
    w.put(fulfilment)
    mine = [one for one in w.shipments if one.fulfilment == fulfilment.number and one.status != "cancelled"]
    warehouse.short(w, fulfilment, fact.action, mine[-1] if mine else None)
    return True


def _refused(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"release_again", "drop"} or n > len(w.fulfilments):
        return False
    fulfilment = w.fulfilments[n - 1]
    w.unpark(fact.slot)
    if fact.action == "drop":
        warehouse.drop(w, fulfilment)
    else:
        w.put(replace(fulfilment, status="cancelled"))
    return True


def _release(w: Work, n: int, fact: Decided) -> bool:
    if fact.action not in {"release", "drop"}:
        return False
    w.unpark(fact.slot)
    if fact.action == "drop":
        for number, quantity in w.open_lines().items():
            w.lines[number] = replace(w.lines[number], dropped=w.lines[number].dropped + quantity)
        warehouse.take_off(w)
    else:
        releasing.release_now(w)
    return True


def _cancel(w: Work, n: int, fact: Decided) -> bool:
    if w.cancel is None or w.cancel.status != "asked":
        return False
    if fact.action == "ship_anyway":
        w.unpark(fact.slot)
        cancelling.refuse(w)
        return True
    if fact.action in {"goods_returned", "cancel_rest"}:
        w.unpark(fact.slot)
        w.cancel = replace(w.cancel, status="agreed")
        return True
    return False


def _change(w: Work, n: int, fact: Decided) -> bool:
    if fact.action == "ignore":
        w.depart()
        w.wanted, w.wanted_by, w.insist = None, "", ""
        w.note("the change is not carried out")
        if any(line.dropped for line in w.lines.values()):
            warehouse.take_off(w)
    elif fact.action == "apply":
        w.insist = "apply"
    elif fact.action == "recall":
        w.insist = "recall"
    else:
        return False
    w.unpark(fact.slot)
    return True


def _skip_change(w: Work, asked: Asked) -> None:
    w.applying = None


def _skip_transfer(w: Work, asked: Asked) -> None:
    w.put(replace(w.shipments[asked.n - 1], transfer="skipped"))


def _skip_shop(w: Work, asked: Asked) -> None:
    w.put(replace(w.shipments[asked.n - 1], shop="skipped"))


def _skip_track(w: Work, asked: Asked) -> None:
    w.put(replace(w.shipments[asked.n - 1], track="skipped"))


def _skip_cancel(w: Work, asked: Asked) -> None:
    cancelling.settled(w, asked.suffix, "skipped")


def _skip_milestone(w: Work, asked: Asked) -> None:
    """A milestone that is not passed on: nothing follows."""


_ACKNOWLEDGED = frozenset({"order", "cancel", "change", "amendment", "milestone", "milestones", "late_pick", "unknown"})
_HANDLERS = {
    "discrepancy": _discrepancy,
    "customs": _customs,
    "carrier": _carrier,
    "picks": _picks,
    "short": _short,
    "refused": _refused,
    "release": _release,
    "cancel": _cancel,
    "change": _change,
}
_SKIPPED = {
    "order.change": _skip_change,
    "order.cancel": _skip_cancel,
    "transfer.validate": _skip_transfer,
    "transfer.track": _skip_milestone,
    "shop.fulfil": _skip_shop,
    "shop.milestone": _skip_milestone,
    "shipment.track": _skip_track,
}
