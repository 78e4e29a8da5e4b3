"""What is the same for all web shops: which order a command means, what proves that nothing happened, and how stock is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import pytest

from crossdock.connectors.base import Options
from crossdock.connectors.protocol import Capabilities, PollResult
from crossdock.connectors.shop_stock import levels_of, sellable, whole_pieces
from crossdock.connectors.web_shop import WebShopConnector
from crossdock.core.commands import Command
from crossdock.core.errors import AnswerLost, DocumentUnknown, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound, EffectUnclear, Outcome
from crossdock.testing import ManualClock, make_context

ORDERS = {"1001": ["17"], "1002": ["18", "19"]}


class ShopOptions(Options):
    settle_seconds: float = 2.0


class Shop(WebShopConnector):
    """A shop that cancels at once, and loses the answer of every shipment."""

    kind = "shop"
    title = "Shop"
    capabilities = Capabilities(repeatable=frozenset({"shop.stock", "order.cancel"}))
    Options = ShopOptions
    shipped = False

    async def _fulfil(self, command: Command) -> Outcome:
        raise AnswerLost("no answer")

    async def _milestone(self, command: Command) -> Outcome:
        return Accepted({})

    async def _cancel(self, command: Command) -> Outcome:
        return Accepted({"order": await self._order_id(command)})

    async def _set_stock(self, commands: Sequence[Command]) -> Sequence[Outcome]:
        return [Accepted({"together": len(commands)}) for _ in commands]

    async def _find_fulfilment(self, command: Command) -> Mapping[str, Any] | None:
        return {"shipped": True} if self.shipped else None

    async def _find_milestone(self, command: Command) -> Mapping[str, Any] | None:
        return {}

    async def _find_cancellation(self, command: Command) -> Mapping[str, Any] | None:
        return None

    async def _ids_of(self, number: str) -> Sequence[str]:
        return ORDERS.get(number, [])

    async def _changed_orders(self, cursor: Mapping[str, Any]) -> PollResult:
        return PollResult((), {"since": "now"})


def command(name: str, **data: Any) -> Command:
    return Command("cmd-1", name, "shop", "order/shop/1", data)


@pytest.mark.parametrize(
    "data",
    [{"refs": {"shop:order_id": 17}, "order_number": "1002"}, {"order_number": "1001"}, {"refs": {"shop:order": "1001"}}],
)
async def test_an_order_is_found_by_its_id_else_by_its_number(data: dict[str, Any]) -> None:
    shop = Shop(make_context(Shop, system="shop"))
    assert await shop.deliver(command("order.cancel", **data)) == Accepted({"order": "17"})
    await shop.context.http.close()


@pytest.mark.parametrize("data", [{"order_number": "1002"}, {"order_number": "9"}, {}])
async def test_an_order_that_is_not_exactly_one_is_refused(data: dict[str, Any]) -> None:
    shop = Shop(make_context(Shop, system="shop"))
    with pytest.raises(TargetRefused, match="does not know order"):
        await shop.deliver(command("order.cancel", **data))
    await shop.context.http.close()


async def test_an_effect_that_is_not_shown_is_absent_only_once_the_lost_request_has_settled() -> None:
    clock = ManualClock()
    shop = Shop(make_context(Shop, system="shop", clock=clock))
    lost = command("shop.fulfil")
    with pytest.raises(AnswerLost):
        await shop.deliver(lost)
    assert isinstance(await shop.find_effect(lost), EffectUnclear)
    shop.shipped = True
    assert await shop.find_effect(lost) == EffectFound({"shipped": True})
    shop.shipped = False
    clock.advance(2.1)
    assert await shop.find_effect(lost) == EffectAbsent()
    await shop.context.http.close()


async def test_what_another_worker_lost_before_it_died_may_be_under_way_as_well() -> None:
    clock = ManualClock()
    successor = Shop(make_context(Shop, system="shop", clock=clock))
    lost = command("shop.fulfil")
    assert await successor.find_effect(lost) == EffectUnclear("the unanswered request may still be under way", retry_after=2.0)
    clock.advance(2.1)
    assert await successor.find_effect(lost) == EffectAbsent()
    await successor.context.http.close()


async def test_what_may_be_repeated_needs_no_proof_and_an_empty_acknowledgement_is_one() -> None:
    shop = Shop(make_context(Shop, system="shop"))
    assert await shop.find_effect(command("order.cancel")) == EffectAbsent()
    assert await shop.find_effect(command("shop.stock")) == EffectAbsent()
    assert await shop.find_effect(command("shop.milestone")) == EffectFound({})
    await shop.context.http.close()


async def test_stock_travels_together_and_only_the_orders_can_be_polled() -> None:
    shop = Shop(make_context(Shop, system="shop"))
    stock = command("shop.stock")
    assert list(await shop.deliver_many([stock, stock])) == [Accepted({"together": 2})] * 2
    assert await shop.deliver(stock) == Accepted({"together": 1})
    assert (await shop.poll("orders", {})).cursor == {"since": "now"}
    with pytest.raises(DocumentUnknown, match="Shop has no channel 'customers'"):
        await shop.poll("customers", {})
    await shop.context.http.close()


def level(**fields: Any) -> dict[str, Any]:
    return {"sku": "A", "location": "WH", "on_hand": {"value": "5"}, "counted_at": "2026-03-05T08:00:00Z", **fields}


def test_what_is_available_may_be_sold_else_what_is_on_hand_in_whole_pieces() -> None:
    found = levels_of(command("shop.stock", levels=[level(), level(available={"value": "2.7"})]))
    assert [sellable(each) for each in found] == [Decimal(5), Decimal("2.7")]
    assert whole_pieces([Decimal("2.7"), Decimal("1.2")]) == 3
    assert whole_pieces([Decimal("-0.5")]) == -1


def test_a_wrong_level_is_named() -> None:
    with pytest.raises(SchemaInvalid) as caught:
        levels_of(command("shop.stock", levels=[level(sku="")]))
    assert [each["path"] for each in caught.value.detail["problems"]] == ["levels.sku"]
