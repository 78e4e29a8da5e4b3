"""Whatever comes, in whatever order and however often: the process never raises, never doubles an effect, and never contradicts itself."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from order_bench import PROCESS, Bench, ack_of, flow, order
from process_bench import START, plain
from process_sequences import ERRORS, AnySettlement, several

from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Due, Settled
from crossdock.processes.order_to_fulfilment.people import _HANDLERS
from crossdock.processes.order_to_fulfilment.settled import ACTIONS

ZERO = Decimal(0)
SHOP, ERP, WMS = "shopify-eu", "odoo", "wms-north"
ORDERS = [
    (("1", "LAMP", "2"), ("2", "CORD", "3")),
    (("1", "LAMP", "4"), ("2", "CORD", "3")),
    (("1", "LAMP", "1"),),
    (("1", "LAMP", "2"), ("3", "VASE", "1")),
    (("1", "VASE", "2"), ("2", "CORD", "3")),
]
PLACES = [
    {"name": "Jo", "street": "Weg 1", "city": "Wien", "postal_code": "1010", "country": "AT"},
    {"name": "Jo", "street": "Weg 2", "city": "Wien", "postal_code": "1010", "country": "AT"},
    {"name": "Jo", "street": "Weg 1", "city": "Zug", "postal_code": "6300", "country": "CH"},
]
ROLES = {"carrier:ups": "ups-api"}
FLOWS = [
    flow(ROLES, carriers=[{"name": "dhl"}, {"name": "ups"}]),
    flow(picks={"short": "close_short", "over": "ship_ordered", "ship_partial": False}),
    flow(picks={"short": "ask", "equivalents": {"LAMP": ["VASE"]}, "max_releases": 3}, change_after_release="ask"),
    flow(picks={"short": "cancel_remainder", "over": "accept"}, change_after_release="refuse", shop_fulfil_after="booking"),
    flow(booked_by="warehouse", release="released", picks={"backorder_after": "PT8H"}, finish="dispatched"),
]
ODD_ACKS: list[dict[str, Any]] = [
    {},
    {"status": "too_late"},
    {"erp_id": None, "lines": "none", "total": "NaN", "discrepancies": 5, "customs": {"LAMP": 1}, "references": [["x"], 3]},
    {"erp_id": 7, "total": "999", "currency": "USD", "discrepancies": [{"field": "tax", "expected": 1.5, "found": None}]},
    {"refused": [{"line": "1", "reason": "no"}, "x"], "waybill": 5, "tracking_number": None},
]
SLOTS = [f"{kind}:{n}" for kind in _HANDLERS for n in (1, 2)] + list(_HANDLERS) + [f"{name}:1" for name in ACTIONS]
CHOICES = sorted(
    {action for actions in ACTIONS.values() for action in actions}
    | {
        "accept",
        "cancel",
        "supply",
        "retry",
        "ship_ordered",
        "backorder",
        "close_short",
        "cancel_remainder",
        "acknowledge",
        "skip",
    }
    | {"ship_anyway", "goods_returned", "cancel_rest", "ignore", "apply", "recall", "release", "nonsense"}
)
CODES = [
    "picked_up",
    "in_transit",
    "customs_held",
    "customs_cleared",
    "exception",
    "delivered",
    "returning",
    "returned",
    "cancelled",
]
picks = st.integers(0, 5)


class AnyOrder(AnySettlement):
    """One order and everything the world may say about it."""

    odd_acks = ODD_ACKS

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.given_up: set[str] = set()
        self.picked: dict[str, dict[str, Decimal]] = {}
        self.closed: set[str] = set()
        self.cancelled = False

    @initialize(which=st.sampled_from(FLOWS), erp_order=st.booleans(), head_start=st.integers(0, 6))
    def begin(self, which: Any, erp_order: bool, head_start: int) -> None:
        self.bench = Bench(which)
        if head_start == 0:
            return
        if erp_order:
            self.erp_confirms(0, True)
        else:
            self.place(0, 0, SHOP)
        for _ in range(head_start):
            if self.bench.open:
                self._settle(next(iter(self.bench.open.values())), None)

    # --- events -----------------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 4), where=st.integers(0, 2), source=st.sampled_from([SHOP, ERP]))
    def place(self, which: int, where: int, source: str) -> None:
        self._event("order.placed", order(*ORDERS[which], ship_to=PLACES[where]), source)

    @rule(which=st.integers(0, 4), where=st.integers(0, 2), source=st.sampled_from([SHOP, SHOP, ERP]))
    def change(self, which: int, where: int, source: str) -> None:
        self._event("order.changed", order(*ORDERS[which], ship_to=PLACES[where], incoterm="DAP"), source)

    @rule(lines=st.sampled_from([(), (), ("1",), ("2",), ("1", "2"), ("9",)]), source=st.sampled_from([SHOP, ERP, "other"]))
    def cancel(self, lines: tuple[str, ...], source: str) -> None:
        data = {"number": "1001", "cancelled_at": START.isoformat(), "lines": lines}
        self._event("order.cancelled", data, source)

    @rule(which=st.integers(0, 4), full=st.booleans())
    def erp_confirms(self, which: int, full: bool) -> None:
        data = {"number": "1001", "erp_number": "S1", "confirmed_at": START.isoformat()}
        self._event("order.confirmed", {**data, "order": order(*ORDERS[which])} if full else data, ERP)

    @rule()
    def erp_releases(self) -> None:
        self._event("order.released", {"number": "1001", "erp_number": "S1", "confirmed_at": START.isoformat()}, ERP)

    @rule(which=several, said=st.sampled_from(["accepted", "refused", "cancelled"]))
    def warehouse_says(self, which: int, said: str) -> None:
        self._event(
            "fulfilment.status", {"fulfilment_number": self._fulfilment(which), "status": said, "at": START.isoformat()}, WMS
        )

    @rule(
        which=several,
        quantities=st.tuples(picks, picks, picks),
        sku=st.sampled_from(["", "", "", "VASE"]),
        step=st.sampled_from([1, 1, 1, 1, 2, 0]),
        final=st.booleans(),
        tracking=st.sampled_from(["", "", "JJD1"]),
    )
    def pick(self, which: int, quantities: tuple[int, ...], sku: str, step: int, final: bool, tracking: str) -> None:
        number = self._fulfilment(which)
        known = next((one for one in self.bench.state.fulfilments if one.number == number), None)
        sequence = max(1, (known.sequence if known else 0) + step)
        skus = {"1": "LAMP", "2": "CORD", "3": "VASE"}
        lines = [
            {"number": line, "order_line": line, "sku": sku or skus[line], "quantity": {"value": str(quantity)}}
            for line, quantity in zip("123", quantities, strict=True)
        ]
        for line, quantity in zip("123", quantities, strict=True):
            total = self.picked.setdefault(number, {})
            total[line] = total.get(line, ZERO) + quantity
        self._event(
            "picking.completed",
            {
                "fulfilment_number": number,
                "sequence": sequence,
                "picked_at": START.isoformat(),
                "lines": lines,
                "packages": [{"reference": "P1", "tracking_number": tracking}],
                "final": final,
            },
            WMS,
        )

    @rule(
        which=several,
        kind=st.sampled_from(["shipment.booked", "shipment.dispatched"]),
        tracking=st.sampled_from(["", "JJD1", "JJD2"]),
    )
    def shipment(self, which: int, kind: str, tracking: str) -> None:
        numbers = [one.number for one in self.bench.state.shipments] + ["SH-x"]
        data = {
            "number": numbers[which % len(numbers)],
            "order_number": "1001",
            "fulfilment_number": self._fulfilment(which),
            "tracking_number": tracking,
            "ship_to": PLACES[0],
        }
        self._event(kind, data, WMS)

    @rule(which=several, code=st.sampled_from(CODES), minute=st.integers(0, 3))
    def milestone(self, which: int, code: str, minute: int) -> None:
        numbers = [one.tracking for one in self.bench.state.shipments if one.tracking] + ["JJD1"]
        kind = "shipment.delivered" if code == "delivered" else "shipment.milestone"
        data = {"tracking_number": numbers[which % len(numbers)], "code": code, "at": f"2026-11-24T10:0{minute}:00Z"}
        self._event(kind, data, "karrio")

    # --- commands, timers, people --------------------------------------------------------------------------------------------

    @rule(which=several, kept=st.sampled_from(["timer:release", "confirmed", "released", "picked:1", "booked:1", "delivered:1"]))
    def due(self, which: int, kept: str) -> None:
        names = [*self.bench.expected, kept]
        name = names[which % len(names)]
        self.bench.now = max(self.bench.now, self.bench.expected[name].due) if name in self.bench.expected else self.bench.now
        if name.startswith("timer"):
            self.bench.expected.pop(name, None)
        self._fact(Due(name, self.bench.now))

    @rule(which=several, choice=several)
    def decide_as_offered(self, which: int, choice: int) -> None:
        if self.bench.parked:
            parked = list(self.bench.parked.values())[which % len(self.bench.parked)]
            action = parked.actions[choice % len(parked.actions)]
            facts = {"hs_code": "940520", "origin_country": "DE", "value": "2"}
            data: dict[str, Any] = {"carrier": "ups", "incoterm": "DAP", "lines": {"1": facts, "2": facts, "3": facts}}
            if action == "done":
                command = next(one for one in self.bench.commands if one.id == parked.command_id)
                data = ack_of(command)
                if command.name == "order.cancel" and command.system == ERP:
                    self.cancelled = True
                if command.name == "fulfilment.cancel":
                    self.closed.add(command.data["fulfilment_number"])
            self._decided(parked.slot, action, data)

    @rule(
        slot=st.sampled_from(SLOTS),
        action=st.sampled_from(CHOICES),
        data=st.sampled_from([{}, {"carrier": 5, "lines": 3, "incoterm": "x"}]),
    )
    def decide_nonsense(self, slot: str, action: str, data: dict[str, Any]) -> None:
        if slot not in self.bench.parked:
            self._decided(slot, action, data)

    @rule(which=st.integers(0, 60))
    def repeat(self, which: int) -> None:
        facts = [one for one in self.bench.facts if not isinstance(one, (Settled, Decided, Due))]
        if facts:
            self._fact(facts[which % len(facts)])

    # --- what must hold ----------------------------------------------------------------------------------------------------

    @invariant()
    def slots_are_where_people_see_them(self) -> None:
        state = self.bench.state
        assert set(self.bench.parked) == {*state.parked, *(one.slot for one in state.asked.values() if one.failed)}
        assert set(self.bench.expected) == set(state.expected)
        assert set(state.asked) <= set(self.bench.open)

    @invariant()
    def the_strip_can_be_drawn(self) -> None:
        assert PROCESS.milestones(self.bench.state)
        assert not PROCESS.finished(self.bench.state) or not self.bench.state.asked

    @invariant()
    def nothing_is_booked_twice(self) -> None:
        made = [(one.fulfilment, one.sequence) for one in self.bench.state.shipments]
        assert len(made) == len(set(made))

    @invariant()
    def no_more_is_shipped_than_was_picked(self) -> None:
        sent: dict[tuple[str, str], Decimal] = {}
        for command in self.bench.commands:
            if command.name == "transfer.validate" and command.id not in self.given_up:
                document = command.data["confirmation"]
                for line in document["lines"]:
                    place = (document["fulfilment_number"], line["order_line"])
                    sent[place] = sent.get(place, ZERO) + Decimal(line["quantity"]["value"])
        for (number, line), quantity in sent.items():
            assert quantity <= self.picked[number][line], (number, line)

    def teardown(self) -> None:
        self.drain()
        state, commands = PROCESS.initial(self.bench.key), []
        for fact, decision in zip(self.bench.facts, self.bench.decisions, strict=True):
            again = PROCESS.decide(PROCESS.load(PROCESS.dump(state)), fact, self.bench.context)
            assert plain(again) == plain(decision)
            state = again.state
            commands += again.commands
        assert state == self.bench.state and commands == self.bench.commands

    def drain(self) -> None:
        """Let everybody do their part from now on: the order must come to an end."""
        bench = self.bench
        for _ in range(40):
            if bench.state.order is None:
                self.place(0, 0, SHOP)
            for command in list(bench.open.values()):
                if command.id in bench.open:
                    self._settle(command, None)
            for slot, parked in list(bench.parked.items()):
                if slot in bench.parked:
                    facts = {"hs_code": "940520", "origin_country": "DE", "value": "2"}
                    data = {"carrier": "dhl", "incoterm": "DAP", "lines": {"1": facts, "2": facts, "3": facts}}
                    self._decided(slot, parked.actions[0], data)
            if PROCESS.finished(bench.state):
                return
            if bench.state.closed:
                continue
            self.erp_releases()
            if bench.state.erp == "created":
                self.erp_confirms(0, False)
            for name in [name for name in bench.expected if name.startswith(("timer", "delivered"))]:
                bench.due(name, max(bench.now, bench.expected[name].due))
            for one in bench.state.fulfilments:
                if one.status == "live":
                    asked = {line.number: max(ZERO, line.asked - line.picked) for line in one.lines}
                    self._pick(one.number, one.sequence + 1, asked)
            for shipment in bench.state.shipments:
                if shipment.status in {"open", "booked"} and not shipment.held:
                    data = {"number": shipment.number, "order_number": "1001", "ship_to": PLACES[0]}
                    self._event("shipment.dispatched", {**data, "tracking_number": shipment.tracking or f"X{shipment.n}"}, WMS)
                elif shipment.status == "dispatched":
                    data = {"tracking_number": shipment.tracking, "code": "delivered", "at": "2026-11-30T10:00:00Z"}
                    self._event("shipment.delivered", data, "karrio")
        raise AssertionError(f"the order does not end: parked {list(bench.parked)}, open {list(bench.open)}, {bench.state}")

    # --- how it is done ------------------------------------------------------------------------------------------------------

    def _fulfilment(self, which: int) -> str:
        numbers = [one.number for one in self.bench.state.fulfilments]
        return numbers[which % len(numbers)] if numbers and which < 7 else "FO-x"

    def _pick(self, number: str, sequence: int, quantities: dict[str, Decimal]) -> None:
        total = self.picked.setdefault(number, {})
        skus = {line["number"]: line["sku"] for line in (self.bench.state.order or {"lines": []})["lines"]}
        lines = []
        for line, quantity in quantities.items():
            total[line] = total.get(line, ZERO) + quantity
            lines.append(
                {"number": line, "order_line": line, "sku": skus.get(line, "LAMP"), "quantity": {"value": str(quantity)}}
            )
        data = {"fulfilment_number": number, "sequence": sequence, "picked_at": START.isoformat(), "lines": lines, "final": True}
        self._event("picking.completed", data, WMS)

    def _event(self, kind: str, data: dict[str, Any], source: str) -> None:
        before = len(self.bench.commands)
        self.bench.event(kind, data, source)
        self._check(before)

    def _fact(self, fact: Any) -> None:
        before = len(self.bench.commands)
        self.bench.fact(fact)
        self._check(before)

    def _decided(self, slot: str, action: str, data: dict[str, Any]) -> None:
        before = len(self.bench.commands)
        self.bench.decide(slot, action, **data)
        self._check(before)

    def _settle(self, command: Command, result: Any) -> None:
        before = len(self.bench.commands)
        accepted = not isinstance(result, CrossdockError)
        ack = ack_of(command) if result is None else result
        if accepted and command.id in self.bench.state.asked:
            if command.name == "order.cancel" and command.system == ERP and not command.id.endswith(".stray"):
                self.cancelled = True
            if command.name == "fulfilment.cancel" and ack.get("status") != "too_late":
                self.closed.add(command.data["fulfilment_number"])
        self.bench.settle(command, result)
        self._check(before)

    def _check(self, before: int) -> None:
        """Hold what was just decided against everything decided before."""
        decision = self.bench.decisions[-1]
        new = self.bench.commands[before:]
        self.given_up.update(decision.revoked)
        for command in new:
            getattr(self, "_check_" + command.name.replace(".", "_"), lambda one: None)(command)

    def _check_order_create(self, new: Command) -> None:
        assert not self.cancelled
        for command in self.bench.commands:
            assert command.name != "order.create" or command is new or command.id in self.given_up

    def _check_fulfilment_release(self, new: Command) -> None:
        state = self.bench.state
        assert not self.cancelled, "released after the ERP cancelled the order"
        assert state.order is not None and not state.closed
        assert state.cancel is None or state.cancel.status in {"refused", "rest"}, "released while it is being cancelled"
        self._within(state.order, {line["number"] for line in new.data["fulfilment"]["lines"]})

    def _check_order_change(self, new: Command) -> None:
        self._within(new.data["order"], {line["number"] for line in new.data["previous"]["lines"]})

    def _within(self, document: dict[str, Any], numbers: set[str]) -> None:
        """The warehouse is never asked for more of these lines than the order has."""
        state = self.bench.state
        ordered = {line["number"]: Decimal(line["quantity"]["value"]) for line in document["lines"]}
        spoken: dict[str, Decimal] = {}
        for command in self.bench.commands:
            if command.name != "fulfilment.release" or command.id in self.given_up:
                continue
            number = command.data["fulfilment"]["number"]
            fulfilment = next(one for one in state.fulfilments if one.number == number)
            shipped: dict[str, Decimal] = {}
            for shipment in state.shipments:
                if shipment.fulfilment == number and shipment.status != "cancelled":
                    for one in shipment.lines:
                        shipped[one["order_line"]] = shipped.get(one["order_line"], ZERO) + Decimal(one["quantity"]["value"])
            for line in command.data["fulfilment"]["lines"]:
                asked = Decimal(line["quantity"]["value"])
                if fulfilment.status in {"done", "cancelled"}:
                    asked = min(asked, shipped.get(line["number"], ZERO))
                spoken[line["number"]] = spoken.get(line["number"], ZERO) + asked
        for number in numbers:
            assert spoken.get(number, ZERO) <= ordered.get(number, ZERO), f"line {number} is with the warehouse twice"

    def _check_order_cancel(self, new: Command) -> None:
        if new.system != ERP or self.bench.state.closed == "cancelled":
            return
        for command in self.bench.open.values():
            assert command.name != "transfer.validate" or command.id in self.failing(), "cancelled while goods are being shipped"

    def failing(self) -> set[str]:
        return {made for made, one in self.bench.state.asked.items() if one.failed}

    def _check_shipment_book(self, new: Command) -> None:
        assert not self.cancelled
        number = new.data["shipment"]["number"]
        void = {one.data["shipment_number"] for one in self.bench.commands if one.name == "shipment.cancel"}
        for command in self.bench.commands:
            if command.name == "shipment.book" and command is not new and command.data["shipment"]["number"] == number:
                assert command.id in self.given_up or number in void, f"{number} is booked twice"

    def _check_transfer_validate(self, new: Command) -> None:
        number = new.data["shipment"]["number"]
        for command in self.bench.commands:
            if command.name == "transfer.validate" and command is not new and command.data["shipment"]["number"] == number:
                assert command.id in self.given_up, f"{number} is validated twice"


def walk(seed: int, steps: int = 60) -> None:
    """One long way of an order, with what usually happens happening more often than what seldom does."""
    chance = random.Random(seed)
    pick, some = chance.choice, chance.randint
    machine = AnyOrder()
    machine.begin(which=pick(FLOWS), erp_order=chance.random() < 0.2, head_start=some(0, 6))
    facts = {"hs_code": "940520", "origin_country": "DE", "value": "2"}
    moves: list[tuple[int, Callable[[], None]]] = [
        (40, lambda: machine.accept(some(0, 7))),
        (
            15,
            lambda: machine.pick(
                some(0, 6),
                (some(0, 4), some(0, 4), some(0, 2)),
                pick(["", "", "", "VASE"]),
                pick([1, 1, 1, 1, 2, 0]),
                chance.random() < 0.6,
                pick(["", "", "", "JJD1"]),
            ),
        ),
        (5, lambda: machine.fail(some(0, 7), pick(ERRORS))),
        (4, lambda: machine.accept_oddly(some(0, 7), some(0, 7))),
        (3, lambda: machine.settle_anything_again(some(0, 40), pick([None, *ERRORS]))),
        (4, lambda: machine.change(some(0, 4), some(0, 2), pick([SHOP, SHOP, ERP]))),
        (2, lambda: machine.cancel(pick([(), ("1",), ("2",), ("1", "2"), ("9",)]), pick([SHOP, ERP, "other"]))),
        (9, lambda: machine.decide_as_offered(some(0, 7), some(0, 7))),
        (6, lambda: machine.milestone(some(0, 6), pick([*CODES, "delivered", "delivered"]), some(0, 3))),
        (2, lambda: machine.shipment(some(0, 6), pick(["shipment.booked", "shipment.dispatched"]), pick(["", "JJD1", "JJD2"]))),
        (2, lambda: machine.warehouse_says(some(0, 6), pick(["accepted", "refused", "cancelled"]))),
        (2, lambda: machine.due(some(0, 7), pick(["timer:release", "picked:1"]))),
        (2, lambda: machine.repeat(some(0, 60))),
        (2, machine.erp_releases),
        (1, lambda: machine.erp_confirms(some(0, 4), chance.random() < 0.5)),
        (1, lambda: machine.place(some(0, 4), some(0, 2), SHOP)),
        (1, lambda: machine.decide_nonsense(pick(SLOTS), pick(CHOICES), {"lines": {"1": facts}})),
    ]
    weights, actions = [weight for weight, _ in moves], [action for _, action in moves]
    for action in chance.choices(actions, weights, k=steps):
        action()
        machine.slots_are_where_people_see_them()
        machine.nothing_is_booked_twice()
        machine.no_more_is_shipped_than_was_picked()
    machine.teardown()


@pytest.mark.parametrize("first", range(0, int(os.environ.get("CROSSDOCK_WALKS", "120")), 20))
def test_long_ways_come_to_an_end(first: int) -> None:
    for seed in range(first, first + 20):
        walk(seed)


AnyOrder.TestCase.settings = settings(
    max_examples=int(os.environ.get("CROSSDOCK_EXAMPLES", "60")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyOrder = AnyOrder.TestCase
