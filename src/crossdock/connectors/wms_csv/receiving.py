"""Takes files from the warehouse without losing or doubling one: claimed by renaming, archived only once the hub has stored them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from crossdock.connectors.protocol import Inbound, PollResult
from crossdock.connectors.transports import FileTransport
from crossdock.connectors.wms_csv.mapping import UNREADABLE, Files
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.connectors.wms_csv.server import Entry
from crossdock.core.errors import PermissionRefused


class Inbox:
    """The receiving side of one warehouse.

    What a poll returns is stored by the hub afterwards, together with the cursor. So a file stays in `processing` until a later poll
    brings the cursor that names it: after a crash in between it is simply read again, and its dedupe key makes that harmless.
    """

    def __init__(self, server: FileTransport, options: WmsCsvOptions, files: Files) -> None:
        self._server = server
        self._options = options
        self._folders = options.directories
        self._files = files

    async def poll(self, cursor: Mapping[str, Any]) -> PollResult:
        """The next files. Raises outcomes; nothing is lost by that."""
        await self._put_away(cursor.get("stored", {}))
        waiting = await self._server.files(self._folders.processing)
        room = self._options.files_per_poll - len(waiting)
        more = False
        if room > 0:
            offered = await self._server.files(self._folders.receive)
            taken = {entry.name for entry in waiting}
            for entry in offered[:room]:
                # A second file of a name whose first is still here waits for its turn.
                if entry.name not in taken and await self._claim(entry):
                    waiting.append(entry)
            more = len(offered) > room
        else:
            more = len(waiting) > self._options.files_per_poll or bool(await self._server.files(self._folders.receive))
        messages, stored = [], {}
        for entry in waiting[: self._options.files_per_poll]:
            message, good = await self._message(entry)
            messages.append(message)
            stored[entry.name] = "archive" if good else "quarantine"
        return PollResult(messages, {"stored": stored}, more=more and bool(messages))

    async def _put_away(self, stored: Mapping[str, str]) -> None:
        for name, where in stored.items():
            folder = self._folders.archive if where == "archive" else self._folders.quarantine
            source = f"{self._folders.processing}/{name}"
            target = f"{folder}/{name}"
            if await self._server.exists(source) and await self._server.exists(target):
                stem, dot, ending = name.rpartition(".")
                digest = hashlib.blake2b(await self._server.read(source), digest_size=4).hexdigest()
                target = f"{folder}/{stem}.{digest}{dot}{ending}"
            await self._server.move(source, target)

    async def _claim(self, entry: Entry) -> bool:
        return await self._server.move(f"{self._folders.receive}/{entry.name}", f"{self._folders.processing}/{entry.name}")

    async def _message(self, entry: Entry) -> tuple[Inbound, bool]:
        if entry.size > self._options.max_file_bytes:
            return self._unreadable(
                entry, f"{entry.size} bytes are more than max_file_bytes ({self._options.max_file_bytes})"
            ), False
        if entry.size == 0:
            return self._unreadable(entry, "the file is empty"), False
        try:
            body = await self._server.read(f"{self._folders.processing}/{entry.name}", entry.size)
        except PermissionRefused as error:
            return self._unreadable(entry, error.message), False
        kind = self._files.kind_of(entry.name)
        digest = hashlib.blake2b(body, digest_size=16).hexdigest()
        message = Inbound(kind, f"{entry.name}:{digest}", body, "text/csv", {"file": entry.name})
        return message, self._files.readable(kind, body)

    def _unreadable(self, entry: Entry, reason: str) -> Inbound:
        note = {"file": entry.name, "reason": reason, "quarantine": f"{self._folders.quarantine}/{entry.name}"}
        identity = f"{entry.name}:{entry.size}:{entry.changed}"
        return Inbound(UNREADABLE, identity, orjson.dumps(note), "application/json", {"file": entry.name})
