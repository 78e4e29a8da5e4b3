"""The hub's door before the workbench's process: what passes, what never does, and what happens when either of them dies."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest
import requests

from crossdock.ledger.database import LedgerLocation
from crossdock.security.peer import networks, seen
from crossdock.workbench import upload
from crossdock.workbench.child import Child
from crossdock.workbench.front import Front
from crossdock.workbench.peer import LARGEST, passed_on
from crossdock.workbench.start import Start
from tests.workbench.conftest import PASSWORD, Browser, Workbench, free_port, landscape_in, until

pytestmark = pytest.mark.slow

# --- a hub with its workbench -----------------------------------------------------------------------------


class RunningHub:
    """`crossdock up` on a landscape without anybody at the other end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "hub.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "up", str(folder), "--port", str(self.port)],
            stdout=self.log.open("ab"), stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until(self.ready)

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def page(self, path: str = "/account/login/", **more: Any) -> requests.Response:
        return requests.get(self.url + path, allow_redirects=False, timeout=60, **more)

    def open_workbench(self) -> int:
        """Look at a page until the process is there; its number."""
        until(lambda: self.page().status_code == 200)
        [child] = self.children()
        return child

    def children(self) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    status = (entry / "stat").read_text().rpartition(")")[2].split()
                    command = (entry / "cmdline").read_bytes()
                except OSError:
                    continue
                if int(status[1]) == self.process.pid and status[0] != "Z" and b"crossdock.workbench" in command:
                    found.append(int(entry.name))
        return found

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(25)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    running = RunningHub(landscape_in(tmp_path_factory.mktemp("hub")))
    try:
        yield running
    finally:
        running.stop()


def test_an_idle_hub_has_no_second_process(hub: RunningHub) -> None:
    assert hub.children() == []


@pytest.fixture(scope="module")
def root(hub: RunningHub) -> Browser:
    """The first administrator, by the printed link."""
    hub.open_workbench()
    text = hub.log.read_text()
    path = text[text.index("/account/first/") :].split()[0]
    browser = Browser(hub.url)
    assert browser.get(path).status_code == 200
    assert browser.post(path, {"username": "root", "password": PASSWORD}).status_code == 302
    assert browser.signed_in
    return browser


def test_what_people_do_is_in_the_chain_and_auditors_find_it(root: Browser) -> None:
    browser = root
    assert browser.api("POST", "/accounts/people", {"name": "ada", "roles": [{"role": "auditor"}]}).status_code == 201
    assert browser.get("/account/people/77777/").status_code == 404
    assert browser.api("GET", "/accounts/people/77777").status_code == 404

    def found() -> list[dict[str, Any]]:
        return list(browser.api("GET", "/audit/?what=workbench:account:*").json()["items"])

    rows = until(lambda: rows if len(rows := found()) >= 2 else None)
    [added] = [row for row in rows if row["what"] == "workbench:account:added"]
    assert (added["who"], added["about"], added["before"], added["after"]["roles"]) == (
        "root",
        "ada",
        None,
        [{"role": "auditor"}],
    )
    assert browser.api("GET", "/audit/?who=nobody-did").json() == {"items": [], "next": None}
    assert (
        browser.api("GET", "/audit/?about=ada&what=workbench:account:added&limit=1").json()["items"][0]["link"] == added["link"]
    )
    page = browser.get("/audit/?who=root")
    assert "workbench:account:added" in page.text
    csv = browser.get("/audit/csv/?who=root").text.splitlines()
    assert csv[0] == "at,who,what,about,partition,link,before,after,detail"
    assert any("workbench:account:added,ada" in line for line in csv)
    verified = browser.api("POST", "/audit/verification").json()
    assert (verified["intact"], verified["breaks"]) == (True, [])


def test_streams_end_when_their_readers_leave(hub: RunningHub, root: Browser) -> None:
    child = hub.open_workbench()

    def sockets() -> int:
        return sum(os.readlink(each).startswith("socket:") for each in Path(f"/proc/{child}/fd").iterdir() if each.is_symlink())

    root.get("/board/")
    before = sockets()
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in root.session.cookies)
    wires = []
    for _ in range(20):
        wire = socket.create_connection(("127.0.0.1", hub.port), timeout=30)
        wire.sendall(
            f"GET /board/live/ HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookies}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        wires.append(wire)
    for wire in wires:
        assert b" 200 " in wire.recv(65536).splitlines()[0]
    assert sockets() >= before + 18  # one or two connections were open already
    for wire in wires:
        wire.close()
    until(lambda: sockets() <= before + 2, 30)


def test_messages_do_not_wait_for_the_workbench(hub: RunningHub) -> None:
    child = hub.open_workbench()
    os.kill(child, signal.SIGSTOP)
    try:
        began = time.perf_counter()
        assert requests.post(f"{hub.url}/in/nowhere/x", data=b"{}", timeout=5).status_code == 404
        assert requests.get(f"{hub.url}/readyz", timeout=5).status_code == 200
        assert time.perf_counter() - began < 2
    finally:
        os.kill(child, signal.SIGCONT)


def whole(wire: socket.socket) -> bytes:
    answer = b""
    while piece := wire.recv(65536):
        answer += piece
    return answer


def test_a_killed_workbench_is_told_and_started_again(hub: RunningHub) -> None:
    child = hub.open_workbench()
    os.kill(child, signal.SIGSTOP)  # it has the request and does not answer
    with (
        socket.create_connection(("127.0.0.1", hub.port), timeout=60) as asks,
        socket.create_connection(("127.0.0.1", hub.port), timeout=60) as does,
    ):
        asks.sendall(b"GET /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        does.sendall(b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        time.sleep(0.3)
        os.kill(child, signal.SIGKILL)
        read, lost = whole(asks), whole(does)
    assert b" 200 " in read.splitlines()[0], "what only asks is asked again"
    head, _, body = lost.partition(b"\r\n\r\n")
    assert b" 502 " in head.splitlines()[0], "what may have had an effect is not repeated"
    assert json.loads(body)["code"] == "workbench.lost"
    until(lambda: hub.page().status_code == 200)
    assert hub.open_workbench() != child


def test_a_workbench_that_ends_ends_its_streams_and_says_nothing_dramatic(hub: RunningHub, root: Browser) -> None:
    child = hub.open_workbench()
    root.get("/board/")
    before = len(hub.log.read_text())
    streams = [root.session.get(f"{hub.url}/board/live/", stream=True, timeout=60) for _ in range(20)]
    assert [each.status_code for each in streams] == [200] * 20
    told = [each.iter_content(65536) for each in streams]
    assert all(next(each) for each in told)
    os.kill(child, signal.SIGKILL)
    for each in told:
        for _rest in each:  # it ends, whole: requests raises ChunkedEncodingError for one that was cut
            pass
    until(lambda: root.get("/board/").status_code == 200)
    said = hub.log.read_text()[before:]
    assert "Traceback" not in said, said
    assert said.count("broke") == 0, said


def test_smuggled_requests_and_headers(hub: RunningHub) -> None:
    """Nothing a stranger writes into a request becomes a second request or a word of the front's."""
    hub.open_workbench()
    attacks = [
        b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: +5\r\n\r\nhello",
        b"GET /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n",
        b"TRACE /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"CONNECT evil.example:443 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ]
    for attack in attacks:
        with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as wire:
            wire.sendall(attack)
            wire.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := wire.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
        assert answer.count(b"HTTP/1.1 ") <= 1, attack
        assert not answer or answer.split()[1] in (b"400", b"403", b"404", b"405", b"501"), (attack, answer[:200])
    for path in ("/account/login/%0d%0aX-Injected:%20yes", "/account/login/?next=/%0d%0aX-Injected:%20yes"):
        assert "x-injected" not in hub.page(path).headers


def test_the_front_alone_says_who_asks() -> None:
    headers = [(b"Host", b"h"), (b"X-Crossdock-Client", b"1.2.3.4"), (b"x_crossdock_client", b"1.2.3.4"), (b"Connection", b"close, X-Secret"),
               (b"X-Secret", b"1"), (b"Transfer-Encoding", b"chunked"), (b"X-Forwarded-For", b"1.2.3.4"), (b"Cookie", b"a=b"), (b"TE", b"trailers")]  # fmt: skip
    assert passed_on(headers) == [(b"Host", b"h"), (b"Cookie", b"a=b")]
    # a connection header cannot take away what decides
    assert passed_on([(b"connection", b"cookie, authorization, host"), (b"cookie", b"a"), (b"authorization", b"b")])[0:] == [
        (b"cookie", b"a"), (b"authorization", b"b")
    ]  # fmt: skip


def test_proxies_are_believed_only_when_named() -> None:
    told = {
        "client": ("10.0.0.5", 1),
        "scheme": "http",
        "headers": [(b"X-Forwarded-For", b"6.6.6.6, 203.0.113.9, 10.0.0.6"), (b"X-Forwarded-Proto", b"https")],
    }
    assert seen(told, ()) == ("10.0.0.5", "http")
    assert seen(told, networks("10.0.0.0/24")) == ("203.0.113.9", "https")
    assert seen({**told, "client": ("192.0.2.1", 1)}, networks("10.0.0.0/24")) == ("192.0.2.1", "http")
    with pytest.raises(ValueError):
        networks("not an address")


FRAMINGS = {
    "length": (b"Content-Length: %d\r\n\r\n" % (LARGEST + 65536), [b"x" * 65536] * (LARGEST // 65536 + 1)),
    "chunked": (
        b"Transfer-Encoding: chunked\r\n\r\n",
        [*[b"10000\r\n" + b"x" * 65536 + b"\r\n"] * (LARGEST // 65536 + 40), b"0\r\n\r\n"],
    ),
}


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest.mark.parametrize("shape", ["hub", "bench"])
def test_who_sends_too_much_gets_to_read_why(shape: str, framing: str, request: pytest.FixtureRequest) -> None:
    """Behind the hub's door and alone: a sender who listens only after the last byte still reads the answer."""
    facing: RunningHub | Workbench = request.getfixturevalue(shape)
    if isinstance(facing, RunningHub):
        facing.open_workbench()
    port = int(facing.url.rpartition(":")[2])
    head, body = FRAMINGS[framing]
    for path in (b"/account/login/", b"/api/accounts/people", b"/nowhere"):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
            wire.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + head)
            for part in body:
                wire.sendall(part)
            answer = heard(wire)
        status, headers, told = answer
        assert (status, headers["content-type"], headers["connection"]) == (413, "application/problem+json", "close")
        assert json.loads(told)["code"] == "workbench.too_large"
    assert requests.get(f"{facing.url}/account/login/", timeout=60).status_code == 200


@pytest.mark.parametrize("shape", ["hub", "bench"])
def test_who_announces_too_much_is_told_before_it_is_sent(shape: str, request: pytest.FixtureRequest) -> None:
    facing: RunningHub | Workbench = request.getfixturevalue(shape)
    if isinstance(facing, RunningHub):
        facing.open_workbench()
    for expect in (b"", b"Expect: 100-continue\r\n"):
        with socket.create_connection(("127.0.0.1", int(facing.url.rpartition(":")[2])), timeout=60) as wire:
            wire.sendall(
                b"POST /account/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n%sContent-Length: %d\r\n\r\n" % (expect, LARGEST + 1)
            )
            status, _, told = heard(wire)
        assert (status, json.loads(told)["code"]) == (413, "workbench.too_large")


async def test_who_never_stops_sending_is_not_listened_to_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    given, said = 0, []

    async def more() -> dict[str, Any]:
        nonlocal given
        given += 1 << 20
        return {"type": "http.request", "body": b"x" * (1 << 20), "more_body": True}

    async def nothing() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    monkeypatch.setattr(upload, "DRAIN_FOR", 0.05)
    async with asyncio.timeout(20):
        await upload.turn_away({"headers": []}, more, send)
        await upload.turn_away({"headers": []}, nothing, send)
    assert given <= upload.DRAIN + (1 << 20)
    assert [message.get("status") for message in said] == [413, None, 413, None]


def heard(wire: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """One answer: status, headers with lower-case names, body."""
    answer = HTTPResponse(wire)
    answer.begin()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def test_the_workbench_ends_with_the_hub(tmp_path: Path) -> None:
    hub = RunningHub(landscape_in(tmp_path / "a"))
    child = hub.open_workbench()
    hub.stop()
    assert hub.process.returncode == 0
    until(lambda: gone(child), 15)


def test_no_orphan_is_left_by_a_killed_hub(tmp_path: Path) -> None:
    hub = RunningHub(landscape_in(tmp_path / "a"))
    child = hub.open_workbench()
    hub.process.kill()
    hub.process.wait()
    until(lambda: gone(child), 15)


# --- the front alone, before a small process --------------------------------------------------------------

TALKER = """
import asyncio, os, sys, threading
from crossdock.workbench.start import Start
start = Start.read(sys.stdin.buffer.readline())
def end():
    sys.stdin.buffer.read()
    os._exit(0)
threading.Thread(target=end, daemon=True).start()

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    if scope["path"] == "/events":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for number in range(3):
            await send({"type": "http.response.body", "body": b"data: %d\\n\\n" % number, "more_body": True})
            await asyncio.sleep(0.3)
        await send({"type": "http.response.body", "body": b""})
    elif scope["path"] == "/die":
        open(start.landscape / "died", "a").write("x")
        os._exit(9)
    elif scope["path"] == "/half":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half of", "more_body": True})
        await asyncio.sleep(0.2)
        os._exit(9)
    elif scope["path"] == "/gone":
        while (await receive())["type"] != "http.disconnect":
            pass
        open(start.landscape / "told", "w").close()
    else:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        said = repr((scope["method"], scope["raw_path"] if "raw_path" in scope else scope["path"], scope["query_string"], len(body), sorted(scope["headers"])))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"x-inner"), (b"x-kept", b"1")]})
        await send({"type": "http.response.body", "body": said.encode()})

from crossdock.workbench.asgi import serve
asyncio.run(serve(app, uds=start.socket))
"""


class Talker(Child):
    """A child that runs `TALKER` instead of the workbench."""

    words = TALKER

    async def _spawn(self) -> None:
        real = asyncio.create_subprocess_exec

        async def instead(*_command: str, **more: Any) -> asyncio.subprocess.Process:
            return await real(sys.executable, "-c", self.words, **more)

        asyncio.create_subprocess_exec = instead  # type: ignore[assignment]
        try:
            await super()._spawn()
        finally:
            asyncio.create_subprocess_exec = real


class Asked:
    """One request through a front, as an ASGI server would make it."""

    def __init__(
        self,
        path: str,
        method: str = "GET",
        body: bytes = b"",
        headers: list[tuple[bytes, bytes]] | None = None,
        query: bytes = b"",
    ) -> None:
        length = [(b"content-length", b"%d" % len(body))] if body else []
        self.scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query, "scheme": "http",
            "client": ("127.0.0.1", 5), "headers": [(b"host", b"localhost"), *length, *(headers or [])],
        }  # fmt: skip
        self.body = body
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.left = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.body is not None:
            body, self.body = self.body, None  # type: ignore[assignment]
            return {"type": "http.request", "body": body, "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.got.append(message)
        self.at.append(time.monotonic())

    async def through(self, front: Front) -> Asked:
        await front(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.got[0]["status"])

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.got[1:]).decode()


@pytest.fixture
async def front(tmp_path: Path) -> Any:
    start = Start(tmp_path, "", LedgerLocation("sqlite", tmp_path / "none"), Path())
    made = Front(start, child=Talker(start, patience=30.0))
    yield made
    await made.stop()


async def test_events_pass_as_they_happen(front: Front) -> None:
    asked = await Asked("/events").through(front)
    bodies = [(message["body"], at) for message, at in zip(asked.got, asked.at, strict=True) if message.get("body")]
    assert b"".join(body for body, _ in bodies) == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert bodies[-1][1] - bodies[0][1] > 0.4  # not all at the end


async def test_paths_queries_and_bodies_pass_unchanged(front: Front) -> None:
    asked = await Asked(
        "/a%2Fb//c%20d", "POST", b"x" * 100_000, [(b"x-thing", b"1"), (b"expect", b"nothing")], b"q=%2F&q=a+b"
    ).through(front)
    assert asked.status == 200
    assert "b'q=%2F&q=a+b', 100000" in asked.text
    assert "%2F" in asked.text.split("b'q=")[0]
    assert {name for name, _ in asked.got[0]["headers"]} & {b"connection", b"transfer-encoding"} == set()


async def test_a_death_amid_an_answer_cuts_it_so_that_nobody_takes_it_for_whole(front: Front) -> None:
    asked = Asked("/half")
    with pytest.raises(ConnectionResetError):
        await asked.through(front)
    assert asked.status == 200
    assert asked.got[-1].get("more_body") is True
    for _ in range(100):
        asked = await Asked("/again").through(front)
        if asked.status == 200:
            break
        await asyncio.sleep(0.1)
    assert asked.status == 200


async def test_what_only_asks_is_asked_once_more_and_no_oftener(front: Front, tmp_path: Path) -> None:
    """Whether the process had read the request before it died cannot be seen on every system; a page that kills it does so twice."""
    assert (await Asked("/x").through(front)).status == 200
    asked = await Asked("/die", "GET").through(front)
    assert (asked.status, json.loads(asked.text)["code"]) == (502, "workbench.lost")
    assert (tmp_path / "died").read_text() == "xx"


@pytest.mark.parametrize("method", ["DELETE", "PUT", "POST"])
async def test_what_may_have_happened_is_not_sent_again(front: Front, tmp_path: Path, method: str) -> None:
    """The process dies with the request: whoever sent it is told, and decides."""
    assert (await Asked("/x").through(front)).status == 200  # a connection is open already
    asked = await Asked("/die", method).through(front)
    assert (asked.status, json.loads(asked.text)["code"]) == (502, "workbench.lost")
    assert (tmp_path / "died").read_text() == "x"


async def test_who_leaves_ends_the_request(front: Front, tmp_path: Path) -> None:
    asked = Asked("/gone")
    under_way = asyncio.create_task(asked.through(front))
    for _ in range(200):
        if front.child.pid is not None and front._session is not None:
            break
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    assert not under_way.done()
    asked.left.set()
    await asyncio.wait_for(under_way, 10)
    for _ in range(100):
        if (tmp_path / "told").exists():
            break
        await asyncio.sleep(0.05)
    assert (tmp_path / "told").exists()


async def test_deaths_in_a_row_are_not_a_storm_of_starts(tmp_path: Path) -> None:
    start = Start(tmp_path, "", LedgerLocation("sqlite", tmp_path / "none"), Path())

    class Stillborn(Talker):
        words = f"open({str(tmp_path / 'births')!r}, 'a').write('x')"

    front = Front(start, child=Stillborn(start, patience=5.0))
    try:
        for _ in range(20):
            asked = await Asked("/").through(front)
            assert asked.status == 503
            assert dict(asked.got[0]["headers"])[b"retry-after"]
        assert len((tmp_path / "births").read_text()) <= 4
    finally:
        await front.stop()


async def test_bad_lengths_and_methods_go_no_further(front: Front) -> None:
    for headers in ([(b"content-length", b"x")], [(b"content-length", b"1"), (b"content-length", b"2")],
                    [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")]):  # fmt: skip
        assert (await Asked("/", "POST", b"", headers).through(front)).status == 400
    assert (await Asked("/", "BREW").through(front)).status == 501
    assert front.child.pid is None  # nothing of it started a process
