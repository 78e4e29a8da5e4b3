"""Stock: a question answered while a customer waits, and the whole inventory compared, of which only differences travel."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import orjson
import pytest

from crossdock.simulators.town import MISCOUNTED
from tests.acceptance.conftest import Opener
from tests.acceptance.dock import until
from tests.acceptance.people import Cast

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def ask(cast: Cast, *lines: tuple[str, str], signed: bool = True, shop: str = "shopify-eu") -> tuple[int, dict[str, Any]]:
    """The shop asks while a customer looks at the cart."""
    body = orjson.dumps({"lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines]})
    secret = cast.dock.town.keys["shopify"] if signed else "guessed"
    headers = {
        "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode(),
        "X-Shopify-Topic": "stock/asked", "X-Shopify-Webhook-Id": str(uuid.uuid4()),
        "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(), "Content-Type": "application/json",
    }  # fmt: skip
    async with aiohttp.request("POST", f"{cast.dock.url}/ask/stock-available/{shop}", data=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_the_question_is_answered_by_odoo_and_recorded(cast: Cast) -> None:
    stock = await cast.dock.desk.on_hand("HP-001")
    status, said = await ask(cast, ("HP-001", "3"), ("HP-002", "99000000"))
    assert (status, said["origin"]) == (200, "odoo"), said
    assert [line["enough"] for line in said["lines"]] == [True, False]
    assert Decimal(said["lines"][0]["available"]) <= Decimal(str(stock))
    # and what was asked and answered is in the ledger like any message
    rows = await cast.dock.rows("SELECT topic, system FROM ledger_message WHERE correlation=?", said["correlation"])
    assert rows == [("crossdock.asked", "shopify-eu")]


async def test_who_may_not_ask_or_asks_nonsense_is_refused(cast: Cast) -> None:
    assert (await ask(cast, ("HP-001", "1"), signed=False))[1]["code"] == "receive.signature_invalid"
    status, said = await ask(cast, ("HP-001", "0"))
    assert (status, said["code"]) == (422, "validate.schema")
    assert (await ask(cast, ("HP-001", "1"), shop="nobody"))[1]["code"] == "receive.unknown_system"


async def test_without_an_answer_in_time_the_last_known_is_said_and_then_nothing(opens: Opener) -> None:
    cast = await opens()
    odoo = cast.dock.desk.simulated("answer too late")
    # given a question that was answered a moment ago
    fresh = await ask(cast, ("HP-004", "1"))
    assert fresh[1]["origin"] == "odoo"
    # when Odoo takes longer than a customer waits
    odoo.latency.read = 1.5
    began = datetime.now(UTC)
    status, said = await ask(cast, ("HP-004", "2"))
    # then the answer comes in time, and says that it is from before
    assert (datetime.now(UTC) - began).total_seconds() < 1.4
    assert (status, said["origin"], said["lines"][0]["available"]) == (200, "last_known", fresh[1]["lines"][0]["available"])
    # of what was never asked nothing is said
    status, said = await ask(cast, ("HP-005", "1"))
    assert (status, said["code"]) == (504, "ask.timed_out")
    # nor of what is older than the flow allows
    cast.dock.clock.ahead += 16 * 60
    odoo.latency.read = 1.5
    assert (await ask(cast, ("HP-004", "2")))[0] in (401, 504)
    odoo.latency.read = 0.0


async def test_of_the_whole_inventory_only_differences_travel(opens: Opener) -> None:
    cast = await opens()
    cast.dock.desk.simulated("be counted as a whole: its database holds the stock of others")
    desk, floor = cast.dock.desk, cast.warehouse.floor
    # given a warehouse with many articles, of which Odoo has two wrong, and one in two bins
    floor.store(("HP-005", "B-07", ""), Decimal(1_000_000))
    floor.store(("HP-005", "A-01", ""), Decimal(0))
    for sku, missing in MISCOUNTED.items():
        assert await desk.on_hand(sku) == 1_000_000
        assert floor.stock[sku, "A-01", ""] == 1_000_000 + missing
    # when the nightly comparison runs
    code, said = await cast.auditor.runs("run", "inventory-snapshot", "--json")
    assert code == 0, said
    # then Odoo has what the warehouse has, and nothing but the differences was sent
    for sku, missing in MISCOUNTED.items():
        await until(lambda sku=sku, missing=missing: is_counted(cast, sku, 1_000_000 + missing), f"{sku} is put right in Odoo")
    sent = await cast.dock.rows("SELECT data FROM ledger_delivery WHERE name='stock.adjust' AND state=10")
    assert 1 <= len(sent) <= len(MISCOUNTED)
    assert await desk.on_hand("HP-005") == 1_000_000
    # and a second run finds nothing
    code, said = await cast.auditor.runs("run", "inventory-snapshot", "--json")
    assert code == 0, said
    again = await cast.dock.rows("SELECT data FROM ledger_delivery WHERE name='stock.adjust'")
    assert len(again) == len(sent)


async def is_counted(cast: Cast, sku: str, quantity: float) -> bool:
    return await cast.dock.desk.on_hand(sku) == quantity


# What is damaged, lost or found -------------------------------------------------------------------------------------------------------


async def settled(cast: Cast, sku: str, quantity: float) -> None:
    """Odoo comes to this level and stays there while everything the warehouse told was told again by its feed."""
    await until(lambda: is_counted(cast, sku, quantity), f"Odoo has {quantity} of {sku}")

    async def read() -> bool:
        rows = await cast.dock.rows("SELECT COUNT(*) FROM ledger_event WHERE type='stock.moved' AND state IN (0, 5)")
        return bool(rows[0][0] == 0)

    await until(read, "no movement waits")
    assert not [one for one in await cast.clerk.desk() if one.key.endswith(f"/{sku}")]


async def adjustments(cast: Cast, sku: str) -> int:
    """How many adjustments of a SKU the hub asked Odoo for."""
    rows = await cast.dock.rows(
        "SELECT COUNT(*) FROM ledger_delivery WHERE name='stock.adjust' AND key=?", f"stock/wms-north/{sku}"
    )
    return int(rows[0][0])


async def test_what_is_damaged_or_found_reaches_odoo_and_the_shops_at_once(cast: Cast) -> None:
    floor, sku = cast.warehouse.floor, "HP-011"
    before = await cast.dock.desk.on_hand(sku)
    # when goods are damaged in one bin and found in another
    floor.adjust(sku, Decimal(-4), "damage")
    floor.adjust(sku, Decimal(1), "found", "B-07")
    # then Odoo has as many fewer, by stock moves people can read, and the shops may sell as many fewer
    await settled(cast, sku, before - 3)
    free = await cast.dock.desk.free(sku)
    for shop in (cast.shopify, cast.outlet):
        await until(
            lambda shop=shop: (
                [one.data["quantity"] for one in shop.shop.effects_of("stock_set") if one.key == sku][-1:] == [free]
            ),
            "told",
        )
    # and what only went to another bin of the same place is nobody's business
    asked = await adjustments(cast, sku)
    floor.relocate(sku, Decimal(50), "A-01", "B-07")
    floor.adjust(sku, Decimal(-1), "loss")
    await settled(cast, sku, before - 4)
    assert await adjustments(cast, sku) == asked + 1


async def test_movements_told_twice_and_in_any_order_end_in_the_same_stock(cast: Cast) -> None:
    wms, sku = cast.warehouse.wms, "HP-010"
    before, asked = await cast.dock.desk.on_hand(sku), await adjustments(cast, sku)
    told = len(wms.warehouse.log)
    # given callbacks that are lost
    kept, wms.webhooks.subscriptions = wms.webhooks.subscriptions, []
    for reason, pieces in (("damage", -5), ("found", 2), ("count", -1), ("adjustment", 7)):
        wms.warehouse.adjust(sku, Decimal(pieces), reason)
    # when they come late, the last one first, each twice, while the hub has read them in the feed
    wms.webhooks.subscriptions = kept
    for body in reversed(wms.warehouse.log[told:]):
        for _ in range(2):
            wms.webhooks.send("stock.changed", body)
    # then each counted once
    await settled(cast, sku, before + 3)
    await wms.webhooks.drained()
    await settled(cast, sku, before + 3)
    assert await adjustments(cast, sku) == asked + 4


async def test_a_pick_counts_once_beside_the_damage_that_happened_before_odoo_knew_of_it(cast: Cast) -> None:
    floor, sku = cast.warehouse.floor, "HP-012"
    before, asked = await cast.dock.desk.on_hand(sku), await adjustments(cast, sku)
    # given an order that is picked, and a piece that breaks before the transfer is validated
    order = cast.shopify.orders((sku, 3))
    await cast.warehouse.gets(order.number)
    floor.adjust(sku, Decimal(-1), "damage")
    await cast.warehouse.picks(order.number)
    floor.adjust(sku, Decimal(-1), "damage")
    await cast.arrives(order)
    # then Odoo has what the warehouse has: the transfer took the pick, and only the damages were adjusted
    await settled(cast, sku, before - 5)
    assert await adjustments(cast, sku) == asked + 2
    picks = await cast.dock.rows("SELECT COUNT(*) FROM ledger_event WHERE type='stock.moved' AND key=?", f"stock/wms-north/{sku}")
    assert picks[0][0] >= 3, "the pick's movement is on record all the same"


async def test_a_bin_nobody_gave_a_place_waits_for_a_person_and_is_counted_then(opens: Opener) -> None:
    cast = await opens(
        {"value-maps/north-locations.yaml": lambda text: text.replace("unknown: default\ndefault: WH\n", "unknown: refuse\n")}
    )
    floor, sku = cast.warehouse.floor, "HP-009"
    before = await cast.dock.desk.on_hand(sku)
    floor.adjust(sku, Decimal(-2), "damage", "Z-99")
    about = (await until(lambda: cast.clerk.desk(code="normalize.value_map_missing"), "a bin without a place"))[0]
    assert "Z-99" in about.message and "north-locations" in about.message
    assert await cast.dock.desk.on_hand(sku) == before
    # when somebody says where that is, and what came by callback and by the feed is tried again
    await cast.clerk.teaches(about, "WH")
    for one in await cast.clerk.desk(code="normalize.value_map_missing"):
        await cast.clerk.retries(one)
    # then it is counted, once
    await until(lambda: is_counted(cast, sku, before - 2), "the damage is counted")
    assert await adjustments(cast, sku) == 1
