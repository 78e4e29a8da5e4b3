"""What of a mailbox is a document, what is refused and why; with a mail server and a relay by others as second opinions."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import asynccontextmanager, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.core.errors import AnswerLost, CredentialRefused, Misconfigured, TargetRefused, Throttled
from crossdock.simulators.faults import Fault
from crossdock.testing.transports import open_transport
from crossdock.testing.transports.kit import BODY
from crossdock.transports.mail.options import Incoming as IncomingOptions
from crossdock.transports.mail.reading import read_mail
from crossdock.transports.mail.transport import MailTransport
from crossdock.transports.protocol import Outgoing, Sent
from tests.transports.correspondents import MailSide
from tests.transports.tls import certificate, server_certificate

OPTIONS = IncomingOptions(server="imaps://mail.example", user="u", senders=("@partner.example", "single@other.example"))


def opened(**incoming):
    return open_transport(MailTransport, MailSide(**incoming), patience=2.0)


def mail(sender: str = "orders@partner.example", name: str = "po.edi", **headers: str) -> EmailMessage:
    made = EmailMessage(policy=SMTP)
    made["From"], made["Message-ID"] = sender, "<1@partner.example>"
    for key, value in headers.items():
        made[key.replace("_", "-")] = value
    made.set_content("text")
    made.add_attachment(BODY, maintype="application", subtype="edi-x12", filename=name)
    return made


# Reading --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sender", ["orders@partner.example", "Orders <ORDERS@Partner.Example>", "single@other.example"])
def test_agreed_senders_are_taken(sender) -> None:
    read = read_mail(mail(sender).as_bytes(), OPTIONS)
    assert not read.refused
    assert read.documents[0].body == BODY
    assert read.documents[0].headers["message-id"] == "1@partner.example"


@pytest.mark.parametrize(
    "sender",
    [
        "x@evil.example",
        "partner.example@evil.example",
        "x@sub.partner.example",
        "other@other.example",
        '"a@partner.example" <x@evil.example>',
    ],
)
def test_others_are_not(sender) -> None:
    read = read_mail(mail(sender).as_bytes(), OPTIONS)
    assert "senders" in read.refused
    assert read.documents[0].refused


@pytest.mark.parametrize(
    ("results", "believed"),
    [
        ("mx.hub.example; dmarc=pass header.from=partner.example", True),
        ("mx.hub.example; dkim=pass header.d=partner.example", True),
        ("mx.hub.example (2.1); spf=fail; dkim=pass (2048 bit) header.d=partner.example", True),
        ("mx.hub.example; dkim=pass header.d=evil.example", False),
        ("mx.hub.example; dmarc=fail header.from=partner.example", False),
        ("mx.evil.example; dmarc=pass header.from=partner.example", False),
        ("", False),
    ],
)
def test_only_our_own_server_vouches_for_a_sender(results, believed) -> None:
    strict = OPTIONS.model_copy(update={"authenticated_by": "mx.hub.example"})
    headers = {"Authentication_Results": results} if results else {}
    assert bool(read_mail(mail(**headers).as_bytes(), strict).refused) is not believed


def test_only_fitting_attachments_count_and_each_has_its_number() -> None:
    made = mail()
    made.add_attachment(b"logo", maintype="image", subtype="png", filename="logo.png")
    made.add_attachment(b"ISA2", maintype="text", subtype="plain", filename="second.X12")
    found = read_mail(made.as_bytes(), OPTIONS).documents
    assert [(each.file_name, each.identity) for each in found] == [
        ("po.edi", "1@partner.example#1"),
        ("second.X12", "1@partner.example#2"),
    ]
    assert "no attachment" in read_mail(mail(name="virus.exe").as_bytes(), OPTIONS).refused


def test_file_names_in_other_scripts_arrive() -> None:
    assert read_mail(mail(name="Bestellung Köln.edi").as_bytes(), OPTIONS).documents[0].file_name == "Bestellung Köln.edi"


@given(st.binary(max_size=3000))
def test_any_bytes_are_an_answer(raw) -> None:
    read = read_mail(raw, OPTIONS)
    assert read.documents


@given(st.data())
def test_damaged_mails_are_an_answer(data) -> None:
    raw = bytearray(mail().as_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place : place + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=30))
    read = read_mail(bytes(raw), OPTIONS.model_copy(update={"senders": ("@partner.example",)}))
    assert read.documents or read.refused


def test_a_nest_of_a_thousand_parts_is_an_answer() -> None:
    raw = b"From: a@partner.example\r\n" + b"".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n".encode() for n in range(1500)
    )
    assert read_mail(raw, OPTIONS).refused


# The mailbox ----------------------------------------------------------------------------------------------------------


async def test_refused_mails_go_to_quarantine_and_to_a_person() -> None:
    async with opened() as bench:
        host = bench.correspondent.host
        host.send_to_hub("x@evil.example", "po.edi", b"ISA")
        host.put(b"X" * 100)
        found = await bench.transport.collect({})
        assert all(each.refused for each in found.messages)
        await bench.transport.collect(found.cursor)
        assert len(host.boxes["Crossdock/Quarantine"]) == 2
        assert not host.boxes["INBOX"]


async def test_a_mail_too_large_is_not_fetched() -> None:
    async with opened(max_mail_bytes=2000) as bench:
        bench.correspondent.host.send_to_hub("a@partner.example", "po.edi", b"x" * 5000)
        found = await bench.transport.collect({})
        assert "more than max_mail_bytes" in found.messages[0].refused
        assert len(found.messages[0].body) < 2000


async def test_numbers_of_another_validity_put_nothing_away() -> None:
    async with opened() as bench:
        bench.correspondent.offer("a.edi", b"ISA")
        found = await bench.transport.collect({})
        bench.correspondent.host.validity = 2
        again = await bench.transport.collect(found.cursor)
        assert [each.identity for each in again.messages] == [each.identity for each in found.messages]
        assert bench.correspondent.waiting() == 1


async def test_a_server_without_move_copies_and_removes() -> None:
    async with opened() as bench:
        host = bench.correspondent.host
        host.capabilities = "IMAP4rev1"
        bench.correspondent.offer("a.edi", b"ISA")
        found = await bench.transport.collect({})
        await bench.transport.collect(found.cursor)
        assert (len(host.boxes["INBOX"]), len(host.boxes["Crossdock/Archive"])) == (0, 1)


# Sending --------------------------------------------------------------------------------------------------------------

LETTER = Outgoing(b"ISA", "application/edi-x12", "po.edi", "system/cmd/1", "Order 1")


@pytest.mark.parametrize(
    ("verb", "answer", "outcome"),
    [
        ("MAIL", (550, "no"), TargetRefused),
        ("RCPT", (550, "no such user"), TargetRefused),
        ("RCPT", (450, "greylisted"), Throttled),
        ("DATA", (451, "later"), Throttled),
        ("AFTERDATA", (552, "too large"), TargetRefused),
        ("AUTH", (535, "wrong"), CredentialRefused),
    ],
)
async def test_what_the_relay_says_is_an_outcome(verb, answer, outcome) -> None:
    async with opened() as bench:
        bench.correspondent.host.refuse[verb] = answer
        assert isinstance(await bench.send(LETTER), outcome)
        assert not bench.correspondent.arrived()


async def test_silence_after_the_last_line_is_uncertain_before_it_is_not() -> None:
    async with opened() as bench:
        bench.correspondent.host.faults.script(Fault.RESET_AFTER, method="DATA")
        assert isinstance(await bench.send(LETTER), AnswerLost)
        assert len(bench.correspondent.arrived()) == 1


async def test_the_same_command_has_the_same_message_id_for_ever() -> None:
    async with opened() as bench:
        for _ in range(2):
            assert isinstance(await bench.send(LETTER), Sent)
        ids = {str(message_from_bytes(raw)["Message-ID"]) for raw in bench.correspondent.host.relayed}
        assert len(ids) == 1
        assert ids.pop().endswith("@hub.example>")


async def test_a_relay_without_tls_elsewhere_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("crossdock.transports.mail.smtp.loopback", lambda host: False)
    async with opened() as bench:
        assert isinstance(await bench.send(LETTER), Misconfigured)
        assert not bench.correspondent.arrived()


async def test_a_mail_server_without_tls_elsewhere_is_refused(monkeypatch) -> None:
    monkeypatch.setattr("crossdock.transports.mail.imap.loopback", lambda host: False)
    async with opened() as bench:
        with pytest.raises(Misconfigured):
            await bench.transport.collect({})


# By others ------------------------------------------------------------------------------------------------------------


class ToRelay(MailSide):
    """Mails to a relay with a certificate of its own."""

    def __init__(self, port: int, pem: Path, trusts: bool) -> None:
        super().__init__()
        self.port, self.pem, self.trusts = port, pem.read_text(), trusts

    async def start(self) -> None:
        await super().start()
        self.endpoint = f"smtp://localhost:{self.port}"

    def options(self) -> Mapping[str, Any]:
        to = ["a@partner.example", "b@partner.example"]
        return {"timeout": 5, "private_authority": self.trusts, "outgoing": {"sender": "edi@hub.example", "to": to}}

    def secrets(self) -> Mapping[str, str]:
        return {"tls_authority": certificate(self.pem)} if self.trusts else {}


async def test_a_relay_by_others_takes_it_over_tls(tmp_path) -> None:
    """aiosmtpd, with STARTTLS and a certificate only a named authority makes trustworthy."""
    controller = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")
    import ssl

    pem = server_certificate(tmp_path, "localhost")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    taken: list[bytes] = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            taken.append(envelope.content)
            return "250 taken"

    relay = controller.Controller(Handler(), hostname="127.0.0.1", port=0, tls_context=tls, require_starttls=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        relay.port = probe.getsockname()[1]
    await asyncio.to_thread(relay.start)
    try:
        for trusts in (True, False):
            async with open_transport(MailTransport, ToRelay(relay.port, pem, trusts), patience=5.0) as bench:
                outcome = await bench.send(Outgoing(BODY, "application/edi-x12", "po.edi", "cmd/1", "Order"))
                assert isinstance(outcome, Sent if trusts else Misconfigured), outcome
        assert len(taken) == 1
        parts = [p for p in message_from_bytes(taken[0]).walk() if p.get_filename() == "po.edi"]
        assert parts[0].get_payload(decode=True) == BODY
    finally:
        await asyncio.to_thread(relay.stop)


@contextmanager
def dovecot():
    """Debian's own IMAP server with one user, on a port of its own."""
    program = shutil.which("dovecot")
    if program is None:
        pytest.skip("dovecot is not installed (apt install dovecot-imapd)")
    if os.getuid() != 0:
        pytest.skip("dovecot's processes can only be started by root here")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # its processes run as other users, who may not look into pytest's folders
    tmp_path = Path(tempfile.mkdtemp(prefix="crossdock-dovecot-"))
    tmp_path.chmod(0o755)
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    home.chmod(0o777)
    (tmp_path / "users").write_text("edi:{PLAIN}mail-demo-password:65534:65534::" + str(home) + "\n")
    config = f"""
base_dir = {tmp_path}/run
state_dir = {tmp_path}/run
log_path = {tmp_path}/log
ssl = no
disable_plaintext_auth = no
protocols = imap
listen = 127.0.0.1
first_valid_uid = 1
mail_location = maildir:{home}/Maildir
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = {tmp_path}/users
}}
userdb {{
  driver = passwd-file
  args = {tmp_path}/users
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
    (tmp_path / "dovecot.conf").write_text(config)
    process = subprocess.Popen([program, "-F", "-c", str(tmp_path / "dovecot.conf")], stderr=subprocess.DEVNULL)
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(tmp_path, ignore_errors=True)


@asynccontextmanager
async def at_dovecot(port: int, **incoming):
    class AtDovecot(MailSide):
        def options(self) -> Mapping[str, Any]:
            own = {"server": f"imap://127.0.0.1:{port}", "user": "edi", "senders": ["@partner.example"], **incoming}
            return {"timeout": 5, "incoming": own}

        def secrets(self) -> Mapping[str, str]:
            return {"imap_password": self.host.password}

    async with open_transport(MailTransport, AtDovecot(), patience=5.0) as bench:
        yield bench


@pytest.mark.parametrize("afterwards", ["move", "seen"])
async def test_a_mail_server_by_others_is_read_the_same_way(afterwards) -> None:
    import imaplib

    with dovecot() as port:
        with imaplib.IMAP4("127.0.0.1", port) as session:
            session.login("edi", "mail-demo-password")
            for number in range(25):
                made = mail(name=f"po_{number}.edi")
                made.replace_header("Message-ID", f"<{number}@partner.example>")
                session.append("INBOX", None, None, made.as_bytes())
            session.append("INBOX", None, None, mail("x@evil.example").as_bytes())
        async with at_dovecot(port, afterwards=afterwards, mails_per_poll=10) as bench:
            found: dict[str, bytes] = {}
            refused = []
            cursor: dict = {}
            for _ in range(6):
                collected = await bench.transport.collect(cursor)
                cursor = dict(collected.cursor)
                for each in collected.messages:
                    refused += [each.refused] if each.refused else []
                    if not each.refused:
                        assert each.identity not in found
                        found[each.identity] = each.body
            assert len(found) == 25
            assert set(found.values()) == {BODY}
            assert len(refused) == 1
            assert (await bench.transport.probe()).healthy
        with imaplib.IMAP4("127.0.0.1", port) as session:
            session.login("edi", "mail-demo-password")
            session.select("INBOX")
            left = session.search(None, "ALL")[1][0].split()
            unseen = session.search(None, "UNSEEN")[1][0].split()
            assert (len(left), len(unseen)) == ((0, 0) if afterwards == "move" else (25, 0))
