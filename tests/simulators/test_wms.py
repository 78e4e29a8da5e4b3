"""The simulated warehouse: its control endpoints, its figures, and that it counts what a sloppy sender does."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from crossdock.canonical.identifiers import gs1_valid
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.picking import plan_picks, sscc
from crossdock.simulators.wms.rest import API_KEY

ORDER: dict[str, Any] = {
    "number": "FO-1",
    "order_number": "1",
    "ship_to": {"country": "GB"},
    "lines": [{"number": "1", "order_line": "10", "sku": "LAMP", "quantity": "3"}],
}


@given(st.integers(1, 10**9 - 1))
def test_every_sscc_is_valid(serial: int) -> None:
    assert gs1_valid("sscc", sscc(serial))


def test_fates_follow_the_seed_and_their_rates() -> None:
    rates = {"short": 0.2, "partial": 0.3}
    one, again, other = Behaviour(rates=rates, seed=1), Behaviour(rates=rates, seed=1), Behaviour(rates=rates, seed=2)
    numbers = [f"FO-{n}" for n in range(1000)]
    fates = [one.fate(number).behaviour for number in numbers]
    assert fates == [again.fate(number).behaviour for number in numbers]
    assert fates != [other.fate(number).behaviour for number in numbers]
    assert 150 < fates.count("short") < 250 and 250 < fates.count("partial") < 350


def test_a_partial_pick_adds_up_and_packages_hold_every_line() -> None:
    order = {"lines": [{"number": str(n), "sku": f"S{n}", "quantity": str(n)} for n in range(1, 8)]}
    picks = plan_picks(order, Script("partial"), Behaviour(package_lines=3), itertools.count(1))
    assert [pick.final for pick in picks] == [False, True]
    total = {
        str(n): sum(int(line["quantity"]) for pick in picks for line in pick.lines if line["number"] == str(n))
        for n in range(1, 8)
    }
    assert total == {str(n): n for n in range(1, 8)}
    for pick in picks:
        assert {line["package"] for line in pick.lines} == {package["reference"] for package in pick.packages}
        assert max(sum(line["package"] == p["reference"] for line in pick.lines) for p in pick.packages) <= 3


def test_unknown_behaviours_and_figures_are_refused() -> None:
    for wrong in ({"rates": {"explode": 1}}, {"speed": 3}, {"scripts": [{"behaviour": "dance"}]}):
        with pytest.raises(ValueError, match="unknown"):
            Behaviour.of(wrong)


@pytest_asyncio.fixture
async def wms() -> AsyncIterator[Wms]:
    simulator = Wms(behaviour=Behaviour(pick_latency=None))
    async with simulator.running():
        yield simulator


async def call(wms: Wms, method: str, path: str, body: Any = None, key: str = "k1") -> tuple[int, Any]:
    headers = {"X-API-Key": API_KEY, "Idempotency-Key": key}
    async with aiohttp.ClientSession() as client, client.request(method, wms.url + path, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None) if answer.content_type.endswith(
            "json"
        ) and "nd" not in answer.content_type else await answer.text()


async def test_it_counts_what_a_sloppy_sender_does(wms: Wms) -> None:
    assert (await call(wms, "PUT", "/fulfilments/FO-1", ORDER))[0] == 201
    assert (await call(wms, "PUT", "/fulfilments/FO-1", ORDER))[0] == 200
    assert wms.warehouse.violations == 0
    assert (await call(wms, "PUT", "/fulfilments/FO-1", ORDER, key="k2"))[0] == 200
    status, problem = await call(wms, "PUT", "/fulfilments/FO-1", {**ORDER, "note": "x"})
    assert (status, problem["code"]) == (409, "conflict")
    assert (await call(wms, "PUT", "/fulfilments/FO-9/cancellation", {}))[0] == 404
    assert (await call(wms, "PUT", "/fulfilments/FO-1/cancellation", {}))[1] == {"status": "cancelled"}
    status, problem = await call(wms, "PUT", "/fulfilments/FO-1", ORDER, key="k3")
    assert (status, problem["code"]) == (409, "cancelled")
    rules = [effect.data["rule"] for effect in wms.effects_of("violation")]
    assert rules == [
        "released_under_two_keys",
        "released_with_other_content",
        "cancelled_unknown",
        "released_under_two_keys",
        "released_after_cancellation",
    ]
    assert (await call(wms, "GET", "/_sim/state"))[1]["violations"] == 5
    assert len(wms.effects_of("fulfilment_released")) == 1


@pytest.mark.parametrize("quantity", ["0", "-1", "many"])
async def test_it_refuses_what_no_warehouse_can_pick(wms: Wms, quantity: str) -> None:
    lines = [{**ORDER["lines"][0], "quantity": quantity}]
    status, problem = await call(wms, "PUT", "/fulfilments/FO-1", {**ORDER, "lines": lines})
    assert (status, problem["code"]) == (422, "invalid")
    wms.warehouse.behaviour.strict = True
    status, problem = await call(wms, "PUT", "/fulfilments/FO-1", ORDER)
    assert (status, problem["code"]) == (422, "unknown_sku")


async def test_it_is_controlled_over_http_and_starts_anew(wms: Wms) -> None:
    assert (
        await call(wms, "POST", "/_sim/behaviour", {"pick_latency": None, "scripts": [{"behaviour": "short", "number": "FO-*"}]})
    )[0] == 200
    assert (await call(wms, "POST", "/_sim/behaviour", {"speed": 1}))[0] == 400
    await call(wms, "POST", "/_sim/stock", {"levels": [{"sku": "LAMP", "on_hand": "10"}], "generate": 3})
    await call(wms, "PUT", "/fulfilments/FO-1", ORDER)
    assert (await call(wms, "POST", "/_sim/pick/FO-1"))[0] == 200
    assert (await call(wms, "POST", "/_sim/pick/FO-2"))[0] == 404
    feed = (await call(wms, "GET", "/events?after=0"))[1]
    assert [line.count('"seq":') for line in feed.splitlines()] == [1, 1, 1, 1]
    assert '"on_hand":"8"' in feed.splitlines()[-1]  # ten, and two of three were picked
    stock = (await call(wms, "GET", "/inventory?limit=2"))[1].splitlines()
    assert len(stock) == 3 and '"lines":2' in stock[-1]
    await call(wms, "POST", "/_sim/reset")
    assert (await call(wms, "GET", "/events"))[1] == ""
    assert (await call(wms, "GET", "/fulfilments/FO-1"))[0] == 404


async def test_strangers_get_nothing(wms: Wms) -> None:
    async with aiohttp.ClientSession() as client:
        for path in ("/health", "/events", "/inventory", "/fulfilments/FO-1"):
            async with client.get(wms.url + path, headers={"Authorization": "Bearer guess"}) as answer:
                assert answer.status == 401
