"""`crossdock demo`: a distributor's landscape with simulated systems on this machine, orders crossing it, and figures counted there."""

from __future__ import annotations

import asyncio
import random
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table

from crossdock.cli.hub_process import HubProcess
from crossdock.cli.output import Exit, errors, out, say_json
from crossdock.cli.terminal import shown
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.session import Session
from crossdock.ledger.store import Store

if TYPE_CHECKING:
    from crossdock.simulators.server import Simulator
    from crossdock.simulators.town import Town, Verdict


@dataclass(slots=True)
class Figures:
    """What the hub's ledger says, beside what the oracle counted."""

    exceptions: int = 0
    codes: dict[str, int] = field(default_factory=dict)
    uncertain: int = 0
    excepted: set[str] = field(default_factory=set)
    messages: int = 0

    def lost(self, verdict: Verdict) -> list[str]:
        """Orders that neither arrived nor are with a person."""
        return [order for order in verdict.undelivered if order not in self.excepted]


def demo(
    orders: Annotated[
        int, typer.Option(help="Place this many orders, wait for them and end; 0 goes on until Ctrl-C.", min=0)
    ] = 0,
    faults: Annotated[bool, typer.Option("--faults", help="Systems misbehave, and the hub is killed (-9) now and then.")] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Keep landscape and ledger here.", show_default="a temporary folder")
    ] = None,
    port: Annotated[int, typer.Option(help="The hub's port; 0 takes a free one.", min=0, max=65535)] = 0,
    rate: Annotated[float, typer.Option(help="Orders placed per second; default 50 with --orders, else 1.", min=0.0)] = 0.0,
    kills: Annotated[int, typer.Option(help="How often the hub is killed with --faults.", min=0)] = 2,
    seed: Annotated[int, typer.Option(help="Seed of orders and faults.")] = 7,
    limit: Annotated[
        float, typer.Option(help="End after so many seconds whatever happened; 0: by the number of orders.", min=0)
    ] = 0,
    ledger: Annotated[str, typer.Option(help="Ledger URL; default: SQLite in the folder.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="No screen; print what happened as JSON at the end.")] = False,
) -> None:
    """Run the demo: Odoo, two shops, a warehouse and two carriers are simulated on this machine, the hub between them is real.

    Figures are counted at the simulated systems. With --orders it ends by itself; exit code 1 when anything was lost, doubled or
    out of order.
    """
    with errors(as_json):
        run = Demo(orders, faults, folder, port, rate, kills, seed, limit, ledger, quiet=as_json)
        report = asyncio.run(run.run())
        if as_json:
            say_json(report)
        elif orders:
            out.print(_summary(report))
        if report["lost"] or report["doubled"] or report["order_violations"] or report["uncertain_open"]:
            raise typer.Exit(Exit.FAILED)


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        orders: int,
        faults: bool,
        folder: Path | None,
        port: int,
        rate: float,
        kills: int,
        seed: int,
        limit: float,
        ledger: str,
        *,
        quiet: bool,
    ) -> None:
        self.orders, self.faults, self.quiet = orders, faults, quiet
        self.rate = rate or (50.0 if orders else 1.0)
        self.limit = limit or (90.0 + orders * 0.5 if orders else 0.0)
        self.kills_left = kills if faults else 0
        self.random = random.Random(seed)  # noqa: S311  (when the hub is killed, not a secret)
        self.town = _town(seed)
        self.temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="crossdock-demo-"))
        self.ledger = ledger or f"sqlite:///{(self.folder / 'var/ledger.sqlite3').absolute()}"
        self.hub = HubProcess(self.folder, {}, port=port)
        self.store: Store | None = None
        self.placed = 0
        self.started = time.monotonic()
        self.stopping = asyncio.Event()

    async def run(self) -> dict[str, Any]:
        """Set everything up, let orders cross, count, take everything down."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopping.set)
        copy_landscape(self.folder)
        await self.town.start()
        self.town.connect(self.hub.url)
        self.hub.environment = {**self.town.environment(), "CROSSDOCK_LEDGER": self.ledger}
        try:
            await self.hub.start()
            self.store = Store(LedgerLocation.parse(self.ledger))
            if self.faults:
                self.town.misbehave()
            self.started = time.monotonic()
            await self._traffic()
            return self._report(time.monotonic() - self.started)
        finally:
            await self.hub.stop()
            await self.town.stop()
            if self.store is not None:
                self.store.close()
            if self.temporary:
                shutil.rmtree(self.folder, ignore_errors=True)

    # --- the hub ----------------------------------------------------------------------------------------

    async def _kill_hub(self) -> None:
        await self.hub.kill()
        await asyncio.sleep(0.3)
        await self.hub.start()

    # --- traffic ----------------------------------------------------------------------------------------

    async def _traffic(self) -> None:
        screen = None if self.quiet else Live(self._screen(), console=out, refresh_per_second=4, transient=False)
        if screen:
            screen.start()
        placing = asyncio.create_task(self._place())
        killing = asyncio.create_task(self._kill_now_and_then())
        try:
            calm = 0
            while not self.stopping.is_set():
                await asyncio.sleep(0.5)
                if screen:
                    screen.update(self._screen())
                if not self.hub.running and killing.done():
                    break
                if self.limit and time.monotonic() - self.started > self.limit:
                    break
                if self.orders and placing.done() and killing.done():
                    calm = calm + 1 if self._settled() else 0
                    if calm >= 3:
                        break
        finally:
            placing.cancel()
            killing.cancel()
            await asyncio.gather(placing, killing, return_exceptions=True)
            if screen:
                screen.update(self._screen())
                screen.stop()

    async def _place(self) -> None:
        while not self.stopping.is_set() and (not self.orders or self.placed < self.orders):
            self.town.place_order()
            self.placed += 1
            await asyncio.sleep(1.0 / self.rate)

    async def _kill_now_and_then(self) -> None:
        while self.kills_left:
            await asyncio.sleep(self.random.uniform(2.0, 6.0))
            self.kills_left -= 1
            await self._kill_hub()

    def _settled(self) -> bool:
        """Every order arrived or is with a person, and nothing is uncertain."""
        verdict, figures = self.town.judge(), self._figures()
        return not figures.uncertain and not figures.lost(verdict)

    # --- figures ----------------------------------------------------------------------------------------

    def _figures(self) -> Figures:
        if self.store is None:
            return Figures()
        return self.store.read.run(figures_of)

    def _report(self, seconds: float) -> dict[str, Any]:
        verdict, figures = self.town.judge(), self._figures()
        lost = figures.lost(verdict)
        crossed = figures.messages + verdict.requests
        return {
            "orders": verdict.orders,
            "delivered": verdict.delivered,
            "lost": len(lost),
            "doubled": verdict.doubled,
            "order_violations": verdict.order_violations,
            "uncertain_open": figures.uncertain,
            "exceptions": figures.exceptions,
            "messages_per_second": round(crossed / seconds, 1),
            "seconds": round(seconds, 1),
            "messages": crossed,
            "hub_killed": self.hub.killed,
            "faults": {name: _faults(simulator) for name, simulator in self.town.systems.items()} if self.faults else {},
            "exception_codes": figures.codes,
            "details": {
                "lost": lost[:50],
                "doubled": list(verdict.doubles[:50]),
                "order_violations": list(verdict.violations[:50]),
                "effects": verdict.effects,
            },
        }

    def _screen(self) -> Group:
        verdict, figures = self.town.judge(), self._figures()
        seconds = max(0.1, time.monotonic() - self.started)
        grid = Table(title="Harbour & Pine: orders crossing the dock", title_justify="left", header_style="bold")
        for column in (
            "ordered",
            "in Odoo",
            "at warehouse",
            "picked",
            "booked",
            "shipped in Odoo",
            "told shop",
            "delivered",
            "with people",
        ):
            grid.add_column(column, justify="right")
        done = verdict.effects
        booked = done.get("carrier-ups:shipment_booked", 0) + done.get("carrier-dhl:shipment_booked", 0)
        told = done.get("shopify-eu:fulfilment", 0) + done.get("woo-outlet:fulfilment", 0)
        grid.add_row(
            str(verdict.orders), str(done.get("odoo:order_confirmed", 0)), str(done.get("wms-north:fulfilment_released", 0)),
            str(done.get("wms-north:picked", 0)), str(booked), str(done.get("odoo:picking_validated", 0)), str(told),
            f"[green]{verdict.delivered}[/]", str(figures.exceptions),
        )  # fmt: skip
        rate = (figures.messages + verdict.requests) / seconds
        lines = [
            f"[bold]{rate:.0f}[/] messages a second · doubled [bold]{verdict.doubled}[/] · out of order [bold]{verdict.order_violations}[/] · "
            f"uncertain now [bold]{figures.uncertain}[/]" + (f" · hub killed {self.hub.killed} times" if self.faults else ""),
            f"[dim]hub {self.hub.url} · landscape and ledger in {shown(self.folder)}[/]",
        ]
        placed = sorted(self.town.placed())
        if placed:
            number = placed[-1].split("/")[1]
            lines.append(f"[dim]in another terminal: CROSSDOCK_LEDGER={shown(self.ledger)} crossdock trace {number}[/]")
            lines.append(f"[dim]               or: crossdock run inventory-snapshot -L {shown(self.folder)} --env demo[/]")
        return Group(grid, *lines)


def _town(seed: int) -> Town:
    # every command would wait for the simulators' libraries otherwise
    from crossdock.simulators.town import Town

    return Town(seed=seed)


def _faults(simulator: Simulator) -> int:
    return simulator.faults.injected.total()


def figures_of(session: Session) -> Figures:
    """Count in the ledger what people have and what is uncertain."""
    codes: dict[str, int] = dict(session.rows("SELECT code, COUNT(*) FROM ledger_exception WHERE state<2 GROUP BY code"))
    keys = {key for (key,) in session.rows("SELECT DISTINCT key FROM ledger_exception WHERE state<2 AND key LIKE 'order/%'")}
    return Figures(
        exceptions=sum(codes.values()),
        codes=codes,
        uncertain=session.rows("SELECT COUNT(*) FROM ledger_delivery WHERE state=3")[0][0],
        excepted={key.removeprefix("order/") for key in keys},
        messages=session.rows("SELECT COUNT(*) FROM ledger_message")[0][0],
    )


def copy_landscape(folder: Path) -> None:
    """The demo landscape as shipped, with polls and rates as fast as simulated parcels travel."""
    with as_file(files("crossdock.landscape") / "demo") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True)
    head = folder / "crossdock.yaml"
    text = re.sub(r"\bpause: \d+s", "pause: 1s", head.read_text())
    head.write_text(re.sub(r"max_pause: \d+\w", "max_pause: 5s", text))
    for path in (folder / "systems").glob("*.yaml"):
        text = re.sub(r"every: \d+s", "every: 1s", path.read_text())
        text = re.sub(r"rate: (\d+)", lambda m: f"rate: {int(m[1]) * 50}", text)
        text = re.sub(r"burst: (\d+)", lambda m: f"burst: {int(m[1]) * 10}", text)
        path.write_text(text)
    comparison = folder / "flows/inventory-snapshot.yaml"
    comparison.write_text(re.sub(r"settle: PT\w+", "settle: PT2S", comparison.read_text()))


def _summary(report: Mapping[str, Any]) -> str:
    good = not (report["lost"] or report["doubled"] or report["order_violations"] or report["uncertain_open"])
    colour = "green" if good else "red"
    return (
        f"[bold {colour}]{report['orders']} orders, {report['delivered']} delivered, {report['lost']} lost, {report['doubled']} doubled, "
        f"{report['order_violations']} out of order, {report['uncertain_open']} uncertain, {report['exceptions']} with people[/] "
        f"in {report['seconds']} s ({report['messages_per_second']} messages/s)"
    )
