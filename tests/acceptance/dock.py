"""One dock for acceptance: the simulated town (or a real Odoo in it), the demo landscape, and a hub between them that listens on a real port."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from crossdock.drills.hub_process import free_port
from crossdock.drills.landscape import copy_landscape
from crossdock.landscape.load import load
from crossdock.ledger.database import LedgerLocation
from crossdock.pipeline.hub import Hub
from crossdock.pipeline.settings import PipelineSettings
from crossdock.simulators.shoppers import Article
from crossdock.simulators.town import Town
from tests.acceptance.erp import OrderDesk, prepare

T = TypeVar("T")

PATIENCE: Final = 90.0
"""The longest wait for anything that must happen; a busy machine is slow, not wrong."""
QUICK: Final = {
    "timers_every": 0.1,
    "idle": 0.1,
    "reconcile_first": 0.1,
    "reconcile_longest": 0.5,
    "probe_every": 0.5,
    "grace": 3.0,
}
NAMES: Final = itertools.count(1)


async def until(look: Callable[[], T | Awaitable[T]], what: str, seconds: float = PATIENCE) -> T:
    """What `look` gives as soon as it gives something true. Fails after `seconds`, saying what did not happen."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"within {seconds:.0f} s not seen: {what}")
        await asyncio.sleep(0.02)


class MovedClock:
    """The machine's clock, moved ahead by a test where time must pass."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + self.ahead, UTC)


@dataclass
class Dock:
    """`edits` change files of the landscape before the hub reads it: path -> function of its text."""

    folder: Path
    ledger: str
    real: bool = False
    edits: Mapping[str, Callable[[str], str]] = field(default_factory=dict)
    settings: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    """Files the landscape has besides: path -> text."""

    town: Town = field(init=False)
    hub: Hub = field(init=False)
    desk: OrderDesk = field(init=False)
    clock: MovedClock = field(default_factory=MovedClock)
    port: int = field(default_factory=free_port)
    environment: dict[str, str] = field(default_factory=dict)
    unique: str = field(default_factory=lambda: f"{time.time_ns() // 1000:x}")
    """For names that a real database must not know yet."""

    @property
    def vendor(self) -> str:
        """The reference of this dock's supplier in Odoo: a real database remembers those of earlier runs."""
        return f"ACME-{self.unique}"

    @property
    def url(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Open the town, then the hub."""
        # a real database remembers the orders of earlier runs
        first = int(time.time()) if self.real else 1001
        self.town = Town(step_seconds=None, pick_seconds=None, first_order=first)
        await self.town.start()
        self.town.connect(self.url)
        self.desk = OrderDesk.real() if self.real else OrderDesk(self.town.odoo)
        await self.desk.open()
        await prepare(self.desk, self.town.articles)
        self._landscape()
        await self.open_hub()

    async def stop(self) -> None:
        """Close everything."""
        await self.close_hub()
        await self.desk.close()
        await self.town.stop()

    async def open_hub(self) -> None:
        """Start the hub (again, on the same ledger)."""
        landscape = load(self.folder, "demo")
        chosen = PipelineSettings(**{**QUICK, **self.settings})  # type: ignore[arg-type]
        self.hub = Hub(landscape, clock=self.clock, settings=chosen, location=LedgerLocation.parse(self.ledger, self.folder))
        await self.hub.start()
        self._serving = asyncio.create_task(self.hub.serve("127.0.0.1", self.port))
        await until(self._listening, "the hub listens")

    async def close_hub(self) -> None:
        """Stop the hub; the ledger stays."""
        await self.hub.stop()
        self._serving.cancel()
        await asyncio.gather(self._serving, return_exceptions=True)

    async def _listening(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What the ledger holds."""
        return await self.hub.store.read.do(lambda session: session.rows(sql, args))

    def _landscape(self) -> None:
        """The demo's, with variables of this dock's own (several may be open), and looked after as often as a test needs."""
        copy_landscape(self.folder)
        for name, text in self.files.items():
            (self.folder / name).write_text(text)
        prefix = f"DOCK{next(NAMES)}_"
        given = {**self.town.environment(), **self.desk.environment()}
        self.environment = {name.replace("CROSSDOCK_DEMO_", prefix): value for name, value in given.items()}
        self.environment["CROSSDOCK_LEDGER"] = self.ledger
        os.environ.update({name: value for name, value in self.environment.items() if name.startswith(prefix)})
        for path in self.folder.rglob("*.yaml"):
            text = path.read_text().replace("CROSSDOCK_DEMO_", prefix)
            text = re.sub(r"every: \d+s", "every: 300ms", text)
            if path.parent.name == "flows":
                text = text.replace("first_delay: 2s", "first_delay: 500ms")
            path.write_text(text)
        self._edit("systems/odoo.yaml", self.desk.options)
        self._edit("flows/purchase-acme.yaml", lambda text: text.replace("value: ACME}", f"value: {self.vendor}}}"))
        for name, edit in self.edits.items():
            self._edit(name, edit)

    def _edit(self, name: str, edit: Callable[[str], str]) -> None:
        paths = sorted(self.folder.glob(name))
        assert paths, name
        for path in paths:
            before = path.read_text()
            after = edit(before)
            assert after != before or edit == self.desk.options, f"{path.name}: nothing to change"
            path.write_text(after)

    def article(self, number: int) -> Article:
        """What the shops sell, counted from 1."""
        return self.town.articles[number - 1]
