"""`crossdock up`: runs a hub with a landscape until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crossdock.cli.output import errors, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, standing
from crossdock.cli.terminal import shown
from crossdock.cli.workbench import FirstLink, front_of, say_pages
from crossdock.core.errors import CrossdockError, Misconfigured
from crossdock.ledger.database import LedgerLocation

if TYPE_CHECKING:
    from crossdock.cli.succession import Succession
    from crossdock.landscape.landscape import Landscape
    from crossdock.pipeline.hub import Hub
    from crossdock.workbench.front import Front


class PortTaken(Misconfigured):
    """Another program listens on this address."""

    code = "up.port_taken"
    hint = "Choose another one with `--port`."


def up(
    folder: Annotated[
        Path | None, typer.Argument(help="The landscape's folder.", show_default="here", metavar="[FOLDER]")
    ] = None,
    path: Place = HERE,
    environment: Env = None,
    host: Annotated[str, typer.Option(help="Address to listen on.", envvar="CROSSDOCK_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", envvar="CROSSDOCK_PORT", min=1, max=65535)] = 8400,
    ledger: Annotated[
        str | None, typer.Option(help="Ledger URL; default: the environment's, else var/ledger.sqlite3 in the landscape.")
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(help="The region this hub serves; default: the environment's.", envvar="CROSSDOCK_REGION"),
    ] = None,
    workbench: Annotated[bool, typer.Option(help="Serve the pages and the REST API beside the messages.")] = True,
    log_format: Annotated[str, typer.Option(help="`text` or `json`.", envvar="CROSSDOCK_LOG_FORMAT")] = "text",
    as_json: Json = False,
) -> None:
    """Run the hub with the landscape in FOLDER until Ctrl-C.

    Messages are accepted at http://HOST:PORT/in/SYSTEM/CHANNEL, questions at /ask/FLOW/SYSTEM; by HTTPS where the environment's `door`
    names a certificate.
    /healthz and /readyz are for monitoring; so is /metrics, for which others than programs on this machine need the token in
    CROSSDOCK_METRICS_TOKEN.

    The landscape is read once, at the start: changed files take effect with the next start. Where the environment says whose bundles may
    run in it, what runs is the bundle promoted last, and a promotion takes effect at once (`crossdock promote`).
    """
    with errors(as_json):
        from crossdock.cli.succession import Succession
        from crossdock.pipeline.hub import Hub
        from crossdock.pipeline.logs import configure_logs

        configure_logs(log_format)
        if region:
            os.environ["CROSSDOCK_REGION"] = region  # its pages and mappers are processes of their own and serve the same region
        _port_free(host, port)
        from crossdock.landscape.load import load
        from crossdock.pipeline.location import ledger_location

        here = load(folder or path, environment)
        location = LedgerLocation.parse(ledger, here.home) if ledger else ledger_location(here)
        link = FirstLink()

        def make(landscape: Landscape) -> tuple[Hub, Front | None]:
            front = front_of(landscape, location, host, log_format, link) if workbench else None
            token = os.environ.get("CROSSDOCK_METRICS_TOKEN", "")
            return Hub(landscape, location=location, metrics_token=token, pages=front), front

        succession = Succession(make, lambda: load(folder or path, environment), location)
        _run(_serve(succession, standing(here, location), host, port, as_json, link, workbench))


def _port_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise PortTaken(f"cannot listen on {host}:{port}: {error.strerror}") from None


def _run(main: object) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)  # type: ignore[arg-type]
    else:
        uvloop.run(main)  # type: ignore[arg-type]


async def _serve(
    succession: Succession, landscape: Landscape, host: str, port: int, as_json: bool, link: FirstLink, pages: bool
) -> None:
    from crossdock.pipeline.server import loopback

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await succession.begin(landscape)
    _calm_collector()
    _share_interpreter()
    try:
        dropbox = _dropbox(succession.hub)
    except CrossdockError:
        await succession.hub.stop()
        raise
    server = asyncio.create_task(succession.hub.serve(host, port, succession.turnstile, lambda: succession.hub.secrets))
    scheme = "https" if landscape.environment.door.certificate else "http"
    url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    first = await asyncio.to_thread(link.path, succession.hub.location) if succession.front is not None else None
    _announce(
        succession.hub, url, host, as_json, first,
        pages=pages, closed=not (loopback(host) or os.environ.get("CROSSDOCK_METRICS_TOKEN")),
    )  # fmt: skip
    waiting = asyncio.create_task(stopping.wait())
    while True:
        failed = asyncio.create_task(succession.hub.failed())
        following = asyncio.create_task(succession.next())
        done, _ = await asyncio.wait([waiting, server, failed, following], return_when=asyncio.FIRST_COMPLETED)
        following.cancel()
        if done != {following}:
            break
        failed.cancel()
        await _leave(dropbox)
        await succession.hand_over(following.result())
        dropbox = _dropbox(succession.hub)
    if not as_json:
        out.print("stopping: calls under way may end", style="dim")
    await _leave(dropbox)
    await succession.end()
    server.cancel()
    waiting.cancel()
    await asyncio.gather(server, waiting, following, return_exceptions=True)
    for task in done:
        if task is failed or task is following:
            task.result()


async def _leave(dropbox: asyncio.Task[None] | None) -> None:
    """Close the drop-box."""
    if dropbox is not None:
        dropbox.cancel()
        await asyncio.wait([dropbox])


def _dropbox(hub: Hub) -> asyncio.Task[None] | None:
    """The environment's SFTP drop-box, kept open; None when it has none. Only then is what speaks SSH loaded."""
    if hub.landscape.environment.dropbox is None:
        return None
    from crossdock.pipeline.dropbox import keep_open, open_dropbox

    box = open_dropbox(hub)
    return None if box is None else asyncio.create_task(keep_open(box))


def _calm_collector() -> None:
    """Let the cyclic collector look less often: a busy hub makes many short-lived objects that reference counting frees already,
    and walking the long-lived ones again and again took half of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _share_interpreter() -> None:
    """Let the ledger's thread have the interpreter sooner: it asks for it after every statement, and everybody waits for its commit."""
    sys.setswitchinterval(0.001)


def _announce(hub: object, url: str, host: str, as_json: bool, first: str | None, *, pages: bool, closed: bool) -> None:
    from crossdock.pipeline.hub import Hub

    assert isinstance(hub, Hub)
    landscape = hub.landscape
    receiving = [p.name for p in hub.runtime.participants.values() if p.connector.capabilities.receives]
    if as_json:
        say_json(
            {
                "url": url,
                "landscape": landscape.name,
                "bundle": landscape.bundle_id,
                "region": landscape.region or None,
                "ledger": repr(hub.location),
                "first": url + first if first else None,
            }
        )
        return
    out.print(f"[bold]{shown(landscape.name)}[/] is up at {url} [dim](bundle {landscape.bundle_id[:12]})[/]")
    if landscape.region:
        out.print(f"  region    {shown(landscape.region)}: its flows and systems only")
    out.print(f"  ledger    {shown(hub.location.path or hub.location.name)}")
    for name in receiving:
        out.print(f"  messages  POST {url}/in/{name}/…")
    box = landscape.environment.dropbox
    if box is not None:
        out.print(f"  drop-box  sftp://{shown(box.host)}:{box.port}")
    for flow in landscape.flows.values():
        if flow.pattern == "direct" and flow.enabled:
            out.print(f"  questions POST {url}/ask/{flow.name}/…")
    if pages:
        say_pages(url, host, first)
    out.print(f"  health    {url}/healthz, /readyz, /metrics", soft_wrap=True)
    if closed:
        out.print("            /metrics is closed: set CROSSDOCK_METRICS_TOKEN to open it", style="yellow")
    out.print("  stop      Ctrl-C", style="dim")
