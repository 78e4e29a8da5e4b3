"""The `crossdock` command: puts the commands together; each lives in a module of its own."""

from __future__ import annotations

from typing import Annotated

import typer

from crossdock import __version__

EPILOG = (
    "Exit codes: 0 done, 1 it failed or found something, 2 wrong usage, 3 misconfigured, 4 a database or system is unavailable."
)

app = typer.Typer(
    name="crossdock",
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog=EPILOG,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crossdock {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """The governed integration hub for supply chains that run on Odoo."""


def _mount() -> None:
    from crossdock.cli import (
        accounts,
        advise,
        audit,
        backup,
        bundle,
        capacity,
        client,
        coordinator,
        demo,
        drill,
        events,
        exceptions,
        golive,
        load,
        partner,
        prune,
        reconcile,
        regions,
        replay,
        review,
        run,
        send,
        status,
        subject,
        trace,
        up,
        value_maps,
        vault,
        workbench,
    )
    from crossdock.connectors import cli as connectors
    from crossdock.edi import cli as edi
    from crossdock.landscape import cli as landscape

    app.command("init", epilog=EPILOG)(landscape.init)
    app.command("check", epilog=EPILOG)(landscape.check)
    app.command("up", epilog=EPILOG)(up.up)
    app.command("coordinator", epilog=EPILOG)(coordinator.coordinator)
    app.command("demo", epilog=EPILOG)(demo.demo)
    app.command("drill", epilog=EPILOG)(drill.drill)
    app.command("golive", epilog=EPILOG)(golive.golive)
    app.command("load", epilog=EPILOG)(load.load)
    app.command("capacity", epilog=EPILOG)(capacity.capacity)
    app.command("status", epilog=EPILOG)(status.status)
    app.command("run", epilog=EPILOG)(run.run)
    app.command("prune", epilog=EPILOG)(prune.prune)
    app.command("trace", epilog=EPILOG)(trace.trace)
    app.command("send", epilog=EPILOG)(send.send)
    app.command("replay", epilog=EPILOG)(replay.replay)
    app.command("workbench", epilog=EPILOG)(workbench.workbench)
    app.command("bundle", epilog=EPILOG)(bundle.bundle)
    app.command("approve", epilog=EPILOG)(bundle.approve)
    app.command("promote", epilog=EPILOG)(bundle.promote)
    app.command("releases", epilog=EPILOG)(bundle.releases)
    app.command("signing-key", epilog=EPILOG)(bundle.signing_key)
    app.command("diff", epilog=EPILOG)(landscape.diff)
    app.command("advise", epilog=EPILOG)(advise.advise)
    app.command("schema", epilog=EPILOG)(landscape.schema)
    app.add_typer(exceptions.app, name="exceptions")
    app.add_typer(events.app, name="events")
    app.add_typer(value_maps.app, name="value-maps")
    app.add_typer(vault.app, name="vault")
    app.add_typer(client.app, name="client")
    app.add_typer(accounts.user_app, name="user")
    app.add_typer(accounts.key_app, name="key")
    app.add_typer(audit.app, name="audit")
    app.add_typer(backup.app, name="backup")
    app.add_typer(backup.restoring, name="restore")
    app.add_typer(reconcile.app, name="reconcile")
    app.add_typer(regions.app, name="regions")
    app.add_typer(connectors.app, name="connector")
    app.add_typer(edi.app, name="edi")
    app.add_typer(partner.app, name="partner")
    app.add_typer(review.app, name="review")
    app.add_typer(subject.app, name="subject")


def run() -> None:
    """The entry point."""
    _mount()
    app()
