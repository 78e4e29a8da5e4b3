"""bill.create: a supplier's paper becomes one draft, linked to what was ordered, and what Odoo makes of its totals is told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from purchase_scenes import Purchase, line, purchase

from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, Contended, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def bill(order: Purchase, *lines: dict[str, Any], number: str = "", total: str = "46.00", **more: Any) -> Command:
    """`bill.create`: each line has `line` (index of the ordered line), `quantity`, `price`, `net`; the standard is ten at four, taxed 15 %."""
    order.world.numbers += 1
    made = []
    for at, each in enumerate(lines or [{"line": 0, "quantity": "10", "price": "4", "net": "40.00"}], 1):
        rest = {name: value for name, value in each.items() if name not in ("line", "quantity", "price", "net")}
        if "line" in each:
            rest["order_line"] = str(order.lines[each["line"]])
        made.append(
            {
                "number": str(at),
                "quantity": {"value": each["quantity"]},
                "unit_price": usd(each["price"]),
                "net_amount": usd(each["net"]),
                "tax_percent": "15",
                "tax_category": "S",
                **rest,
            }
        )
    invoice = {
        "number": number or f"INV-{order.world.prefix}-{order.world.numbers}",
        "issue_date": "2026-11-23",
        "due_date": "2026-12-23",
        "currency": "USD",
        "order_number": order.name,
        "seller": {"name": "Supplier"},
        "lines": made,
        "payable": usd(total),
        **more,
    }
    return order.command("bill.create", invoice=invoice)


async def bill_lines(world: World, bill_id: str) -> list[dict[str, Any]]:
    fields = ["product_id", "name", "quantity", "price_unit", "tax_ids", "purchase_line_id"]
    return await world.rows("account.move.line", [["move_id", "=", int(bill_id)], ["display_type", "=", "product"]], fields)


async def test_a_paper_becomes_one_draft_linked_to_the_order(world: World) -> None:
    connector = world.connector()
    goods = await line(world, 10, 4)
    order = await purchase(world, goods)
    command = bill(order)
    number = command.data["invoice"]["number"]
    assert isinstance(await connector.find_effect(command), EffectAbsent)
    ack = accepted(await attempt(connector, command)).ack
    assert (ack["state"], ack["total"], ack["currency"], ack["discrepancies"]) == ("draft", "46", "USD", [])
    (made,) = await order.bills("ref", "partner_id", "invoice_date", "invoice_date_due", "amount_total")
    assert str(made["id"]) == ack["bill_id"] and (made["move_type"], made["ref"]) == ("in_invoice", number)
    assert made["partner_id"][0] == order.vendor and (made["invoice_date"], made["invoice_date_due"]) == (
        "2026-11-23",
        "2026-12-23",
    )
    (only,) = await bill_lines(world, ack["bill_id"])
    assert (
        only["purchase_line_id"][0] == order.lines[0] and only["product_id"][0] == goods["product"] and len(only["tax_ids"]) == 1
    )
    assert [row["qty_invoiced"] for row in await order.ordered("qty_invoiced")] == [10.0]
    (head,) = await world.rows("purchase.order", [["id", "=", order.id]], ["invoice_ids"])
    assert head["invoice_ids"] == [made["id"]]
    found = await connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    again = accepted(await attempt(world.connector(), command))
    assert again.repeated and again.ack == ack and len(await order.bills()) == 1


async def test_whoever_posts_the_bill_reads_how_it_was_matched(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    command = bill(order)
    command.data["matched"] = "10 ordered, 10 received, 10 invoiced <at 4.00>"  # type: ignore[index]
    for _ in range(2):
        ack = accepted(await attempt(connector, command)).ack
    domain = [["model", "=", "account.move"], ["res_id", "=", int(ack["bill_id"])], ["body", "ilike", "10 received"]]
    (note,) = await world.rows("mail.message", domain, ["body"], key=world.admin_key)
    assert "&lt;at 4.00&gt;" in note["body"]


async def test_billing_the_same_at_once_from_two_sides_is_billing_once(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    command = bill(order)
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(3)))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    assert len(await order.bills()) == 1


async def test_a_total_that_is_not_the_papers_is_told(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    ack = accepted(
        await attempt(world.connector(), bill(order, total="47.60", tax_total=usd("7.60"), tax_exclusive=usd("40.00")))
    ).ack
    assert ack["discrepancies"] == [
        {"field": "tax_total", "expected": "7.60", "found": "6.00"},
        {"field": "total", "expected": "47.60", "found": "46.00"},
    ]


async def test_freight_and_allowances_are_lines_and_need_no_order(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    charges = [
        {"charge": True, "amount": usd("12.50"), "reason": "Freight", "tax_percent": "0", "tax_category": "Z"},
        {"charge": False, "amount": usd("2.00"), "reason": "Bonus", "tax_percent": "15", "tax_category": "S"},
    ]
    lines = [
        {"line": 0, "quantity": "10", "price": "4", "net": "39.00", "allowances": [{"charge": False, "amount": usd("1.00")}]},
        {"quantity": "1", "price": "3.00", "net": "3.00", "name": "Handling"},
    ]
    # 39 + 3 - 2 = 40, taxed 6; 12.50 untaxed
    ack = accepted(await attempt(world.connector(), bill(order, *lines, total="58.50", allowances=charges))).ack
    assert ack["discrepancies"] == []
    rows = await bill_lines(world, ack["bill_id"])
    assert [(row["name"], row["price_unit"], bool(row["purchase_line_id"])) for row in rows][1:] == [
        ("Handling", 3.0, False),
        ("Freight", 12.5, False),
        ("Bonus", -2.0, False),
    ]
    assert rows[0]["price_unit"] == 3.9


async def test_a_credit_note_is_a_refund_and_counts_back(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    accepted(await attempt(connector, bill(order)))
    back = {"line": 0, "quantity": "2", "price": "4", "net": "8.00"}
    ack = accepted(await attempt(connector, bill(order, back, total="9.20", kind="credit_note", type_code="381"))).ack
    assert ack["discrepancies"] == []
    assert sorted(row["move_type"] for row in await order.bills()) == ["in_invoice", "in_refund"]
    assert [row["qty_invoiced"] for row in await order.ordered("qty_invoiced")] == [8.0]


async def test_a_number_the_vendor_has_used_is_refused_whoever_entered_it(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    number = f"INV-{world.prefix}-hand"
    (by_hand,) = await world.call(
        "account.move",
        "create",
        vals_list=[{"move_type": "in_invoice", "partner_id": order.vendor, "ref": number.upper(), "invoice_date": "2026-11-23"}],
    )
    outcome = await attempt(connector, bill(order, number=number))
    assert isinstance(outcome, TargetRefused) and outcome.detail["duplicate"] and outcome.detail["bills"] == [by_hand]
    other = await purchase(world, await line(world, 10, 4))  # another vendor's numbers are its own
    accepted(await attempt(connector, bill(other, number=number)))


async def test_another_paper_under_a_number_of_the_hub_is_refused(world: World) -> None:
    connector = world.connector()
    order = await purchase(world, await line(world, 10, 4))
    number = f"INV-{world.prefix}-twice"
    accepted(await attempt(connector, bill(order, number=number)))
    changed = bill(order, {"line": 0, "quantity": "9", "price": "4", "net": "36.00"}, number=number, total="41.40")
    outcome = await attempt(connector, changed)
    assert isinstance(outcome, TargetRefused) and "other lines" in outcome.message
    assert len(await order.bills()) == 1


async def test_a_rate_odoo_has_no_tax_for_is_refused_until_the_landscape_names_one(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    odd = {"line": 0, "quantity": "10", "price": "4", "net": "40.00", "tax_percent": "13.5"}
    outcome = await attempt(world.connector(), bill(order, odd))
    assert isinstance(outcome, TargetRefused) and outcome.detail["rate"] == "13.5" and "purchase_taxes" in outcome.message
    named = world.connector(purchase_taxes={"S/13.5": 2})
    assert accepted(await attempt(named, bill(order, odd))).ack["discrepancies"] == []


async def test_a_paper_without_rates_takes_those_of_the_order(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    bare = {"line": 0, "quantity": "10", "price": "4", "net": "40.00", "tax_percent": None, "tax_category": ""}
    ack = accepted(await attempt(world.connector(), bill(order, bare, total="46.00", tax_total=usd("6.00")))).ack
    assert ack["discrepancies"] == []
    free = accepted(await attempt(world.connector(), bill(order, bare, total="40.00", tax_total=usd("0.00")))).ack
    assert free["discrepancies"] == [] and (await bill_lines(world, free["bill_id"]))[0]["tax_ids"] == []


async def test_a_currency_odoo_does_not_use_is_refused(world: World) -> None:
    order = await purchase(world, await line(world, 10, 4))
    command = bill(order)
    command.data["invoice"].update(
        currency="XPF", payable={"amount": "46", "currency": "XPF"},
        lines=[{**each, "unit_price": {"amount": "4", "currency": "XPF"}, "net_amount": {"amount": "40", "currency": "XPF"}}
               for each in command.data["invoice"]["lines"]],
    )  # fmt: skip
    outcome = await attempt(world.connector(), command)
    assert isinstance(outcome, TargetRefused) and outcome.detail["currency"] == "XPF"


@pytest.mark.parametrize(
    "fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.ERROR_500_AFTER, Fault.MALFORMED], ids=lambda f: f.value
)
async def test_whatever_answer_is_lost_there_is_one_bill(world: World, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    connector = world.connector(timeout=5)
    order = await purchase(world, await line(world, 10, 4))
    command = bill(order)
    simulator.faults.script(fault, path="/json/2/account.move/load")
    assert isinstance(await attempt(connector, command), AnswerLost)
    if isinstance(await connector.find_effect(command), EffectAbsent):
        accepted(await attempt(connector, command))
    accepted(await attempt(connector, command))
    assert len(await order.bills()) == 1
