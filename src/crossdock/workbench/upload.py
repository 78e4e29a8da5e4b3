"""What is larger than the workbench takes: refused at once, then read and thrown away within reason, so that its sender reads why."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final

from crossdock.core.errors import Rejected
from crossdock.pipeline.answers import Receive, Scope, Send, refuse
from crossdock.workbench.peer import LARGEST

DRAIN: Final = 67_108_864
"""Bytes that are still read after the answer. A connection that is closed on a sender who still sends is reset, and takes the answer
with it before most clients have read it (RFC 9112 section 9.6)."""
DRAIN_FOR: Final = 30.0
"""Seconds they are read for at most."""


class UploadTooLarge(Rejected):
    """The request is larger than the workbench takes."""

    code = "workbench.too_large"
    hint = "Split the file, or send messages to /in/ instead."


class Overflow(Exception):
    """A body of unknown length became too large while it was read."""


def announced(scope: Scope) -> bool:
    """Whether the request says itself that it is too large."""
    return any(
        name.lower() == b"content-length" and value.strip().isdigit() and int(value.strip()[:20]) > LARGEST
        for name, value in scope["headers"]
    )


def bounded(receive: Receive) -> Receive:
    """`receive` for somebody who reads whatever comes; raises `Overflow` instead of giving more than is taken."""
    size = 0

    async def counted() -> dict[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > LARGEST:
            raise Overflow
        return message

    return counted


async def turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer that it is too large, and hear the sender out."""
    await refuse(send, UploadTooLarge(), 413, connection="close")
    if announced(scope) and any(n.lower() == b"expect" and v.lower() == b"100-continue" for n, v in scope["headers"]):
        return  # the body is not sent now
    size = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_FOR):
            while size <= DRAIN:
                message = await receive()
                size += len(message.get("body", b""))
                if not message.get("more_body"):
                    return
