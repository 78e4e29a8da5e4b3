"""The hub as a stranger meets it: the command in a process of its own, talked to with raw bytes over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crossdock.landscape.starter import SECRET, start

QUICK = {
    "CROSSDOCK_IDLE": "0.05",
    "CROSSDOCK_TIMERS_EVERY": "0.05",
    "CROSSDOCK_RECONCILE_FIRST": "0.05",
    "CROSSDOCK_RECONCILE_TELL": "1",
    "CROSSDOCK_GRACE": "2",
}
NUMBER = iter(range(1, 1_000_000))


def until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """What `condition` gives as soon as it gives something; the bound is there only so that nobody waits for ever."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"within {seconds} s not seen: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def order(**changes: Any) -> dict[str, Any]:
    """An order as the starter landscape's inbox takes it, with a number of its own."""
    return {
        "number": f"NO-{next(NUMBER):06}",
        "version": 1,
        "placed_at": "2026-01-31T10:15:00+01:00",
        "customer": {"id": "C-7", "name": "Ada Byron", "email": "ada@example.com"},
        "address": {"street": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"},
        "currency": "EUR",
        "service": "STD",
        "total": "19.50",
        "lines": [{"sku": "LAMP", "quantity": 1, "price": "19.50"}],
        **changes,
    }


@dataclass
class Answer:
    """A status line, headers with lower-case names, and the body's JSON (or None)."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass
class Place:
    """A landscape on disk with a hub in front of it."""

    folder: Path
    port: int
    key: str
    environment: Mapping[str, str]

    def raw(self, data: bytes, *, half: bool = False, seconds: float = 10.0) -> Answer | None:
        """What the door answers to these very bytes; None when it hangs up without a word. `half` closes the sending side."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as line:
            try:
                line.sendall(data)
                if half:
                    line.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # it hung up early, which is its right; what it said can still be there
            received = b""
            while True:
                try:
                    part = line.recv(65536)
                except ConnectionError:
                    part = b""
                received += part
                head, end, body = received.partition(b"\r\n\r\n")
                names = {n.lower(): v.strip() for n, _, v in (h.partition(":") for h in head.decode("latin-1").split("\r\n")[1:])}
                if not part or (end and len(body) >= int(names.get("content-length", "0"))):
                    break
        if not received:
            return None
        return Answer(int(head.split()[1]), names, json.loads(body) if body.startswith(b"{") else None)

    def post(self, body: bytes, path: str = "/in/inbox/orders", method: str = "POST", **headers: str) -> Answer:
        """Send a request that is whole; an empty header value leaves the header out."""
        given = {"host": "x", "x-api-key": self.key, "content-length": str(len(body)), "connection": "close"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value)
        found = self.raw(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("utf-8", "surrogateescape") + body)
        assert found is not None, "the hub hung up without an answer"
        return found

    def send(self, **changes: Any) -> Answer:
        return self.post(json.dumps(order(**changes)).encode())

    def run(self, *arguments: str, width: int = 80) -> subprocess.CompletedProcess[bytes]:
        """A command in the landscape's folder, its output as bytes."""
        return subprocess.run(
            [sys.executable, "-m", "crossdock", *arguments],
            cwd=self.folder, env={**self.environment, "COLUMNS": str(width)}, capture_output=True, timeout=60, check=False,
        )  # fmt: skip

    def exceptions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("exceptions", "list", "--json", "--limit", "1000").stdout)
        return found

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    @contextmanager
    def up(self, *more: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run the hub; at the end it is stopped by the signal an operator would use."""
        log = (self.folder / "up.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "crossdock", "up", ".", "--port", str(self.port), *more],
            cwd=self.folder, env={**self.environment, **environment}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            until(lambda: self.ready() or process.poll() is not None, "the hub is ready")
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(15)
                finally:
                    process.kill()
            log.close()

    @property
    def log(self) -> str:
        return (self.folder / "up.log").read_text(encoding="utf-8", errors="replace")


class Receiver:
    """The system the starter landscape sends orders to: takes everything, and remembers under which keys it got each number."""

    def __init__(self) -> None:
        keys: dict[str, set[str]] = {}
        self.keys = keys

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                order = json.loads(self.rfile.read(int(self.headers["content-length"])))
                keys.setdefault(order["number"], set()).add(self.headers["idempotency-key"])
                self.send_response(201)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def made(folder: Path) -> Place:
    """The starter landscape in a folder, with nobody at the receiver's address."""
    start(folder)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith("CROSSDOCK_")},
        **QUICK,
        "RECEIVER_URL": f"http://127.0.0.1:{free_port()}",
        "PYTHONIOENCODING": "utf-8",
    }
    return Place(folder, free_port(), (folder / SECRET).read_text(encoding="utf-8").strip(), environment)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return made(tmp_path / "land")


@pytest.fixture
def receiver(place: Place) -> Iterator[Receiver]:
    """Somebody at the receiver's address."""
    found = Receiver()
    place.environment = {**place.environment, "RECEIVER_URL": found.url}
    yield found
    found.close()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One running hub for all tests of a module."""
    there = made(tmp_path_factory.mktemp("hub") / "land")
    with there.up():
        yield there
