"""The mapping process says what the hub itself would say, and nothing is lost when it says nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from crossdock.canonical.events import WrittenEvent
from crossdock.core.clock import SystemClock
from crossdock.landscape.landscape import Landscape
from crossdock.landscape.load import load
from crossdock.landscape.secrets import SecretReferences, vault_of
from crossdock.landscape.starter import start as write_starter
from crossdock.landscape.valuemaps import CodeTables
from crossdock.ledger.work import TakenMessage
from crossdock.pipeline import mappers as module
from crossdock.pipeline.mappers import BUSY, WORTH, Mappers
from crossdock.pipeline.prepare import Preparer
from crossdock.pipeline.runtime import build
from crossdock.pipeline.validate import validator_of


@pytest.fixture
def landscape(tmp_path: Path) -> Landscape:
    write_starter(tmp_path / "mine")
    return load(tmp_path / "mine")


@pytest.fixture
def preparer(landscape: Landscape) -> Preparer:
    vault = landscape.environment.vault
    secrets = SecretReferences(landscape.root / vault.secrets, vault=vault_of(vault, landscape.root))
    runtime = build(landscape, secrets, CodeTables(landscape.value_maps), SystemClock())
    connectors = {name: each.connector for name, each in runtime.participants.items()}
    validator = validator_of(landscape, lambda: datetime.now(UTC).date())
    return Preparer(connectors, validator, landscape.partitions, count(1).__next__)


@pytest.fixture
async def start(landscape: Landscape) -> AsyncIterator[Callable[..., Mappers]]:
    made: list[Mappers] = []

    def starter(fit: Callable[[], bool] = lambda: True) -> Mappers:
        made.append(Mappers(landscape, count(1).__next__, fit))
        return made[-1]

    yield starter
    for each in made:
        await each.close()


def order(number: int, **changes: Any) -> bytes:
    """The starter's own sample under another number."""
    sample = json.loads((files("crossdock.landscape.starter") / "files/samples/order.json").read_text())
    return json.dumps({**sample, "number": str(number), **changes}).encode()


def messages(number: int) -> list[TakenMessage]:
    return [message(each + 1, order(1000 + each)) for each in range(number)]


def message(number: int, body: bytes) -> TakenMessage:
    return TakenMessage(
        number, 3, "inbox", "orders", "order", f"m{number}", sha256(body).digest(), "application/json", "", body,
        1_790_000_000_000_000, "ab" * 16, "",
    )  # fmt: skip


async def ready(mappers: Mappers) -> None:
    """A backlog that lasts."""
    async with asyncio.timeout(30):
        while not mappers.ready:
            assert await mappers.prepare(messages(WORTH)) == {}
            await asyncio.sleep(0.01)


def told(prepared: Any) -> list[tuple[Any, ...]]:
    return [
        (w.message, w.partition, w.body, w.digest, w.note, w.event.id, w.event.type, w.event.source, w.event.key, w.event.data,
         w.event.occurred_at, w.event.references, w.event.position, w.event.correlation, w.event.causation, w.event.extensions)
        for w in prepared.works
    ]  # fmt: skip


async def test_it_says_what_the_hub_says(start: Callable[..., Mappers], preparer: Preparer) -> None:
    mappers = start()
    await ready(mappers)
    asked = messages(40)
    found = await mappers.prepare(asked)
    assert sorted(found) == [each.id for each in asked]
    for each in asked:
        own = preparer(each)
        assert own.works
        assert found[each.id].mapping == own.mapping
        assert told(found[each.id]) == told(own)
    numbers = [work.number for each in found.values() for work in each.works]
    assert len(set(numbers)) == len(numbers)


async def test_what_a_person_has_to_see_is_left_to_the_hub(start: Callable[..., Mappers], preparer: Preparer) -> None:
    mappers = start()
    await ready(mappers)
    broken = [message(900, b"{"), message(901, order(901, currency="XXX9")), message(902, b'{"a":1,"a":2}')]
    assert all(preparer(each).error is not None for each in broken)
    refused = replace(messages(1)[0], id=903, mark='refused:{"code":"receive.signature_invalid","message":"no","detail":{}}')
    found = await mappers.prepare([*messages(30), *broken, refused])
    assert sorted(found) == list(range(1, 31))


async def test_a_killed_process_costs_time_and_nothing_else(start: Callable[..., Mappers]) -> None:
    mappers = start()
    await ready(mappers)
    assert mappers._process is not None
    os.kill(mappers._process.pid, signal.SIGKILL)
    assert await mappers.prepare(messages(30)) == {}
    assert not mappers.ready
    await ready(mappers)
    assert len(await mappers.prepare(messages(30))) == 30


async def test_one_that_fails_again_and_again_is_left_alone(start: Callable[..., Mappers], landscape: Landscape) -> None:
    file = landscape.root / "value-maps/service-levels.yaml"
    file.write_text(file.read_text().replace("standard", "express"))
    assert load(landscape.root).bundle_id != landscape.bundle_id
    mappers = start()
    async with asyncio.timeout(60):
        while mappers._failures < module.FAILURES:
            assert await mappers.prepare(messages(WORTH)) == {}
            await asyncio.sleep(0.01)
    for _ in range(BUSY + 1):
        assert await mappers.prepare(messages(WORTH)) == {}
    assert mappers._starting is None


async def test_few_messages_and_entries_added_since_are_for_the_hub(start: Callable[..., Mappers]) -> None:
    fit = True
    mappers = start(lambda: fit)
    for _ in range(BUSY + 2):
        assert await mappers.prepare(messages(WORTH - 1)) == {}
    assert mappers._starting is None
    await ready(mappers)
    fit = False
    assert await mappers.prepare(messages(30)) == {}


async def test_it_ends_when_there_is_no_backlog_any_more(start: Callable[..., Mappers], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UNUSED", 0.01)
    mappers = start()
    for _ in range(BUSY):
        await mappers.prepare(messages(WORTH))
    process = None
    async with asyncio.timeout(30):
        while process is None or process.returncode is None:
            process = process or mappers._process
            await asyncio.sleep(0.001)
    assert not mappers.ready


async def test_it_ends_with_the_hub(start: Callable[..., Mappers]) -> None:
    mappers = start()
    await ready(mappers)
    process = mappers._process
    assert process is not None
    await mappers.close()
    assert process.returncode is not None


async def test_a_written_event_reads_its_payload_when_asked(preparer: Preparer) -> None:
    [work] = preparer(messages(1)[0]).works
    event = work.event
    written = WrittenEvent.of(
        work.body, event.id, event.type, event.source, event.key, event.occurred_at, event.references, event.position,
        event.correlation, event.causation, event.extensions,
    )  # fmt: skip
    assert written.data == event.data
    copy = replace(written, key="order/other/1")
    assert (copy.key, copy.data, copy.id) == ("order/other/1", event.data, event.id)
    assert replace(written, data=event.data.model_copy(update={"currency": "USD"})).data.currency == "USD"  # type: ignore[attr-defined]
    assert written.data.lines[0].quantity.value == Decimal(1)  # type: ignore[attr-defined]
