"""`crossdock workbench`: serves pages and the API alone; and the front that `crossdock up` serves them by."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossdock.cli.output import errors, out, say_json
from crossdock.cli.place import HERE, Env, Json, Place, landscape_at
from crossdock.cli.terminal import shown
from crossdock.core.errors import Misconfigured
from crossdock.ledger.database import LedgerLocation
from crossdock.ledger.newcomers import nobody_yet
from crossdock.ledger.store import Store
from crossdock.pipeline.server import loopback
from crossdock.security.keys import digest_of, new_link_token
from crossdock.security.peer import Network, networks
from crossdock.workbench.front import Front
from crossdock.workbench.secret_key import VARIABLE, there_is_one
from crossdock.workbench.start import Start

if TYPE_CHECKING:
    from crossdock.landscape.landscape import Landscape

UNBOUND = "none"
"""Name of the environment of a landscape that has none; it cannot be asked for."""
LINK_LIVES = 3600.0
"""Seconds in which the first administrator can be made with a link the terminal printed."""


class ProxiesUnreadable(Misconfigured):
    """The list of trusted proxies cannot be read."""

    code = "workbench.proxies"
    hint = "CROSSDOCK_TRUSTED_PROXIES holds addresses or networks, separated by commas: `10.0.0.5, 192.168.0.0/24`."


def trusted_proxies(landscape: Landscape) -> tuple[Network, ...]:
    """Proxies whose word counts about who asks (`CROSSDOCK_TRUSTED_PROXIES`, the environment's `door`). Raises `ProxiesUnreadable`."""
    from crossdock.security.admission import networks_of

    try:
        return (*networks(os.environ.get("CROSSDOCK_TRUSTED_PROXIES", "")), *networks_of(landscape.environment.door.proxies))
    except ValueError as error:
        raise ProxiesUnreadable(str(error)) from None


def start_of(landscape: Landscape, location: LedgerLocation, host: str, log_format: str, **options: Any) -> Start:
    """What the workbench's process is told."""
    given = tuple(filter(None, (each.strip() for each in os.environ.get("CROSSDOCK_WORKBENCH_HOSTS", "").split(","))))
    bound = () if host in ("0.0.0.0", "::") else (f"[{host}]" if ":" in host else host,)  # noqa: S104
    demo = os.environ.get("CROSSDOCK_DEMO_SIGN_IN", "")
    if demo and loopback(host):
        options["demo"] = digest_of(demo)
    return Start(
        landscape=landscape.root.absolute(),
        environment=landscape.environment.name if landscape.environment.name != UNBOUND else "",
        location=location,
        socket=Path(),
        hosts=(*given, *bound),
        exposed=not loopback(host),
        log_format=log_format,
        options=options,
    )


class FirstLink:
    """The one-time link that makes the first administrator; printed only while there is nobody."""

    def __init__(self) -> None:
        self.token, digest = new_link_token()
        self.option = (digest, time.time() + LINK_LIVES)

    def path(self, location: LedgerLocation) -> str:
        """Its path; empty when somebody has an account already."""
        store = Store(location)
        try:
            return f"/account/first/{self.token}/" if store.read.run(nobody_yet) else ""
        finally:
            store.close()


def front_of(landscape: Landscape, location: LedgerLocation, host: str, log_format: str, link: FirstLink) -> Front | None:
    """The front before the workbench's process, for the hub's door; None when the pages cannot be served without a key."""
    if not there_is_one(location):
        return None
    return Front(start_of(landscape, location, host, log_format, first=link.option), trusted_proxies(landscape))


def workbench(
    path: Place = HERE,
    environment: Env = None,
    host: Annotated[str, typer.Option(help="Address to listen on.", envvar="CROSSDOCK_WORKBENCH_HOST")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", envvar="CROSSDOCK_WORKBENCH_PORT", min=1, max=65535)] = 8401,
    log_format: Annotated[str, typer.Option(help="`text` or `json`.", envvar="CROSSDOCK_LOG_FORMAT")] = "text",
    as_json: Json = False,
) -> None:
    """Serve the pages and the REST API alone, for several hubs on one PostgreSQL ledger; `crossdock up` serves them by itself.

    Behind a proxy, name it in CROSSDOCK_TRUSTED_PROXIES and the names of the pages in CROSSDOCK_WORKBENCH_HOSTS.
    """
    with errors(as_json):
        from crossdock.pipeline.location import ledger_location
        from crossdock.pipeline.logs import configure_logs

        configure_logs(log_format)
        landscape = landscape_at(path, environment)
        trusted = trusted_proxies(landscape)
        location, link = ledger_location(landscape), FirstLink()
        start = start_of(landscape, location, host, log_format, first=link.option)

        from crossdock.workbench.asgi import application

        app = application(start, trusted)
        scheme = "https" if landscape.environment.door.certificate else "http"
        url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        first = link.path(location)
        if as_json:
            say_json({"url": url, "first": url + first if first else None})
        else:
            out.print(f"the workbench of [bold]{shown(landscape.name)}[/] is up at {url}/", soft_wrap=True)
            say_first(url, first)
        asyncio.run(_serve(app, host, port, landscape, location))


def say_pages(url: str, host: str, first: str | None) -> None:
    """Print where the pages are, and what keeps them closed; `first` is None when they are not served."""
    if first is None:
        out.print(f"  pages     closed: set {VARIABLE} to open them", style="yellow")
        return
    out.print(f"  pages     {url}/", soft_wrap=True)
    if not loopback(host) and not url.startswith("https:"):
        out.print(
            "            sign-in needs HTTPS: put a proxy before it and name it in CROSSDOCK_TRUSTED_PROXIES", style="yellow"
        )
    say_first(url, first)


def say_first(url: str, path: str) -> None:
    """Print the link of the first administrator, when there is one."""
    if path:
        out.print(f"  first     {url}{path}", style="bold", soft_wrap=True)
        out.print("            makes the first administrator; works once, for an hour", style="dim")


async def _serve(app: Any, host: str, port: int, landscape: Landscape, location: LedgerLocation) -> None:
    from crossdock.workbench.asgi import serve

    door = landscape.environment.door
    if door.certificate is not None:
        from crossdock.landscape.secrets import SecretReferences, vault_of
        from crossdock.pipeline.secure import serve_securely

        vault, home = landscape.environment.vault, landscape.home
        secrets = SecretReferences(home / vault.secrets, vault=vault_of(vault, home, location))
        serving = asyncio.create_task(serve_securely(app, host, port, door, lambda: secrets))
    else:
        serving = asyncio.create_task(serve(app, host=host, port=port))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
