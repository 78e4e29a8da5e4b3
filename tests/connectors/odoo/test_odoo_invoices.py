"""invoice.create, invoice.post, invoice.charge and credit_note.create: one paper for one wish, no more than was delivered, never in a closed period."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from sale_scenes import DAY, delivery, usd

from crossdock.core.errors import (
    AnswerLost,
    CallNotAllowed,
    Contended,
    CreditAboveInvoice,
    InvoiceAboveDelivery,
    NothingToInvoice,
    PeriodClosed,
    TargetRefused,
)
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


@asynccontextmanager
async def closed(world: World, until: str, lock: str = "sale_lock_date") -> AsyncIterator[None]:
    """The books are closed up to a day."""
    await world.call("res.company", "write", key=world.admin_key, ids=[1], vals={lock: until})
    try:
        yield
    finally:
        await world.call("res.company", "write", key=world.admin_key, ids=[1], vals={lock: False})


async def test_what_was_delivered_becomes_one_draft(world: World) -> None:
    sold = await delivery(world, ("4", "10.5"), ("2", "3"))
    command = sold.request(total=usd("48.00"), issue_date=DAY, reference="RF18539007547034")
    assert isinstance(await sold.connector.find_effect(command), EffectAbsent)
    ack = (await sold.done(command)).ack
    assert (ack["state"], ack["invoice_number"], ack["total"], ack["currency"]) == ("draft", "", "48", "USD")
    assert (ack["reference"], ack["discrepancies"]) == ("RF18539007547034", [])
    (paper,) = await sold.papers("invoice_date", "ref", "partner_id")
    assert (str(paper["id"]), paper["move_type"], paper["invoice_date"]) == (ack["invoice_id"], "out_invoice", DAY)
    assert paper["ref"] == sold.number
    assert [row["qty_invoiced"] for row in await sold.lines("qty_invoiced")] == [4.0, 2.0]
    (order,) = await world.rows("sale.order", [["id", "=", int(sold.sale.erp_id)]], ["invoice_ids", "invoice_status"])
    assert (order["invoice_ids"], order["invoice_status"]) == ([paper["id"]], "invoiced")
    found = await sold.connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    again = accepted(await attempt(world.connector(), command))
    assert again.repeated and again.ack == ack and len(await sold.papers()) == 1


async def test_the_lines_of_a_part_and_then_the_rest(world: World) -> None:
    sold = await delivery(world, ("4", "10"), ("2", "3"))
    first = (await sold.done(sold.request({"line": "1", "quantity": "3"}))).ack
    rest = (await sold.done(sold.request())).ack
    assert (first["total"], rest["total"]) == ("30", "16")
    nothing = await attempt(sold.connector, sold.request())
    assert isinstance(nothing, NothingToInvoice)
    more = await attempt(sold.connector, sold.request({"line": "1", "quantity": "1"}))
    assert isinstance(more, InvoiceAboveDelivery) and more.detail["delivered"] == "4"
    assert len(await sold.papers()) == 2


async def test_nothing_is_invoiced_before_it_is_delivered(world: World) -> None:
    sold = await delivery(world, ("4", "10"), picked=False)
    assert isinstance(await attempt(sold.connector, sold.request()), NothingToInvoice)
    wanted = await attempt(sold.connector, sold.request({"line": "1", "quantity": "1"}))
    assert isinstance(wanted, InvoiceAboveDelivery)
    assert not await sold.papers()


async def test_a_total_that_is_not_the_wished_one_is_told(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    ack = (await sold.done(sold.request({"line": "1", "quantity": "4", "amount": usd("39.00")}, total=usd("40.00")))).ack
    assert ack["discrepancies"] == [{"field": "total", "expected": "40.00", "found": "39.00"}]


async def test_the_same_wish_at_once_from_three_sides_is_one_paper(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    command = sold.request()
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(3)))
    assert all(isinstance(outcome, Accepted | Contended) for outcome in outcomes), outcomes
    assert len(await sold.papers()) == 1


async def test_posting_is_judged_by_reading_again(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    made = (await sold.done(sold.request())).ack
    command = sold.command("invoice.post", invoice_id=made["invoice_id"], issue_date=DAY)
    assert isinstance(await sold.connector.find_effect(command), EffectAbsent)
    posted = await sold.done(command)
    assert not posted.repeated and posted.ack["state"] == "posted" and posted.ack["invoice_number"]
    assert (posted.ack["total"], posted.ack["residual"], posted.ack["discrepancies"]) == ("40", "40", [])
    found = await sold.connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == posted.ack
    assert (await sold.done(command)).repeated
    await world.call("account.move", "button_cancel", ids=[int(made["invoice_id"])])
    gone = await attempt(sold.connector, command)
    assert isinstance(gone, TargetRefused) and gone.detail["state"] == "cancel"


async def test_a_closed_period_is_refused_before_anything_is_posted(world: World) -> None:
    """Odoo would post, and book it silently on the first open day."""
    sold = await delivery(world, ("4", "10"))
    made = (await sold.done(sold.request())).ack
    command = sold.command("invoice.post", invoice_id=made["invoice_id"], issue_date="2020-01-31")
    async with closed(world, "2020-01-31"):
        refused = await attempt(sold.connector, command)
        assert isinstance(refused, PeriodClosed) and refused.detail["date"] == "2020-01-31"
        at_once = await attempt(sold.connector, sold.request(name="credit_note.create", post=True))
        assert not isinstance(at_once, Accepted)
        (paper,) = await sold.papers()
        assert paper["state"] == "draft"
        again = sold.command("invoice.post", invoice_id=made["invoice_id"], issue_date="2020-02-01")
        assert (await sold.done(again)).ack["issue_date"] == "2020-02-01"


async def test_what_is_wanted_posted_is_there_only_when_it_is(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    command = sold.request(post=True, issue_date="2020-01-31")
    async with closed(world, "2020-01-31"):
        assert isinstance(await attempt(sold.connector, command), PeriodClosed)
        assert isinstance(await sold.connector.find_effect(command), EffectAbsent)
    ack = (await sold.done(command)).ack
    assert ack["state"] == "posted" and len(await sold.papers()) == 1


async def test_a_cost_is_charged_on_a_paper_of_its_own(world: World) -> None:
    freight, _ = await world.product()
    sold = await delivery(world, ("4", "10"), connector=world.connector(freight_sku=freight))
    line = {"quantity": "1", "kind": "freight", "description": "Express, 12 kg", "amount": usd("17.50")}
    command = sold.request(line, name="invoice.charge", total=usd("17.50"))
    ack = (await sold.done(command)).ack
    assert (ack["total"], ack["discrepancies"]) == ("17.5", [])
    (item,) = await world.rows(
        "account.move.line",
        [["move_id", "=", int(ack["invoice_id"])], ["display_type", "=", "product"]],
        ["name", "sale_line_ids"],
    )
    assert (item["name"], item["sale_line_ids"]) == ("Express, 12 kg", [])
    assert (await sold.done(command)).repeated and len(await sold.papers()) == 1
    assert [row["qty_invoiced"] for row in await sold.lines("qty_invoiced")] == [0.0]
    nameless = await attempt(world.connector(), sold.request(line, name="invoice.charge"))
    assert isinstance(nameless, TargetRefused) and "freight_sku" in nameless.message


async def test_several_orders_of_one_customer_go_on_one_paper(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    other = await delivery(world, ("2", "3"), connector=sold.connector)
    command = sold.request(order_numbers=[sold.number, other.number], total=usd("46.00"))
    ack = (await sold.done(command)).ack
    assert (ack["total"], ack["discrepancies"]) == ("46", [])
    for each in (sold, other):
        (order,) = await world.rows("sale.order", [["id", "=", int(each.sale.erp_id)]], ["invoice_ids", "invoice_status"])
        assert (order["invoice_ids"], order["invoice_status"]) == ([int(ack["invoice_id"])], "invoiced")
    unknown = await attempt(sold.connector, sold.request(order_numbers=["nobody-knows"]))
    assert isinstance(unknown, TargetRefused) and unknown.detail["order"] == "nobody-knows"


async def test_lines_of_several_orders_are_told_apart_by_their_order(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    other = await delivery(world, ("2", "3"), connector=sold.connector)
    lines = [
        {"line": "1", "quantity": "3", "order_number": sold.number},
        {"line": "1", "quantity": "1", "order_number": other.number},
    ]
    command = sold.request(*lines, order_numbers=[sold.number, other.number], total=usd("33.00"))
    command.data["orders"] = {sold.number: sold.sale.erp_id, other.number: other.sale.erp_id}
    ack = (await sold.done(command)).ack
    assert (ack["total"], ack["discrepancies"]) == ("33", [])
    invoiced = [[line["qty_invoiced"] for line in await each.lines("qty_invoiced")] for each in (sold, other)]
    assert invoiced == [[3.0], [1.0]]
    more = await attempt(sold.connector, sold.request(*lines, order_numbers=[sold.number, other.number]))
    assert isinstance(more, InvoiceAboveDelivery)


# Credit notes --------------------------------------------------------------------------------------------------


async def test_what_came_back_is_taken_back_from_its_invoice(world: World) -> None:
    sold = await delivery(world, ("4", "10"), ("2", "3"))
    invoice = await sold.invoiced()
    wish = {"line": "1", "quantity": "1"}
    command = sold.request(
        wish, name="credit_note.create", reverses=invoice["invoice_number"], total=usd("10.00"), return_number="RMA-1",
        post=True, issue_date=DAY,
    )  # fmt: skip
    ack = (await sold.done(command)).ack
    assert (ack["state"], ack["total"], ack["discrepancies"]) == ("posted", "10", [])
    note, paper = sorted(
        await sold.papers("reversed_entry_id", "amount_residual", "payment_state", "ref"), key=lambda row: -row["id"]
    )
    assert (note["move_type"], note["reversed_entry_id"][0]) == ("out_refund", paper["id"]) and "RMA-1" in note["ref"]
    assert (paper["payment_state"], paper["amount_residual"]) == ("partial", 36.0)
    found = await sold.connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    assert (await sold.done(command)).repeated and len(await sold.papers()) == 2


async def test_no_more_is_credited_than_the_invoice_has(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    assert isinstance(await attempt(sold.connector, sold.request(name="credit_note.create")), TargetRefused)
    await sold.invoiced()
    await sold.done(sold.request({"line": "1", "quantity": "3"}, name="credit_note.create"))
    more = await attempt(sold.connector, sold.request({"line": "1", "quantity": "2"}, name="credit_note.create"))
    assert isinstance(more, CreditAboveInvoice) and more.detail["left"] == "1"
    dear = await attempt(
        sold.connector, sold.request({"line": "1", "quantity": "1", "amount": usd("10.01")}, name="credit_note.create")
    )
    assert isinstance(dear, CreditAboveInvoice)
    rest = (await sold.done(sold.request(name="credit_note.create"))).ack
    assert rest["total"] == "10"
    assert isinstance(await attempt(sold.connector, sold.request(name="credit_note.create")), NothingToInvoice)


async def test_an_amount_for_no_line_in_particular(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    await sold.invoiced()
    line = {"quantity": "1", "kind": "other", "description": "Scratched box", "amount": usd("5.00")}
    ack = (await sold.done(sold.request(line, name="credit_note.create"))).ack
    assert ack["total"] == "5"
    assert [row["qty_invoiced"] for row in await sold.lines("qty_invoiced")] == [4.0]


# Faults --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["account.move/load", "account.move/action_post"])
@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.ERROR_500_AFTER], ids=lambda f: f.value)
async def test_whatever_answer_is_lost_there_is_one_posted_paper(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    sold = await delivery(world, ("4", "10"), connector=world.connector(timeout=5))
    command = sold.request(post=True, issue_date=DAY)
    simulator.faults.script(fault, path=f"/json/2/{path}")
    outcome: Any = await attempt(sold.connector, command)
    if not isinstance(outcome, Accepted):
        assert isinstance(outcome, AnswerLost) or outcome.family == "deferred", outcome
        await sold.done(command)
    assert isinstance(await sold.connector.find_effect(command), EffectFound)
    (paper,) = await sold.papers()
    assert (paper["state"], paper["amount_total"]) == ("posted", 40.0)


async def test_only_the_date_of_a_draft_is_written(world: World) -> None:
    client = world.connector().client
    with pytest.raises(CallNotAllowed):
        await client.call("account.move", "write", ids=[1], vals={"state": "posted"})
    with pytest.raises(CallNotAllowed):
        await client.call("account.move", "button_draft", ids=[1])
