"""`crossdock subject`: what the ledger holds about a person, given out and erased; the audit chain goes on to hold."""

from __future__ import annotations

import asyncio
import getpass
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import errors, out, say_json, table
from crossdock.cli.place import HERE, Env, Json, Place, ledger

if TYPE_CHECKING:
    from crossdock.ledger.subjects import Held

app = typer.Typer(no_args_is_help=True, help="What the ledger holds about a person: find it, give it out, erase it.")
Name = Annotated[
    str, typer.Argument(help="A mail address, a telephone number, a full name: as it stands in the documents.", metavar="NAME")
]


@app.command("find", epilog="Example: crossdock subject find ada@example.com --json")
def find(name: Name, path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Say where the ledger names a person: how many records of each kind, and which transactions."""
    with errors(as_json):
        _report(_held(name, path, environment), as_json, "named in")


@app.command("export", epilog="Example: crossdock subject export ada@example.com --out ada.json")
def export(
    name: Name,
    path: Place = HERE,
    environment: Env = None,
    target: Annotated[Path | None, typer.Option("--out", help="The file to write; absent: standard output.")] = None,
    as_json: Json = False,
) -> None:
    """Give out everything that names a person (an access request), as JSON with the contents as they are kept."""
    with errors(as_json):
        records: list[dict[str, Any]] = []

        def show(kind: str, number: int, where: str, body: bytes) -> None:
            from crossdock.ledger.ids import written

            records.append({"kind": kind, "id": written(number), "of": where, "content": body.decode("utf-8", "replace")})

        held = _held(name, path, environment, show)
        text = json.dumps({"subject": name, "transactions": sorted(held.keys), "records": records}, indent=2, ensure_ascii=False)
        if target is None:
            typer.echo(text)
            return
        target.touch(mode=0o600)
        target.write_text(text + "\n")
        if as_json:
            say_json({"file": str(target), "records": len(records)})
        else:
            out.print(f"{len(records)} records are in {target}")


@app.command("erase", epilog='Example: crossdock subject erase ada@example.com --reason "request of 23 November" --yes')
def erase(
    name: Name,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit chain, so it must not name the person.")],
    path: Place = HERE,
    environment: Env = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove the contents of all records that name a person; that they existed stays, and `crossdock audit verify` passes.

    What a transaction under way needs is kept and counted: ask again when it has ended. The hub must not run meanwhile.
    """
    with errors(as_json):
        from crossdock.cli.place import landscape_at
        from crossdock.core.clock import SystemClock
        from crossdock.pipeline.claims import claims_at
        from crossdock.pipeline.erasure import erase as remove

        held = _held(name, path, environment)
        if not yes:
            _report(held, False, "would be erased")
            typer.confirm("Erase them for ever?", abort=True)
        landscape = landscape_at(path, environment)
        with ledger(path, environment) as store:
            claims = claims_at(store.location, landscape.home)
            author = f"{getpass.getuser()}@cli"
            asyncio.run(remove(landscape, store, claims, SystemClock(), held, name, author, reason))
        _report(held, as_json, "erased")


def _held(name: str, path: Path, environment: str | None, show: Any = None) -> Held:
    from crossdock.cli.place import landscape_at
    from crossdock.ledger import subjects
    from crossdock.pipeline.claims import claims_at

    with ledger(path, environment) as store:
        claims = claims_at(store.location, landscape_at(path, environment).home)
        return store.read.run(lambda session: subjects.find(session, [name], claims, show))


def _report(held: Held, as_json: bool, words: str) -> None:
    needed = {kind: len(ids) for kind, ids in held.needed.items()}
    if as_json:
        say_json({"records": held.counts, "needed": needed, "transactions": sorted(held.keys)})
        return
    table("", ("records", words), sorted(held.counts.items()) or [("nothing", 0)])
    if needed:
        out.print(f"{sum(needed.values())} more are needed by what is under way: {needed}")
