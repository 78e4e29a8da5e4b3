"""The warehouse over CSV and SFTP: fulfilments and cancellations as files out, picks, status, shipments and stock as files in."""

from __future__ import annotations

import asyncio
import hashlib
import io
import re
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

from crossdock.canonical.events import Event
from crossdock.connectors.base import BaseConnector
from crossdock.connectors.protocol import Capabilities, ConnectorContext, PollResult, Probe, StockLine, StoredMessage
from crossdock.connectors.transports import file_transport
from crossdock.connectors.warehouse import fulfilment_number, released
from crossdock.connectors.wms_csv.mapping import TOPICS, Files
from crossdock.connectors.wms_csv.options import WmsCsvOptions
from crossdock.connectors.wms_csv.receiving import Inbox
from crossdock.connectors.wms_csv.sending import Outbox
from crossdock.core.commands import Command
from crossdock.core.errors import (
    AnswerPending,
    ContractBroken,
    CrossdockError,
    PayloadMalformed,
    TargetRefused,
    TargetUnavailable,
)
from crossdock.core.outcomes import Accepted, Effect, EffectAbsent, EffectFound, EffectUnclear

CHANNEL = "files"
SNAPSHOT_CHUNK = 5_000
ANSWER_STEP = 0.25
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


class WmsCsvConnector(BaseConnector):
    """A warehouse or third-party logistics provider that exchanges CSV files over SFTP."""

    kind: ClassVar[str] = "wms_csv"
    title: ClassVar[str] = "Warehouse (CSV over SFTP)"
    mapping_version: ClassVar[str] = "wms_csv/1"
    capabilities: ClassVar[Capabilities] = Capabilities(
        commands=frozenset({"fulfilment.release", "fulfilment.cancel"}),
        topics=TOPICS,
        polls=True,
        snapshots=True,
    )
    Options: ClassVar[type[Any]] = WmsCsvOptions

    def __init__(self, context: ConnectorContext) -> None:
        super().__init__(context)
        self._options: WmsCsvOptions = context.options
        folders = self._options.directories
        self._files = Files(self._options)
        self._server = file_transport(self._options.transport, context)
        self._outbox = Outbox(self._server, folders.send, folders.control)
        self._pruned: datetime | None = None
        self._inbox = Inbox(self._server, self._options, self._files)
        self.deliveries = {"fulfilment.release": self._release, "fulfilment.cancel": self._cancel}

    @classmethod
    def credential_purposes(cls, options: WmsCsvOptions) -> frozenset[str]:
        return frozenset({"password" if options.auth == "password" else "private_key"})

    async def close(self) -> None:
        await self._server.close()

    # In ------------------------------------------------------------------------------------------------------

    def normalize(self, message: StoredMessage) -> Sequence[Event]:
        return self._files.events(message)

    async def poll(self, channel: str, cursor: Mapping[str, Any]) -> PollResult:
        now = self.context.clock.now()
        if self._pruned is None or now - self._pruned > timedelta(days=1):
            await self._outbox.prune((now - timedelta(days=self._options.keep_days)).timestamp())
            self._pruned = now
        return await self._inbox.poll(cursor)

    # Out -----------------------------------------------------------------------------------------------------

    async def _release(self, command: Command) -> Accepted:
        order = released(command)
        name = file_name("FO", order.number, command.id)
        fresh = await self._outbox.send(name, self._files.release(order, command.id))
        return Accepted(_release_ack(name), repeated=not fresh)

    async def _cancel(self, command: Command) -> Accepted:
        """The file is sent once; the warehouse's answer, a file of the same name, decides."""
        number = fulfilment_number(command)
        name = file_name("CANCEL", number, command.id)
        await self._outbox.send(name, self._files.cancel(number, str(command.data.get("reason") or ""), command.id))
        loop = asyncio.get_running_loop()
        until = loop.time() + self._options.answer_wait
        while True:
            status = await self._answer(name)
            if status is not None:
                return Accepted({"status": status})
            if loop.time() >= until:
                raise AnswerPending(f"the warehouse has {name} and has not answered yet")
            await asyncio.sleep(ANSWER_STEP)

    async def _answer(self, name: str) -> str | None:
        path = f"{self._options.directories.answers}/{name}"
        if not await self._server.exists(path):
            return None
        try:
            status, reason = self._files.answer(await self._server.read(path))
        except PayloadMalformed as problem:
            raise ContractBroken(f"the answer {name} cannot be read: {problem.message}", **problem.detail) from None
        if status in ("cancelled", "too_late"):
            return status
        raise TargetRefused(f"the warehouse answered {status!r}: {reason}", answer=status, words=reason)

    async def find_effect(self, command: Command) -> Effect:
        """The control folder tells whether the file was handed over; of a cancellation the answer tells the rest."""
        if command.name == "fulfilment.release":
            name = file_name("FO", fulfilment_number(command), command.id)
            return EffectFound(_release_ack(name)) if await self._outbox.sent(name) else EffectAbsent()
        name = file_name("CANCEL", fulfilment_number(command), command.id)
        if not await self._outbox.sent(name):
            return EffectAbsent()
        status = await self._answer(name)
        return (
            EffectUnclear("sent, and not answered yet", retry_after=60.0) if status is None else EffectFound({"status": status})
        )

    # Stock and health ----------------------------------------------------------------------------------------

    async def snapshot(self) -> AsyncIterator[Sequence[StockLine]]:
        """The newest snapshot file, copied to this machine and read in chunks."""
        folder, pattern = self._options.directories.snapshots, self._options.snapshot_files
        found = [entry for entry in await self._server.files(folder) if fnmatchcase(entry.name, pattern)]
        if not found:
            raise TargetUnavailable(f"there is no {pattern} in {folder} yet")
        newest = max(found, key=lambda entry: (entry.changed, entry.name))
        with tempfile.TemporaryDirectory(prefix="crossdock-stock-") as place:
            copy = Path(place) / "inventory.csv"
            await self._server.fetch(f"{folder}/{newest.name}", copy, newest.size)
            with await asyncio.to_thread(copy.open, "rb") as raw:
                text = io.TextIOWrapper(raw, encoding=self._options.dialect.encoding, newline="")
                chunks = self._files.stock_lines(text, SNAPSHOT_CHUNK)
                while part := await asyncio.to_thread(_next, chunks):
                    yield part

    async def probe(self) -> Probe:
        try:
            await self._server.files(self._options.directories.receive)
            await self._server.files(self._options.directories.send)
        except CrossdockError as error:
            return Probe(healthy=False, message=error.message, detail={"code": error.code})
        return Probe(healthy=True)


def file_name(prefix: str, number: str, command: str) -> str:
    """A file name that is the same for the same command and safe on every file system."""
    safe = _UNSAFE.sub("_", command)
    if safe != command or len(safe) > 80:
        safe = hashlib.blake2b(command.encode(), digest_size=16).hexdigest()
    return f"{prefix}_{_UNSAFE.sub('_', number)[:64]}_{safe}.csv"


def _next(chunks: Any) -> list[StockLine]:
    try:
        return next(chunks, [])
    except UnicodeDecodeError as error:
        raise PayloadMalformed(f"not in the encoding {error.encoding}", position=error.start) from None


def _release_ack(name: str) -> dict[str, Any]:
    return {"warehouse_reference": "", "file": name}
