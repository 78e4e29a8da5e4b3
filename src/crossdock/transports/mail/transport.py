"""The mail transport: a document is an attachment, its identity the Message-ID; a mail is moved only after its documents are stored."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, ClassVar, Final, TypeVar

from crossdock.connectors.http import Exchange, current_call
from crossdock.connectors.protocol import Probe
from crossdock.core.errors import CallNotAllowed, CrossdockError, TargetUnavailable
from crossdock.core.outcomes import Effect, EffectAbsent, EffectUnclear
from crossdock.transports.base import BaseTransport
from crossdock.transports.mail.imap import FAULTS, Box, Mailbox, open_mailbox
from crossdock.transports.mail.options import MailOptions
from crossdock.transports.mail.options import Outgoing as OutgoingOptions
from crossdock.transports.mail.reading import Read, read_mail, refused
from crossdock.transports.mail.smtp import Relay, hand_over
from crossdock.transports.protocol import Collected, Incoming, Outgoing, Sent, TransportCapabilities
from crossdock.transports.tls import tls_context

T = TypeVar("T")
KEPT: Final = 16_384
HEADER: Final = 65_536


class MailTransport(BaseTransport[MailOptions]):
    """Mails with attachments."""

    kind: ClassVar[str] = "mail"
    title: ClassVar[str] = "E-mail"
    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(sends=True, collects=True)
    Options: ClassVar[type[Any]] = MailOptions

    @classmethod
    def credential_purposes(cls, options: MailOptions) -> frozenset[str]:
        outgoing = {"smtp_password"} if options.outgoing and options.outgoing.user else set()
        incoming = {"imap_password"} if options.incoming else set()
        return frozenset(outgoing | incoming) | options.tls_purposes()

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, envelope: Outgoing) -> Sent:
        options = self._options.outgoing
        if options is None:
            raise CallNotAllowed(f"{self.context.system}: {self.context.name} sends no mails")
        mail = self._written(envelope, options)
        exchange = Exchange("SMTP", self.context.endpoint, mail[:KEPT])
        scope = current_call.get()
        if scope is not None:
            scope.exchanges.append(exchange)
        password = self.context.secret("smtp_password") if options.user else ""
        relay = Relay(
            self.context.endpoint, options.user, password, tls_context(self.context, self._options), self._options.timeout
        )
        said = await asyncio.to_thread(hand_over, relay, options.sender, options.to, mail)
        exchange.answered = said.encode()
        identity = message_id(envelope.message_id, options.sender)
        return Sent({"message_id": identity, "answer": said, "to": list(options.to)}, identity)

    def _written(self, envelope: Outgoing, options: OutgoingOptions) -> bytes:
        mail = EmailMessage(policy=SMTP)
        filled = options.subject.replace("{file}", envelope.file_name).replace(
            "{subject}", envelope.subject or envelope.file_name
        )
        mail["From"], mail["To"] = options.sender, ", ".join(options.to)
        mail["Subject"] = " ".join(filled.split())[:200]
        mail["Message-ID"] = f"<{message_id(envelope.message_id, options.sender)}>"
        mail["Date"] = format_datetime(self.context.clock.now())
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(options.text)
        main, _, sub = envelope.content_type.partition(";")[0].strip().partition("/")
        mail.add_attachment(
            envelope.body,
            maintype=main or "application",
            subtype=sub or "octet-stream",
            filename=envelope.file_name or "document",
        )
        return mail.as_bytes()

    async def find(self, message_id: str) -> Effect:
        if self._options.recognises_duplicates:
            return EffectAbsent()
        return EffectUnclear("a mail cannot be asked for; ask the partner whether it arrived")

    # In ------------------------------------------------------------------------------------------------------

    async def collect(self, cursor: Mapping[str, Any]) -> Collected:
        options = self._options.incoming
        if options is None:
            return Collected((), cursor)
        return await self._in_mailbox(lambda mailbox: self._collect(mailbox, cursor))

    def _collect(self, mailbox: Mailbox, cursor: Mapping[str, Any]) -> Collected:
        options = self._options.incoming
        assert options is not None
        moves = options.afterwards == "move"
        for folder in {options.quarantine, *((options.archive,) if moves else ())}:
            mailbox.make(folder)
        if cursor.get("validity") == mailbox.validity:
            self._put_away(mailbox, cursor, moves=moves)
        listed = mailbox.listed(unseen=not moves, most=options.mails_per_poll + 1)
        messages: list[Incoming] = []
        stored: dict[str, list[int]] = {"archive": [], "quarantine": []}
        for each in listed[: options.mails_per_poll]:
            if each.size > options.max_mail_bytes:
                header = mailbox.fetch(each.uid, HEADER, header_only=True)
                read = refused(header, f"the mail has {each.size} bytes, more than max_mail_bytes ({options.max_mail_bytes})")
            else:
                raw = mailbox.fetch(each.uid, options.max_mail_bytes + 1)
                read = read_mail(raw, options)
            messages += read.documents
            stored[_where(read)].append(each.uid)
        after = {"validity": mailbox.validity, **stored}
        return Collected(messages, after, more=len(listed) > options.mails_per_poll)

    def _put_away(self, mailbox: Mailbox, cursor: Mapping[str, Any], *, moves: bool) -> None:
        """What the cursor names is stored; numbers hold only as long as the mailbox's validity does."""
        options = self._options.incoming
        assert options is not None
        there = {each.uid for each in mailbox.listed(unseen=not moves, most=1_000_000)} if any(
            cursor.get(each) for each in ("archive", "quarantine")) else set()  # fmt: skip
        archive = [uid for uid in cursor.get("archive", ()) if uid in there]
        if moves:
            mailbox.put_away(archive, options.archive)
        else:
            mailbox.mark_seen(archive)
        mailbox.put_away([uid for uid in cursor.get("quarantine", ()) if uid in there], options.quarantine)

    async def _in_mailbox(self, work: Callable[[Mailbox], T]) -> T:
        """One session, in a thread. Raises the error tree's errors only."""
        options = self._options.incoming
        assert options is not None
        box = Box(
            options.server, options.user, self.context.secret("imap_password"), options.mailbox,
            tls_context(self.context, self._options), self._options.timeout,
        )  # fmt: skip

        def whole() -> T:
            mailbox = open_mailbox(box)
            try:
                return work(mailbox)
            except FAULTS as error:
                raise TargetUnavailable(f"the mail server broke off: {type(error).__name__}") from None
            finally:
                mailbox.close()

        return await asyncio.to_thread(whole)

    # Health --------------------------------------------------------------------------------------------------

    async def probe(self) -> Probe:
        if self._options.incoming is None:
            return Probe(healthy=True)
        try:
            await self._in_mailbox(lambda mailbox: mailbox.validity)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=True)


def _where(read: Read) -> str:
    return "quarantine" if read.refused else "archive"


def message_id(of: str, sender: str) -> str:
    """The Message-ID of one of our messages: the same one for ever, in our domain."""
    plain = re.sub(r"[^A-Za-z0-9_-]", "", of)[:40]
    digest = hashlib.sha256(of.encode()).hexdigest()[:32]
    return f"{plain}.{digest}@{sender.rpartition('@')[2]}".lstrip(".")
