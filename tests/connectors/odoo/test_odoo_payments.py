"""payment.register: what the gateway or the bank moved settles the paper, once, and never more than it has open."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from odoo_world import World, accepted, attempt
from sale_scenes import DAY, Delivery, delivery
from test_odoo_invoices import closed

from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, Contended, PeriodClosed, RegisteredAboveResidual, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.faults import Fault


def payment(sold: Delivery, invoice: str, amount: str, currency: str = "USD", **more: Any) -> Command:
    sold.world.numbers += 1
    given = {
        "invoice_id": invoice, "direction": "in", "amount": {"amount": amount, "currency": currency}, "paid_on": DAY, "method": "card",
        "reference": f"psp-{sold.world.prefix}-{sold.world.numbers}",
    }  # fmt: skip
    return sold.command("payment.register", **{**given, **more})


async def payments(world: World, command: Command) -> list[dict[str, Any]]:
    return await world.rows("account.payment", [["memo", "=", command.data["reference"]]], ["amount", "state", "payment_type"])


async def test_an_invoice_is_paid_in_two_parts(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    invoice = (await sold.invoiced())["invoice_id"]
    command = payment(sold, invoice, "15.00")
    assert isinstance(await sold.connector.find_effect(command), EffectAbsent)
    ack = (await sold.done(command)).ack
    assert (ack["residual"], ack["payment_state"]) == ("25", "partial")
    found = await sold.connector.find_effect(command)
    assert isinstance(found, EffectFound) and found.ack == ack
    again = accepted(await attempt(world.connector(), command))
    assert again.repeated and again.ack == ack and len(await payments(world, command)) == 1
    rest = (await sold.done(payment(sold, invoice, "25.00"))).ack
    assert (rest["residual"], rest["payment_state"]) == ("0", "paid")
    (paper,) = await sold.papers("payment_state", "amount_residual")
    assert (paper["payment_state"], paper["amount_residual"]) == ("paid", 0.0)


async def test_a_refund_settles_the_credit_note(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    invoice = (await sold.invoiced())["invoice_id"]
    await sold.done(payment(sold, invoice, "40.00"))
    note = sold.request({"line": "1", "quantity": "1"}, name="credit_note.create", post=True, issue_date=DAY)
    made = (await sold.done(note)).ack
    assert (made["residual"], made["payment_state"]) == ("10", "not_paid")
    wrong = await attempt(sold.connector, payment(sold, made["invoice_id"], "10.00"))
    assert isinstance(wrong, TargetRefused) and "direction" in wrong.message
    out = payment(sold, made["invoice_id"], "10.00", direction="out")
    ack = (await sold.done(out)).ack
    assert (ack["residual"], ack["payment_state"]) == ("0", "paid")
    assert [row["payment_type"] for row in await payments(world, out)] == ["outbound"]


async def test_what_must_not_be_written_is_not(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    draft = (await sold.done(sold.request())).ack["invoice_id"]
    assert isinstance(await attempt(sold.connector, payment(sold, draft, "1.00")), TargetRefused)
    await sold.done(sold.command("invoice.post", invoice_id=draft, issue_date=DAY))
    more = await attempt(sold.connector, payment(sold, draft, "40.01"))
    assert isinstance(more, RegisteredAboveResidual) and more.detail["residual"] == "40"
    foreign = await attempt(sold.connector, payment(sold, draft, "1.00", currency="EUR"))
    assert isinstance(foreign, TargetRefused) and foreign.detail["expected"] == "USD"
    shapeless = await attempt(sold.connector, payment(sold, draft, "1.00", paid_on="", reference="", direction="up"))
    assert isinstance(shapeless, SchemaInvalid) and len(shapeless.detail["fields"]) == 3
    old = payment(sold, draft, "1.00", paid_on="2020-01-31")
    async with closed(world, "2020-01-31", "fiscalyear_lock_date"):
        assert isinstance(await attempt(sold.connector, old), PeriodClosed)
    assert not await payments(world, old)


async def test_the_same_payment_at_once_from_three_sides_is_one(world: World) -> None:
    sold = await delivery(world, ("4", "10"))
    command = payment(sold, (await sold.invoiced())["invoice_id"], "40.00")
    outcomes = await asyncio.gather(*(attempt(world.connector(), command) for _ in range(3)))
    assert all(isinstance(one, Accepted | Contended | TargetRefused) for one in outcomes), outcomes
    (row,) = await payments(world, command)
    assert row["amount"] == 40.0
    await sold.done(command)
    (paper,) = await sold.papers("payment_state")
    assert paper["payment_state"] == "paid"


@pytest.mark.parametrize(
    "path", ["account.payment/load", "account.payment/action_post", "account.move/js_assign_outstanding_line"]
)
@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE], ids=lambda f: f.value)
async def test_whatever_answer_is_lost_it_is_paid_once(world: World, path: str, fault: Fault) -> None:
    simulator = world.control("lose its answer")
    sold = await delivery(world, ("4", "10"), connector=world.connector(timeout=5))
    command = payment(sold, (await sold.invoiced())["invoice_id"], "40.00")
    simulator.faults.script(fault, path=f"/json/2/{path}")
    outcome: Any = await attempt(sold.connector, command)
    if not isinstance(outcome, Accepted):
        assert isinstance(outcome, AnswerLost) or outcome.family == "deferred", outcome
        await sold.done(command)
    assert isinstance(await sold.connector.find_effect(command), EffectFound)
    assert len(await payments(world, command)) == 1
    (paper,) = await sold.papers("payment_state")
    assert paper["payment_state"] == "paid"
