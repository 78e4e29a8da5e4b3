"""Returns at the warehouse beyond the conformance suite: graded by rule, in parts, announced or not, over REST and as the contract says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
import pytest_asyncio

from crossdock.canonical.events import Event
from crossdock.canonical.returns import ReturnReceipt
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.wms_rest import mapping
from crossdock.connectors.wms_rest.connector import WmsRestConnector
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.rest import API_KEY, WEBHOOK_SECRET
from crossdock.testing import ManualClock, make_context


def expect(version: int = 1, quantity: str = "3", reason: str = "changed_mind", number: str = "RT-1", **line: Any) -> Command:
    wanted = {"number": "1", "order_line": "10", "sku": "LAMP", "quantity": {"value": quantity}, "reason": reason, **line}
    announced = {"number": number, "version": version, "order_number": "1001", "lines": [wanted]}
    data = {"refs": {}, "expected_return": announced}
    return Command(f"expect-{number}-{version}-{quantity}", "return.expect", "wms", "order/shop/1001", data)


def cancel(number: str = "RT-1") -> Command:
    return Command(f"cancel-{number}", "return.cancel", "wms", "order/shop/1001", {"refs": {}, "return_number": number})


@pytest_asyncio.fixture
async def wms() -> AsyncIterator[Wms]:
    simulator = Wms(behaviour=Behaviour(return_latency=None))
    async with simulator.running():
        yield simulator


@pytest.fixture
def connector(wms: Wms) -> WmsRestConnector:
    secrets = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    return WmsRestConnector(
        make_context(WmsRestConnector, system="wms", endpoint=wms.url, secrets=secrets, clock=ManualClock(), timeout=2.0)
    )


async def told(connector: WmsRestConnector) -> list[Event]:
    found = await connector.poll("events", {})
    stored = [
        StoredMessage(str(at), "wms", "events", m.topic, m.body, m.content_type, m.headers, connector.context.clock.now())
        for at, m in enumerate(found.messages)
    ]
    return [event for message in stored for event in connector.normalize(message)]


async def receipts(connector: WmsRestConnector) -> list[ReturnReceipt]:
    return [event.data for event in await told(connector) if isinstance(event.data, ReturnReceipt)]


async def test_a_correction_in_time_replaces_and_afterwards_it_is_too_late(wms: Wms, connector: WmsRestConnector) -> None:
    assert isinstance(await connector.deliver(expect()), Accepted)
    assert isinstance(await connector.find_effect(expect(2, "2")), EffectAbsent)
    assert isinstance(await connector.deliver(expect(2, "2")), Accepted)
    assert isinstance(await connector.find_effect(expect()), EffectFound)
    wms.warehouse.returns.receive("RT-1")
    with pytest.raises(TargetRefused) as late:
        await connector.deliver(expect(3, "1"))
    assert late.value.detail["answer"] == "too_late"
    assert (await connector.deliver(cancel())).ack == {"status": "too_late"}  # type: ignore[union-attr]
    with pytest.raises(TargetRefused) as stranger:
        await connector.deliver(cancel("RT-9"))
    assert stranger.value.detail["answer"] == "unknown_return"


@pytest.mark.parametrize(
    ("fate", "reason", "lines", "held"),
    [
        ("full", "changed_mind", [("3", "resaleable")], 3),
        ("full", "damaged", [("3", "scrap")], 0),
        ("full", "defective", [("3", "quarantine")], 3),
        ("damaged", "changed_mind", [("2", "resaleable"), ("1", "scrap")], 2),
        ("missing", "changed_mind", [("3", "missing")], 0),
    ],
)
async def test_goods_are_graded_by_the_rule_and_only_what_is_kept_is_on_stock(
    wms: Wms, connector: WmsRestConnector, fate: str, reason: str, lines: list[tuple[str, str]], held: int
) -> None:
    wms.warehouse.behaviour.return_scripts = [Script(fate)]
    await connector.deliver(expect(reason=reason))
    wms.warehouse.returns.receive("RT-1")
    (receipt,) = await receipts(connector)
    assert [(str(line.quantity.value), line.grade) for line in receipt.lines] == lines
    assert (receipt.return_number, receipt.without_authorisation, receipt.final) == ("RT-1", False, True)
    assert {line.order_line for line in receipt.lines} == {"10"}
    assert wms.warehouse.held("LAMP") == Decimal(held)


async def test_another_item_than_was_sent(wms: Wms, connector: WmsRestConnector) -> None:
    wms.warehouse.behaviour.return_scripts = [Script("wrong_item")]
    await connector.deliver(expect())
    wms.warehouse.returns.receive("RT-1")
    (line,) = (await receipts(connector))[0].lines
    assert (line.grade, line.instead_of, line.sku) == ("wrong_item", "LAMP", "NOT-OURS")


async def test_a_return_in_two_parcels_is_counted(wms: Wms, connector: WmsRestConnector) -> None:
    wms.warehouse.behaviour.return_scripts = [Script("partial")]
    await connector.deliver(expect())
    for _ in range(3):
        wms.warehouse.returns.receive("RT-1")
    found = [event for event in await told(connector) if event.type == "return.received"]
    assert [(event.data.sequence, event.data.final) for event in found] == [(1, False), (2, True)]  # type: ignore[attr-defined]
    assert [event.position.number for event in found if event.position] == [1, 2]
    moved = [event for event in await told(connector) if event.type == "stock.moved"]
    assert {event.data.cause for event in moved} == {"return"}  # type: ignore[attr-defined]


async def test_a_parcel_nobody_announced_names_its_order_or_itself(wms: Wms, connector: WmsRestConnector) -> None:
    wms.warehouse.returns.arrive("1002", [{"sku": "LAMP", "quantity": "1"}])
    wms.warehouse.returns.arrive("", [{"sku": "LAMP", "quantity": "1", "grade": "quarantine"}], tracking_number="1Z9")
    found = [event for event in await told(connector) if event.type == "return.received"]
    assert all(event.data.without_authorisation and event.position is None for event in found)  # type: ignore[attr-defined]
    assert [[(r.scheme, r.value) for r in event.references] for event in found] == [
        [("order:number", "1002")],
        [("tracking", "1Z9")],
    ]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            {"data": {"number": "RR-1", "final": True, "lines": [{"number": "1", "sku": "A", "quantity": "1", "grade": "fine"}]}},
            "grade",
        ),
        (
            {
                "data": {
                    "number": "RR-1",
                    "final": True,
                    "lines": [{"number": "1", "sku": "A", "quantity": "0", "grade": "scrap"}],
                }
            },
            "lines",
        ),
        ({"return": "", "data": {"number": "RR-1", "final": True, "lines": []}}, "neither the return"),
        ({"sequence": 0}, "sequence"),
    ],
)
def test_wrong_fields_are_named(change: dict[str, Any], path: str) -> None:
    event = {
        "seq": 1,
        "id": "evt-1",
        "type": "return.received",
        "occurred_at": "2026-03-09T10:00:00Z",
        "return": "RT-1",
        "sequence": 1,
        "data": {"number": "RR-1", "final": True, "lines": []},
    }
    with pytest.raises((SchemaInvalid, ValueError, CrossdockError)) as problem:
        mapping.events(orjson.dumps({**event, **change}), "wms")
    assert path in str(problem.value)
