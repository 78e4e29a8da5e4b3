"""Changes and cancellations at every stage, with what may still be done then."""

from __future__ import annotations

from typing import Any

import pytest
from order_bench import PROCESS, START, Bench, booked, flow, order, placed, released

from crossdock.core.errors import TargetRefused

MORE = (("1", "LAMP", "4"), ("2", "CORD", "3"))
LESS = (("1", "LAMP", "1"), ("2", "CORD", "3"))


def change(bench: Bench, *lines: tuple[str, str, str], source: str = "shopify-eu", **changes: Any) -> None:
    bench.event("order.changed", order(*lines, **changes), source)


def cancel(bench: Bench, *lines: str, source: str = "shopify-eu") -> None:
    data = {"number": "1001", "reason": "changed mind", "cancelled_at": bench.now.isoformat(), "lines": lines}
    bench.event("order.cancelled", data, source)


def quantities(bench: Bench) -> list[dict[str, str]]:
    return [
        {line["number"]: line["quantity"]["value"] for line in one.data["fulfilment"]["lines"]}
        for one in bench.commands
        if one.name == "fulfilment.release"
    ]


# --- changes ------------------------------------------------------------------------------------------------------------


def test_a_change_before_the_order_is_used_at_once() -> None:
    bench = Bench()
    change(bench, *MORE)
    bench.event("order.placed", order())
    assert bench.last("order.create").data["order"]["lines"][0]["quantity"]["value"] == "4"
    assert bench.count("order.change") == 0


def test_a_change_while_the_erp_creates_is_applied_before_confirmation() -> None:
    bench = placed()
    change(bench, *MORE)
    assert bench.names() == ["order.create"]
    bench.ack("order.create")
    assert bench.names() == ["order.create", "order.change"]
    data = bench.last("order.change").data
    assert (
        data["erp_id"],
        data["order"]["lines"][0]["quantity"]["value"],
        data["previous"]["lines"][0]["quantity"]["value"],
    ) == (
        "7",
        "4",
        "2",
    )
    bench.run()
    assert quantities(bench) == [{"1": "4", "2": "3"}]


def test_a_change_after_release_of_more_is_released_in_addition() -> None:
    bench = released()
    change(bench, *MORE)
    bench.run()
    assert quantities(bench) == [{"1": "2", "2": "3"}, {"1": "2"}]


def test_a_change_after_release_to_less_calls_back_first() -> None:
    bench = released()
    change(bench, *LESS)
    assert bench.names()[3:] == ["fulfilment.cancel"]
    bench.ack("fulfilment.cancel")
    assert bench.names()[4:] == ["order.change"]
    bench.run()
    assert quantities(bench) == [{"1": "2", "2": "3"}, {"1": "1", "2": "3"}]


@pytest.mark.parametrize("action", ["ignore", "apply"])
def test_a_change_the_warehouse_cannot_take_back_goes_to_a_person(action: str) -> None:
    bench = released()
    change(bench, *LESS)
    bench.ack("fulfilment.cancel", status="too_late")
    assert bench.parked["change"].error.code == "process.too_late"
    bench.decide("change", action)
    bench.run()
    assert bench.count("fulfilment.release") == 1 and not bench.parked
    if action == "apply":
        assert bench.last("order.change").data["order"]["lines"][0]["quantity"]["value"] == "2"
    bench.pick()
    bench.run()
    assert bench.count("shipment.book") == 1


def test_another_address_after_release_calls_back() -> None:
    bench = released()
    change(bench, ship_to={**order()["ship_to"], "street": "Gasse 9"})
    bench.run()
    assert bench.last("fulfilment.release").data["fulfilment"]["ship_to"]["street"] == "Gasse 9"
    assert quantities(bench) == [{"1": "2", "2": "3"}] * 2


def test_less_than_picked_goes_to_a_person() -> None:
    bench = booked()
    change(bench, *LESS)
    assert "picked already" in bench.parked["change"].error.message


@pytest.mark.parametrize(("rule", "actions"), [("ask", ("recall", "ignore")), ("refuse", ("ignore", "apply"))])
def test_calling_back_is_a_rule(rule: str, actions: tuple[str, ...]) -> None:
    bench = released(flow(change_after_release=rule))
    change(bench, *LESS)
    assert bench.count("fulfilment.cancel") == 0 and bench.parked["change"].actions == actions
    bench.decide("change", actions[0])
    assert bench.count("fulfilment.cancel") == (1 if rule == "ask" else 0)


def test_lines_the_erp_refuses_stay_as_they_were() -> None:
    bench = released()
    change(bench, ("1", "LAMP", "4"), ("2", "CORD", "3"), ("3", "VASE", "1"))
    bench.ack("order.change", refused=[{"line": "3", "reason": "archived"}])
    assert bench.parked["change"].error.detail["refused"] == {"3": "archived"}
    bench.decide("change", "acknowledge")
    assert quantities(bench)[1] == {"1": "2"}


def test_a_new_version_replaces_one_the_erp_refused() -> None:
    bench = placed()
    bench.fail("order.create", TargetRefused("unknown SKU"))
    change(bench, *MORE)
    assert bench.names() == ["order.create", "order.create"] and not bench.parked
    assert bench.decisions[-1].revoked == (bench.commands[0].id,)
    bench.run()
    assert quantities(bench) == [{"1": "4", "2": "3"}]


def test_what_the_erp_changed_itself_is_not_sent_back() -> None:
    bench = released()
    change(bench, ("91", "LAMP", "4"), ("92", "CORD", "3"), source="odoo")
    assert bench.count("order.change") == 0
    assert quantities(bench) == [{"1": "2", "2": "3"}, {"1": "2"}]
    change(bench, ("91", "LAMP", "4"), ("92", "CORD", "3"), source="odoo", note="echo")
    assert bench.count("fulfilment.release") == 2


# --- cancellations ------------------------------------------------------------------------------------------------------


def test_a_cancellation_before_the_order_means_that_nothing_is_made() -> None:
    bench = Bench()
    cancel(bench)
    bench.event("order.placed", order())
    assert bench.commands == [] and bench.state.closed == "cancelled"


def test_a_cancellation_while_the_erp_creates_waits_for_it() -> None:
    bench = placed()
    cancel(bench)
    assert bench.names() == ["order.create"]
    bench.run()
    assert bench.names() == ["order.create", "order.cancel"]
    assert (bench.last("order.cancel").system, bench.last("order.cancel").data["erp_id"]) == ("odoo", "7")
    assert bench.state.closed == "cancelled" and PROCESS.finished(bench.state) and not bench.expected
    assert PROCESS.milestones(bench.state)[-1][0] == "cancelled"


def test_a_cancellation_racing_the_confirmation() -> None:
    bench = placed()
    bench.ack("order.create")
    cancel(bench)
    bench.run()
    assert bench.names() == ["order.create", "order.confirm", "order.cancel"]


def test_an_order_the_erp_refused_is_cancelled_without_it() -> None:
    bench = placed()
    bench.fail("order.create", TargetRefused("no"))
    cancel(bench)
    assert bench.state.closed == "cancelled" and not bench.parked and bench.names() == ["order.create"]


def test_a_cancellation_after_release_calls_back_first() -> None:
    bench = placed()
    bench.run("fulfilment.release")
    cancel(bench)
    assert bench.count("fulfilment.cancel") == 0
    bench.ack("fulfilment.release")
    bench.ack("fulfilment.cancel")
    bench.ack("order.cancel")
    assert bench.state.closed == "cancelled" and bench.count("fulfilment.release") == 1
    noted = bench.pick()
    assert not noted.commands and "late_pick:1" in bench.parked
    change(bench, *MORE)
    assert "cancelled: nothing is changed" in bench.decisions[-1].notes[0]


@pytest.mark.parametrize("action", ["ship_anyway", "goods_returned"])
def test_too_late_for_the_warehouse_goes_to_a_person(action: str) -> None:
    bench = released()
    cancel(bench)
    bench.ack("fulfilment.cancel", status="too_late")
    assert bench.parked["cancel"].error.code == "process.too_late" and bench.count("order.cancel") == 0
    bench.decide("cancel", action)
    if action == "ship_anyway":
        bench.pick()
        assert bench.count("shipment.book") == 1
    else:
        bench.run()
        assert bench.state.closed == "cancelled"


def test_a_cancellation_after_the_pick_asks_what_becomes_of_the_goods() -> None:
    bench = released()
    bench.pick(("9", "GIFT", "1"), ("1", "LAMP", "2"), ("2", "CORD", "3"))
    cancel(bench)
    assert bench.parked["cancel"].actions == ("ship_anyway", "goods_returned")
    bench.decide("cancel", "goods_returned")
    bench.run()
    assert bench.state.closed == "cancelled" and not bench.parked and bench.count("shipment.book") == 0


@pytest.mark.parametrize("action", ["ship_anyway", "goods_returned"])
def test_a_cancellation_after_booking_voids_the_label(action: str) -> None:
    bench = released(flow(picks={"short": "backorder"}))
    bench.pick()
    cancel(bench)
    assert bench.count("shipment.cancel") == 0
    bench.ack("shipment.book")
    assert bench.count("transfer.validate") == 0
    assert bench.last("shipment.cancel").data["waybill"] == "W-SH-shopify-eu.1001-1"
    bench.ack("shipment.cancel")
    bench.decide("cancel", action)
    bench.run()
    if action == "ship_anyway":
        assert bench.count("shipment.book") == 2 and bench.count("transfer.validate") == 1
    else:
        assert bench.state.closed == "cancelled"


def test_a_cancellation_after_dispatch_is_refused_and_told() -> None:
    bench = booked()
    bench.run()
    bench.milestone("picked_up")
    cancel(bench)
    assert bench.parked["cancel"].error.code == "process.too_late"
    assert bench.count("order.cancel") == bench.count("shipment.cancel") == 0
    bench.decide("cancel", "ship_anyway")
    bench.milestone("delivered")
    bench.run()
    assert bench.state.closed == "finished"
    cancel(bench)
    assert bench.state.closed == "finished" and not bench.parked


def test_after_delivery_a_person_is_told() -> None:
    bench = booked()
    bench.run()
    bench.milestone("delivered")
    bench.run()
    cancel(bench)
    change(bench, *MORE)
    assert {bench.parked[slot].error.code for slot in ("cancel", "change")} == {"process.too_late"}
    assert bench.state.closed == "finished" and not PROCESS.finished(bench.state)
    bench.decide("cancel", "acknowledge")
    bench.decide("change", "acknowledge")
    assert PROCESS.finished(bench.state)


def test_the_rest_of_a_half_shipped_order_can_be_cancelled() -> None:
    bench = released()
    bench.pick(("1", "LAMP", "2"), final=False)
    bench.run()
    bench.milestone("picked_up")
    cancel(bench)
    bench.ack("fulfilment.cancel")
    assert bench.parked["cancel"].actions == ("ship_anyway", "cancel_rest")
    bench.decide("cancel", "cancel_rest")
    bench.run()
    assert [line["number"] for line in bench.last("order.change").data["order"]["lines"]] == ["1"]
    bench.milestone("delivered")
    bench.run()
    assert bench.state.closed == "finished" and bench.count("fulfilment.release") == 1


def test_lines_can_be_cancelled() -> None:
    bench = released()
    cancel(bench, "2")
    bench.run()
    assert bench.names()[3:] == ["fulfilment.cancel", "order.change", "fulfilment.release"]
    assert quantities(bench)[1] == {"1": "2"}
    cancel(bench, "1", "2")
    bench.run()
    assert bench.state.closed == "cancelled"


def test_lines_cancelled_before_the_order_came() -> None:
    bench = Bench()
    cancel(bench, "2")
    bench.event("order.placed", order())
    bench.run()
    assert quantities(bench) == [{"1": "2"}]


def test_a_cancellation_in_the_erp_is_told_to_the_shop() -> None:
    bench = released()
    cancel(bench, source="odoo")
    bench.run()
    assert [(one.name, one.system) for one in bench.commands[3:]] == [
        ("fulfilment.cancel", "wms-north"),
        ("order.cancel", "shopify-eu"),
    ]
    assert bench.state.closed == "cancelled"


def test_a_release_that_succeeds_after_it_was_given_up_is_called_back() -> None:
    bench = placed()
    bench.run("fulfilment.release")
    given_up = bench.last("fulfilment.release")
    bench.fail("fulfilment.release", TargetRefused("no"))
    cancel(bench)
    bench.run()
    assert bench.state.closed == "cancelled" and bench.count("fulfilment.cancel") == 0
    bench.settle(given_up)
    assert bench.count("fulfilment.cancel") == 1
    bench.settle(given_up)
    bench.run()
    assert bench.count("fulfilment.cancel") == 1


def test_events_for_a_cancelled_order_are_notes() -> None:
    bench = placed()
    cancel(bench)
    bench.run()
    for kind, data in (
        ("order.placed", order()),
        ("order.changed", order(*MORE)),
        ("order.released", {"number": "1001", "erp_number": "S1", "confirmed_at": START.isoformat()}),
        ("order.confirmed", {"number": "1001", "erp_number": "S1", "confirmed_at": START.isoformat()}),
    ):
        decision = bench.event(kind, data)
        assert decision.notes and not decision.commands and not decision.parked, kind
    cancel(bench)
    assert not bench.parked


# --- what a shop repeats -----------------------------------------------------------------------------------------------


def short_of_one() -> Bench:
    """An order whose line 1 was picked one short, and the missing piece taken off the order."""
    bench = released(flow(picks={"short": "cancel_remainder"}))
    bench.pick(("1", "LAMP", "1"), ("2", "CORD", "3"))
    bench.run()
    assert (bench.count("order.change"), bench.count("fulfilment.release")) == (1, 1)
    return bench


@pytest.mark.parametrize("kind", ["order.placed", "order.changed"])
def test_a_shop_that_repeats_the_order_does_not_bring_back_what_was_taken_off(kind: str) -> None:
    """Shops send the whole order with every update, such as the one that follows from being told of the shipment."""
    bench = short_of_one()
    for payment in ("paid", "refunded"):
        bench.event(kind, order(payment_status=payment))
        bench.run()
    assert (bench.count("order.change"), bench.count("fulfilment.release")) == (1, 1)
    assert bench.state.order is not None
    assert bench.state.order["payment_status"] == "refunded", "what else it says is used"


def test_a_change_of_the_shop_after_something_was_taken_off_is_only_what_is_new() -> None:
    bench = short_of_one()
    change(bench, ("1", "LAMP", "2"), ("2", "CORD", "3"), ("3", "BULB", "4"))
    bench.run()
    assert quantities(bench)[1:] == [{"3": "4"}]
    # and wanting more than before is wanting it
    change(bench, ("1", "LAMP", "5"), ("2", "CORD", "3"), ("3", "BULB", "4"))
    bench.run()
    assert quantities(bench)[2:] == [{"1": "4"}]


def test_a_shop_that_says_what_was_decided_is_followed_from_then_on() -> None:
    bench = short_of_one()
    change(bench, ("1", "LAMP", "1"), ("2", "CORD", "3"))
    assert bench.state.said is None
    change(bench)
    bench.run()
    assert quantities(bench)[1:] == [{"1": "1"}], "now the shop wants it again"


def test_a_change_a_person_ignored_is_not_asked_again_when_the_shop_repeats_it() -> None:
    bench = booked()
    elsewhere = {"ship_to": {"name": "Jo", "street": "Gasse 9", "city": "Graz", "postal_code": "8010", "country": "AT"}}
    change(bench, **elsewhere)
    assert "change" in bench.state.parked
    bench.decide("change", "ignore")
    change(bench, **elsewhere)
    assert "change" not in bench.state.parked
    change(bench, **{**elsewhere, "note": "ring twice"})
    assert bench.state.order is not None
    assert bench.state.order["ship_to"]["city"] == "Wien"


def test_a_change_the_erp_refused_in_part_is_not_sent_again_when_the_shop_repeats_it() -> None:
    bench = released()
    change(bench, *MORE)
    bench.ack("order.change", refused=[{"line": "1", "reason": "invoiced"}])
    bench.decide("change", "acknowledge")
    change(bench, *MORE)
    bench.run()
    assert bench.count("order.change") == 1


def test_an_incoterm_a_person_supplied_stays_when_the_shop_repeats_the_order() -> None:
    swiss = {"ship_to": {"street": "Weg 1", "city": "Zug", "postal_code": "6300", "country": "CH", "company": "ACME"}}
    bench = released(**swiss)
    bench.pick()
    assert "customs:1" in bench.state.parked
    papers = {"hs_code": "940520", "origin_country": "DE", "weight_kg": "1.5"}
    bench.decide("customs:1", "supply", incoterm="DAP", products={"LAMP": papers, "CORD": papers})
    bench.run()
    bench.event("order.placed", order(**swiss))
    bench.run()
    assert bench.count("order.change") == 0
    assert bench.state.order is not None
    assert bench.state.order["incoterm"] == "DAP"
