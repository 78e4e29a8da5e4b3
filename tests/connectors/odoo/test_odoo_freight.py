"""Freight: a carrier's paper becomes a vendor bill without an order, and is spread over the goods it brought, once each."""

from __future__ import annotations

from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from purchase_scenes import line, purchase, vendor
from sale_scenes import delivery, usd
from test_odoo_invoices import closed

from crossdock.core.commands import Command
from crossdock.core.errors import CallNotAllowed, PeriodClosed, PermissionRefused, TargetRefused
from crossdock.core.outcomes import EffectAbsent, EffectFound


def paper(world: World, *charges: tuple[str, str], total: str, **more: Any) -> dict[str, Any]:
    """A freight invoice of charges (kind, amount)."""
    world.numbers += 1
    return {
        "number": f"F-{world.prefix}-{world.numbers}",
        "carrier": f"cargo-{world.prefix}",
        "issue_date": "2026-11-23",
        "currency": "USD",
        "lines": [
            {"number": str(at), "kind": kind, "amount": usd(amount), "waybill": f"W{at}", "description": kind.title()}
            for at, (kind, amount) in enumerate(charges, 1)
        ],
        "total": usd(total),
        **more,
    }


async def test_a_carriers_paper_becomes_one_bill_with_its_charges(world: World) -> None:
    freight, product = await world.product()
    partner = await vendor(world)
    invoice = paper(world, ("base", "40.00"), ("fuel", "6.20"), ("discount", "-1.20"), total="45.00")
    options = {"charge_sku": freight, "freight_vendors": {invoice["carrier"]: partner}}
    connector = world.connector(**options)
    command = world.command("bill.create", freight_invoice=invoice)
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert (ack["state"], ack["total"], ack["discrepancies"]) == ("draft", "45", [])
    bill = int(ack["bill_id"])
    (head,) = await world.rows("account.move", [["id", "=", bill]], ["partner_id", "ref", "move_type"])
    assert (head["partner_id"][0], head["ref"], head["move_type"]) == (partner, invoice["number"], "in_invoice")
    items = await world.rows(
        "account.move.line", [["move_id", "=", bill], ["display_type", "=", "product"]], ["name", "price_unit", "product_id"]
    )
    assert [(row["name"], row["price_unit"]) for row in items] == [("Base, W1", 40.0), ("Fuel, W2", 6.2), ("Discount, W3", -1.2)]
    assert {row["product_id"][0] for row in items} == {product}
    assert isinstance(await connector.find_effect(command), EffectFound)
    assert accepted(await attempt(connector, command)).repeated
    twin = await attempt(
        world.connector(**{**options, "xid_prefix": "other"}), world.command("bill.create", freight_invoice=invoice)
    )
    assert isinstance(twin, TargetRefused) and twin.detail["duplicate"]
    unknown = await attempt(
        world.connector(charge_sku=freight),
        world.command("bill.create", freight_invoice=paper(world, ("base", "1"), total="1", carrier="nobody")),
    )
    assert isinstance(unknown, TargetRefused) and "freight_vendors" in unknown.message


async def received(world: World) -> tuple[int, int, str]:
    """Ten pieces at average cost 4 that came in: product, transfer, SKU."""
    values = {"name": f"Average {world.prefix}", "property_cost_method": "average"}
    (category,) = await world.call("product.category", "create", key=world.admin_key, vals_list=[values])
    goods = await line(world, 10, 4)
    await world.call("product.product", "write", key=world.admin_key, ids=[goods["product"]], vals={"categ_id": category})
    order = await purchase(world, goods)
    ack = accepted(await attempt(world.connector(), order.receipt({"line": 0, "quantity": "10"}))).ack
    return goods["product"], int(ack["transfer_id"]), goods["sku"]


def spread(world: World, invoice: dict[str, Any], transfer: int, amount: str) -> Command:
    return world.command(
        "landed_cost.create", freight_invoice=invoice, transfers=[str(transfer)], amount=usd(amount), bill_id="",
        justified_by="e-1", approved_by="policy",
    )  # fmt: skip


async def test_freight_is_spread_over_the_goods_it_brought(world: World) -> None:
    product, transfer, _ = await received(world)
    freight, _ = await world.product()
    connector = world.connector(charge_sku=freight, secrets={"valuation_key": world.admin_key})
    command = spread(world, paper(world, ("base", "25.00"), total="25.00"), transfer, "25.00")
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert ack["state"] == "done"
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    assert accepted(await attempt(connector, command)).repeated
    (row,) = await world.rows("product.product", [["id", "=", product]], ["standard_price"], key=world.admin_key)
    assert row["standard_price"] == 6.5


async def test_what_cannot_be_spread_is_refused_before_anything_is_written(world: World) -> None:
    _, transfer, _ = await received(world)
    freight, _ = await world.product()
    invoice = paper(world, ("base", "25.00"), total="25.00")
    connector = world.connector(charge_sku=freight, secrets={"valuation_key": world.admin_key})
    gone = await attempt(connector, spread(world, invoice, 999_999_999, "25.00"))
    assert isinstance(gone, TargetRefused) and "not done" in gone.message
    sold = await delivery(world, ("1", "10"))
    out = await attempt(connector, spread(world, invoice, int(sold.sale.transfers[0]["id"]), "25.00"))
    assert isinstance(out, TargetRefused) and "receipts only" in out.message
    old = {**invoice, "issue_date": "2020-01-31"}
    async with closed(world, "2020-01-31", "fiscalyear_lock_date"):
        assert isinstance(await attempt(connector, spread(world, old, transfer, "25.00")), PeriodClosed)
    foreign = spread(world, invoice, transfer, "25.00")
    foreign.data["amount"]["currency"] = "EUR"
    assert isinstance(await attempt(connector, foreign), TargetRefused)
    assert isinstance(
        await attempt(world.connector(charge_sku=freight), spread(world, invoice, transfer, "25.00")), PermissionRefused
    )
    with pytest.raises(CallNotAllowed):
        await connector.client.call("stock.landed.cost", "unlink", ids=[1])


async def test_expected_freight_is_in_the_books_once(world: World) -> None:
    found = await world.rows(
        "account.account", [["account_type", "in", ["expense", "liability_current"]]], ["account_type"], key=world.admin_key
    )
    accounts = {row["account_type"].partition("_")[0]: row["id"] for row in found}
    connector = world.connector(accrual_accounts=accounts)
    command = world.command(
        "freight.accrue", shipment_number=f"SH-{world.prefix}", carrier="ups", amount=usd("12.34"), booked_on="2026-11-23",
        justified_by="e-1", approved_by="policy",
    )  # fmt: skip
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert ack["move_number"] and accepted(await attempt(connector, command)).repeated
    found_again = await connector.find_effect(command)
    assert isinstance(found_again, EffectFound) and found_again.ack == ack
    items = await world.rows("account.move.line", [["move_id", "=", int(ack["move_id"])]], ["debit", "credit", "parent_state"])
    assert [(row["debit"], row["credit"], row["parent_state"]) for row in items] == [
        (12.34, 0.0, "posted"),
        (0.0, 12.34, "posted"),
    ]
    back = world.command("freight.accrue", **{**command.data, "reverses": True})
    assert isinstance(await connector.find_effect(back), EffectAbsent), "what was booked is not what takes it back"
    out = accepted(await attempt(connector, back)).ack
    assert accepted(await attempt(connector, back)).repeated and accepted(await attempt(connector, command)).repeated
    items = await world.rows("account.move.line", [["move_id", "=", int(out["move_id"])]], ["debit", "credit"])
    assert [(row["debit"], row["credit"]) for row in items] == [(0.0, 12.34), (12.34, 0.0)]
    nowhere = await attempt(
        world.connector(), world.command("freight.accrue", **{**command.data, "shipment_number": f"S2-{world.prefix}"})
    )
    assert isinstance(nowhere, TargetRefused) and "accrual_accounts" in nowhere.message
    async with closed(world, "2026-11-23", "fiscalyear_lock_date"):
        late = await attempt(
            connector, world.command("freight.accrue", **{**command.data, "shipment_number": f"S3-{world.prefix}"})
        )
        assert isinstance(late, PeriodClosed)
