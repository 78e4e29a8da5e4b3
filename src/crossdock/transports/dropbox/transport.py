"""The drop-box transport: what a partner put into its `in`, and what is put into its `out`. The server is `dropbox.server`."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

from crossdock.connectors.protocol import InboundRequest, Probe
from crossdock.core.errors import Misconfigured, PayloadMalformed, Unauthenticated
from crossdock.core.outcomes import Effect, EffectAbsent, EffectFound
from crossdock.transports.base import BaseTransport
from crossdock.transports.dropbox.local import LocalFiles
from crossdock.transports.dropbox.options import DropboxOptions
from crossdock.transports.dropbox.place import Place
from crossdock.transports.protocol import Collected, Incoming, Outgoing, Sent, TransportCapabilities, TransportContext
from crossdock.transports.sftp.outbox import Outbox
from crossdock.transports.sftp.transport import safe_name

FILE_NAME = "x-file-name"


def sender(user: str) -> str:
    """The `client` of a request the drop-box makes: no address a program on the network can have."""
    return f"dropbox:{user}"


class DropboxTransport(BaseTransport[DropboxOptions]):
    """Files in the hub's own drop-box. The endpoint is the folder on this machine (`file:///srv/dropbox`)."""

    kind: ClassVar[str] = "dropbox"
    title: ClassVar[str] = "SFTP (drop-box in the hub)"
    capabilities: ClassVar[TransportCapabilities] = TransportCapabilities(sends=True, receives=True, collects=False, finds=True)
    Options: ClassVar[type[Any]] = DropboxOptions

    def __init__(self, context: TransportContext) -> None:
        super().__init__(context)
        self._place = Place(folder_of(context.endpoint) / self._options.user)
        self._outbox = Outbox(LocalFiles(self._place.root), "home/out", "control")
        self._pruned: datetime | None = None

    @property
    def place(self) -> Place:
        """Where the account's files lie."""
        return self._place

    @property
    def options(self) -> DropboxOptions:
        """The account's settings."""
        return self._options

    @classmethod
    def credential_purposes(cls, options: DropboxOptions) -> frozenset[str]:
        return frozenset({"password"} if options.password else set())

    # Out -----------------------------------------------------------------------------------------------------

    async def send(self, envelope: Outgoing) -> Sent:
        try:
            self._place.make()
        except OSError as error:
            raise Misconfigured(f"the drop-box's folder cannot be made: {error.strerror}") from None
        now = self.context.clock.now()
        if self._pruned is None or now - self._pruned > timedelta(days=1):
            await self._outbox.prune((now - timedelta(days=self._options.keep_days)).timestamp())
            self._pruned = now
        name = safe_name(envelope.file_name) or safe_name(envelope.message_id)
        fresh = await self._outbox.send(name, envelope.body, _key(envelope.message_id))
        return Sent({"file": name, "bytes": len(envelope.body)}, f"out/{name}", repeated=not fresh)

    async def find(self, message_id: str) -> Effect:
        sent = await self._outbox.sent(_key(message_id))
        return EffectFound({"found": "control"}) if sent else EffectAbsent()

    # In ------------------------------------------------------------------------------------------------------

    def receive(self, request: InboundRequest) -> Sequence[Incoming]:
        """A file the drop-box took. Nobody else can make such a request: its `client` is no network address."""
        if request.client != sender(self._options.user):
            raise Unauthenticated("files for this drop-box come over SFTP only")
        name = unquote(request.headers.get(FILE_NAME, ""))
        if not any(fnmatchcase(name, pattern) for pattern in self._options.patterns):
            raise PayloadMalformed(f"files named {name[:80]!r} are not taken here; expected {', '.join(self._options.patterns)}")
        if not request.body:
            raise PayloadMalformed(f"the file {name[:80]!r} is empty")
        digest = hashlib.blake2b(request.body, digest_size=16).hexdigest()
        return [Incoming(request.body, f"{name}:{digest}", name, headers={"file": name, "user": self._options.user})]

    async def collect(self, cursor: Mapping[str, Any]) -> Collected:
        return Collected((), cursor)

    # Health --------------------------------------------------------------------------------------------------

    async def probe(self) -> Probe:
        try:
            self._place.make()
            waiting = [each.stat().st_mtime for each in self._place.outgoing.iterdir() if each.is_file()]
            unfinished = [each for each in self._place.incoming.iterdir() if each.is_file()]
        except OSError as error:
            return Probe(healthy=False, message=f"the drop-box's folder cannot be used: {error.strerror}")
        oldest = round(time.time() - min(waiting)) if waiting else 0
        detail = {"not_fetched": len(waiting), "oldest_seconds": oldest, "unfinished": len(unfinished)}
        return Probe(healthy=os.access(self._place.outgoing, os.W_OK), detail=detail)


def folder_of(endpoint: str) -> Path:
    """The folder of all drop-boxes on this machine. Raises `Misconfigured` unless it is one, from the root on."""
    parts = urlsplit(endpoint)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or not path.is_absolute():
        raise Misconfigured("the endpoint of a drop-box is a folder of this machine, for example file:///srv/crossdock/dropbox")
    return path


def _key(message_id: str) -> str:
    return hashlib.blake2b(message_id.encode(), digest_size=16).hexdigest()
