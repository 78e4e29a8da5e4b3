"""Receipts at the REST warehouse beyond the conformance suite: versions, what came instead of what was announced, stock counted once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import orjson
import pytest
import pytest_asyncio

from crossdock.canonical.events import Event
from crossdock.canonical.receipt import ReceiptAdvice
from crossdock.connectors.protocol import StoredMessage
from crossdock.connectors.wms_rest.connector import WmsRestConnector
from crossdock.core.commands import Command
from crossdock.core.errors import CrossdockError, SchemaInvalid, TargetRefused
from crossdock.core.outcomes import Accepted, EffectAbsent, EffectFound
from crossdock.simulators.wms import Wms
from crossdock.simulators.wms.behaviour import Behaviour, Script
from crossdock.simulators.wms.rest import API_KEY, WEBHOOK_SECRET
from crossdock.testing import ManualClock, make_context


def expect(version: int = 1, quantity: str = "10", number: str = "RC-1", **line: Any) -> Command:
    announced = {
        "number": number,
        "version": version,
        "order_number": "P00001",
        "despatch_number": "D-1",
        "lines": [{"number": "1", "order_line": "31", "sku": "LAMP", "quantity": {"value": quantity}, **line}],
    }
    return Command(
        f"expect-{number}-{version}-{quantity}",
        "receipt.expect",
        "wms",
        "purchase/odoo/P00001",
        {"refs": {}, "expected_receipt": announced},
    )


def cancel(number: str = "RC-1") -> Command:
    data = {"refs": {}, "receipt_number": number, "order_number": "P00001", "reason": "taken back"}
    return Command(f"cancel-{number}", "receipt.cancel", "wms", "purchase/odoo/P00001", data)


@pytest_asyncio.fixture
async def wms() -> AsyncIterator[Wms]:
    simulator = Wms(behaviour=Behaviour(pick_latency=None, receipt_latency=None))
    async with simulator.running():
        yield simulator


@pytest.fixture
def connector(wms: Wms) -> WmsRestConnector:
    secrets = {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET}
    return WmsRestConnector(
        make_context(WmsRestConnector, system="wms", endpoint=wms.url, secrets=secrets, clock=ManualClock(), timeout=2.0)
    )


async def attempt(connector: WmsRestConnector, command: Command) -> Any:
    try:
        return await connector.deliver(command)
    except CrossdockError as error:
        return error


async def told(connector: WmsRestConnector) -> list[Event]:
    """Every event of the feed."""
    found = await connector.poll("events", {})
    stored = [
        StoredMessage(str(at), "wms", "events", m.topic, m.body, m.content_type, m.headers, connector.context.clock.now())
        for at, m in enumerate(found.messages)
    ]
    return [event for message in stored for event in connector.normalize(message)]


async def test_a_newer_version_replaces_and_an_older_one_is_refused(wms: Wms, connector: WmsRestConnector) -> None:
    first, second = expect(1), expect(2, "12")
    assert isinstance(await attempt(connector, first), Accepted)
    assert isinstance(await connector.find_effect(second), EffectAbsent)
    assert isinstance(await attempt(connector, second), Accepted)
    assert wms.warehouse.dock.receipts["RC-1"].document["lines"][0]["quantity"] == "12"
    late = await attempt(connector, first)
    assert isinstance(late, TargetRefused) and late.detail["answer"] == "outdated"
    # the older one is found all the same: what it wanted is settled by the newer
    assert isinstance(await connector.find_effect(first), EffectFound)
    assert len(wms.effects_of("receipt_expected")) == len(wms.effects_of("receipt_replaced")) == 1
    other = await attempt(connector, expect(2, "13"))
    assert isinstance(other, TargetRefused) and other.detail["answer"] == "conflict"


async def test_a_correction_or_a_cancellation_after_the_truck_came_is_too_late(wms: Wms, connector: WmsRestConnector) -> None:
    await attempt(connector, expect())
    wms.warehouse.dock.receive("RC-1")
    late = await attempt(connector, expect(2, "12"))
    assert isinstance(late, TargetRefused) and late.detail["answer"] == "too_late"
    assert (await attempt(connector, cancel())).ack == {"status": "too_late"}
    await attempt(connector, expect(number="RC-2"))
    assert (await attempt(connector, cancel("RC-2"))).ack == {"status": "cancelled"}
    assert isinstance(await connector.find_effect(cancel("RC-2")), EffectFound)
    wms.warehouse.dock.receive("RC-2")
    assert [effect.data["receipt"] for effect in wms.effects_of("received")] == ["RC-1"], "nothing came of what was cancelled"


@pytest.mark.parametrize(
    ("fate", "lines"),
    [
        ("full", [("10", "good")]),
        ("short", [("9", "good")]),
        ("over", [("11", "good")]),
        ("damaged", [("9", "good"), ("1", "damaged")]),
    ],
)
async def test_what_came_is_told_with_lot_day_and_damage(
    wms: Wms, connector: WmsRestConnector, fate: str, lines: list[tuple[str, str]]
) -> None:
    wms.warehouse.behaviour.receipt_scripts = [Script(fate)]
    await attempt(connector, expect(lot="L7", expiry="2027-06-30"))
    wms.warehouse.dock.receive("RC-1")
    (event,) = [one for one in await told(connector) if one.type == "receipt.completed"]
    advice = event.data
    assert isinstance(advice, ReceiptAdvice) and advice.final and advice.expected_number == "RC-1"
    assert [(str(line.quantity.value), line.condition) for line in advice.lines] == lines
    assert {(line.lot, str(line.expiry), line.order_line) for line in advice.lines} == {("L7", "2027-06-30", "31")}
    assert [(r.scheme, r.value) for r in event.references] == [
        ("receipt", "RC-1"),
        ("purchase:order", "P00001"),
        ("wms:receipt", advice.number),
    ]
    # its stock grew by what came, and the movement says that a document tells the books
    moved = [one for one in await told(connector) if one.type == "stock.moved"]
    assert {one.data.cause for one in moved} == {"receipt"}  # type: ignore[attr-defined]
    assert wms.warehouse.held("LAMP") == sum(Decimal(quantity) for quantity, _ in lines)


async def test_parts_are_counted_and_only_the_last_is_final(wms: Wms, connector: WmsRestConnector) -> None:
    wms.warehouse.behaviour.receipt_scripts = [Script("partial")]
    await attempt(connector, expect())
    wms.warehouse.dock.receive("RC-1")
    wms.warehouse.dock.receive("RC-1")
    wms.warehouse.dock.receive("RC-1")
    found = [one for one in await told(connector) if one.type == "receipt.completed"]
    assert [(one.data.sequence, one.data.final) for one in found] == [(1, False), (2, True)]  # type: ignore[attr-defined]
    assert [one.position.number for one in found if one.position] == [1, 2]
    assert found[0].position is not None and found[0].position.contiguous


async def test_goods_nobody_announced_lead_to_their_order_by_its_number(wms: Wms, connector: WmsRestConnector) -> None:
    wms.warehouse.dock.arrive("P00009", [{"sku": "LAMP", "quantity": "3"}])
    (event,) = [one for one in await told(connector) if one.type == "receipt.completed"]
    assert event.position is None and event.key == ""
    assert [r.scheme for r in event.references] == ["purchase:order", "wms:receipt"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": None},
        {"lines": [{"number": "1", "sku": "LAMP", "quantity": "many"}]},
        {"lines": [{"number": "1", "quantity": "1", "condition": "wet"}]},
    ],
)
async def test_a_receipt_that_cannot_be_right_names_its_fields(connector: WmsRestConnector, wrong: dict[str, Any]) -> None:
    data = {"number": "GR-1", "final": True, "received_at": "2026-03-04T09:00:00Z", "lines": [], **wrong}
    body = {
        "seq": 1,
        "id": "e1",
        "type": "receipt.completed",
        "occurred_at": "2026-03-04T10:00:00Z",
        "receipt": "RC-1",
        "sequence": 1,
    }
    message = StoredMessage(
        "m",
        "wms",
        "events",
        "receipt.completed",
        orjson.dumps({**body, "data": data}),
        "application/json",
        {},
        connector.context.clock.now(),
    )
    with pytest.raises(Exception) as problem:
        connector.normalize(message)
    assert type(problem.value).__name__ in ("ValidationError", "SchemaInvalid")
    with pytest.raises(SchemaInvalid, match="sequence"):
        connector.normalize(
            StoredMessage(
                **{
                    **{n: getattr(message, n) for n in message.__slots__},
                    "body": orjson.dumps({**body, "sequence": 0, "data": data}),
                }
            )
        )
