"""Parcels that cross a customs border: nothing is booked before the papers are complete, and what is missing is named."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.conftest import Opener
from tests.acceptance.people import LYON, MANCHESTER, Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")

PAPERS = {"hs_code": "9506.91", "origin_country": "TW", "weight_kg": "2.5"}


async def test_with_papers_in_odoo_it_goes_by_itself(cast: Cast) -> None:
    order = cast.shopify.orders(("HP-004", 2), buyer=MANCHESTER)
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    [book] = [s for s in await cast.story(order.key) if s["step"] == "command" and s["what"] == "shipment.book"]
    shipment = book["mapped"]["shipment"]
    [line] = shipment["customs"]
    assert (line["hs_code"].replace(".", ""), line["origin_country"], line["quantity"]["value"]) == ("560890", "PT", "2")
    assert (line["value"]["amount"], line["value"]["currency"], shipment["incoterm"]) == ("69.80", "EUR", "DAP")
    # and the carrier really got it
    sent = " ".join(e["sent"] for s in await cast.story(order.key) for e in s.get("exchanges", ()) if "ship" in e["url"])
    assert "560890" in sent.replace(".", "")
    assert await cast.clerk.has_nothing(key=order.key)


async def test_inside_the_union_nobody_asks_for_papers(cast: Cast) -> None:
    await cast.dock.desk.has_product("HP-PLAIN")
    await cast.dock.desk.count("HP-PLAIN", 100)
    cast.outlet.sells("HP-PLAIN", "30.00")
    order = cast.outlet.orders(("HP-PLAIN", 1), buyer=LYON)
    await cast.warehouse.picks(order.number)
    await cast.arrives(order)
    assert await cast.clerk.has_nothing(key=order.key)


async def test_what_is_missing_is_named_before_booking_and_supplied_by_a_person(opens: Opener) -> None:
    # given a flow without an Incoterm, an article without papers, and one that costs nothing
    cast = await opens({"flows/order-*.yaml": lambda page: re.sub(r"  incoterm: DAP\n", "", page)})
    desk = cast.dock.desk
    await desk.has_product("HP-PLAIN")
    await desk.count("HP-PLAIN", 100)
    cast.shopify.sells("HP-PLAIN", "0.00")
    order = cast.shopify.orders(("HP-PLAIN", 1), ("HP-005", 1), buyer=MANCHESTER)
    # when it is picked
    await cast.warehouse.picks(order.number)
    # then it waits for a person, who reads what is missing
    parked = await cast.clerk.gets(key=order.key)
    assert parked.code == "process.customs_incomplete"
    missing = {str(one).rpartition(".")[2] for one in parked.detail["missing"]}
    assert missing == {"hs_code", "origin_country", "value", "incoterm"}, parked.detail
    assert not [one for one in parked.detail["missing"] if "HP-005" in str(one)], "that one has its papers"
    assert cast.carriers.bookings(order) == []
    # when only a part is supplied, then the rest is asked for again
    await cast.clerk.decides(parked, "supply", products={"HP-PLAIN": PAPERS})
    again = await cast.clerk.gets(key=order.key)
    assert {str(one).rpartition(".")[2] for one in again.detail["missing"]} == {"value", "incoterm"}
    assert cast.carriers.bookings(order) == []
    # when everything is there, then it goes on to the doorstep
    await cast.clerk.decides(again, "supply", incoterm="DAP", products={"HP-PLAIN": {"value": "12.00"}})
    await cast.arrives(order)
    [book] = [s for s in await cast.story(order.key) if s["step"] == "command" and s["what"] == "shipment.book"]
    shipment = book["mapped"]["shipment"]
    assert shipment["incoterm"] == "DAP"
    assert {line["sku"]: line["value"]["amount"] for line in shipment["customs"]}["HP-PLAIN"] == "12.00"
    assert len(cast.carriers.bookings(order)) == 1
    assert await cast.clerk.has_nothing(key=order.key)


async def test_papers_completed_in_odoo_and_asked_for_again(cast: Cast) -> None:
    desk = cast.dock.desk
    await desk.has_product("HP-BARE")
    await desk.count("HP-BARE", 100)
    await desk.edit_product("HP-BARE", hs_code=False)
    cast.outlet.sells("HP-BARE", "25.00")
    order = cast.outlet.orders(("HP-BARE", 1), buyer=MANCHESTER)
    await cast.warehouse.picks(order.number)
    parked = await cast.clerk.gets(key=order.key)
    # a retry without anything new asks again
    await cast.clerk.decides(parked, "retry")
    parked = await cast.clerk.gets(key=order.key)
    await cast.clerk.decides(parked, "supply", products={"HP-BARE": PAPERS})
    await cast.arrives(order)
    assert len(cast.carriers.bookings(order)) == 1
