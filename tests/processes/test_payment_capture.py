"""Captures: taken when goods left, once, never above what was authorised or left; given up when nothing leaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_bench import order
from process_bench import ProcessBench

from crossdock.core.commands import Command
from crossdock.core.errors import PaymentStateRefused
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.payment_capture import PaymentCapture, State


def flow(**settings: Any) -> FlowContext:
    return FlowContext("captures", {"gateway": "stripe", "erp": "odoo"}, settings, {}, "finance")


def ack_of(command: Command) -> dict[str, Any]:
    return {"status": "completed", "reference": "c", "amount": command.data.get("amount")}


@dataclass
class Bench(ProcessBench[State]):
    """The payments of one order of 50 EUR: two lamps and three cords at 10 EUR each."""

    process = PaymentCapture()
    source = "shopify-eu"
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = "order/shopify-eu/1001"

    def placed(self) -> Decision[State]:
        return self.event("order.placed", order())

    def payment(self, kind: str, amount: str = "50.00", payment: str = "pi_1", **more: Any) -> Decision[State]:
        money = {"amount": amount, "currency": "EUR"}
        return self.event(
            f"payment.{kind}",
            {"reference": payment, "provider": "stripe", "amount": money, "at": self.now.isoformat(), **more},
            "stripe",
        )

    def shipped(self, *lines: tuple[str, str], n: int = 1) -> Decision[State]:
        document = {
            "number": f"SH-{n}", "order_number": "1001", "ship_to": order()["ship_to"],
            "lines": [{"number": line, "order_line": line, "sku": "S", "quantity": {"value": quantity}} for line, quantity in lines],
        }  # fmt: skip
        return self.event("shipment.shipped", document, "odoo")

    def over(self, *numbers: int) -> Decision[State]:
        document = {"number": "1001", "shipments": [f"SH-{n}" for n in numbers], "at": self.now.isoformat()}
        return self.event("order.shipped", document, "odoo")

    @property
    def asked(self) -> list[Decimal]:
        return [Decimal(one.data["amount"]["amount"]) for one in self.commands if one.name == "payment.capture"]


ALL = (("1", "2"), ("2", "3"))


def test_the_whole_is_taken_once_when_all_of_it_left() -> None:
    bench = Bench()
    bench.placed()
    bench.payment("authorized")
    bench.shipped(*ALL)
    assert bench.asked == []
    bench.over(1)
    assert bench.asked == [Decimal(50)]
    assert bench.last("payment.capture").data["approved_by"] == "policy:captures/capture"
    bench.payment("captured", captured={"amount": "50.00", "currency": "EUR"})
    bench.over(1)
    bench.run()
    assert bench.asked == [Decimal(50)] and bench.state.closed == "finished"


def test_in_parts_the_last_takes_what_is_left_of_the_total() -> None:
    bench = Bench(flow(capture="shipment"))
    bench.placed()
    bench.payment("authorized")
    bench.shipped(("1", "2"), n=1)
    bench.shipped(("2", "1"), n=2)
    bench.shipped(("2", "2"), n=3)
    assert bench.asked == [Decimal(20), Decimal(10), Decimal(20)]


def test_what_was_not_shipped_is_not_taken_and_what_was_not_authorised_is_a_persons() -> None:
    bench = Bench()
    bench.placed()
    bench.payment("authorized", "30.00")
    bench.shipped(*ALL)
    bench.over(1)
    assert bench.asked == [Decimal(30)] and "20.00 EUR" in bench.says("short")
    part = Bench()
    part.placed()
    part.payment("authorized")
    part.shipped(("1", "2"))
    part.over(1)
    assert part.asked == [Decimal(20)]


def test_the_authorisation_is_given_up_when_nothing_will_leave_also_when_it_comes_later() -> None:
    bench = Bench()
    bench.placed()
    bench.payment("authorized")
    bench.over()
    assert bench.names() == ["payment.cancel"]
    bench.run()
    assert bench.state.closed == "cancelled"
    bench.payment("authorized", payment="pi_2")
    assert bench.names() == ["payment.cancel", "payment.cancel"]


def test_a_refused_capture_is_a_persons_and_not_asked_again_by_itself() -> None:
    bench = Bench()
    bench.placed()
    bench.payment("authorized")
    bench.shipped(*ALL)
    bench.over(1)
    bench.fail("payment.capture", PaymentStateRefused("expired"))
    bench.payment("authorized")
    bench.over(1)
    assert bench.asked == [Decimal(50)]
    bench.decide("payment.capture:1", "skip")
    assert bench.state.closed == "finished" and bench.asked == [Decimal(50)]


STEPS = st.one_of(
    st.tuples(st.just("authorized"), st.sampled_from(["50.00", "30.00", "20.00"]), st.sampled_from(["pi_1", "pi_2"])),
    st.tuples(st.just("captured"), st.sampled_from(["5.00", "20.00"]), st.sampled_from(["pi_1", "pi_2"])),
    st.tuples(st.just("shipped"), st.sampled_from(["1", "2"]), st.sampled_from(["1", "2"])),
    st.tuples(st.sampled_from(["over", "run", "fail", "cancelled"]), st.just("pi_1"), st.just("")),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(STEPS, max_size=14), st.sampled_from(["complete", "shipment"]))
def test_no_sequence_takes_more_than_left_or_was_authorised(steps: list[tuple[str, str, str]], capture: str) -> None:
    bench, shipments = Bench(flow(capture=capture)), 0
    bench.placed()
    allowed: dict[str, Decimal] = {}
    left = {"1": 0, "2": 0}
    for kind, first, second in steps:
        if kind in {"authorized", "captured"}:
            allowed[second] = max(allowed.get(second, Decimal(0)), Decimal(first))
            bench.payment(kind, first, second)
        elif kind == "shipped":
            shipments += 1
            left[first] = min(left[first] + int(second), 2 if first == "1" else 3)
            bench.shipped((first, second), n=shipments)
        elif kind == "over":
            bench.over(*range(1, shipments + 1))
        elif kind == "run":
            bench.run()
        elif kind == "cancelled":
            bench.payment("cancelled", payment=first)
        elif open_ := [one for one in bench.open.values() if one.name == "payment.capture"]:
            bench.settle(open_[0], PaymentStateRefused("no"))
        asked = [
            (one.data["payment_reference"], Decimal(one.data["amount"]["amount"]))
            for one in bench.commands
            if one.name == "payment.capture"
        ]
        assert sum((amount for _, amount in asked), Decimal(0)) <= 10 * sum(left.values())
        for payment, most in allowed.items():
            assert sum((amount for name, amount in asked if name == payment), Decimal(0)) <= most
