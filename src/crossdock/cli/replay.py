"""`crossdock replay`: would today's landscape and workflows decide what was decided then? Or: normalize a kept message again."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock.cli.output import Exit, errors, out, refused, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at, ledger
from crossdock.cli.terminal import shown
from crossdock.core.clock import SystemClock


def replay(
    name: Annotated[str, typer.Argument(help="Any name of a transaction: order number, tracking number, key.")],
    path: Place = HERE,
    environment: Env = None,
    as_json: Json = False,
) -> None:
    """Replay the recorded facts of a transaction against today's landscape and workflows and compare the decisions.

    Nothing is sent and nothing is stored. Exit code 1 when something would be decided differently.
    To process a failed message again, use [bold]crossdock exceptions retry[/].
    """
    with errors(as_json):
        from crossdock.landscape.secrets import SecretReferences
        from crossdock.landscape.valuemaps import CodeTables
        from crossdock.ledger.trace import find_keys
        from crossdock.pipeline.replay import replay as run
        from crossdock.pipeline.runtime import build

        landscape = landscape_at(path, environment)
        runtime = build(landscape, SecretReferences(landscape.home), CodeTables(landscape.value_maps), SystemClock())
        with ledger(path, environment) as store:
            keys = store.read.run(lambda session: find_keys(session, name))
            found = {key: store.read.run(lambda session, key=key: run(session, runtime.flows, key)) for key in keys}  # type: ignore[misc]
        if not keys:
            raise refused(f"Nothing is known of {name!r}.", as_json)
        same = all(each.same for results in found.values() for each in results)
        if as_json:
            say_json(
                {
                    "same": same,
                    "keys": {
                        key: [
                            {
                                "flow": e.flow, "facts": e.facts, "same": e.same, "same_state": e.same_state, "failure": e.failure,
                                "only_then": sorted(set(e.then) - set(e.now)), "only_now": sorted(set(e.now) - set(e.then)),
                            }
                            for e in results
                        ]
                        for key, results in found.items()
                    },
                }
            )  # fmt: skip
        else:
            for key, results in found.items():
                for each in results:
                    verdict = "decides the same" if each.same else "[bold red]decides differently[/]"
                    out.print(f"{shown(key)} in {shown(each.flow)}: {each.facts} facts replayed, {verdict}")
                    for command in sorted(set(each.then) - set(each.now)):
                        out.print(f"  then, not now: {shown(command)}")
                    for command in sorted(set(each.now) - set(each.then)):
                        out.print(f"  now, not then: {shown(command)}")
                    if each.failure:
                        out.print(f"  the workflow fails: {shown(each.failure)}")
        if not same:
            raise typer.Exit(Exit.FAILED)
