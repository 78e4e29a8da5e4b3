"""A hub in this process and a workbench in its own on one ledger: a shop that sends, a depot that refuses what it is told to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.ids import written
from crossdock.ledger.people import OpenException, list_exceptions
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from tests.ledgers import migrated_at
from tests.pipeline.conftest import FILES, Depot, Found, Running, ShopConnector, SteppedClock, depot_connector
from tests.workbench.conftest import Browser, Workbench, start_workbench, stop

PROTECTED = """
data_classes:
  personal: {fields: [order.customer.name, order.ship_to], encrypted: true}
"""


@dataclass
class Scene(Running):
    """A running hub with its workbench; `page` and the rest ask in a thread so that the hub goes on."""

    bench: Workbench

    async def page(self, who: Browser, path: str, status: int = 200) -> str:
        """A page's text."""
        answer = await asyncio.to_thread(who.get, path)
        assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), answer.text[:2000])
        return answer.text

    async def send(self, who: Browser, path: str, status: int = 302, **data: Any) -> str:
        """A form sent; the text of the answer."""
        answer = await asyncio.to_thread(who.post, path, data)
        assert answer.status_code == status, (answer.status_code, answer.text[:3000])
        return answer.text

    async def api(self, who: Browser, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """An answer of the API."""
        return await asyncio.to_thread(who.api, method, path, body, **headers)

    async def person(self, *roles: str, **more: Any) -> tuple[str, Browser]:
        return await asyncio.to_thread(lambda: self.bench.person(*roles, **more))

    async def stuck(self, count: int = 1, seconds: float = 20.0) -> list[OpenException]:
        """The open exceptions once there are so many."""
        async with asyncio.timeout(seconds):
            while len(found := await self.hub.store.read.do(lambda s: list_exceptions(s, limit=1_000))) < count:
                await asyncio.sleep(0.02)
        return found

    async def none_left(self, seconds: float = 20.0) -> None:
        async with asyncio.timeout(seconds):
            while await self.hub.store.read.do(list_exceptions):
                await asyncio.sleep(0.02)


def number(each: OpenException) -> str:
    return written(each.id)


def form(text: str, action: str) -> dict[str, str]:
    """The hidden fields of the form with this action."""
    found = re.search(rf'<form[^>]*action="{re.escape(action)}"[^>]*>(.*?)</form>', text, re.DOTALL)
    assert found, f"no form {action} in {text[:3000]}"
    return hidden(found[1])


def hidden(text: str) -> dict[str, str]:
    """All hidden fields of a text."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', text)
    return {name: unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}


def inputs(text: str) -> dict[str, str]:
    """The fields of the editor with what they show."""
    found = {name: unescape(value) for name, value in re.findall(r'<input id="f\d+" name="(f:[^"]+)" value="([^"]*)"', text)}
    found |= {
        name: unescape(value)
        for name, value in re.findall(r'<textarea id="f\d+" name="(f:[^"]+)"[^>]*>\n?(.*?)</textarea>', text, re.DOTALL)
    }
    return found


@asynccontextmanager
async def scene(
    root: Path, depot: Depot | None = None, files: dict[str, str] | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    """Start both in this folder; the first administrator exists."""
    for name, text in {**FILES, **(files or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    depot, clock = depot or Depot(), SteppedClock()
    chosen = PipelineSettings(
        **{
            "timers_every": 0.02,
            "idle": 0.02,
            "reconcile_first": 0.02,
            "grace": 2.0,
            "keep_every": 0.05,
            "watch_every": 0.0,
            **settings,
        }
    )
    connectors = {"test_shop": Found(ShopConnector), "test_depot": Found(depot_connector(depot))}
    location = LedgerLocation("sqlite", migrated_at(root / "var/ledger.sqlite3", workbench=True))
    hub = Hub(load(root), clock=clock, settings=chosen, location=location, connectors=connectors)
    await hub.start()
    try:
        bench = await asyncio.to_thread(start_workbench, root)
        try:
            await asyncio.to_thread(bench.begin)
            yield Scene(hub, depot, clock, bench)
        finally:
            await asyncio.to_thread(stop, bench)
    finally:
        await hub.stop()
