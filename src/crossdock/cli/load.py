"""`crossdock load`: a realistic load on a hub of its own between simulated systems on this machine, counted at both ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.output import Exit, errors, out, refused, say_json, table
from crossdock.cli.place import Json


def load(
    mix: Annotated[str, typer.Option(help="peak-day, catch-up or batch-night.")] = "peak-day",
    rate: Annotated[float, typer.Option(help="Messages a second on average; 0: as fast as the hub takes them.", min=0)] = 200.0,
    seconds: Annotated[float, typer.Option(help="How long.", min=1, max=86_400)] = 20.0,
    latency: Annotated[float, typer.Option(help="Milliseconds the simulated target takes to answer.", min=0)] = 0.0,
    concurrency: Annotated[int, typer.Option(help="Calls the target takes at once.", min=1, max=1000)] = 64,
    save: Annotated[
        Path | None, typer.Option(help="A landscape's folder: keep what was measured for `crossdock capacity`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start a hub on a ledger of its own, load it, and count: nothing lost, nothing doubled, how fast, how much CPU.

    It needs nothing set up and touches no system. Example: crossdock load --mix catch-up --rate 500 --seconds 30
    """
    with errors(as_json):
        from crossdock.drills.loading import run
        from crossdock.monitoring.capacity_facts import MEASURED
        from crossdock.monitoring.load import MIXES

        if mix not in MIXES:
            raise refused(f"--mix is one of {', '.join(MIXES)}", as_json, Exit.USAGE)
        found = run(mix, rate, seconds, latency / 1000, concurrency)
        if save is not None:
            folder = save / "var"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / MEASURED).write_text(
                json.dumps({"cpu_seconds": found["cpu_ms_per_message"] / 1000, "accept_rate": found["accepted_per_second"]})
            )
        if as_json:
            say_json(found)
        else:
            table(f"Load {mix}", ("figure", "value"), [(name.replace("_", " "), value) for name, value in found.items()])
            if save is not None:
                out.print(f"kept in {save / 'var' / MEASURED}")
        if found["lost"] or found["doubled"] or found["order_violations"]:
            raise typer.Exit(Exit.FAILED)
