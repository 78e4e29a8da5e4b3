"""Outbound HTTP: nothing is sent twice by itself, and what may have happened is told from what cannot have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from crossdock.connectors.http import CallScope, HttpClient, current_call
from crossdock.core.errors import AnswerLost, TargetUnavailable


@asynccontextmanager
async def server(answers: list[bytes | None]) -> AsyncIterator[tuple[str, list[bytes]]]:
    """Answers each request of a kept-alive connection with the next bytes; None breaks the connection after reading."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                seen.append(head + await reader.readexactly(length))
                answer = answers.pop(0)
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}/", seen
    finally:
        listening.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(
    ("method", "error"), [("PUT", AnswerLost), ("DELETE", AnswerLost), ("POST", AnswerLost), ("GET", TargetUnavailable)]
)
async def test_a_broken_kept_alive_connection_repeats_nothing(method: str, error: type[Exception]) -> None:
    async with server([OK, None, OK]) as (url, seen), HttpClient() as client:
        await client.request(method, url, body=b"one")
        with pytest.raises(error):
            await client.request(method, url, body=b"two")
        assert len(seen) == 2


async def test_a_refused_connection_was_never_sent() -> None:
    async with HttpClient() as client:
        with pytest.raises(TargetUnavailable):
            await client.request("POST", "http://127.0.0.1:1/")


async def test_the_trace_context_travels_and_the_exchange_is_kept() -> None:
    scope = CallScope("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "a" * 32)
    async with server([OK]) as (url, seen), HttpClient() as client:
        token = current_call.set(scope)
        try:
            await client.request("POST", url, body=b"payload", headers={"Authorization": "Bearer secret"})
        finally:
            current_call.reset(token)
        assert b"traceparent: 00-" + b"a" * 32 in seen[0]
    [exchange] = scope.exchanges
    assert (exchange.method, exchange.status, exchange.sent, exchange.answered) == ("POST", 200, b"payload", b"ok")
    assert "secret" not in repr(exchange)
