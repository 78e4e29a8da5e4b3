"""Tenders: a load is offered to one carrier at a time, a refusal or silence goes to the next, and when nobody is left, to a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_bench import order
from process_bench import ProcessBench

from crossdock.core.commands import Command
from crossdock.core.errors import TargetRefused
from crossdock.core.process import Decision, FlowContext
from crossdock.processes.freight_tender import FreightTender, State

GUIDE = [
    {"carrier": "alpha", "answer_within": "PT1H"},
    {"carrier": "far", "countries": ["US"]},
    {"carrier": "beta", "role": "beta"},
]


def flow(**more: Any) -> FlowContext:
    ship_from = {"name": "Depot", "street": "Kai 1", "city": "Hamburg", "postal_code": "20457", "country": "DE"}
    return FlowContext(
        "tenders", {"tms": "tms", "beta": "edi-beta"}, {"carriers": GUIDE, "ship_from": ship_from, **more}, {}, "transport"
    )


def ack_of(command: Command) -> dict[str, Any]:
    number = command.data["tender"]["number"]
    return {"status": "cancelled"} if command.name == "tender.cancel" else {"reference": "L1", "references": [["tender", number]]}


@dataclass
class Bench(ProcessBench[State]):
    """The loads of one order."""

    process = FreightTender()
    source = "shopify-eu"
    ack_of = staticmethod(ack_of)

    context: FlowContext = field(default_factory=flow)
    key: str = "order/shopify-eu/1001"

    def packed(self, weight: str = "640") -> Decision[State]:
        self.event("order.placed", order())
        document = {
            "fulfilment_number": "FO-1", "order_number": "1001", "picked_at": self.now.isoformat(), "final": True,
            "lines": [{"number": "1", "sku": "LAMP", "quantity": {"value": "2"}}], "packages": [{"reference": "P1", "weight_kg": weight}],
        }  # fmt: skip
        return self.event("picking.completed", document, "wms")

    def answers(self, answer: str, number: str = "", **more: Any) -> Decision[State]:
        document = {
            "tender_number": number or self.last("tender.send").data["tender"]["number"],
            "answer": answer,
            "answered_at": self.now.isoformat(),
        }
        return self.event("tender.answered", {**document, **more}, "tms")

    def over(self, *numbers: str) -> Decision[State]:
        return self.event("order.shipped", {"number": "1001", "shipments": list(numbers), "at": self.now.isoformat()}, "odoo")

    @property
    def offered(self) -> list[tuple[str, str]]:
        return [(one.system, one.data["tender"]["carrier"]) for one in self.commands if one.name == "tender.send"]


def test_a_refused_load_goes_to_the_next_carrier_that_fits_and_then_to_a_person() -> None:
    bench = Bench()
    bench.packed()
    assert bench.offered == [("tms", "alpha")]
    bench.answers("declined", reason="no truck")
    assert bench.offered == [("tms", "alpha"), ("edi-beta", "beta")]
    bench.answers("declined")
    assert "alpha: no truck" in bench.says("load:1")
    bench.run()
    bench.decide("load:1", "again")
    bench.answers("accepted", carrier_reference="PRO-1")
    bench.run()
    bench.over("SH-1")
    assert bench.state.closed == "finished" and bench.state.loads[0].carrier_reference == "PRO-1"


def test_silence_takes_the_offer_back_and_a_late_yes_is_a_persons() -> None:
    bench = Bench()
    bench.packed()
    bench.run()
    first = bench.last("tender.send").data["tender"]["number"]
    bench.due("timer:answer:1", bench.expected["timer:answer:1"].due)
    assert bench.names() == ["tender.send", "tender.cancel", "tender.send"]
    assert bench.last("tender.cancel").data["tender"]["number"] == first
    bench.answers("accepted", first, carrier="alpha")
    assert first in bench.says("late_answer") and bench.state.loads[0].standing != "accepted"


def test_a_cancelled_order_takes_its_offers_back_and_a_parcel_is_not_offered() -> None:
    bench = Bench()
    bench.packed()
    bench.run()
    bench.over()
    bench.run()
    assert bench.names() == ["tender.send", "tender.cancel"] and bench.state.closed == "finished"
    light = Bench(flow(min_weight_kg="100"))
    light.packed("3.5")
    assert light.commands == []


def test_an_offer_that_failed_waits_for_a_person() -> None:
    bench = Bench()
    bench.packed()
    bench.fail("tender.send", TargetRefused("unknown carrier"))
    assert bench.count("tender.send") == 1
    bench.decide("tender.send:1.1", "next")
    assert bench.offered[-1] == ("edi-beta", "beta")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["yes", "no", "late", "run", "fail", "again", "over"]), max_size=14))
def test_a_load_stands_with_one_carrier_at_a_time(steps: list[str]) -> None:
    bench = Bench()
    bench.packed()
    for step in steps:
        if step in {"yes", "no"}:
            bench.answers("accepted" if step == "yes" else "declined")
        elif step == "late" and "timer:answer:1" in bench.expected:
            bench.due("timer:answer:1", bench.expected["timer:answer:1"].due)
        elif step == "run":
            bench.run()
        elif step == "fail" and (sent := [one for one in bench.open.values() if one.name == "tender.send"]):
            bench.settle(sent[0], TargetRefused("no"))
        elif step == "again" and "load:1" in bench.parked:
            bench.decide("load:1", "again")
        elif step == "over":
            bench.over()
        taken_back = {one.data["tender"]["number"] for one in bench.commands if one.name == "tender.cancel"}
        declined = {
            fact.event.data.tender_number
            for fact in bench.facts
            if getattr(getattr(fact, "event", None), "type", "") == "tender.answered"
        }  # type: ignore[union-attr,attr-defined]
        standing = {one.data["tender"]["number"] for one in bench.commands if one.name == "tender.send"} - taken_back - declined
        assert len(standing) <= 1
