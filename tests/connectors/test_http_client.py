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


@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key", "X-Shopify-Access-Token"])
async def test_a_complaint_that_quotes_our_credential_is_not_kept_with_it(header: str) -> None:
    secret = "canary-0123456789"
    quoted = f'{{"you sent": "{header}: Bearer {secret}", "or": "{secret}"}}'.encode()
    complaint = b"HTTP/1.1 422 No\r\nContent-Length: %d\r\n\r\n%s" % (len(quoted), quoted)
    scope = CallScope()
    token = current_call.set(scope)
    try:
        async with server([complaint]) as (url, seen), HttpClient() as client:
            answer = await client.request("POST", url, headers={header: f"Bearer {secret}"}, body=f"key={secret}".encode())
            assert secret.encode() in seen[0]
    finally:
        current_call.reset(token)
    [exchange] = scope.exchanges
    for kept in (answer.body, exchange.answered, exchange.sent):
        assert secret.encode() not in kept
        assert b"(credential)" in kept


async def test_an_answer_that_is_no_complaint_is_read_as_it_came() -> None:
    scope = CallScope()
    token = current_call.set(scope)
    try:
        async with server([b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nlong-password"]) as (url, _), HttpClient() as client:
            answer = await client.request("GET", url, headers={"X-Key": "long-password", "Idempotency-Key": "order/shop/1001"})
    finally:
        current_call.reset(token)
    assert answer.body == b"long-password"
    assert scope.exchanges[0].answered == b"(credential)"


async def test_headers_that_are_no_credential_may_be_quoted() -> None:
    quoted = b'{"database": "harbour-pine", "key": "order/shop/1001"}'
    headers = {"X-Odoo-Database": "harbour-pine", "Idempotency-Key": "order/shop/1001"}
    complaint = b"HTTP/1.1 404 No\r\nContent-Length: %d\r\n\r\n%s" % (len(quoted), quoted)
    async with server([complaint]) as (url, _), HttpClient() as client:
        assert (await client.request("POST", url, headers=headers)).body == quoted
