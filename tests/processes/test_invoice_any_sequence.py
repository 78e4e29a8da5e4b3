"""Whatever comes, in whatever order and however often: no invoice is posted before the rule of its customer holds, none twice, and no goods are
billed twice while neither a person nor the ERP took the first invoice back."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from invoice_bench import CARRIER, PROCESS, Bench, ack_of, flow, order
from process_bench import plain
from process_sequences import ERRORS, AnySettlement, several

from crossdock.core.commands import MONEY_COMMANDS, Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Happened
from crossdock.processes.shipment_to_invoice.people import _ACKNOWLEDGED, _HANDLERS
from crossdock.processes.shipment_to_invoice.settled import ACTIONS

FLOWS = [
    flow("shipped"),
    flow("dispatched"),
    flow("delivered", "order"),
    flow("proof", draft="ready"),
    flow("dispatched", "day"),
    flow("delivered", rule={"approve_above": "20"}, finish="paid", accrue_freight=True),
]
CODES = ["picked_up", "in_transit", "customs_held", "delivered", "delivered", "returned", "cancelled"]
STEPS = [
    *[("picked_up", 0), ("in_transit", 1), ("delivered", 3), ("delivered", 3)] * 3,
    *[("delivered", 0), ("picked_up", 4)] * 2,
    *((code, 2) for code in CODES),
]
"""Milestones of walks, with the minute: mostly as goods travel, and sometimes against it."""
ODD_ACKS: list[dict[str, Any]] = [
    {},
    {"state": "posted", "invoice_number": "INV/9"},
    {"total": "NaN", "discrepancies": 5, "references": [["x"], 3]},
    {"discrepancies": [{"field": "total", "expected": "50", "found": "3"}, "x"], "references": "none"},
]
CHOICES = sorted(
    {action for found in ACTIONS.values() for action in found}
    | {"confirm", "accept", "approve", "again", "theirs", "ours", "nonsense"}
)
SLOTS = [f"{kind}:{n}" for kind in (*_HANDLERS, *_ACKNOWLEDGED) for n in (1, 2)] + [f"{name}:1" for name in ACTIONS] + ["foreign"]
GONE = {
    "picked_up",
    "in_transit",
    "customs_held",
    "customs_cleared",
    "out_for_delivery",
    "attempted",
    "delivered",
    "returning",
    "returned",
}
consignments = st.integers(1, 3)
minutes = st.integers(0, 4)


class AnyInvoice(AnySettlement):
    """The invoices of one order and everything the world may say about them."""

    odd_acks = ODD_ACKS

    def __init__(self) -> None:
        super().__init__()
        self.given_up = set()
        self.codes: dict[int, set[str]] = {}
        self.proofs: set[int] = set()
        self.billed: dict[int, str] = {}

    @initialize(which=st.integers(0, len(FLOWS) - 1), head_start=st.integers(0, 4))
    def begin(self, which: int, head_start: int) -> None:
        """`head_start`: nothing, ordered, one consignment left, all left, and the ERP has answered what it was asked by then."""
        self.bench = Bench(FLOWS[which])
        self.ready = FLOWS[which].settings["readiness"][0]["ready"]
        if head_start:
            self.place()
        if head_start > 1:
            self.ship(1, ("1", "LAMP", "2"))
        if head_start > 2:
            self.ship(2, ("2", "CORD", "3"))
            self.all_left([1, 2])
        if head_start > 3:
            for _ in range(4):
                self.accept(0)

    @rule()
    def place(self) -> None:
        self._checked(lambda: self.bench.event("order.placed", order(shipping={"amount": "4.90", "currency": "EUR"})))

    @rule(quantity=st.sampled_from(["1", "5"]))
    def change(self, quantity: str) -> None:
        self._checked(lambda: self.bench.event("order.changed", order(("1", "LAMP", quantity))))

    @rule(n=consignments, line=st.sampled_from([("1", "LAMP", "2"), ("2", "CORD", "3"), ("1", "LAMP", "0")]))
    def ship(self, n: int, line: tuple[str, str, str]) -> None:
        self._checked(lambda: self.bench.shipped(line, n=n))

    @rule(numbers=st.lists(consignments, unique=True, max_size=3))
    def all_left(self, numbers: list[int]) -> None:
        self._checked(lambda: self.bench.all_left(*numbers))

    @rule(n=consignments, number=st.sampled_from(["", "SH"]))
    def dispatch(self, n: int, number: str) -> None:
        document = {
            "number": f"SH-{n}" if number else "X",
            "order_number": "1001",
            "fulfilment_number": f"FO-{n}",
            "ship_to": order()["ship_to"],
        }
        self.codes.setdefault(n, set()).add("dispatched")
        self._checked(lambda: self.bench.event("shipment.dispatched", document, "wms-north"))

    @rule(n=consignments, code=st.sampled_from(CODES), minute=minutes)
    def milestone(self, n: int, code: str, minute: int) -> None:
        self.codes.setdefault(n, set()).add(code)
        self._checked(lambda: self.bench.milestone(code, n, f"2026-11-24T10:{minute * 12:02}:00+00:00"))

    @rule(n=consignments, minute=minutes)
    def proof(self, n: int, minute: int) -> None:
        self.proofs.add(n)
        self._checked(lambda: self.bench.proof(n, f"2026-11-24T10:{minute * 12:02}:00+00:00"))

    @rule(n=consignments, amount=st.sampled_from(["7.40", "0"]))
    def quote(self, n: int, amount: str) -> None:
        document = {
            "shipment_number": f"SH-{n}",
            "amount": {"amount": amount, "currency": "EUR"},
            "quoted_at": "2026-11-24T10:00:00+00:00",
        }
        self._checked(lambda: self.bench.event("freight.quoted", document, CARRIER))

    @rule(state=st.sampled_from(["draft", "paid", "cancelled"]), n=consignments, ours=st.booleans())
    def erp_tells(self, state: str, n: int, ours: bool) -> None:
        """What the ERP tells of invoices; `paid` only of what was posted there."""
        known = [one for one in self.bench.state.papers if one.create == "done"]
        if not ours:
            if state != "paid":
                self._checked(lambda: self.bench.invoice(state, n, wish="", erp_id=f"99{n}"))
        elif known:
            paper = known[n % len(known)]
            if state == "paid" and paper.standing != "posted":
                return
            self._checked(lambda: self.bench.invoice(state, paper.n))

    @rule(which=several)
    def due(self, which: int) -> None:
        names = [*self.bench.expected, "timer:period", "invoice_ready:1"]
        name = names[which % len(names)]
        if name in self.bench.expected:
            self.bench.now = max(self.bench.now, self.bench.expected[name].due)
        self._checked(lambda: self.bench.due(name))

    @rule(which=several, choice=several)
    def decide_as_offered(self, which: int, choice: int) -> None:
        if not self.bench.parked:
            return
        parked = list(self.bench.parked.values())[which % len(self.bench.parked)]
        action = parked.actions[choice % len(parked.actions)]
        data: dict[str, Any] = {"date": "2026-12-01"}
        if action == "done":
            data = ack_of(next(one for one in self.bench.commands if one.id == parked.command_id))
        self._checked(lambda: self.bench.fact(Decided(parked.slot, action, self.bench.now, "anna", "because", data)))
        if not parked.command_id:
            assert self.bench.parked.get(parked.slot) is not parked, f"{action} was offered for {parked.slot} and does nothing"

    @rule(slot=st.sampled_from(SLOTS), action=st.sampled_from(CHOICES))
    def decide_nonsense(self, slot: str, action: str) -> None:
        if slot in self.bench.parked:
            return
        before = self.bench.state
        self._checked(lambda: self.bench.fact(Decided(slot, action, self.bench.now, "anna", "because", {})))
        assert self.bench.state == before

    @rule(which=st.integers(0, 60))
    def repeat(self, which: int) -> None:
        told = [one for one in self.bench.facts if isinstance(one, Happened)]
        if told:
            fact = told[which % len(told)]
            self._checked(lambda: self.bench.fact(Happened(fact.event, self.bench.now)))

    # --- what must hold ----------------------------------------------------------------------------------------------------

    @invariant()
    def slots_are_where_people_see_them(self) -> None:
        state = self.bench.state
        assert set(self.bench.parked) == {*state.parked, *(one.slot for one in state.asked.values() if one.failed)}
        assert set(self.bench.expected) == set(state.expected)
        assert set(state.asked) <= set(self.bench.open)

    @invariant()
    def every_consignment_is_on_one_living_invoice(self) -> None:
        seen: set[int] = set()
        for paper in self.bench.state.papers:
            if paper.standing in {"open", "posted"}:
                assert not seen & set(paper.consignments)
                seen |= set(paper.consignments)

    @invariant()
    def what_it_waits_for_is_said(self) -> None:
        for paper in self.bench.state.papers:
            if self.bench.state.order and paper.standing == "open" and not paper.ready:
                assert paper.waits and paper.waits in self.bench.expected[f"invoice_ready:{paper.n}"].description

    @invariant()
    def the_strip_can_be_drawn(self) -> None:
        assert PROCESS.milestones(self.bench.state)
        assert not PROCESS.finished(self.bench.state) or not self.bench.state.asked

    def _settle(self, command: Command, result: CrossdockError | dict[str, Any] | None) -> None:
        self._checked(lambda: self.bench.settle(command, result))

    def _checked(self, step: Any) -> None:
        known = len(self.bench.commands)
        decision = step()
        assert plain(decision)
        self.given_up |= set(decision.revoked)
        for made in [one for one in self.bench.open if one not in self.bench.state.asked]:
            self.bench.open.pop(made)  # done by hand
        for command in self.bench.commands[known:]:
            if command.name in MONEY_COMMANDS:
                assert command.data["justified_by"] and command.data["approved_by"]
            if command.name == "invoice.post":
                self._check_post(command)
            elif command.name == "invoice.create":
                self._check_create(command)

    def _check_post(self, command: Command) -> None:
        paper = next(
            one for one in self.bench.state.papers if one.invoice_id == command.data["invoice_id"] and one.post == "asked"
        )
        earlier = [
            one for one in self.bench.commands if one.name == "invoice.post" and one.data["invoice_id"] == paper.invoice_id
        ]
        assert all(one is command or one.id in self.given_up for one in earlier), "posted twice"
        for n in paper.consignments:
            one = self.bench.state.consignments[n - 1]
            number = int(one.number.removeprefix("SH-"))
            codes = self.codes.get(number, set())
            if self.ready == "dispatched":
                assert codes & (GONE | {"dispatched"}), f"{one.number} has not left"
            elif self.ready == "delivered":
                assert "delivered" in codes, f"{one.number} is not delivered"
            elif self.ready == "proof":
                assert number in self.proofs, f"nobody signed for {one.number}"
            assert f"milestones:{n}" not in self.bench.parked
        limit = FLOWS[-1] is self.bench.context
        if limit and Decimal(paper.total or "100") > 20:
            assert command.data["approved_by"] == "person:anna"

    def _check_create(self, command: Command) -> None:
        number = command.data["invoice_request"]["number"]
        same = [
            one for one in self.bench.commands if one.name == "invoice.create" and one.data["invoice_request"]["number"] == number
        ]
        assert len(same) == 1, "one request, one draft"
        assert all(
            line["kind"] == "freight" or Decimal(line["quantity"]["value"]) > 0
            for line in command.data["invoice_request"]["lines"]
        )


def test_many_random_histories_never_fail() -> None:
    """Long random walks through the same rules, with a fixed seed: invoices are posted in them under every rule of readiness."""
    posted = set()
    for seed in range(int(os.environ.get("CROSSDOCK_WALKS", "120"))):
        chance = random.Random(seed)
        machine = AnyInvoice()
        machine.begin(seed % len(FLOWS), chance.randint(0, 4))
        for _ in range(80):
            _walk(machine, chance)
            machine.every_consignment_is_on_one_living_invoice()
            machine.what_it_waits_for_is_said()
        if any(one.name == "invoice.post" for one in machine.bench.commands):
            posted.add(seed % len(FLOWS))
    assert posted == set(range(len(FLOWS)))


def _walk(machine: AnyInvoice, chance: random.Random) -> None:
    n, which = chance.choice([1, 1, 1, 2, 2, 2, 3]), chance.randint(0, 7)
    steps: list[Callable[[], None]] = [
        machine.place,
        lambda: machine.ship(n, chance.choice([("1", "LAMP", "2"), ("2", "CORD", "3")])),
        lambda: machine.all_left(sorted(chance.sample([1, 2, 3], chance.randint(1, 3)))) if chance.random() < 0.05 else None,
        lambda: machine.dispatch(n, chance.choice(["", "SH"])) if chance.random() < 0.3 else None,
        lambda: machine.milestone(n, *chance.choice(STEPS)) if chance.random() < 0.6 else None,
        lambda: machine.proof(n, chance.randint(0, 4)) if chance.random() < 0.3 else None,
        lambda: machine.quote(n, "7.40"),
        lambda: (
            machine.erp_tells(chance.choice(["draft", "paid", "cancelled"]), n, chance.random() < 0.5)
            if chance.random() < 0.2
            else None
        ),
        lambda: machine.accept(which),
        lambda: machine.accept(which),
        lambda: machine.accept_oddly(which, chance.randint(0, 7)) if chance.random() < 0.2 else None,
        lambda: machine.fail(which, chance.choice(ERRORS)) if chance.random() < 0.3 else None,
        lambda: machine.settle_anything_again(chance.randint(0, 40), None),
        lambda: machine.due(which),
        lambda: machine.decide_as_offered(which, chance.randint(0, 7)),
        lambda: machine.repeat(chance.randint(0, 60)),
    ]
    chance.choice(steps)()


TestAnyInvoice = AnyInvoice.TestCase
TestAnyInvoice.settings = settings(
    max_examples=int(os.environ.get("CROSSDOCK_EXAMPLES", "60")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
