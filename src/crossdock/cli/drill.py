"""`crossdock drill`: trouble made on purpose against simulated systems, with what it cost; carries nothing out itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import Exit, errors, out, refused, say_json, table
from crossdock.cli.place import ledger as open_ledger
from crossdock.cli.terminal import shown

if TYPE_CHECKING:
    from crossdock.drills.scenarios import Drill


def drill(
    name: Annotated[
        str,
        typer.Argument(
            help="failover, replay, recovery, partner-outage, throttle, reorder, duplicate, credential-expiry or restore.",
            metavar="DRILL",
        ),
    ],
    rate: Annotated[float, typer.Option(help="Orders placed per second.", min=0.5, max=50)] = 2.0,
    limit: Annotated[
        float, typer.Option(help="End after so many seconds whatever happened; 0: what the drill needs.", min=0, max=3600)
    ] = 0,
    ledger: Annotated[
        str,
        typer.Option(help="Ledger URL; on PostgreSQL two workers run and one dies.", show_default="SQLite in a temporary folder"),
    ] = "",
    register: Annotated[
        Path | None, typer.Option(help="Keep the figures in this file of JSON lines and compare with the last drill of the kind.")
    ] = None,
    path: Annotated[
        Path | None,
        typer.Option(
            "--landscape", "-L", help="Keep the figures in the register of this landscape's ledger, where due dates are watched."
        ),
    ] = None,
    environment: Annotated[str | None, typer.Option("--env", help="The environment whose ledger that is.")] = None,
    partner: Annotated[str, typer.Option(help="It is held with this partner: the trouble is at its simulated systems.")] = "",
    flow: Annotated[str, typer.Option(help="It is held with this flow (for the register).")] = "",
    at: Annotated[
        str,
        typer.Option(
            help="Hold it at this real system of the landscape's running hub, which was started with CROSSDOCK_DRILLS; never in production.",
            metavar="SYSTEM",
        ),
    ] = "",
    seconds: Annotated[float, typer.Option(help="With --at: how long the trouble lasts.", min=1, max=600)] = 30.0,
    pdf: Annotated[Path | None, typer.Option("--pdf", help="Write the report here as PDF, too.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of orders and faults.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Make trouble on purpose and measure what it costs: nothing needs to be set up, nothing outside this machine is touched.

    A real hub works on orders of simulated shops, Odoo, warehouse and carriers while it is killed or a system fails. What is lost,
    doubled or out of order is counted at the simulated systems. Exit code 1 when anything was, or when it did not recover in time.
    With --at, --landscape and --env the hub of a staging environment is told to let calls of one real system fail instead, and the
    ledger is counted. For example: [bold]crossdock drill throttle --at odoo -L landscape --env staging[/].

    For example: [bold]crossdock drill restore -L landscape --env production --pdf restore.pdf[/]; then `crossdock golive` knows of it.
    """
    with errors(as_json):
        from crossdock.drills.register import compared, enter, entries
        from crossdock.drills.scenarios import LIMITS, demo_systems, drill_of, with_partner

        chosen = drill_of(name)
        kept = _Kept(path, environment, partner, flow) if path is not None else None
        if at:
            if kept is None:
                raise refused("A drill at a real system needs --landscape and --env.", as_json)
            figures = kept.hold(chosen, at, seconds, limit, quiet=as_json)
        elif partner:
            chosen = with_partner(chosen, partner, kept.systems() if kept is not None else demo_systems(partner))
        earlier = entries(register) if register is not None else kept.earlier(name) if kept is not None else []
        if not at:
            deadline = time.time() + (limit or LIMITS.get(chosen.how, 34.0 + chosen.seconds * 3))
            figures = asyncio.run(_carried_out(chosen, rate, deadline, ledger, seed, quiet=as_json))
        last = compared(figures, earlier)
        if register is not None:
            enter(register, figures)
        if kept is not None:
            kept.enter(figures)
        if pdf is not None:
            from crossdock.drills.paper import paper

            pdf.write_bytes(paper(figures, last, kept.where if kept is not None else "simulated systems"))
        if as_json:
            say_json({**figures, "last": last} if register is not None or kept is not None else figures)
        else:
            _show(chosen.title, chosen.proves, figures, last)
        if not figures["passed"]:
            raise typer.Exit(Exit.FAILED)


class _Kept:
    """The register in a landscape's ledger; what keeps it from being written is said before the drill, not after it."""

    def __init__(self, path: Path, environment: str | None, partner: str, flow: str) -> None:
        from crossdock.landscape.load import load

        self._path, self._environment, self._partner, self._flow = path, environment, partner, flow
        self._landscape = load(path, environment)
        if partner and partner not in self._landscape.partners:
            raise refused(f"The landscape has no partner {partner!r}.", False)
        if flow and flow not in self._landscape.flows:
            raise refused(f"The landscape has no flow {flow!r}.", False)
        self.where = f"{self._landscape.name}, environment {self._landscape.environment.name}"

    def systems(self) -> tuple[str, ...]:
        """The systems of the partner."""
        return tuple(self._landscape.partners[self._partner].systems)

    def earlier(self, name: str) -> list[dict[str, Any]]:
        """The last drill of this kind with the same partner and flow."""
        from crossdock.ledger.drills import last

        with open_ledger(self._path, self._environment) as store:
            found = store.read.run(lambda session: last(session, name, partner=self._partner, flow=self._flow))
        return [] if found is None else [found.figures]

    def hold(self, drill: Drill, system: str, seconds: float, limit: float, *, quiet: bool) -> dict[str, Any]:
        """Hold it at a real system of this landscape's running hub. Raises `DrillNotHere`."""
        import os

        from crossdock.drills.staging import hold, refuse

        folder = os.environ.get("CROSSDOCK_DRILLS", "")
        refuse(drill, system, self._landscape.systems, self._landscape.environment.name, folder)
        with open_ledger(self._path, self._environment) as store:
            return hold(
                drill, system, store, Path(folder), seconds=seconds, deadline=time.time() + seconds + (limit or 120.0),
                tell=lambda words: None if quiet else out.print(f"[dim]{shown(words)} ...[/]"),
            )  # fmt: skip

    def enter(self, figures: Mapping[str, Any]) -> None:
        """Keep it."""
        import getpass
        from datetime import datetime

        from crossdock.core.clock import SystemClock
        from crossdock.ledger import drills
        from crossdock.ledger.ids import Numbers
        from crossdock.ledger.times import micros

        clock = SystemClock()
        began = micros(datetime.fromisoformat(str(figures["began"])))
        author = f"{getpass.getuser()}@cli"
        with open_ledger(self._path, self._environment) as store:
            store.work.run(
                lambda session: drills.enter(
                    session, Numbers(clock, 1021), figures, began, author, micros(clock.now()), self._partner, self._flow
                )
            )


async def _carried_out(drill: Drill, rate: float, deadline: float, ledger: str, seed: int, *, quiet: bool) -> dict[str, Any]:
    from crossdock.drills.rehearsal import Rehearsal
    from crossdock.drills.stage import Stage

    def tell(words: str) -> None:
        if not quiet:
            out.print(f"[dim]{shown(words)} ...[/]")

    tell("setting up simulated systems and a hub")
    async with Stage(seed, ledger) as stage:
        return (await Rehearsal(drill, stage, rate=rate, deadline=deadline, tell=tell).run()).as_dict()


def _show(title: str, proves: str, figures: Mapping[str, Any], last: Mapping[str, Any]) -> None:
    from crossdock.drills.paper import rows

    table(f"{title}: {proves}", ("", ""), rows(figures))
    for kind, found in figures["details"].items():
        out.print(f"{kind}: {shown(', '.join(found[:10]))}")
    if last:
        slower = ", ".join(f"{name} {by:+.2f}" for name, by in last["slower_by"].items())
        out.print(
            f"against the drill of {shown(last['began'])} ({'passed' if last['passed'] else 'failed'}): {slower or 'nothing to compare'}"
        )
    out.print("[bold green]passed[/]" if figures["passed"] else "[bold red]failed[/]")
