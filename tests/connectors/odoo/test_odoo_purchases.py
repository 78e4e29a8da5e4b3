"""Purchase orders captured from Odoo, and what suppliers confirmed written on them: once, nothing of a person's overruled, no trap of Odoo's."""

from __future__ import annotations

import asyncio
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from purchase_scenes import PLANNED, Purchase, line, poll_all, purchase, told, vendor
from purchase_scenes import events as events_of

from crossdock.canonical.purchase_order import PurchaseOrder
from crossdock.canonical.values import Money, Quantity
from crossdock.core.errors import AnswerLost, SourceDeleted, TargetRefused, TargetUnavailable
from crossdock.core.outcomes import EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


def kinds(events: list[Any]) -> list[str]:
    return [event.type.removeprefix("purchase_order.") for event in events]


async def wanted(order: Purchase, before: PurchaseOrder, changes: dict[int, dict[str, Any]], **head: Any) -> Any:
    """`purchase_order.update` from `before` with changes by index of the line."""
    lines = [ordered.model_copy(update=changes.get(at, {})) for at, ordered in enumerate(before.lines)]
    after = before.model_copy(update={"lines": tuple(lines), **head})
    return order.command(
        "purchase_order.update",
        purchase_order=after.model_dump(mode="json"),
        previous_purchase_order=before.model_dump(mode="json"),
    )


def price(amount: str) -> dict[str, Any]:
    return {"unit_price": Money(amount=Decimal(amount), currency="USD")}


def quantity(value: str) -> dict[str, Any]:
    return {"quantity": Quantity(value=Decimal(value))}


def day(text: str) -> dict[str, Any]:
    return {"delivery_date": date.fromisoformat(text)}


# In ----------------------------------------------------------------------------------------------------------


async def test_a_confirmed_order_is_told_whole_and_a_request_for_quotation_is_not(world: World) -> None:
    connector = world.connector(delivery_zone="Europe/Berlin")
    supplier = await vendor(
        world, ref="SUP-7", vat="", email="orders@supplier.example", street="Hauptstr. 1", city="Bonn", zip="53111"
    )
    goods = await line(world, 10, 4.25, product_barcode="", date_planned="2026-12-24 23:30:00", discount=10)
    template = (await world.rows("product.product", [["id", "=", goods["product"]]], ["product_tmpl_id"]))[0]["product_tmpl_id"][
        0
    ]
    await world.call(
        "product.supplierinfo",
        "create",
        vals_list=[{"partner_id": supplier, "product_tmpl_id": template, "product_code": "THEIRS-1", "price": 3}],
    )
    order = await purchase(world, goods, await line(world, 2, 1), confirm=False, partner=supplier, partner_ref="SO-9")
    assert await told(connector, order.id) == []
    await world.call("purchase.order", "button_confirm", ids=[order.id])
    (event,) = await told(connector, order.id)
    assert event.type == "purchase_order.confirmed" and event.key == f"purchase/odoo/{order.name}"
    assert [(r.scheme, r.value) for r in event.references] == [
        ("purchase:order", order.name),
        ("odoo:purchase_order_id", str(order.id)),
    ]
    data: PurchaseOrder = event.data
    assert data.number == order.name and data.supplier.named("odoo:ref") == "SUP-7" and data.supplier_order_number == "SO-9"
    assert data.supplier.named("odoo:partner_id") == str(supplier) and data.warehouse == "WH" and data.currency == "USD"
    first, second = data.lines
    assert (first.sku, first.supplier_sku, first.quantity.value, first.unit_price.amount) == (
        goods["sku"], "THEIRS-1", Decimal(10), Decimal("3.825"),
    )  # fmt: skip
    assert [first.number, second.number] == [str(id_) for id_ in order.lines]
    assert str(first.delivery_date) == "2026-12-25"  # the day at the warehouse, not in UTC
    assert data.total.amount == data.tax.amount + Decimal("40.25")  # type: ignore[union-attr]


async def test_an_order_placed_with_a_contact_is_an_order_to_its_company(world: World) -> None:
    connector = world.connector()
    company = await vendor(world, ref="SUP-8")
    contact = await vendor(world, is_company=False, parent_id=company)
    goods = await line(world, 10, 4)
    template = (await world.rows("product.product", [["id", "=", goods["product"]]], ["product_tmpl_id"]))[0]["product_tmpl_id"][
        0
    ]
    await world.call(
        "product.supplierinfo",
        "create",
        vals_list=[{"partner_id": company, "product_tmpl_id": template, "product_code": "THEIRS-2", "price": 3}],
    )
    told_now = await (await purchase(world, goods, partner=contact)).as_told(connector)
    assert told_now.supplier.named("odoo:ref") == "SUP-8" and told_now.supplier.named("odoo:partner_id") == str(contact)
    assert told_now.lines[0].supplier_sku == "THEIRS-2"


async def test_changes_after_the_confirmation_are_told_with_their_order_and_goods_received_are_none(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    _, cursor = await poll_all(connector, "purchases", {})
    _, cursor_lines = await poll_all(connector, "purchase_lines", {})
    await asyncio.sleep(
        1.1
    )  # `write_date` counts whole seconds; what follows within the confirmation's own second is marked instead
    await world.call("purchase.order.line", "write", ids=order.lines, vals={"date_planned": "2027-01-04 08:00:00"})
    messages, cursor = await poll_all(connector, "purchases", cursor)
    more, cursor_lines = await poll_all(connector, "purchase_lines", cursor_lines)
    found = [event for message in [*messages, *more] for event in events_of(connector, message) if event.key.endswith(order.name)]
    changed = [event for event in found if event.type == "purchase_order.changed"]
    assert changed and str(changed[-1].data.lines[0].delivery_date) == "2027-01-04"
    assert changed[-1].position is not None and changed[-1].position.stream == f"odoo/purchase.order/{order.id}/changed"
    assert accepted(await attempt(connector, order.receipt({"line": 0, "quantity": "10"})))
    again, _ = await poll_all(connector, "purchases", cursor)
    lines, _ = await poll_all(connector, "purchase_lines", cursor_lines)
    assert [m for m in [*again, *lines] if f"purchase.order,{order.id}," in m.dedupe_key] == []


async def test_what_the_hub_itself_wrote_is_marked(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    # the tests' people use the hub's own key; an administrator is somebody else
    await world.call("purchase.order", "write", key=world.admin_key, ids=[order.id], vals={"partner_ref": "SO-1"})
    *_, last = await told(connector, order.id)
    assert "written_by" not in last.extensions
    before = last.data
    await asyncio.sleep(1.1)
    accepted(await attempt(connector, await wanted(order, before, {0: price("4.5")})))
    *_, last = await told(connector, order.id)
    assert last.extensions == {"written_by": "hub"} and last.data.lines[0].unit_price.amount == Decimal("4.5")


async def test_a_cancelled_order_is_told_and_one_deleted_before_anybody_was_told_goes_to_a_person(world: World) -> None:
    connector = world.connector(deletions_every_minutes=1)
    kept, gone, draft = [await purchase(world, await line(world, 3, 2)) for _ in range(2)] + [
        await purchase(world, await line(world, 3, 2), confirm=False)
    ]
    _, cursor = await poll_all(connector, "purchases", {})
    for order in (kept, gone, draft):
        await world.call("purchase.order", "button_cancel", ids=[order.id])
    await world.call("purchase.order", "unlink", ids=[gone.id])
    messages, cursor = await poll_all(connector, "purchases", cursor)
    found = [event for message in messages for event in events_of(connector, message) if event.key.endswith(kept.name)]
    assert kinds(found) == ["cancelled"] and found[0].data.lines
    assert not [m for m in messages if f"purchase.order,{draft.id}," in m.dedupe_key], "nobody was told of the draft"
    cursor = {**cursor, "checked": "2026-01-01 00:00:00"}  # the hour until ids are compared is over
    messages, cursor = await poll_all(connector, "purchases", cursor)
    deleted = [message for message in messages if message.topic == "deleted" and f",{gone.id}," in message.dedupe_key]
    assert len(deleted) == 1
    with pytest.raises(SourceDeleted, match=str(gone.id)):
        events_of(connector, deleted[0])
    await world.call("purchase.order", "unlink", ids=[kept.id])  # told as cancelled: its deletion is no news
    messages, _ = await poll_all(connector, "purchases", {**cursor, "checked": "2026-01-01 00:00:00"})
    assert not [message for message in messages if message.topic == "deleted" and f",{kept.id}," in message.dedupe_key]


async def test_services_and_lines_of_nothing_are_said_to_be_so(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods, await line(world, 1, 9))
    product = (await world.rows("purchase.order.line", [["id", "=", order.lines[1]]], ["product_id"]))[0]["product_id"][0]
    await world.call("product.product", "write", ids=[product], vals={"type": "service"})
    await world.call(
        "purchase.order.line", "write", ids=[order.lines[0]], vals={"product_qty": 0, "price_unit": 4, "date_planned": PLANNED}
    )
    told_now = await order.as_told(connector)
    assert told_now.lines[0].status == "cancelled" and told_now.lines[0].quantity.value == 0
    assert ("item_type", "service") in [(i.scheme, i.value) for i in told_now.lines[1].identifiers]


# Out: purchase_order.update ----------------------------------------------------------------------------------


async def test_what_the_supplier_confirmed_is_written_and_the_receipt_follows(world: World) -> None:
    connector = world.connector(delivery_zone="Europe/Berlin")
    order = await purchase(world, await line(world, 10, 4), await line(world, 6, 2), await line(world, 5, 1))
    before = await order.as_told(connector)
    command = await wanted(
        order,
        before,
        {0: {**quantity("8"), **price("4.10"), **day("2027-01-05")}, 1: day("2026-12-29"), 2: {"status": "cancelled"}},
        supplier_order_number="SO-77",
    )
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert ack["refused"] == [] and ack["discrepancies"] == [] and ack["applied"] == [str(id_) for id_ in order.lines]
    rows = await order.ordered("product_qty", "price_unit", "date_planned")
    assert [(row["product_qty"], row["price_unit"]) for row in rows] == [(8.0, 4.1), (6.0, 2.0), (0.0, 1.0)]
    assert [row["date_planned"][:10] for row in rows] == ["2027-01-05", "2026-12-29", "2026-12-24"]
    moves = await world.rows(
        "stock.move", [["purchase_line_id", "in", order.lines]], ["product_uom_qty", "state", "location_dest_id"]
    )
    assert [m["product_uom_qty"] for m in moves if m["state"] != "cancel"] == [8.0, 6.0]
    assert {kind["picking_type_code"] for kind in await order.transfers()} == {"incoming"}, "nothing goes back to the vendor"
    (head,) = await world.rows("purchase.order", [["id", "=", order.id]], ["partner_ref"])
    assert head["partner_ref"] == "SO-77"
    assert isinstance(await connector.find_effect(command), EffectFound)
    assert accepted(await attempt(connector, command)).repeated
    assert [row["product_qty"] for row in await order.ordered("product_qty")] == [8.0, 6.0, 0.0]


async def test_a_quantity_alone_keeps_price_and_day_although_the_price_list_says_otherwise(world: World) -> None:
    """Odoo takes price and day anew from the vendor's list when only the quantity is written."""
    connector = world.connector()
    supplier = await vendor(world)
    goods = await line(world, 10, 4)
    template = (await world.rows("product.product", [["id", "=", goods["product"]]], ["product_tmpl_id"]))[0]["product_tmpl_id"][
        0
    ]
    await world.call(
        "product.supplierinfo", "create", vals_list=[{"partner_id": supplier, "product_tmpl_id": template, "price": 99}]
    )
    order = await purchase(world, goods, partner=supplier)
    before = await order.as_told(connector)
    accepted(await attempt(connector, await wanted(order, before, {0: quantity("7")})))
    (row,) = await order.ordered("product_qty", "price_unit", "date_planned")
    assert (row["product_qty"], row["price_unit"], row["date_planned"]) == (7.0, 4.0, PLANNED)


async def test_a_price_confirmed_for_a_discounted_line_is_the_price_without_discount(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4, discount=10))
    before = await order.as_told(connector)
    assert before.lines[0].unit_price.amount == Decimal("3.6")
    accepted(await attempt(connector, await wanted(order, before, {0: price("3.7")})))
    (row,) = await order.ordered("price_unit", "discount", "price_subtotal")
    assert (row["price_unit"], row["discount"], row["price_subtotal"]) == (3.7, 0.0, 37.0)


async def test_what_a_person_changed_meanwhile_is_not_overruled(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4), await line(world, 6, 2))
    before = await order.as_told(connector)
    await world.call("purchase.order.line", "write", ids=[order.lines[0]], vals={"price_unit": 3.5})
    ack = accepted(await attempt(connector, await wanted(order, before, {0: price("4.10"), 1: price("2.2")}))).ack
    assert ack["applied"] == [str(order.lines[1])]
    assert ack["refused"][0]["line"] == str(order.lines[0]) and "3.5" in ack["refused"][0]["reason"]
    assert [row["price_unit"] for row in await order.ordered("price_unit")] == [3.5, 2.2]


async def test_less_than_was_received_is_refused_and_closing_takes_what_came(world: World) -> None:
    """Odoo itself takes any quantity; only its pages warn a person."""
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4), await line(world, 10, 4))
    before = await order.as_told(connector)
    received = order.receipt({"line": 0, "quantity": "6"}, {"line": 1, "quantity": "6"})
    accepted(await attempt(connector, received))
    ack = accepted(await attempt(connector, await wanted(order, before, {0: quantity("5"), 1: {"status": "closed"}}))).ack
    assert "6 are received" in ack["refused"][0]["reason"] and ack["applied"] == [str(order.lines[1])]
    assert ack["discrepancies"] == []
    assert [row["product_qty"] for row in await order.ordered("product_qty")] == [10.0, 6.0]


async def test_a_cancelled_order_and_a_locked_one_are_refused(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    before = await order.as_told(connector)
    await world.call("purchase.order", "button_lock", ids=[order.id])
    outcome = await attempt(connector, await wanted(order, before, {0: price("5")}))
    assert isinstance(outcome, TargetRefused) and "locked" in outcome.message
    assert accepted(await attempt(world.connector(write_locked=True), await wanted(order, before, {0: price("5")})))
    await world.call("purchase.order", "button_unlock", ids=[order.id])
    await world.call("purchase.order", "button_cancel", ids=[order.id])
    outcome = await attempt(connector, await wanted(order, before, {0: price("6")}))
    assert isinstance(outcome, TargetRefused) and outcome.detail["state"] == "cancel"
    stranger = order.command("purchase_order.update", purchase_order=before.model_dump(mode="json"))
    stranger.data["refs"] = {}  # type: ignore[index]
    assert isinstance(await attempt(connector, stranger), TargetRefused)


@pytest.mark.parametrize("half", [0, 1], ids=["quantities", "prices and days"])
@pytest.mark.parametrize(
    "fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.ERROR_500_AFTER, Fault.MALFORMED], ids=lambda f: f.value
)
async def test_an_answer_lost_in_either_half_is_found_or_finished(world: World, fault: Fault, half: int) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=5)
    order = await purchase(world, await line(world, 10, 4))
    before = await order.as_told(connector)
    command = await wanted(order, before, {0: {**quantity("7"), **price("4.5")}})
    simulator.faults.script(fault, path="/json/2/purchase.order/write", skip=half)
    assert isinstance(await attempt(connector, command), AnswerLost)
    if isinstance(await connector.find_effect(command), EffectAbsent):
        accepted(await attempt(connector, command))
    (row,) = await order.ordered("product_qty", "price_unit", "date_planned")
    assert (row["product_qty"], row["price_unit"], row["date_planned"]) == (7.0, 4.5, PLANNED)
    assert isinstance(await connector.find_effect(command), EffectFound)


async def test_an_outage_in_html_is_deferred_and_nothing_is_written(world: World) -> None:
    simulator = world.control("answer 404 in HTML")
    connector = world.connector(timeout=5)
    order = await purchase(world, await line(world, 10, 4))
    command = await wanted(order, await order.as_told(connector), {0: quantity("7")})
    simulator.faults.script(Fault.OUTAGE_503, path="/json/2/purchase.order/write")
    assert isinstance(await attempt(connector, command), TargetUnavailable)
    assert [row["product_qty"] for row in await order.ordered("product_qty")] == [10.0]
