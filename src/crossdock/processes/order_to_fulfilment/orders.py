"""What events about the order itself mean: placed, confirmed, released, changed, cancelled; issues no commands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from crossdock.canonical.events import Event
from crossdock.canonical.order import OrderCancellation, OrderConfirmation, SalesOrder
from crossdock.core.errors import DecisionNeeded, NotStoppable
from crossdock.core.process import Happened
from crossdock.processes.frame.states import Json
from crossdock.processes.order_to_fulfilment.amending import laid_over
from crossdock.processes.order_to_fulfilment.documents import order_lines
from crossdock.processes.order_to_fulfilment.rules import erp_of
from crossdock.processes.order_to_fulfilment.states import Cancel, Line
from crossdock.processes.order_to_fulfilment.work import Work

CANCELLED_EARLY = "order.cancelled"
AMENDED_EARLY = "order.amended"
_TERMS = ("service_level", "requested_ship_date", "note", "incoterm")


def lines_of(order: Json) -> dict[str, Line]:
    """The lines of an order."""
    return {raw["number"]: Line(raw["number"], raw["sku"], Decimal(raw["quantity"]["value"])) for raw in order["lines"]}


def placed(w: Work, fact: Happened) -> None:
    """`order.placed`: the order of a shop (or of whoever the flow lets place orders)."""
    event = fact.event
    order = fact.document()
    if w.order is not None:
        _newer(w, _since(w, order, event.source), event.source, "order.placed")
        return
    _start(w, order, event, shop=event.source)


def confirmed(w: Work, fact: Happened) -> None:
    """`order.confirmed`: an order of the ERP begins here; for an order of a shop it says that the ERP confirmed it."""
    event = fact.event
    data = event.data
    if not isinstance(data, OrderConfirmation):
        return
    if w.order is None:
        if data.order is None:
            error = DecisionNeeded("the ERP confirmed an order without saying what was ordered", erp_number=data.erp_number)
            w.park("order", error, "erp", ("acknowledge",))
            return
        _start(w, data.order.model_dump(mode="json"), event, shop="")
        w.erp, w.erp_system, w.erp_number = "confirmed", event.source, data.erp_number
        w.erp_id = w.refs.get(f"{event.source}:order_id", "")
        w.erp_lines = _erp_lines(data.order, event.source)
        w.refer(f"{event.source}:order", data.erp_number)
        w.reach("created")
        w.reach("confirmed", data.confirmed_at.isoformat())
        w.came("confirmed")
        if "order" in w.parked:
            w.unpark("order")
        return
    failed = w.failed("order.confirm")
    if w.erp == "created" or (w.erp == "confirming" and failed):
        if failed:
            w.revoke(failed)
        if "discrepancy" in w.parked:
            w.unpark("discrepancy")
        w.erp = "confirmed"
        w.reach("confirmed", data.confirmed_at.isoformat())
        w.came("confirmed")
        w.note(f"{event.source} says that the order was confirmed there")
    else:
        w.note("the confirmation is known or on its way; nothing follows from it")


def released(w: Work, fact: Happened) -> None:
    """`order.released`: the ERP lets the order go to the warehouse."""
    event = fact.event
    if not w.released:
        w.released = True
        w.note(f"{event.source} released the order")


def changed(w: Work, fact: Happened) -> None:
    """`order.changed`: a newer version of the whole order."""
    event = fact.event
    order = fact.document()
    if w.order is None:
        w.wanted, w.wanted_by = order, event.source
        w.note("the change came before the order; it is kept")
        return
    if event.source == w.erp_system and w.shop:
        order = _in_shop_terms(w, order)
    _newer(w, _since(w, order, event.source), event.source, "order.changed")


def amended(w: Work, fact: Happened) -> None:
    """`order.amended`: what changes in the order, and nothing else."""
    event, change = fact.event, fact.document()
    if w.order is None:
        w.early.append({"type": AMENDED_EARLY, "change": change, "source": event.source})
        w.note("the amendment came before the order; it is kept")
        return
    _amend(w, change, event.source)


def _amend(w: Work, change: Json, source: str) -> None:
    base = w.wanted or w.applying or w.order
    if base is None:
        return
    order, open_ = laid_over(base, change)
    if open_:
        error = DecisionNeeded(
            f"{source} amends the order in a way that leaves things open: {'; '.join(open_)}", amendment=change
        )
        w.park("amendment", error, "shop", ("acknowledge",))
        return
    if w.said is not None and source == w.shop:
        w.said = laid_over(w.said, change)[0]
    _newer(w, order, source, "order.amended")


def cancelled(w: Work, fact: Happened) -> None:
    """`order.cancelled`: the whole order or some of its lines are not wanted any more."""
    event = fact.event
    data = event.data
    if not isinstance(data, OrderCancellation):
        return
    if w.order is None and data.lines:
        entry = {"type": CANCELLED_EARLY, "lines": list(data.lines), "source": event.source, "reason": data.reason}
        if entry not in w.early:
            w.early.append(entry)
            w.note("the cancellation of lines came before the order; it is kept")
        return
    _cancel_lines(w, data.lines, event.source, data.reason)


def request_cancel(w: Work, source: str, reason: str) -> None:
    """Somebody wants the whole order cancelled."""
    if w.closed == "cancelled":
        w.note(f"{source} cancels an order that is cancelled already")
    elif w.cancel is not None:
        w.note(f"{source} cancels the order; that was asked before")
    elif w.closed:
        error = NotStoppable(f"{source} cancels an order that was delivered{': ' + reason if reason else ''}", source=source)
        w.park("cancel", error, "shop", ("acknowledge",))
    else:
        w.cancel = Cancel(
            source,
            reason,
            "wanted",
            erp="done" if source == w.erp_system and w.erp else "",
            shop="done" if source == w.shop else "",
        )
        w.note(f"{source} cancels the order{': ' + reason if reason else ''}")


def _cancel_lines(w: Work, numbers: tuple[str, ...], source: str, reason: str) -> None:
    base = w.wanted or w.applying or w.order
    if base is None or not numbers:
        request_cancel(w, source, reason)
        return
    if w.said is not None and source == w.shop:
        w.said = {**w.said, "lines": [line for line in w.said["lines"] if line["number"] not in numbers]}
    left = [line for line in base["lines"] if line["number"] not in numbers]
    if len(left) == len(base["lines"]):
        w.note(f"{source} cancels lines the order does not have: {', '.join(numbers)}")
    elif not left:
        request_cancel(w, source, reason)
    else:
        _newer(w, {**base, "lines": left}, source, "order.cancelled")


def _start(w: Work, order: Json, event: Event, shop: str) -> None:
    w.source, w.shop, w.number = event.source, shop, order["number"]
    for reference in event.references:
        w.refer(reference.scheme, reference.value)
    w.refer(f"{event.source}:order", order["number"])
    w.reach("placed", order["placed_at"])
    if w.wanted is not None:
        w.note("a newer version of the order had come before it and is used")
        order, w.wanted, w.wanted_by = w.wanted, None, ""
    w.order = order
    w.lines = lines_of(order)
    w.erp_system = erp_of(w, order)
    if w.cancel is not None and w.cancel.source == shop:
        w.cancel = Cancel(shop, w.cancel.reason, w.cancel.status, w.cancel.erp, "done")
    w.await_stage("confirmed", description="the order is confirmed in the ERP")
    for entry in [one for one in w.early if one["type"] == CANCELLED_EARLY]:
        w.early.remove(entry)
        _cancel_lines(w, tuple(entry["lines"]), entry["source"], entry["reason"])
    for entry in [one for one in w.early if one["type"] == AMENDED_EARLY]:
        w.early.remove(entry)
        _amend(w, entry["change"], entry["source"])


def _since(w: Work, order: Json, source: str) -> Json:
    """What the shop wants: what it states now, without what it stated before already and what was decided otherwise since."""
    base, said = w.wanted or w.applying or w.order, w.said
    if said is None or base is None or source != w.shop:
        return order
    ours, before, now = order_lines(base), order_lines(said), order_lines(order)
    lines = [line for number, line in ours.items() if number not in before and number not in now]
    for number, line in now.items():
        if number not in before or _of_line(line) != _of_line(before[number]):
            lines.append(line)
        elif number in ours:
            lines.append(ours[number])
    terms = {name: base[name] for name in ("ship_to", *_TERMS) if order[name] == said[name]}
    merged = {**order, **terms, "lines": lines}
    w.said = order if material(merged) != material(order) else None
    return merged


def _newer(w: Work, order: Json, source: str, what: str) -> None:
    """A version of the order that may differ from the one in force."""
    if w.order is None:
        return
    if w.closed == "cancelled" or w.withdrawn_order():
        w.note(f"{what} from {source} for an order that is {w.closed or 'being cancelled'}: nothing is changed")
        return
    if not order["lines"]:
        request_cancel(w, source, "nothing is left of it")
        return
    coarse = source == w.erp_system and bool(w.shop)
    base = w.wanted or w.applying or w.order
    if material(order, coarse) != material(base, coarse):
        if w.closed:
            error = NotStoppable(f"{source} changes an order that was delivered: {difference(base, order)}", source=source)
            w.park("change", error, "shop", ("acknowledge",))
            return
        w.wanted, w.wanted_by, w.insist = order, source, ""
        w.note(f"{what}: {source} wants {difference(base, order)}")
        return
    if base is w.order and order != base and not coarse:
        w.order = order
        w.note(f"{what} from {source} changes nothing that others must know")
    else:
        w.note(f"{what} from {source} says what is known")


def material(order: Json, coarse: bool = False) -> Any:
    """What of an order others must be told when it changes. `coarse` compares as far as a copy in the ERP can be faithful: lines,
    quantities, and the place where the goods go.
    """
    address = order["ship_to"]
    place = [_squeezed(address[name]) for name in ("street", "street2", "postal_code", "city", "country")]
    if coarse:
        return sorted((line["number"], line["sku"], Decimal(line["quantity"]["value"])) for line in order["lines"]), place
    return sorted(_of_line(line) for line in order["lines"]), address, [order[name] for name in _TERMS]


def _of_line(line: Json) -> Any:
    quantity, price = line["quantity"], line["unit_price"]
    return line["number"], line["sku"], Decimal(quantity["value"]), quantity["unit"], Decimal(price["amount"])


def difference(old: Json, new: Json) -> str:
    """The change of an order in a few words."""
    before, after = order_lines(old), order_lines(new)
    words = [f"line {number} added" for number in after if number not in before]
    words += [f"line {number} removed" for number in before if number not in after]
    for number in after:
        if number in before:
            was, now = before[number], after[number]
            if was["sku"] != now["sku"]:
                words.append(f"line {number}: {now['sku']} instead of {was['sku']}")
            if Decimal(was["quantity"]["value"]) != Decimal(now["quantity"]["value"]):
                words.append(f"line {number}: {now['quantity']['value']} instead of {was['quantity']['value']}")
    if old["ship_to"] != new["ship_to"]:
        words.append("another address")
    return ", ".join(words) or "other terms"


def _squeezed(text: str) -> str:
    return "".join(text.split()).casefold()


def _erp_lines(order: SalesOrder, system: str) -> dict[str, str]:
    scheme = f"{system}:line_id"
    found: dict[str, str] = {}
    for line in order.lines:
        found[line.number] = next((one.value for one in line.identifiers if one.scheme == scheme), line.number)
    return found


def _in_shop_terms(w: Work, order: Json) -> Json:
    """An order as the ERP states it, with the shop's line numbers where the ERP's line ids are known."""
    numbers = {erp: ours for ours, erp in w.erp_lines.items()}
    return {**order, "lines": [{**line, "number": numbers.get(line["number"], line["number"])} for line in order["lines"]]}
