"""A whole hub between simulated systems, with its workbench, and real Chromium in front of it; pictures are left in build/screenshots."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests

from crossdock.drills.hub_process import HubProcess
from crossdock.drills.landscape import copy_landscape
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.store import Store
from crossdock.simulators.shoppers import Shopper
from crossdock.simulators.town import Town
from tests.workbench.conftest import PASSWORD, Workbench, until

T = TypeVar("T")

CHROMIUM = os.environ.get("CROSSDOCK_TEST_CHROMIUM") or shutil.which("chromium") or ""
PATIENCE = 60.0
"""Seconds, so that nobody waits for ever; a busy machine is slow, not wrong."""
PICTURES = Path(__file__).parents[3] / "build/screenshots"
HAMBURG = {
    "first_name": "Anna", "last_name": "Meyer", "email": "anna@example.com", "phone": "+49 40 300900", "company": "", "country": "DE",
    "region": "", "city": "Hamburg", "postal_code": "20457", "street": "Am Sandtorkai 12",
}  # fmt: skip


@dataclass
class Port:
    """The simulated town and the hub, driven from a thread of its own; tests stay synchronous."""

    folder: Path
    town: Town = field(init=False)
    hub: HubProcess = field(init=False)
    bench: Workbench = field(init=False)
    store: Store = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something on the town's event loop."""

        async def doing() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result(90)

    def call(self, work: Callable[..., T], *args: Any, **named: Any) -> T:
        """Call something of the simulators where they live."""

        async def called() -> T:
            return work(*args, **named)

        return self.run(called)

    def open(self) -> None:
        """Start everything and make the first administrator."""
        threading.Thread(target=self._loop.run_forever, daemon=True, name="town").start()
        copy_landscape(self.folder)
        for path in (self.folder / "systems").glob("*.yaml"):
            path.write_text(re.sub(r"every: 1s", "every: 300ms", path.read_text()))

        async def start() -> None:
            self.town = Town(step_seconds=0.4, pick_seconds=(0.05, 0.2))
            await self.town.start()
            ledger = f"sqlite:///{(self.folder / 'var/ledger.sqlite3').absolute()}"
            self.hub = HubProcess(self.folder, {}, log="hub.log")
            self.town.connect(self.hub.url)
            self.hub.environment = {**self.town.environment(), "CROSSDOCK_LEDGER": ledger, "CROSSDOCK_WATCH_EVERY": "0.5"}
            await self.hub.start()
            self.store = Store(LedgerLocation.parse(ledger))

        self.run(start)
        link = until(lambda: re.search(r"https?://\S+/account/first/\S+", self.hub.log.read_text()))
        self.bench = Workbench(self.folder, self.hub.url, link[0], None)  # type: ignore[arg-type]
        until(lambda: requests.get(f"{self.hub.url}/account/login/", timeout=30).status_code == 200)
        self.bench.begin()

    def close(self) -> None:
        async def stop() -> None:
            await self.hub.stop()
            await self.town.stop()

        self.run(stop)
        self.store.close()
        self._loop.call_soon_threadsafe(self._loop.stop)

    def orders(self, *lines: tuple[str, int], shop: str = "shopify-eu", **buyer: str) -> str:
        """A customer orders; the number of the order. `buyer` changes who it is (`country="KP"` is not delivered to)."""
        system = self.town.systems[shop]
        made = self.call(system.place_order, list(lines) or [("HP-004", 2)], seed=1, buyer=Shopper(**{**HAMBURG, **buyer}))  # type: ignore[attr-defined]
        return str(system.number_of(made))  # type: ignore[attr-defined]

    @contextmanager
    def nothing_picked(self) -> Iterator[None]:
        """Nobody picks in the warehouse: orders stay where they are, and on the board. Those that came meanwhile are picked afterwards."""
        warehouse = self.town.wms.warehouse
        quick, warehouse.behaviour.pick_latency = warehouse.behaviour.pick_latency, None
        before = set(warehouse.fulfilments)
        try:
            yield
        finally:
            warehouse.behaviour.pick_latency = quick
            for number in sorted(set(warehouse.fulfilments) - before):
                self.call(warehouse.pick, number)

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What the ledger holds."""
        return self.store.read.run(lambda s: s.rows(sql, args))

    def _about(self, number: str, what: str) -> list[tuple[Any, ...]]:
        """Open exceptions about an order: of its key, or of a message that names it."""
        return self.rows(
            f"SELECT {what} FROM ledger_exception e WHERE e.state<2 AND (e.key LIKE ? OR (e.subject='message' AND e.subject_id IN "
            "(SELECT message_id FROM ledger_message_name WHERE value=?)))",
            f"%/{number}", number,
        )  # fmt: skip

    def exception(self, number: str) -> int:
        """The open exception about an order, as soon as there is one."""
        return int(until(lambda: self._about(number, "e.id"))[0][0])

    def settled(self, exception: int) -> bool:
        """Whether an exception is resolved."""
        return self.rows("SELECT state FROM ledger_exception WHERE id=?", exception) == [(2,)]

    def assignees(self, number: str) -> set[str]:
        return {name for (name,) in self._about(number, "e.assignee")}

    def recorded(self, tag: str) -> bool:
        """Whether the audit chain holds a record with this tag."""
        import orjson

        from crossdock.ledger.payloads import unpack

        links = self.rows("SELECT records FROM ledger_audit ORDER BY id DESC LIMIT 400")
        return any(record[0].startswith(tag) for (packed,) in links for record in orjson.loads(unpack(bytes(packed))))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Port]:
    found = Port(tmp_path_factory.mktemp("port"))
    found.open()
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt install chromium; or set CROSSDOCK_TEST_CHROMIUM)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as driver:
        # a sandbox of its own needs rights that containers do not give
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@dataclass
class Desk:
    """Somebody at a real browser."""

    port: Port
    page: Any
    name: str
    broken: list[str] = field(default_factory=list)

    def goes(self, path: str) -> None:
        answer = self.page.goto(self.port.hub.url + path, wait_until="load")
        assert answer is None or answer.status < 500, f"{path}: {answer.status}"

    def sees(self, text: str, seconds: float = PATIENCE) -> None:
        try:
            self.page.get_by_text(text).first.wait_for(state="visible", timeout=seconds * 1000)
        except Exception:
            raise AssertionError(f"{text!r} is not on {self.page.url}: {self.page.inner_text('main')[:2000]}") from None

    def picture(self, name: str) -> None:
        """Keep what is shown in build/screenshots."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)


Sit = Callable[..., Desk]


@pytest.fixture
def sit(port: Port, chromium: Any) -> Iterator[Sit]:
    """Opens a browser for a new person with these roles, signed in; it fails when a page breaks the content security policy."""
    contexts: list[Any] = []
    desks: list[Desk] = []

    def opened(*roles: str, to: str = "/", signed_in: bool = True, limits: Mapping[str, Any] | None = None, **more: Any) -> Desk:
        name = ""
        if signed_in:
            name, _browser = port.bench.person(*(roles or ("operator",)), **(limits or {}))
        context = chromium.new_context(
            **{"locale": "en-GB", "timezone_id": "Europe/Berlin", "viewport": {"width": 1280, "height": 900}, **more}
        )
        contexts.append(context)
        context.set_default_timeout(PATIENCE * 1000)
        desk = Desk(port, context.new_page(), name)
        desk.page.on("console", lambda message: desk.broken.append(message.text) if "Content Security" in message.text else None)
        desk.page.on("pageerror", lambda error: desk.broken.append(str(error)))
        desks.append(desk)
        if signed_in:
            desk.goes(f"/account/login/?next={to}")
            desk.page.fill("input[name=login]", name)
            desk.page.fill("input[name=password]", PASSWORD)
            desk.page.click("main button[type=submit], main form button")
            # the page with the form is loaded already: only its address says that the next one is there
            desk.page.wait_for_url(lambda url: "/account/login/" not in url, wait_until="load")
        return desk

    yield opened
    for context in contexts:
        context.close()
    assert [text for desk in desks for text in desk.broken] == []
