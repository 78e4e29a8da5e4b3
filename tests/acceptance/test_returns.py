"""Goods that come back: asked for in the returns portal, received and graded at the warehouse, back in Odoo's stock, credited, and paid back
at the gateway that took the money: once, and never more than it took."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.acceptance.dock import until
from tests.acceptance.people import Cast, Placed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@dataclass
class Customer:
    """Somebody who ordered, paid at the gateway and got the goods; afterwards with what the shop says of each line."""

    cast: Cast
    order: Placed

    @classmethod
    async def of(cls, cast: Cast, *lines: tuple[str, int], paid: str = "") -> Customer:
        order = cast.shopify.orders(*lines)
        cast.dock.town.giving_back.pay(f"{order.shop}/{order.number}", paid or order.total)
        await cast.warehouse.picks(order.number)
        await cast.arrives(order)
        return cls(cast, order)

    @property
    def lines(self) -> dict[str, dict[str, Any]]:
        return {line["sku"]: line for line in self.placed["line_items"]}

    @property
    def placed(self) -> dict[str, Any]:
        return self.cast.shopify.shop.store.find(self.order.number)

    def price(self, sku: str, pieces: int) -> Decimal:
        """What the customer paid for so many pieces, with tax, by the shop's own figures."""
        line = self.lines[sku]
        whole = Decimal(line["price"]) * line["quantity"]
        if not self.placed["taxes_included"]:
            whole += sum(Decimal(one["price"]) for one in line["tax_lines"])
        return (whole * pieces / line["quantity"]).quantize(Decimal("0.01"))

    def asks(self, sku: str, pieces: int, reason: str = "changed_mind") -> str:
        return self.cast.dock.town.portal.ask(
            "shopify-eu", self.order.number, [(str(self.lines[sku]["id"]), sku, pieces)], reason
        )

    @property
    def number(self) -> str:
        """The hub's number of the first return."""
        return f"RT-shopify-eu.{self.order.number}-1"

    async def sends(self) -> None:
        """The parcel goes back and arrives at the warehouse."""
        desk = self.cast.warehouse.floor.returns
        await until(
            lambda: any(one.key == self.number for one in self.cast.warehouse.wms.effects_of("return_expected")), "it is expected"
        )
        desk.receive(self.number)

    def back(self) -> list[Decimal]:
        """What the gateway gave back of this order, refund by refund."""
        found = self.cast.dock.town.stripe.oracle().values()
        return [
            Decimal(one["amount"]) / 100 for each in found if each["order_number"] == self.order.number for one in each["refunds"]
        ]

    def told(self) -> list[str]:
        """What the portal shows of this order's returns, in order."""
        portal = self.cast.dock.town.portal
        mine = {one["id"] for one in portal.requests_made if one["order"] == self.order.number}
        return [one["status"] for one in portal.answers.values() if one["request"] in mine]

    async def over(self) -> None:
        await until(lambda: self.cast.finished(self.order), f"{self.order.key} is finished")

    async def papers(self) -> list[tuple[str, str, str]]:
        """Kind, state and sum of the customer's papers in Odoo."""
        tables = self.cast.dock.town.odoo.store.tables
        mine = {row["id"] for row in tables["sale.order"].rows.values() if row["client_order_ref"] == self.order.number}
        lines = {id_ for id_, row in tables["sale.order.line"].rows.items() if row["order_id"] in mine}
        moves = {one["move_id"] for one in tables["account.move.line"].rows.values() if lines & set(one["sale_line_ids"] or ())}
        return [
            (row["move_type"], row["state"], f"{Decimal(str(row['amount_total'])):.2f}")
            for row in (tables["account.move"].rows[id_] for id_ in sorted(moves))
        ]


async def test_a_return_is_received_booked_credited_and_refunded_once(cast: Cast) -> None:
    if cast.dock.real:
        pytest.skip("the papers of a real Odoo are looked at in tests/connectors/odoo")
    customer = await Customer.of(cast, ("HP-004", 2), ("HP-010", 3))
    owed = customer.price("HP-004", 1)
    # when a customer asks, and the same request is told again
    request = customer.asks("HP-004", 1)
    told = cast.dock.town.portal.webhooks.log[-1]
    cast.dock.town.portal.webhooks.send("return", told.body)
    before = await cast.dock.desk.lines(customer.order.number)
    assert before["HP-004"] == (2.0, 2.0)
    await customer.sends()

    # then the money is back, once, to the cent
    await until(customer.back, "the refund at the gateway")
    await customer.over()
    assert customer.back() == [owed]
    assert customer.told() == ["authorised", "received", "refunded"]
    # and Odoo has the goods and the credit note
    assert (await cast.dock.desk.lines(customer.order.number))["HP-004"] == (2.0, 1.0)
    credit = ("out_refund", "posted", f"{owed:.2f}")

    async def credited() -> bool:
        return credit in await customer.papers()

    await until(credited, "the credit note in Odoo")
    # and every step says which event is the reason and who allowed it
    story = await cast.story(customer.order.key)
    money = [step for step in story if step["step"] == "command" and step["what"] in {"payment.refund", "credit_note.create"}]
    assert {step["what"] for step in money} == {"payment.refund", "credit_note.create"}
    assert await cast.clerk.has_nothing(key=customer.order.key)

    # when everything is told once more, nothing moves
    cast.dock.town.portal.webhooks.send("return", told.body)
    for hook in [one for one in cast.dock.town.stripe.webhooks.log if one.topic.startswith("refund")]:
        cast.dock.town.stripe.webhooks.send(hook.topic, hook.body)
    await cast.dock.town.stripe.webhooks.drained()
    await customer.over()
    assert customer.back() == [owed] and len([one for one in cast.dock.town.portal.requests_made if one["id"] == request]) == 1


async def test_more_than_was_taken_goes_to_a_person_and_nothing_is_sent(cast: Cast) -> None:
    customer = await Customer.of(cast, ("HP-004", 2), paid="10.00")
    customer.asks("HP-004", 2, "damaged")
    await customer.sends()
    held = await cast.clerk.gets("payment.refund_above_capture", key=customer.order.key)
    assert held.owner == "finance" and "10.00 were captured" in held.message and customer.back() == []
    await cast.clerk.decides(held, "refund_rest")
    await until(customer.back, "what is left goes back")
    await customer.over()
    assert customer.back() == [Decimal("10.00")]


async def test_a_parcel_nobody_authorised_waits_for_a_person(cast: Cast) -> None:
    customer = await Customer.of(cast, ("HP-010", 2))
    cast.warehouse.floor.returns.arrive(customer.order.number, [{"sku": "HP-010", "quantity": "1"}])
    held = await cast.clerk.gets("return.without_authorisation", key=customer.order.key)
    assert customer.back() == []
    await cast.clerk.decides(held, "accept")
    await until(customer.back, "the refund at the gateway")
    await customer.over()
    assert customer.back() == [customer.price("HP-010", 1)] and customer.told() == []
