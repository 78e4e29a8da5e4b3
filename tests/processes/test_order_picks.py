"""Short, over and substituted picks are decisions with a rule, and a person where the rule says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from order_bench import PROCESS, Bench, flow, released

from crossdock.core.errors import TargetRefused


def done(bench: Bench) -> Bench:
    """Let everything be accepted and delivered."""
    bench.run()
    for shipment in bench.state.shipments:
        if shipment.status in {"booked", "dispatched"}:
            bench.milestone("delivered", shipment.tracking)
    bench.run()
    return bench


def released_quantities(bench: Bench) -> list[dict[str, str]]:
    return [
        {line["number"]: line["quantity"]["value"] for line in one.data["fulfilment"]["lines"]}
        for one in bench.commands
        if one.name == "fulfilment.release"
    ]


def picks(**rules: Any) -> Any:
    return flow(picks=rules)


def test_a_short_pick_is_released_again() -> None:
    bench = released()
    bench.pick(("1", "LAMP", "2"), ("2", "CORD", "1"))
    assert released_quantities(bench) == [{"1": "2", "2": "3"}, {"2": "2"}]
    bench.run()
    assert bench.last("transfer.validate").data["close_short"] is False
    assert bench.last("shop.fulfil").data["final"] is False
    bench.pick()
    assert done(bench).state.closed == "finished"
    assert bench.last("shop.fulfil").data["final"] is True


def test_a_back_order_may_wait() -> None:
    bench = released(picks(backorder_after="PT8H"))
    bench.pick(("1", "LAMP", "2"))
    assert bench.count("fulfilment.release") == 1
    timer = bench.expected["timer:release"]
    assert timer.silent and timer.due > bench.now + timedelta(hours=8)
    bench.due("timer:release", timer.due)
    assert released_quantities(bench)[1] == {"2": "3"}


def test_close_short_forgets_the_rest() -> None:
    bench = released(picks(short="close_short"))
    bench.pick(("1", "LAMP", "2"))
    bench.run()
    assert bench.last("transfer.validate").data["close_short"] is True
    assert bench.last("shop.fulfil").data["final"] is True
    assert bench.count("fulfilment.release") == 1 and bench.count("order.change") == 0
    assert done(bench).state.closed == "finished"


def test_cancel_remainder_takes_it_off_the_order() -> None:
    bench = released(picks(short="cancel_remainder"))
    bench.pick(("2", "CORD", "1"))
    change = bench.last("order.change").data
    assert [(line["number"], line["quantity"]["value"]) for line in change["order"]["lines"]] == [("2", "1")]
    assert len(change["previous"]["lines"]) == 2
    assert done(bench).state.closed == "finished" and bench.count("fulfilment.release") == 1


def test_nothing_picked_at_all_cancels_the_order() -> None:
    bench = released(picks(short="cancel_remainder"))
    bench.pick(("1", "LAMP", "0"))
    bench.run()
    assert [one.system for one in bench.commands if one.name == "order.cancel"] == ["odoo", "shopify-eu"]
    assert bench.state.closed == "cancelled" and PROCESS.finished(bench.state)


@pytest.mark.parametrize(
    ("action", "names"), [("backorder", ["fulfilment.release"]), ("close_short", []), ("cancel_remainder", ["order.change"])]
)
def test_a_person_is_asked(action: str, names: list[str]) -> None:
    bench = released(picks(short="ask"))
    bench.pick(("1", "LAMP", "1"))
    slot = bench.parked["short:1"]
    assert slot.actions == ("backorder", "close_short", "cancel_remainder") and slot.owner == "orders-team"
    assert slot.error.detail["missing"] == {"1": "1", "2": "3"}
    before = len(bench.commands)
    bench.decide("short:1", action)
    assert "short:1" not in bench.parked
    assert bench.names()[before:] == names
    if action == "close_short":
        bench.ack("shipment.book")
        assert bench.last("transfer.validate").data["close_short"] is True


def test_a_person_is_asked_after_too_many_releases() -> None:
    bench = released(picks(max_releases=2))
    for _ in range(2):
        bench.pick(("1", "LAMP", "0"))
    assert bench.parked["release"].actions == ("release", "drop")
    bench.decide("release", "release")
    assert bench.count("fulfilment.release") == 3


def test_over_within_the_tolerance_is_shipped() -> None:
    bench = released(picks(over_tolerance_percent="50"))
    bench.pick(("1", "LAMP", "3"), ("2", "CORD", "3"))
    assert not bench.parked and bench.count("shipment.book") == 1
    bench.run()
    lines = bench.last("transfer.validate").data["confirmation"]["lines"]
    assert [line["quantity"]["value"] for line in lines] == ["3", "3"]


def test_over_may_be_cut_to_what_was_ordered() -> None:
    bench = released(picks(over="ship_ordered"))
    bench.pick(("1", "LAMP", "5"), ("2", "CORD", "3"))
    assert [line["quantity"]["value"] for line in bench.last("shipment.book").data["shipment"]["lines"]] == ["2", "3"]


@pytest.mark.parametrize(("action", "quantity"), [("accept", "5"), ("ship_ordered", "2")])
def test_over_asks_before_the_carrier_is_booked(action: str, quantity: str) -> None:
    bench = released()
    bench.pick(("1", "LAMP", "5"), ("2", "CORD", "3"))
    assert bench.count("shipment.book") == 0
    (issue,) = bench.parked["picks:1"].error.detail["issues"]
    assert (issue["line"], issue["kind"], issue["picked"], issue["asked"]) == ("1", "over", "5", "2")
    bench.decide("picks:1", "dance")
    assert "picks:1" in bench.parked
    bench.decide("picks:1", action)
    assert bench.last("shipment.book").data["shipment"]["lines"][0]["quantity"]["value"] == quantity
    assert done(bench).state.closed == "finished" and bench.count("fulfilment.release") == 1


def test_an_allowed_substitute_is_shipped_under_the_ordered_line() -> None:
    bench = released(picks(equivalents={"LAMP": ["LAMP-2"]}))
    bench.pick(("1", "LAMP-2", "2"), ("2", "CORD", "3"))
    bench.run()
    line = bench.last("transfer.validate").data["confirmation"]["lines"][0]
    assert (line["sku"], line["substituted_for"]) == ("LAMP-2", "LAMP")
    assert bench.last("shop.fulfil").data["lines"][0] == {"order_line": "1", "sku": "LAMP", "quantity": "2"}


def test_another_substitute_is_refused_and_the_right_one_released_again() -> None:
    bench = released()
    bench.pick(("1", "VASE", "2"), ("2", "CORD", "3"))
    assert bench.parked["picks:1"].error.detail["issues"][0]["kind"] == "substituted"
    assert bench.count("fulfilment.release") == 1
    bench.decide("picks:1", "ship_ordered")
    assert released_quantities(bench)[1] == {"1": "2"}
    assert [line["sku"] for line in bench.last("shipment.book").data["shipment"]["lines"]] == ["CORD"]


def test_what_was_never_asked_for_is_a_question() -> None:
    bench = released()
    bench.pick(("9", "GIFT", "1"), ("1", "LAMP", "2"), ("2", "CORD", "3"))
    assert bench.parked["picks:1"].error.detail["issues"][0]["kind"] == "unexpected"
    bench.decide("picks:1", "ship_ordered")
    assert len(bench.last("shipment.book").data["shipment"]["lines"]) == 2


def test_confirmations_may_be_collected_for_one_shipment() -> None:
    bench = released(picks(ship_partial=False))
    bench.pick(("1", "LAMP", "2"), final=False)
    assert bench.count("shipment.book") == 0
    bench.pick(("2", "CORD", "3"), sequence=2)
    assert bench.count("shipment.book") == 1
    assert len(bench.last("shipment.book").data["shipment"]["lines"]) == 2


def test_a_warehouse_may_refuse() -> None:
    bench = released()
    status = {"fulfilment_number": bench.state.fulfilments[0].number, "status": "refused", "reason": "closed", "at": bench.now}
    bench.event("fulfilment.status", status, "wms-north")
    assert bench.parked["refused:1"].actions == ("release_again", "drop") and bench.count("fulfilment.release") == 1
    bench.decide("refused:1", "release_again")
    assert released_quantities(bench) == [{"1": "2", "2": "3"}] * 2


def test_the_warehouses_word_counts_before_its_acknowledgement() -> None:
    bench = released()
    other = released()
    bench.fact(other.facts[-1])
    late = Bench()
    for fact in other.facts[:-1]:
        late.fact(fact)
    late.fail("fulfilment.release", TargetRefused("no"))
    assert late.parked
    late.pick()
    assert not late.parked and late.count("shipment.book") == 1


def test_goods_for_a_stopped_fulfilment_order_are_told_to_a_person() -> None:
    bench = released()
    first = bench.state.fulfilments[0].number
    bench.pick()
    bench.pick(("1", "LAMP", "1"), sequence=2, number=first)
    assert bench.parked["late_pick:1"].error.detail["lines"] and bench.count("shipment.book") == 1
    bench.pick(("1", "LAMP", "1"), number="FO-unknown-1")
    assert bench.parked["unknown:FO-unknown-1"].error.code == "sequence.reference_unknown"
    bench.decide("unknown:FO-unknown-1", "acknowledge")
    assert "unknown:FO-unknown-1" not in bench.parked
