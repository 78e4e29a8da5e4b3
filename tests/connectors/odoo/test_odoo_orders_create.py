"""order.create: exactly one order whatever happens on the way, the source compared with what Odoo made of it."""

from __future__ import annotations

import asyncio

import pytest
from odoo_world import World, accepted, attempt

from crossdock.core.errors import AnswerLost, Contended, TargetRefused, UnknownSku
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


async def orders(world: World, number: str) -> list[dict]:
    return await world.rows("sale.order", [["client_order_ref", "=", number]], ["name", "state", "order_line", "amount_total"])


async def test_an_order_is_made_as_a_draft_with_its_lines_and_addresses(world: World) -> None:
    connector = world.connector(cache_minutes=0)
    one, two = (await world.product())[0], (await world.product())[0]
    order = world.order((one, "10", "99.5"), (two, "5", "50"), requested_ship_date="2026-12-01T10:00:00+02:00", note="Ring twice")
    ack = accepted(await attempt(connector, world.create(order))).ack
    (made,) = await world.rows(
        "sale.order",
        [["id", "=", int(ack["erp_id"])]],
        ["name", "state", "client_order_ref", "commitment_date", "partner_id", "partner_shipping_id", "order_line"],
    )
    assert made["name"] == ack["erp_number"] and made["state"] == "draft" and made["client_order_ref"] == order["number"]
    assert made["commitment_date"] == "2026-12-01 08:00:00"
    lines = await world.rows("sale.order.line", [["order_id", "=", made["id"]]], ["product_uom_qty", "price_unit"])
    assert [(line["product_uom_qty"], line["price_unit"]) for line in lines] == [(10.0, 99.5), (5.0, 50.0)]
    assert ack["lines"] == {"1": str(lines[0]["id"]), "2": str(lines[1]["id"])}
    (place,) = await world.rows(
        "res.partner", [["id", "=", made["partner_shipping_id"][0]]], ["type", "city", "parent_id", "country_id"]
    )
    assert place["type"] == "delivery" and place["city"] == "London" and place["parent_id"][0] == made["partner_id"][0]
    assert ["odoo:order", ack["erp_number"]] in ack["references"] and ["odoo:order_id", ack["erp_id"]] in ack["references"]


async def test_the_same_order_again_changes_nothing(world: World) -> None:
    """Plain loading would write the order again and double its lines."""
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "2", "10"))
    first = accepted(await attempt(connector, world.create(order)))
    await world.call("sale.order.line", "write", ids=[int(first.ack["lines"]["1"])], vals={"product_uom_qty": 3})
    second = accepted(await attempt(world.connector(), world.create(order)))
    assert second.ack["erp_id"] == first.ack["erp_id"]
    (made,) = await orders(world, order["number"])
    assert len(made["order_line"]) == 1
    assert {"field": "lines.1.quantity", "expected": "2", "found": "3.000000"} in second.ack["discrepancies"]


async def test_many_at_once_make_one_order(world: World) -> None:
    """`load` answers the losers of the race with 200 and no ids; searching first would have made six."""
    sku, _ = await world.product()
    order = world.order((sku, "1", "10"))
    warm = world.connector()
    await attempt(warm, world.create(world.order((sku, "1", "10"))))  # customer and address exist
    connectors = [world.connector() for _ in range(6)]
    outcomes = await asyncio.gather(*(attempt(c, world.create(order)) for c in connectors))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    assert len({outcome.ack["erp_id"] for outcome in outcomes if isinstance(outcome, Accepted)}) == 1
    assert len(await orders(world, order["number"])) == 1


@pytest.mark.parametrize("number", ["A 17", "A,18", "A/19", "ä ö #1|x:'\"%20", "shipping", "../1/1"])
async def test_odd_numbers_are_no_trouble(world: World, number: str) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "1", "10"), number=f"{world.prefix} {number}")
    order["lines"][0]["number"] = number
    ack = accepted(await attempt(connector, world.create(order))).ack
    assert list(ack["lines"]) == [number] and not [d for d in ack["discrepancies"] if d["field"].startswith("lines")]
    assert isinstance(await connector.find_effect(world.create(order)), EffectFound)


async def test_two_orders_with_the_same_line_numbers_keep_their_lines(world: World) -> None:
    """A line's external id used under another order would move the line there, silently."""
    connector = world.connector()
    sku, _ = await world.product()
    first, second = world.order((sku, "1", "10")), world.order((sku, "2", "10"))
    first["number"], second["number"] = f"{world.prefix}/1", f"{world.prefix}/1/1"
    for order in (first, second):
        accepted(await attempt(connector, world.create(order)))
    for order in (first, second):
        (made,) = await orders(world, order["number"])
        assert len(made["order_line"]) == 1


async def test_times_are_utc_whatever_zone_the_user_has(world: World) -> None:
    connector = world.connector(key=world.berlin_key)
    sku, _ = await world.product()
    order = world.order((sku, "1", "10"), requested_ship_date="2026-12-01T10:00:00+00:00")
    ack = accepted(await attempt(connector, world.create(order))).ack
    (made,) = await world.rows("sale.order", [["id", "=", int(ack["erp_id"])]], ["commitment_date", "date_order"])
    assert made["commitment_date"] == "2026-12-01 10:00:00" and made["date_order"] == "2026-11-20 09:30:00"


async def test_an_unknown_sku_is_named(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "1", "10"), (f"{world.prefix}-NONE", "1", "10"))
    outcome = await attempt(connector, world.create(order))
    assert isinstance(outcome, UnknownSku) and f"{world.prefix}-NONE" in outcome.message
    assert outcome.detail["skus"] == [f"{world.prefix}-NONE"]
    assert await orders(world, order["number"]) == []


async def test_a_sku_of_two_products_is_refused_and_not_guessed(world: World) -> None:
    connector = world.connector()
    sku, one = await world.product()
    _, two = await world.product(sku)
    order = world.order((sku, "1", "10"))
    outcome = await attempt(connector, world.create(order))
    assert isinstance(outcome, TargetRefused) and outcome.detail["skus"] == {sku: [one, two]}
    assert await orders(world, order["number"]) == []


async def test_a_barcode_names_a_product_too(world: World) -> None:
    connector = world.connector()
    barcode = f"BC{world.prefix}"
    _, id_ = await world.product(barcode=barcode)
    ack = accepted(await attempt(connector, world.create(world.order((barcode, "1", "10"))))).ack
    (line,) = await world.rows("sale.order.line", [["order_id", "=", int(ack["erp_id"])]], ["product_id"])
    assert line["product_id"][0] == id_


async def test_a_product_deleted_since_it_was_cached_is_found_anew(world: World) -> None:
    connector = world.connector()
    sku, old = await world.product()
    await connector.client.company()
    found = await connector._create._catalogue.find([sku])
    assert found.items[sku].id == old
    await world.call("product.product", "unlink", key=world.admin_key, ids=[old])
    _, new = await world.product(sku)
    ack = accepted(await attempt(connector, world.create(world.order((sku, "1", "10"))))).ack
    (line,) = await world.rows("sale.order.line", [["order_id", "=", int(ack["erp_id"])]], ["product_id"])
    assert line["product_id"][0] == new


async def test_what_odoo_makes_of_the_order_is_compared_with_the_source(world: World) -> None:
    """Odoo rounds 3.3333 to 3.33 without a word."""
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "3.3333", "9"), total={"amount": "30.00", "currency": "USD"})
    ack = accepted(await attempt(connector, world.create(order))).ack
    found = {d["field"]: (d["expected"], d["found"]) for d in ack["discrepancies"]}
    assert found["lines.1.quantity"] == ("3.3333", "3.330000")
    assert found["lines.1.amount"] == ("30.00", "29.97")
    assert "total" in found


async def test_taxes_are_decided_by_odoo_and_the_difference_is_told(world: World) -> None:
    """A domestic customer is taxed at 15 %, one abroad is not (fiscal position)."""
    connector = world.connector()
    sku, id_ = await world.product(price=100)
    (tax,) = (
        await world.rows("account.tax", [["type_tax_use", "=", "sale"], ["amount", "=", 15.0]], ["name"], key=world.admin_key)
    )[:1]
    await world.call("product.product", "write", key=world.admin_key, ids=[id_], vals={"taxes_id": [[6, 0, [tax["id"]]]]})
    at_home = {**world.order((sku, "1", "100"))["ship_to"], "country": "US", "city": "Dover", "postal_code": "19901"}
    taxed = world.order(
        (sku, "1", "100"), ship_to=at_home, customer={"id": f"{world.prefix}-US", "name": "Grace", "address": at_home}
    )
    taxed["tax"] = {"amount": "0", "currency": "USD"}
    abroad = world.order((sku, "1", "100"))
    ack = accepted(await attempt(connector, world.create(taxed))).ack
    assert {d["field"]: d["found"] for d in ack["discrepancies"]} == {"tax": "15.00", "total": "115.00"}
    assert ack["total"] == "115.00"
    assert accepted(await attempt(connector, world.create(abroad))).ack["discrepancies"] == []


async def test_a_shipping_charge_becomes_a_line_of_its_own(world: World) -> None:
    freight, _ = await world.product()
    sku, _ = await world.product()
    order = world.order(
        (sku, "1", "10"), shipping={"amount": "4.90", "currency": "USD"}, total={"amount": "14.90", "currency": "USD"}
    )
    ack = accepted(await attempt(world.connector(freight_sku=freight), world.create(order))).ack
    assert ack["discrepancies"] == [] and list(ack["lines"]) == ["1"] and ack["total"] == "14.90"
    without = world.order(
        (sku, "1", "10"), shipping={"amount": "4.90", "currency": "USD"}, total={"amount": "14.90", "currency": "USD"}
    )
    ack = accepted(await attempt(world.connector(), world.create(without))).ack
    assert {d["field"] for d in ack["discrepancies"]} == {"shipping", "total"}


async def test_a_discount_gives_the_exact_amount(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "3", "10"), (sku, "4", "10"), total={"amount": "58.00", "currency": "USD"})
    order["lines"][0]["discount"] = {"amount": "10.00", "currency": "USD"}  # a third: no percentage of two places
    order["lines"][1]["discount"] = {"amount": "2.00", "currency": "USD"}  # five per cent
    ack = accepted(await attempt(connector, world.create(order))).ack
    assert ack["discrepancies"] == []
    lines = await world.rows("sale.order.line", [["order_id", "=", int(ack["erp_id"])]], ["discount", "price_subtotal"])
    assert [(line["discount"], line["price_subtotal"]) for line in lines] == [(0.0, 20.0), (5.0, 38.0)]


async def test_a_currency_without_price_list_is_refused_before_anything_is_made(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "1", "10"))
    order["currency"] = order["total"]["currency"] = order["lines"][0]["unit_price"]["currency"] = "XAF"
    outcome = await attempt(connector, world.create(order))
    assert isinstance(outcome, TargetRefused) and "XAF" in outcome.message
    assert await orders(world, order["number"]) == []


async def test_another_currency_goes_by_its_price_list(world: World) -> None:
    (euro,) = await world.rows(
        "res.currency", [["name", "=", "EUR"]], ["active"], context={"active_test": False}, key=world.admin_key
    )
    if not euro["active"]:
        await world.call("res.currency", "write", key=world.admin_key, ids=[euro["id"]], vals={"active": True})
    made = [{"name": f"Euro {world.prefix}", "currency_id": euro["id"]}]
    (pricelist,) = await world.call("product.pricelist", "create", key=world.admin_key, vals_list=made)
    sku, _ = await world.product()
    order = world.order((sku, "2", "10"))
    order["currency"] = order["total"]["currency"] = order["lines"][0]["unit_price"]["currency"] = "EUR"
    outcome = accepted(await attempt(world.connector(pricelists={"EUR": pricelist}), world.create(order)))
    assert outcome.ack["currency"] == "EUR" and outcome.ack["total"] == "20.00" and outcome.ack["discrepancies"] == []
    await world.call("product.pricelist", "write", key=world.admin_key, ids=[pricelist], vals={"active": False})


async def test_another_unit_is_sent_as_such(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    order = world.order((sku, "2", "120"))
    order["lines"][0]["quantity"]["unit"] = "DZN"
    ack = accepted(await attempt(connector, world.create(order))).ack
    (line,) = await world.rows("sale.order.line", [["order_id", "=", int(ack["erp_id"])]], ["product_uom_id", "product_uom_qty"])
    assert line["product_uom_id"][1] == "Dozens" and line["product_uom_qty"] == 2.0


# Batches ------------------------------------------------------------------------------------------------------


async def test_a_batch_makes_all_orders_in_few_calls(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    commands = [world.create(world.order((sku, str(n), "10"))) for n in range(1, 21)]
    outcomes = await connector.deliver_many(commands)
    ids = [accepted(outcome).ack["erp_id"] for outcome in outcomes]
    assert len(set(ids)) == 20
    for command, outcome in zip(commands, outcomes, strict=True):
        (made,) = await orders(world, command.data["order"]["number"])
        assert str(made["id"]) == accepted(outcome).ack["erp_id"] and outcome.ack["discrepancies"] == []
    if world.simulator is not None:
        calls = world.simulator.requests
        await connector.deliver_many(commands)
        assert world.simulator.requests - calls <= 6


async def test_one_bad_order_does_not_spoil_a_batch(world: World) -> None:
    connector = world.connector()
    sku, _ = await world.product()
    good = [world.order((sku, "1", "10")) for _ in range(4)]
    unknown = world.order((f"{world.prefix}-NONE", "1", "10"))
    wrong = world.order((sku, "1", "10"), currency="usd")
    long_ago = world.order((sku, "1", "10"), ship_to={**world.order((sku, "1", "1"))["ship_to"], "country": "XX"})
    batch = [good[0], unknown, good[1], wrong, good[2], long_ago, good[3]]
    outcomes = await connector.deliver_many([world.create(order) for order in batch])
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, False, True, False, True, False, True]
    assert isinstance(outcomes[1], UnknownSku)
    assert outcomes[3].code == "validate.schema" and outcomes[5].detail["country"] == "XX"  # type: ignore[union-attr]
    for order in good:
        assert len(await orders(world, order["number"])) == 1


async def test_an_order_odoo_objects_to_is_refused_alone(world: World) -> None:
    """Odoo takes all of a load or nothing; the rest of the batch goes without the one it names."""
    connector = world.connector(carriers={"broken": 99_999_999})
    sku, _ = await world.product()
    good = [world.order((sku, "1", "10"), (sku, "1", "11")) for _ in range(3)]
    bad = world.order((sku, "1", "10"), (sku, "1", "11"), service_level="broken")
    outcomes = await connector.deliver_many([world.create(order) for order in (good[0], good[1], bad, good[2])])
    assert [isinstance(outcome, Accepted) for outcome in outcomes] == [True, True, False, True], outcomes
    assert isinstance(outcomes[2], TargetRefused)
    assert await orders(world, bad["number"]) == []


# Silence ------------------------------------------------------------------------------------------------------


async def test_an_answer_lost_after_the_commit_is_found_again(world: World) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=3.0)
    sku, _ = await world.product()
    command = world.create(world.order((sku, "1", "10")))
    simulator.faults.script(Fault.RESET_AFTER, path="/json/2/sale.order/load")
    assert isinstance(await attempt(connector, command), AnswerLost)
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack["discrepancies"] == []
    again = accepted(await attempt(connector, command))
    assert again.ack["erp_id"] == found.ack["erp_id"]
    assert len(simulator.effects_of("order_created")) == 1


async def test_a_client_that_gives_up_does_not_stop_odoo(world: World) -> None:
    """The server goes on after a time-out of the client: uncertain, and found once it has ended."""
    sku, _ = await world.product()
    patient = world.connector()
    accepted(await attempt(patient, world.create(world.order((sku, "1", "10")))))
    orders_ = [world.create(world.order((sku, "1", "10"))) for _ in range(60)]
    hasty = world.connector(write_timeout=0.25)
    if world.simulator is not None:
        world.simulator.faults.timeout_delay = 1.0
        world.simulator.faults.script(Fault.TIMEOUT_AFTER, path="/json/2/sale.order/load")
    await hasty._create._partners.ensure(await hasty._transfers._ids(), [])
    outcomes = await hasty.deliver_many(orders_)
    assert all(isinstance(outcome, AnswerLost) for outcome in outcomes), outcomes[0]
    for _ in range(200):
        if isinstance(await patient.find_effect(orders_[0]), EffectFound):
            break
        await asyncio.sleep(0.05)
    assert all([isinstance(await patient.find_effect(command), EffectFound) for command in orders_[:5]])
    again = await patient.deliver_many(orders_)
    assert all(isinstance(outcome, Accepted) for outcome in again)
    found = await world.rows("sale.order", [["client_order_ref", "in", [c.data["order"]["number"] for c in orders_]]], ["name"])
    assert len(found) == 60


async def test_what_was_never_sent_is_absent(world: World) -> None:
    sku, _ = await world.product()
    assert isinstance(await world.connector().find_effect(world.create(world.order((sku, "1", "10")))), EffectAbsent)
