"""The mail host: users, mailboxes, what was relayed; starts both servers. Faults hit the verbs of the protocols."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

from crossdock.simulators.faults import Fault, FaultPlan
from crossdock.simulators.mail.imap import ImapSession
from crossdock.simulators.mail.smtp import SmtpSession
from crossdock.simulators.server import AFTER, Simulator

USER, PASSWORD = "edi@hub.example", "mail-demo-password"


class Dropped(Exception):
    """The connection is cut here."""


@dataclass(slots=True)
class Mail:
    """A mail in a mailbox."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)


class MailHost(Simulator):
    """`imap_url` and `smtp_url` are where it listens; methods for scripts and rules: the verbs (`FETCH`, `MOVE`, `DATA`, `LOGIN`, ...).

    Effects: kind `mail`, key and idempotency key the Message-ID, one each time the relay takes a mail.
    """

    name = "mail-host"

    def __init__(self, faults: FaultPlan | None = None) -> None:
        super().__init__(faults)
        self.password = PASSWORD
        self.capabilities = "IMAP4rev1 UIDPLUS MOVE"
        self.relayed: list[bytes] = []
        self.refuse: dict[str, tuple[int, str]] = {}
        """An SMTP verb and what it is answered with instead."""
        self.boxes: dict[str, list[Mail]] = {"INBOX": []}
        self.validity = 1
        self.next_uid = 1
        self._servers: list[asyncio.Server] = []
        self._sessions: set[asyncio.Task[None]] = set()
        self.imap_url = self.smtp_url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        await super().start(host, port)
        imap = await asyncio.start_server(lambda r, w: self._serve(ImapSession(self, r, w).run, w), host, 0, limit=2**20)
        smtp = await asyncio.start_server(lambda r, w: self._serve(SmtpSession(self, r, w).run, w), host, 0, limit=2**20)
        self._servers = [imap, smtp]
        self.imap_url = f"imap://{host}:{imap.sockets[0].getsockname()[1]}"
        self.smtp_url = f"smtp://{host}:{smtp.sockets[0].getsockname()[1]}"
        return self.smtp_url

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for session in list(self._sessions):
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await super().stop()

    def reset(self) -> None:
        self.relayed.clear()
        self.boxes = {"INBOX": []}

    async def _serve(self, run: Callable[[], Awaitable[None]], writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._sessions.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    # Mailboxes -----------------------------------------------------------------------------------------------

    def put(self, raw: bytes, box: str = "INBOX") -> int:
        """A mail arrives; returns its number."""
        uid = self.next_uid
        self.next_uid += 1
        self.boxes.setdefault(box, []).append(Mail(uid, raw))
        return uid

    def send_to_hub(
        self, sender: str, file_name: str, body: bytes, message_id: str = "", content_type: str = "application/edi-x12"
    ) -> int:
        """A partner's mail with one attachment arrives."""
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = sender, USER, f"Document {file_name}"
        mail["Message-ID"] = message_id or f"<{self.next_uid}.{file_name}@partner.example>"
        mail.set_content("See attachment.")
        main, _, sub = content_type.partition("/")
        mail.add_attachment(body, maintype=main, subtype=sub, filename=file_name)
        return self.put(mail.as_bytes())

    def names(self, box: str) -> list[int]:
        """The numbers of the mails in a mailbox."""
        return [each.uid for each in self.boxes.get(box, [])]

    # Relay ---------------------------------------------------------------------------------------------------

    def relay(self, raw: bytes) -> None:
        """A mail was taken: from now on it is the relay's."""
        self.relayed.append(raw)
        identity = str(message_from_bytes(raw).get("Message-ID", ""))
        self.record("mail", identity, idempotency_key=identity)

    def attachments(self) -> list[tuple[str, bytes]]:
        """Names and contents of all attachments taken, in order."""
        found = []
        for raw in self.relayed:
            for part in message_from_bytes(raw).walk():
                body = part.get_payload(decode=True)
                if part.get_filename() and isinstance(body, bytes):
                    found.append((str(part.get_filename()), body))
        return found

    # Faults --------------------------------------------------------------------------------------------------

    async def around(self, verb: str, work: Callable[[], Awaitable[None]]) -> bool:
        """One command with the fault it meets; True when the server should say that it failed."""
        self.requests += 1
        fault = self.faults.for_request(verb, "/mail")
        if fault is None or fault in AFTER:
            await work()
        if fault is None:
            return False
        if fault in (Fault.ERROR_500, Fault.OUTAGE_503, Fault.THROTTLE, Fault.ERROR_500_AFTER):
            return True
        if fault is Fault.LATE:
            await self._pause(self.faults.late_delay)
            return False
        if fault in (Fault.TIMEOUT_BEFORE, Fault.TIMEOUT_AFTER):
            await self._pause(self.faults.timeout_delay)
        raise Dropped
