"""The watch of a real hub: exceptions reach a chat over real HTTP and a mailbox over real SMTP; what cannot be told is an exception."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from crossdock.core.errors import TargetRefused
from crossdock.ledger import alerts as kept
from crossdock.ledger.ids import Numbers
from crossdock.ledger.payloads import unpack
from tests.pipeline.conftest import FILES, Running, order_body

ROUTES = """
alert_routes:
  chat: {targets: ["env:TEST_CHAT_URL"], at_most_every: 1s}
  desk: {targets: ["mailto:desk@example.com"], severities: [info, warning, critical], at_most_every: 1s}
alerting: {default_route: desk, settle: 1s}
"""


class Chat:
    """Takes what is posted; answers 500 while it is broken."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.broken = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = int(next(line.split(":")[1] for line in head.split("\r\n") if line.startswith("content-length")))
        body = await reader.readexactly(size)
        if not self.broken:
            self.posts.append(json.loads(body))
        status = "500 Broken" if self.broken else "200 OK"
        writer.write(f"HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()


class Mailbox:
    """An SMTP server that takes everything."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str]] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())

        say("220 mail")
        to = ""
        while line := (await reader.readline()).decode().strip():
            word = line.upper().split(" ")[0]
            if word == "DATA":
                say("354 go")
                text = (await reader.readuntil(b"\r\n.\r\n")).decode()
                self.mails.append((to, text))
                say("250 ok")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                to = line if word == "RCPT" else to
                say("250 ok")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(handler: Any) -> AsyncIterator[int]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@pytest.fixture
def landscape_folder(tmp_path: Path) -> Path:
    root = tmp_path / "landscape"
    files = FILES | {
        "crossdock.yaml": "name: test\ncompany: Test Ltd\npartitions: 4\ndefault_environment: test\nteams: {ops: {alerts: chat}, it: {email: it@example.com}}\n",
        "policies.yaml": ROUTES,
        "environments/test.yaml": "mail: env:TEST_MAIL_URL\naddress: https://hub.example\n",
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture
async def chat(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Chat]:
    found = Chat()
    async with listening(found) as port:
        monkeypatch.setenv("TEST_CHAT_URL", f"json://127.0.0.1:{port}/hook")
        yield found


@pytest.fixture
async def mailbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mailbox]:
    found = Mailbox()
    async with listening(found) as port:
        monkeypatch.setenv("TEST_MAIL_URL", f"mailto://127.0.0.1:{port}/?from=hub@example.com&mode=insecure")
        yield found


Start = Callable[..., Any]


async def refused(running: Running, number: str) -> None:
    running.depot.always = TargetRefused("no such product")
    assert (await running.post(order_body(number)))[0] == 202


async def test_a_refused_order_reaches_the_chat_of_its_owner_once_also_over_a_restart(
    start: Start,
    chat: Chat,
    mailbox: Mailbox,
) -> None:
    async with start(watch_every=0.1) as running:
        await refused(running, "1001")
        await running.until(lambda: bool(chat.posts), 20)
        post = chat.posts[0]
        assert "order/shop/1001" in post["title"]
        assert "https://hub.example/board/alerts/" in post["message"]
        assert "owner ops" in post["message"]
        assert "Main St" not in json.dumps(post)
        await running.until_rows("SELECT told FROM ledger_alert WHERE told LIKE '%\"at\":%'", bool)
    async with start(watch_every=0.1) as again:
        await again.until_rows("SELECT COUNT(*) FROM ledger_alert", lambda rows: rows[0][0] >= 1)
        await asyncio.sleep(1.5)
    assert len([p for p in chat.posts if "1001" in p["title"]]) == 1
    assert mailbox.mails == []


async def test_a_route_that_fails_is_an_exception_the_default_route_is_told_of_and_its_recovery_settles_it(
    start: Start,
    chat: Chat,
    mailbox: Mailbox,
) -> None:
    chat.broken = True
    async with start(watch_every=0.1) as running:
        await refused(running, "1002")
        opened = await running.until_rows("SELECT id, state FROM ledger_exception WHERE code='alert.untold'", bool, 20)
        await running.until(lambda: any("chat" in text for _, text in mailbox.mails), 20)
        assert "desk@example.com" in mailbox.mails[0][0].lower()
        metrics = running.hub.meters.exposition().decode()
        assert 'crossdock_notifications_total{outcome="failed",route="chat"} 1.0' in metrics
        chat.broken = False
        running.clock.offset += 60
        await running.until(lambda: bool(chat.posts), 20)
        [(number, _)] = opened
        await running.until_rows(f"SELECT state FROM ledger_exception WHERE id={number}", lambda rows: rows[0][0] == 2, 20)


async def test_a_secret_that_is_missing_is_said_without_its_value(
    start: Start,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("TEST_CHAT_URL", raising=False)
    async with start(watch_every=0.1) as running:
        await refused(running, "1003")
        rows = await running.until_rows("SELECT message FROM ledger_exception WHERE code='alert.untold'", bool, 20)
        assert "TEST_CHAT_URL" in rows[0][0]


async def test_somebody_takes_an_alert_over_and_it_is_in_the_audit_trail(start: Start, chat: Chat, mailbox: Mailbox) -> None:
    async with start(watch_every=0.1) as running:
        await refused(running, "1004")
        [(number,)] = await running.until_rows("SELECT id FROM ledger_alert WHERE kind='exceptions'", bool, 20)
        hub = running.hub
        numbers = Numbers(running.clock, 1000)
        asked = await hub.store.work.do(lambda s: kept.ask(s, numbers, number, "alice", 1, taken=True, note="on it", partition=0))
        await running.until_rows(f"SELECT result FROM ledger_instruction WHERE id={asked}", lambda rows: bool(rows[0][0]), 20)
        alert = await hub.store.read.do(lambda s: kept.alert_by_id(s, number))
        assert alert is not None
        assert alert.taken_by == "alice"
        links = await running.rows("SELECT records FROM ledger_audit WHERE partition=0")
        records = [record for (packed,) in links for record in orjson.loads(unpack(bytes(packed)))]
        [taken] = [record for record in records if record[0] == "person:alert:take"]
        assert taken[4] == {"by": "alice", "before": "", "after": "alice", "note": "on it"}


async def test_traffic_is_counted_while_the_hub_runs(start: Start, chat: Chat, mailbox: Mailbox) -> None:
    async with start(watch_every=0.05) as running:
        for number in range(20):
            assert (await running.post(order_body(f"20{number:02}")))[0] == 202
        await running.until_rows("SELECT COUNT(*) FROM ledger_attempt", lambda rows: rows[0][0] == 20)
        running.clock.offset += 30
        rows = await running.until_rows(
            "SELECT measure, system, SUM(count) FROM ledger_traffic WHERE span=300 GROUP BY measure, system",
            lambda rows: sum(row[2] for row in rows if row[0] == "effect") >= 20,
        )
        counted = {(measure, system): int(count) for measure, system, count in rows}
        assert counted["received", "shop"] == 20
        assert counted["attempt", "depot"] == 20
        assert counted["effect", "depot"] == 20
        assert not await running.rows("SELECT 1 FROM ledger_exception")
