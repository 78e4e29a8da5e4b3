"""The way of a purchase order: confirmed in Odoo, sent by EDI, answered, announced, received, booked and billed; and what people must decide."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from tests.acceptance.buyer import Bought, Dockers, Purchasing, Supplier
from tests.acceptance.dock import until
from tests.acceptance.people import Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Business:
    """Everybody who takes part in a purchase."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.buyer = Purchasing(cast.dock)
        self.supplier = Supplier(cast.dock)
        self.dockers = Dockers(cast.dock)

    async def finished(self, order: Bought) -> None:
        """Wait until the hub has nothing more to do for the order."""
        try:
            await until(lambda: self.cast.finished(order.key), f"{order.key} is finished")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{await self.cast.short_story(order.key)}") from None

    async def billed(self, order: Bought, count: int = 1) -> None:
        """Wait until so many bills are in Odoo."""

        async def there() -> bool:
            return len(await self.buyer.bills(order)) >= count

        try:
            await until(there, f"{order.key} has {count} bills")
        except AssertionError as error:
            desk = [one.message for one in await self.cast.clerk.desk(key=order.key)]
            raise AssertionError(f"{error}\n{desk}\n{await self.cast.short_story(order.key)}") from None


@pytest.fixture
def business(cast: Cast) -> Iterator[Business]:
    """The supplier behaves well again afterwards."""
    found = Business(cast)
    found.supplier.behaves()
    yield found
    found.supplier.behaves()


async def test_a_purchase_order_goes_all_the_way(business: Business) -> None:
    buyer, supplier, dockers, cast = business.buyer, business.supplier, business.dockers, business.cast
    before = await cast.dock.desk.on_hand("HP-006")
    # when a buyer orders two articles and confirms
    order = await buyer.buys(("HP-006", 40, 2.50), ("HP-009", 12, 5.25))

    # then the supplier has it once, with our line numbers, prices and the day the goods are wanted
    paper = await supplier.has("850", order)
    numbers = [str(line["id"]) for line in await buyer.lines(order, "product_id")]
    ordered = [segment for segment in paper.segments if segment[0] == "PO1"]
    assert [(line[1], Decimal(line[2]), Decimal(line[4])) for line in ordered] == [
        (numbers[0], Decimal(40), Decimal("2.5")),
        (numbers[1], Decimal(12), Decimal("5.25")),
    ]
    assert "HP-006" in ordered[0] and any("20261224" in segment for segment in paper.segments)

    # and the warehouse expects what the supplier announced, with its pallet and lots
    expected = await dockers.expect(order)
    assert {line["sku"]: line["quantity"] for line in expected.document["lines"]} == {"HP-006": "40", "HP-009": "12"}
    assert all(line["lot"].startswith("LOT-") for line in expected.document["lines"])
    assert expected.document["units"][0]["sscc"] and "price" not in str(expected.document)
    assert await buyer.bills(order) == [], "the invoice waits for the goods"

    # when the goods are received
    await dockers.receive(order)

    # then Odoo has them once, and the bill is a draft at the price agreed
    await business.billed(order)
    assert [line["qty_received"] for line in await buyer.lines(order, "qty_received")] == [40.0, 12.0]
    [transfer] = await buyer.transfers(order)
    assert (transfer["state"], transfer["picking_type_code"]) == ("done", "incoming")
    assert await cast.dock.desk.on_hand("HP-006") - before == 40.0
    [bill] = await buyer.bills(order)
    assert (bill["move_type"], bill["state"], bill["amount_total"]) == ("in_invoice", "draft", 163.0)
    assert bill["currency_id"][1] == "EUR" and bill["ref"].startswith("INV-")
    assert [line["qty_invoiced"] for line in await buyer.lines(order, "qty_invoiced")] == [40.0, 12.0]
    head = await buyer.head(order, "partner_ref", "receipt_status")
    assert head["partner_ref"].startswith("SO-") and head["receipt_status"] == "full"

    # and nothing is left to do or to decide, and everything was acknowledged
    await business.finished(order)
    assert await cast.clerk.has_nothing(key=order.key)
    assert len(supplier.got("850", order)) == 1 and not supplier.got("860", order)
    assert [s[1] for got in supplier.partner.got if got.type == "997" for s in got.segments if s[0] == "AK5"].count("R") == 0
    assert await cast.dock.desk.external_ids("account.move", [bill["id"]]) == [
        f"crossdock.bill/1/{await buyer.vendor()}/in_invoice/{bill['ref']}"
    ]


async def test_a_price_within_tolerance_is_written_to_odoo_and_billed(business: Business) -> None:
    business.supplier.behaves(answer="change_price", price_factor=Decimal("1.01"))
    order = await business.buyer.buys(("HP-004", 10, 20.00))
    await business.dockers.receive(order)
    await business.billed(order)
    assert [line["price_unit"] for line in await business.buyer.lines(order, "price_unit")] == [20.2]
    [bill] = await business.buyer.bills(order)
    assert bill["amount_total"] == 202.0
    await business.finished(order)
    assert not business.supplier.got("860", order), "what the supplier confirmed is no change of the order"
    assert await business.cast.clerk.has_nothing(key=order.key)


async def test_a_price_beyond_it_goes_to_the_buyer_with_the_arithmetic(business: Business) -> None:
    business.supplier.behaves(answer="change_price", price_factor=Decimal("1.25"), ship="never")
    order = await business.buyer.buys(("HP-004", 10, 20.00))
    question = await business.cast.clerk.gets(key=order.key)
    assert "25" in question.message and "20" in question.message, question.message
    assert [line["price_unit"] for line in await business.buyer.lines(order, "price_unit")] == [20.0]
    accept = next(action for action in question.actions if action.startswith("accept"))
    await business.cast.clerk.decides(question, accept)

    async def written() -> bool:
        return [line["price_unit"] for line in await business.buyer.lines(order, "price_unit")] == [25.0]

    await until(written, "Odoo has the price the buyer accepted")


async def test_goods_that_come_in_two_parts_are_two_receipts_of_one_order(business: Business) -> None:
    order = await business.buyer.buys(("HP-005", 30, 4.00))
    receipt = await business.dockers.receive(order, "partial")

    async def half() -> bool:
        return [line["qty_received"] for line in await business.buyer.lines(order, "qty_received")] == [15.0]

    await until(half, "Odoo has the first half")
    assert sorted(row["state"] for row in await business.buyer.transfers(order)) == ["assigned", "done"]
    await business.dockers.receive(order)
    assert receipt.status == "completed"
    await business.billed(order)
    await business.finished(order)
    assert [row["state"] for row in await business.buyer.transfers(order)] == ["done", "done"]
    assert len(await business.buyer.bills(order)) == 1
    assert await business.cast.clerk.has_nothing(key=order.key)


async def test_damaged_goods_are_not_booked_and_somebody_is_told(business: Business) -> None:
    order = await business.buyer.buys(("HP-008", 20, 6.00))
    await business.dockers.receive(order, "damaged")
    question = await until(lambda: business.cast.clerk.with_code("process.decision_needed", "damaged"), "somebody is told")
    assert question.key == order.key

    async def booked() -> bool:
        return [line["qty_received"] for line in await business.buyer.lines(order, "qty_received")] == [19.0]

    await until(booked, "Odoo has what can be sold")
    assert await business.buyer.bills(order) == [], "twenty are invoiced and nineteen were received"


async def test_a_change_in_odoo_reaches_the_supplier(business: Business) -> None:
    business.supplier.behaves(answer="never", ship="never")
    order = await business.buyer.buys(("HP-007", 10, 80.00))
    await business.supplier.has("850", order)
    await business.buyer.changes(order, 0, product_qty=14)
    paper = await business.supplier.has("860", order)
    [line] = [segment for segment in paper.segments if segment[0] == "POC"]
    assert Decimal(line[3]) == 14


async def test_an_order_cancelled_in_odoo_is_taken_back_at_the_supplier(business: Business) -> None:
    business.supplier.behaves(answer="never", ship="never")
    order = await business.buyer.buys(("HP-007", 10, 80.00))
    await business.supplier.has("850", order)
    await business.buyer.cancels(order)
    paper = await business.supplier.has("860", order)
    assert paper.first("BCH")[1] == "01", "cancellation"
    assert len(business.supplier.got("850", order)) == 1
