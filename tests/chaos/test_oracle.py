"""The oracle itself: what it must call lost, doubled or out of order, it does."""

from __future__ import annotations

from decimal import Decimal

from crossdock.simulators.town import Town


async def test_it_counts_what_happened_at_the_systems() -> None:
    town = Town(seed=3)
    await town.start()
    try:
        order = town.place_order()
        number = order.split("/")[1]
        assert town.judge().undelivered == (order,)
        assert (town.judge().doubled, town.judge().order_violations) == (0, 0)
        town.odoo.record("order_created", number)
        town.odoo.record("order_confirmed", number)
        assert town.judge().doubled == 0
        town.odoo.record("order_created", number)
        assert town.judge().doubles == (f"odoo order_created {number}: 2 times",)
        late = town.place_order().split("/")[1]
        town.wms.record("fulfilment_released", "FO-9", {"order_number": late})
        town.odoo.record("order_confirmed", late)
        assert town.judge().violations == (f"order {late}: fulfilment_released before order_confirmed",)
        town.ups.record("shipment_booked", "SH-1")
        town.ups.record("shipment_booked", "SH-1")
        assert town.judge().doubled == 2
    finally:
        await town.stop()


async def test_it_sees_stock_that_odoo_has_otherwise_than_the_warehouse() -> None:
    town = Town(seed=3)
    await town.start()
    try:
        assert town.judge().stock_differences == ()
        town.wms.warehouse.adjust("HP-001", Decimal(-2), "damage")
        town.wms.warehouse.adjust("HP-003", Decimal(1), "found")
        verdict = town.judge()
        assert verdict.mishaps == 2
        assert verdict.stock_differences == (
            "HP-001: 999998 in the warehouse, 1000000 in Odoo",
            "HP-003: 999989 in the warehouse, 1000000 in Odoo",
        )
        town.wms.warehouse.relocate("HP-005", Decimal(5), "A-01", "B-07")
        town.wms.warehouse.adjust("HP-003", Decimal(11), "found")
        assert [each[:6] for each in town.judge().stock_differences] == ["HP-001"], "put right, whoever did it"
    finally:
        await town.stop()


async def test_it_sees_what_became_of_a_purchase_order() -> None:
    town = Town(seed=3)
    await town.start()
    try:
        number = town.buy()
        assert (town.judge().purchases, town.judge().unbought) == (1, (number,))
        town.acme.record("got_850", number)
        assert town.judge().doubled == 0
        town.acme.record("got_850", number)
        assert town.judge().doubles == (f"supplier has order {number} 2 times",)
        town.wms.record("received", "GR-1", {"order_number": number, "lines": []})
        town.wms.record("receipt_expected", "RC-1", {"order_number": number})
        assert town.judge().violations == (f"purchase {number}: received before announced",)
        row = next(iter(town.odoo.store.tables["purchase.order.line"].rows.values()))
        row["qty_received"] = 1.0
        assert f"odoo took in 1.0 of 0 received for {number}" in town.judge().doubles
    finally:
        await town.stop()


async def test_it_counts_the_money_that_went_back() -> None:
    town = Town(seed=3)
    await town.start()
    try:
        orders = [town.place_order() for _ in range(40)]
        asked = town.giving_back.ask(orders)
        assert asked and len(asked) < 20 and town.giving_back.ask(orders) == []
        assert (town.judge().refunds_doubled, len(town.judge().refunds_apart)) == (0, len(asked))
        one = next(one for one in town.giving_back.all() if one.order == asked[0])
        number = asked[0].partition("/")[2]
        [payment] = [id_ for id_, found in town.stripe.oracle().items() if found["order_number"] == number]
        cents, about = int(one.owed * 100), {"payment_intent": payment, "metadata": {"crossdock_command": "c1"}}
        town.stripe.store.refund(about, cents, "k1")
        assert one.order not in town.judge().refunds_apart and town.judge().refunds_doubled == 0
        town.stripe.store.refund(about, 1, "k2")
        assert len(town.judge().refunds_twice) == 2, "the command moved money twice, and more went back than is owed"
        assert town.judge().refunds_apart[one.order] == Decimal("0.01")
        [other] = [
            id_
            for id_, found in town.stripe.oracle().items()
            if found["order_number"] not in {n.partition("/")[2] for n in asked}
        ][:1]
        town.stripe.store.refund({"payment_intent": other}, 5, "k3")
        assert any("nothing asked for" in words for words in town.judge().refunds_twice)
    finally:
        await town.stop()
