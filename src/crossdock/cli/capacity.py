"""`crossdock capacity`: how much more this hub takes, up to the next peak and beyond."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.output import errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger


def capacity(
    path: Place = HERE,
    environment: Env = None,
    ahead: Annotated[float, typer.Option(help="Days until the next peak.", min=0, max=730)] = 30,
    factor: Annotated[
        float, typer.Option(help="What the business says comes on top then: 3 for a sale of three times the usual.", min=0.1)
    ] = 1.0,
    workers: Annotated[int, typer.Option(help="Workers that run.", min=1)] = 1,
    pdf: Annotated[Path | None, typer.Option(help="Write the review as a PDF.")] = None,
    as_json: Json = False,
) -> None:
    """Headroom per system, flow and partner, the forecast with its uncertainty, the first bottleneck, and what would help.

    Run `crossdock load --rate 0 --save .` on the same machine once, so that the workers' own capacity is known.
    Example: crossdock capacity --ahead 21 --factor 3 --pdf review.pdf
    """
    with errors(as_json):
        from crossdock.monitoring.capacity_facts import measured, reviewed
        from crossdock.monitoring.capacity_paper import paper
        from crossdock.monitoring.capacity_words import multiples, verdict

        landscape = landscape_at(path, environment)
        hub = measured(landscape.home, landscape.partitions, workers)
        now = datetime.now(UTC)
        with ledger(path, environment) as store:
            found = store.read.run(lambda session: reviewed(session, landscape, now, hub, ahead=ahead, factor=factor))
        demand = next((each.demand for each in found.resources if each.kind == "hub"), 0.0)
        if pdf is not None:
            pdf.write_bytes(paper(found, landscape.company, now.date(), hub, demand, factor))
        if as_json:
            needs = [dict(zip(("load", "workers", "engine"), each, strict=True)) for each in multiples(hub, demand)]
            say_json({**found.as_dict(), "verdict": verdict(found, factor), "multiples": needs})
            return
        out.print(verdict(found, factor))
        rows = [
            (each.kind, each.name, f"{each.capacity:,.2f}", f"{each.demand:,.2f}", f"{each.headroom:,.1f}", each.limit)
            for each in found.resources
        ]
        table("What is scarce", ("what", "name", "takes/s", "busiest/s", "room", "bound by"), rows)
        if found.steps:
            table(
                "What would help",
                ("add", "carries/s", "then scarce"),
                [(e.what, e.carries, e.next_bottleneck) for e in found.steps],
            )
            table("More", ("load", "workers", "engine"), multiples(hub, demand))
        if hub is None:
            out.print("The workers' own capacity is not known: run `crossdock load --rate 0 --save .` on this machine.")
