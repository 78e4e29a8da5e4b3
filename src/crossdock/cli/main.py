"""The `crossdock` command: mounts what the rooms offer."""

from __future__ import annotations

import typer

from crossdock.landscape import cli as landscape

app = typer.Typer(name="crossdock", help="The governed integration hub for supply chains on Odoo.", no_args_is_help=True)
app.command("check")(landscape.check)
app.command("init")(landscape.init)
app.command("schema")(landscape.schema)
app.command("diff")(landscape.diff)


def run() -> None:
    """Entry point of the installed command."""
    app()
