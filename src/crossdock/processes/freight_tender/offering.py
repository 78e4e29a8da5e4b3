"""The way of a load: offered to one carrier at a time in the order of the guide, until one takes it or nobody is left."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from crossdock.canonical.freight import TenderAnswer
from crossdock.canonical.fulfilment import PickConfirmation
from crossdock.canonical.order import OrderShipped, SalesOrder
from crossdock.core.errors import DecisionNeeded
from crossdock.core.process import Happened
from crossdock.processes.frame.numbers import numbered
from crossdock.processes.frame.states import Json
from crossdock.processes.freight_tender.settings import Choice
from crossdock.processes.freight_tender.states import Load
from crossdock.processes.freight_tender.work import Work
from crossdock.processes.values import replace


def ordered(w: Work, fact: Happened) -> None:
    """`order.placed`, `order.changed`: where the goods go."""
    if isinstance(fact.event.data, SalesOrder):
        told = fact.document()
        w.order = {"number": told["number"], "ship_to": told["ship_to"], "service_level": told["service_level"]}


def picked(w: Work, fact: Happened) -> None:
    """`picking.completed`: what is packed is a load."""
    pick = fact.event.data
    if not isinstance(pick, PickConfirmation) or any(one.cause == fact.event.id for one in w.loads):
        return
    weights = [package.weight_kg for package in pick.packages if package.weight_kg is not None]
    weight = sum(weights, Decimal(0))
    if weight < w.settings.min_weight_kg:
        w.note(f"{weight} kg is a parcel: it is not offered")
        return
    n = len(w.loads) + 1
    shipment = numbered("LD", w.state.key, n)
    w.closed = ""
    w.put(Load(n, shipment, fact.event.id, format(weight, "f") if weights else "", len(pick.packages)))
    w.refer("shipment", shipment)
    w.reach("wanted")
    w.expect_stage("accepted", n, w.at, f"a carrier takes {shipment}", not_before=w.at)


def answered(w: Work, fact: Happened) -> None:
    """`tender.answered`: the carrier takes the load or not; only the answer to the offer that stands counts."""
    told = fact.event.data
    if not isinstance(told, TenderAnswer):
        return
    load = next((one for one in w.loads if w.number(one) == told.tender_number), None)
    if load is None or load.standing not in {"offering", "offered"}:
        _late(w, told)
        return
    w.forget(f"timer:answer:{load.n}")
    if told.answer == "declined":
        refuse(w, load, told.reason or told.reason_code or "declined")
        return
    choice = w.settings.carriers[load.choice]
    w.put(replace(load, standing="accepted", carrier_reference=told.carrier_reference))
    w.reach("accepted")
    w.came("accepted", load.n)
    w.note(f"{choice.carrier} takes {load.shipment}")


def shipped(w: Work, fact: Happened) -> None:
    """`order.shipped`: when nothing leaves, open offers are taken back."""
    if isinstance(fact.event.data, OrderShipped):
        w.over = True
        if not fact.event.data.shipments:
            for load in list(w.loads):
                if load.standing in {"offering", "offered", "accepted"}:
                    take_back(w, load, "the order was cancelled")
                if load.standing not in {"left", "nobody"}:
                    w.put(replace(load, standing="cancelled"))
                w.forget("accepted", load.n)
                w.forget(f"timer:answer:{load.n}")


def silent(w: Work, n: int) -> None:
    """The carrier had its time: the offer is taken back, and the next one is asked."""
    load = w.loads[n - 1]
    if load.standing in {"offering", "offered"}:
        take_back(w, load, "no answer in time")
        refuse(w, load, "no answer in time")


def refuse(w: Work, load: Load, reason: str) -> None:
    """The carrier whose turn it is does not take it."""
    carrier = w.settings.carriers[load.choice].carrier
    w.put(replace(load, standing="open", choice=load.choice + 1, refused=(*load.refused, f"{carrier}: {reason}")))
    w.note(f"{carrier} does not take {load.shipment}: {reason}")


def take_back(w: Work, load: Load, reason: str) -> None:
    """The offer that stands is withdrawn."""
    choice = w.settings.carriers[load.choice]
    data: Json = {"tender": {**_tender(w, load, choice), "purpose": "cancellation"}, "reason": reason}
    w.issue("tender.cancel", w.plan.system(choice.role), f"{load.n}.{load.tried}", data)


def pursue(w: Work) -> None:
    """Offer what is open."""
    if w.order is None:
        return
    for n in range(len(w.loads)):
        if w.loads[n].standing == "open":
            _offer(w, w.loads[n])
    done = {"accepted", "nobody", "left", "cancelled"}
    if not w.closed and w.over and not w.asked and not w.parked and all(one.standing in done for one in w.loads):
        w.closed = "finished"
        w.forget_all()


def _offer(w: Work, load: Load) -> None:
    order = w.order or {}
    levels = w.settings.service_levels
    if levels and order["service_level"] not in levels:
        w.put(replace(load, standing="left"))
        w.forget("accepted", load.n)
        return
    place = next((at for at in range(load.choice, len(w.settings.carriers)) if _fits(w, load, w.settings.carriers[at])), None)
    if place is None:
        w.put(replace(load, standing="nobody"))
        told = "; ".join(load.refused) or "no carrier of the guide fits"
        error = DecisionNeeded(f"nobody takes {load.shipment}: {told}", shipment=load.shipment, refused=list(load.refused))
        w.park(f"load:{load.n}", error, "carrier", ("again", "leave"))
        return
    choice = w.settings.carriers[place]
    load = replace(load, standing="offering", choice=place, tried=load.tried + 1)
    w.put(load)
    w.refer("tender", w.number(load))
    data: Json = {"tender": _tender(w, load, choice)}
    w.issue("tender.send", w.plan.system(choice.role), f"{load.n}.{load.tried}", data, w.at + choice.answer_within)
    w.timer(f"timer:answer:{load.n}", w.at + choice.answer_within)
    w.reach("offered")


def _fits(w: Work, load: Load, choice: Choice) -> bool:
    country = (w.order or {})["ship_to"]["country"]
    light = choice.max_weight_kg is None or not load.weight_kg or Decimal(load.weight_kg) <= choice.max_weight_kg
    return light and (not choice.countries or country in choice.countries)


def _tender(w: Work, load: Load, choice: Choice) -> Json:
    order = w.order or {}
    until: datetime = w.at + choice.answer_within
    return {
        "number": w.number(load),
        "purpose": "original",
        "shipment_number": load.shipment,
        "order_numbers": [order["number"]],
        "carrier": choice.carrier,
        "service_level": choice.service_level or order["service_level"],
        "equipment": w.settings.equipment,
        "stops": [
            {"number": 1, "kind": "pick_up", "address": w.settings.ship_from.model_dump(mode="json")},
            {"number": 2, "kind": "delivery", "address": order["ship_to"]},
        ],
        "weight_kg": load.weight_kg or None,
        "packages": load.packages,
        "rate": choice.rate.model_dump(mode="json") if choice.rate is not None else None,
        "answer_by": until.isoformat(),
    }


def _late(w: Work, told: TenderAnswer) -> None:
    """An answer to an offer that was taken back. A carrier that comes all the same costs money: a person hears of it."""
    if told.answer == "accepted" and not any(one.carrier_reference == told.carrier_reference != "" for one in w.loads):
        words = f"{told.carrier or 'a carrier'} takes {told.tender_number}, which no longer stands"
        w.park("late_answer", DecisionNeeded(words, tender=told.tender_number), "carrier", ("acknowledge",))
        return
    w.note(f"the answer to {told.tender_number} changes nothing")
