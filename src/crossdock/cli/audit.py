"""`crossdock audit`: proves that nothing in the ledger was altered or removed."""

from __future__ import annotations

import typer

from crossdock.cli.output import Exit, err, errors, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, ledger
from crossdock.cli.terminal import shown

app = typer.Typer(name="audit", help="The audit chain.", no_args_is_help=True)


@app.callback()
def audit() -> None:
    """The audit chain."""


@app.command()
def verify(path: Place = HERE, environment: Env = None, as_json: Json = False) -> None:
    """Recompute every chain and compare it with what the ledger holds; exit code 1 when anything was altered or removed."""
    with errors(as_json):
        from crossdock.ledger.audit import verify as check
        from crossdock.pipeline.claims import claims_at

        with ledger(path, environment) as store:
            claims = claims_at(store.location, path)
            found = store.read.run(lambda session: check(session, claims))
        broken = [{"partition": b.partition, "link": b.seq, "problem": b.problem} for b in found.breaks]
        if as_json:
            say_json(
                {
                    "intact": not broken,
                    "links": found.links,
                    "records": found.records,
                    "compared": found.compared,
                    "breaks": broken,
                }
            )
        elif broken:
            for each in broken[:100]:
                err.print(f"[bold red]partition {each['partition']}, link {each['link']}:[/] {shown(each['problem'])}")
            err.print("Keep the ledger as it is and call the security reviewer.")
        else:
            out.print(f"intact: {found.links} links, {found.records} records, {found.compared} payloads compared")
        if broken:
            raise typer.Exit(Exit.FAILED)
