"""Whatever comes, in whatever order and however often: never an error, never two bills of one invoice, never more paid than received unless
a person said so, and no version that another replaced takes effect."""

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
from process_bench import START
from process_sequences import ERRORS, AnySettlement, several
from purchase_bench import PROCESS, Bench, flow, invoice, money, order

from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Happened
from crossdock.processes.procurement_to_receipt.people import _ACKNOWLEDGED, _HANDLERS
from crossdock.processes.procurement_to_receipt.settled import ACTIONS

ZERO = Decimal(0)
ORDERS = [
    (("1", "BOLT-8", "100", "2.50"), ("2", "NUT-8", "40", "1.00")),
    (("1", "BOLT-8", "60", "2.50"), ("2", "NUT-8", "40", "1.00")),
    (("1", "BOLT-8", "150", "2.40"),),
    (("1", "BOLT-8", "100", "2.50"), ("3", "WASHER", "5", "0.10")),
]
FLOWS = [
    flow(),
    flow(receipts={"short": "close", "over_percent": "10"}, notices={"over_percent": "10"}, matching={"quantity_percent": "5"}),
    flow(receipts={"short": "ask", "damaged": "note", "unannounced": "ask"}, answers={"unmentioned": "open"}),
    flow(received_by="erp", write_confirmation=False),
    flow(suppliers=[{"answers": False, "notices": False, "acknowledges": False}], matching={"credit_notes": "ask"}),
]
ODD_ACKS: list[dict[str, Any]] = [
    {},
    {"status": "too_late"},
    {"references": [["x"], 3, ["edi:sent", "ISA9"]], "refused": "none", "total": "NaN", "bill_id": 7},
    {"refused": [{"line": "1", "reason": "no"}, "x"], "total": "1.00", "currency": "USD", "discrepancies": 5},
    {"discrepancies": [{"field": "lines.1.returned", "expected": "0", "found": "3"}], "references": "none"},
]
QUANTITIES = ["10", "40", "60", "100", "105"]
CHOICES = sorted(
    {action for actions in ACTIONS.values() for action in actions}
    | {"accept", "insist", "cancel", "resend", "acknowledge", "tell", "ignore", "cancel_rest", "receive_anyway", "retry"}
    | {"expect_ordered", "receive_ordered", "refuse", "wait", "close", "nonsense"}
)
SLOTS = (
    [f"{kind}:{n}" for kind in (*_HANDLERS, *_ACKNOWLEDGED) for n in (1, 2)] + [*_HANDLERS] + [f"{name}:1" for name in ACTIONS]
)
line_numbers = st.sampled_from(["1", "1", "2", "3", "9"])


class AnyPurchase(AnySettlement):
    """One purchase order and everything the world may say about it."""

    odd_acks = ODD_ACKS

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.given_up: set[str] = set()
        self.approved: set[tuple[str, str]] = set()
        self.bills: dict[str, dict[str, Decimal]] = {}

    @initialize(which=st.sampled_from(FLOWS), head_start=st.integers(0, 5))
    def begin(self, which: Any, head_start: int) -> None:
        self.bench = Bench(which)
        if head_start:
            self.confirm(0)
        if head_start > 1:
            self.bench.run()
        if head_start > 2:
            self.bench.answer()
            self.bench.run()
        if head_start > 3:
            self.ship("ASN-1", (("1", "100"), ("2", "40")), "original", 0)
            self.bench.run()
        if head_start > 4:
            self.receive(0, (("1", "100", "good"), ("2", "40", "good")), 1, True)
            self.bench.run()

    # --- papers -------------------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 3))
    def confirm(self, which: int) -> None:
        self._event("purchase_order.confirmed", order(*ORDERS[which]))

    @rule(which=st.integers(0, 3), day=st.sampled_from(["2026-12-07", "2026-12-08", "2026-12-20"]))
    def change(self, which: int, day: str) -> None:
        document = order(*ORDERS[which])
        document["lines"][0]["delivery_date"] = day
        self._event("purchase_order.changed", document)

    @rule()
    def take_back(self) -> None:
        self._event("purchase_order.cancelled", order(reason="not needed"))

    @rule(
        number=st.sampled_from(["OC-1", "OC-1", "OC-2", "OC-3"]),
        verdict=st.sampled_from(["accepted", "changed", "refused", "acknowledged"]),
        line=line_numbers,
        what=st.sampled_from(
            [
                {},
                {"delivery_date": "2026-12-08"},
                {"delivery_date": "2027-01-08"},
                {"unit_price": money("2.60")},
                {"unit_price": money("2.30")},
                {"quantity": {"value": "60"}},
                {"answer": "refused"},
                {"answer": "backordered"},
                {"replaces": "BOLT-8"},
            ]
        ),
        revision=st.sampled_from([None, None, 0, 1]),
    )
    def answer(self, number: str, verdict: str, line: str, what: dict[str, Any], revision: int | None) -> None:
        document = {
            "number": number,
            "order_number": "P00042",
            "order_revision": revision,
            "answered_at": self.bench.now.isoformat(),
            "verdict": verdict,
            "lines": [{"order_line": line, "answer": "changed", **what}] if what else [],
        }
        self._event("purchase_order.answered", document, "acme-edi")

    @rule(
        number=st.sampled_from(["ASN-1", "ASN-1", "ASN-2"]),
        lines=st.lists(st.tuples(line_numbers, st.sampled_from(QUANTITIES)), min_size=1, max_size=3).map(tuple),
        purpose=st.sampled_from(["original", "original", "replacement", "cancellation"]),
        sequence=st.integers(0, 3),
    )
    def ship(self, number: str, lines: tuple[tuple[str, str], ...], purpose: str, sequence: int) -> None:
        document = {
            "number": number,
            "order_number": "P00042",
            "purpose": purpose,
            "sequence": sequence or None,
            "issued_at": self.bench.now.isoformat(),
            "units": [{"reference": "P1", "sscc": "106141411234567897"}],
            "lines": [
                {"number": str(n), "order_line": line, "quantity": {"value": quantity}, "lot": f"L{n}", "package": "P1"}
                for n, (line, quantity) in enumerate(lines, 1)
            ],
        }
        self._event("ship_notice.received", document, "acme-edi")

    @rule(
        which=several,
        lines=st.lists(
            st.tuples(
                line_numbers, st.sampled_from(QUANTITIES), st.sampled_from(["good", "good", "good", "damaged", "rejected"])
            ),
            max_size=3,
        ).map(tuple),
        number=st.integers(1, 3),
        final=st.booleans(),
    )
    def receive(self, which: int, lines: tuple[tuple[str, str, str], ...], number: int, final: bool) -> None:
        expected = [one.expected for one in self.bench.state.notices] + [""]
        document = {
            "number": f"GR-{number}",
            "expected_number": expected[which % len(expected)],
            "order_number": "P00042",
            "received_at": self.bench.now.isoformat(),
            "final": final,
            "lines": [
                {"number": str(n), "order_line": line, "quantity": {"value": quantity}, "condition": condition}
                for n, (line, quantity, condition) in enumerate(lines, 1)
            ],
        }
        self._event("receipt.completed", document, "wms-north")

    @rule(
        number=st.sampled_from(["R-1", "R-1", "R-2", "C-1"]),
        lines=st.lists(
            st.tuples(line_numbers, st.sampled_from(QUANTITIES), st.sampled_from(["2.50", "2.50", "1.00", "3.00"])),
            min_size=1,
            max_size=3,
        ).map(tuple),
        purpose=st.sampled_from(["original", "original", "original", "replacement", "cancellation"]),
    )
    def bill(self, number: str, lines: tuple[tuple[str, str, str], ...], purpose: str) -> None:
        kind = "credit_note" if number.startswith("C") else "invoice"
        self._event("supplier_invoice.received", invoice(*lines, number=number, purpose=purpose, kind=kind), "acme-edi")

    @rule()
    def bill_exactly_what_is_here(self) -> None:
        received, before = self._received(), self._billed()
        lines = tuple(
            (line, str(quantity - before.get(line, ZERO)), {"1": "2.50", "2": "1.00", "3": "0.10"}[line])
            for line, quantity in received.items()
            if line in "123" and quantity > before.get(line, ZERO)
        )
        if lines:
            self._event("supplier_invoice.received", invoice(*lines, number=f"R-{len(self.bench.facts)}"), "acme-edi")

    @rule(control=st.sampled_from(["ISA1", "ISA2", "ISA9"]), verdict=st.sampled_from(["accepted", "rejected"]))
    def acknowledge(self, control: str, verdict: str) -> None:
        if self.bench.state.order is not None:
            self._checked(lambda: self.bench.acknowledge(control, verdict))

    # --- commands, timers, people ----------------------------------------------------------------------------------------------

    @rule(which=several, kept=st.sampled_from(["acknowledged:1", "answered", "noticed", "received:1", "invoiced", "matched:1"]))
    def due(self, which: int, kept: str) -> None:
        names = [*self.bench.expected, kept]
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
        self._decide(parked.slot, action)
        if not parked.command_id:
            gone = parked.slot not in self.bench.parked or self.bench.parked[parked.slot] is not parked
            assert gone or (parked.slot == "supplier"), f"{action} was offered for {parked.slot} and does nothing"

    @rule(slot=st.sampled_from(SLOTS), action=st.sampled_from(CHOICES))
    def decide_nonsense(self, slot: str, action: str) -> None:
        if slot in self.bench.parked:
            return
        before = self.bench.state
        self._decide(slot, action)
        assert self.bench.state == before

    @rule(which=st.integers(0, 60))
    def repeat(self, which: int) -> None:
        """A paper told once more changes nothing of what was paid."""
        told = [one for one in self.bench.facts if isinstance(one, Happened)]
        if told:
            fact = told[which % len(told)]
            self._checked(lambda: self.bench.fact(Happened(fact.event, self.bench.now)))

    # --- how it is done ----------------------------------------------------------------------------------------------------------

    def _event(self, kind: str, data: dict[str, Any], source: str = "odoo") -> None:
        if self.bench.state.order is None and kind != "purchase_order.confirmed":
            return
        self._checked(lambda: self.bench.event(kind, data, source, ("odoo:purchase_order_id", "17")))

    def _settle(self, command: Command, result: CrossdockError | dict[str, Any] | None) -> None:
        self._checked(lambda: self.bench.settle(command, result))

    def _decide(self, slot: str, action: str) -> None:
        kind, _, n = slot.partition(":")
        if kind == "invoice" and action == "accept" and slot in self.bench.parked:
            one = self.bench.state.invoices[int(n) - 1]
            self.approved.add((one.number, one.digest))
        self._checked(lambda: self.bench.fact(Decided(slot, action, self.bench.now, "anna", "because", {})))

    def _checked(self, step: Callable[[], Any]) -> None:
        known = len(self.bench.commands)
        decision = step()
        self.given_up |= set(decision.revoked)
        for made in [one for one in self.bench.open if one not in self.bench.state.asked]:
            self.bench.open.pop(made)  # done by hand
        for command in self.bench.commands[known:]:
            check = getattr(self, f"_check_{command.name.replace('.', '_')}", None)
            if check is not None:
                check(command)

    def _received(self) -> dict[str, Decimal]:
        """What is in stock: what the ERP was told to validate and did, counted by this test itself."""
        total: dict[str, Decimal] = {}
        for one in self.bench.state.receipts:
            if one.transfer in {"done", "skipped"}:
                for line in one.lines:
                    if line["condition"] == "good" and line["order_line"]:
                        total[line["order_line"]] = total.get(line["order_line"], ZERO) + Decimal(line["quantity"]["value"])
        return total

    # --- what always holds ----------------------------------------------------------------------------------------------------------

    def _check_bill_create(self, new: Command) -> None:
        document = new.data["invoice"]
        number = document["number"]
        others = [
            one
            for one in self.bench.commands
            if one.name == "bill.create"
            and one is not new
            and one.data["invoice"]["number"] == number
            and one.id not in self.given_up
        ]
        assert not others, f"two bills of invoice {number}"
        one = next(one for one in self.bench.state.invoices if one.number == number)
        assert one.standing == "in_force" and one.document is not None
        assert one.document["lines"][0]["net_amount"] == document["lines"][0]["net_amount"], (
            "a version that was replaced is billed"
        )
        sign = -1 if document["kind"] == "credit_note" else 1
        self.bills[new.id] = {line["order_line"]: sign * Decimal(line["quantity"]["value"]) for line in one.lines}
        if sign < 0 or (one.number, one.digest) in self.approved:
            return
        received, billed = self._received(), self._billed()
        percent = Decimal(self.bench.context.settings.get("matching", {}).get("quantity_percent", 0))
        for at in self.bills[new.id]:
            here = received.get(at, ZERO)
            assert billed[at] <= here * (1 + percent / 100), f"line {at}: {billed[at]} billed, {here} received"

    def _billed(self) -> dict[str, Decimal]:
        total: dict[str, Decimal] = {}
        for made, lines in self.bills.items():
            for at, quantity in lines.items():
                total[at] = total.get(at, ZERO) + (quantity if made not in self.given_up else ZERO)
        return total

    def _check_receipt_expect(self, new: Command) -> None:
        document = new.data["expected_receipt"]
        notice = next(one for one in self.bench.state.notices if one.expected == document["number"])
        assert notice.standing == "in_force" and document["version"] == notice.version, (
            "the warehouse is told a version that was replaced"
        )
        earlier = [
            one.data["expected_receipt"]["version"]
            for one in self.bench.commands
            if one.name == "receipt.expect" and one is not new and one.data["expected_receipt"]["number"] == document["number"]
        ]
        assert all(version < document["version"] for version in earlier)

    def _check_receipt_validate(self, new: Command) -> None:
        number = (new.data["receipt"]["number"], new.data["receipt"]["sequence"])
        one = next(one for one in self.bench.state.receipts if one.transfer == "asked")
        assert (one.number, one.sequence) == number and one.standing == "open"
        for command in self.bench.commands:
            if command.name == "receipt.validate" and command is not new:
                assert command.id not in self.bench.open or command.id in self._failing(), "two transfers at once"

    def _check_purchase_order_send(self, new: Command) -> None:
        others = [one for one in self.bench.commands if one.name == "purchase_order.send" and one is not new]
        assert all(one.id in self.given_up for one in others), "the order is sent twice"

    def _check_purchase_order_change(self, new: Command) -> None:
        revisions = [
            one.data["purchase_order"]["revision"]
            for one in self.bench.commands
            if one.name == "purchase_order.change" and one is not new and one.id not in self.given_up
        ]
        assert new.data["purchase_order"]["revision"] > max(revisions, default=0), "an older version after a newer one"

    def _check_purchase_order_update(self, new: Command) -> None:
        assert any(one.standing == "in_force" for one in self.bench.state.answers)

    def _failing(self) -> set[str]:
        return {made for made, one in self.bench.state.asked.items() if one.failed}

    @invariant()
    def slots_are_where_people_see_them(self) -> None:
        state = self.bench.state
        expected = set(state.parked) | {one.slot for one in state.asked.values() if one.failed}
        assert expected == set(self.bench.parked)
        assert set(state.expected) == set(self.bench.expected)
        assert not [one for one in self.bench.parked.values() if not one.actions]

    @invariant()
    def what_is_held_has_its_slot(self) -> None:
        state = self.bench.state
        for kind, papers in (("notice", state.notices), ("receipt", state.receipts), ("invoice", state.invoices)):
            for one in papers:
                if one.standing == "held":
                    assert f"{kind}:{one.n}" in state.parked, f"{kind} {one.number} waits for nobody"
        if any(one.standing == "held" for one in state.answers):
            assert "answer" in state.parked or state.closed == "cancelled"

    @invariant()
    def what_is_over_asks_nobody(self) -> None:
        if PROCESS.finished(self.bench.state):
            assert not self.bench.parked and not self.bench.expected

    def teardown(self) -> None:
        """Everybody does what is asked of them: the order comes to an end or says for whom it waits."""
        if self.bench.state.order is None:
            return
        for _ in range(200):
            failing = self._failing()
            ready = [one for one in self.bench.open.values() if one.id not in failing]
            if ready:
                self._settle(ready[0], None)
            elif self.bench.parked:
                parked = next(iter(self.bench.parked.values()))
                self._decide(parked.slot, parked.actions[0])
            else:
                break
        state = self.bench.state
        assert state.closed or self.bench.expected or not state.order, f"nobody waits for anything, and it is not over: {state}"


def walk(seed: int, steps: int = 50) -> None:
    """One long way of a purchase order, with what usually happens happening more often than what seldom does."""
    chance = random.Random(seed)
    pick, some = chance.choice, chance.randint
    machine = AnyPurchase()
    machine.begin(which=pick(FLOWS), head_start=some(0, 5))

    def lines() -> tuple[tuple[str, str], ...]:
        return tuple((pick("1112"), pick(QUANTITIES)) for _ in range(some(1, 2)))

    moves: list[tuple[int, Callable[[], None]]] = [
        (40, lambda: machine.accept(some(0, 7))),
        (3, lambda: machine.confirm(some(0, 3))),
        (8, lambda: machine.ship(pick(["ASN-1", "ASN-1", "ASN-2", "ASN-3"]), lines(), pick(["original"] * 4 + ["cancellation"]), some(0, 2))),
        (10, lambda: machine.receive(some(0, 7), tuple((*one, pick(["good"] * 5 + ["damaged"])) for one in lines()), some(1, 5), chance.random() < 0.6)),
        (6, lambda: machine.bill(pick(["R-1", "R-2", "C-1"]), tuple((*one, pick(["2.50", "1.00"])) for one in lines()), pick(["original"] * 5 + ["cancellation"]))),
        (6, machine.bill_exactly_what_is_here),
        (4, lambda: machine.answer(pick(["OC-1", "OC-2"]), pick(["accepted", "changed"]), pick("12"), pick([{}, {"delivery_date": "2026-12-09"}, {"unit_price": money("2.70")}]), None)),
        (5, lambda: machine.fail(some(0, 7), pick(ERRORS))),
        (3, lambda: machine.accept_oddly(some(0, 7), some(0, 7))),
        (3, lambda: machine.settle_anything_again(some(0, 40), pick([None, *ERRORS]))),
        (4, lambda: machine.change(some(0, 3), pick(["2026-12-07", "2026-12-20"]))),
        (1, machine.take_back),
        (2, lambda: machine.acknowledge(pick(["ISA1", "ISA2"]), pick(["accepted", "rejected"]))),
        (10, lambda: machine.decide_as_offered(some(0, 7), some(0, 7))),
        (3, lambda: machine.due(some(0, 7), pick(["answered", "matched:1"]))),
        (3, lambda: machine.repeat(some(0, 60))),
        (1, lambda: machine.decide_nonsense(pick(SLOTS), pick(CHOICES))),
    ]  # fmt: skip
    for action in chance.choices([action for _, action in moves], [weight for weight, _ in moves], k=steps):
        action()
        machine.slots_are_where_people_see_them()
        machine.what_is_held_has_its_slot()
        machine.what_is_over_asks_nobody()
    machine.teardown()


@pytest.mark.parametrize("first", range(0, int(os.environ.get("CROSSDOCK_WALKS", "120")), 20))
def test_long_ways_come_to_an_end(first: int) -> None:
    for seed in range(first, first + 20):
        walk(seed)


def test_the_start_is_what_it_says() -> None:
    machine = AnyPurchase()
    machine.begin(FLOWS[0], 5)
    assert machine._received() == {"1": 100, "2": 40} and machine.bench.now > START


AnyPurchase.TestCase.settings = settings(
    max_examples=int(os.environ.get("CROSSDOCK_EXAMPLES", "60")),
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyPurchase = AnyPurchase.TestCase
