"""What the conformance suite does not ask of the REST warehouse: back-fill, tokens, secrets being changed, exactness, the contract file."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from aiohttp import web

from crossdock.canonical.events import Event, Position, Reference
from crossdock.canonical.identifiers import gs1_valid
from crossdock.connectors.contracts import feed
from crossdock.connectors.protocol import InboundRequest, StoredMessage
from crossdock.connectors.wms_rest import connector as module
from crossdock.connectors.wms_rest.connector import WmsRestConnector
from crossdock.core.commands import Command
from crossdock.core.errors import (
    ContractBroken,
    CredentialRefused,
    CrossdockError,
    DocumentUnknown,
    PayloadMalformed,
    SignatureInvalid,
    TargetRefused,
)
from crossdock.core.outcomes import Accepted, EffectAbsent
from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.webhooks import RetryPolicy, Subscription
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.rest import API_KEY, CLIENT, WEBHOOK_SECRET
from crossdock.testing import InMemoryHub, ManualClock, make_context

NEW_SECRET = "whsec_" + base64.b64encode(b"the-next-secret-of-this-wms").decode()


def release(number: str = "FO-1", command_id: str = "cmd-1", **changes: Any) -> Command:
    lines = [
        {"number": "1", "order_line": "10", "sku": "LAMP", "quantity": {"value": "3"}},
        {"number": "2", "order_line": "20", "sku": "LOT-GLUE", "quantity": {"value": "2"}},
    ]
    fulfilment = {
        "number": number,
        "order_number": "1001",
        "warehouse": "MAIN",
        "ship_to": {"country": "GB"},
        "lines": lines,
        **changes,
    }
    return Command(command_id, "fulfilment.release", "wms", "order/shop/1001", {"refs": {}, "fulfilment": fulfilment})


def cancel(number: str = "FO-1", command_id: str = "cmd-2") -> Command:
    return Command(command_id, "fulfilment.cancel", "wms", "order/shop/1001", {"refs": {}, "fulfilment_number": number})


@pytest_asyncio.fixture
async def wms() -> AsyncIterator[Wms]:
    simulator = Wms(FaultPlan(reorder_delay=0.05), Behaviour(pick_latency=None))
    async with simulator.running():
        yield simulator


@pytest_asyncio.fixture
async def hub(wms: Wms) -> AsyncIterator[InMemoryHub]:
    async with opened(wms) as hub:
        yield hub


class opened:
    """A connector with its hub in memory, whose receive endpoint is a real one."""

    def __init__(self, wms: Wms, options: dict[str, Any] | None = None, secrets: dict[str, str] | None = None) -> None:
        self.wms = wms
        clock = ManualClock()
        given = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET} if secrets is None else secrets
        self.context = make_context(
            WmsRestConnector, system="wms", endpoint=wms.url, options=options, secrets=given, clock=clock, timeout=2.0
        )
        self.hub = InMemoryHub(WmsRestConnector(self.context), "wms", clock)

    async def __aenter__(self) -> InMemoryHub:
        app = web.Application()
        app.router.add_post("/in/wms/events", self._take)
        self.runner = web.AppRunner(app)
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", 0).start()
        self.wms.webhooks.subscriptions = [Subscription(f"http://127.0.0.1:{self.runner.addresses[0][1]}/in/wms/events")]
        return self.hub

    async def __aexit__(self, *_exc: object) -> None:
        await self.runner.cleanup()
        await self.context.http.close()

    async def _take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            self.hub.receive(InboundRequest("events", headers, await request.read(), self.hub.clock.now()))
        except CrossdockError as error:
            return web.Response(status=401, text=error.code)
        return web.Response()


async def settled(wms: Wms, hub: InMemoryHub, *commands: Command) -> None:
    for command in commands:
        assert isinstance(await hub.attempt(command), Accepted)
    await wms.webhooks.drained()


async def test_callbacks_arrive_signed_and_the_feed_brings_the_same_messages_again(wms: Wms, hub: InMemoryHub) -> None:
    await settled(wms, hub, release())
    wms.warehouse.pick("FO-1")
    await wms.webhooks.drained()
    assert [event.type for event in hub.events] == [
        "fulfilment.status",
        "picking.completed",
        "stock.changed",
        "stock.changed",
        "stock.moved",
        "stock.moved",
    ]
    assert await hub.poll("events") == []  # byte for byte the same, so nothing new
    assert hub.cursors["events"] == {"after": 3}


async def test_a_dropped_callback_is_found_by_back_fill(wms: Wms, hub: InMemoryHub) -> None:
    wms.faults.script(Fault.DROP, path="picking.completed")
    await settled(wms, hub, release())
    wms.warehouse.pick("FO-1")
    await wms.webhooks.drained()
    assert "picking.completed" not in [event.type for event in hub.events]
    assert [message.topic for message in await hub.poll("events")] == ["picking.completed"]
    pick = hub.events[-1]
    assert pick.position == Position("wms/fulfilment/FO-1", 2, contiguous=True)
    assert Reference("fulfilment", "FO-1") in pick.references


async def test_one_event_over_two_transports_with_other_spacing_is_one_event(hub: InMemoryHub) -> None:
    body = b'{"seq":1,"id":"evt-1","type":"fulfilment.status","occurred_at":"2026-01-02T03:04:05Z","fulfilment":"F","sequence":1,"data":{"status":"accepted"}}'
    one, other = feed.inbound(body), feed.inbound(body.replace(b'":', b'": '))
    hub.store([one, other], "events")
    assert len(hub.messages) == 2
    assert len({event.id for event in hub.events}) == 1


async def test_quantities_are_exact_whether_text_or_number() -> None:
    body = b'{"seq":9,"id":"e","type":"stock.changed","occurred_at":"2026-01-02T03:04:05Z","data":{"levels":[{"sku":"A","on_hand":0.1},{"sku":"B","on_hand":"100000000000000000.000000001"}]}}'
    values = [event.data.levels[0].on_hand.value for event in module.mapping.events(body, "wms")]  # type: ignore[attr-defined]
    assert values == [Decimal("0.1"), Decimal("100000000000000000.000000001")]


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("short", [("LAMP", "2"), ("LOT-GLUE", "1")]),
        ("over", [("LAMP", "4"), ("LOT-GLUE", "3")]),
        ("substitute", [("LAMP-ALT", "3"), ("LOT-GLUE-ALT", "2")]),
    ],
)
async def test_what_was_really_picked_is_told(
    wms: Wms, hub: InMemoryHub, behaviour: str, expected: list[tuple[str, str]]
) -> None:
    wms.warehouse.behaviour.scripts.append(Script(behaviour))
    await settled(wms, hub, release())
    wms.warehouse.pick("FO-1")
    await wms.webhooks.drained()
    data: Any = next(event.data for event in hub.events if event.type == "picking.completed")
    assert [(line.sku, str(line.quantity.value)) for line in data.lines] == expected
    assert [line.substituted_for for line in data.lines] == (["LAMP", "LOT-GLUE"] if behaviour == "substitute" else ["", ""])
    assert data.lines[1].lot.startswith("LOT-GLUE")
    assert all(gs1_valid("sscc", package.sscc) for package in data.packages)


async def test_a_partial_pick_comes_in_two_confirmations_of_one_stream(wms: Wms, hub: InMemoryHub) -> None:
    wms.warehouse.behaviour = Behaviour(pick_latency=(0, 0), dispatch=True, dispatch_latency=0, scripts=[Script("partial")])
    await settled(wms, hub, release())
    await asyncio.wait_for(wms.warehouse.idle.wait(), 5)
    await wms.webhooks.drained()
    await hub.poll("events")
    stream = sorted((e for e in hub.events if e.position and e.position.contiguous), key=_number)
    assert [_number(event) for event in stream] == [1, 2, 3, 4, 5]
    picks: list[Any] = [event.data for event in stream if event.type == "picking.completed"]
    assert [pick.final for pick in picks] == [False, True]
    assert sum(line.quantity.value for pick in picks for line in pick.lines) == 5
    dispatched: list[Any] = [event.data for event in stream if event.type == "shipment.dispatched"]
    assert len(dispatched) == 2 and all(shipment.tracking_number for shipment in dispatched)


def _number(event: Event) -> int:
    assert event.position is not None
    return event.position.number


async def test_a_cancellation_is_in_time_or_too_late_and_the_answer_stays(wms: Wms, hub: InMemoryHub) -> None:
    await settled(wms, hub, release("FO-1"), release("FO-2", "cmd-b"))
    wms.warehouse.pick("FO-2")
    early, late = await hub.attempt(cancel("FO-1", "c1")), await hub.attempt(cancel("FO-2", "c2"))
    assert isinstance(early, Accepted) and early.ack["status"] == "cancelled"
    assert isinstance(late, Accepted) and late.ack["status"] == "too_late"
    wms.warehouse.pick("FO-1")
    assert [effect.key for effect in wms.effects_of("picked")] == ["FO-2/2"]
    assert wms.warehouse.violations == 0


async def test_the_same_number_with_other_content_is_refused_and_counted(wms: Wms, hub: InMemoryHub) -> None:
    await settled(wms, hub, release())
    refused = await hub.attempt(release(note="other", command_id="cmd-other"))
    assert isinstance(refused, TargetRefused) and refused.detail["answer"] == "conflict"
    assert isinstance(await hub.find_effect(release(note="other", command_id="cmd-other")), EffectAbsent)
    rules = [effect.data["rule"] for effect in wms.effects_of("violation")]
    assert rules == ["released_under_two_keys", "released_with_other_content"]
    assert len(wms.effects_of("fulfilment_released")) == 1


async def test_a_token_is_fetched_once_and_again_when_it_ends(wms: Wms) -> None:
    options = {"auth": {"kind": "oauth2"}}
    secrets = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "webhook_secret": WEBHOOK_SECRET}
    async with opened(wms, options, secrets) as hub:
        wms.webhooks.subscriptions.clear()
        await asyncio.gather(*(hub.attempt(release(f"FO-{n}", f"c-{n}")) for n in range(5)))
        assert wms.token_requests == 1
        hub.clock.advance(wms.token_seconds)  # type: ignore[attr-defined]
        await settled(wms, hub, release("FO-6", "c-6"))
        assert wms.token_requests == 2
        wms.faults.script(Fault.EXPIRED, path="/fulfilments/*")  # withdrawn before its time
        await settled(wms, hub, release("FO-7", "c-7"))
        assert wms.token_requests == 3
        wms.client = ("wms-demo-client", "rotated-at-the-warehouse")
        wms.faults.script(Fault.EXPIRED, path="/fulfilments/*")
        assert isinstance(await hub.attempt(release("FO-8", "c-8")), CredentialRefused)
        assert not any(exchange.url.endswith("/oauth/token") for scope in hub.scopes for exchange in scope.exchanges)


async def test_both_secrets_are_valid_while_one_is_changed(wms: Wms) -> None:
    secrets = {"api_key": API_KEY, "webhook_secret": NEW_SECRET, "webhook_secret_previous": WEBHOOK_SECRET}
    wms.webhooks.retry = RetryPolicy(delays=(1,), scale=0.001)
    async with opened(wms, secrets=secrets) as hub:
        await settled(wms, hub, release("FO-1", "c-1"))
        wms.webhook_secret = NEW_SECRET
        await settled(wms, hub, release("FO-2", "c-2"))
        wms.webhook_secret = "whsec_" + base64.b64encode(b"somebody else").decode()
        await settled(wms, hub, release("FO-3", "c-3"))
        assert len(hub.events) == 2
        assert wms.webhooks.counts["given_up"] == 1


async def test_an_unreadable_line_of_the_feed_does_not_stop_it(wms: Wms, hub: InMemoryHub) -> None:
    wms.webhooks.subscriptions.clear()
    wms.warehouse.release(_flat("FO-1"), "k1")
    wms.warehouse.log += [b"<html>oops</html>", b'{"seq": 3}']
    wms.warehouse.release(_flat("FO-2"), "k2")
    messages = await hub.poll("events")
    assert [message.topic for message in messages] == ["fulfilment.status", "unreadable", "unreadable", "fulfilment.status"]
    assert len(hub.refused) == 2
    assert all(isinstance(error, CrossdockError) and error.family == "rejected" for error in hub.refused)


def _flat(number: str) -> dict[str, Any]:
    lines = [{"number": "1", "sku": "LAMP", "quantity": "1"}]
    return {"number": number, "order_number": "1", "ship_to": {"country": "GB"}, "lines": lines}


async def test_an_inventory_whose_cursor_circles_is_refused(wms: Wms, hub: InMemoryHub, monkeypatch: pytest.MonkeyPatch) -> None:
    wms.warehouse.count("A", Decimal(1), tell=False)
    real = module.mapping.stock_page
    monkeypatch.setattr(module.mapping, "stock_page", lambda body: (real(body)[0], ""))
    with pytest.raises(ContractBroken):
        _ = [line async for chunk in hub.connector.snapshot() for line in chunk]


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b'{"sku":"A","quantity":"1"}',
        b'{"sku":"A","quantity":"1"}\n{"next":null,"lines":2}',
        b'{"quantity":"1"}\n{"next":null,"lines":1}',
    ],
)
def test_a_page_of_the_inventory_that_lost_lines_is_not_taken(page: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        module.mapping.stock_page(page)


def test_quantities_of_the_inventory_are_exact() -> None:
    page = b'{"sku":"A","quantity":0.1000}\n{"sku":"B","quantity":7,"lot":"L"}\n{"next":"x","lines":2}'
    lines, following = module.mapping.stock_page(page)
    assert [(line.sku, line.lot, line.quantity) for line in lines] == [("A", "", "0.1000"), ("B", "L", "7")]
    assert following == "x"


async def test_an_event_of_another_kind_is_a_document_without_mapping(hub: InMemoryHub) -> None:
    message = StoredMessage("u", "wms", "events", "robot.danced", b'{"type":"robot.danced","data":{}}', "", {}, hub.clock.now())
    with pytest.raises(DocumentUnknown):
        hub.connector.normalize(message)


async def test_a_signature_is_over_id_time_and_body(hub: InMemoryHub) -> None:
    """The example of the Standard Webhooks specification."""
    from crossdock.connectors.contracts.standard_webhooks import secret_key, sign, verify

    secret, identity, stamp = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330"
    body = b'{"test": 2432232314}'
    made = sign(secret_key(secret), identity, stamp, body)
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    headers = {"webhook-id": "another", "webhook-timestamp": stamp, "webhook-signature": made}
    with pytest.raises(SignatureInvalid):
        verify([secret_key(secret)], headers, body, hub.clock.now(), 300)


def test_the_contract_file_names_every_topic_path_and_error_code() -> None:
    contract = yaml.safe_load((Path(module.__file__).parent / "openapi.yaml").read_text())
    assert contract["openapi"].startswith("3.1")
    schemas = contract["components"]["schemas"]
    assert set(schemas["Event"]["properties"]["type"]["enum"]) == module.mapping.TOPICS
    from crossdock.connectors.wms_rest.errors import MEANINGS

    assert set(schemas["Problem"]["properties"]["code"]["enum"]) == set(MEANINGS)
    for reference in _references(contract):
        node: Any = contract
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []
