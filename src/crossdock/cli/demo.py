"""`crossdock demo`: a distributor's landscape with simulated systems on this machine, orders crossing it, and figures counted there."""

from __future__ import annotations

import asyncio
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table

from crossdock.cli.output import Exit, errors, out, say_json
from crossdock.cli.terminal import shown
from crossdock.drills.hub_process import HubProcess
from crossdock.drills.judging import apart, unbilled, undone
from crossdock.drills.landscape import copy_landscape
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.figures import OpenBusiness, open_business
from crossdock.ledger.store import Store

if TYPE_CHECKING:
    from crossdock.simulators.server import Simulator
    from crossdock.simulators.town import Town


MISHAP_EVERY: Final = 5
"""After so many orders something is damaged, lost or found in the warehouse."""
PURCHASE_EVERY: Final = 5
"""After so many orders the distributor orders something of its supplier."""


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
    """Run the demo: Odoo, two shops, a warehouse, two carriers, a supplier, a payment gateway and a returns portal are simulated on this
    machine, the hub between them is real.

    Figures are counted at the simulated systems. With --orders it ends by itself; exit code 1 when anything was lost, doubled or
    out of order. Ctrl-C ends it sooner: orders that are on their way then are said to be `under_way`, not lost.
    """
    with errors(as_json):
        run = Demo(orders, faults, folder, port, rate, kills, seed, limit, ledger, quiet=as_json)
        report = asyncio.run(run.run())
        if as_json:
            say_json(report)
        else:
            out.print(_summary(report))
        if not _good(report):
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
        self.limit = limit or (180.0 + orders * 1.5 if orders else 0.0)
        self.kills_left = kills if faults else 0
        self.random = random.Random(seed)  # noqa: S311  (when the hub is killed, not a secret)
        self.town = _town(seed)
        self.temporary = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="crossdock-demo-"))
        self.ledger = ledger or f"sqlite:///{(self.folder / 'var/ledger.sqlite3').absolute()}"
        self.hub = HubProcess(self.folder, {}, port=port)
        self.store: Store | None = None
        self.sign_in = secrets.token_urlsafe(32)
        self.placed = 0
        self.hinted = False
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
        self.hub.environment = {
            **self.town.environment(),
            "CROSSDOCK_LEDGER": self.ledger,
            "CROSSDOCK_DEMO_SIGN_IN": self.sign_in,
        }
        try:
            await self.hub.start()
            self.store = Store(LedgerLocation.parse(self.ledger))
            if not self.quiet:
                link = f"{self.hub.url}/account/demo/{self.sign_in}/"
                out.print(f"the pages of this demo, signed in: {link}", soft_wrap=True)
                if not self.orders:
                    bought = self.town.buying.order_by_portal()
                    out.print(
                        f"the portal of a supplier without EDI, where order {bought} waits for an answer: {link}supplier/",
                        soft_wrap=True,
                    )
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
                self.town.give_back()
                if screen:
                    screen.update(self._screen())
                    self._hint()
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
                if not out.is_terminal:
                    out.print()

    async def _place(self) -> None:
        while not self.stopping.is_set() and (not self.orders or self.placed < self.orders):
            self.town.place_order()
            self.placed += 1
            if self.placed % MISHAP_EVERY == 0:
                self.town.mishap()
            if self.placed % PURCHASE_EVERY == 0:
                self.town.buy()
            await asyncio.sleep(1.0 / self.rate)

    async def _kill_now_and_then(self) -> None:
        while self.kills_left:
            await asyncio.sleep(self.random.uniform(2.0, 6.0))
            self.kills_left -= 1
            await self._kill_hub()

    def _settled(self) -> bool:
        """Every order arrived or is with a person, nothing is uncertain, and Odoo has the stock of the warehouse."""
        verdict, figures = self.town.judge(), self._figures()
        return not (figures.uncertain or undone(verdict, figures) or verdict.stock_differences or unbilled(verdict, figures))

    # --- figures ----------------------------------------------------------------------------------------

    def _figures(self) -> OpenBusiness:
        if self.store is None:
            return OpenBusiness()
        return self.store.read.run(open_business)

    def _report(self, seconds: float) -> dict[str, Any]:
        verdict, figures = self.town.judge(), self._figures()
        missing = undone(verdict, figures)
        interrupted = self.stopping.is_set()
        lost: list[str] = [] if interrupted else missing
        crossed = figures.messages + verdict.requests
        return {
            "orders": verdict.orders,
            "delivered": verdict.delivered,
            "under_way": len(missing) if interrupted else 0,
            "lost": len(lost),
            "doubled": verdict.doubled,
            "order_violations": verdict.order_violations,
            "uncertain_open": 0 if interrupted else figures.uncertain,
            "purchases": verdict.purchases,
            "purchases_done": verdict.bought,
            "returns": verdict.returns,
            "mishaps": verdict.mishaps,
            "stock_differences": 0 if interrupted else len(verdict.stock_differences),
            "finance": {
                "refunds_doubled": verdict.refunds_doubled,
                "invoices_before_ready": len(verdict.early_invoices),
                "difference": 0 if interrupted else float(_sum(unbilled(verdict, figures)) + _sum(apart(verdict, figures))),
            },
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
                "stock_differences": list(verdict.stock_differences),
                "refunds_doubled": list(verdict.refunds_twice[:50]),
                "refunds_apart": {order: str(by) for order, by in list(apart(verdict, figures).items())[:50]},
                "early_invoices": list(verdict.early_invoices[:50]),
                "unbilled": {number: str(apart) for number, apart in list(unbilled(verdict, figures).items())[:50]},
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
            "bought",
            "received, billed",
        ):
            grid.add_column(column, justify="right")
        done = verdict.effects
        booked = done.get("carrier-ups:shipment_booked", 0) + done.get("carrier-dhl:shipment_booked", 0)
        told = done.get("shopify-eu:fulfilment", 0) + done.get("woo-outlet:fulfilment", 0)
        grid.add_row(
            str(verdict.orders), str(done.get("odoo:order_confirmed", 0)), str(done.get("wms-north:fulfilment_released", 0)),
            str(done.get("wms-north:picked", 0)), str(booked), str(done.get("odoo:picking_validated", 0)), str(told),
            f"[green]{verdict.delivered}[/]", str(figures.exceptions), str(verdict.purchases), f"[green]{verdict.bought}[/]",
        )  # fmt: skip
        rate = (figures.messages + verdict.requests) / seconds
        lines = [
            f"[bold]{rate:.0f}[/] messages a second · doubled [bold]{verdict.doubled}[/] · out of order [bold]{verdict.order_violations}[/] · "
            f"uncertain now [bold]{figures.uncertain}[/]" + (f" · hub killed {self.hub.killed} times" if self.faults else ""),
            f"[dim]hub {self.hub.url} · landscape and ledger in {shown(self.folder)}[/]",
        ]
        return Group(grid, *lines)

    def _hint(self) -> None:
        """Say once what to try in another terminal, each command on a line of its own that can be copied whole."""
        placed = sorted(self.town.placed())
        if self.hinted or not placed:
            return
        self.hinted = True
        number = placed[0].split("/")[1]
        for command in (f"trace {number}", "status", "run inventory-snapshot"):
            words = f"{_ourselves()} {command} -L {self.folder} --env demo"
            out.print(f"[dim]in another terminal:[/] {shown(words)}", soft_wrap=True)


def _ourselves() -> str:
    """How to call this command from another terminal: after `make demo` it is not on the path."""
    if shutil.which("crossdock"):
        return "crossdock"
    beside = Path(sys.executable).with_name("crossdock")
    return str(beside if beside.exists() else f"{sys.executable} -m crossdock")


def _town(seed: int) -> Town:
    # every command would wait for the simulators' libraries otherwise
    from crossdock.simulators.town import Town

    return Town(seed=seed)


def _sum(amounts: Mapping[str, Decimal]) -> Decimal:
    return sum(map(abs, amounts.values()), Decimal(0))


def _faults(simulator: Simulator) -> int:
    return simulator.faults.injected.total()


def _good(report: Mapping[str, Any]) -> bool:
    wrong = ("lost", "doubled", "order_violations", "uncertain_open", "stock_differences")
    return not any(report[name] for name in wrong) and not any(report["finance"].values())


def _summary(report: Mapping[str, Any]) -> str:
    colour = "green" if _good(report) else "red"
    under_way = f"{report['under_way']} under way, " if report["under_way"] else ""
    bought = f"{report['purchases']} bought, {report['purchases_done']} received and billed, " if report["purchases"] else ""
    return (
        f"[bold {colour}]{report['orders']} orders, {report['delivered']} delivered, {bought}{under_way}{report['lost']} lost, {report['doubled']} doubled, "
        f"{report['order_violations']} out of order, {report['uncertain_open']} uncertain, {report['stock_differences']} stocks wrong, {report['exceptions']} with people[/] "
        f"in {report['seconds']} s ({report['messages_per_second']} messages/s)"
    )
