"""Customs, totals, carriers and failures: what is parked before it goes wrong, and what a person may do then."""

from __future__ import annotations

from typing import Any

import pytest
from order_bench import PROCESS, Bench, ack_of, booked, flow, order, placed, released

from crossdock.canonical.shipment import Shipment
from crossdock.core.errors import LandscapeInvalid, TargetRefused
from crossdock.processes.order_to_fulfilment.territories import EU, declared, territory

ZURICH = {"name": "Jo", "street": "Weg 1", "city": "Zürich", "postal_code": "8001", "country": "CH"}


# --- customs -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "destination", "needed"),
    [
        (("DE", "20457"), ("AT", "1010"), False),
        (("DE", "20457"), ("MC", "98000"), False),
        (("DE", "20457"), ("CH", "8001"), True),
        (("CH", "8001"), ("LI", "9490"), False),
        (("DE", "20457"), ("ES", "35001"), True),
        (("DE", "20457"), ("ES", "28001"), False),
        (("DE", "20457"), ("GB", "EC1A 1BB"), True),
        (("DE", "20457"), ("GB", "BT1 5GS"), False),
        (("GB", "EC1A 1BB"), ("GB", "bt1 5gs"), True),
        (("GB", "BT1 5GS"), ("GB", "EC1A 1BB"), False),
        (("DE", "20457"), ("DE", "27498"), True),
        (("US", "10001"), ("PR", "00901"), False),
        (("US", "10001"), ("CA", "K1A"), True),
    ],
)
def test_where_a_declaration_is_needed(origin: tuple[str, str], destination: tuple[str, str], needed: bool) -> None:
    assert declared(*origin, *destination) is needed


def test_the_union_has_27_members() -> None:
    assert len(EU) == 27 and territory("NO") == "NO"


def test_a_shipment_abroad_is_parked_with_everything_that_is_missing() -> None:
    bench = released(ship_to=ZURICH)
    bench.pick()
    parked = bench.parked["customs:1"]
    assert parked.error.code == "process.customs_incomplete" and parked.actions == ("supply", "retry")
    assert parked.error.detail["missing"] == [
        "incoterm",
        "lines[1].hs_code",
        "lines[1].origin_country",
        "lines[2].hs_code",
        "lines[2].origin_country",
    ]
    assert bench.count("shipment.book") == 0
    facts = {"hs_code": "940520", "origin_country": "DE", "weight_kg": "1.5"}
    bench.decide("customs:1", "supply", incoterm="DAP", lines={"1": facts})
    assert bench.parked["customs:1"].error.detail["missing"] == ["lines[2].hs_code", "lines[2].origin_country"]
    bench.decide("customs:1", "supply", lines={"2": facts})
    shipment = Shipment.model_validate(bench.last("shipment.book").data["shipment"])
    assert shipment.incoterm == "DAP" and not bench.parked
    assert [(str(line.value.amount), line.hs_code, str(line.weight_kg)) for line in shipment.customs if line.value] == [
        ("20.00", "940520", "3.0"),
        ("30.00", "940520", "4.5"),
    ]


def test_customs_facts_come_from_the_erp_or_the_flow() -> None:
    bench = placed(flow(incoterm="DDP", products={"CORD": {"hs_code": "854442", "origin_country": "CN"}}), ship_to=ZURICH)
    bench.ack("order.create", customs={"LAMP": {"hs_code": "940520", "origin_country": "DE", "weight_kg": "heavy"}})
    bench.run()
    bench.pick()
    assert bench.count("shipment.book") == 1
    assert [line["hs_code"] for line in bench.last("shipment.book").data["shipment"]["customs"]] == ["940520", "854442"]


def test_goods_without_a_price_need_a_value() -> None:
    gift = order()
    gift["lines"][0]["unit_price"]["amount"] = "0"
    products = {sku: {"hs_code": "940520", "origin_country": "DE"} for sku in ("LAMP", "CORD")}
    bench = Bench(flow(incoterm="DAP", products=products))
    bench.event("order.placed", {**gift, "ship_to": ZURICH})
    bench.run()
    bench.pick()
    assert bench.parked["customs:1"].error.detail["missing"] == ["lines[1].value"]


def test_a_later_order_version_may_complete_the_papers() -> None:
    products = {sku: {"hs_code": "940520", "origin_country": "DE"} for sku in ("LAMP", "CORD")}
    bench = released(flow(products=products), ship_to=ZURICH)
    bench.pick()
    assert bench.parked["customs:1"].error.detail["missing"] == ["incoterm"]
    bench.event("order.changed", order(ship_to=ZURICH, incoterm="DAP"))
    bench.run()
    assert bench.last("shipment.book").data["shipment"]["incoterm"] == "DAP" and not bench.parked


def test_a_warehouse_that_does_not_say_where_it_is_ships_nothing() -> None:
    bench = released(flow(warehouses=[{"name": "X"}]))
    bench.pick()
    assert bench.parked["customs:1"].error.detail["missing"] == ["ship_from.country"]


# --- total ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("total", "parks"), [("50.00", False), ("50.03", False), ("50.04", True), ("49.00", True)])
def test_a_total_beyond_rounding_is_parked_before_confirmation(total: str, parks: bool) -> None:
    bench = placed()
    bench.ack("order.create", total=total)
    assert ("discrepancy" in bench.parked) is parks
    assert bench.count("order.confirm") == int(not parks)
    if parks:
        assert bench.parked["discrepancy"].error.detail["discrepancies"][0] == {
            "field": "total",
            "expected": "50.00",
            "found": total,
        }
        bench.decide("discrepancy", "accept")
        assert bench.count("order.confirm") == 1


def test_other_differences_the_erp_names_are_parked_and_may_cancel() -> None:
    bench = placed()
    bench.ack("order.create", discrepancies=[{"field": "tax", "expected": "0", "found": "9.50"}])
    bench.decide("discrepancy", "cancel")
    bench.run()
    assert bench.state.closed == "cancelled" and not bench.parked
    assert [one.system for one in bench.commands if one.name == "order.cancel"] == ["odoo", "shopify-eu"]


def test_confirmed_by_hand_in_the_erp() -> None:
    bench = placed()
    bench.ack("order.create", total="9.00")
    bench.event("order.confirmed", {"number": "1001", "erp_number": "S00042", "confirmed_at": bench.now.isoformat()}, "odoo")
    assert not bench.parked and bench.names() == ["order.create", "fulfilment.release"]


# --- who ------------------------------------------------------------------------------------------------------------------


def test_carrier_warehouse_and_erp_are_chosen_by_rules() -> None:
    context = flow(
        {"carrier:ups": "ups-api", "wms-ch": "wms-zug", "erp-ch": "odoo-ch"},
        erps=[{"role": "erp-ch", "countries": ["CH"]}, {"role": "erp"}],
        warehouses=[{"name": "ZUG", "role": "wms-ch", "country": "CH", "countries": ["CH"]}, {"name": "NORTH", "country": "DE"}],
        carriers=[
            {"name": "ups", "service_levels": ["express"]},
            {"name": "dhl", "max_weight_kg": "2", "service": "PAKET"},
            {"name": "ups"},
        ],
        products={"LAMP": {"weight_kg": "0.2"}, "CORD": {"weight_kg": "0.1"}},
    )

    def of(**changes: Any) -> tuple[str, str, str, str]:
        bench = booked(context, **changes)
        shipment = bench.last("shipment.book")
        document = shipment.data["shipment"]
        return bench.commands[0].system, bench.last("fulfilment.release").system, document["carrier"], document["service_level"]

    assert of() == ("odoo", "wms-north", "dhl", "PAKET")
    assert of(service_level="express") == ("odoo", "wms-north", "ups", "express")
    assert of(ship_to=ZURICH) == ("odoo-ch", "wms-zug", "dhl", "PAKET")
    assert of(lines=(("1", "LAMP", "20"),)) == ("odoo", "wms-north", "ups", "")


def test_without_a_fitting_carrier_a_person_chooses() -> None:
    bench = released(flow({"carrier:ups": "ups-api"}))
    bench.pick()
    assert bench.parked["carrier:1"].error.detail["carriers"] == ["carrier:dhl", "carrier:ups"]
    bench.decide("carrier:1", "use_carrier", carrier="nobody")
    assert "carrier:1" in bench.parked
    bench.decide("carrier:1", "use_carrier", carrier="ups")
    assert bench.last("shipment.book").system == "ups-api" and not bench.parked


def test_a_role_nobody_plays_is_the_landscapes_fault() -> None:
    with pytest.raises(LandscapeInvalid, match="erp"):
        placed(flow(erps=[{"role": "erp-us"}]))
    with pytest.raises(LandscapeInvalid, match="shorts"):
        placed(flow(picks={"shorts": "ask"}))


# --- failures ---------------------------------------------------------------------------------------------------------------


def test_a_failure_parks_its_branch_only_and_a_later_success_unparks_it() -> None:
    bench = booked()
    bench.fail("transfer.validate", TargetRefused("lot missing"))
    parked = bench.parked["transfer.validate:1"]
    assert parked.command_id == bench.last("transfer.validate").id and parked.actions == ("done", "skip")
    bench.milestone("in_transit")
    assert bench.count("shop.fulfil") == 0 and bench.count("shipment.track") == 1
    bench.ack("transfer.validate")
    assert not bench.parked and bench.count("shop.fulfil") == 1


def test_a_booking_the_carrier_refuses_goes_to_another_one() -> None:
    bench = released(flow({"carrier:ups": "ups-api"}, carriers=[{"name": "dhl"}, {"name": "ups"}]))
    bench.pick()
    refused = bench.last("shipment.book")
    bench.fail("shipment.book", TargetRefused("address"))
    decision = bench.decide("shipment.book:1", "use_carrier", carrier="ups")
    assert decision.revoked == (refused.id,) and decision.unparked == ("shipment.book:1",)
    assert [one.system for one in bench.commands if one.name == "shipment.book"] == ["karrio", "ups-api"]
    bench.settle(refused, {"waybill": "GHOST", "tracking_number": "TG"})
    ghost = bench.last("shipment.cancel")
    assert (ghost.system, ghost.data["waybill"]) == ("karrio", "GHOST")
    bench.settle(refused, {"waybill": "GHOST", "tracking_number": "TG"})
    bench.run()
    assert bench.count("shipment.cancel") == 1 and bench.state.shipments[0].status == "booked"


def test_what_was_done_by_hand_counts_as_done() -> None:
    bench = placed()
    bench.fail("order.create", TargetRefused("no"))
    command = bench.last("order.create")
    bench.decide("order.create:1", "done", **ack_of(command))
    assert bench.count("order.confirm") == 1 and bench.state.erp_id == "7"


def test_a_branch_may_be_left_out() -> None:
    bench = booked()
    bench.ack("transfer.validate")
    bench.fail("shop.fulfil", TargetRefused("shop closed"))
    bench.decide("shop.fulfil:1", "skip")
    bench.milestone("delivered")
    bench.run()
    assert bench.count("shop.milestone") == 0 and bench.state.closed == "finished"


@pytest.mark.parametrize("action", ["release_again", "drop"])
def test_a_release_the_warehouse_did_not_take(action: str) -> None:
    bench = placed()
    bench.run("fulfilment.release")
    bench.fail("fulfilment.release", TargetRefused("unknown SKU"))
    bench.decide("fulfilment.release:1", action)
    if action == "drop":
        bench.run()
        assert bench.state.closed == "cancelled"
    else:
        assert [one.id[-1] for one in bench.commands if one.name == "fulfilment.release"] == ["1", "2"]


def test_a_carriers_alarm_is_seen_and_goes_away() -> None:
    bench = booked()
    bench.milestone("customs_held", description="papers")
    assert "papers" in bench.parked["milestone:1"].error.message
    bench.milestone("customs_cleared")
    assert not bench.parked
    bench.milestone("returned")
    bench.run()
    assert bench.parked and bench.state.shipments[0].status == "returned"
    bench.decide("milestone:1", "acknowledge")
    assert PROCESS.finished(bench.state)


def test_owners_by_role() -> None:
    bench = placed(flow(owners={"erp": "erp-team"}))
    bench.fail("order.create", TargetRefused("no"))
    assert bench.parked["order.create:1"].owner == "erp-team"
