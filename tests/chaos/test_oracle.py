"""The oracle itself: what it must call lost, doubled or out of order, it does."""

from __future__ import annotations

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
