"""`crossdock events`: the AsyncAPI document, schemas and their compatibility, and telling a subscriber once more."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from crossdock.cli.output import Exit, errors, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger

app = typer.Typer(name="events", help="What is published: describe it, keep it compatible, tell it again.", no_args_is_help=True)


@app.command()
def asyncapi(
    path: Place = HERE,
    environment: Env = None,
    url: Annotated[str, typer.Option(help="Where systems reach the hub.", envvar="CROSSDOCK_URL")] = "https://hub.example",
    output: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; else standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Write the AsyncAPI 3.0 document of what this landscape publishes and takes.

    Example: crossdock events asyncapi --out asyncapi.json
    """
    with errors(as_json):
        from crossdock.backbone.asyncapi import asyncapi as made

        document = made(landscape_at(path, environment), url)
        if output is None:
            say_json(document)
            return
        output.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        written = {
            "written": str(output),
            "channels": len(document["channels"]),
            "messages": len(document["components"]["messages"]),
        }
        if as_json:
            say_json(written)
        else:
            out.print(f"{output}: {written['channels']} channels, {written['messages']} messages")


def _moment(text: str) -> datetime:
    for unit, seconds in (("m", 60), ("h", 3600), ("d", 86400)):
        if text.endswith(unit) and text[:-1].isdigit():
            return datetime.now(UTC) - timedelta(seconds=int(text[:-1]) * seconds)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@app.command()
def replay(
    subscriber: Annotated[str, typer.Argument(help="The subscriber, as `subscribers/` calls it.")],
    since: Annotated[str, typer.Option(help="From when: `2026-11-23T08:00` (UTC unless it says), or so long ago: `6h`, `2d`.")],
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.")],
    until: Annotated[str, typer.Option(help="Up to when; now unless it is said.")] = "",
    name: Annotated[str, typer.Option(help="Name of the replay; the same name goes on and tells nothing twice.")] = "",
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Tell a subscriber again what was taken since a time, in order, through a running hub.

    Example: crossdock events replay lake --since 6h --reason "the lake was restored"
    """
    with errors(as_json):
        from crossdock.backbone.replaying import Replay
        from crossdock.backbone.replaying import replay as run
        from crossdock.core.clock import SystemClock

        try:
            wanted = Replay(subscriber, _moment(since), _moment(until) if until else datetime.now(UTC), reason)
        except ValueError:
            raise refused("--since and --until are times such as 2026-11-23T08:00, or 6h", as_json, Exit.USAGE) from None
        name = name or f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        asked = 0
        landscape = landscape_at(path, environment)
        with ledger(path, environment) as store:
            for step in run(store, landscape, wanted, f"{getpass.getuser()}@cli", SystemClock(), name=name):
                asked = step.asked
                if not as_json:
                    out.print(f"{step.asked} events asked for")
        if as_json:
            say_json({"subscriber": subscriber, "name": name, "asked": asked})
        else:
            out.print(f"replay {name}: {asked} events are told to {subscriber} as fast as it takes them")


@app.command()
def compatible(
    old: Annotated[Path, typer.Argument(help="A JSON Schema.")],
    new: Annotated[Path, typer.Argument(help="The JSON Schema that is to follow it.")],
    level: Annotated[str, typer.Option(help="BACKWARD, FORWARD or FULL.")] = "FULL",
    as_json: Json = False,
) -> None:
    """Say whether one schema may follow another; exit code 1 when it may not.

    Example: crossdock events compatible order-1.0.json order-1.1.json --level BACKWARD
    """
    with errors(as_json):
        from crossdock.backbone.registry import LEVELS, faults

        if level not in LEVELS:
            raise refused(f"--level is one of {', '.join(LEVELS)}", as_json, Exit.USAGE)
        try:
            before, after = (json.loads(each.read_text(encoding="utf-8")) for each in (old, new))
        except (OSError, ValueError) as error:
            raise refused(f"a schema cannot be read: {error}", as_json, Exit.USAGE) from None
        found = faults(level, before, after)
        if as_json:
            say_json({"is_compatible": not found, "messages": found})
        else:
            out.print("compatible" if not found else "\n".join(found))
        if found:
            raise typer.Exit(Exit.FAILED)


@app.command()
def registry(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes a free one.")] = 8081,
    keep: Annotated[Path | None, typer.Option(help="File in which schemas registered by others are kept.")] = None,
    as_json: Json = False,
) -> None:
    """Serve the schemas of all events by the Confluent schema registry API, until Ctrl-C.

    It has no sign-in of its own: put it behind what guards your broker. Example: crossdock events registry --port 8081
    """
    with errors(as_json):
        from crossdock.backbone.registry import Registry
        from crossdock.backbone.serving import serve

        def listening(at: str) -> None:
            answer: dict[str, Any] = {"url": at}
            say_json(answer) if as_json else out.print(f"schema registry at {at}")

        serve(Registry(path=keep), host, port, listening)
