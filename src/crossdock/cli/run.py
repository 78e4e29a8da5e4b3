"""`crossdock run`: asks the running hub for a run of a batch flow now, and shows how far it is."""

from __future__ import annotations

import getpass
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from crossdock.cli.output import Exit, err, errors, iso, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, ledger
from crossdock.cli.terminal import shown
from crossdock.core.errors import Rejected
from crossdock.ledger.ids import written

if TYPE_CHECKING:
    from crossdock.ledger.runs import Run
    from crossdock.ledger.store import Store


class NoBatchFlow(Rejected):
    """The landscape has no batch flow of this name."""

    code = "run.unknown_flow"
    hint = "The landscape's batch flows are those with `timing: batch`; `crossdock status` lists them once the hub has run."


def run(
    flow: Annotated[str, typer.Argument(help="Name of a batch flow.", metavar="FLOW")],
    path: Place = HERE,
    environment: Env = None,
    believe: Annotated[
        bool, typer.Option("--believe", help="For this run believe a large difference (`snapshot.implausible`) that is real.")
    ] = False,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait for the running hub to start it.", min=0)] = 10.0,
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for its end.")] = False,
    as_json: Json = False,
) -> None:
    """Run a batch flow now and wait for its end. Exit code 1 when it failed."""
    with errors(as_json):
        from crossdock.cli.place import landscape_at
        from crossdock.pipeline.timetable import run_partition

        landscape = landscape_at(path, environment)
        batches = [name for name, each in landscape.flows.items() if each.timing == "batch" and each.enabled]
        if flow not in batches:
            known = f"; there are: {', '.join(sorted(batches))}" if batches else ""
            raise NoBatchFlow(f"{flow!r} is no batch flow of this landscape{known}")
        with ledger(path, environment) as store:
            found = follow(
                store, flow, run_partition(flow, landscape.partitions), {"believe": believe}, wait, as_json, detach=detach
            )
        if found is None:
            raise typer.Exit(Exit.UNAVAILABLE)
        if not detach:
            report(found, as_json)
        if not detach and _state(found) != "done":
            raise typer.Exit(Exit.FAILED)


def follow(
    store: Store,
    flow: str,
    partition: int,
    data: dict[str, Any],
    wait: float,
    as_json: bool,
    *,
    detach: bool = False,
    quiet: bool = False,
) -> Run | None:
    """Ask for a run and follow it to its end; None when no hub took it up in time, which is said unless `quiet`."""
    from crossdock.core.clock import SystemClock
    from crossdock.ledger.ids import Numbers, read
    from crossdock.ledger.people import results
    from crossdock.ledger.runs import ask
    from crossdock.ledger.times import micros

    clock = SystemClock()
    at, author = micros(clock.now()), f"{getpass.getuser()}@cli"
    number = store.work.run(lambda s: ask(s, Numbers(clock, 1023), flow, partition, data, author, at))
    until = time.monotonic() + wait
    while not (answered := store.read.run(lambda s: results(s, [number]))):
        if time.monotonic() >= until:
            if quiet:
                return None
            if as_json:
                say_json({"flow": flow, "state": "asked"})
            else:
                out.print("No hub has taken it up yet. It is recorded; the hub runs it as soon as it is up.", style="dim")
            return None
        time.sleep(0.05)
    result = answered[number]
    if not result.get("done"):
        raise NoBatchFlow(str(result.get("why")))
    wanted = read(str(result["run"]))
    if not as_json and result.get("joined"):
        out.print("It runs already; this is the same run.", style="dim")
    if detach:
        found = _run(store, wanted)
        if as_json:
            say_json(as_data(found))
        else:
            out.print(f"run {written(wanted)} of {shown(flow)} is under way; `crossdock status` shows how far it is")
        return found
    return _watch(store, wanted, quiet=as_json)


def _run(store: Store, number: int) -> Run:
    from crossdock.ledger.runs import run_by_id

    found = store.read.run(lambda s: run_by_id(s, number))
    assert found is not None
    return found


def _watch(store: Store, number: int, *, quiet: bool) -> Run:
    columns = (TextColumn("{task.description:16}"), BarColumn(), TextColumn("{task.fields[figures]}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=quiet) as screen:
        bar = screen.add_task("", total=None, figures="")
        while True:
            found = _run(store, number)
            told, settled = found.progress.get("chunks"), found.progress.get("settled", 0)
            total = told if found.progress.get("phase") == "settling" else None
            screen.update(bar, description=phase(found), total=total, completed=settled, figures=figures(found))
            if found.ended_at is not None:
                return found
            time.sleep(0.1)


def _state(found: Run) -> str:
    return found.state.name.lower()


def phase(found: Run) -> str:
    """What a run does now, in words."""
    return str(found.progress.get("phase", _state(found))) if found.state.name in ("RUNNING", "SETTLING") else _state(found)


FIGURES = (
    ("counted_lines", "counted"),
    ("book_lines", "in the books"),
    ("differing", "differ"),
    ("told", "told"),
    ("adjusted", "adjusted"),
    ("with_people", "with people"),
    ("pruned", "pruned"),
)
"""Figures of a run worth a column, with their words."""


def figures(found: Run) -> str:
    """How far a run is, in words."""
    known = {**found.progress, **found.result}
    return ", ".join(f"{known[name]} {words}" for name, words in FIGURES if known.get(name) is not None)


BOOKKEEPING = ("cursors", "left", "plan", "dropping", "schedule", "first_due")
"""What a run notes for the next one."""


def as_data(found: Run) -> dict[str, Any]:
    """A run for machines."""
    return {
        "run": written(found.id), "flow": found.flow, "state": _state(found), "due_at": iso(found.due_at),
        "started_at": iso(found.started_at), "ended_at": iso(found.ended_at), "author": found.author or "schedule",
        "progress": {name: value for name, value in found.progress.items() if name not in BOOKKEEPING}, "result": found.result,
    }  # fmt: skip


def report(found: Run, as_json: bool) -> None:
    """Say what came of a run."""
    if as_json:
        say_json(as_data(found))
        return
    colour = "green" if _state(found) == "done" else "red"
    seconds = ((found.ended_at or 0) - (found.started_at or 0)) / 1e6
    out.print(f"[{colour}]{shown(found.flow)}: {_state(found)}[/] in {seconds:.1f} s [dim](run {written(found.id)})[/]")
    error = found.result.get("error")
    if error:
        out.print(f"  {shown(error['message'])} [dim]({shown(error['code'])})[/]")
        out.print(f"  [dim]{shown(error['hint'])}[/]")
    rows = [(name.replace("_", " "), value) for name, value in found.result.items() if isinstance(value, int)]
    if rows:
        table("", ("figure", "count"), rows)
