"""A tiny landscape on disk, a partner that behaves as told, and the `crossdock` command in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from crossdock.landscape.starter import SECRET, start
from crossdock.ledger.ids import written
from crossdock.ledger.states import DeliveryState

QUICK = {
    "CROSSDOCK_IDLE": "0.05",
    "CROSSDOCK_TIMERS_EVERY": "0.05",
    "CROSSDOCK_RECONCILE_FIRST": "0.05",
    "CROSSDOCK_RECONCILE_TELL": "1",
    "CROSSDOCK_PROBE_EVERY": "0.2",
    "CROSSDOCK_GRACE": "3",
}
STRICT = """\
kind: http
title: Receiver that recognises nothing
owner: integration
trust: internal
options:
  commands:
    document.send:
      path: /strict
      body_from: document
"""


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """What `condition` gives as soon as it gives something; fails after a bound."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"within {seconds} s not seen: {what}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Partner:
    """A receiver of documents: takes each, and answers as `mode` says (`take`, `hang_up`, `refuse`, `lock_out`)."""

    def __init__(self) -> None:
        self.mode = "take"
        self.effects: Counter[str] = Counter()
        """Order number -> how often it took effect."""
        self.requests: Counter[str] = Counter()
        keys: set[str] = set()
        partner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                partner.requests[body["number"]] += 1
                if partner.mode in ("refuse", "lock_out"):
                    self.answer(422 if partner.mode == "refuse" else 401, {"message": "no such product"})
                    return
                key = self.headers.get("idempotency-key", "")
                if not key or key not in keys:
                    keys.add(key)
                    partner.effects[body["number"]] += 1
                if partner.mode == "hang_up":
                    self.connection.shutdown(socket.SHUT_RDWR)
                    self.close_connection = True
                    return
                self.answer(201, {"ok": True})

            def do_GET(self) -> None:
                self.answer(401 if partner.mode == "lock_out" else 200, {})

            def answer(self, status: int, content: dict[str, Any]) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Done:
    """A command that ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document it must be."""
        return json.loads(self.out)


@dataclass
class Site:
    """One landscape with its ledger, its partner and (when it is up) its hub."""

    root: Path
    partner: Partner
    port: int = field(default_factory=free_port)
    hub: subprocess.Popen[str] | None = None
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CROSSDOCK_")}
        return {**kept, **QUICK, "RECEIVER_URL": self.partner.url, "CROSSDOCK_URL": self.url, "COLUMNS": "160", **self.extra}

    def run(self, *args: str, stdin: str | bytes | None = None, seconds: float = 30) -> Done:
        """Run a command in the landscape's folder."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            [sys.executable, "-m", "crossdock", *args], cwd=self.root, env=self.environment, input=given or b"", capture_output=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def post(self, body: bytes, channel: str = "orders", key: str | None = None) -> tuple[int, dict[str, Any]]:
        """Send without a process of its own."""
        headers = {"x-api-key": self.key if key is None else key, "content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/in/inbox/{channel}", body, headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    @property
    def key(self) -> str:
        return (self.root / SECRET).read_text().strip()

    def order(self, number: str, **changes: Any) -> bytes:
        """The sample order under another number."""
        sample = json.loads((self.root / "samples/order.json").read_text())
        country = changes.pop("country", None)
        if country:
            sample["address"] |= {"country": country, "postal_code": "1010"}
        return json.dumps({**sample, "number": number, **changes}).encode()

    def up(self, *args: str) -> dict[str, Any]:
        """Start the hub; what it announced."""
        with (self.root / "hub.log").open("ab") as log:
            self.hub = subprocess.Popen(
                [sys.executable, "-m", "crossdock", "up", "--port", str(self.port), "--json", *args],
                cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert self.hub.stdout is not None
        text = ""
        for line in self.hub.stdout:
            text += line
            if line.startswith("}"):
                break
        until(self.ready, f"the hub is ready; it said {text!r}")
        return dict(json.loads(text))

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End the hub; its exit code."""
        assert self.hub is not None
        self.hub.send_signal(how)
        code = self.hub.wait(15)
        assert self.hub.stdout is not None
        self.hub.stdout.close()
        self.hub = None
        return code

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What the ledger holds; for waiting, where a process for every look would take too long."""
        with closing(sqlite3.connect(f"file:{self.root}/var/ledger.sqlite3?mode=ro", uri=True, timeout=10)) as connection:
            return connection.execute(sql, args).fetchall()

    def exception(self, code: str) -> str:
        """The number of the open exception with this code, as soon as there is one."""
        look = "SELECT id FROM ledger_exception WHERE code=? AND state<2"
        return written(until(lambda: self.rows(look, code), f"an open exception {code}")[0][0])

    def settled(self, code: str) -> bool:
        """Whether no exception with this code is open any more."""
        return not self.rows("SELECT 1 FROM ledger_exception WHERE code=? AND state<2", code)

    def delivered(self, number: str) -> bool:
        """Whether every command of an order is recorded as accepted."""
        found = self.rows("SELECT state FROM ledger_delivery WHERE key=?", f"order/inbox/{number}")
        return bool(found) and all(state == DeliveryState.ACCEPTED for (state,) in found)

    def exceptions(self, **where: str) -> list[dict[str, Any]]:
        """The open exceptions, as the command lists them."""
        options = [part for name, value in where.items() for part in (f"--{name}", value)]
        return list(self.run("exceptions", "list", "--json", *options).json)


def make(folder: Path, partner: Partner) -> Site:
    """A starter landscape whose second receiver, for orders to Austria, recognises no repeated request."""
    root = start(folder).root
    flow = root / "flows/orders.yaml"
    routes = """\
    - {events: [order.placed], to: [target], command: document.send, budget: default, when: {ship_to.country: [DE]}}
    - {events: [order.placed], to: [strict], command: document.send, budget: default, when: {ship_to.country: [AT]}}
"""
    text = flow.read_text()
    old = "    - {events: [order.placed], to: [target], command: document.send, budget: default}\n"
    assert old in text
    text = text.replace(old, routes).replace("target: receiver\n", "target: receiver\n  strict: strict\n")
    flow.write_text(text.replace("first_delay: 2s", "first_delay: 100ms").replace("max_delay: 1m", "max_delay: 300ms"))
    (root / "systems/strict.yaml").write_text(STRICT)
    bindings = root / "environments/development.yaml"
    receiver = '  receiver: "${env:RECEIVER_URL:-http://127.0.0.1:8091}"\n'
    assert receiver in bindings.read_text()
    bindings.write_text(
        bindings.read_text().replace(receiver, receiver + '  strict: "${env:RECEIVER_URL:-http://127.0.0.1:8091}"\n')
    )
    return Site(root, partner)


@pytest.fixture(scope="session")
def partner() -> Iterator[Partner]:
    made = Partner()
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path, partner: Partner) -> Iterator[Site]:
    """A landscape of its own; its hub, when one was started, is gone afterwards."""
    partner.mode = "take"
    made = make(tmp_path / "hub", partner)
    yield made
    if made.hub is not None:
        made.stop(signal.SIGKILL)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, partner: Partner) -> Iterator[Site]:
    """A hub that is up, shared by the tests of a module."""
    partner.mode = "take"
    made = make(tmp_path_factory.mktemp("cli") / "hub", partner)
    made.up()
    yield made
    if made.hub is not None:
        made.stop(signal.SIGKILL)
