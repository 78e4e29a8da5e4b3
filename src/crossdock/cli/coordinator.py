"""`crossdock coordinator`: runs the hub of an environment that is the coordinator of several regions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli import up
from crossdock.cli.output import errors
from crossdock.cli.place import HERE, Env, Json, Place


def coordinator(
    folder: Annotated[
        Path | None, typer.Argument(help="The landscape's folder.", show_default="here", metavar="[FOLDER]")
    ] = None,
    path: Place = HERE,
    environment: Env = None,
    host: Annotated[str, typer.Option(help="Address to listen on.", envvar="CROSSDOCK_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", envvar="CROSSDOCK_PORT", min=1, max=65535)] = 8400,
    workbench: Annotated[bool, typer.Option(help="Serve the pages and the REST API.")] = True,
    log_format: Annotated[str, typer.Option(help="`text` or `json`.", envvar="CROSSDOCK_LOG_FORMAT")] = "text",
    as_json: Json = False,
) -> None:
    """Run the coordinator of several regions until Ctrl-C: it hears from each region's hub what stands where, metadata only.

    It runs no flow and knows no system. Regions report to http://HOST:PORT/coordination/report, signed; its pages are at /regions/.
    For example: crossdock coordinator landscape --env overview --port 8500
    """
    with errors(as_json):
        from crossdock.coordination.errors import NoCoordinator
        from crossdock.landscape.load import load

        here = load(folder or path, environment)
        if here.environment.coordinator is None:
            raise NoCoordinator(f"environment {here.environment.name!r} names no coordinator")
    up.up(
        folder=folder, path=path, environment=environment, host=host, port=port, ledger=None, region=None, workbench=workbench,
        log_format=log_format, as_json=as_json,
    )  # fmt: skip
