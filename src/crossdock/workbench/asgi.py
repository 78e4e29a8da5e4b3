"""The workbench as an ASGI application, behind the hub's front or on its own; decides nothing about pages."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crossdock.pipeline.answers import Receive, Scope, Send
from crossdock.pipeline.server import Endpoint
from crossdock.security.peer import Network, seen
from crossdock.workbench.peer import CLIENT, OURS, SCHEME, passed_on
from crossdock.workbench.start import Start
from crossdock.workbench.upload import Overflow, announced, bounded, turn_away


def application(start: Start, trusted: Sequence[Network] | None = None) -> Endpoint:
    """Configure everything, bring the workbench's tables up to date and give the application.

    `trusted`: the application faces strangers itself and believes these proxies; None: the hub's front is before it.
    """
    from crossdock.workbench.settings import prepare

    prepare(start)
    _quiet_django()
    from django.core.asgi import get_asgi_application

    django = get_asgi_application()
    return _Facing(django, trusted)


def _quiet_django() -> None:
    """Django's own words go where the hub's go: its defects only, for what strangers do wrong is answered and not worth a line."""
    handlers = logging.getLogger("crossdock").handlers
    for name, level in (("django", logging.ERROR), ("django.security", logging.CRITICAL)):
        logger = logging.getLogger(name)
        logger.setLevel(level)
        logger.propagate = name != "django"
    for name in ("django", "allauth"):
        logging.getLogger(name).handlers[:] = handlers
    logging.getLogger("allauth").propagate = False


class _Facing:
    """Tells Django who asks: as the front says, or as seen here."""

    def __init__(self, inner: Any, trusted: Sequence[Network] | None) -> None:
        self._inner = inner
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = [(bytes(name), bytes(value)) for name, value in scope["headers"]]
        if self._trusted is None:
            said = {name.lower(): value.decode("latin-1") for name, value in headers if name.lower() in OURS}
            client, scheme = said.get(CLIENT, ""), said.get(SCHEME, "http")
            headers = [pair for pair in headers if pair[0].lower() not in OURS]
        else:
            client, scheme = seen(scope, self._trusted)
            headers = passed_on(headers)
        given = {**scope, "headers": headers, "client": (client, 0), "scheme": scheme}
        if self._trusted is None:
            await self._inner(given, receive, send)
        elif announced(scope):
            await turn_away(scope, receive, send)
        else:
            try:
                await self._inner(given, bounded(receive), send)
            except Overflow:  # Django reads the whole body before it answers
                await turn_away(scope, receive, send)


async def serve(app: Endpoint, *, uds: Path | None = None, host: str = "127.0.0.1", port: int = 0) -> None:
    """Serve until cancelled, on a Unix socket or an address."""
    from granian.constants import Interfaces
    from granian.server.embed import Server

    logging.getLogger("_granian").setLevel(logging.ERROR)
    server = Server(
        app, address=host, port=port, uds=uds, interface=Interfaces.ASGINL, websockets=False, log_enabled=False, backlog=1024
    )
    try:
        await server.serve()
    finally:
        with contextlib.suppress(Exception):
            server.stop()  # type: ignore[no-untyped-call]
