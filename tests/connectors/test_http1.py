"""HTTP/1.1 on the wire: every framing of an answer is read whole, at whatever bytes it is cut; a connection with anything doubtful is not used again."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.connectors.http1 import Answer, NotAnswered, NotSent, request_head, target_of
from crossdock.connectors.http_connections import Connections
from tests.connectors.carrier.test_tls import make_certificate

CLOSE = object()
"""In a script: close the connection."""


@dataclass
class Scripted:
    """A server that answers the n-th request with the n-th script: pieces of bytes, each flushed on its own, or `CLOSE`."""

    scripts: list[Sequence[bytes | object]]
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
                self.requests.append(head + await reader.readexactly(length))
                for piece in self.scripts.pop(0) if self.scripts else (CLOSE,):
                    if not isinstance(piece, bytes):
                        return
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def server(*scripts: Sequence[bytes | object], tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    scripted = Scripted(list(scripts))
    listening = await asyncio.start_server(scripted.serve, "127.0.0.1", 0, ssl=tls)
    port = listening.sockets[0].getsockname()[1]
    scripted.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}/path"
    try:
        yield scripted
    finally:
        listening.close()


@asynccontextmanager
async def client(limit: int = 4, verify: bool = True) -> AsyncIterator[Callable[..., Awaitable[Answer]]]:
    connections = Connections(limit, 2.0, verify)

    async def send(url: str, method: str = "POST", body: bytes = b"", seconds: float = 5.0, **headers: str) -> Answer:
        return await connections.exchange(method, target_of(url), headers, body, seconds)

    try:
        yield send
    finally:
        connections.close()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PLAIN = b'{"number":"A-1","note":"' + b"\xc3\xa4" * 40 + b'"}'
PACKED = gzip.compress(PLAIN)


def sized(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *headers, b"Content-Length: %d" % len(body), b"", body))


def chunked(body: bytes, trailer: bytes = b"") -> bytes:
    parts = b"".join(b"%x\r\n%s\r\n" % (len(body[at : at + 7]), body[at : at + 7]) for at in range(0, len(body), 7))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + parts + b"0\r\n" + trailer + b"\r\n"


bare = zlib.compressobj(wbits=-15)
BARE = bare.compress(PLAIN) + bare.flush()
FRAMINGS = {
    "sized": (sized(PLAIN), PLAIN),
    "chunked": (chunked(PLAIN), PLAIN),
    "chunked with a trailer that lies": (chunked(PLAIN, b"Content-Encoding: gzip\r\n"), PLAIN),
    "gzip": (sized(PACKED, b"Content-Encoding: gzip"), PLAIN),
    "deflate": (sized(zlib.compress(PLAIN), b"Content-Encoding: deflate"), PLAIN),
    "bare deflate": (sized(BARE, b"Content-Encoding: deflate"), PLAIN),
    "unasked coding": (sized(PLAIN, b"Content-Encoding: br"), PLAIN),
    "after an interim answer": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + sized(PLAIN), PLAIN),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "empty": (sized(b""), b""),
}


@pytest.mark.parametrize("name", FRAMINGS)
async def test_every_framing_is_read_whole_and_the_connection_is_used_again(name: str) -> None:
    raw, body = FRAMINGS[name]
    async with server([raw], [OK]) as target, client() as send:
        answer = await send(target.url, body=b"first")
        assert (answer.body, answer.status) == (body, 204 if name == "no content" else 200)
        assert (await send(target.url, body=b"second")).body == b"ok"
        assert target.connections == 1
        assert [request.partition(b"\r\n\r\n")[2] for request in target.requests] == [b"first", b"second"]


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(sorted(FRAMINGS)), cuts=st.lists(st.integers(1, 400), max_size=6))
def test_where_the_bytes_are_cut_makes_no_difference(name: str, cuts: list[int]) -> None:
    raw, body = FRAMINGS[name]
    at = [0, *sorted({cut for cut in cuts if cut < len(raw)}), len(raw)]

    async def run() -> None:
        async with server([raw[a:b] for a, b in pairwise(at)]) as target, client() as send:
            assert (await send(target.url)).body == body

    asyncio.run(run())


async def test_a_body_that_ends_with_the_connection_is_whole_when_it_is_closed_in_order() -> None:
    async with server([b"HTTP/1.1 200 OK\r\n\r\nall of", b" it", CLOSE]) as target, client() as send:
        assert (await send(target.url)).body == b"all of it"


@pytest.mark.parametrize(
    "script",
    [
        [CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-Le", CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart", CLOSE],
        [chunked(PLAIN)[:60], CLOSE],
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", CLOSE],
        [sized(PACKED[:-9], b"Content-Encoding: gzip")],
        [sized(b"not gzip", b"Content-Encoding: gzip")],
        [b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\n" + b"X-Filler: %s\r\n" % (b"x" * 1000) * 200 + b"\r\n"],
    ],
    ids=[
        "nothing",
        "half a head",
        "half a body",
        "half of the chunks",
        "no HTTP",
        "two lengths",
        "half a gzip",
        "no gzip",
        "switched",
        "endless head",
    ],
)
async def test_what_is_not_a_whole_answer_is_none(script: list[bytes | object]) -> None:
    async with server(script, [OK]) as target, client() as send:
        with pytest.raises(NotAnswered):
            await send(target.url)
        assert (await send(target.url)).body == b"ok"
        assert target.connections == 2


async def test_the_status_of_a_broken_answer_is_told() -> None:
    async with server([b"HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\npart", CLOSE]) as target, client() as send:
        with pytest.raises(NotAnswered) as caught:
            await send(target.url)
    assert caught.value.status == 503


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"\x00garbage",
    ],
    ids=["asked to close", "HTTP/1.0", "a second answer", "garbage"],
)
async def test_a_connection_that_is_closed_or_says_more_than_asked_is_not_used_again(answer: bytes) -> None:
    async with server([answer], [OK]) as target, client() as send:
        assert (await send(target.url)).body == b"ok"
        assert (await send(target.url)).body == b"ok"
        assert target.connections == 2


async def test_what_comes_later_unasked_answers_nothing() -> None:
    release = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        if count == 1:
            await release.wait()
            writer.write(sized(b"an answer nobody asked for"))
        await writer.drain()
        await reader.read()
        closed.set()
        writer.close()

    count, closed = 0, asyncio.Event()
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        async with client() as send:
            await send(url, "GET")
            release.set()
            await asyncio.wait_for(closed.wait(), 5)
            assert (await send(url, "GET")).body == b"ok"
        assert count == 2
    finally:
        listening.close()


async def test_a_head_has_no_body_whatever_it_says() -> None:
    async with server([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"], [OK]) as target, client() as send:
        answer = await send(target.url, "HEAD")
        assert (answer.body, answer.headers["content-length"]) == (b"", "100")
        assert (await send(target.url)).body == b"ok"


async def test_silence_ends_and_the_late_answer_reaches_nobody() -> None:
    asked = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"/slow" in head:
            asked.set()
            await reader.read()  # until the client gives up
        else:
            writer.write(OK)
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        async with client() as send:
            with pytest.raises(NotAnswered, match="TimeoutError"):
                await send(f"{url}/slow", "GET", seconds=0.05)
            waiting = asyncio.create_task(send(f"{url}/slow", "GET"))
            asked.clear()
            await asyncio.wait_for(asked.wait(), 5)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert (await send(f"{url}/", "GET")).body == b"ok"
    finally:
        listening.close()


async def test_no_more_exchanges_at_a_time_than_allowed_and_waiting_in_line_sends_nothing() -> None:
    now = most = 0
    go = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal now, most
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                now += 1
                most = max(most, now)
                await go.wait()
                now -= 1
                writer.write(OK)
        except asyncio.IncompleteReadError:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        async with client(limit=2) as send:
            tasks = [asyncio.create_task(send(url, "GET")) for _ in range(6)]
            await asyncio.sleep(0)
            with pytest.raises(NotSent):
                await send(url, "GET", seconds=0.05)
            go.set()
            assert {answer.body for answer in await asyncio.gather(*tasks)} == {b"ok"}
        assert most == 2
    finally:
        listening.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "ftp://127.0.0.1/", "no url", "http://", "http://host.invalid/"])
async def test_where_nobody_listens_nothing_was_sent(url: str) -> None:
    async with client() as send:
        with pytest.raises(NotSent):
            await send(url)


@pytest.mark.parametrize(
    ("host", "trusted", "reached"), [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("localhost", True, False)]
)
async def test_over_tls_only_who_proves_the_name_gets_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, trusted: bool, reached: bool
) -> None:
    public, private = make_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(public, private)
    async with server([OK], [OK], tls=context) as target, client() as send:
        url = target.url.replace("127.0.0.1", host)
        if not reached:
            with pytest.raises(NotSent):
                await send(url, body=b"secret")
            assert target.requests == []
            return
        for _ in range(2):
            assert (await send(url, body=b"secret")).body == b"ok"
        assert target.connections == 1


def test_a_url_is_taken_apart_as_its_standard_says() -> None:
    assert target_of("http://example.com").head == " / HTTP/1.1\r\nHost: example.com\r\n"
    assert target_of("https://example.com:8443/a b?q=ü#part").head == " /a%20b?q=%C3%BC HTTP/1.1\r\nHost: example.com:8443\r\n"
    assert target_of("http://[::1]:8069/x").origin == (False, "::1", 8069)
    assert "Host: [::1]:8069\r\n" in target_of("http://[::1]:8069/x").head
    assert target_of("http://bücher.example/").host == "xn--bcher-kva.example"
    assert target_of("http://h/p?a=1", {"b": "x&y", "c": "2"}).head.startswith(" /p?a=1&b=x%26y&c=2 ")
    assert "Authorization: Basic dTpw\r\n" in target_of("http://u:p@h/").head


def test_what_is_said_by_default_and_what_is_said_instead() -> None:
    head = request_head("POST", target_of("http://h/p"), {"User-Agent": "mine", "X-Id": "Grüße"}, 0).decode()
    assert head.startswith("POST /p HTTP/1.1\r\nHost: h\r\n")
    assert head.count("User-Agent") == 1
    assert "Accept: */*\r\n" in head
    assert head.endswith("X-Id: Grüße\r\nAccept: */*\r\nAccept-Encoding: gzip, deflate\r\nContent-Length: 0\r\n\r\n")
    assert "Content-Length" not in request_head("GET", target_of("http://h/p"), {}, 0).decode()


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b"])
@pytest.mark.parametrize("place", ["name", "value"])
def test_a_header_cannot_break_out_of_its_line(value: str, place: str) -> None:
    headers = {value: "x"} if place == "name" else {"X-Number": value}
    with pytest.raises(ValueError, match="line break"):
        request_head("POST", target_of("http://h/"), headers, 0)
