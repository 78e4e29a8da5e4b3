"""`crossdock regions`: what this region tells the coordinator, how far that is, and what the coordinator heard; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import Exit, errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger

if TYPE_CHECKING:
    from crossdock.coordination.envelope import Pseudonyms
    from crossdock.landscape.landscape import Landscape

app = typer.Typer(help="Several regions: what leaves this one, and how they stand.", no_args_is_help=True)


@app.command("status")
def status(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """How far this region's reports are; on the coordinator, how each region stands.

    For example: crossdock regions status -L landscape --env overview
    """
    with errors(as_json):
        from crossdock.coordination.overview import overview
        from crossdock.core.clock import SystemClock
        from crossdock.ledger.times import micros

        landscape = landscape_at(path, environment)
        with ledger(path, environment) as store:
            found = store.read.run(lambda s: overview(s, landscape, micros(SystemClock().now())))
        if as_json:
            say_json(found)
            return
        if found["reporting"] is not None:
            said: dict[str, Any] = found["reporting"]
            heard = f"heard at {said['told_at'].isoformat()}" if said["told_at"] else "not heard yet"
            out.print(
                f"region {found['region']}: report {said['sequence']}, {heard}; {said['waiting']} wait, {said['left_out']} left out"
            )
            if said["trouble"]:
                out.print(f"  trouble: {said['trouble']}", style="yellow")
        rows = [
            (
                each["region"], each["standing"], each["heard_at"].isoformat() if each["heard_at"] else "never", each["sequence"], each["missing"],
                each["cases"], each["open"], each["bundle"][:12], ", ".join(each["drift"]),
            )
            for each in found["regions"]
        ]  # fmt: skip
        if rows:
            table("Regions", ("region", "standing", "heard", "report", "missing", "cases", "open", "bundle", "drift"), rows)
        elif found["reporting"] is None:
            out.print("This hub reports to no coordinator and is none.", style="dim")


@app.command("report")
def report(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Print exactly what this region would tell the coordinator now; sends nothing. It is JSON on the wire, and here with or without --json.

    For example: crossdock regions report -L landscape --env production-eu
    """
    del as_json  # what would be sent has no other form; the option is there because every command has it
    with errors(True):
        import orjson

        from crossdock.coordination.allowed import encode
        from crossdock.coordination.observing import observe, vocabulary
        from crossdock.core.clock import SystemClock
        from crossdock.ledger import regions
        from crossdock.ledger.times import micros

        landscape = landscape_at(path, environment)
        names, now = _names(landscape), micros(SystemClock().now())
        with ledger(path, environment) as store:
            standing = store.read.run(regions.reporting)
            found = store.read.run(lambda s: observe(s, landscape, names, now, standing.totals if standing else {}))
        number = standing.sequence + 1 if standing else 1
        say_json(orjson.loads(encode({"sequence": number, **found}, vocabulary(landscape))))


@app.command("who")
def who(
    pseudonym: Annotated[str, typer.Argument(help="16 hexadecimal digits, as the coordinator shows them.")],
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Say, in its own region, which business key a pseudonym of the coordinator's page stands for. Exit code 1 when none in trouble does.

    For example: crossdock regions who 3fd0c1a29b7e4410 --env production-eu
    """
    with errors(as_json):
        from crossdock.ledger import regions

        names = _names(landscape_at(path, environment))
        with ledger(path, environment) as store:
            keys = store.read.run(regions.keys_in_trouble)
        found = [key for key in keys if names.of(key) == pseudonym.strip().lower()]
        if as_json:
            say_json({"pseudonym": pseudonym, "keys": found})
        else:
            out.print("\n".join(found) if found else "No open exception of this region is about it.")
        if not found:
            raise typer.Exit(Exit.FAILED)


def _names(landscape: Landscape) -> Pseudonyms:
    """The pseudonyms of this region. Raises `NoCoordination` where the landscape binds no region to a coordinator."""
    from crossdock.coordination.envelope import Pseudonyms
    from crossdock.coordination.errors import NoCoordination
    from crossdock.landscape.secrets import SecretReferences, vault_of
    from crossdock.pipeline.location import ledger_location

    environment = landscape.environment
    if environment.coordination is None or not environment.region:
        raise NoCoordination(f"environment {environment.name!r} serves no region that reports to a coordinator")
    vault, root = environment.vault, landscape.home
    reader = SecretReferences(root / vault.secrets, vault=vault_of(vault, root, ledger_location(landscape)))
    return Pseudonyms(reader.get(environment.coordination.key))
