"""What a person at the workbench or the command line does, for tests."""

from __future__ import annotations

import asyncio
from typing import Any

from crossdock.core.clock import SystemClock
from crossdock.ledger.ids import Numbers
from crossdock.ledger.people import OpenException, instruct, list_exceptions, results
from tests.pipeline.conftest import Running

NUMBERS = Numbers(SystemClock(), 1023)


async def exceptions(hub: Running, *, open_only: bool = True, **where: str) -> list[OpenException]:
    """Exceptions as lists show them, newest first."""
    return await hub.hub.store.read.do(lambda s: list_exceptions(s, open_only=open_only, where=where))


async def exception(hub: Running, seconds: float = 10.0, **where: str) -> OpenException:
    """The one open exception there is, or will be in a moment."""
    async with asyncio.timeout(seconds):
        while not (found := await exceptions(hub, **where)):
            await asyncio.sleep(0.02)
    assert len(found) == 1, [e.message for e in found]
    return found[0]


async def ask(hub: Running, kind: str, about: OpenException, seconds: float = 10.0, **data: Any) -> dict[str, Any]:
    """Ask the hub to do something about an exception; what it answered."""
    [number] = await hub.hub.store.work.do(lambda s: instruct(s, NUMBERS, kind, [about], data, "ada@ops", 1))
    async with asyncio.timeout(seconds):
        while not (found := await hub.hub.store.read.do(lambda s: results(s, [number]))):
            await asyncio.sleep(0.02)
    return found[number]


async def settled(hub: Running, seconds: float = 10.0) -> None:
    """Wait until nothing needs a person any more."""
    async with asyncio.timeout(seconds):
        while await exceptions(hub):
            await asyncio.sleep(0.02)
