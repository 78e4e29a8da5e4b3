"""Whatever comes, in whatever order and however often: never more back than was captured, never two refunds of one return line, never
more of a line than was shipped, and never an error."""

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
from process_sequences import ERRORS, AnySettlement, several
from return_bench import GATEWAY, LINES, PROCESS, TOTAL, Bench, flow, money, order

from crossdock.core.commands import REFUNDS, Command
from crossdock.core.errors import CrossdockError
from crossdock.core.process import Decided, Happened
from crossdock.processes.returns.people import _ACKNOWLEDGED, _HANDLERS
from crossdock.processes.returns.settled import ACTIONS

ZERO = Decimal(0)
PAID = [TOTAL, "30.00", "25.00", "20.00", "12.00", "5.00"]
"""What was captured: all of it, or less than what comes back."""
FLOWS = [
    flow(),
    flow(approval={"person_above": "10", "two_above": "25"}, credit_note="never", exchanges="order"),
    flow(eligibility={"outside": "refuse", "without_return_up_to": "30", "categories": [{"name": "c", "skus": ["G*"], "fee_percent": "15"}]}),
    flow({"bank": "bank-file"}, approval={"person_above": None, "two_above": None}),
    flow(bad_condition="pay", way={"label": "customer"}, expect=False, transfer=False, refund_shipping="never", answer=False),
]  # fmt: skip
ODD_ACKS: list[dict[str, Any]] = [
    {},
    {"status": "pending"},
    {"status": "too_late", "reference": ""},
    {"references": [["x"], 3], "total": "NaN", "tracking_number": 7},
    {"total": "1.00", "invoice_id": None, "reference": "re_strange"},
]
CHOICES = sorted(
    {action for actions in ACTIONS.values() for action in actions}
    | {
        "allow",
        "approve",
        "refuse",
        "accept",
        "only_fitting",
        "all_authorised",
        "wait",
        "close",
        "refund_rest",
        "retry",
        "refund",
    }
    | {"acknowledge", "nonsense"}
)
SLOTS = [f"{kind}:{n}" for kind in (*_HANDLERS, *_ACKNOWLEDGED) for n in (1, 2)] + ["order", "chargeback"]
skus = st.sampled_from(["BOLT-8", "BOLT-8", "GLOVE", "NUT"])
quantities = st.sampled_from(["1", "1", "2", "3", "5"])
people = st.sampled_from(["anna", "bert"])


class AnyReturn(AnySettlement):
    """One order and everything the world may say about its returns. What was captured and went back is counted here, from what was told."""

    odd_acks = ODD_ACKS

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.given_up: set[str] = set()
        self.bounced: set[str] = set()
        self.captures: dict[str, Decimal] = {}
        self.others: dict[str, Decimal] = {}
        self.disputes: dict[str, bool] = {}
        self.lost: dict[str, Decimal] = {}

    @initialize(which=st.sampled_from(FLOWS), head_start=st.integers(0, 5), paid=st.sampled_from(PAID))
    def begin(self, which: Any, head_start: int, paid: str = TOTAL) -> None:
        self.bench = Bench(which)
        if head_start:
            self._event("order.placed", order())
        if head_start > 1:
            self.capture(paid, "pi_1")
            self.ship(LINES[0][0], "3", 1)
            self.ship(LINES[1][0], "1", 2)
        if head_start > 2:
            self._event("customer_invoice.posted", self.bench.invoice(), "odoo")
            self.ask("R-1", [("BOLT-8", "2")], "damaged", "refund")
            self._run()
        if head_start > 4:
            # two returns at once: the gateway has answered for neither
            self.ask("R-2", [("BOLT-8", "1")], "damaged", "refund")
            self._run()
            self.arrive(1, [("BOLT-8", "1", "resaleable")], 2, True)
            self._run("payment.refund")
        if head_start > 3:
            self.arrive(0, [("BOLT-8", "2", "resaleable")], 1, True)
            self._run("payment.refund")

    # --- what is told -------------------------------------------------------------------------------------------------------

    @rule()
    def place(self) -> None:
        self._event("order.placed", order())

    @rule(line=st.sampled_from("12"), quantity=quantities, sequence=st.integers(1, 3))
    def ship(self, line: str, quantity: str, sequence: int) -> None:
        picked = {
            "fulfilment_number": "FO-1", "sequence": sequence, "picked_at": self.bench.now.isoformat(),
            "lines": [{"number": line, "order_line": line, "sku": LINES[int(line) - 1][1], "quantity": {"value": quantity}}],
        }  # fmt: skip
        self._event("picking.completed", picked, "wms-north")

    @rule(
        amount=st.sampled_from([TOTAL, "10.00", "20.00", "5.10"]),
        reference=st.sampled_from(["pi_1", "pi_1", "pi_2"]),
        cumulative=st.booleans(),
    )
    def capture(self, amount: str, reference: str, cumulative: bool = True) -> None:
        known = self.captures.get(reference, ZERO)
        self.captures[reference] = max(known, Decimal(amount))
        more = {"captured": money(self.captures[reference])} if cumulative else {}
        self._checked(lambda: self.bench.capture(amount, reference, **more))

    @rule(reference=st.sampled_from(["x_1", "x_2"]), payment=st.sampled_from(["pi_1", "pi_2"]))
    def refund_elsewhere(self, reference: str, payment: str) -> None:
        self.others[f"{payment}/{reference}"] = Decimal("7.00")
        self._checked(
            lambda: self.bench.gateway("refund.completed", "7.00", reference=f"{payment}/{reference}", payment_reference=payment)
        )

    @rule(which=several, kind=st.sampled_from(["refund.completed", "refund.completed", "refund.failed"]), own=st.booleans())
    def gateway_tells(self, which: int, kind: str, own: bool) -> None:
        """The gateway tells of a refund the hub made, before or after it answered the hub."""
        made = [one for one in self.bench.commands if one.name in REFUNDS]
        if not made:
            return
        command = made[which % len(made)]
        reference = f"re_{command.id.rpartition(':')[2]}"
        answered = any(one.reference == reference for one in self.bench.state.refunds)
        named = {"own_reference": command.id} if own or not answered else {}
        if kind == "refund.failed":
            self.bounced.add(command.id)
        elif command.id in self.bounced or command.id in self.given_up:
            return  # a gateway that keeps its word
        data = {"reference": reference, "payment_reference": command.data["payment_reference"], **named}
        self._checked(lambda: self.bench.gateway(kind, command.data["amount"]["amount"], **data))

    @rule(reference=st.sampled_from(["dp_1", "dp_2"]), outcome=st.sampled_from(["", "won", "lost", "withdrawn"]))
    def dispute(self, reference: str, outcome: str) -> None:
        if outcome:
            self.disputes[reference] = False
            if outcome == "lost":
                self.lost[reference] = Decimal(TOTAL)
        else:
            self.disputes.setdefault(reference, True)
        kind = "chargeback.closed" if outcome else "chargeback.opened"
        self._checked(lambda: self.bench.dispute(kind, reference=reference, outcome=outcome))

    @rule(
        number=st.sampled_from(["R-1", "R-2", "R-3", "R-4"]),
        lines=st.lists(st.tuples(skus, quantities), min_size=1, max_size=3),
        reason=st.sampled_from(["changed_mind", "damaged", "wrong_item"]),
        wanted=st.sampled_from(["refund", "refund", "exchange", "refund_without_return"]),
    )
    def ask(self, number: str, lines: list[tuple[str, str]], reason: str, wanted: str) -> None:
        self._checked(lambda: self.bench.request(*lines, number=number, reason=reason, wanted=wanted))

    @rule(number=st.sampled_from(["R-1", "R-2", "R-9"]))
    def keep(self, number: str) -> None:
        self._event("return.cancelled", {"number": number, "cancelled_at": self.bench.now.isoformat()})

    @rule(
        which=several,
        lines=st.lists(
            st.tuples(skus, quantities, st.sampled_from(["resaleable", "resaleable", "quarantine", "scrap", "missing", "wrong_item"])),
            max_size=3,
        ),
        number=st.integers(1, 5),
        final=st.booleans(),
    )  # fmt: skip
    def arrive(self, which: int, lines: list[tuple[str, str, str]], number: int, final: bool) -> None:
        names = [one.number for one in self.bench.state.returns] + ["", "RT-OTHER"]
        named = names[which % len(names)]
        if not final and not lines:
            return
        more = {"order_number": "1001", "without_authorisation": not named, "final": final}
        self._checked(lambda: self.bench.receive(*lines, number=f"WR-{number}", ret=named, **more))

    # --- timers, people, repetition ---------------------------------------------------------------------------------------------

    @rule(which=several, kept=st.sampled_from(["return_received:1", "return_authorised:1", "refunded:1", "return_completed:2"]))
    def due(self, which: int, kept: str) -> None:
        names = [*self.bench.expected, kept]
        self._checked(lambda: self.bench.due(names[which % len(names)]))

    @rule(which=several, choice=several, who=people)
    def decide_as_offered(self, which: int, choice: int, who: str) -> None:
        if not self.bench.parked:
            return
        parked = list(self.bench.parked.values())[which % len(self.bench.parked)]
        action = parked.actions[choice % len(parked.actions)]
        self._decide(parked.slot, action, who)
        if not parked.command_id:
            gone = parked.slot not in self.bench.parked or self.bench.parked[parked.slot] is not parked
            assert gone, f"{action} was offered for {parked.slot} and does nothing"

    @rule(slot=st.sampled_from(SLOTS), action=st.sampled_from(CHOICES))
    def decide_nonsense(self, slot: str, action: str) -> None:
        if slot in self.bench.parked:
            return
        before = self.bench.state
        self._decide(slot, action, "anna")
        assert self.bench.state == before

    @rule(which=st.integers(0, 60))
    def repeat(self, which: int) -> None:
        """Whatever was told is told once more."""
        told = [one for one in self.bench.facts if isinstance(one, Happened)]
        if told:
            fact = told[which % len(told)]
            if fact.event.type == "refund.completed" and fact.event.source == GATEWAY:
                own = getattr(fact.event.data, "own_reference", "")
                if own and (own in self.bounced or own in self.given_up):
                    return
            self._checked(lambda: self.bench.fact(Happened(fact.event, self.bench.now)))

    # --- how it is done ----------------------------------------------------------------------------------------------------------

    def _event(self, kind: str, data: dict[str, Any], source: str = "") -> None:
        self._checked(lambda: self.bench.event(kind, data, source))

    def _settle(self, command: Command, result: CrossdockError | dict[str, Any] | None) -> None:
        self._checked(lambda: self.bench.settle(command, result))

    def _run(self, *but: str) -> None:
        """Every system does what it was asked, but these commands wait."""
        known = len(self.bench.commands)
        self.bench.run(*but)
        for command in self.bench.commands[known:]:
            if command.name in REFUNDS:
                self._check_refund(command)

    def _decide(self, slot: str, action: str, who: str) -> None:
        self._checked(lambda: self.bench.fact(Decided(slot, action, self.bench.now, who, "because", {})))

    def _checked(self, step: Callable[[], Any]) -> None:
        known = len(self.bench.commands)
        decision = step()
        self.given_up |= set(decision.revoked)
        for made in [one for one in self.bench.open if one not in self.bench.state.asked]:
            self.bench.open.pop(made)  # done by hand
        for command in self.bench.commands[known:]:
            if command.name in REFUNDS:
                self._check_refund(command)

    # --- what always holds ----------------------------------------------------------------------------------------------------------

    def _back(self, payment: str) -> Decimal:
        """What the hub asked to go back of a payment and may have gone."""
        return sum(
            (
                Decimal(one.data["amount"]["amount"])
                for one in self.bench.commands
                if one.name in REFUNDS
                and one.data["payment_reference"] == payment
                and one.id not in self.given_up
                and one.id not in self.bounced
            ),
            ZERO,
        )

    def _check_refund(self, new: Command) -> None:
        payment = new.data["payment_reference"]
        others = sum((amount for name, amount in self.others.items() if name.startswith(f"{payment}/")), ZERO)
        lost = sum(self.lost.values(), ZERO) if payment == "pi_1" else ZERO
        back = self._back(payment) + others + lost
        assert back <= self.captures.get(payment, ZERO), f"{back} back, {self.captures.get(payment)} captured"
        assert not any(self.disputes.values()), "refunded while a chargeback is open"
        assert new.data["justified_by"] and new.data["approved_by"]

    @invariant()
    def no_line_is_paid_twice(self) -> None:
        state = self.bench.state
        for one in state.returns:
            back = sum(
                (
                    Decimal(each.data["amount"]["amount"])
                    for each in self.bench.commands
                    if each.name in REFUNDS
                    and each.data["return_number"] == one.number
                    and each.id not in self.given_up
                    and each.id not in self.bounced
                ),
                ZERO,
            )
            most = sum((Decimal(line.get("amount", "0")) for line in one.lines), ZERO) + Decimal(one.shipping or "0")
            assert back <= most, f"{back} back for return {one.number} of {most}"
            if one.standing in {"refused", "cancelled", "requested", "held", "authorised"}:
                assert back == 0
        for number, line in state.lines.items():
            gone = [line for one in state.returns if one.standing not in {"refused", "cancelled"} for line in one.lines]
            quantity = sum((Decimal(each.get("quantity", "0")) for each in gone if each["order_line"] == number), ZERO)
            value = sum((Decimal(each.get("value", "0")) for each in gone if each["order_line"] == number), ZERO)
            assert quantity <= Decimal(line["quantity"]) and value <= Decimal(line["gross"])
        total = sum((self._back(payment) for payment in self.captures), ZERO)
        assert total <= Decimal(TOTAL)


@pytest.mark.parametrize("error", ERRORS[:1])
def test_a_check_that_can_fail(error: CrossdockError) -> None:
    machine = AnyReturn()
    machine.begin(FLOWS[0], 4)
    [refund] = [one for one in machine.bench.commands if one.name in REFUNDS]
    machine.captures.clear()
    with pytest.raises(AssertionError, match="captured"):
        machine._check_refund(refund)


@pytest.mark.parametrize("which", FLOWS, ids=["plain", "approved", "kept", "bank", "lenient"])
def test_two_returns_at_once_share_what_was_captured(which: Any) -> None:
    """The gateway has answered for neither: what was asked for the first is not there for the second."""
    for paid in PAID:
        machine = AnyReturn()
        machine.begin(which, 5, paid)
        assert any(one.name in REFUNDS for one in machine.bench.commands) or machine.bench.parked


AnyReturn.TestCase.settings = settings(
    max_examples=int(os.environ.get("CROSSDOCK_EXAMPLES", "40")),
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAnyReturn = AnyReturn.TestCase


def test_many_random_histories_never_fail() -> None:
    """Long random walks through the same rules, with a fixed seed."""
    for seed in range(int(os.environ.get("CROSSDOCK_WALKS", "25"))):
        chance = random.Random(seed)
        machine = AnyReturn()
        machine.begin(chance.choice(FLOWS), chance.randint(0, 5), chance.choice(PAID))
        for _ in range(150):
            _walk(machine, chance)
            machine.no_line_is_paid_twice()


def _walk(machine: AnyReturn, chance: random.Random) -> None:
    which = chance.randint(0, 7)
    lines = [(chance.choice(["BOLT-8", "BOLT-8", "GLOVE", "NUT"]), chance.choice("1123")) for _ in range(chance.randint(1, 2))]
    steps: list[Callable[[], None]] = [
        machine.place,
        lambda: machine.ship(chance.choice("12"), chance.choice("123"), chance.randint(1, 3)),
        lambda: machine.capture(chance.choice(PAID), chance.choice(["pi_1", "pi_2"]), chance.random() < 0.5) if chance.random() < 0.3 else None,
        lambda: machine.ask(f"R-{chance.randint(1, 4)}", lines, chance.choice(["damaged", "changed_mind"]), "refund"),
        lambda: machine.arrive(which, [(sku, q, "resaleable") for sku, q in lines], chance.randint(1, 9), chance.random() < 0.7),
        lambda: machine.accept(which),
        lambda: machine.accept(which),
        lambda: machine.accept_oddly(which, chance.randint(0, 7)),
        lambda: machine.fail(which, chance.choice(ERRORS)),
        lambda: machine.settle_anything_again(chance.randint(0, 40), None),
        lambda: machine.gateway_tells(which, chance.choice(["refund.completed", "refund.failed"]), chance.random() < 0.5),
        lambda: machine.decide_as_offered(which, chance.randint(0, 7), chance.choice(["anna", "bert"])),
        lambda: machine.decide_as_offered(which, chance.randint(0, 7), chance.choice(["anna", "bert"])),
        lambda: machine.repeat(chance.randint(0, 60)),
        lambda: machine.dispute("dp_1", chance.choice(["", "won", "lost"])) if chance.random() < 0.2 else None,
        lambda: machine.refund_elsewhere("x_1", "pi_1") if chance.random() < 0.2 else None,
        lambda: machine.keep(f"R-{chance.randint(1, 4)}") if chance.random() < 0.3 else None,
        lambda: machine.due(which, "return_received:1"),
    ]  # fmt: skip
    chance.choice(steps)()


__all__ = ["PROCESS", "TestAnyReturn"]
