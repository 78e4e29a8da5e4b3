"""A connector's part in a request: it reads it, and after the commit it may make the answer itself; knows no ledger."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from crossdock.connectors.protocol import Connector, Inbound, InboundRequest, Intaken, Reply
from crossdock.core.errors import CrossdockError, PayloadMalformed
from crossdock.ledger.intake import Intake
from crossdock.pipeline.answers import EVERY, Send

log = logging.getLogger("crossdock.receive")

INTAKEN: Final[dict[Intake, Intaken]] = {Intake.NEW: "new", Intake.DUPLICATE: "duplicate", Intake.CONFLICT: "conflict"}


async def read_request(connector: Connector, request: InboundRequest) -> Sequence[Inbound]:
    """The messages in a request; a connector that deciphers does it in a thread. Raises the error tree's errors only."""
    try:
        if connector.capabilities.ciphers:
            return await asyncio.to_thread(connector.receive, request)
        return connector.receive(request)
    except CrossdockError:
        raise
    except Exception as error:
        raise PayloadMalformed(f"the request cannot be read: {type(error).__name__}") from error


async def own_reply(
    connector: Connector, request: InboundRequest, messages: Sequence[Inbound], result: Sequence[Intaken] | CrossdockError
) -> Reply | None:
    """The connector's own answer, None for the hub's. What is stored stays stored: a fault here costs the sender only the answer."""
    try:
        if connector.capabilities.ciphers:
            return await asyncio.to_thread(connector.reply, request, messages, result)
        return connector.reply(request, messages, result)
    except Exception as error:
        log.exception("the answer to a request of %s could not be made: %s", request.channel, type(error).__name__)
        return None


async def relay(send: Send, reply: Reply) -> None:
    """Send a connector's answer."""
    own = {name.lower().encode("latin-1"): value.encode("latin-1", "replace") for name, value in reply.headers.items()}
    headers = [*own.items(), *((name, value) for name, value in EVERY if name not in own)]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
