"""The SFTP transport: documents as files, handed over by one rename, collected without losing or doubling one."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from crossdock.connectors.http import Exchange, current_call
from crossdock.connectors.protocol import Probe
from crossdock.connectors.rotation import Rotation
from crossdock.core.errors import AnswerLost, CallNotAllowed, CrossdockError
from crossdock.core.outcomes import Effect, EffectAbsent, EffectFound, EffectUnclear
from crossdock.transports.base import BaseTransport
from crossdock.transports.protocol import Collected, Incoming, Outgoing, Sent, TransportCapabilities, TransportContext
from crossdock.transports.sftp.client import SftpClient, access, purposes
from crossdock.transports.sftp.faults import FAULTS, answered, outcome
from crossdock.transports.sftp.inbox import Folders, Inbox, Picked, Ways
from crossdock.transports.sftp.options import SftpOptions
from crossdock.transports.sftp.outbox import Outbox

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._ -]")
KEPT: Final = 16_384


class SftpTransport(BaseTransport[SftpOptions]):
    """Files on a partner's SFTP server."""

    kind: ClassVar[str] = "sftp"
    title: ClassVar[str] = "SFTP (client)"
    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(sends=True, collects=True, finds=True)
    Options: ClassVar[type[Any]] = SftpOptions
    rotations: ClassVar[Mapping[str, Rotation]] = {
        "private_key": Rotation(
            "handover", "Have the partner put the new public key beside the old one, then change over.", "ssh_key"
        ),
        "password": Rotation("person", "SFTP offers no change of password: agree on a new one with the partner."),
    }

    @classmethod
    def credential_purposes(cls, options: SftpOptions) -> frozenset[str]:
        return purposes(options)

    def __init__(self, context: TransportContext) -> None:
        super().__init__(context)
        options = self._options
        self._control = f"{options.send_to}/{options.control}" if options.send_to and options.control else ""
        self._folders = [self._beside(each) for each in options.collect_from]
        own = [place for each in self._folders for place in (each.processing, each.archive, each.quarantine)] + [self._control]
        self._client = SftpClient(access(context, options, [each for each in own if each]))
        self._outbox = Outbox(self._client, options.send_to, self._control)
        ways = Ways(
            options.patterns, options.complete, options.settle, options.marker, options.afterwards, options.files_per_poll,
            options.max_file_bytes,
        )  # fmt: skip
        self._inboxes = {folders.receive: Inbox(self._client, folders, ways) for folders in self._folders}
        self._pruned: datetime | None = None

    def _beside(self, folder: str) -> Folders:
        options = self._options

        def own(name: str) -> str:
            return f"{folder}/{name}" if name else ""

        processing = own(options.processing) if options.take == "claim" else ""
        archive = own(options.archive) if options.afterwards == "archive" else ""
        return Folders(folder, processing, archive, own(options.quarantine))

    async def close(self) -> None:
        await self._client.close()

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, envelope: Outgoing) -> Sent:
        if not self._options.send_to:
            raise CallNotAllowed(f"{self.context.system}: {self.context.name} has no folder to send to")
        name = safe_name(envelope.file_name) or safe_name(envelope.message_id)
        if not self._control:
            return await self._send_plainly(name, envelope)
        key = _key(envelope.message_id)
        fresh = await self._outbox.send(name, envelope.body, key)
        return Sent({"file": name, "bytes": len(envelope.body)}, f"{self._options.send_to}/{name}", repeated=not fresh)

    async def _send_plainly(self, name: str, envelope: Outgoing) -> Sent:
        """Without a folder of our own: a temporary name in the partner's folder, then the rename."""
        final = f"{self._options.send_to}/{name}"
        staged = f"{self._options.send_to}/.{name}.tmp"
        exchange = Exchange("SFTP", final, envelope.body[:KEPT])
        scope = current_call.get()
        if scope is not None:
            scope.exchanges.append(exchange)
        await self._client.write(staged, envelope.body)
        try:
            await self._client.hand_over(staged, final)
        except FAULTS as error:
            if not answered(error):
                raise AnswerLost(f"the server went silent while {name} was handed over: {type(error).__name__}") from None
            try:
                there = await self._client.exists(staged)
            except CrossdockError:
                raise AnswerLost(f"the server said no to {name} and cannot be asked what it did") from None
            if there:
                raise outcome(error, f"handing over {name}") from None
        exchange.answered = b"renamed"
        return Sent({"file": name, "bytes": len(envelope.body)}, final)

    async def find(self, message_id: str) -> Effect:
        if not self._control:
            return EffectUnclear("the partner allows no folder that remembers what was sent; ask the partner for the file")
        sent = await self._outbox.sent(_key(message_id))
        return EffectFound({"found": "control"}) if sent else EffectAbsent()

    # In ------------------------------------------------------------------------------------------------------

    async def collect(self, cursor: Mapping[str, Any]) -> Collected:
        now = self.context.clock.now()
        if self._control and (self._pruned is None or now - self._pruned > timedelta(days=1)):
            await self._outbox.prune((now - timedelta(days=self._options.keep_days)).timestamp())
            self._pruned = now
        messages: list[Incoming] = []
        after: dict[str, Any] = {}
        more = False
        several = len(self._inboxes) > 1
        for folder, inbox in self._inboxes.items():
            found = await inbox.poll(cursor.get(folder, {}), now.timestamp())
            after[folder] = found.cursor
            more = more or found.more
            messages += [_incoming(each, folder if several else "") for each in found.files]
        return Collected(messages, after, more)

    # Health --------------------------------------------------------------------------------------------------

    async def probe(self) -> Probe:
        try:
            for folder in (self._options.send_to, *self._options.collect_from):
                if folder:
                    await self._client.files(folder)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=True)


def _incoming(file: Picked, folder: str) -> Incoming:
    identity = f"{folder}/{file.identity}" if folder else file.identity
    return Incoming(file.body, identity, file.name, headers={"file": file.name, "path": file.path}, refused=file.refused)


def safe_name(name: str) -> str:
    """A file name every server takes: no folder, no hidden or temporary name, at most 200 characters."""
    plain = _UNSAFE.sub("_", name)[-200:].strip(". ")
    return f"{plain}_" if plain.endswith((".part", ".tmp")) else plain


def _key(message_id: str) -> str:
    """The name under which `control` remembers a message."""
    return hashlib.blake2b(message_id.encode(), digest_size=16).hexdigest()
