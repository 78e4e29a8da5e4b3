"""The base of all simulators: each fault seen from a real client on a real socket, and the oracle of effects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from crossdock.simulators.faults import Fault, FaultPlan, Script
from crossdock.simulators.server import Simulator, json_response
from crossdock.simulators.threaded import Threaded
from crossdock.simulators.webhooks import RetryPolicy, Subscription

pytestmark = pytest.mark.asyncio


class Shop(Simulator):
    name = "shop"
    webhook_retry = RetryPolicy(delays=(10, 60), scale=0.001)

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/orders", self.place)

    async def place(self, request: web.Request) -> web.Response:
        order = await request.json()
        self.record("order", order["id"], order, idempotency_key=request.headers.get("Idempotency-Key", ""))
        return json_response({"id": order["id"], "state": "placed"})


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop(FaultPlan(timeout_delay=0.5, late_delay=0.05, reorder_delay=0.05))
    async with shop.running():
        yield shop


async def place(shop: Shop, key: str = "A", patience: float = 0.15) -> tuple[int, str]:
    async with aiohttp.ClientSession() as client:
        limit = aiohttp.ClientTimeout(total=patience)
        async with client.post(f"{shop.url}/orders", json={"id": key}, timeout=limit) as answer:
            return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("fault", "effects", "outcome"),
    [
        (Fault.TIMEOUT_BEFORE, 0, TimeoutError),
        (Fault.TIMEOUT_AFTER, 1, TimeoutError),
        (Fault.RESET_BEFORE, 0, aiohttp.ClientError),
        (Fault.RESET_AFTER, 1, aiohttp.ClientError),
        (Fault.THROTTLE, 0, 429),
        (Fault.ERROR_500, 0, 500),
        (Fault.ERROR_500_AFTER, 1, 500),
        (Fault.OUTAGE_503, 0, 503),
        (Fault.EXPIRED, 0, 401),
        (Fault.LATE, 1, 200),
    ],
)
async def test_each_fault_has_its_effect_and_its_answer(
    shop: Shop, fault: Fault, effects: int, outcome: int | type[Exception]
) -> None:
    shop.faults.script(fault, path="/orders")
    if isinstance(outcome, int):
        status, _ = await place(shop)
        assert status == outcome
    else:
        with pytest.raises(outcome):
            await place(shop)
    assert len(shop.effects_of("order")) == effects
    assert (await place(shop, "B"))[0] == 200  # only one request was hit
    assert len(shop.effects_of("order")) == effects + 1


async def test_an_effect_may_come_when_nobody_waits_for_its_answer_any_more(shop: Shop) -> None:
    shop.faults.linger_delay = 0.1
    shop.faults.script(Fault.RESET_LATER, path="/orders")
    with pytest.raises(aiohttp.ClientError):
        await place(shop)
    assert shop.effects == []
    async with asyncio.timeout(5):
        while not shop.effects:
            await asyncio.sleep(0.01)


async def test_a_malformed_answer_is_a_200_that_does_not_parse_although_the_effect_is_done(shop: Shop) -> None:
    shop.faults.script(Fault.MALFORMED)
    status, text = await place(shop)
    assert status == 200
    assert not text.endswith("}")
    assert len(shop.effects) == 1


async def test_throttling_says_how_long_to_wait(shop: Shop) -> None:
    shop.faults.retry_after = 3
    shop.faults.script(Fault.THROTTLE)
    async with aiohttp.ClientSession() as client, client.post(f"{shop.url}/orders", json={"id": "A"}) as answer:
        assert answer.headers["Retry-After"] == "3"


async def test_scripts_match_body_method_and_path_and_may_last_some_seconds() -> None:
    now = [100.0]
    plan = FaultPlan(clock=lambda: now[0])
    plan.script("error_500", path="/a/*", method="POST", contains="SO1")
    assert plan.for_request("POST", "/a/x", b"SO2") is None
    assert plan.for_request("GET", "/a/x", b"SO1") is None
    assert plan.for_request("POST", "/b/x", b"SO1") is None
    assert plan.for_request("POST", "/a/x", b"..SO1..") is Fault.ERROR_500
    assert plan.for_request("POST", "/a/x", b"..SO1..") is None
    plan.scripts.append(Script(Fault.OUTAGE_503, seconds=30))
    assert plan.for_request("GET", "/") is Fault.OUTAGE_503
    now[0] += 29.9
    assert plan.for_request("GET", "/") is Fault.OUTAGE_503
    now[0] += 0.2
    assert plan.for_request("GET", "/") is None


async def test_one_seed_gives_one_fate_whatever_else_is_interleaved() -> None:
    def fates(seed: int, noise: bool) -> list[Fault | None]:
        plan = FaultPlan.of({"seed": seed, "rates": {"timeout_after": 0.3, "error_500": 0.1}})
        found = []
        for number in range(200):
            if noise and number % 3 == 0:
                plan.for_request("GET", "/other")
            found.append(plan.for_request("POST", "/orders"))
        return found

    assert fates(1, noise=False) == fates(1, noise=True)
    assert fates(1, noise=False) != fates(2, noise=False)
    hit = sum(fate is not None for fate in fates(1, noise=False))
    assert 50 < hit < 100  # 0.3 + 0.7 * 0.1 = 37 % of 200


async def test_a_plan_with_a_wrong_name_or_rate_is_refused(shop: Shop) -> None:
    async with aiohttp.ClientSession() as client:
        for wrong in ({"rates": {"explode": 1}}, {"rates": {"late": 2}}, {"sed": 1}):
            async with client.post(f"{shop.url}/_sim/faults", json=wrong) as answer:
                assert answer.status == 400
                assert "error" in await answer.json()


async def test_control_endpoints_set_faults_count_effects_and_reset(shop: Shop) -> None:
    async with aiohttp.ClientSession() as client:
        await client.post(f"{shop.url}/_sim/script", json={"kind": "reset_after", "path": "/orders"})
        with pytest.raises(aiohttp.ClientError):
            await place(shop, "A")
        await place(shop, "B")
        async with client.get(f"{shop.url}/_sim/effects?kind=order") as answer:
            effects = (await answer.json())["effects"]
        assert [effect["key"] for effect in effects] == ["A", "B"]
        async with client.get(f"{shop.url}/_sim/state") as answer:
            state = await answer.json()
        assert state["requests"] == 2
        assert state["effects"] == {"order": 2}
        assert state["faults"] == {"reset_after": 1}
        await client.post(f"{shop.url}/_sim/reset")
        async with client.get(f"{shop.url}/_sim/effects") as answer:
            assert (await answer.json())["effects"] == []


class Receiver:
    """What the hub's receive endpoint is for the webhooks."""

    def __init__(self) -> None:
        self.got: list[str] = []
        self.refuse = 0

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=503)
        self.got.append(body)
        return web.Response()


@pytest_asyncio.fixture
async def receiver(shop: Shop) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{runner.addresses[0][1]}/hook", "orders/*")]
    yield receiver
    await runner.cleanup()


async def test_webhooks_arrive_once_and_only_for_their_topic(shop: Shop, receiver: Receiver) -> None:
    shop.webhooks.send("orders/create", b"1")
    shop.webhooks.send("products/create", b"2")
    await shop.webhooks.drained()
    assert receiver.got == ["1"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(Fault.DUPLICATE, ["1", "1", "2"]), (Fault.REORDER, ["2", "1"]), (Fault.DROP, ["2"])],
)
async def test_webhooks_go_wrong_on_command(shop: Shop, receiver: Receiver, fault: Fault, expected: list[str]) -> None:
    shop.faults.script(fault, path="orders/create")
    shop.webhooks.send("orders/create", b"1")
    shop.webhooks.send("orders/create", b"2")
    await shop.webhooks.drained()
    assert receiver.got == expected


async def test_a_refused_webhook_is_repeated_as_often_as_the_real_system_does(shop: Shop, receiver: Receiver) -> None:
    receiver.refuse = 2
    shop.webhooks.send("orders/create", b"1")
    await shop.webhooks.drained()
    assert receiver.got == ["1"]
    assert shop.webhooks.log[-1].attempts == 3
    receiver.refuse = 3
    shop.webhooks.send("orders/create", b"2")
    await shop.webhooks.drained()
    assert receiver.got == ["1"]
    assert shop.webhooks.counts["given_up"] == 1


async def test_stop_does_not_wait_for_a_request_held_up_by_a_fault() -> None:
    shop = Shop(FaultPlan(timeout_delay=60))
    await shop.start()
    shop.faults.script(Fault.TIMEOUT_BEFORE)
    waiting = asyncio.create_task(place(shop, patience=30))
    async with asyncio.timeout(5):
        while not shop.requests:
            await asyncio.sleep(0.005)
        await shop.stop()
        with pytest.raises((aiohttp.ClientError, TimeoutError)):
            await waiting


async def test_a_simulator_can_run_in_a_thread_of_its_own() -> None:
    shop = Shop()
    with Threaded(shop) as url:
        async with aiohttp.ClientSession() as client, client.post(f"{url}/orders", json={"id": "T"}) as answer:
            assert answer.status == 200
    assert [effect.key for effect in shop.effects] == ["T"]
