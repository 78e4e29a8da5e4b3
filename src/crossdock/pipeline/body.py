"""Reads the body of a request whole or not at all: bounded in size and in time; interprets nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from crossdock.core.errors import BodyEncoded, BodyIncomplete, BodyTooSlow, PayloadTooLarge
from crossdock.pipeline.answers import Receive

KEEP: Final = 65_536
"""Bytes kept of a body that is refused."""
PATIENCE: Final = 30.0
"""Seconds a sender has for its body, whatever its size."""
SLOWEST: Final = 65_536
"""Bytes a second below which a sender of a large body runs out of time."""
DRAIN: Final = 67_108_864
"""Bytes of a body that is too large which are still read and thrown away, so that its sender gets to read the answer."""


async def read_body(receive: Receive, headers: Mapping[str, str], limit: int, patience: float = PATIENCE) -> bytes:
    """The body as it came, of at most `limit` bytes.

    Raises `PayloadTooLarge` or `BodyEncoded` with what was read of it as `read`, `BodyIncomplete` when the connection ended
    before the body did, `BodyTooSlow` when it did not come in time.
    """
    declared = headers.get("content-length", "")
    announced = declared.isdigit() and int(declared[:20]) > limit
    if announced and headers.get("expect", "").lower() == "100-continue":
        raise _too_large(limit, declared, b"")
    try:
        async with asyncio.timeout(patience + limit / SLOWEST):
            body = await _whole(receive, limit, declared)
    except TimeoutError:
        raise BodyTooSlow from None
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        error = BodyEncoded(f"the body is encoded as {headers['content-encoding'][:40]!r}")
        error.read = body[:KEEP]
        raise error
    return body


async def _whole(receive: Receive, limit: int, declared: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            # what came may look like a whole message: a list of lines, or a document of another format
            raise BodyIncomplete(f"the connection ended after {size} of {declared or 'an unknown number of'} bytes")
        chunk = message.get("body", b"")
        size += len(chunk)
        chunks.append(chunk)
        more = message.get("more_body", False)
        if size > limit:
            if more:
                await _drain(receive, size)
            raise _too_large(limit, declared, b"".join(chunks)[:KEEP])
        if not more:
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _drain(receive: Receive, size: int) -> None:
    while size <= DRAIN:
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body", False):
            return


def _too_large(limit: int, declared: str, read: bytes) -> PayloadTooLarge:
    error = PayloadTooLarge(f"the body has more than {limit} bytes", limit=limit, declared=declared[:20], kept=len(read))
    error.read = read
    return error
