"""`crossdock up`: runs a hub with a landscape until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from pathlib import Path
from typing import Annotated

import typer

from crossdock.cli.output import errors, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at
from crossdock.cli.terminal import shown
from crossdock.core.errors import Misconfigured
from crossdock.ledger.database import LedgerLocation


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
    log_format: Annotated[str, typer.Option(help="`text` or `json`.", envvar="CROSSDOCK_LOG_FORMAT")] = "text",
    as_json: Json = False,
) -> None:
    """Run the hub with the landscape in FOLDER until Ctrl-C.

    Messages are accepted at http://HOST:PORT/in/SYSTEM/CHANNEL, questions at /ask/FLOW/SYSTEM.
    /healthz and /readyz are for monitoring; so is /metrics, for which others than programs on this machine need the token in
    CROSSDOCK_METRICS_TOKEN.

    The landscape is read once, at the start: changed files take effect with the next start.
    """
    with errors(as_json):
        from crossdock.pipeline.hub import Hub
        from crossdock.pipeline.logs import configure_logs

        configure_logs(log_format)
        _port_free(host, port)
        landscape = landscape_at(folder or path, environment)
        location = LedgerLocation.parse(ledger, landscape.root) if ledger else None
        hub = Hub(landscape, location=location, metrics_token=os.environ.get("CROSSDOCK_METRICS_TOKEN", ""))
        _run(_serve(hub, host, port, as_json))


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


async def _serve(hub: object, host: str, port: int, as_json: bool) -> None:
    from crossdock.pipeline.hub import Hub
    from crossdock.pipeline.server import loopback

    assert isinstance(hub, Hub)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    await hub.start()
    _calm_collector()
    server = asyncio.create_task(hub.serve(host, port))
    failed = asyncio.create_task(hub.failed())
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    _announce(hub, url, as_json, closed=not (loopback(host) or os.environ.get("CROSSDOCK_METRICS_TOKEN")))
    waiting = asyncio.create_task(stopping.wait())
    done, _ = await asyncio.wait([waiting, server, failed], return_when=asyncio.FIRST_COMPLETED)
    if not as_json:
        out.print("stopping: calls under way may end", style="dim")
    await hub.stop()
    server.cancel()
    waiting.cancel()
    await asyncio.gather(server, waiting, return_exceptions=True)
    for task in done:
        if task is failed:
            task.result()


def _calm_collector() -> None:
    """Let the cyclic collector look less often: a busy hub makes many short-lived objects that reference counting frees already,
    and walking the long-lived ones again and again took half of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _announce(hub: object, url: str, as_json: bool, *, closed: bool) -> None:
    from crossdock.pipeline.hub import Hub

    assert isinstance(hub, Hub)
    landscape = hub.landscape
    receiving = [p.name for p in hub.runtime.participants.values() if p.connector.capabilities.receives]
    if as_json:
        say_json({"url": url, "landscape": landscape.name, "bundle": landscape.bundle_id, "ledger": repr(hub.location)})
        return
    out.print(f"[bold]{shown(landscape.name)}[/] is up at {url} [dim](bundle {landscape.bundle_id[:12]})[/]")
    out.print(f"  ledger    {shown(hub.location.path or hub.location.name)}")
    for name in receiving:
        out.print(f"  messages  POST {url}/in/{name}/…")
    for flow in landscape.flows.values():
        if flow.pattern == "direct" and flow.enabled:
            out.print(f"  questions POST {url}/ask/{flow.name}/…")
    out.print(f"  health    {url}/healthz, /readyz, /metrics", soft_wrap=True)
    if closed:
        out.print("            /metrics is closed: set CROSSDOCK_METRICS_TOKEN to open it", style="yellow")
    out.print("  stop      Ctrl-C", style="dim")
