"""Bodies are read whole or not at all, within bounds of size and time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crossdock.core.errors import BodyIncomplete, BodyTooSlow, PayloadTooLarge
from crossdock.pipeline.body import read_body
from crossdock.pipeline.receive import BEGINNING, REFUSED_PER_HOUR, REFUSED_PER_MINUTE, Refused


def sender(*messages: Any):
    """An ASGI receive that gives these messages and then stalls."""
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        return waiting.pop(0)

    return receive


def part(body: bytes, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_parts_are_joined() -> None:
    assert await read_body(sender(part(b"a"), part(b"b"), part(b"", more=False)), {}, 10) == b"ab"


async def test_a_connection_that_ends_early_gives_nothing() -> None:
    with pytest.raises(BodyIncomplete):
        await read_body(sender(part(b"line 1\n"), {"type": "http.disconnect"}), {"content-length": "14"}, 100)


async def test_a_sender_that_stalls_runs_out_of_time() -> None:
    async with asyncio.timeout(5):
        with pytest.raises(BodyTooSlow):
            await read_body(sender(part(b"a")), {}, 10, patience=0.05)


async def test_the_rest_of_a_body_too_large_is_read_so_that_its_sender_hears_why() -> None:
    left = [part(b"x" * 10), part(b"x" * 10), part(b"x" * 10, more=False)]

    async def receive() -> dict[str, Any]:
        return left.pop(0)

    with pytest.raises(PayloadTooLarge) as caught:
        await read_body(receive, {"content-length": "30"}, 5)
    assert (left, caught.value.read, caught.value.detail["declared"]) == ([], b"x" * 10, "30")


def test_refused_bodies_are_kept_within_bounds() -> None:
    refused = Refused()
    kept = [refused.room(1, b"x" * 10) for _ in range(REFUSED_PER_MINUTE + 5)]
    assert kept.count(None) == 5
    large = b"x" * 65_536
    stored = [refused.room(minute, large) for minute in range(60, 120) for _ in range(10)]
    assert sum(len(each or b"") for each in stored if each and len(each) > BEGINNING) <= REFUSED_PER_HOUR
    assert stored[-1] == large[:BEGINNING]
    assert refused.room(120, large) == large, "the next hour has room again"
