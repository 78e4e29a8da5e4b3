"""Golden histories as files: facts with what was decided on them, written as JSON that people can read and review.

`python tests/processes/golden_histories.py` records them again after a change that is meant; the diff shows what it changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from order_bench import NORTH, PROCESS, START, Bench, flow, order, placed, released

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Reference
from crossdock.core.errors import CrossdockError, TargetRefused, all_errors
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, Decision, Due, Fact, FlowContext, Happened, Settled

FOLDER = Path(__file__).parent / "golden"
ERRORS = {kind.code: kind for kind in all_errors()}


def written_fact(fact: Fact) -> dict[str, Any]:
    """A fact as JSON."""
    if isinstance(fact, Happened):
        event = fact.event
        return {
            "kind": "happened",
            "at": fact.at.isoformat(),
            "event": {
                "id": event.id,
                "type": event.type,
                "source": event.source,
                "key": event.key,
                "references": [[one.scheme, one.value] for one in event.references],
                "data": event.data.model_dump(mode="json", exclude_defaults=True),
            },
        }
    if isinstance(fact, Settled):
        result = fact.result
        said = (
            {"error": result.code, "message": result.message} if isinstance(result, CrossdockError) else {"ack": dict(result.ack)}
        )
        return {
            "kind": "settled",
            "at": fact.at.isoformat(),
            "command": fact.command,
            "id": fact.command_id,
            "system": fact.system,
            **said,
        }
    if isinstance(fact, Decided):
        return {"kind": "decided", "at": fact.at.isoformat(), "slot": fact.slot, "action": fact.action, "data": dict(fact.data)}
    return {"kind": "due", "at": fact.at.isoformat(), "name": fact.name}


def read_fact(raw: dict[str, Any]) -> Fact:
    """The fact of its JSON."""
    at = datetime.fromisoformat(raw["at"])
    if raw["kind"] == "happened":
        told = raw["event"]
        data = EVENT_PAYLOADS[told["type"]].model_validate(told["data"])
        references = tuple(Reference(*one) for one in told["references"])
        return Happened(Event(told["id"], told["type"], told["source"], told["key"], data, at, references), at)
    if raw["kind"] == "settled":
        result: Any = Accepted(raw["ack"]) if "ack" in raw else ERRORS[raw["error"]](raw["message"])
        return Settled(raw["command"], raw["id"], raw["system"], result, {}, at)
    if raw["kind"] == "decided":
        return Decided(raw["slot"], raw["action"], at, data=raw["data"])
    return Due(raw["name"], at)


def written_decision(decision: Decision[Any]) -> dict[str, Any]:
    """What was decided, as JSON without what is empty."""
    made = {
        "commands": [
            {
                "id": one.id,
                "system": one.system,
                "data": dict(one.data),
                **({"deadline": one.deadline.isoformat()} if one.deadline else {}),
            }
            for one in decision.commands
        ],
        "expect": {one.name: one.due.isoformat() for one in decision.expect},
        "fulfilled": list(decision.fulfilled),
        "withdrawn": list(decision.withdrawn),
        "references": [[one.scheme, one.value] for one in decision.references],
        "parked": [
            {"slot": one.slot, "code": one.error.code, "message": one.error.message, "actions": list(one.actions)}
            for one in decision.parked
        ],
        "unparked": list(decision.unparked),
        "revoked": list(decision.revoked),
        "notes": list(decision.notes),
    }
    return {name: value for name, value in made.items() if value}


def context_of(raw: dict[str, Any]) -> FlowContext:
    """The flow a history was recorded with."""
    return FlowContext(raw["name"], raw["roles"], raw["settings"], {"north": NORTH}, raw["owner"])


def shop_to_door() -> Bench:
    bench = placed()
    bench.run()
    bench.pick()
    bench.run()
    for code in ("picked_up", "in_transit", "out_for_delivery", "delivered"):
        bench.milestone(code)
    bench.run()
    return bench


def erp_order() -> Bench:
    bench = Bench(key="order/odoo/S00042")
    data = {"number": "S00042", "erp_number": "S00042", "confirmed_at": START.isoformat(), "order": order(number="S00042")}
    bench.event("order.confirmed", data, "odoo", ("odoo:order_id", "7"))
    bench.run()
    bench.pick()
    bench.run()
    bench.milestone("delivered")
    bench.run()
    return bench


def two_shipments_and_a_back_order() -> Bench:
    bench = released()
    bench.pick(("1", "LAMP", "2"), final=False)
    bench.pick(("2", "CORD", "1"), sequence=2)
    bench.run()
    bench.pick()
    bench.run()
    for shipment in bench.state.shipments:
        bench.milestone("delivered", shipment.tracking)
    bench.run()
    return bench


def change_after_release() -> Bench:
    bench = released()
    bench.event("order.changed", order(("1", "LAMP", "1"), ("3", "VASE", "1")))
    bench.run()
    bench.pick()
    bench.run()
    return bench


def cancelled_after_release() -> Bench:
    bench = released()
    bench.event("order.cancelled", {"number": "1001", "reason": "changed mind", "cancelled_at": START.isoformat()})
    bench.run()
    return bench


def over_the_border_without_papers() -> Bench:
    bench = released(ship_to={"street": "Weg 1", "city": "Zug", "postal_code": "6300", "country": "CH"})
    bench.pick()
    facts = {"hs_code": "940520", "origin_country": "DE"}
    bench.decide("customs:1", "supply", incoterm="DAP", lines={"1": facts, "2": facts})
    bench.run()
    return bench


def booking_refused_then_another_carrier() -> Bench:
    bench = released(flow({"carrier:ups": "ups-api"}, carriers=[{"name": "dhl"}, {"name": "ups"}]))
    bench.pick()
    bench.fail("shipment.book", TargetRefused("the address cannot be served"))
    bench.decide("shipment.book:1", "use_carrier", carrier="ups")
    bench.run()
    return bench


def everything_comes_early() -> Bench:
    bench = Bench()
    bench.event("order.changed", order(("1", "LAMP", "1")))
    bench.event("order.placed", order())
    bench.run("fulfilment.release")
    bench.milestone("in_transit", "T-SH-shopify-eu.1001-1")
    bench.pick()
    bench.run()
    return bench


HISTORIES: tuple[Callable[[], Bench], ...] = (
    shop_to_door,
    erp_order,
    two_shipments_and_a_back_order,
    change_after_release,
    cancelled_after_release,
    over_the_border_without_papers,
    booking_refused_then_another_carrier,
    everything_comes_early,
)


def record(make: Callable[[], Bench]) -> dict[str, Any]:
    """A history as it goes with the code of today."""
    bench = make()
    context = bench.context
    return {
        "process": f"{PROCESS.name}/{PROCESS.version}",
        "flow": {"name": context.flow, "roles": dict(context.roles), "settings": dict(context.settings), "owner": context.owner},
        "key": bench.key,
        "history": [
            {"fact": written_fact(fact), "decided": written_decision(decision)}
            for fact, decision in zip(bench.facts, bench.decisions, strict=True)
        ],
        "state": json.loads(PROCESS.dump(bench.state)),
    }


if __name__ == "__main__":
    for history in HISTORIES:
        text = json.dumps(record(history), indent=1, ensure_ascii=False, sort_keys=True)
        FOLDER.joinpath(f"{history.__name__}.json").write_text(text + "\n", "utf-8")
