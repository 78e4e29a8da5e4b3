"""Carriers' invoices: each charge judged by the order it is about; what is right becomes a bill once, everything else is a person's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from invoice_bench import Bench as OrderBench
from invoice_bench import flow as order_flow
from invoice_bench import placed
from process_bench import ProcessBench

from crossdock.core.commands import Command
from crossdock.core.errors import PeriodClosed
from crossdock.core.process import Decision, FlowContext, Happened
from crossdock.processes.freight_to_bill import FreightToBill, State

PROCESS = FreightToBill()
COST = {"amount": "7.40", "currency": "EUR"}


def flow(**settings: Any) -> FlowContext:
    return FlowContext("freight", {"erp": "odoo", "carrier:dhl": "carrier-dhl"}, settings, {}, "finance")


def ack_of(command: Command) -> dict[str, Any]:
    if command.name == "bill.create":
        return {"bill_id": "71", "bill_number": "BILL/1", "total": command.data["freight_invoice"]["total"]["amount"]}
    return {"landed_cost_id": "5", "state": "done"} if command.name == "landed_cost.create" else {"invoice_id": "91"}


@dataclass
class Bench(ProcessBench[State]):
    """One invoice of a carrier, with the orders it bills for."""

    process = PROCESS
    source = "carrier-dhl"
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = "freight/dhl/R-1"
    orders: list[OrderBench] = field(default_factory=list)

    def receive(self, *charges: tuple[str, str, str], number: str = "R-1", **more: Any) -> Decision[State]:
        """The carrier bills charges (tracking number, kind, amount), and the orders answer what they are asked."""
        lines = [
            {"number": str(place), "tracking_number": name, "kind": kind, "amount": {"amount": amount, "currency": "EUR"}}
            for place, (name, kind, amount) in enumerate(charges, 1)
        ]
        total = sum(float(amount) for _, _, amount in charges)
        document = {
            "number": number,
            "carrier": "dhl",
            "issue_date": "2026-11-30",
            "currency": "EUR",
            "lines": lines,
            "total": {"amount": f"{total:.2f}", "currency": "EUR"},
            **more,
        }
        decision = self.event("freight_invoice.received", document)
        self.ask(decision)
        return decision

    def ask(self, decision: Decision[State]) -> None:
        for event in decision.emitted:
            names = {one.value for one in event.references if one.scheme in {"tracking", "waybill", "shipment"}}
            for order in self.orders:
                if any(names & {*one.tracking, one.waybill, one.number} for one in order.state.consignments):
                    answer = order.fact(Happened(event, self.now))
                    for told in answer.emitted:
                        assert told.key == self.key
                        self.fact(Happened(told, self.now))


def shipped_order(key: str = "1001", n: int = 1, **settings: Any) -> OrderBench:
    bench = placed(order_flow(**settings))
    bench.key = f"order/shopify-eu/{key}"
    bench.shipped(n=n, cost=COST)
    return bench


def test_charges_as_agreed_become_one_bill() -> None:
    bench = Bench(orders=[shipped_order(), shipped_order("1002", 2)])
    bench.receive(("T1", "base", "7.40"), ("T2", "base", "7.40"))
    [command] = bench.commands
    assert command.name == "bill.create" and command.data["freight_invoice"]["number"] == "R-1"
    assert command.data["approved_by"] == "policy:freight/audit"
    assert "7.40 agreed" in command.data["matched"]
    bench.run()
    assert bench.state.closed == "finished"


CASES: list[tuple[tuple[tuple[str, str, str], ...], dict[str, Any], str]] = [
    ((("T1", "base", "17.40"),), {}, "freight.disputed"),
    ((("T1", "base", "-7.40"),), {}, "freight.negative"),
    ((("T9", "base", "7.40"),), {}, "freight.unknown_waybill"),
    ((("T1", "base", "7.40"), ("T1", "base", "7.40")), {}, "freight.billed_twice"),
    ((("T1", "base", "7.40"),), {"carrier": "ups"}, "freight.contested_waybill"),
    ((("T1", "base", "7.40"),), {"currency": "USD", "total": {"amount": "7.40", "currency": "USD"}}, "freight.foreign_currency"),
    ((("T1", "base", "7.40"),), {"total": {"amount": "99.00", "currency": "EUR"}}, "freight.disputed"),
]


@pytest.mark.parametrize(("charges", "more", "code"), CASES, ids=[code.partition(".")[2] for *_, code in CASES])
def test_what_is_wrong_goes_to_a_person_with_the_arithmetic_and_nothing_is_billed(
    charges: tuple[tuple[str, str, str], ...], more: dict[str, Any], code: str
) -> None:
    bench = Bench(orders=[shipped_order()])
    bench.receive(*charges, **more)
    if "freight" not in bench.parked:  # nobody answered for it: orders have their time
        bench.due("timer:orders", bench.expected["timer:orders"].due)
    assert bench.commands == []
    assert bench.parked["freight"].error.code == code
    assert bench.parked["freight"].error.detail["arithmetic"]
    bench.decide("freight", "refuse")
    assert bench.commands == [] and bench.state.closed == "cancelled"


TARIFF = {
    "carriers": ["DHL"],
    "countries": ["AT"],
    "postal_codes": ["10"],
    "zone": "3",
    "charges": {"remote": "2.00"},
    "percents": {"fuel": "10"},
}


@pytest.mark.parametrize(
    ("charges", "zone", "words"),
    [
        ((("T1", "base", "7.40"), ("T1", "fuel", "0.74"), ("T1", "remote", "2.00")), "3", ""),
        ((("T1", "base", "7.40"),), "5", "zone 5 billed, 3 booked"),
        ((("T1", "base", "7.40"), ("T1", "fuel", "2.74")), "3", "2.74"),
        ((("T1", "base", "7.40"), ("T1", "remote", "5.00")), "3", "2.00 agreed"),
        ((("T1", "base", "7.40"), ("T1", "oversize", "9.00")), "3", "oversize"),
    ],
    ids=["as agreed", "zone", "fuel", "remote", "not agreed"],
)
def test_zone_and_surcharges_are_held_against_the_tariff_of_the_place(
    charges: tuple[tuple[str, str, str], ...], zone: str, words: str
) -> None:
    bench = Bench(context=flow(tells=True), orders=[shipped_order(tariffs=[TARIFF])])
    lines = [
        {"number": str(n), "tracking_number": name, "kind": kind, "zone": zone, "amount": {"amount": amount, "currency": "EUR"}}
        for n, (name, kind, amount) in enumerate(charges, 1)
    ]
    bench.receive(*charges, lines=lines)
    if words:
        assert bench.commands == [] and words in str(bench.parked["freight"].error.detail)
        return
    bench.run()
    billed = [event for decision in bench.decisions for event in decision.emitted if event.type == "freight.billed"]
    assert [(one.key, len(one.references)) for one in billed] == [(bench.key, 0), ("", 1)]


def test_charges_by_kind_of_the_quote_go_before_its_total() -> None:
    order = placed(order_flow())
    parts = [
        {"kind": kind, "amount": {"amount": amount, "currency": "EUR"}} for kind, amount in (("base", "6.00"), ("fuel", "1.40"))
    ]
    quoted = {"shipment_number": "SH-1", "amount": COST, "charges": parts, "zone": "2", "quoted_at": order.now.isoformat()}
    order.event("freight.quoted", quoted, "carrier-dhl")
    order.shipped(cost=COST)
    bench = Bench(orders=[order])
    # the sum is right, and still the fuel is not what was agreed
    bench.receive(("T1", "base", "5.00"), ("T1", "fuel", "2.40"))
    assert "1.40 agreed" in str(bench.parked["freight"].error.detail)


def test_a_person_may_approve_what_differs() -> None:
    bench = Bench(orders=[shipped_order()])
    bench.receive(("T1", "base", "17.40"))
    bench.decide("freight", "approve")
    assert bench.last("bill.create").data["approved_by"] == "person:anna"


def test_a_charge_billed_in_an_earlier_invoice_is_billed_twice() -> None:
    order = shipped_order()
    Bench(orders=[order]).receive(("T1", "base", "7.40"))
    again = Bench(key="freight/dhl/R-2", orders=[order])
    again.receive(("T1", "base", "7.40"), number="R-2")
    assert again.commands == []
    assert again.parked["freight"].error.code == "freight.billed_twice"


@pytest.mark.parametrize("number", ["R-2", "R-1"], ids=["another number", "the same number"])
def test_the_correction_of_an_invoice_that_was_refused_is_audited_like_a_first_one(number: str) -> None:
    order = shipped_order()
    bench = Bench(orders=[order])
    bench.receive(("T1", "base", "17.40"))
    bench.ask(bench.decide("freight", "refuse"))
    assert bench.state.closed == "cancelled" and not bench.commands
    correction = bench if number == "R-1" else Bench(key="freight/dhl/R-2", orders=[order])
    correction.receive(("T1", "base", "7.40"), number=number)
    assert not correction.parked
    correction.run()
    assert correction.count("bill.create") == 1 and correction.state.closed == "finished"
    third = Bench(key="freight/dhl/R-3", orders=[order])
    third.receive(("T1", "base", "7.40"), number="R-3")
    assert third.parked["freight"].error.code == "freight.billed_twice"


def test_a_bill_that_was_refused_after_it_failed_is_asked_for_anew_by_its_correction() -> None:
    bench = Bench(orders=[shipped_order()])
    bench.receive(("T1", "base", "7.40"))
    bench.fail("bill.create", PeriodClosed("November is closed"))
    first = bench.last("bill.create")
    bench.ask(bench.decide("bill.create:1", "refuse"))
    bench.receive(("T1", "base", "7.40"), issue_date="2026-12-01")
    assert bench.count("bill.create") == 2 and not bench.parked
    bench.settle(first)
    assert set(bench.parked) == {"bill"}


def test_the_same_invoice_twice_is_one_bill_and_another_under_its_number_is_a_person_s() -> None:
    bench = Bench(orders=[shipped_order()])
    bench.receive(("T1", "base", "7.40"))
    bench.receive(("T1", "base", "7.40"))
    assert bench.count("bill.create") == 1 and not bench.parked
    bench.receive(("T1", "base", "7.60"))
    assert bench.parked["again"].error.code == "freight.billed_twice"
    assert bench.count("bill.create") == 1


def test_a_late_answer_is_judged_again() -> None:
    order = shipped_order()
    bench = Bench()
    asked = bench.receive(("T1", "base", "7.40"))
    bench.due("timer:orders", bench.expected["timer:orders"].due)
    assert bench.parked["freight"].error.code == "freight.unknown_waybill"
    bench.orders = [order]
    bench.ask(asked)
    assert not bench.parked and bench.count("bill.create") == 1


def test_landed_cost_and_what_the_customer_is_charged() -> None:
    bench = Bench(context=flow(landed_cost=True, charge_customers=True), orders=[shipped_order()])
    bench.receive(("T1", "base", "7.40"), ("T1", "tax", "1.41"))
    bench.run()
    assert bench.names() == ["bill.create", "landed_cost.create", "invoice.charge"] or sorted(bench.names()) == [
        "bill.create", "invoice.charge", "landed_cost.create",
    ]  # fmt: skip
    assert bench.last("landed_cost.create").data["transfers"] == ["31"]
    charge = bench.last("invoice.charge").data
    assert charge["erp_id"] == "42"
    assert charge["invoice_request"]["lines"][0]["amount"] == {"amount": "7.40", "currency": "EUR"}
    assert bench.state.closed == "finished"


def test_a_closed_period_bills_nothing_until_a_person_acts() -> None:
    bench = Bench(orders=[shipped_order()])
    bench.receive(("T1", "base", "7.40"))
    bench.fail("bill.create", PeriodClosed("November is closed"))
    assert "bill.create:1" in bench.parked
    bench.decide("bill.create:1", "refuse")
    assert bench.state.closed == "cancelled"
