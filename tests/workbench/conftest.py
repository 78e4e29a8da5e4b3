"""A workbench in a process of its own, browsers that sign in to it, and services with keys; all over real sockets."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ledgers import migrated_at

PASSWORD = "harbour crane seven"
READ = """
import pathlib, sys
for path in map(pathlib.Path, sys.argv[1:]):
    if path.is_file():
        sys.stdout.buffer.write(path.read_bytes())
"""
ROLES = ("viewer", "operator", "partner_manager", "approver", "administrator", "auditor", "supplier", "customer")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait on a condition with a bound."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


class Browser:
    """Somebody at a browser: keeps cookies, sends the token of forms, follows no redirect by itself."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **more: Any) -> requests.Response:
        return self.session.get(self.url + path, allow_redirects=False, timeout=60, **more)

    @property
    def token(self) -> str:
        return self.session.cookies.get("crossdock_csrf") or ""

    def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> requests.Response:
        if not self.token:
            self.get("/account/login/")
        form = {"csrfmiddlewaretoken": self.token, **(data or {})}
        return self.session.post(self.url + path, data=form, allow_redirects=False, timeout=60, **more)

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        given = {"X-CSRFToken": self.token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.session.request(method, f"{self.url}/api{path}", json=body, headers=given, allow_redirects=False, timeout=60)

    def sign_in(self, name: str, password: str = PASSWORD, to: str = "/account/") -> requests.Response:
        self.get("/account/login/")
        return self.post("/account/login/", {"login": name, "password": password, "next": to})

    def show_password_again(self, password: str = PASSWORD) -> None:
        """What one's own factors may only be changed after."""
        assert self.get("/account/reauthenticate/").status_code == 200
        assert self.post("/account/reauthenticate/", {"password": password}).status_code == 302

    @property
    def signed_in(self) -> bool:
        return self.get("/account/").status_code == 200


@dataclass
class Workbench:
    """A running workbench without a hub."""

    folder: Path
    url: str
    first: str
    process: subprocess.Popen[str]
    environment: dict[str, str] = field(default_factory=dict)
    administrator: Browser = field(init=False)
    made: int = 0

    def browser(self) -> Browser:
        return Browser(self.url)

    def begin(self) -> None:
        """Make the first administrator."""
        self.administrator = self.browser()
        path = self.first.removeprefix(self.url)
        self.administrator.get(path)
        answer = self.administrator.post(
            path, {"username": "root", "full_name": "Root", "email": "root@harbour.example", "password": PASSWORD}
        )
        assert answer.status_code == 302, answer.text

    def person(self, *roles: str, name: str = "", **limits: Any) -> tuple[str, Browser]:
        """A new person with these roles (all with the same limits), signed in."""
        self.made += 1
        name = name or f"person{self.made}"
        body = {"name": name, "roles": [{"role": role, **limits} for role in roles]}
        answer = self.administrator.api("POST", "/accounts/people", body)
        assert answer.status_code == 201, answer.text
        self.password(name)
        browser = self.browser()
        assert browser.sign_in(name).status_code == 302
        return name, browser

    def password(self, name: str, password: str = PASSWORD) -> None:
        """Let somebody set a password by the one-time link."""
        link = self.administrator.api("POST", f"/accounts/people/{name}/link").json()["path"]
        browser = self.browser()
        assert browser.get(link).status_code == 200
        assert browser.post(link, {"password": password, "again": password}).status_code == 302

    def service(self, *roles: str, **key: Any) -> tuple[str, dict[str, Any]]:
        """A new service with a key: (name, the key's answer)."""
        self.made += 1
        name = f"service{self.made}"
        body = {"name": name, "kind": "service", "roles": [{"role": role} for role in roles]}
        assert self.administrator.api("POST", "/accounts/people", body).status_code == 201
        answer = self.administrator.api("POST", f"/accounts/people/{name}/keys", key)
        assert answer.status_code == 201, answer.text
        return name, answer.json()

    def call(self, key: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        given = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        return requests.request(method, f"{self.url}/api{path}", json=body, headers=given, allow_redirects=False, timeout=60)

    def records(self, tag: str = "") -> list[dict[str, Any]]:
        """What the hub was asked to record, oldest first: {tag, author, **detail}."""
        rows = self.rows("SELECT author, data FROM ledger_instruction WHERE kind='record' ORDER BY id")
        found = [{"author": author, "tag": json.loads(data)["tag"], **json.loads(data)["detail"]} for author, data in rows]
        return [each for each in found if each["tag"].startswith(tag)]

    def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """What the ledger holds."""
        with closing(sqlite3.connect(self.folder / "var/ledger.sqlite3", timeout=30)) as connection:
            return connection.execute(sql, args).fetchall()

    def stored(self) -> bytes:
        """Everything at rest, byte for byte: the ledger's files and the log.

        Read by a process of its own. Closing a file takes every lock of this process on it away (POSIX), also those under which SQLite
        reads here; then the workbench may change pages while they are read, and they make no sense.
        """
        files = [*(self.folder / "var").iterdir(), self.folder / "workbench.log"]
        return subprocess.run([sys.executable, "-c", READ, *map(str, files)], capture_output=True, check=True, timeout=60).stdout

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "crossdock", *words, "-L", str(self.folder)],
            capture_output=True, text=True, timeout=120, env={**os.environ, **self.environment}, check=False,
        )  # fmt: skip


def landscape_in(folder: Path) -> Path:
    """The demo's landscape, copied."""
    with as_file(files("crossdock.landscape") / "demo") as source:
        shutil.copytree(source, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    return folder


def start_workbench(folder: Path, port: int = 0, **environment: str) -> Workbench:
    """Start `crossdock workbench` and wait until it answers; without a ledger of its own it gets one with all tables and nobody in it."""
    if "CROSSDOCK_LEDGER" not in environment:
        migrated_at(folder / "var/ledger.sqlite3", workbench=True)
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "crossdock", "workbench", "--json", "--port", str(port), "-L", str(folder)],
        stdout=subprocess.PIPE, stderr=(folder / "workbench.log").open("ab"), text=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    while not said.rstrip().endswith("}"):
        line = process.stdout.readline()
        if not line:
            raise AssertionError(f"it ended: {said} {(folder / 'workbench.log').read_text()[-3000:]}")
        said += line
    told = json.loads(said)
    try:
        until(lambda: _answers(told["url"]), 120)
    except BaseException:
        process.kill()
        raise
    return Workbench(folder, told["url"], told["first"] or "", process, environment)


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/account/login/", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def stop(workbench: Workbench) -> None:
    workbench.process.terminate()
    try:
        workbench.process.wait(20)
    except subprocess.TimeoutExpired:
        workbench.process.kill()
        workbench.process.wait(5)


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """One workbench for all tests of this folder; each makes the people it needs."""
    workbench = start_workbench(landscape_in(tmp_path_factory.mktemp("workbench")))
    try:
        workbench.begin()
        yield workbench
    finally:
        stop(workbench)


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Workbench]:
    """A workbench of its own, where nobody has an account yet."""
    workbench = start_workbench(landscape_in(tmp_path / "landscape"))
    try:
        yield workbench
    finally:
        stop(workbench)


@pytest.fixture(scope="session")
def routes() -> list[dict[str, Any]]:
    """Every route of the workbench, as the workbench itself lists them."""
    done = subprocess.run([sys.executable, "-m", "crossdock.workbench.routes"], capture_output=True, timeout=120, check=True)
    return list(json.loads(done.stdout))


def filled(path: str) -> str:
    """A route's path with parameters nobody has."""
    path = re.sub(r"<int:\w+>|\{int:\w+\}", "999999", path)
    return re.sub(r"<[^>]+>|\{[^}]+\}", "nobody-has-this", path)
