"""A bench for the order-to-fulfilment process: builds facts in few words and remembers everything decided."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

from crossdock.canonical.events import EVENT_PAYLOADS, Event, Reference
from crossdock.core.calendar import BusinessCalendar
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.outcomes import Accepted
from crossdock.core.process import Decided, Decision, Due, Expectation, Fact, FlowContext, Happened, Parked, Settled
from crossdock.processes.order_to_fulfilment import OrderToFulfilment, State

KEY = "order/shopify-eu/1001"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NORTH = BusinessCalendar("Europe/Berlin", {d: (time(8), time(17)) for d in range(1, 6)}, cutoffs={"dhl": time(15, 30)})
PROCESS = OrderToFulfilment()


def flow(roles: dict[str, str] | None = None, **settings: Any) -> FlowContext:
    settings.setdefault(
        "warehouses", [{"name": "NORTH", "country": "DE", "postal_code": "20457", "calendar": "north", "cutoff": "north/dhl"}]
    )
    named = {"erp": "odoo", "wms": "wms-north", "shop": "shopify-eu", "carrier:dhl": "karrio", **(roles or {})}
    return FlowContext("o2f", named, settings, {"north": NORTH}, "orders-team")


def order(*lines: tuple[str, str, str], **changes: Any) -> dict[str, Any]:
    """An order with lines (number, sku, quantity) at 10 EUR each."""
    lines = lines or (("1", "LAMP", "2"), ("2", "CORD", "3"))
    total = sum(10 * float(quantity) for _, _, quantity in lines)
    return {
        "number": "1001",
        "placed_at": START.isoformat(),
        "customer": {"id": "7", "name": "ACME"},
        "ship_to": {"name": "Jo", "street": "Weg 1", "city": "Wien", "postal_code": "1010", "country": "AT"},
        "currency": "EUR",
        "lines": [
            {
                "number": number,
                "sku": sku,
                "name": sku.title(),
                "quantity": {"value": quantity},
                "unit_price": {"amount": "10.00", "currency": "EUR"},
            }
            for number, sku, quantity in lines
        ],
        "total": {"amount": f"{total:.2f}", "currency": "EUR"},
        "payment_status": "paid",
        **changes,
    }


def ack_of(command: Command) -> dict[str, Any]:
    """What a well-behaved system answers."""
    name, data = command.name, command.data
    if name == "order.create":
        return {
            "erp_id": "7",
            "erp_number": "S00042",
            "total": data["order"]["total"]["amount"],
            "currency": data["order"]["currency"],
            "lines": {line["number"]: f"9{line['number']}" for line in data["order"]["lines"]},
            "references": [["odoo:order", "S00042"]],
        }
    if name == "fulfilment.cancel":
        return {"status": "cancelled"}
    if name == "shipment.book":
        number = data["shipment"]["number"]
        return {"waybill": f"W-{number}", "tracking_number": f"T-{number}", "references": [["tracking", f"T-{number}"]]}
    if name == "shipment.cancel":
        return {"status": "cancelled"}
    if name == "transfer.validate":
        return {"transfer": "WH/OUT/00007", "transfer_id": f"3{command.id[-1]}", "state": "done"}
    return {}


def plain(decision: Decision[State]) -> tuple[Any, ...]:
    """A decision as a value: errors are compared by what they say."""
    parked = [(one.slot, one.owner, one.actions, one.command_id, one.error.as_dict()) for one in decision.parked]
    return (replace(decision, parked=()), parked)


@dataclass
class Bench:
    """One order on its way. `commands` are all ever issued, `open` those not settled, `parked` what waits for people."""

    context: FlowContext = field(default_factory=flow)
    key: str = KEY
    now: datetime = START
    state: State = field(default=State(""))
    facts: list[Fact] = field(default_factory=list)
    decisions: list[Decision[State]] = field(default_factory=list)
    commands: list[Command] = field(default_factory=list)
    open: dict[str, Command] = field(default_factory=dict)
    parked: dict[str, Parked] = field(default_factory=dict)
    expected: dict[str, Expectation] = field(default_factory=dict)
    counter: int = 0

    def __post_init__(self) -> None:
        if not self.state.key:
            self.state = PROCESS.initial(self.key)

    def fact(self, fact: Fact) -> Decision[State]:
        decision = PROCESS.decide(self.state, fact, self.context)
        assert plain(decision) == plain(PROCESS.decide(self.state, fact, self.context)), "the same decision twice differs"
        assert PROCESS.load(PROCESS.dump(decision.state)) == decision.state, "the state does not survive being stored"
        self.state = decision.state
        self.facts.append(fact)
        self.decisions.append(decision)
        for command in decision.commands:
            assert command.id not in {one.id for one in self.commands}, f"{command.id} was issued twice"
            assert command.id.isascii() and len(command.id) < 120
            self.open[command.id] = command
        self.commands += decision.commands
        for slot in decision.unparked:
            self.parked.pop(slot, None)
        for parked in decision.parked:
            self.parked[parked.slot] = parked
        for name in (*decision.fulfilled, *decision.withdrawn):
            self.expected.pop(name, None)
        self.expected.update({one.name: one for one in decision.expect})
        for made in decision.revoked:
            self.open.pop(made, None)
        return decision

    def event(self, kind: str, data: dict[str, Any], source: str = "shopify-eu", *references: tuple[str, str]) -> Decision[State]:
        self.counter += 1
        self.now += timedelta(minutes=1)
        payload = EVENT_PAYLOADS[kind].model_validate(data)
        named = tuple(Reference(*one) for one in references)
        return self.fact(Happened(Event(f"e{self.counter}", kind, source, self.key, payload, self.now, named), self.now))

    def settle(self, command: Command, result: CrossdockError | dict[str, Any] | None = None) -> Decision[State]:
        self.now += timedelta(seconds=5)
        if not isinstance(result, CrossdockError):
            self.open.pop(command.id, None)
        outcome = result if isinstance(result, CrossdockError) else Accepted(ack_of(command) if result is None else result)
        return self.fact(Settled(command.name, command.id, command.system, outcome, command.data, self.now))

    def last(self, name: str) -> Command:
        found = [command for command in self.commands if command.name == name]
        assert found, f"no {name} was issued; there are {[one.name for one in self.commands]}"
        return found[-1]

    def count(self, name: str) -> int:
        return sum(command.name == name for command in self.commands)

    def ack(self, name: str, **ack: Any) -> Decision[State]:
        command = self.last(name)
        assert command.id in self.open, f"{name} is settled already"
        return self.settle(command, {**ack_of(command), **ack})

    def fail(self, name: str, error: CrossdockError) -> Decision[State]:
        return self.settle(self.last(name), error)

    def run(self, *stop: str) -> None:
        """Acknowledge whatever is open, except the named commands."""
        while ready := [one for one in self.open.values() if one.name not in stop and f"{one.name}" not in self._failed()]:
            self.settle(ready[0])

    def _failed(self) -> set[str]:
        return {slot.rpartition(":")[0] for slot in self.parked}

    def pick(
        self, *lines: tuple[str, str, str], sequence: int = 1, final: bool = True, number: str = "", **more: Any
    ) -> Decision[State]:
        """Confirm picked lines (fulfilment line, sku, quantity) of the latest fulfilment order; none: all of it."""
        document = self.last("fulfilment.release").data["fulfilment"]
        asked = [(one["number"], one["sku"], one["quantity"]["value"]) for one in document["lines"]]
        return self.event(
            "picking.completed",
            {
                "fulfilment_number": number or document["number"],
                "sequence": sequence,
                "picked_at": self.now.isoformat(),
                "lines": [
                    {"number": line, "order_line": line, "sku": sku, "quantity": {"value": quantity}}
                    for line, sku, quantity in (lines or asked)
                ],
                "final": final,
                **more,
            },
            "wms-north",
        )

    def milestone(self, code: str, tracking: str = "", **more: Any) -> Decision[State]:
        tracking = tracking or self.state.shipments[-1].tracking
        kind = "shipment.delivered" if code == "delivered" else "shipment.milestone"
        data = {"tracking_number": tracking, "code": code, "at": self.now.isoformat(), **more}
        return self.event(kind, data, "karrio")

    def decide(self, slot: str, action: str, **data: Any) -> Decision[State]:
        self.now += timedelta(minutes=5)
        return self.fact(Decided(slot, action, self.now, "anna", "because", data))

    def due(self, name: str, at: datetime | None = None) -> Decision[State]:
        self.now = at or self.now
        if name.startswith("timer"):
            self.expected.pop(name, None)
        return self.fact(Due(name, self.now))

    def names(self) -> list[str]:
        return [command.name for command in self.commands]


def placed(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = Bench(context or flow())
    bench.event(
        "order.placed",
        order(**changes) if not isinstance(changes.get("lines"), tuple) else order(*changes.pop("lines"), **changes),
    )
    return bench


def released(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = placed(context, **changes)
    bench.ack("order.create")
    bench.ack("order.confirm")
    bench.ack("fulfilment.release")
    return bench


def booked(context: FlowContext | None = None, **changes: Any) -> Bench:
    bench = released(context, **changes)
    bench.pick()
    bench.ack("shipment.book")
    return bench
