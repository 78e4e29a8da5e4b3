"""A hub is killed with signal 9 again and again while documents come by drop-box, SFTP, mail and AS2: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import asyncssh
import pytest

from crossdock.ledger.payloads import decode
from crossdock.simulators.as2.certificates import certificate_of, make_identity
from crossdock.simulators.as2.partner import As2Partner
from crossdock.simulators.mail import MailHost
from crossdock.simulators.sftp import USER, SftpPartner
from tests.transports import conftest
from tests.transports.conftest import free_port, order

HUB = make_identity("HUB")
KEY = asyncssh.generate_private_key("ssh-ed25519")
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
EACH = 8
KILLS = 2


class Process:
    """`crossdock up` in a process of its own."""

    def __init__(self, root: Path, port: int) -> None:
        self._root, self._port = root, port
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self._begin()
        async with asyncio.timeout(60), aiohttp.ClientSession() as session:
            while not await self._ready(session):
                assert self._process is not None
                assert self._process.poll() is None, (self._root / "hub.log").read_text()[-3000:]
                await asyncio.sleep(0.1)

    async def _ready(self, session: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with session.get(f"http://127.0.0.1:{self._port}/readyz") as answer:
                return answer.status == 200
        return False

    def _begin(self) -> None:
        command = [sys.executable, "-m", "crossdock", "up", str(self._root), "--port", str(self._port), "--no-workbench"]
        log = (self._root / "hub.log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def kill(self) -> None:
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def messages(root: Path) -> list[int]:
    """The control numbers of the interchanges in the ledger, as often as they are stored."""
    with contextlib.closing(sqlite3.connect(f"file:{root}/var/ledger.sqlite3?mode=ro", uri=True)) as ledger:
        rows = ledger.execute("SELECT encoding, body FROM ledger_message WHERE topic='interchange'").fetchall()
    found = [re.search(rb"\*00401\*(\d{9})\*", decode(encoding, body)) for encoding, body in rows]
    return sorted(int(each[1]) for each in found if each)


@pytest.mark.slow
async def test_nothing_is_lost_and_nothing_is_doubled(landscape: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as2, sftp, mail = As2Partner(our_name="Partner 7"), SftpPartner(), MailHost()
    as2.trust(certificate_of(HUB))
    for simulator in (as2, sftp, mail):
        await simulator.start()
    port, box = free_port(), free_port()
    transports = {
        "as2": {"kind": "as2", "endpoint": f"{as2.url}/as2", "options": {"our_name": "HUB", "their_name": "Partner 7"},
                "credentials": {"key": "file:secrets/key", "partner_certificate": "file:secrets/partner"}},
        "sftp": {"kind": "sftp", "endpoint": sftp.sftp_url, "credentials": {"password": "file:secrets/sftp"},
                 "options": {"username": USER, "host_keys": [sftp.host_key_line], "auth": "password", "send_to": "/in", "collect_from": ["/out"],
                             "files_per_poll": 3, "timeout": 5}},
        "mail": {"kind": "mail", "credentials": {"imap_password": "file:secrets/mail"},
                 "options": {"incoming": {"server": mail.imap_url, "user": "edi@hub.example", "senders": ["@acme.example"], "mails_per_poll": 3}}},
        "box": {"kind": "dropbox", "endpoint": f"file://{tmp_path}/box", "options": {"user": "acme", "keys": [KEY.export_public_key().decode().strip()]}},
    }  # fmt: skip
    monkeypatch.setitem(
        conftest.PARTNER, "agreements",
        [*conftest.PARTNER["agreements"], {"document": "850", "direction": "out", "format": "x12", "version": "004010", "transport": "sftp"}],
    )  # fmt: skip
    secrets = {
        "key": HUB,
        "partner": as2.certificate,
        "sftp": sftp.password,
        "mail": mail.password,
        "host_key": HOST_KEY.export_private_key().decode(),
    }
    root = landscape(transports, secrets, {"dropbox": {"host": "127.0.0.1", "port": box, "host_key": "file:secrets/host_key"}})
    system = root / "systems/acme.yaml"
    system.write_text(system.read_text() + "polls: [{channel: sftp, every: 1s}, {channel: mail, every: 1s}]\n")
    hub = Process(root, port)
    await hub.start()
    try:
        for number in range(EACH):
            sftp.put(f"out/PO_{number}.edi", order(100 + number, f"S{number}"))
            mail.send_to_hub("orders@acme.example", f"PO_{number}.edi", order(200 + number, f"M{number}"))
        sending = [
            asyncio.create_task(_until_receipted(as2, f"http://127.0.0.1:{port}/in/acme/as2")),
            asyncio.create_task(_until_taken(box)),
        ]
        chance = random.Random(7)
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.3, 1.5))
            hub.kill()
            await hub.start()
        await asyncio.wait_for(asyncio.gather(*sending), 90)
        expected = sorted(base + number for base in (100, 200, 300, 400) for number in range(EACH))
        # only a guard against hanging: after a kill the circuit to the partner may be open for a while
        async with asyncio.timeout(240):
            while messages(root) != expected or len(sftp.taken) < len(expected) or _waiting(sftp, mail):
                assert len(messages(root)) <= len(expected)
                await asyncio.sleep(0.2)
        await asyncio.sleep(1.0)
        assert messages(root) == expected
        # our acknowledgements: one for each interchange, whatever was killed between sending and noting
        answered = sorted(int(m[1]) for _, body in sftp.taken if (m := re.search(rb"AK1\*PO\*(\d+)", body)))
        assert answered == expected
    finally:
        hub.kill()
        for each in (as2, sftp, mail):
            await each.stop()


def _waiting(sftp: SftpPartner, mail: MailHost) -> int:
    files = [each for folder in ("out", "out/processing") for each in (sftp.root / folder).iterdir() if each.is_file()]
    return len(files) + len(mail.boxes["INBOX"])


async def _until_receipted(as2: As2Partner, url: str) -> None:
    """A partner's AS2 software: the same message again until it has its receipt."""
    for number in range(EACH):
        while True:
            with contextlib.suppress(aiohttp.ClientError, OSError):
                answer = await as2.send(url, order(300 + number, f"A{number}"), f"m{number}@partner")
                if answer.receipt:
                    assert answer.receipt["disposition"].endswith("; processed"), answer.receipt
                    break
            await asyncio.sleep(0.05)


async def _until_taken(port: int) -> None:
    """A partner's SFTP job: the same file again until it is taken."""
    trusted = HOST_KEY.convert_to_public()
    for number in range(EACH):
        while True:
            try:
                async with (
                    asyncssh.connect("127.0.0.1", port, username="acme", client_keys=[KEY], known_hosts=([trusted], [], []), config=None, agent_path=None) as connection,
                    connection.start_sftp_client() as client,
                    client.open(f"/in/PO_{number}.edi", "wb") as file,
                ):  # fmt: skip
                    await file.write(order(400 + number, f"B{number}"))
                break
            except (asyncssh.Error, OSError):
                await asyncio.sleep(0.05)
