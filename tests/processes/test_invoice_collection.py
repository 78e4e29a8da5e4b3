"""Invoices of several orders of one customer: every consignment on exactly one, whatever the order of events; the orders are told."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_bench import ERP, order
from invoice_bench import Bench as OrderBench
from invoice_bench import flow as order_flow
from process_bench import START, ProcessBench

from crossdock.core.commands import Command
from crossdock.core.errors import PeriodClosed, TargetRefused
from crossdock.core.process import FlowContext, Happened
from crossdock.processes.invoice_collection import InvoiceCollection, State
from crossdock.processes.invoice_collection.collecting import WINDOW

PROCESS = InvoiceCollection()
PERIOD = "timer:period"


def ack_of(command: Command) -> dict[str, Any]:
    n = command.id.rsplit(":", 1)[-1].partition(".")[0]
    if command.name == "invoice.create":
        return {"invoice_id": f"9{n}", "invoice_number": "", "state": "draft", "total": "100.00", "currency": "EUR"}
    return {"invoice_id": f"9{n}", "invoice_number": f"INV/C/{n}", "state": "posted", "total": "100.00"}


@dataclass
class Collection(ProcessBench[State]):
    """The invoices of one customer's day."""

    process = PROCESS
    source = ERP
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=lambda: FlowContext("collected", {"erp": ERP}, {}, {}, "finance"))
    key: str = ""


@dataclass
class Customer:
    """Orders of a customer, and what collects their shares."""

    orders: list[OrderBench] = field(default_factory=list)
    days: dict[str, Collection] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    def order(self, number: str) -> OrderBench:
        bench = OrderBench(order_flow("shipped", "day", rule={"across": True}), f"order/shopify-eu/{number}")
        bench.event("order.placed", {**order(), "number": number})
        self.orders.append(bench)
        return bench

    def pass_on(self, twice: bool = False) -> None:
        """Everything told between them arrives; `twice`: two times."""
        for bench in self.orders:
            for one in [each for decision in bench.decisions for each in decision.emitted]:
                day = self.days.get(one.key)
                if day is None:
                    day = self.days[one.key] = Collection(
                        FlowContext("collected", {"erp": ERP}, self.settings, {}, "finance"), one.key
                    )
                if twice or one.id not in self._known(day):
                    day.now = max(day.now, bench.now)
                    day.fact(Happened(one, day.now))
        for day in self.days.values():
            for one in [each for decision in day.decisions for each in decision.emitted]:
                bench = next(each for each in self.orders if each.key == one.key)
                if twice or one.id not in self._known(bench):
                    bench.now = max(bench.now, day.now)
                    bench.fact(Happened(one, bench.now))

    @staticmethod
    def _known(bench: ProcessBench[Any]) -> set[str]:
        return {fact.event.id for fact in bench.facts if isinstance(fact, Happened)}

    def midnight(self, bench: OrderBench) -> None:
        if (due := bench.expected.get(PERIOD)) is not None:
            bench.now = due.due
            bench.due(PERIOD, due.due)

    def window(self) -> None:
        for day in self.days.values():
            if (due := day.expected.get(WINDOW)) is not None:
                day.now = max(day.now, due.due)
                day.due(WINDOW, day.now)

    def billed(self) -> Counter[tuple[str, str]]:
        """How many of each order line are on invoices that stand."""
        found: Counter[tuple[str, str]] = Counter()
        for day in self.days.values():
            standing = {one.number for one in day.state.papers if one.standing != "given_up" and one.create == "done"}
            for command in (one for one in day.commands if one.name == "invoice.create"):
                request = command.data["invoice_request"]
                if request["number"] in standing:
                    for line in request["lines"]:
                        found[line["order_number"], line["order_line"]] += int(Decimal(line["quantity"]["value"]))
        return found


def two_orders(**kept: Any) -> Customer:
    customer = Customer(settings=kept)
    for n, number in enumerate(("1001", "1002"), 1):
        customer.order(number).shipped(n=n)
        customer.orders[-1].all_left(n)
    for bench in customer.orders:
        customer.midnight(bench)
    customer.pass_on()
    return customer


def test_orders_of_a_customer_share_the_invoice_of_a_period_and_each_is_told_when_it_left() -> None:
    customer = two_orders()
    [day] = customer.days.values()
    assert day.key == "invoices/shopify-eu/7-EUR-2026-11-24" and not day.commands
    assert all(not bench.commands and not bench.state.closed for bench in customer.orders)
    customer.window()
    [create] = day.commands
    request = create.data["invoice_request"]
    assert request["order_numbers"] == ["1001", "1002"] and create.data["orders"] == {"1001": "42", "1002": "42"}
    assert [(line["order_number"], line["order_line"]) for line in request["lines"]] == [
        ("1001", "1"), ("1001", "2"), ("1002", "1"), ("1002", "2"),
    ]  # fmt: skip
    day.run()
    customer.pass_on()
    assert day.state.closed == "finished"
    assert [bench.state.closed for bench in customer.orders] == ["finished", "finished"]
    assert {bench.state.papers[0].invoice_number for bench in customer.orders} == {"INV/C/1"}
    assert [one.name for one in day.commands] == ["invoice.create", "invoice.post"]
    # what the ERP tells of it reaches an order only before the paper's own name is known, and is none that people made
    bench = customer.orders[0]
    bench.invoice("posted", wish=request["number"], erp_id="91")
    assert not bench.parked


def test_orders_that_cannot_share_are_billed_apart_and_what_is_left_goes_back_to_each_order() -> None:
    customer = two_orders()
    [day] = customer.days.values()
    customer.window()
    day.settle(day.last("invoice.create"), TargetRefused("S1 and S2 differ in partner_invoice_id"))
    day.decide("invoice.create:1", "apart")
    assert [list(one.data["invoice_request"]["order_numbers"]) for one in day.commands] == [["1001", "1002"], ["1001"], ["1002"]]
    first, second = day.commands[1:]
    day.settle(first)
    day.settle(day.last("invoice.post"))
    day.settle(second, TargetRefused("no"))
    day.decide("invoice.create:3", "leave")
    customer.pass_on()
    assert customer.orders[0].state.closed == "finished"
    assert set(customer.orders[1].parked) == {"cancelled:1"}
    customer.orders[1].decide("cancelled:1", "again")
    customer.midnight(customer.orders[1])
    customer.pass_on()
    assert len(customer.days) == 2


def test_a_closed_period_and_a_sum_above_the_policy_wait_for_a_person() -> None:
    customer = two_orders(approve_above="50")
    [day] = customer.days.values()
    customer.window()
    day.settle(day.last("invoice.create"))
    assert set(day.parked) == {"approve:1"} and day.last("invoice.create") is day.commands[-1]
    day.decide("approve:1", "approve", by="anna")
    day.settle(day.last("invoice.post"), PeriodClosed("closed"))
    day.decide("invoice.post:1", "another_day", date="2026-12-01")
    post = day.last("invoice.post")
    assert (post.data["issue_date"], post.data["approved_by"]) == ("2026-12-01", "person:anna")
    day.settle(post)
    assert day.state.closed == "finished"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ship"), st.integers(0, 2), st.integers(1, 2)),
        st.tuples(
            st.sampled_from(["midnight", "pass", "twice", "window", "answer", "refuse", "apart"]), st.integers(0, 2), st.just(0)
        ),
    ),
    max_size=25,
)


@pytest.mark.parametrize("orders", [3])
@settings(max_examples=60, deadline=None)
@given(steps=STEPS)
def test_every_consignment_is_on_exactly_one_invoice(orders: int, steps: list[tuple[str, int, int]]) -> None:
    customer = Customer()
    for n in range(orders):
        customer.order(str(1001 + n))
    left: Counter[tuple[str, str]] = Counter()

    def answer(refused: bool = False, apart: bool = False) -> None:
        for day in customer.days.values():
            for command in list(day.open.values()):
                if refused and command.name == "invoice.create":
                    day.settle(command, TargetRefused("no"))
                    if apart:
                        day.decide(f"invoice.create:{command.id.rsplit(':', 1)[-1]}", "apart")
                elif f"{command.name}:{command.id.rsplit(':', 1)[-1]}" not in day.parked:
                    day.settle(command)

    for kind, place, n in steps:
        bench = customer.orders[place]
        if kind == "ship":
            if not any(one.number == f"SH-{place}{n}" for one in bench.state.consignments):
                bench.shipped((str(n), "LAMP" if n == 1 else "CORD", "2"), n=int(f"{place}{n}"), number=f"SH-{place}{n}")
                left[str(1001 + place), str(n)] += 2
        elif kind == "midnight":
            customer.midnight(bench)
        elif kind in {"pass", "twice"}:
            customer.pass_on(kind == "twice")
        elif kind == "window":
            customer.window()
        else:
            answer(kind in {"refuse", "apart"}, kind == "apart")
    for _ in range(3):
        for bench in customer.orders:
            bench.now += timedelta(minutes=1)
            customer.midnight(bench)
        customer.pass_on(twice=True)
        customer.window()
        for day in customer.days.values():
            for slot in [one for one in day.parked if one.startswith("invoice.create")]:
                day.settle(day.open[day.parked[slot].command_id])
        answer()
    assert customer.billed() == left
    customer.pass_on()
    assert all(one.standing == "posted" for bench in customer.orders for one in bench.state.papers)
    assert customer.orders[0].now >= START
